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
	insertActivity   = activityRecords.Insert("")
	selectLastAction = store.Both(`SELECT MAX(recorded_at) FROM activity_records WHERE resource_id = $1`)
)

// Note writes the record of a change, in the transaction that makes it. Whoever calls it holds a lock on the resource, so that
// the times of its records differ.
func Note(ctx context.Context, tx store.Tx, a Record) error {
	last, _, err := store.One(ctx, tx, selectLastAction, func(t *time.Time) []any { return []any{(*store.Stamp)(t)} }, a.ResourceID)
	if err != nil {
		return err
	}
	a.At = activitylog.TimeAfter(last, a.At)
	row := activityRow{
		id:      activitylog.AuditID(a.By.PartnerTenantID, a.CustomerTenantID, a.ResourceID, string(a.Operation), a.At),
		partner: a.By.PartnerTenantID, customer: a.CustomerTenantID, resource: a.Resource, resourceID: a.ResourceID,
		operation: a.Operation, user: a.By.UserID, application: a.By.ApplicationID, correlation: a.By.CorrelationID,
		status: activitylog.Succeeded, at: a.At,
	}
	if row.before, err = asJSON(a.Before); err != nil {
		return err
	}
	if row.after, err = asJSON(a.After); err != nil {
		return err
	}
	return store.Insert(ctx, tx, activityRecords, insertActivity, []activityRow{row})
}

// asJSON is the value as JSON, and nothing for nil.
func asJSON(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}
