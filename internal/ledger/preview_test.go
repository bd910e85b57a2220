package ledger

import (
	"slices"
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

// refusalOf is the refusal that the error is, or nil.
func refusalOf(t *testing.T, err error) *kernel.Refusal {
	t.Helper()
	if err == nil {
		return nil
	}
	var refusal *kernel.Refusal
	require.ErrorAs(t, err, &refusal)
	return refusal
}

// previews asks what would be refused, then asks for it really, and returns what the preview said.
func (f fixture) previews(r transfer.Request) []kernel.Cause {
	f.t.Helper()
	before, statements := f.contents(), f.Statements()
	told, err := f.PreviewOpen(f.t.Context(), r)
	require.NoError(f.t, err)
	require.LessOrEqual(f.t, f.Statements()-statements, int64(5))
	require.Equal(f.t, before, f.contents(), "a preview writes nothing")

	_, err = f.OpenTransfer(f.t.Context(), r)
	refusal := refusalOf(f.t, err)
	if len(told) == 0 {
		require.Nil(f.t, refusal)
		return nil
	}
	require.Equal(f.t, told[0], refusal)
	var causes []kernel.Cause
	for _, one := range told {
		causes = append(causes, one.Cause)
	}
	return causes
}

// Every request gets the same answer from the preview as from the real thing.
func TestPreviewOpenAgreesWithOpenTransfer(t *testing.T) {
	const nobody = "b0000000-0000-4000-8000-000000000009"
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for name, c := range map[string]struct {
			change func(*transfer.Request)
			causes []kernel.Cause
		}{
			"nothing wrong":         {func(*transfer.Request) {}, nil},
			"a reseller credited":   {func(r *transfer.Request) { r.PartnerOnRecord = "mpn-Reseller" }, nil},
			"no address":            {func(r *transfer.Request) { r.CustomerEmail = "" }, []kernel.Cause{kernel.InvalidInput}},
			"itself as source":      {func(r *transfer.Request) { r.SourcePartnerTenantID = targetID }, []kernel.Cause{transfer.SourceIsTarget}},
			"no source":             {func(r *transfer.Request) { r.SourcePartnerTenantID = "" }, []kernel.Cause{transfer.SourceMissing}},
			"no agent":              {func(r *transfer.Request) { r.Actor.UserID = sourceAgent }, []kernel.Cause{kernel.NotAdminAgent}},
			"an unknown source":     {func(r *transfer.Request) { r.SourcePartnerTenantID = nobody }, []kernel.Cause{programme.PartnerUnknown}},
			"an unknown customer":   {func(r *transfer.Request) { r.CustomerTenantID = nobody }, []kernel.Cause{programme.CustomerUnknown}},
			"a stranger's customer": {func(r *transfer.Request) { r.CustomerTenantID = otherID }, []kernel.Cause{programme.RelationshipMissing}},
			"a reseller as source": {func(r *transfer.Request) {
				r.SourcePartnerTenantID, r.CustomerTenantID = resellerID, otherID
			}, []kernel.Cause{programme.PartnerNotEnabled, programme.RelationshipMissing}},
			"no plan, no reseller": {func(r *transfer.Request) {
				r.PartnerOnRecord, r.TargetProductTypes = "mpn-Nobody", []subscription.ProductType{subscription.AzureSubscription}
			}, []kernel.Cause{transfer.ResellerUnknown, transfer.AzurePlanMissing}},
			"a target without anything": {func(r *transfer.Request) {
				r.Actor, r.PartnerOnRecord = asStranger, "mpn-Reseller"
			}, []kernel.Cause{programme.RelationshipMissing}},
			"an operator": {func(r *transfer.Request) { r.Actor.Operator, r.Actor.UserID = true, "" }, []kernel.Cause{kernel.WrongParty}},
		} {
			t.Run(name, func(t *testing.T) {
				f.t = t
				r := request("preview " + name)
				c.change(&r)
				require.Equal(t, c.causes, f.previews(r))
			})
		}
	})
}

// R-50..R-52, R-45: what is wrong between the parties is listed as a whole.
func TestPreviewOpenListsEverything(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.behind("UPDATE program_enrolments SET agreement_accepted = FALSE", "DELETE FROM agreements", "UPDATE customers SET market = 'JP'")
		require.Equal(t, []kernel.Cause{
			programme.MPAMissing, programme.AgreementMissing, programme.MarketMismatch, programme.MarketMismatch,
		}, f.previews(request("r1")))
	})
}

// a request id that opened a transfer opens no other, whatever else is wrong by now.
func TestPreviewOpenOfARepetition(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.pending("r1")
		f.behind("DELETE FROM relationships")
		require.Equal(t, []kernel.Cause{kernel.RequestIDReused}, f.previews(request("r1")))
	})
}

// motley is a world with something of everything at the source: what moves, what does not, and what hangs together.
func motley(plan bool) World {
	w := worldOf(15)
	change := func(n int, change func(*subscription.Subscription)) { change(&w.Subscriptions[n]) }
	status := func(to subscription.Status) func(*subscription.Subscription) {
		return func(s *subscription.Subscription) { s.Status = to }
	}
	product := func(to subscription.ProductType) func(*subscription.Subscription) {
		return func(s *subscription.Subscription) { s.ProductType = to }
	}
	under := func(base int) func(*subscription.Subscription) {
		return func(s *subscription.Subscription) { s.ParentID = subID(base) }
	}
	change(1, status(subscription.Suspended))
	change(2, product(subscription.SaaS))
	change(3, product(subscription.AzureSubscription))
	change(5, under(4))
	change(6, under(4))
	change(6, status(subscription.Deleted))
	change(8, under(7))
	change(8, status(subscription.Suspended))
	change(9, under(3))
	change(9, product(subscription.AzureReservation))
	change(10, status(subscription.Deleted))
	change(12, product(subscription.Software))
	change(12, status(subscription.Expired))
	change(13, func(s *subscription.Subscription) { s.PartnerTenantID = strangerID })
	change(14, func(s *subscription.Subscription) { s.CustomerTenantID = otherID })
	if plan {
		azure := sample(20)
		azure.PartnerTenantID, azure.ProductType, azure.OfferID = targetID, subscription.AzurePlan, subscription.AzurePlanOffer
		w.Subscriptions = append(w.Subscriptions, azure)
	}
	return w
}

// surveys asks what could move by the transfer.
func (f fixture) surveys(t transfer.Transfer) []transfer.Eligibility {
	f.t.Helper()
	before, statements := f.contents(), f.Statements()
	found, err := f.SurveyHoldings(f.t.Context(), customerID, sourceID, t.ID)
	require.NoError(f.t, err)
	require.Equal(f.t, int64(5), f.Statements()-statements)
	require.Equal(f.t, before, f.contents(), "a survey writes nothing")
	return found
}

// agrees submits what the survey speaks of, each subscription in a transfer of its own that is then undone.
func (f fixture) agrees(requestID string, r transfer.Request, between ...string) (eligible int) {
	f.t.Helper()
	r.RequestID = requestID
	tr, err := f.OpenTransfer(f.t.Context(), r)
	require.NoError(f.t, err)
	f.behind(between...)
	for n, e := range f.surveys(tr) {
		picks := []transfer.Pick{{SubscriptionID: e.Subscription.ID}}
		if e.Base != "" {
			picks = append(picks, transfer.Pick{SubscriptionID: e.Base})
		}
		submitted, err := f.Submit(f.t.Context(), tr.ID, transfer.Approval{RequestID: "d", Actor: asSource, Selection: transfer.Selection{LineItems: picks}})
		if !e.Eligible {
			require.Equal(f.t, e.Reasons[0], refusalOf(f.t, err))
			continue
		}
		require.NoError(f.t, err)
		eligible++
		if e.Base == "" {
			require.Equal(f.t, 1+len(e.AddOns), submitted.Items.InProgress)
		}
		f.undo(submitted)
		r.RequestID = requestID + e.Subscription.ID
		tr, err = f.OpenTransfer(f.t.Context(), r)
		require.NoError(f.t, err, "for the subscription after number %d", n)
	}
	return eligible
}

// undo ends a transfer none of whose items moved.
func (f fixture) undo(t transfer.Transfer) {
	f.t.Helper()
	var results []transferstore.ItemResult
	for n := range t.Items.Total() {
		results = append(results, refused(n))
	}
	f.closed(t, results...)
}

// Every subscription gets the same answer from the survey as from a submit of it.
func TestSurveyAgreesWithSubmit(t *testing.T) {
	onBoth(t, motley(false), func(t *testing.T, f fixture) {
		f.moving("elsewhere", 11)
		licences := request("")
		licences.TargetProductTypes = []subscription.ProductType{subscription.OnlineServicesNCE}
		require.Equal(t, 3, f.agrees("any", request("")), "0, 4 and 5: no plan for Azure")
		require.Equal(t, 3, f.agrees("licences", licences))
		require.Zero(t, f.agrees("unrelated", request(""), "DELETE FROM relationships"))
		f.holds()
	})
}

func TestSurveyAgreesWithSubmitOfAzure(t *testing.T) {
	onBoth(t, motley(true), func(t *testing.T, f fixture) {
		azure := request("")
		azure.TargetProductTypes = []subscription.ProductType{subscription.AzureSubscription}
		require.Equal(t, 6, f.agrees("any", request("")), "0, 3, 4, 5, 9 and 11")
		require.Equal(t, 1, f.agrees("azure", azure))

		tr := f.pending("everything")
		var eligible []string
		for _, e := range f.surveys(tr) {
			if e.Eligible {
				eligible = append(eligible, e.Subscription.ID)
			}
		}
		_, err := f.Submit(t.Context(), tr.ID, everything("d"))
		require.NoError(t, err)
		items, err := f.Items(t.Context(), tr.ID, 0, -1)
		require.NoError(t, err)
		var moving []string
		for _, item := range items {
			moving = append(moving, item.SubscriptionID)
		}
		slices.Sort(moving)
		require.Equal(t, eligible, moving, "R-155")
	})
}

// Without a transfer the survey is about any target: in two statements, whatever the case of the ids.
func TestSurveyWithoutTransfer(t *testing.T) {
	onBoth(t, motley(false), func(t *testing.T, f fixture) {
		statements := f.Statements()
		found, err := f.SurveyHoldings(t.Context(), strings.ToUpper(customerID), strings.ToUpper(sourceID), "")
		require.NoError(t, err)
		require.Equal(t, int64(2), f.Statements()-statements)
		require.Len(t, found, 13)
		require.True(t, found[3].Eligible, "whether a target has an Azure plan is not asked")
		for _, nothing := range [][2]string{{customerID, targetID}, {otherID, strangerID}, {"nonsense", sourceID}} {
			found, err = f.SurveyHoldings(t.Context(), nothing[0], nothing[1], "")
			require.NoError(t, err)
			require.Empty(t, found)
		}
	})
}

// I-6: a transfer of another source or customer does not exist for the survey; one that cannot be submitted is refused as
// a submit would be.
func TestSurveyOfATransferThatIsNotToBeSubmitted(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		survey := func(customer, source, id string) error {
			_, err := f.SurveyHoldings(t.Context(), customer, source, id)
			return err
		}
		tr := f.pending("r1")
		require.NoError(t, survey(customerID, sourceID, strings.ToUpper(tr.ID)))
		refuses(t, survey(customerID, targetID, tr.ID), transfer.NotFound)
		refuses(t, survey(customerID, strangerID, tr.ID), transfer.NotFound)
		refuses(t, survey(otherID, sourceID, tr.ID), transfer.NotFound)
		refuses(t, survey(customerID, sourceID, "nonsense"), transfer.NotFound)

		moving := f.moving("r2", 0)
		refuses(t, survey(customerID, sourceID, moving.ID), transfer.AlreadyInProgress)
		f.undo(moving)
		refuses(t, survey(customerID, sourceID, moving.ID), transfer.AlreadyFinal)
		f.clock.advance(32 * 24 * time.Hour)
		refuses(t, survey(customerID, sourceID, tr.ID), transfer.RequestExpired)
	})
}
