package activitylogstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
)

// AuditEntry is one entry of a partner's activity log, of a transfer or of anything else.
type AuditEntry struct {
	ID               string
	PartnerTenantID  string // whose log it is
	Participants     []string
	CustomerTenantID string
	CustomerName     string
	UserID           string
	ApplicationID    string // empty where nobody told
	CorrelationID    string // empty where nobody told
	Resource         activitylog.ResourceType
	ResourceID       string
	OldValue         string // JSON; empty when there was none
	NewValue         string // JSON, obeys the visibility of PartnerTenantID
	Operation        activitylog.AuditOperation
	Status           string // succeeded, failed
	At               time.Time
}

// AuditSearch asks for entries of one partner's log. Empty fields do not narrow.
type AuditSearch struct {
	PartnerTenantID string    // never empty
	From            time.Time // included
	Until           time.Time // excluded
	CompanyName     string    // a part of the customer's name, in any case
	CustomerID      string
	Resource        activitylog.ResourceType
	Limit           int          // entries in the page, at least 1
	After           *AuditCursor // nil for the first page
}

// AuditCursor is a place in a log: after this entry. It allows nothing by itself.
type AuditCursor struct {
	At time.Time // in microseconds
	ID string
}

// entryColumns are what one entry is read from; ofTransfers and ofTheRest are where from.
const (
	entryColumns = `e.id, e.partner_tenant_id, e.source, e.target, e.customer_tenant_id, c.name, e.user_id, e.application_id, e.correlation_id,
		e.resource_type, e.resource_id, e.old_value, e.new_value, e.operation, e.status, e.recorded_at`
	ofTransfers = ` FROM (SELECT a.id, a.partner_tenant_id, t.source_tenant_id AS source, t.target_tenant_id AS target, t.customer_tenant_id,
		a.user_id, '' AS application_id, '' AS correlation_id, 'transfer' AS resource_type, a.transfer_id AS resource_id,
		'' AS old_value, a.detail AS new_value, a.operation, a.status, a.recorded_at
		FROM audit_records a JOIN transfers t ON t.id = a.transfer_id) AS e JOIN customers c ON c.tenant_id = e.customer_tenant_id`
	ofTheRest = ` FROM (SELECT v.id, v.partner_tenant_id, v.partner_tenant_id AS source, v.partner_tenant_id AS target, v.customer_tenant_id,
		v.user_id, v.application_id, v.correlation_id, v.resource_type, v.resource_id, v.old_value, v.new_value, v.operation,
		v.status, v.recorded_at
		FROM activity_records v) AS e JOIN customers c ON c.tenant_id = e.customer_tenant_id`

	// The same to be counted whoever the customer is: an index alone has it.
	allTransfers = ` FROM (SELECT a.partner_tenant_id, 'transfer' AS resource_type, a.recorded_at FROM audit_records a) AS e`
	allTheRest   = ` FROM activity_records e`
)

// AuditLog finds a page of the partner's activity log, the newest entry first. Which times may be asked for is
// activitylog.LogWindow's to say.
func (s *Store) AuditLog(ctx context.Context, q AuditSearch) (store.Page[AuditEntry], error) {
	store.Lower(&q.PartnerTenantID, &q.CustomerID)
	w := store.Where{Args: []any{q.PartnerTenantID}, Conditions: []string{"e.partner_tenant_id = $1"}}
	w.At(q.From, "e.recorded_at >= %s")
	w.At(q.Until, "e.recorded_at < %s")
	w.And(store.Containing(programme.NameKey(q.CompanyName)), `c.name_key LIKE %s ESCAPE '\'`)
	w.And(q.CustomerID, "e.customer_tenant_id = %s")
	w.And(string(q.Resource), "e.resource_type = %s")
	transfers, rest := ofTransfers, ofTheRest
	if q.CompanyName == "" && q.CustomerID == "" {
		transfers, rest = allTransfers, allTheRest
	}
	count := store.Listing{
		Text: "SELECT (SELECT COUNT(*)" + transfers + w.Clause() + ") + (SELECT COUNT(*)" + rest + w.Clause() + ")",
		Args: w.Args,
	}
	if q.After != nil {
		w.Conditions = append(w.Conditions, fmt.Sprintf("(e.recorded_at, e.id) < (%s, %s)",
			w.Placeholder(store.Stamp(q.After.At)), w.Placeholder(q.After.ID)))
	}
	rows := store.Listing{Text: newest(w.Clause(), q.Limit), Args: w.Args}
	return store.Read(ctx, s.db, "read the activity log", func(tx store.Tx) (store.Page[AuditEntry], error) {
		page, err := store.PageOf(ctx, tx, count, rows, entryFields, q.Limit)
		return store.Page[AuditEntry]{Items: entries(page.Items), Total: page.Total, More: page.More}, err
	})
}

// newest is the query for entries in the order of the log. Each part is cut to the page's length by itself, so that a page
// costs the same however long the log is.
func newest(clause string, limit int) string {
	part := func(from string) string {
		return fmt.Sprintf("SELECT * FROM (SELECT %s%s%s ORDER BY e.recorded_at DESC, e.id DESC LIMIT %d) AS part",
			entryColumns, from, clause, max(limit, 1)+1)
	}
	return "SELECT * FROM (" + part(ofTransfers) + " UNION ALL " + part(ofTheRest) + ") AS log ORDER BY recorded_at DESC, id DESC"
}

var selectEntry = store.Both("SELECT " + entryColumns + ofTransfers + " WHERE e.partner_tenant_id = $1 AND e.id = $2 UNION ALL SELECT " +
	entryColumns + ofTheRest + " WHERE e.partner_tenant_id = $1 AND e.id = $2")

// AuditEntry reads one entry of the partner's log. Refusal: LogEntryUnknown, for an entry of another's log too.
func (s *Store) AuditEntry(ctx context.Context, partnerTenantID, id string) (AuditEntry, error) {
	store.Lower(&partnerTenantID, &id)
	missing := kernel.Refuse(activitylog.LogEntryUnknown, "There is no such record in your activity log. Check its id.")
	return store.Read(ctx, s.db, "read an audit record", func(tx store.Tx) (AuditEntry, error) {
		row, err := store.Known(ctx, tx, missing, selectEntry, entryFields, partnerTenantID, id)
		return row.entry(), err
	})
}

// Cursor is the place of the entry in its log.
func (e AuditEntry) Cursor() *AuditCursor { return &AuditCursor{At: e.At, ID: e.ID} }

// entryRow is an entry beside the parties of what it is about.
type entryRow struct {
	AuditEntry
	source, target string
}

func entryFields(r *entryRow) []any {
	return []any{
		&r.ID, &r.PartnerTenantID, &r.source, &r.target, &r.CustomerTenantID, &r.CustomerName, &r.UserID, &r.ApplicationID,
		&r.CorrelationID, &r.Resource, &r.ResourceID, &r.OldValue, &r.NewValue, &r.Operation, &r.Status, (*store.Stamp)(&r.At),
	}
}

// entry is the entry with its participants. What is known of where a command to a transfer came from stands in the record's
// detail.
func (r entryRow) entry() AuditEntry {
	if r.Resource == activitylog.TransferResource {
		var detail struct {
			Origin kernel.Origin `json:"origin"`
		}
		if json.Unmarshal([]byte(r.NewValue), &detail) == nil {
			r.ApplicationID, r.CorrelationID = detail.Origin.Application, detail.Origin.Correlation
		}
	}
	r.Participants = activitylog.Participants(r.PartnerTenantID, r.source, r.target, r.Status)
	return r.AuditEntry
}

func entries(rows []entryRow) []AuditEntry {
	found := make([]AuditEntry, len(rows))
	for i, row := range rows {
		found[i] = row.entry()
	}
	return found
}
