package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// search follows the cursors to the end and returns the ids it met.
func (f fixture) search(q transferstore.Search) []string {
	f.t.Helper()
	var ids []string
	for {
		found, more, err := f.SearchTransfers(f.t.Context(), q)
		require.NoError(f.t, err)
		for _, listed := range found {
			ids = append(ids, listed.ID)
		}
		if more == nil {
			return ids
		}
		require.Len(f.t, found, q.Limit)
		q.After = more
	}
}

func TestSearch(t *testing.T) {
	onBoth(t, forStranger(), func(t *testing.T, f fixture) {
		third := f.moving("r1", 0) // the oldest
		f.clock.advance(time.Hour)
		second := f.pending("r2")
		f.clock.advance(time.Hour)
		foreign := request("r3")
		foreign.Actor, foreign.CustomerTenantID, foreign.CustomerEmail = asStranger, otherID, "it@fabrikam.example"
		foreign.Labels = transfer.Labels{ExternalReference: "PO-1", Tags: []string{"emea"}}
		first, err := f.OpenTransfer(t.Context(), foreign)
		require.NoError(t, err)
		f.clock.advance(time.Hour)
		third = f.closed(third, moved(0))
		f.label(second.ID, targetID, transfer.Labels{ExternalReference: "PO-1", Tags: []string{"emea", "urgent"}})
		f.label(third.ID, targetID, transfer.Labels{Tags: []string{"emea"}})
		f.label(third.ID, sourceID, transfer.Labels{ExternalReference: "PO-1"})

		for _, c := range []struct {
			search transferstore.Search
			want   []transfer.Transfer
		}{
			{transferstore.Search{PartnerTenantID: strings.ToUpper(sourceID)}, []transfer.Transfer{first, second, third}},
			{transferstore.Search{PartnerTenantID: targetID}, []transfer.Transfer{second, third}},
			{transferstore.Search{PartnerTenantID: strangerID}, []transfer.Transfer{first}},
			{transferstore.Search{PartnerTenantID: resellerID}, nil},
			{transferstore.Search{PartnerTenantID: customerID}, nil},
			{transferstore.Search{}, nil},
			{transferstore.Search{PartnerTenantID: sourceID, Direction: transferstore.Outgoing}, []transfer.Transfer{first, second, third}},
			{transferstore.Search{PartnerTenantID: sourceID, Direction: transferstore.Incoming}, nil},
			{transferstore.Search{PartnerTenantID: targetID, Direction: transferstore.Incoming}, []transfer.Transfer{second, third}},
			{transferstore.Search{PartnerTenantID: sourceID, Statuses: []transfer.Status{transfer.Complete, transfer.Failed, transfer.Complete}}, []transfer.Transfer{third}},
			{transferstore.Search{PartnerTenantID: sourceID, CustomerTenantID: strings.ToUpper(customerID)}, []transfer.Transfer{second, third}},
			{transferstore.Search{PartnerTenantID: targetID, CustomerTenantID: otherID}, nil},
			{transferstore.Search{PartnerTenantID: sourceID, CreatedFrom: second.CreatedTime}, []transfer.Transfer{first, second}},
			{transferstore.Search{PartnerTenantID: sourceID, CreatedUntil: second.CreatedTime}, []transfer.Transfer{third}},
			{transferstore.Search{PartnerTenantID: sourceID, ModifiedFrom: first.CreatedTime}, []transfer.Transfer{first, third}},
			{transferstore.Search{PartnerTenantID: targetID, ExternalReference: "PO-1"}, []transfer.Transfer{second}},
			{transferstore.Search{PartnerTenantID: sourceID, ExternalReference: "PO-1"}, []transfer.Transfer{third}},
			{transferstore.Search{PartnerTenantID: targetID, Tag: "emea"}, []transfer.Transfer{second, third}},
			{transferstore.Search{PartnerTenantID: sourceID, Tag: "emea"}, nil},
			{transferstore.Search{PartnerTenantID: targetID, Tag: "emea", Direction: transferstore.Outgoing}, nil},
			{transferstore.Search{PartnerTenantID: targetID, Tag: "emea", Statuses: []transfer.Status{transfer.Complete, transfer.Failed}}, []transfer.Transfer{third}},
			{transferstore.Search{PartnerTenantID: targetID, ExternalReference: "PO-1", Tag: "urgent", Direction: transferstore.Incoming}, []transfer.Transfer{second}},
			{transferstore.Search{PartnerTenantID: sourceID, ExternalReference: "PO-1", Tag: "emea"}, nil},
		} {
			for limit := 1; limit <= 3; limit++ {
				c.search.Limit = limit
				require.Equal(t, idsOf(c.want), f.search(c.search), "%+v", c.search)
			}
			found, more, err := f.SearchTransfers(t.Context(), c.search)
			require.NoError(t, err)
			require.Nil(t, more)
			for n, want := range c.want {
				require.Equal(t, want, found[n].Transfer)
				require.Equal(t, f.labels(want.ID, strings.ToLower(c.search.PartnerTenantID)), found[n].Labels, "the searching partner's own")
			}
		}
	})
}

func idsOf(transfers []transfer.Transfer) []string {
	var ids []string
	for _, t := range transfers {
		ids = append(ids, t.ID)
	}
	return ids
}

// forStranger is a world in which the stranger can be a target too.
func forStranger() World {
	w := worldOf(2)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: strangerID, CustomerTenantID: otherID})
	w.Agreements = append(w.Agreements, programme.Agreement{PartnerTenantID: strangerID, CustomerTenantID: otherID, Mode: programme.DirectSign})
	return w
}

// A list read page by page has every transfer once, those created in one microsecond too, while others are created.
func TestPagesNeitherRepeatNorSkip(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		var opened []transfer.Transfer
		for n := range 12 {
			opened = append(opened, f.pending(fmt.Sprint("r", n)))
			if n%4 == 3 {
				f.clock.advance(time.Microsecond)
			}
		}
		slices.SortFunc(opened, func(a, b transfer.Transfer) int {
			if later := b.CreatedTime.Compare(a.CreatedTime); later != 0 {
				return later
			}
			return strings.Compare(b.ID, a.ID)
		})
		for _, partner := range []string{sourceID, targetID} {
			for _, limit := range []int{0, 3, 5, 50} {
				q := transferstore.Search{PartnerTenantID: partner, Limit: limit}
				var met []string
				for round := 0; ; round++ {
					found, more, err := f.SearchTransfers(t.Context(), q)
					require.NoError(t, err)
					for _, listed := range found {
						met = append(met, listed.ID)
					}
					if more == nil {
						break
					}
					f.clock.advance(time.Microsecond)
					if round < 2 {
						require.NotContains(t, met, f.pending(fmt.Sprint("newer", partner, limit, round)).ID)
					}
					q.After = more
				}
				require.Equal(t, idsOf(opened), met[len(met)-len(opened):], "limit %d", limit)
				require.Len(t, slices.Compact(slices.Sorted(slices.Values(met))), len(met))
			}
		}
	})
}

// crowd adds 20,000 transfers to PostgreSQL without going through their lives. The source gives one in eight away and takes one
// in eight over, and gave all of those the same labels; the others are not its own. One in forty is Expired.
func (f fixture) crowd() {
	f.t.Helper()
	model := f.pending("model").ID
	for i := range 40 {
		like := map[string]string{
			"id": fmt.Sprint("crowd", i), "source_tenant_id": targetID, "target_tenant_id": strangerID,
			"created_time": start.Add(time.Duration(i) * time.Minute).Format(time.RFC3339Nano),
		}
		like["last_modified_time"], like["request_id"] = like["created_time"], like["id"]
		switch i % 8 {
		case 0:
			like["source_tenant_id"], like["target_tenant_id"] = sourceID, targetID
		case 1:
			like["source_tenant_id"], like["target_tenant_id"] = targetID, sourceID
		}
		if i%3 == 0 {
			like["customer_tenant_id"] = otherID
		}
		if i == 8 {
			like["status"] = string(transfer.Expired)
		}
		f.behind(f.likeness(model, like))
		if i%8 < 2 {
			whose := fmt.Sprintf("'%s', '%s', '%s'", like["id"], sourceID, like["created_time"])
			f.behind(`INSERT INTO transfer_labels (transfer_id, partner_tenant_id, created_time, external_reference, tags) VALUES (`+whose+`, 'PO-1', '["emea"]')`,
				`INSERT INTO transfer_tags (transfer_id, partner_tenant_id, created_time, tag) VALUES (`+whose+`, 'emea')`)
		}
	}
	f.behind(f.multiplied("transfers", "id"), f.multiplied("transfer_labels", "transfer_id"), f.multiplied("transfer_tags", "transfer_id"),
		failedItems, "VACUUM ANALYZE")
}

// likeness is the statement that adds a transfer which differs from another one in these columns.
func (f fixture) likeness(model string, differs map[string]string) string {
	names, values := f.columns("transfers"), []string{}
	for _, name := range names {
		value := name
		if text, given := differs[name]; given {
			value = "'" + text + "'"
		}
		values = append(values, value)
	}
	return "INSERT INTO transfers (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM transfers WHERE id = '" + model + "'"
}

// failedItems gives every transfer one line item, which failed. So none is InProgress when the database plans.
var failedItems = `INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name, quantity,
		billing_cycle, status, attempts, last_error, transfer_error, give_up_request_id)
	SELECT id, 0, '` + subID(0) + `', 'OnlineServicesNCE', '', '', 1, '', 'Failed', 1, '', 'Never.', '' FROM transfers`

// multiplied is the statement that makes five hundred of each row, with ids of their own.
func (f fixture) multiplied(table, id string) string {
	rest := strings.Join(f.columns(table, id), ", ")
	return fmt.Sprintf(`INSERT INTO %[1]s (%[2]s, %[3]s)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
		SELECT %[2]s || '-' || i, %[3]s FROM %[1]s, n`, table, id, rest)
}

// However many transfers there are, a page is read by indexes in the order of the list, in one statement. It counts the line
// items of its own transfers and never goes through the running ones of all others, few as they may be at the time.
func TestSearchUsesIndexes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		if f.Dialect() == store.Postgres { // which plans by what there is; SQLite does not look
			f.crowd()
		}
		after := &transferstore.Cursor{CreatedTime: start.Add(20 * time.Minute), ID: "8"}
		for _, c := range []struct {
			search  transferstore.Search
			indexes []string
		}{
			{transferstore.Search{}, []string{"transfers_by_source", "transfers_by_target"}},
			{transferstore.Search{After: after}, []string{"transfers_by_source", "transfers_by_target"}},
			{transferstore.Search{Direction: transferstore.Incoming, After: after}, []string{"transfers_by_target"}},
			{transferstore.Search{Statuses: []transfer.Status{transfer.Pending}, After: after}, []string{"transfers_by_source_status", "transfers_by_target_status"}},
			{transferstore.Search{Statuses: []transfer.Status{transfer.Expired, transfer.Failed}}, []string{"transfers_by_source_status", "transfers_by_target_status"}},
			{transferstore.Search{ModifiedFrom: start.Add(35 * time.Minute)}, []string{"transfers_by_source", "transfers_by_target"}},
			{transferstore.Search{CustomerTenantID: customerID, After: after}, []string{"transfers_by_source_customer", "transfers_by_target_customer"}},
			{transferstore.Search{CustomerTenantID: "new", Statuses: []transfer.Status{transfer.Pending}, Direction: transferstore.Outgoing}, []string{"_customer"}},
			{transferstore.Search{ExternalReference: "PO-1", After: after}, []string{"transfer_labels_by_reference"}},
			{transferstore.Search{Tag: "emea", After: after}, []string{"transfer_tags_by_tag"}},
			{transferstore.Search{ExternalReference: "PO-1", Tag: "emea"}, []string{"transfer_labels_by_reference"}},
		} {
			c.search.PartnerTenantID, c.search.Limit = sourceID, 50
			before := f.Statements()
			var found []transferstore.Listed
			var more *transferstore.Cursor
			plan := f.plansOf("", func() {
				var err error
				found, more, err = f.SearchTransfers(t.Context(), c.search)
				require.NoError(t, err)
			})[0]
			require.EqualValues(t, 1, f.Statements()-before)
			require.Equal(t, len(found) < c.search.Limit, more == nil)
			for _, index := range c.indexes {
				require.Contains(t, plan, index, "%+v", c.search)
			}
			for _, slow := range []string{"SCAN t\n", "SCAN t ", "SCAN transfer", "SCAN l", "Seq Scan on transfer", "Bitmap", "line_items_open"} {
				require.NotContains(t, plan, slow, "%+v", c.search)
			}
		}
	})
}

// The line items of a page of transfers come in one statement.
func TestItemsOf(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		first, second, third := f.moving("r1", 0, 2), f.moving("r2", 1), f.pending("r3")
		before := f.Statements()
		items, err := f.ItemsOf(t.Context(), []string{strings.ToUpper(second.ID), third.ID, first.ID, "nothing"})
		require.NoError(t, err)
		require.EqualValues(t, 1, f.Statements()-before)
		require.Len(t, items, 2)
		for _, tr := range []transfer.Transfer{first, second} {
			alone, err := f.Items(t.Context(), tr.ID, 0, -1)
			require.NoError(t, err)
			require.Equal(t, alone, items[tr.ID])
		}
		none, err := f.ItemsOf(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, none)
	})
}
