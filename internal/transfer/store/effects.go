package transferstore

// What every transition writes besides its state, in the same transaction: one audit record per participant, the
// events that their webhooks are told of, and the e-mails that are to be sent.

import (
	"context"
	"encoding/json"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
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

// tell writes the audit records, the webhooks' events and the e-mails of an event, and returns the id of the source's record.
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
	if err := activitylogstore.Append(ctx, tx.Tx, source, target); err != nil {
		return "", err
	}
	if err := tx.announce(ctx, h, source, target); err != nil {
		return "", err
	}
	h.handed, err = tx.queueMail(ctx, h)
	return source.ID, err
}

// announce owes the event to the webhooks of both parties, under the ids of their audit records.
func (tx session) announce(ctx context.Context, h *happening, records ...activitylogstore.AuditEntry) error {
	name := h.effects.Webhook
	if name == "" {
		return nil
	}
	events := make([]webhook.Event, len(records))
	for i, record := range records {
		events[i] = webhook.Event{
			ID: record.ID, PartnerTenantID: record.PartnerTenantID, Name: name, CustomerTenantID: h.of.State.CustomerTenantID, ResourceID: h.of.ID, At: h.at,
		}
	}
	return webhookstore.Owe(ctx, tx.Tx, h.origin.Correlation, events...)
}

// audit makes the record for one participant's log. Through what application a command came is for the log of who gave it;
// an operator has no log of their own, so both say which it was.
func (h *happening) audit(partner string, d detail) (activitylogstore.AuditEntry, error) {
	origin := h.origin
	if !h.actor.Operator && !kernel.SameID(partner, h.actor.PartnerTenantID) {
		origin = origin.ForOther()
	}
	if origin != (kernel.Origin{}) {
		d.Origin = &origin
	}
	if !kernel.SameID(partner, h.actor.PartnerTenantID) {
		origin.UserPrincipalName = "" // nobody learns the names of others' people, operators' included
	}
	text, err := json.Marshal(d)
	return activitylogstore.AuditEntry{
		ID: h.recordID(partner), EventKey: h.key, PartnerTenantID: partner,
		Participants:     activitylog.Participants(partner, h.of.SourceTenantID, h.of.TargetTenantID, activitylog.Succeeded),
		CustomerTenantID: h.of.State.CustomerTenantID, UserID: h.actor.UserID, UserPrincipalName: origin.UserPrincipalName,
		ApplicationID: origin.Application, CorrelationID: origin.Correlation,
		Resource: activitylog.TransferResource, ResourceID: h.of.ID, Operation: h.effects.Operation,
		NewValue: string(text), Status: activitylog.Succeeded, At: h.at,
	}, err
}

// recordID is the id of the record in the participant's log. It is made of the time, so the records of a transfer
// must have times that differ; begin sees to it.
func (h *happening) recordID(partner string) string {
	return activitylog.AuditID(partner, h.of.State.CustomerTenantID, h.of.ID, string(h.effects.Operation), h.at)
}
