package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/commerce"
	commercestore "handover/internal/commerce/store"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// lines are the billing lines of a subscription: kind, days, quantity, amount, currency.
func (f fixture) lines(id string) []string {
	f.t.Helper()
	var all []string
	for _, partner := range []string{sourceID, targetID, strangerID} {
		page, err := f.BillingLinesOf(f.t.Context(), commercestore.ItemSearch{PartnerTenantID: partner, Limit: 1000})
		require.NoError(f.t, err)
		require.Len(f.t, page.Items, page.Total)
		for _, i := range page.Items {
			require.Equal(f.t, partner, i.PartnerTenantID)
			if i.SubscriptionID == id {
				all = append(all, fmt.Sprintf("%s %s %s %d %s %s", i.Kind, i.From.Format("0102"), i.To.Format("0102"), i.Quantity, i.Amount, i.Currency))
			}
		}
	}
	return all
}

// a move credits the source, charges the target for the same days, and is the target's order.
func TestMovesAreBilled(t *testing.T) {
	w := worldOf(4)
	w.Subscriptions[1].BillingCycle, w.Subscriptions[2].BillingCycle = subscription.Annual, subscription.NoCycle
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1, 2)
		f.closed(tr, moved(0), moved(1), moved(2))
		for n, want := range [][]string{{"0303 0303 1 0.71 EUR"}, {"0303 0103 2 33.63 EUR"}, nil} {
			var credits, charges []string
			for _, line := range want {
				credits, charges = append(credits, "credit "+line), append(charges, "charge "+line)
			}
			require.Equal(t, credits, f.lines(subID(n)))
			require.Equal(t, charges, f.lines(newID(n)))
		}
		require.Empty(t, f.lines(subID(3)))
		before := f.contents()
		f.record(tr.ID, moved(0), moved(1), moved(2))
		require.Equal(t, before, f.contents(), "once")

		page, err := f.OrdersOf(t.Context(), commercestore.OrderSearch{PartnerTenantID: targetID, CustomerTenantID: strings.ToUpper(customerID), Limit: 2})
		require.NoError(t, err)
		require.Equal(t, []any{3, true}, []any{page.Total, page.More})
		last := page.Items[1]
		rest, err := f.OrdersOf(t.Context(), commercestore.OrderSearch{
			PartnerTenantID: targetID, CustomerTenantID: customerID, Limit: 2, AfterTime: last.Created, AfterID: last.ID,
		})
		require.NoError(t, err)
		got := map[string]commerce.Order{}
		for _, o := range append(page.Items, rest.Items...) {
			require.Len(t, o.Lines, 1)
			got[o.Lines[0].SubscriptionID] = o
		}
		require.Len(t, got, 3)
		want := commerce.OrderOfMove(tr.ID, f.sub(newID(1)), f.clock.Now())
		want.Currency = "EUR"
		require.Equal(t, want, got[newID(1)])
		one, err := f.OrderOf(t.Context(), targetID, customerID, strings.ToUpper(want.ID))
		require.NoError(t, err)
		require.Equal(t, want, one)
		brought, err := f.SubscriptionsOf(t.Context(), subscriptionstore.Search{PartnerTenantID: targetID, CustomerTenantID: customerID, OrderID: want.ID, Limit: 9})
		require.NoError(t, err)
		require.Equal(t, []any{1, newID(1)}, []any{brought.Total, brought.Items[0].ID})
		for _, other := range [][2]string{{sourceID, customerID}, {targetID, otherID}} {
			_, err = f.OrderOf(t.Context(), other[0], other[1], want.ID)
			refuses(t, err, commerce.OrderUnknown)
		}
		none, err := f.OrdersOf(t.Context(), commercestore.OrderSearch{PartnerTenantID: sourceID, CustomerTenantID: customerID, Limit: 9})
		require.NoError(t, err)
		require.Empty(t, none.Items)
		_, err = f.OrdersOf(t.Context(), commercestore.OrderSearch{PartnerTenantID: strangerID, CustomerTenantID: customerID, Limit: 9})
		refuses(t, err, programme.CustomerUnknown)
		f.holds()
	})
}

// two transfers on one day, and the one in the middle pays nothing; the cycles go on as they were.
func TestTwoTransfersOnOneDayAreBilled(t *testing.T) {
	w := worldOf(1)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: sourceID, CustomerTenantID: customerID})
	w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: customerID, PartnerTenantID: sourceID, Mode: programme.Attestation})
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.closed(f.moving("r1"), moved(0))
		f.clock.advance(time.Hour)
		back := request("back")
		back.Actor, back.SourcePartnerTenantID, back.TargetPartnerTenantID = asSource, targetID, sourceID
		opened, err := f.OpenTransfer(t.Context(), back)
		require.NoError(t, err)
		_, err = f.Submit(t.Context(), opened.ID, transfer.Approval{RequestID: "s", Actor: asTarget, Selection: transfer.Selection{AllEligible: true}})
		require.NoError(t, err)
		f.clock.advance(48 * time.Hour) // the billing system takes its time, and a cycle begins
		f.closed(f.stored(opened.ID), transferstore.ItemResult{TargetSubscriptionID: newID(5)})
		require.Equal(t, []string{"credit 0303 0303 1 0.71 EUR"}, f.lines(subID(0)))
		require.Equal(t, []string{"charge 0303 0303 1 0.71 EUR", "credit 0303 0403 1 20.70 EUR"}, f.lines(newID(0)))
		require.Equal(t, []string{"charge 0303 0403 1 20.70 EUR"}, f.lines(newID(5)))
		require.Equal(t, f.sub(newID(0)).CyclesFrom, f.sub(newID(5)).CyclesFrom)
		f.holds()
	})
}

// What an operator says has moved is billed like any other move, and as of the submit.
func TestHeldItemThatMovedIsBilled(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.holding(tr.ID, 0)
		f.clock.advance(24 * time.Hour)
		f.resolve(tr.ID, 0, newID(0))
		require.Equal(t, []string{"credit 0303 0403 1 20.70 EUR"}, f.lines(subID(0)))
		require.Equal(t, []string{"charge 0303 0403 1 20.70 EUR"}, f.lines(newID(0)))
		f.holds()
	})
}

// the number that the source pays in its currency is no price in another one.
func TestMoveToAnotherCurrencyCreditsOnly(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1", 0), moved(0))
		require.Equal(t, []string{"credit 0303 0303 1 0.71 EUR"}, f.lines(subID(0)))
		require.Empty(t, f.lines(newID(0)))
		require.Zero(t, f.sub(newID(0)).UnitPriceMinor)
		f.holds()
	})
}

// what its owner does to a subscription is billed in the same transaction; R-37: what the schedule does costs nothing.
func TestChangesAreBilled(t *testing.T) {
	w := worldOf(2)
	for n := range w.Subscriptions {
		w.Subscriptions[n].CreationDate, w.Subscriptions[n].CommitmentEndDate = start, start.AddDate(1, 0, -1)
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.changed(0, subscription.Change{Quantity: wanting(7)})
		f.changed(0, subscription.Change{Quantity: wanting(3)})
		f.clock.advance(24 * time.Hour)
		f.changed(0, subscription.Change{FriendlyName: new("another")})
		f.changed(0, subscription.Change{Status: new(subscription.Deleted)})
		require.ElementsMatch(t, []string{
			"charge 0303 0402 6 119.94 EUR", "credit 0304 0402 4 77.38 EUR", "credit 0305 0402 3 56.10 EUR",
		}, f.lines(subID(0)))
		require.Empty(t, f.lines(subID(1)))
		_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, activitylog.By{PartnerTenantID: sourceID}, customerID, subID(0), subscription.Change{Quantity: wanting(9)})
		refuses(t, err, subscription.Ended)
		require.Len(t, f.lines(subID(0)), 3)
		f.holds()
	})
}

func TestScheduledEndCostsNothing(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		s := f.ending()
		f.clock.advance(s.CancelAt.Sub(f.clock.Now()) + 72*time.Hour)
		due, err := f.CancelWhenDue(t.Context(), s.ID)
		require.NoError(t, err)
		require.True(t, due.Due)
		require.Empty(t, f.rows("SELECT id FROM billing_lines WHERE subscription_id = '"+s.ID+"'"))
		f.holds()
	})
}

// An invoice is of a month that is over and never changes; what it holds adds up to it; another partner has its own.
func TestInvoices(t *testing.T) {
	onBoth(t, worldOf(6), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1", 0, 1), moved(0), moved(1))
		require.Empty(t, f.invoices(sourceID), "the month goes on")
		of := commerce.Invoice{PartnerTenantID: sourceID, Month: commerce.Month(start), Currency: "EUR"}
		_, err := f.InvoiceOf(t.Context(), of)
		refuses(t, err, commerce.InvoiceUnknown)
		f.clock.advance(time.Date(2031, 4, 1, 0, 4, 59, 0, time.UTC).Sub(f.clock.Now()))
		require.Empty(t, f.invoices(sourceID), "what was decided in March may still be written")
		require.Len(t, append(f.lines(subID(0)), f.lines(subID(1))...), 2, "and is unbilled until then")
		f.clock.advance(24 * time.Hour)
		require.Empty(t, f.lines(subID(0)))
		march := f.invoices(sourceID)
		require.Equal(t, []commerce.Invoice{{PartnerTenantID: sourceID, Month: commerce.Month(start), Currency: "EUR", Total: -71 - 143}}, march)
		f.closed(f.moving("r2", 2, 3), transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(2)}, transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(3)})
		require.Equal(t, march, f.invoices(sourceID))
		f.clock.advance(31 * 24 * time.Hour)
		for _, partner := range []string{sourceID, targetID} {
			all := f.invoices(partner)
			require.Len(t, all, 2)
			for _, one := range all {
				read, err := f.InvoiceOf(t.Context(), one)
				require.NoError(t, err)
				require.Equal(t, one, read)
				var sum commerce.Minor
				items, err := f.BillingLinesOf(t.Context(), commercestore.ItemSearch{PartnerTenantID: partner, Month: one.Month, Currency: one.Currency, Limit: 1000})
				require.NoError(t, err)
				for _, i := range items.Items {
					sum += i.Signed()
				}
				require.Equal(t, one.Total, sum)
				require.Len(t, items.Items, 2)
			}
			require.Equal(t, "4", f.rows("SELECT COUNT(*) FROM billing_lines WHERE partner_tenant_id = '" + partner + "'")[0])
		}
		require.Empty(t, f.invoices(strangerID))
	})
}

// invoices are all of a partner, read one by one.
func (f fixture) invoices(partner string) []commerce.Invoice {
	f.t.Helper()
	var all []commerce.Invoice
	for after := (commerce.Invoice{}); ; after = all[len(all)-1] {
		page, err := f.InvoicesOf(f.t.Context(), partner, after, 1)
		require.NoError(f.t, err)
		all = append(all, page.Items...)
		if !page.More {
			require.Len(f.t, all, page.Total)
			return all
		}
	}
}

// What comes is derived for what the partner pays by the cycle, in pages, and never kept.
func TestChargesToCome(t *testing.T) {
	w := worldOf(5)
	w.Subscriptions[1].BillingCycle = subscription.NoCycle
	w.Subscriptions[2].UnitPriceMinor = 0
	onBoth(t, w, func(t *testing.T, f fixture) {
		before := f.contents()
		var found []string
		for after := "00000000-0000-0000-0000-000000000000"; after != ""; {
			coming, err := f.ComingOf(t.Context(), sourceID, "EUR", after, 2)
			require.NoError(t, err)
			for _, i := range coming.Items {
				found = append(found, fmt.Sprintf("%s %s %s", i.SubscriptionID, i.From.Format("0102"), i.Amount))
			}
			after = coming.After
		}
		require.Equal(t, []string{subID(0) + " 0304 19.99", subID(3) + " 0304 79.96", subID(4) + " 0304 99.95"}, found)
		require.Equal(t, before, f.contents())
		for _, of := range [][2]string{{sourceID, "USD"}, {targetID, ""}} {
			none, err := f.ComingOf(t.Context(), of[0], of[1], "", 9)
			require.NoError(t, err)
			require.Zero(t, none)
		}
	})
}

// However many lines and subscriptions there are, a page of bills is found by an index.
func TestBillsAreFoundByIndexes(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1", 0), moved(0))
		plans := f.plansOf("FROM (billing_lines|subscriptions|orders|order_lines)", func() {
			of := commerce.Invoice{PartnerTenantID: sourceID, Month: commerce.Month(start), Currency: "EUR"}
			_, err := f.InvoiceOf(t.Context(), of)
			refuses(t, err, commerce.InvoiceUnknown)
			_, err = f.BillingLinesOf(t.Context(), commercestore.ItemSearch{PartnerTenantID: sourceID, Month: start, Limit: 9, AfterTime: start, AfterID: "x"})
			require.NoError(t, err)
			_, err = f.ComingOf(t.Context(), sourceID, "", "", 9)
			require.NoError(t, err)
			_, err = f.OrdersOf(t.Context(), commercestore.OrderSearch{PartnerTenantID: targetID, CustomerTenantID: customerID, Limit: 9})
			require.NoError(t, err)
			f.changed(1, subscription.Change{Quantity: wanting(9)})
		})
		require.GreaterOrEqual(t, len(plans), 7)
		for _, plan := range plans {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN (b|s|o|l|billing_lines|orders|order_lines|subscriptions)(\n| USING INDEX sqlite_autoindex|$)`, plan)
			}
		}
	})
}

// A line is never changed, and nothing is billed twice.
func TestBillingLinesStay(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.closed(tr, moved(0))
		for _, statement := range []string{
			"UPDATE billing_lines SET amount_minor = 0", "DELETE FROM billing_lines",
			`INSERT INTO billing_lines SELECT 'x' || id, partner_tenant_id, customer_tenant_id, subscription_id, from_day, to_day, quantity, amount_minor, currency,
				kind, cause, subject, month, created_at FROM billing_lines`,
		} {
			require.Error(t, f.raw(statement), statement)
		}
	})
}

// I-10 is looked for.
func TestVerifyFindsWhatIsNotBilled(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1"), moved(0), moved(1), moved(2))
		f.holds()
		drops := map[string][2]string{"sqlite": {"DROP TRIGGER billing_lines_no_update", "DROP TRIGGER billing_lines_no_delete"}, "postgres": {
			"ALTER TABLE billing_lines DISABLE TRIGGER billing_lines_no_update", "ALTER TABLE billing_lines DISABLE TRIGGER billing_lines_no_delete",
		}}[string(f.Dialect())]
		f.behind(drops[0], drops[1],
			"DELETE FROM billing_lines WHERE subscription_id = '"+newID(0)+"'",
			"UPDATE billing_lines SET amount_minor = amount_minor + 1 WHERE subscription_id = '"+newID(1)+"'",
			"DELETE FROM order_lines WHERE subscription_id = '"+newID(2)+"'")
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		got := findings[len(findings)-1]
		require.Equal(t, "I-10", got.Invariant)
		require.Len(t, got.Broken, 3, got.Broken)
		for n, says := range []string{"lacks a billing line", "otherwise than credited", "has no order"} {
			require.Contains(t, got.Broken[n], says)
		}
	})
}

// What moved before the ledger billed has no lines and no order, and is no fault; its cycles are those of its term.
func TestMigrateBillsNothingAfterwards(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			db := oldLedger(t, databaseURL, 1)
			for _, statement := range append(slices.Clone(firstVersion),
				oldSubscription(subID(60), subID(60), sourceID, "deleted"), oldSubscription(newID(60), subID(60), targetID, "active"),
				`UPDATE subscriptions SET commitment_end_date = '2031-12-31T00:00:00.000000Z' WHERE id = '`+newID(60)+`'`,
				firstTransfer("old-9", "PartiallyComplete", "'2031-02-03T17:00:00.000000Z'", "2031-02-03"),
				`INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name, quantity, billing_cycle, attempts, last_error,
					status, target_subscription_id, transfer_error, give_up_request_id)
					VALUES ('old-9', 0, '`+subID(60)+`', 'OnlineServicesNCE', 'offer', 'Licence', 3, 'monthly', 1, '', 'Complete', '`+newID(60)+`', NULL, '')`,
			) {
				_, err := db.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, db.Close())
			require.NoError(t, oldLedger(t, databaseURL, 13).Close(), "the version before")
			l, err := Open(t.Context(), databaseURL, Options{Now: func() time.Time { return start }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			require.Empty(t, f.rows("SELECT id FROM billing_lines"))
			require.Empty(t, f.rows("SELECT id FROM orders"))
			s := f.sub(newID(60))
			day := time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)
			require.Equal(t, []any{subscription.Active, day, true, time.Time{}}, []any{s.Status, s.BillingStart(), s.Billed, s.CyclesFrom})
			require.Equal(t, time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), s.CyclesStart())
			findings, err := f.Verify(t.Context())
			require.NoError(t, err)
			require.Equal(t, []any{"I-10", 0, 0}, []any{findings[len(findings)-1].Invariant, findings[len(findings)-1].Count, findings[len(findings)-1].Checked})
		})
	}
}
