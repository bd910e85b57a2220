package integration

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/client"

	"handover/internal/ledger"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// A merger of thousands waits for the billing system, and after it twenty transfers of three line items: ten to the same
// target, ten to others. Once it answers, the small ones are through while the merger has hardly begun.
func TestSmallTransfersDoNotQueueBehindAMerger(t *testing.T) {
	t.Parallel()
	const small, few = 20, 3
	w, who := merger(mergerItems, small, few)
	s := startBilled(t, w)
	c, busy := s.temporal(t), newHold()
	s.wire.treats(busy.pass)
	s.work(t, "HANDOVER_BILLING_TIMEOUT=4m")
	large := submitted(t, s.Ledger, who[0])
	eventually(t, "all of the merger waits", func() bool {
		waiting := 0
		rules := transfer.DefaultPolicy().ForRuns()
		for n := range rules.RangeCount(mergerItems) {
			from, to := rules.Range(n, mergerItems)
			waiting += pendingOf(t, c, transfer.RangeWorkflowID(large, from, to))
		}
		return waiting == mergerItems
	})
	ids := make([]string, 0, small)
	for _, p := range who[1:] {
		ids = append(ids, submitted(t, s.Ledger, p))
	}
	eventually(t, "the small ones wait behind it", func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return pendingOf(t, c, transfer.WorkflowID(id)) < few })
	})

	busy.release()
	eventually(t, "the small ones are through", func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return moved(t, s.Ledger, id) < few })
	})
	assert.Less(t, moved(t, s.Ledger, large), mergerItems, "the merger goes on")
	for _, id := range append(ids, large) {
		s.over(t, id)
	}
	movedOnce(t, s.get(t, large).LineItems, mergerItems)

	ahead := 0 // of the merger's calls, before the latest of a small one
	for _, c := range s.wire.said(http.MethodPost) {
		if id := transferOf(t, c); id == large {
			ahead++
		} else {
			assert.LessOrEqual(t, ahead, mergerAhead, "before a call of %s", id)
		}
	}
	s.agrees(t, append(ids, large)...)
}

// mergerAhead is how many calls of a merger may come before the latest one of a small transfer: twenty that were under way, and for
// each line item of the small ones of its own target one in turn, with some that were fetched already.
const mergerAhead = 200

// pendingOf is how many calls of the billing system a run waits for.
func pendingOf(t *testing.T, c client.Client, workflowID string) int {
	t.Helper()
	run, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
	if err != nil {
		return 0 // it begins soon
	}
	return len(run.GetPendingActivities())
}

// merger is a world of one customer with many subscriptions and of others with a few, and who takes part in each transfer. Every
// second of the small ones has a target of its own.
func merger(items, small, few int) (ledger.World, []parties) {
	w, who := world.Large(small+1, items), []parties{largeParties(0)}
	ofTheFew := map[string]bool{}
	for n := 1; n <= small; n++ {
		p := largeParties(n)
		ofTheFew[p.customer] = true
		if n%2 == 0 {
			p.target = fmt.Sprintf("aaaaaaaa-1111-4000-8000-%012d", 1000+n)
			retarget(&w, p)
		}
		who = append(who, p)
	}
	kept := map[string]int{}
	w.Subscriptions = slices.DeleteFunc(w.Subscriptions, func(s subscription.Subscription) bool {
		if !ofTheFew[s.CustomerTenantID] || s.ProductType != subscription.OnlineServicesNCE {
			return false
		}
		kept[s.CustomerTenantID]++
		return kept[s.CustomerTenantID] > few
	})
	return w, who
}

// retarget puts another partner in the place of world.Large's target for one customer.
func retarget(w *ledger.World, p parties) {
	target := w.Partners[1]
	target.TenantID, target.Name = p.target, "Target "+p.target[len(p.target)-4:]
	target.MPNID = "888" + p.target[len(p.target)-4:]
	w.Partners = append(w.Partners, target)
	for i, r := range w.Relationships {
		if r.CustomerTenantID == p.customer {
			w.Relationships[i].PartnerTenantID = p.target
		}
	}
	for i, a := range w.Agreements {
		if a.CustomerTenantID == p.customer {
			w.Agreements[i].PartnerTenantID = p.target
		}
	}
	for i, s := range w.Subscriptions {
		if s.CustomerTenantID == p.customer && s.ProductType == subscription.AzurePlan {
			w.Subscriptions[i].PartnerTenantID = p.target
		}
	}
}
