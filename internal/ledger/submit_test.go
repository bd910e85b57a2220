package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// T2: line items are born at submit, in the order picked, with a snapshot of the subscription.
func TestSubmitMakesLineItems(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 2, 0)
		require.Equal(t, transfer.ItemCounts{InProgress: 2}, tr.Items)
		require.Equal(t, sourceAgent, tr.LastModifiedUser)
		items, err := f.Items(t.Context(), tr.ID, 0, -1)
		require.NoError(t, err)
		require.Equal(t, []transfer.LineItem{
			{
				Ordinal: 0, BaseOrdinal: transfer.NoBase, SubscriptionID: subID(2), ProductType: subscription.OnlineServicesNCE, OfferID: "offer",
				FriendlyName: "Licence 2", Quantity: 3, BillingCycle: subscription.Monthly, Status: transfer.ItemInProgress,
			},
			{
				Ordinal: 1, BaseOrdinal: transfer.NoBase, SubscriptionID: subID(0), ProductType: subscription.OnlineServicesNCE, OfferID: "offer",
				FriendlyName: "Licence 0", Quantity: 1, BillingCycle: subscription.Monthly, Status: transfer.ItemInProgress,
			},
		}, items)
		f.holds()
	})
}

// one bad item refuses the whole submit and nothing changes.
func TestSubmitIsAllOrNothing(t *testing.T) {
	w := worldOf(3)
	w.Subscriptions[1].Status = subscription.Suspended
	foreign := sample(8)
	foreign.CustomerTenantID = otherID
	w.Subscriptions = append(w.Subscriptions, foreign)
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		before := f.contents()
		for cause, sub := range map[kernel.Cause]transfer.Approval{
			transfer.NotActive:         picking("d1", 0, 1),
			transfer.NotOwnedBySource:  picking("d1", 0, 8), // exists, and belongs to somebody else
			subscription.Unknown:       picking("d1", 0, 99),
			transfer.DuplicateLineItem: picking("d1", 0, 0),
			transfer.NoLineItems:       {RequestID: "d1", Actor: asSource},
		} {
			_, err := f.Submit(t.Context(), tr.ID, sub)
			refuses(t, err, cause)
		}
		require.Equal(t, before, f.contents())
	})
}

// OQ-24: the prerequisites are checked again at submit.
func TestSubmitRechecksPrerequisites(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		f.behind("DELETE FROM relationships")
		_, err := f.Submit(t.Context(), tr.ID, everything("d1"))
		refuses(t, err, programme.RelationshipMissing)
	})
}

// a transfer that moves is not submitted again, not even with what it moves.
func TestSubmitAgain(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0)
		before := f.contents()
		for _, n := range []int{0, 1} {
			_, err := f.Submit(t.Context(), tr.ID, picking("submit-r1", n))
			refuses(t, err, transfer.AlreadyInProgress)
		}
		require.Equal(t, before, f.contents())
	})
}

// a subscription is in at most one open transfer, and is free again once its line item ended without moving it.
func TestSubscriptionIsInOneOpenTransfer(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		first, second := f.moving("r1", 0), f.pending("r2")
		_, err := f.Submit(t.Context(), second.ID, picking("d2", 0, 1))
		require.Contains(t, refuses(t, err, subscription.InOtherTransfer).Message, first.ID)

		f.closed(first, refused(0))
		submitted, err := f.Submit(t.Context(), second.ID, picking("d2", 0, 1))
		require.NoError(t, err)
		require.Equal(t, 2, submitted.Items.InProgress)
		f.holds()
	})
}

// R-76 under concurrency: of two submits of one subscription exactly one wins. Each lists the subscriptions in another
// order, which must not lock them into each other.
func TestSubmitsRaceForOneSubscription(t *testing.T) {
	onBoth(t, worldOf(20), func(t *testing.T, f fixture) {
		for round := range 4 {
			var there, back []int
			for n := range 5 {
				there, back = append(there, round*5+n), append([]int{round*5 + n}, back...)
			}
			a, b := f.pending(fmt.Sprint("a", round)), f.pending(fmt.Sprint("b", round))
			failures := make(chan error, 2)
			for id, sub := range map[string]transfer.Approval{a.ID: picking("d", there...), b.ID: picking("d", back...)} {
				go func() {
					_, err := f.Submit(t.Context(), id, sub)
					failures <- err
				}()
			}
			lost := <-failures
			if lost == nil {
				lost = <-failures
			} else {
				require.NoError(t, <-failures)
			}
			refuses(t, lost, subscription.InOtherTransfer)
			require.Equal(t, 5, f.stored(a.ID).Items.Total()+f.stored(b.ID).Items.Total())
		}
		f.holds()
	})
}

// The second guard of R-76 is the schema's.
func TestSchemaRefusesSecondOpenLineItem(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.moving("r1", 0)
		other := f.pending("r2")
		columns := strings.Join(f.columns("line_items"), ", ")
		err := f.raw(`INSERT INTO line_items (` + columns + `) SELECT '` + other.ID + `', ` + strings.TrimPrefix(columns, "transfer_id, ") + ` FROM line_items`)
		require.Regexp(t, "line_items_open|UNIQUE constraint failed: line_items.subscription_id", err)
	})
}

// unlocked is the longest list of a submit that is not checked before anything is locked.
const unlocked = 100

// A submit of ten thousand line items takes as many statements as any that is checked before it locks, but for the second
// list of 5,000; one of a few takes less.
func TestLargeSubmitTakesFewStatements(t *testing.T) {
	const large = 10_000
	statements := func(t *testing.T, f fixture, requestID string, want int, sub transfer.Approval) int64 {
		tr := f.pending(requestID)
		before := f.Statements()
		submitted, err := f.Submit(t.Context(), tr.ID, sub)
		require.NoError(t, err)
		require.Equal(t, want, submitted.Items.InProgress)
		return f.Statements() - before
	}
	onBoth(t, worldOf(large+2*unlocked+1), func(t *testing.T, f fixture) {
		picks := make([]int, large+2*unlocked+1)
		for i := range picks {
			picks[i] = i
		}
		listed := statements(t, f, "r1", large, picking("d1", picks[:large]...))
		few := statements(t, f, "r2", unlocked, picking("d2", picks[large:large+unlocked]...))
		checked := statements(t, f, "r3", unlocked+1, picking("d3", picks[large+unlocked:]...))
		t.Logf("submit of %d line items: %d statements, of %d: %d, of %d: %d", large, listed, unlocked+1, checked, unlocked, few)
		require.Equal(t, checked+1, listed)
		require.LessOrEqual(t, few, int64(14))
		require.LessOrEqual(t, checked-few, int64(8))
		f.holds()
	})
}

// everything eligible, whatever else the source holds; R-74: add-ons come with their base.
func TestSubmitOfEverythingEligible(t *testing.T) {
	w := worldOf(4)
	w.Subscriptions[1].Status = subscription.Expired
	w.Subscriptions[3].ParentID = subID(2)
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.moving("r1", 0)
		tr := f.moving("r2")
		items, err := f.Items(t.Context(), tr.ID, 0, -1)
		require.NoError(t, err)
		require.Len(t, items, 2)
		require.Equal(t, subID(2), items[0].SubscriptionID)
		require.Equal(t, subID(3), items[1].SubscriptionID)
		require.Equal(t, 0, items[1].BaseOrdinal)
	})
}

// A submit waits for a move of the same subscription to end and then sees its result: nothing moves twice.
func TestSubmitRacesMove(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		first, second := f.moving("r1", 0), f.pending("r2")
		f.clock.advance(time.Minute)
		recorded, submitted := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := f.RecordItems(t.Context(), first.ID, []transferstore.ItemResult{moved(0)})
			recorded <- err
		}()
		go func() {
			_, err := f.Submit(t.Context(), second.ID, picking("d2", 0))
			submitted <- err
		}()
		require.NoError(t, <-recorded)
		var refusal *kernel.Refusal
		require.ErrorAs(t, <-submitted, &refusal)
		require.Contains(t, []kernel.Cause{subscription.InOtherTransfer, transfer.NotActive}, refusal.Cause)
		f.holds()
	})
}
