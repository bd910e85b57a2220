package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// abroad is a world in which licence 0 and the reservation 1, paid by the month, are to move to a partner of another currency.
func abroad() World {
	w := worldOf(2)
	w.Partners[1].Currency = "USD"
	w.Subscriptions[1].ProductType = subscription.AzureReservation
	w.Relationships = append(w.Relationships, w.Relationships[0])
	w.Relationships[1].PartnerTenantID = sourceID
	for n, partner := range map[int]string{8: sourceID, 9: targetID} { // the customer's Azure plan at either
		plan := sample(n)
		plan.ProductType, plan.OfferID, plan.PartnerTenantID, plan.TermDuration = subscription.AzurePlan, subscription.AzurePlanOffer, partner, ""
		w.Subscriptions = append(w.Subscriptions, plan)
	}
	return w
}

// listed are the ids that the partner finds among its own.
func (f fixture) listed(partner string) []string {
	f.t.Helper()
	page, err := f.SubscriptionsOf(f.t.Context(), subscriptionstore.Search{PartnerTenantID: partner, CustomerTenantID: customerID, Limit: 100})
	require.NoError(f.t, err)
	require.Len(f.t, page.Items, page.Total)
	var ids []string
	for _, s := range page.Items {
		ids = append(ids, s.ID)
	}
	return ids
}

// what moved away is not billed any more; a licence is still listed, as deleted, Azure is not.
func TestWhoBillsIsAFactOfItsOwn(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		for n := range 2 {
			require.True(t, f.sub(subID(n)).Billed)
			require.True(t, f.sub(subID(n)).Listed)
		}
		f.clock.advance(36 * time.Hour)
		submitted := f.clock.Now()
		tr := f.moving("r1", 0, 1)
		f.clock.advance(72 * time.Hour) // the billing system takes its time
		f.closed(tr, moved(0), moved(1))
		for n, listed := range []bool{true, false} {
			old, successor := f.sub(subID(n)), f.sub(newID(n))
			require.Equal(t, []any{subscription.Deleted, false, listed}, []any{old.Status, old.Billed, old.Listed})
			require.Equal(t, []any{subscription.Active, true, true}, []any{successor.Status, successor.Billed, successor.Listed})
			require.Equal(t, kernel.Day(submitted), successor.BillingStart(), "R-32: from the day of the submit on")
		}
		require.ElementsMatch(t, []string{subID(0), subID(8)}, f.listed(sourceID))
		require.ElementsMatch(t, []string{newID(0), newID(1), subID(9)}, f.listed(targetID))
		require.Equal(t, subID(1), f.sub(subID(1)).ID, "its own id still finds it")
		require.Error(t, f.raw(`UPDATE subscriptions SET billed = TRUE WHERE id = '`+subID(0)+`'`), "I-1")
		f.holds()
	})
}

// ending is a reservation at the target that ends with its billing cycle.
func (f fixture) ending() subscription.Subscription {
	f.t.Helper()
	f.closed(f.moving("r1", 1), moved(0))
	s := f.sub(newID(0))
	require.False(f.t, s.CancelAt.IsZero())
	require.True(f.t, s.CancelAt.After(f.clock.Now()))
	return s
}

// the move raises a run that ends the subscription at its time, once, with a record in its owner's log.
func TestR37ScheduledCancellation(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		s := f.ending()
		require.Equal(t, []string{fmt.Sprintf("%s|%s|%s|%s|%s", subscription.CancellationWorkflowID(s.ID), subscription.CancellationWorkflowType, s.ID, targetID, runs.CauseOpened)},
			f.rows("SELECT workflow_id, workflow_type, subject_id, fair_key, cause FROM runs WHERE workflow_type <> 'Transfer'"))
		f.clock.advance(s.CancelAt.Sub(f.clock.Now()) - time.Second)
		early, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, subscription.Cancellation{Next: s.CancelAt}, early)
		require.Equal(t, s, f.sub(s.ID))

		f.clock.advance(time.Second)
		due, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.True(t, due.Due)
		require.Equal(t, []any{subscription.Deleted, false, true}, []any{f.sub(s.ID).Status, f.sub(s.ID).Billed, f.sub(s.ID).Listed})
		log := `SELECT partner_tenant_id, operation, resource_id FROM activity_log WHERE resource_type = 'subscription'`
		require.Equal(t, []string{targetID + "|" + string(activitylog.AuditUpdateSubscription) + "|" + s.ID}, f.rows(log))
		before := f.contents()
		again, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.Zero(t, again)
		require.Equal(t, before, f.contents())
		_, err = f.CancelWhenDue(t.Context(), newID(9))
		refuses(t, err, subscription.Unknown)
		f.holds()
	})
}

// what a transfer moves does not end under it. Its successor has the same end, which has come.
func TestScheduledCancellationWaitsForATransfer(t *testing.T) {
	w := abroad()
	w.Agreements = append(w.Agreements, w.Agreements[0])
	w.Agreements[1].PartnerTenantID = sourceID
	onBoth(t, w, func(t *testing.T, f fixture) {
		s := f.ending()
		back := request("back")
		back.Actor, back.SourcePartnerTenantID, back.TargetPartnerTenantID = asSource, targetID, sourceID
		opened, err := f.OpenTransfer(t.Context(), back)
		require.NoError(t, err)
		f.clock.advance(s.CancelAt.Sub(f.clock.Now()) - time.Hour)
		_, err = f.Submit(t.Context(), opened.ID, transfer.Approval{
			RequestID: "s", Actor: asTarget, Selection: transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: s.ID}}},
		})
		require.NoError(t, err)
		f.clock.advance(2 * time.Hour)
		moving, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, subscription.Cancellation{Next: f.clock.Now().Add(time.Hour)}, moving)
		f.closed(f.stored(opened.ID), transferstore.ItemResult{TargetSubscriptionID: newID(5)})
		gone, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.Zero(t, gone, "it is somebody else's now")
		due, err := f.CancelWhenDue(t.Context(), newID(5))
		require.NoError(t, err)
		require.True(t, due.Due)
		f.holds()
	})
}

// The timer of a run is no single point of failure: whoever watches raises the run of an end that is overdue, once an hour.
func TestWatchCancellations(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		s := f.ending()
		id := subscription.CancellationWorkflowID(s.ID)
		watched := func() int {
			t.Helper()
			raised, err := f.Watch(t.Context())
			require.NoError(t, err)
			return raised
		}
		f.clock.advance(s.CancelAt.Sub(f.clock.Now()) + 6*time.Minute)
		require.Zero(t, watched(), "it is behind anyway")
		f.behind("UPDATE runs SET told = wanted")
		require.Equal(t, 1, watched())
		require.Equal(t, []string{id + "|" + string(runs.CauseWatch)}, f.rows("SELECT workflow_id, cause FROM runs WHERE told < wanted"))
		f.behind("UPDATE runs SET told = wanted")
		require.Zero(t, watched())
		f.clock.advance(time.Hour)
		require.Equal(t, 1, watched())
		_, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		f.behind("UPDATE runs SET told = wanted")
		f.clock.advance(2 * time.Hour)
		require.Zero(t, watched())
	})
}

// I-7: the run of an end that is to come must be open, among those of transfers; once it came, or the subscription moved on, it must not.
func TestRunsOfScheduledEndsAreFollowed(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		s := f.ending()
		id := subscription.CancellationWorkflowID(s.ID)
		waiting := transfer.WorkflowID(f.pending("waiting").ID)
		followed := func(after string, limit int) (found []string) {
			t.Helper()
			page, err := f.FollowedRuns(t.Context(), after, limit)
			require.NoError(t, err)
			for _, w := range page {
				found = append(found, w.WorkflowID)
			}
			return found
		}
		over := func() (found []string) {
			t.Helper()
			wanted, err := f.OverRuns(t.Context(), []string{id, waiting, "subscription/unknown/cancellation"})
			require.NoError(t, err)
			for _, w := range wanted {
				found = append(found, w.WorkflowID)
			}
			return found
		}
		require.Empty(t, followed("", 10), "they are to be told yet")
		f.caughtUp()
		require.Equal(t, []string{id, waiting}, followed("", 10))
		require.Equal(t, []string{id}, followed("", 1))
		require.Equal(t, []string{waiting}, followed(id, 1))
		require.Empty(t, followed(waiting, 10))
		require.Empty(t, over())

		f.clock.advance(s.CancelAt.Sub(f.clock.Now()))
		_, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, []string{waiting}, followed("", 10))
		require.Equal(t, []string{id}, over())
	})
}

// Two at one instant: the owner cancels while the schedule does. One of the two ends it, and the log says it once.
func TestScheduledCancellationAgainstTheOwners(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		s := f.ending()
		f.clock.advance(s.CancelAt.Sub(f.clock.Now()))
		done := make(chan error, 2)
		go func() {
			_, err := f.CancelWhenDue(t.Context(), s.ID)
			done <- err
		}()
		go func() {
			_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, activitylog.By{PartnerTenantID: targetID}, customerID, s.ID,
				subscription.Change{Status: new(subscription.Deleted)})
			done <- err
		}()
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.Equal(t, subscription.Deleted, f.sub(s.ID).Status)
		require.Len(t, f.rows("SELECT id FROM activity_log WHERE resource_type = 'subscription'"), 1)
	})
}

// a second transfer counts from the day on which the first one was submitted.
func TestSecondTransferCountsFromTheFirstSubmit(t *testing.T) {
	s := subscription.Subscription{CreationDate: start.AddDate(0, 0, 9), BilledSince: kernel.Day(start), BillingCycle: subscription.Monthly}
	require.Equal(t, kernel.AddMonths(kernel.Day(start), 1), subscription.NextCycle(s, start.AddDate(0, 0, 10)))
	require.Equal(t, kernel.Day(start), transfer.SplitBilling(s, start.AddDate(0, 0, 20)).SourceFrom)
}

// What a ledger of before holds is billed or not as its states say; Azure that moved is not listed any more, what it became
// began on the day of the submit, and what is to end by itself gets its run.
func TestMigrateSaysWhoBills(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			db := oldLedger(t, databaseURL, 1)
			write := func(statements ...string) {
				t.Helper()
				for _, statement := range statements {
					_, err := db.ExecContext(context.WithoutCancel(t.Context()), statement)
					require.NoError(t, err, statement)
				}
			}
			write(firstVersion...)
			azure, cancelled := subID(50), subID(51)
			write(
				oldSubscription(azure, azure, sourceID, "deleted"), oldSubscription(newID(50), azure, targetID, "active"),
				oldSubscription(cancelled, cancelled, sourceID, "deleted"), oldSubscription(subID(52), subID(52), sourceID, "suspended"),
				oldSubscription(subID(53), subID(53), sourceID, "expired"),
				`UPDATE subscriptions SET product_type = 'AzureReservation', creation_date = '2031-02-05T09:00:00.000000Z' WHERE id = '`+newID(50)+`'`,
				`UPDATE subscriptions SET product_type = 'AzureReservation' WHERE id IN ('`+azure+`', '`+cancelled+`')`,
				`UPDATE subscriptions SET cancel_at = '2031-03-01T00:00:00.000000Z' WHERE id = '`+newID(50)+`'`,
				firstTransfer("old-9", "PartiallyComplete", "'2031-02-03T17:00:00.000000Z'", "2031-02-03"),
				`INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name, quantity, billing_cycle, attempts, last_error,
					status, target_subscription_id, transfer_error, give_up_request_id)
					VALUES ('old-9', 0, '`+azure+`', 'AzureReservation', 'offer', 'Licence', 3, 'monthly', 1, '', 'Complete', '`+newID(50)+`', NULL, '')`,
			)
			require.NoError(t, db.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			for id, want := range map[string][2]bool{ // billed, listed
				azure: {false, false}, newID(50): {true, true}, cancelled: {false, true}, subID(52): {true, true}, subID(53): {false, true}, subID(0): {true, true},
			} {
				require.Equal(t, want, [2]bool{f.sub(id).Billed, f.sub(id).Listed}, id)
			}
			require.Equal(t, time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC), f.sub(newID(50)).BillingStart())
			require.Equal(t, f.sub(subID(0)).CreationDate, f.sub(subID(0)).BillingStart())
			require.Equal(t, []string{subscription.CancellationWorkflowID(newID(50)) + "|" + newID(50) + "|" + targetID},
				f.rows("SELECT workflow_id, subject_id, fair_key FROM runs WHERE workflow_type = '"+subscription.CancellationWorkflowType+"'"))
			findings, err := f.Verify(t.Context())
			require.NoError(t, err)
			require.Zero(t, findings[0].Count, findings[0].Broken)
		})
	}
}

// what is not activated may be given back at any time.
func TestAPurchaseThatIsNotActivatedCanBeCancelled(t *testing.T) {
	w := worldOf(1)
	w.Subscriptions[0].ProductType, w.Subscriptions[0].Status = subscription.SaaS, subscription.Pending
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.clock.advance(100 * 24 * time.Hour)
		over := f.changed(0, subscription.Change{Status: new(subscription.Deleted)})
		require.Equal(t, []any{subscription.Deleted, false}, []any{over.Status, over.Billed})
		require.Equal(t, over, f.sub(subID(0)))
	})
}
