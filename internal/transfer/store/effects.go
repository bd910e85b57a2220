package transferstore

// What every transition writes besides its state, in the same transaction: one audit record per participant and the
// e-mails that are to be sent.

import (
	"context"
	"encoding/json"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// happening is one event of a transfer that is about to be written.
type happening struct {
	of      record // as it stands after the event
	effects transfer.Effects
	key     string // one record per key and participant; the event itself when empty
	actor   kernel.Actor
	origin  kernel.Origin
	at      time.Time
	detail  detail
	handed  transfer.MailCounts // set once it is told

	reachable []recipient // who can be told, where that is known; nil to be looked up
}

// detail is what an audit record says beyond its columns.
type detail = transfer.AuditDetail

// tell writes the audit records and the e-mails of an event, and returns the id of the source's record.
func (tx session) tell(ctx context.Context, h *happening) (string, error) {
	h.detail.Event, h.detail.Status, h.detail.By = h.effects.Event, h.of.Status, h.of.RoleOf(h.actor)
	if h.key == "" {
		h.key = string(h.effects.Event)
	}
	source, err := h.audit(h.of.SourceTenantID, h.detail.ForSource())
	if err != nil {
		return "", err
	}
	target, err := h.audit(h.of.TargetTenantID, h.detail.ForTarget())
	if err != nil {
		return "", err
	}
	if err := store.Insert(ctx, tx, auditRecords, insertAudit, []auditRow{source, target}); err != nil {
		return "", err
	}
	h.handed, err = tx.queueMail(ctx, h)
	return source.id, err
}

// auditRow is one audit record as it is stored.
type auditRow struct {
	id, transferID, eventKey, partner, user, status, detail string
	operation                                               activitylog.AuditOperation
	at                                                      time.Time
}

var auditRecords = store.Table[auditRow]{
	Name: "audit_records",
	Columns: `id text, transfer_id text, event_key text, partner_tenant_id text, user_id text, operation text, status text,
		detail text, recorded_at timestamptz`,
	Fields: func(a *auditRow) []any {
		return []any{&a.id, &a.transferID, &a.eventKey, &a.partner, &a.user, &a.operation, &a.status, &a.detail, (*store.Stamp)(&a.at)}
	},
}

var insertAudit = auditRecords.Insert("")

// audit makes the record for one participant's log. Through what application a command came is for the log of who gave it;
// an operator has no log of their own, so both say which it was.
func (h *happening) audit(partner string, d detail) (auditRow, error) {
	if h.origin != (kernel.Origin{}) {
		origin := h.origin
		if !h.actor.Operator && !kernel.SameID(partner, h.actor.PartnerTenantID) {
			origin = origin.ForOther()
		}
		d.Origin = &origin
	}
	text, err := json.Marshal(d)
	return auditRow{
		id:         h.recordID(partner),
		transferID: h.of.ID,
		eventKey:   h.key,
		partner:    partner,
		user:       h.actor.UserID,
		operation:  h.effects.Operation,
		status:     activitylog.Succeeded,
		detail:     string(text),
		at:         h.at,
	}, err
}

// recordID is the id of the record in the participant's log. It is made of the time, so the records of a transfer
// must have times that differ; begin sees to it.
func (h *happening) recordID(partner string) string {
	return activitylog.AuditID(partner, h.of.State.CustomerTenantID, h.of.ID, string(h.effects.Operation), h.at)
}
