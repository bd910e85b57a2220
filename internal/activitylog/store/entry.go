package activitylogstore

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
)

// AuditEntry is one record of a partner's activity log, whatever it is about.
type AuditEntry struct {
	ID                string
	EventKey          string   // one record per event key and participant (I-3)
	PartnerTenantID   string   // whose log it is
	Participants      []string // the partners that have a record of the same event
	CustomerTenantID  string   // empty for what concerns none
	CustomerName      string   // by the ledger, when it is read
	UserID            string
	UserPrincipalName string // empty where the token had none, and in the logs of others
	ApplicationID     string // empty where nobody told
	CorrelationID     string // empty where nobody told
	Resource          activitylog.ResourceType
	ResourceID        string
	OldValue          string // JSON; empty when there was none
	NewValue          string // JSON, obeys the visibility of PartnerTenantID
	Operation         activitylog.AuditOperation
	Status            string // succeeded, failed
	At                time.Time
}

// table is the log as it is stored.
var table = store.Table[AuditEntry]{
	Name: "activity_log",
	Columns: `id text, event_key text, partner_tenant_id text, participants text, customer_tenant_id text, resource_type text, resource_id text,
		operation text, user_id text, user_principal_name text, application_id text, correlation_id text, old_value text, new_value text,
		status text, recorded_at timestamptz`,
	Fields: func(e *AuditEntry) []any {
		return []any{
			&e.ID, &e.EventKey, &e.PartnerTenantID, (*store.List)(&e.Participants), (*store.Optional)(&e.CustomerTenantID), &e.Resource, &e.ResourceID,
			&e.Operation, &e.UserID, &e.UserPrincipalName, &e.ApplicationID, &e.CorrelationID, &e.OldValue, &e.NewValue,
			&e.Status, (*store.Stamp)(&e.At),
		}
	},
}

// read are the columns of an entry e, with the customer's name; of those, fields.
var read = table.Columns.Of("e") + ", COALESCE(c.name, '')"

func fields(e *AuditEntry) []any { return append(table.Fields(e), &e.CustomerName) }

// Cursor is the place of the entry in its log.
func (e AuditEntry) Cursor() *AuditCursor { return &AuditCursor{At: e.At, ID: e.ID} }

// About is the id of what the entry is about, as its partner knows it: of an attempt, what it was to change; empty for nothing.
func (e AuditEntry) About() string {
	if !strings.HasPrefix(e.ResourceID, attempted) {
		return e.ResourceID
	}
	var tried activitylog.Tried
	if json.Unmarshal([]byte(e.NewValue), &tried) != nil {
		return ""
	}
	return tried.ResourceID
}

// Line is the entry as people read it.
func (e AuditEntry) Line() activitylog.Line {
	return activitylog.Line{
		At: e.At, CustomerName: e.CustomerName, CustomerID: e.CustomerTenantID, Operation: e.Operation, User: cmp.Or(e.UserPrincipalName, e.UserID),
		Resource: e.Resource, ResourceID: e.About(), Status: e.Status, ID: e.ID,
	}
}

// whole is the entry as it was read. Of transfers' older records, what is known of where a command came from stands in their value only.
func (e AuditEntry) whole() AuditEntry {
	if e.Resource != activitylog.TransferResource || e.ApplicationID != "" || e.CorrelationID != "" {
		return e
	}
	var said struct {
		Origin kernel.Origin `json:"origin"`
	}
	if json.Unmarshal([]byte(e.NewValue), &said) == nil {
		e.ApplicationID, e.CorrelationID = said.Origin.Application, said.Origin.Correlation
	}
	return e
}

func whole(entries []AuditEntry) []AuditEntry {
	for i, e := range entries {
		entries[i] = e.whole()
	}
	return entries
}
