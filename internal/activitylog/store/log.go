package activitylogstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
)

// AuditSearch asks for entries of one partner's log. Empty fields do not narrow.
type AuditSearch struct {
	PartnerTenantID string    // never empty
	From            time.Time // included
	Until           time.Time // excluded
	CompanyName     string    // a part of the customer's name, in any case
	CustomerID      string    // activitylog.NoCustomer for what concerns none
	Resource        activitylog.ResourceType
	Limit           int          // entries in the page, at least 1
	After           *AuditCursor // nil for the first page
}

// AuditCursor is a place in a log: after this entry. It allows nothing by itself.
type AuditCursor struct {
	At time.Time // in microseconds
	ID string
}

const (
	entries      = ` FROM activity_log e`
	withCustomer = ` LEFT JOIN customers c ON c.tenant_id = e.customer_tenant_id`
)

// AuditLog finds a page of the partner's activity log, the newest entry first. Which times may be asked for is
// activitylog.LogWindow's to say.
func (s *Store) AuditLog(ctx context.Context, q AuditSearch) (store.Page[AuditEntry], error) {
	count, rows := q.listings()
	return store.Read(ctx, s.db, "read the activity log", func(tx store.Tx) (store.Page[AuditEntry], error) {
		page, err := store.PageOf(ctx, tx, count, rows, fields, q.Limit)
		page.Items = whole(page.Items)
		return page, err
	})
}

// AuditPage is the same page for whoever reads all of them one after the other: nothing is counted. One that is not full is the last.
func (s *Store) AuditPage(ctx context.Context, q AuditSearch) ([]AuditEntry, error) {
	_, rows := q.listings()
	return store.Read(ctx, s.db, "read the activity log", func(tx store.Tx) ([]AuditEntry, error) {
		found, err := store.All(ctx, tx, store.Both(fmt.Sprintf("%s LIMIT %d", rows.Text, max(q.Limit, 1))), fields, rows.Args...)
		return whole(found), err
	})
}

// listings are the statements that count what is searched for, and that read it from its place on.
func (q AuditSearch) listings() (count, rows store.Listing) {
	store.Lower(&q.PartnerTenantID, &q.CustomerID)
	w := store.Where{Args: []any{q.PartnerTenantID}, Conditions: []string{"e.partner_tenant_id = $1"}}
	w.At(q.From, "e.recorded_at >= %s")
	w.At(q.Until, "e.recorded_at < %s")
	w.And(store.Containing(programme.NameKey(q.CompanyName)), `c.name_key LIKE %s ESCAPE '\'`)
	if q.CustomerID == activitylog.NoCustomer {
		w.Conditions = append(w.Conditions, "e.customer_tenant_id IS NULL")
	} else {
		w.And(q.CustomerID, "e.customer_tenant_id = %s")
	}
	w.And(string(q.Resource), "e.resource_type = %s")
	count = store.Listing{Text: "SELECT COUNT(*)" + entries, Args: w.Args}
	if q.CompanyName != "" {
		count.Text += withCustomer
	}
	count.Text += w.Clause()
	if q.After != nil {
		w.Conditions = append(w.Conditions, fmt.Sprintf("(e.recorded_at, e.id) < (%s, %s)",
			w.Placeholder(store.Stamp(q.After.At)), w.Placeholder(q.After.ID)))
	}
	rows = store.Listing{Text: "SELECT " + read + entries + withCustomer + w.Clause() + " ORDER BY e.recorded_at DESC, e.id DESC", Args: w.Args}
	return count, rows
}

var (
	selectEntry = store.Both("SELECT " + read + entries + withCustomer + " WHERE e.partner_tenant_id = $1 AND e.id = $2")
	selectAbout = store.Both("SELECT " + read + entries + withCustomer + " WHERE e.resource_id = $1 ORDER BY e.recorded_at, e.partner_tenant_id")
	selectOwn   = store.Both("SELECT " + read + entries + withCustomer + " WHERE e.resource_id = $1 AND e.partner_tenant_id = $2 ORDER BY e.recorded_at, e.id")
)

// AuditEntry reads one entry of the partner's log. Refusal: LogEntryUnknown, for an entry of another's log too.
func (s *Store) AuditEntry(ctx context.Context, partnerTenantID, id string) (AuditEntry, error) {
	store.Lower(&partnerTenantID, &id)
	missing := kernel.Refuse(activitylog.LogEntryUnknown, "There is no such record in your activity log. Check its id.")
	return store.Read(ctx, s.db, "read an audit record", func(tx store.Tx) (AuditEntry, error) {
		entry, err := store.Known(ctx, tx, missing, selectEntry, fields, partnerTenantID, id)
		return entry.whole(), err
	})
}

// AuditOf is everything in all participants' logs about one thing, oldest first: for operators and checks.
func (s *Store) AuditOf(ctx context.Context, resourceID string) ([]AuditEntry, error) {
	store.Lower(&resourceID)
	return s.about(ctx, selectAbout, resourceID)
}

// LogOf is what one partner's log says about one thing, oldest first: nothing for who takes no part.
func (s *Store) LogOf(ctx context.Context, resourceID, partnerTenantID string) ([]AuditEntry, error) {
	store.Lower(&resourceID, &partnerTenantID)
	return s.about(ctx, selectOwn, resourceID, partnerTenantID)
}

func (s *Store) about(ctx context.Context, st store.Statement, ids ...any) ([]AuditEntry, error) {
	return store.Read(ctx, s.db, "read audit records", func(tx store.Tx) ([]AuditEntry, error) {
		found, err := store.All(ctx, tx, st, fields, ids...)
		return whole(found), err
	})
}
