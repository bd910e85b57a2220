package activitylogstore

import (
	"context"
	"encoding/json"
	"time"

	"handover/internal/activitylog"
	"handover/internal/store"
)

// Record is one record that is about to be written.
type Record struct {
	By               activitylog.By
	CustomerTenantID string
	Resource         activitylog.ResourceType
	ResourceID       string
	Operation        activitylog.AuditOperation
	Before, After    any // before is nil when there was nothing
	At               time.Time
}

// activityRow is one record as it is stored.
type activityRow struct {
	id, partner, customer, resourceID, user, application, correlation, before, after, status string
	resource                                                                                 activitylog.ResourceType
	operation                                                                                activitylog.AuditOperation
	at                                                                                       time.Time
}

var activityRecords = store.Table[activityRow]{
	Name: "activity_records",
	Columns: `id text, partner_tenant_id text, customer_tenant_id text, resource_type text, resource_id text, operation text,
		user_id text, application_id text, correlation_id text, old_value text, new_value text, status text,
		recorded_at timestamptz`,
	Fields: func(a *activityRow) []any {
		return []any{
			&a.id, &a.partner, &a.customer, &a.resource, &a.resourceID, &a.operation, &a.user, &a.application, &a.correlation,
			&a.before, &a.after, &a.status, (*store.Stamp)(&a.at),
		}
	},
}

var (
	insertActivity    = activityRecords.Insert("")
	selectLastActions = store.OverRows(`SELECT resource_id, MAX(recorded_at) FROM activity_records WHERE resource_id IN (SELECT r.id FROM {rows}) GROUP BY 1`, store.IDColumn)
)

// Note writes the record of a change, in the transaction that makes it. Whoever calls it holds a lock on the resource, so that
// the times of its records differ.
func Note(ctx context.Context, tx store.Tx, a Record) error { return NoteAll(ctx, tx, a) }

// last is when the newest record about a resource was written.
type last struct {
	resourceID string
	at         time.Time
}

// NoteAll is the same for many, in as many statements whatever their number. Their order is that of their times.
func NoteAll(ctx context.Context, tx store.Tx, records ...Record) error {
	if len(records) == 0 {
		return nil
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.ResourceID
	}
	newest, err := store.All(ctx, tx, selectLastActions, func(l *last) []any { return []any{&l.resourceID, (*store.Stamp)(&l.at)} }, store.IDRows(ids...))
	if err != nil {
		return err
	}
	latest := make(map[string]time.Time, len(newest))
	for _, l := range newest {
		latest[l.resourceID] = l.at
	}
	rows := make([]activityRow, len(records))
	for i, r := range records {
		r.At = activitylog.TimeAfter(latest[r.ResourceID], r.At)
		latest[r.ResourceID] = r.At
		if rows[i], err = r.row(); err != nil {
			return err
		}
	}
	return store.Insert(ctx, tx, activityRecords, insertActivity, rows)
}

func (r Record) row() (row activityRow, err error) {
	row = activityRow{
		id:      activitylog.AuditID(r.By.PartnerTenantID, r.CustomerTenantID, r.ResourceID, string(r.Operation), r.At),
		partner: r.By.PartnerTenantID, customer: r.CustomerTenantID, resource: r.Resource, resourceID: r.ResourceID,
		operation: r.Operation, user: r.By.UserID, application: r.By.ApplicationID, correlation: r.By.CorrelationID,
		status: activitylog.Succeeded, at: r.At,
	}
	if row.before, err = asJSON(r.Before); err == nil {
		row.after, err = asJSON(r.After)
	}
	return row, err
}

// asJSON is the value as JSON, and nothing for nil.
func asJSON(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}
