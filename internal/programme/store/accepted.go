package programmestore

import (
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/programme"
	"handover/internal/webhook"
)

// Accepted is what the partner's webhook is told of a relationship that began, by the record of it. A customer who accepts reseller
// and provider at once begins one with either, and both are told, each of its own.
func Accepted(r programme.Relationship, began activitylogstore.AuditEntry) webhook.Event {
	e := webhook.Event{
		ID: began.ID, PartnerTenantID: began.PartnerTenantID, Name: webhook.RelationshipAccepted, CustomerTenantID: began.CustomerTenantID,
		ResourceID: began.CustomerTenantID, At: began.At,
	}
	if r.Joint() {
		e.Name = webhook.IndirectAccepted
	}
	return e
}
