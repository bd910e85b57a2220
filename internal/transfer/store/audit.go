package transferstore

import (
	"context"
	"errors"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// insertRefusal writes the record of a refused decision once per request id.
var insertRefusal = auditRecords.Insert("ON CONFLICT (transfer_id, event_key, partner_tenant_id) DO NOTHING")

// mostRefusals bounds the refused decisions about one transfer that a day adds to one participant's log.
const mostRefusals = 100

var countRefusals = store.Both(`SELECT COUNT(*) FROM audit_records a WHERE a.transfer_id = $1 AND a.partner_tenant_id = $2
	AND a.status = 'failed' AND a.recorded_at > $3`)

// RecordRefused audits a decision that was not accepted, once per request id, with status failed: in the target's log
// when the target made it, otherwise in the source's, whose decision it should have been. Refusal: NotFound.
func (s *Store) RecordRefused(ctx context.Context, r Refused) error {
	if r.Refusal == nil {
		return errors.New("record a refused decision: the refusal is missing")
	}
	_, err := write(ctx, s, "record a refused decision", func(tx session) (record, error) {
		t, err := tx.locked(ctx, r.TransferID, "")
		if err != nil {
			return t, err
		}
		now := activitylog.TimeAfter(t.audited, s.db.TimeRead(t.readAt))
		role, log := t.RoleOf(r.Actor), t.SourceTenantID
		if role == kernel.RoleTarget {
			log = t.TargetTenantID
		}
		refusals, _, err := store.One(ctx, tx, countRefusals, store.Value[int], t.ID, log, store.Stamp(now.AddDate(0, 0, -1)))
		if err != nil || refusals >= mostRefusals {
			return t, err
		}
		said := detail{
			Event: transfer.EventRefused, Status: t.Status, By: role, RequestID: r.RequestID,
			Cause: r.Refusal.Cause, Message: r.Refusal.Message, PartnerID: r.Actor.PartnerTenantID,
		}
		h := happening{
			of: t, effects: transfer.Effects{Event: transfer.EventRefused, Operation: activitylog.AuditUpdate},
			key: refusedKey + r.RequestID, actor: r.Actor, origin: r.Origin, at: now,
		}
		row, err := h.audit(log, said)
		if err != nil {
			return t, err
		}
		row.status = activitylog.Failed
		return t, store.Insert(ctx, tx, auditRecords, insertRefusal, []auditRow{row})
	})
	return err
}

// refusedKey begins the event key of refused decisions. Those records have one participant: the other party has no part
// in what was never accepted.
const refusedKey = string(transfer.EventRefused) + ":"

// auditRead is an audit record beside what it takes from its transfer.
type auditRead struct {
	AuditRecord
	source, target string
}

const selectAudit = `SELECT a.id, a.transfer_id, a.event_key, a.partner_tenant_id, a.user_id, a.operation, a.status, a.detail,
		a.recorded_at, t.source_tenant_id, t.target_tenant_id, t.customer_tenant_id, c.name
	FROM audit_records a JOIN transfers t ON t.id = a.transfer_id JOIN customers c ON c.tenant_id = t.customer_tenant_id `

var (
	selectAuditByPartner  = store.Both(selectAudit + `WHERE a.partner_tenant_id = $1 ORDER BY a.recorded_at, a.id`)
	selectAuditByTransfer = store.Both(selectAudit + `WHERE a.transfer_id = $1 ORDER BY a.recorded_at, a.partner_tenant_id`)
	selectLogOf           = store.Both(selectAudit + `WHERE a.transfer_id = $1 AND a.partner_tenant_id = $2 ORDER BY a.recorded_at, a.id`)
)

// AuditRecords is a partner's activity log, oldest first. A record's Detail is what that partner may see; the
// other participant has a record of its own.
func (s *Store) AuditRecords(ctx context.Context, partnerTenantID string) ([]AuditRecord, error) {
	store.Lower(&partnerTenantID)
	return s.audit(ctx, selectAuditByPartner, partnerTenantID)
}

// AuditOf is everything in both participants' logs about one transfer, oldest first: for operators and checks.
func (s *Store) AuditOf(ctx context.Context, transferID string) ([]AuditRecord, error) {
	store.Lower(&transferID)
	return s.audit(ctx, selectAuditByTransfer, transferID)
}

// LogOf is what one participant's log says about one transfer, oldest first: nothing for who takes no part.
func (s *Store) LogOf(ctx context.Context, transferID, partnerTenantID string) ([]AuditRecord, error) {
	store.Lower(&transferID, &partnerTenantID)
	return s.audit(ctx, selectLogOf, transferID, partnerTenantID)
}

func (s *Store) audit(ctx context.Context, st store.Statement, ids ...any) ([]AuditRecord, error) {
	return read(ctx, s, "read audit records", func(tx session) ([]AuditRecord, error) {
		rows, err := store.All(ctx, tx, st, func(a *auditRead) []any {
			return []any{
				&a.ID, &a.TransferID, &a.EventKey, &a.PartnerTenantID, &a.UserID, &a.Operation, &a.Status, &a.Detail,
				(*store.Stamp)(&a.At), &a.source, &a.target, &a.CustomerTenantID, &a.CustomerName,
			}
		}, ids...)
		records := make([]AuditRecord, len(rows))
		for i, row := range rows {
			records[i] = row.AuditRecord
			records[i].Participants = activitylog.Participants(row.PartnerTenantID, row.source, row.target, row.Status)
		}
		return records, err
	})
}

// Refused is a decision that was not accepted, to be audited once (I-3) although nothing changed.
type Refused struct {
	TransferID string          `json:"transferId"`
	RequestID  string          `json:"requestId"`
	Actor      kernel.Actor    `json:"actor"`
	Refusal    *kernel.Refusal `json:"refusal"`
	Origin     kernel.Origin   `json:"origin"`
}

// AuditRecord is one entry of a partner's activity log (domain section 7).
type AuditRecord struct {
	ID               string
	TransferID       string
	EventKey         string // one record per event key and participant (I-3)
	PartnerTenantID  string // the participant whose log it is
	Participants     []string
	CustomerTenantID string
	CustomerName     string
	UserID           string
	Operation        activitylog.AuditOperation
	Status           string // succeeded, failed
	Detail           string // JSON, obeys the visibility of PartnerTenantID
	At               time.Time
}
