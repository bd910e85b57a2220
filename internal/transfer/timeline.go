package transfer

import (
	"time"

	"handover/internal/kernel"
)

// AuditDetail is what an audit record says beyond who, when and which transfer, as it is kept.
type AuditDetail struct {
	Event     Event          `json:"event"`
	Status    Status         `json:"status"` // after the event
	By        kernel.Role    `json:"by"`
	RequestID string         `json:"requestId,omitempty"`
	Reason    string         `json:"reason,omitempty"` // of a decline
	LineItems *ItemCounts    `json:"lineItems,omitempty"`
	GivenUp   *GivenUpItem   `json:"givenUp,omitempty"`
	Resolved  *ResolvedItem  `json:"resolved,omitempty"`
	Held      *HeldItem      `json:"held,omitempty"`
	Cause     kernel.Cause   `json:"cause,omitempty"` // of a decision that was not accepted
	Message   string         `json:"message,omitempty"`
	Last      bool           `json:"last,omitempty"`            // a day's bound of those is reached: more are not recorded
	PartnerID string         `json:"partnerTenantId,omitempty"` // who made that decision, when it was neither party
	Origin    *kernel.Origin `json:"origin,omitempty"`          // of a command; absent for what the time brought about
}

// GivenUpItem is the line item that an operator gave up, as the source knows it.
type GivenUpItem struct {
	Ordinal        int    `json:"ordinal" doc:"Number of the line item in the transfer, from 0."`
	SubscriptionID string `json:"subscriptionId" doc:"Id of the subscription at the source."`
	Reason         string `json:"reason" doc:"Why the operator gave it up."`
}

// ResolvedItem is the held line item of which an operator said what became of it, as a participant may know it.
type ResolvedItem struct {
	Ordinal              int    `json:"ordinal" doc:"Number of the line item in the transfer, from 0."`
	SubscriptionID       string `json:"subscriptionId,omitempty" doc:"Id of the subscription at the source; not shown to the target."`
	Moved                bool   `json:"moved" doc:"Whether it moved to the target."`
	TargetSubscriptionID string `json:"targetSubscriptionId,omitempty" doc:"Id of the new subscription at the target; not shown to the source."`
	Reason               string `json:"reason" doc:"How that is known."`
}

// HeldItem says which line item the billing system moved although it had ended otherwise.
type HeldItem struct {
	Ordinal        int    `json:"ordinal" doc:"Number of the line item in the transfer, from 0."`
	SubscriptionID string `json:"subscriptionId" doc:"Id of the subscription at the source."`
	Locked         bool   `json:"locked" doc:"Whether the subscription is locked until an operator has resolved that; false where another transfer has taken it meanwhile."`
}

// ForSource is the detail that the source may see: never a new id.
func (d AuditDetail) ForSource() AuditDetail {
	if d.Resolved != nil {
		known := *d.Resolved
		known.TargetSubscriptionID = ""
		d.Resolved = &known
	}
	return d
}

// ForTarget is the detail that the target may see: nothing of line items before completion, then how many it got;
// never a failed one, but one that it got after all, under its new id.
func (d AuditDetail) ForTarget() AuditDetail {
	d.GivenUp, d.Held = nil, nil
	if d.Resolved != nil && d.Resolved.Moved {
		known := *d.Resolved
		known.SubscriptionID = ""
		d.Resolved = &known
	} else {
		d.Resolved = nil
	}
	if d.LineItems != nil {
		if complete := d.LineItems.Complete; d.Status.Final() && complete > 0 {
			d.LineItems = &ItemCounts{Complete: complete}
		} else {
			d.LineItems = nil
		}
	}
	return d
}

// LogEntry is an audit record of a transfer.
type LogEntry struct {
	ID              string
	PartnerTenantID string // the participant whose log it is in
	UserID          string // who acted; empty for an application and for the platform
	At              time.Time
	Detail          AuditDetail
}

// TimelineEvent is something that happened to a transfer, as one viewer may know it.
type TimelineEvent struct {
	ID        string        `json:"id" doc:"Id of the record in the viewer's activity log."`
	Event     Event         `json:"event" doc:"What happened."`
	Time      time.Time     `json:"time" doc:"When, in UTC."`
	Actor     TimelineActor `json:"actor" doc:"Who did it."`
	Status    Status        `json:"status" doc:"Status of the transfer after the event."`
	Reason    string        `json:"reason,omitempty" doc:"Why it was declined, given up, resolved or refused."`
	Cause     kernel.Cause  `json:"cause,omitempty" doc:"Of a decision that was refused: the rule that it met."`
	RequestID string        `json:"requestId,omitempty" doc:"Id of the viewer's own request that brought it about."`
	LineItems *ItemCounts   `json:"lineItems,omitempty" doc:"How the line items stood that the viewer may know of."`
	GivenUp   *GivenUpItem  `json:"givenUp,omitempty" doc:"The line item that an operator gave up; not shown to the target."`
	Resolved  *ResolvedItem `json:"resolved,omitempty" doc:"The held line item of which it became known what became of it; shown to the target when it moved."`
	Held      *HeldItem     `json:"held,omitempty" doc:"The line item that the billing system moved although it had ended otherwise. Not shown to the target."`
}

// TimelineActor is who brought an event about.
type TimelineActor struct {
	Role            kernel.Role `json:"role" doc:"Who that is to the transfer: source, target, platform, operator, or somebody who takes no part."`
	PartnerTenantID string      `json:"partnerTenantId,omitempty" doc:"Microsoft ID, when it was a partner."`
	UserID          string      `json:"userId,omitempty" doc:"The viewer's own user; those of others are not shown."`
}

// Timeline is what the audit records say that the viewer may know, in the order given: a participant hears what stands in
// its own log, and of what others did neither the user nor the request id. An operator hears everything once.
// Refusal: NotFound for anybody else.
func Timeline(t Transfer, log []LogEntry, v Viewer) ([]TimelineEvent, error) {
	viewer, err := t.viewedBy(v)
	if err != nil {
		return nil, err
	}
	events := make([]TimelineEvent, 0, len(log))
	for _, entry := range log {
		if t.hears(viewer, entry) {
			events = append(events, t.timelineEvent(viewer, entry))
		}
	}
	return events, nil
}

// hears tells whether the entry is the viewer's to read. Both logs tell of the same events, but for refused decisions:
// those stand in one of them only.
func (t Transfer) hears(viewer kernel.Role, e LogEntry) bool {
	inSourceLog := kernel.SameID(e.PartnerTenantID, t.SourceTenantID)
	switch viewer {
	case kernel.RoleSource:
		return inSourceLog
	case kernel.RoleTarget:
		return kernel.SameID(e.PartnerTenantID, t.TargetTenantID)
	default: // an operator
		return inSourceLog || e.Detail.Event == EventRefused
	}
}

func (t Transfer) timelineEvent(viewer kernel.Role, e LogEntry) TimelineEvent {
	d := e.Detail
	switch viewer {
	case kernel.RoleTarget:
		d = d.ForTarget()
	case kernel.RoleSource:
		d = d.ForSource()
	default: // an operator, who may know all of it
	}
	event := TimelineEvent{
		ID: e.ID, Event: d.Event, Time: e.At, Actor: TimelineActor{Role: d.By}, Status: d.Status,
		Reason: d.Reason, Cause: d.Cause, LineItems: d.LineItems, GivenUp: d.GivenUp, Resolved: d.Resolved,
	}
	switch d.By {
	case kernel.RoleSource:
		event.Actor.PartnerTenantID = t.SourceTenantID
	case kernel.RoleTarget:
		event.Actor.PartnerTenantID = t.TargetTenantID
	default: // somebody who takes no part, or nobody's partner
		event.Actor.PartnerTenantID = d.PartnerID
	}
	if d.By == viewer || viewer == kernel.RoleOperator {
		event.Actor.UserID, event.RequestID = e.UserID, d.RequestID
	}
	switch {
	case d.GivenUp != nil:
		event.Reason = d.GivenUp.Reason
	case d.Resolved != nil:
		event.Reason = d.Resolved.Reason
	case d.Event == EventRefused:
		event.Reason = d.Message
	}
	return event
}
