package ledger

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
)

var bySource = activitylog.By{PartnerTenantID: sourceID, UserID: sourceAgent, ApplicationID: "app", CorrelationID: "corr"}

// changed changes the n-th subscription of the source, whatever it was before.
func (f fixture) changed(n int, c subscription.Change) subscription.Subscription {
	f.t.Helper()
	s, err := f.ChangeSubscription(f.t.Context(), command.Terms[subscription.Subscription]{}, bySource, customerID, subID(n), c)
	require.NoError(f.t, err)
	return s
}

// asRead are the terms of a caller who read the subscription with that entity tag; empty for whatever it is.
func asRead(tag string) (terms command.Terms[subscription.Subscription]) {
	if tag != "" {
		terms.Match = func(now subscription.Subscription) error {
			if now.ETag() != tag {
				return kernel.Refuse(kernel.StaleETag, "stale")
			}
			return nil
		}
	}
	return terms
}

// notChanged asserts that the change is refused and leaves no trace.
func (f fixture) notChanged(cause kernel.Cause, by activitylog.By, customer, id, ifMatch string, c subscription.Change) *kernel.Refusal {
	f.t.Helper()
	before := f.contents()
	_, err := f.ChangeSubscription(f.t.Context(), asRead(ifMatch), by, customer, id, c)
	require.Equal(f.t, before, f.contents())
	return refuses(f.t, err, cause)
}

// log is the partner's whole activity log, the newest entry first.
func (f fixture) log(partner string) []activitylogstore.AuditEntry {
	f.t.Helper()
	page, err := f.AuditLog(f.t.Context(), activitylogstore.AuditSearch{PartnerTenantID: partner, Limit: 1000})
	require.NoError(f.t, err)
	require.False(f.t, page.More)
	require.Len(f.t, page.Items, page.Total)
	return page.Items
}

func wanting[T any](v T) *T { return &v }

// Section 8.3, R-306: a change is stored and recorded with the old and the new value.
func TestChangeSubscription(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		old := f.sub(subID(0))
		f.clock.advance(time.Minute)
		by := bySource
		by.PartnerTenantID = strings.ToUpper(sourceID)
		got, err := f.ChangeSubscription(t.Context(), asRead(old.ETag()), by, strings.ToUpper(customerID), strings.ToUpper(subID(0)), subscription.Change{
			FriendlyName: wanting("Front öffice"), Quantity: wanting(7), AutoRenew: wanting(false), Status: wanting(subscription.Active),
		})
		require.NoError(t, err)
		want := old
		want.FriendlyName, want.Quantity, want.AutoRenew = "Front öffice", 7, false
		require.Equal(t, want, got)
		require.Equal(t, want, f.sub(subID(0)))
		require.Equal(t, got.ETag(), f.sub(subID(0)).ETag(), "the tag of the answer is that of the next read")
		require.NotEqual(t, old.ETag(), got.ETag())
		require.Equal(t, sample(1).Quantity, f.sub(subID(1)).Quantity)

		require.Equal(t, []activitylogstore.AuditEntry{{
			ID:              activitylog.AuditID(sourceID, customerID, subID(0), "updatesubscription", start.Add(time.Minute)),
			EventKey:        "update_subscription:2031-03-03T11:03:03.123456Z",
			PartnerTenantID: sourceID, Participants: []string{sourceID}, CustomerTenantID: customerID, CustomerName: "Contoso",
			UserID: sourceAgent, ApplicationID: "app", CorrelationID: "corr", Resource: "subscription", ResourceID: subID(0),
			OldValue:  `{"id":"` + subID(0) + `","friendlyName":"Licence 0","quantity":1,"status":"active","autoRenewEnabled":true}`,
			NewValue:  `{"id":"` + subID(0) + `","friendlyName":"Front öffice","quantity":7,"status":"active","autoRenewEnabled":false}`,
			Operation: "update_subscription", Status: "succeeded", At: start.Add(time.Minute),
		}}, f.log(sourceID))
		require.Empty(t, f.log(targetID))
		f.holds()
	})
}

// Wire-notes 13: what does not differ changes nothing and is not recorded.
func TestChangeWithoutADifference(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		s := f.sub(subID(0))
		before := f.contents()
		require.Equal(t, s, f.changed(0, subscription.Change{
			FriendlyName: &s.FriendlyName, Quantity: &s.Quantity, AutoRenew: &s.AutoRenew, Status: &s.Status, PartnerOnRecord: &s.PartnerOnRecord,
		}))
		require.Equal(t, before, f.contents())
	})
}

// whoever does not bill a subscription hears the same as about one that does not exist.
func TestChangeOfWhatIsNotOnes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		change := subscription.Change{Quantity: wanting(5)}
		stranger := bySource
		stranger.PartnerTenantID = strangerID
		nowhere := f.notChanged(subscription.Unknown, bySource, customerID, subID(9), "", change)
		for name, said := range map[string]*kernel.Refusal{
			"another partner":  f.notChanged(subscription.Unknown, stranger, customerID, subID(0), "", change),
			"another customer": f.notChanged(subscription.Unknown, bySource, otherID, subID(0), "", change),
			"a stale tag too":  f.notChanged(subscription.Unknown, stranger, customerID, subID(0), "stale", change),
		} {
			require.Equal(t, strings.ReplaceAll(nowhere.Message, subID(9), subID(0)), said.Message, name)
			require.Equal(t, nowhere.Code, said.Code, name)
		}
	})
}

// Section 4.1: who did not see the latest change may not change.
func TestChangeWithAStaleETag(t *testing.T) {
	onBoth(t, worldOf(1), func(_ *testing.T, f fixture) {
		tag := f.sub(subID(0)).ETag()
		f.changed(0, subscription.Change{Quantity: wanting(5)})
		f.notChanged(kernel.StaleETag, bySource, customerID, subID(0), tag, subscription.Change{Quantity: wanting(6)})
		f.notChanged(kernel.StaleETag, bySource, customerID, subID(0), tag, subscription.Change{Quantity: wanting(5)})
	})
}

// Two who saw the same and change it at once: one wins, the other is told.
func TestChangeAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tag := f.sub(subID(0)).ETag()
		const writers = 8
		failed := make(chan error, writers)
		for n := range writers {
			go func() {
				_, err := f.ChangeSubscription(t.Context(), asRead(tag), bySource, customerID, subID(0), subscription.Change{Quantity: wanting(n + 10)})
				failed <- err
			}()
		}
		made := 0
		for range writers {
			if err := <-failed; err == nil {
				made++
			} else {
				refuses(t, err, kernel.StaleETag)
			}
		}
		require.Equal(t, 1, made)
		require.Len(t, f.log(sourceID), 1)
	})
}

// what is being moved cannot be changed, and what is no longer can.
func TestChangeOfWhatMoves(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		change := subscription.Change{FriendlyName: wanting("x")}
		said := f.notChanged(subscription.InOtherTransfer, bySource, customerID, subID(0), "", change)
		require.Equal(t, "subscription is already part of another transfer request id : "+tr.ID, said.Message)
		f.changed(2, change)

		f.closed(tr, moved(0), refused(1))
		f.changed(1, change)
		f.notChanged(subscription.Ended, bySource, customerID, subID(0), "", change)
		byTarget := activitylog.By{PartnerTenantID: targetID}
		got, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, byTarget, customerID, newID(0), change)
		require.NoError(t, err)
		require.Equal(t, "x", got.FriendlyName)
		require.Equal(t, "x", f.sub(newID(0)).FriendlyName)
		f.holds()
	})
}

// A submit and a change of the same subscription at once: whichever comes first, the moved quantity is the stored one.
func TestChangeWhileItIsSubmitted(t *testing.T) {
	onBoth(t, worldOf(6), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		outcome := make(chan error)
		go func() {
			_, err := f.Submit(t.Context(), tr.ID, everything("s1"))
			outcome <- err
		}()
		_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, bySource, customerID, subID(3), subscription.Change{Quantity: wanting(99)})
		if err != nil {
			refuses(t, err, subscription.InOtherTransfer)
		}
		require.NoError(t, <-outcome)
		items, err := f.Items(t.Context(), tr.ID, 3, 4)
		require.NoError(t, err)
		require.Equal(t, f.sub(subID(3)).Quantity, items[0].Quantity, "R-75")
	})
}

// base and add-ons are looked at together.
func TestChangeOfABaseAndItsAddon(t *testing.T) {
	w := worldOf(2)
	w.Subscriptions[1].ParentID = subID(0)
	for i := range w.Subscriptions {
		w.Subscriptions[i].CreationDate = start
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		suspend := subscription.Change{Status: wanting(subscription.Suspended)}
		activate := subscription.Change{Status: wanting(subscription.Active)}
		cancel := subscription.Change{Status: wanting(subscription.Deleted)}
		require.Equal(t, []string{subID(1)}, f.notChanged(subscription.AddonsActive, bySource, customerID, subID(0), "", suspend).Data)
		f.changed(1, suspend)
		f.changed(0, suspend)
		require.Equal(t, []string{subID(0)}, f.notChanged(subscription.StatusNotPossible, bySource, customerID, subID(1), "", activate).Data)
		f.notChanged(subscription.AddonsActive, bySource, customerID, subID(0), "", cancel)
		f.changed(1, cancel)
		f.changed(0, cancel)
		require.Equal(t, subscription.Deleted, f.sub(subID(0)).Status)
		f.notChanged(subscription.Ended, bySource, customerID, subID(0), "", activate)
		require.Len(t, f.log(sourceID), 4)
		f.holds()
	})
}

// A base is suspended while its add-on is reactivated: never is an active add-on left without an active base.
func TestChangeOfAFamilyAtOnce(t *testing.T) {
	w := worldOf(2)
	w.Subscriptions[1].ParentID = subID(0)
	w.Subscriptions[1].Status = subscription.Suspended
	onBoth(t, w, func(t *testing.T, f fixture) {
		outcome := make(chan error)
		go func() {
			_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, bySource, customerID, subID(0), subscription.Change{Status: wanting(subscription.Suspended)})
			outcome <- err
		}()
		_, activated := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, bySource, customerID, subID(1), subscription.Change{Status: wanting(subscription.Active)})
		suspended := <-outcome
		require.NotEqual(t, activated == nil, suspended == nil, "one wins: %v, %v", activated, suspended)
	})
}

// The reseller on record is looked up by its MPN id, the owner by who asks (R-407 by its role).
func TestChangeOfTheCreditedReseller(t *testing.T) {
	w := worldOf(2)
	w.Subscriptions[1].PartnerTenantID, w.Subscriptions[1].ProductType = targetID, subscription.SaaS
	onBoth(t, w, func(t *testing.T, f fixture) {
		byTarget, bySeller := activitylog.By{PartnerTenantID: targetID}, activitylog.By{PartnerTenantID: targetID, SalesAgentOnly: true}
		credit := func(mpn string) subscription.Change {
			return subscription.Change{PartnerOnRecord: &mpn}
		}
		f.notChanged(subscription.RecordNotAllowed, bySource, customerID, subID(0), "", credit("mpn-Reseller"))
		f.notChanged(subscription.RecordUnknown, byTarget, customerID, subID(1), "", credit("mpn-Nobody"))
		f.notChanged(subscription.RecordNotReseller, byTarget, customerID, subID(1), "", credit("mpn-Stranger"))
		f.notChanged(subscription.RecordNotReseller, byTarget, customerID, subID(1), "", credit("mpn-Target"))
		f.notChanged(subscription.NotForSalesAgents, bySeller, customerID, subID(1), "", credit("mpn-Reseller"))
		got, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, byTarget, customerID, subID(1), credit("mpn-Reseller"))
		require.NoError(t, err)
		require.Equal(t, "mpn-Reseller", got.PartnerOnRecord)
		require.Equal(t, "mpn-Reseller", f.sub(subID(1)).PartnerOnRecord)
	})
}

// the deployment's window decides.
func TestChangeAfterTheWindow(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		cancel := subscription.Change{Status: wanting(subscription.Deleted)}
		f.notChanged(subscription.CancellationClosed, bySource, customerID, subID(0), "", cancel)
		longer := subscription.DefaultRules()
		longer.CancellationWindow = 100 * 24 * time.Hour
		f.Ledger = f.another(Options{Rules: longer})
		require.Equal(t, subscription.Deleted, f.changed(0, cancel).Status)
	})
}

// a repeated request gets the first answer and does not undo what came after.
func TestChangeUnderClaim(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		terms := claiming[subscription.Subscription]("k1")
		terms.Answer = func(s subscription.Subscription, _ *kernel.Refusal) (command.Answer, error) {
			return command.Answer{Status: 200, Body: []byte(s.ETag())}, nil
		}
		attempt := func() (subscription.Subscription, error) {
			return f.ChangeSubscription(t.Context(), terms, bySource, customerID, subID(0), subscription.Change{Quantity: wanting(5)})
		}
		first, err := attempt()
		require.NoError(t, err)
		f.changed(0, subscription.Change{Quantity: wanting(8)})

		f.clock.advance(time.Minute)
		_, err = attempt()
		require.Equal(t, first.ETag(), string(repeats(t, err).Body))
		require.Equal(t, 8, f.sub(subID(0)).Quantity)
		require.Len(t, f.log(sourceID), 2)
	})
}

// changes within one microsecond have records of their own, in their order.
func TestChangesAreRecordedInOrder(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for n := 2; n < 6; n++ {
			f.changed(0, subscription.Change{Quantity: &n})
		}
		f.clock.advance(-time.Minute)
		f.changed(0, subscription.Change{Quantity: wanting(6)})
		var quantities []int
		for _, e := range f.log(sourceID) {
			var v struct{ Quantity int }
			require.NoError(t, json.Unmarshal([]byte(e.NewValue), &v))
			quantities = append(quantities, v.Quantity)
		}
		require.Equal(t, []int{6, 5, 4, 3, 2}, quantities)
	})
}
