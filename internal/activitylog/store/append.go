package activitylogstore

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
)

var (
	insert            = table.Insert("")
	insertOnce        = table.Insert("ON CONFLICT (resource_id, event_key, partner_tenant_id) DO NOTHING")
	countOf           = store.Both(`SELECT COUNT(*) FROM activity_log WHERE resource_id = $1 AND operation = $2 AND recorded_at > $3`)
	selectLastActions = store.OverRows(`SELECT resource_id, MAX(recorded_at) FROM activity_log WHERE resource_id IN (SELECT r.id FROM {rows}) GROUP BY 1`, store.IDColumn)
)

// Append writes records, in the transaction of the change that they tell of. Whoever calls it holds a lock on what they are about,
// and gives them times as TimeAfter says, because their ids are made of those. What is left out is completed: the id; the
// status, for succeeded; the participants, for the partner alone; the event key, for an event that its operation and time tell from
// others. A second record of one event and participant is an error of the database (I-3).
func Append(ctx context.Context, tx store.Tx, entries ...AuditEntry) error {
	return store.Insert(ctx, tx, table, insert, completed(entries))
}

// AppendOnce does the same and leaves a record that is there already as it is.
func AppendOnce(ctx context.Context, tx store.Tx, entry AuditEntry) error {
	return store.Insert(ctx, tx, table, insertOnce, completed([]AuditEntry{entry}))
}

func completed(entries []AuditEntry) []AuditEntry {
	rows := make([]AuditEntry, len(entries))
	for i, e := range entries {
		e.ID = cmp.Or(e.ID, activitylog.AuditID(e.PartnerTenantID, e.CustomerTenantID, e.ResourceID, string(e.Operation), e.At))
		e.Status = cmp.Or(e.Status, activitylog.Succeeded)
		e.EventKey = cmp.Or(e.EventKey, string(e.Operation)+":"+e.At.UTC().Format(store.StampLayout))
		e.EventKey, e.CorrelationID = opaqueKey(e.EventKey), opaqueID(e.CorrelationID)
		if e.Participants == nil {
			e.Participants = []string{e.PartnerTenantID}
		}
		rows[i] = e
	}
	return rows
}

// opaqueID is an id that a client chose, as the log keeps it for good: one that is not made like an id has another made of it, the same
// each time. In its own words it stands in the values of the record only, where it can be forgotten.
func opaqueID(id string) string {
	if kernel.IsOpaque(id) {
		return id
	}
	return kernel.DeriveID("chosen", id)
}

// opaqueKey does so with the part of an event key that follows the event.
func opaqueKey(key string) string {
	event, of, _ := strings.Cut(key, ":")
	if kernel.IsOpaque(key) || !kernel.IsOpaque(event) {
		return opaqueID(key)
	}
	return event + ":" + opaqueID(of)
}

// Record is a change that somebody made, of what is in one partner's log only.
type Record struct {
	By               activitylog.By
	CustomerTenantID string // empty for what concerns none
	Resource         activitylog.ResourceType
	ResourceID       string
	Operation        activitylog.AuditOperation
	Before, After    any // before is nil when there was nothing
	At               time.Time
}

// Note writes the record of a change, in the transaction that makes it, after those that there are of the same thing. Whoever calls
// it holds a lock on that, so that the times of its records differ.
func Note(ctx context.Context, tx store.Tx, r Record) error {
	_, err := NoteAll(ctx, tx, r)
	return err
}

// NoteAll is Note of many, in as many statements whatever their number, and returns the records as they are kept, for who tells others
// of the changes. Their order is that of their times.
func NoteAll(ctx context.Context, tx store.Tx, records ...Record) ([]AuditEntry, error) {
	if len(records) == 0 {
		return nil, nil
	}
	entries, err := entriesOf(ctx, tx, records)
	if err != nil {
		return nil, err
	}
	entries = completed(entries)
	return entries, Append(ctx, tx, entries...)
}

// CountOf counts the records of an operation on a resource that are younger than a time, for who bounds them.
func CountOf(ctx context.Context, tx store.Tx, resourceID string, operation activitylog.AuditOperation, since time.Time) (int, error) {
	n, _, err := store.One(ctx, tx, countOf, store.Value[int], resourceID, operation, store.Stamp(since))
	return n, err
}

// last is when the newest record about a resource was written.
type last struct {
	resourceID string
	at         time.Time
}

// entriesOf are the records as they are kept, each after those that there are of the same thing.
func entriesOf(ctx context.Context, tx store.Tx, records []Record) ([]AuditEntry, error) {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.ResourceID
	}
	newest, err := store.All(ctx, tx, selectLastActions, func(l *last) []any { return []any{&l.resourceID, (*store.Stamp)(&l.at)} }, store.IDRows(ids...))
	if err != nil {
		return nil, err
	}
	latest := make(map[string]time.Time, len(newest))
	for _, l := range newest {
		latest[l.resourceID] = l.at
	}
	entries := make([]AuditEntry, len(records))
	for i, r := range records {
		r.At = activitylog.TimeAfter(latest[r.ResourceID], r.At)
		latest[r.ResourceID] = r.At
		if entries[i], err = r.entry(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func (r Record) entry() (entry AuditEntry, err error) {
	entry = AuditEntry{
		PartnerTenantID: r.By.PartnerTenantID, CustomerTenantID: r.CustomerTenantID, Resource: r.Resource, ResourceID: r.ResourceID,
		Operation: r.Operation, UserID: r.By.UserID, UserPrincipalName: r.By.UserPrincipalName, ApplicationID: r.By.ApplicationID,
		CorrelationID: r.By.CorrelationID, At: r.At,
	}
	if entry.OldValue, err = asJSON(r.Before); err == nil {
		entry.NewValue, err = asJSON(r.After)
	}
	return entry, err
}

// asJSON is the value as JSON, and nothing for nil.
func asJSON(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}
