package transfer

import (
	"cmp"

	"handover/internal/activitylog"
	"handover/internal/webhook"
)

// Event is something that happened to a transfer and that somebody is told about.
type Event string

// The events. Each is told at most once per transfer; item events carry the ordinal, refusals the request id.
const (
	EventCreated   Event = "created"
	EventSubmitted Event = "submitted"
	EventCancelled Event = "cancelled"
	EventDeclined  Event = "declined"
	EventExpired   Event = "expired"
	EventCompleted Event = "completed"
	EventFailed    Event = "failed"
	EventGivenUp   Event = "given-up" // one line item, by an operator
	EventRefused   Event = "refused"  // a signal that was not accepted
	EventReminder  Event = "reminder" // to the source, while the request waits
	EventResumed   Event = "resumed"  // an operator told its run to look again
	EventResolved  Event = "resolved" // it became known what became of a held line item
	EventHeld      Event = "held"     // the billing system moved a line item that had ended otherwise
)

// Audience is a group of e-mail recipients: a partner's admin agents, or the customer's notification address.
type Audience string

// The audiences of domain section 6.1.
const (
	ToSource   Audience = "source"
	ToTarget   Audience = "target"
	ToCustomer Audience = "customer"
)

// Effects is what has to be written and told together with a transition.
type Effects struct {
	Event     Event                      // empty when nobody is told (a line item that moved)
	Operation activitylog.AuditOperation // one record for the source and one for the target
	Mail      []Audience                 // who gets an e-mail (R-200..R-202, R-402, R-461)
	MailEvent Event                      // what the e-mails tell of, where it is not Event
}

// Mailed is the event that the e-mails tell of.
func (e Effects) Mailed() Event { return cmp.Or(e.MailEvent, e.Event) }

// Announced is what the webhooks of source and target are told of the event (domain section 6.1); empty when they are told nothing. What
// happens to single line items, or between a run and its operator, is not.
func (e Effects) Announced() webhook.EventName {
	switch e.Event {
	case EventCreated:
		return webhook.CreateTransfer
	case EventSubmitted, EventCancelled, EventDeclined, EventExpired:
		return webhook.UpdateTransfer
	case EventCompleted:
		return webhook.CompleteTransfer
	case EventFailed:
		return webhook.FailTransfer
	default:
		return ""
	}
}

// effects is the row of the notification matrix (domain section 6.1) that belongs to the transition.
func effects(next State, c Command) Effects {
	switch c.(type) {
	case Open:
		return Effects{Event: EventCreated, Operation: activitylog.AuditCreate, Mail: []Audience{ToSource, ToCustomer}}
	case Submit:
		return Effects{Event: EventSubmitted, Operation: activitylog.AuditUpdate}
	case Cancel:
		return Effects{Event: EventCancelled, Operation: activitylog.AuditUpdate}
	case Decline: // the mail goes beyond R-202, as R-461 wants it
		return Effects{Event: EventDeclined, Operation: activitylog.AuditUpdate, Mail: []Audience{ToTarget}}
	case Expire:
		return Effects{Event: EventExpired, Operation: activitylog.AuditUpdate}
	case GiveUp:
		return Effects{Event: EventGivenUp, Operation: activitylog.AuditUpdate}
	case Close:
		return effectsOfClose(next.Status)
	}
	return Effects{}
}

// effectsOfClose: completion is told of whatever moved, and nobody is told that nothing did.
func effectsOfClose(ended Status) Effects {
	everybody := []Audience{ToSource, ToTarget, ToCustomer}
	switch ended {
	case Complete:
		return Effects{Event: EventCompleted, Operation: activitylog.AuditComplete, Mail: everybody}
	case PartiallyComplete:
		return Effects{Event: EventFailed, Operation: activitylog.AuditFail, Mail: everybody, MailEvent: EventCompleted}
	default:
		return Effects{Event: EventFailed, Operation: activitylog.AuditFail}
	}
}
