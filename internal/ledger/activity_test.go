package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// busy has something of everything in the source's log: a transfer's four records, a refused decision and two changes.
func (f fixture) busy() transfer.Transfer {
	f.t.Helper()
	tr := f.moving("r1", 0)
	f.clock.advance(time.Hour)
	f.changed(1, subscription.Change{Quantity: wanting(5)})
	f.clock.advance(time.Hour)
	f.closed(tr, moved(0))
	f.changed(1, subscription.Change{Quantity: wanting(6)}) // at the very time of the record before
	require.NoError(f.t, f.RecordRefused(f.t.Context(), transferstore.Refused{
		TransferID: tr.ID, RequestID: "late", Actor: asSource, Refusal: kernel.Refuse(transfer.AlreadyFinal, "Too late."),
	}))
	return tr
}

// read follows the log to its end, page by page.
func (f fixture) read(q activitylogstore.AuditSearch) []activitylogstore.AuditEntry {
	f.t.Helper()
	var found []activitylogstore.AuditEntry
	for {
		page, err := f.AuditLog(f.t.Context(), q)
		require.NoError(f.t, err)
		require.LessOrEqual(f.t, len(page.Items), max(q.Limit, 1))
		found = append(found, page.Items...)
		if !page.More {
			require.Len(f.t, found, page.Total)
			return found
		}
		q.After = page.Items[len(page.Items)-1].Cursor()
	}
}

// one log over transfers and everything else, the newest first, the same at every page size.
func TestAuditLog(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.busy()
		all := f.log(sourceID)
		var operations []activitylog.AuditOperation
		for i, e := range all {
			operations = append(operations, e.Operation)
			require.Equal(t, sourceID, e.PartnerTenantID)
			require.Equal(t, "Contoso", e.CustomerName)
			require.False(t, i > 0 && e.At.After(all[i-1].At), "newest first")
		}
		require.ElementsMatch(t, []activitylog.AuditOperation{
			"create_transfer", "update_transfer", "update_subscription", "complete_transfer", "update_subscription", "update_transfer",
		}, operations)
		require.Equal(t, activitylog.AuditCreate, all[5].Operation)
		for _, limit := range []int{0, 1, 2, 3, 4, 5, 6, 7} {
			require.Equal(t, all, f.read(activitylogstore.AuditSearch{PartnerTenantID: sourceID, Limit: limit}), limit)
		}

		created := all[5]
		record, err := f.LogOf(t.Context(), tr.ID, sourceID)
		require.NoError(t, err)
		require.Equal(t, activitylogstore.AuditEntry{
			ID: record[0].ID, EventKey: "created", PartnerTenantID: sourceID, Participants: []string{sourceID, targetID}, CustomerTenantID: customerID,
			CustomerName: "Contoso", UserID: targetAgent, Resource: "transfer", ResourceID: tr.ID, NewValue: record[0].NewValue,
			Operation: activitylog.AuditCreate, Status: "succeeded", At: start,
		}, created)
		refusal := all[0]
		if refusal.Status != activitylog.Failed {
			refusal = all[1]
		}
		require.Equal(t, activitylog.Failed, refusal.Status)
		require.Equal(t, []string{sourceID}, refusal.Participants, "the other party has no part in what was never accepted")
		require.Len(t, f.log(targetID), 3)
		require.Empty(t, f.log(strangerID))
	})
}

// what a search narrows by.
func TestAuditLogIsNarrowed(t *testing.T) {
	w := worldOf(2)
	w.Customers[0].Name = "Contoso Ölmühle 100%"
	w.Customers[1].Name = "Fabrikam"
	other := sample(2)
	other.CustomerTenantID = otherID
	w.Subscriptions = append(w.Subscriptions, other)
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.busy()
		_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, bySource, otherID, subID(2), subscription.Change{Quantity: wanting(9)})
		require.NoError(t, err)
		for name, c := range map[string]struct {
			search activitylogstore.AuditSearch
			want   int
		}{
			"nothing":                {activitylogstore.AuditSearch{}, 7},
			"a part of the name":     {activitylogstore.AuditSearch{CompanyName: "so öLM"}, 6},
			"a percent sign":         {activitylogstore.AuditSearch{CompanyName: "0%"}, 6},
			"a wildcard":             {activitylogstore.AuditSearch{CompanyName: "c%o"}, 0},
			"another customer":       {activitylogstore.AuditSearch{CompanyName: "BRIK"}, 1},
			"a customer by id":       {activitylogstore.AuditSearch{CustomerID: "C0000000-0000-4000-8000-000000000002"}, 1},
			"an unknown customer":    {activitylogstore.AuditSearch{CustomerID: newID(1)}, 0},
			"transfers":              {activitylogstore.AuditSearch{Resource: activitylog.TransferResource}, 4},
			"subscriptions":          {activitylogstore.AuditSearch{Resource: activitylog.SubscriptionResource}, 3},
			"a type that is not":     {activitylogstore.AuditSearch{Resource: "license"}, 0},
			"from a time, included":  {activitylogstore.AuditSearch{From: start.Add(time.Hour)}, 5},
			"until a time, excluded": {activitylogstore.AuditSearch{Until: start.Add(time.Hour)}, 2},
			"between two times":      {activitylogstore.AuditSearch{From: start.Add(time.Hour), Until: start.Add(2 * time.Hour)}, 1},
			"everything together":    {activitylogstore.AuditSearch{From: start, Until: start.AddDate(0, 0, 1), CompanyName: "con", CustomerID: customerID, Resource: "subscription"}, 2},
		} {
			c.search.PartnerTenantID, c.search.Limit = sourceID, 2
			require.Len(t, f.read(c.search), c.want, name)
		}
	})
}

// an entry is found by its id in the partner's own log only.
func TestAuditEntry(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.busy()
		for _, e := range f.log(sourceID) {
			found, err := f.AuditEntry(t.Context(), sourceID, e.ID)
			require.NoError(t, err)
			require.Equal(t, e, found)
			_, err = f.AuditEntry(t.Context(), targetID, e.ID)
			foreign := refuses(t, err, activitylog.LogEntryUnknown)
			_, err = f.AuditEntry(t.Context(), sourceID, "nothing")
			require.Equal(t, foreign, refuses(t, err, activitylog.LogEntryUnknown))
		}
	})
}

// E6: the log of whoever gave a command says by which application and request, of transfers as of everything else; the other party's
// says nothing of it.
func TestLogSaysByWhichApplication(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		terms := saying("r")
		terms.Origin = kernel.Origin{Via: kernel.ByAPI, Application: "crm", Correlation: "corr", UserPrincipalName: "tara@target.example"}
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r"), terms)
		require.NoError(t, err)
		own, other := f.log(targetID)[0], f.log(sourceID)[0]
		require.Equal(t, []string{"crm", "corr", "tara@target.example"}, []string{own.ApplicationID, own.CorrelationID, own.UserPrincipalName})
		require.Equal(t, []string{"", "", ""}, []string{other.ApplicationID, other.CorrelationID, other.UserPrincipalName})
		require.NotContains(t, own.NewValue, "tara", "the name stands in one place")
		one, err := f.AuditEntry(t.Context(), targetID, own.ID)
		require.NoError(t, err)
		require.Equal(t, own, one)
		f.clock.advance(time.Minute)
		f.changed(0, subscription.Change{Quantity: wanting(5)})
		require.Equal(t, []string{"app", "corr"}, []string{f.log(sourceID)[0].ApplicationID, f.log(sourceID)[0].CorrelationID})
	})
}

// F-5, R-211: a record of what concerns no customer is written, read, found and chained like any other.
func TestLogOfWhatConcernsNoCustomer(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.busy()
		by := activitylog.By{PartnerTenantID: sourceID, UserID: sourceAgent, UserPrincipalName: "sam@source.example", ApplicationID: "app", CorrelationID: "corr"}
		_, err := store.Write(t.Context(), f.DB, "note", func(tx store.Tx) (bool, error) {
			for _, at := range []time.Time{f.clock.Now(), f.clock.Now()} {
				if err := activitylogstore.Note(t.Context(), tx, activitylogstore.Record{
					By: by, Resource: "mpn_association", ResourceID: sourceID, Operation: "create_mpn_association", After: map[string]string{"mpnId": "1"}, At: at,
				}); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		require.NoError(t, err)
		found := f.read(activitylogstore.AuditSearch{PartnerTenantID: sourceID, CustomerID: activitylog.NoCustomer, Limit: 1})
		require.Len(t, found, 2)
		require.Equal(t, activitylogstore.AuditEntry{
			ID:       activitylog.AuditID(sourceID, activitylog.NoCustomer, sourceID, "create_mpn_association", f.clock.Now()),
			EventKey: "create_mpn_association:" + f.clock.Now().Format(store.StampLayout), PartnerTenantID: sourceID, Participants: []string{sourceID},
			UserID: sourceAgent, UserPrincipalName: "sam@source.example", ApplicationID: "app", CorrelationID: "corr", Resource: "mpn_association",
			ResourceID: sourceID, NewValue: `{"mpnId":"1"}`, Operation: "create_mpn_association", Status: "succeeded", At: f.clock.Now(),
		}, found[1])
		require.Equal(t, time.Microsecond, found[0].At.Sub(found[1].At), "two at one instant")
		require.Len(t, f.read(activitylogstore.AuditSearch{PartnerTenantID: sourceID, Limit: 3}), 8)
		require.Empty(t, f.read(activitylogstore.AuditSearch{PartnerTenantID: targetID, CustomerID: activitylog.NoCustomer}))
		f.holds()
	})
}

// I-3: a second record of one event and participant is refused by the database, whatever it is about.
func TestOneRecordPerEventAndParticipant(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		before := f.contents()
		entry := activitylogstore.AuditEntry{
			EventKey: "once", PartnerTenantID: sourceID, Resource: "customer", ResourceID: customerID, Operation: "add_customer", At: f.clock.Now(),
		}
		again := entry
		again.At = entry.At.Add(time.Second)
		write := func(entries ...activitylogstore.AuditEntry) error {
			_, err := store.Write(t.Context(), f.DB, "append", func(tx store.Tx) (bool, error) { return true, activitylogstore.Append(t.Context(), tx, entries...) })
			return err
		}
		require.Error(t, write(entry, again))
		require.Equal(t, before, f.contents())
		require.NoError(t, write(entry))
		require.Error(t, write(again))
		f.holds()
	})
}
