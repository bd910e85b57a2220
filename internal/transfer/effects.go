package transfer

import (
	"cmp"
	"fmt"

	"handover/internal/activitylog"
	"handover/internal/webhook"
)

// Event is something that happened to a transfer and that somebody is told about.
type Event string

// The events. Each is told at most once per transfer; item events carry the ordinal, refusals the request id.
const (
	EventCreated    Event = "created"
	EventSubmitted  Event = "submitted"
	EventCancelled  Event = "cancelled"
	EventDeclined   Event = "declined"
	EventExpired    Event = "expired"
	EventCompleted  Event = "completed"
	EventFailed     Event = "failed"
	EventGivenUp    Event = "given-up"    // one line item, by an operator
	EventRefused    Event = "refused"     // a signal that was not accepted
	EventReminder   Event = "reminder"    // to the source, while the request waits
	EventResumed    Event = "resumed"     // an operator told its run to look again
	EventMailResent Event = "mail-resent" // an operator had e-mails sent again that could not be delivered
	EventForgotten  Event = "forgotten"   // an operator had forgotten what was personal
	EventResolved   Event = "resolved"    // it became known what became of a held line item
	EventHeld       Event = "held"        // the billing system moved a line item that had ended otherwise
	EventPartly     Event = "partly"      // a part moved: logged as failed, mailed as completed
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
	Webhook   webhook.EventName          // what the webhooks of source and target are told; empty for nothing
}

// Mailed is the event that the e-mails tell of.
func (e Effects) Mailed() Event { return cmp.Or(e.MailEvent, e.Event) }

// EffectsOf is what the event brings about, by the table of who hears what. That of a reminder is the number's: see Reminder.
func EffectsOf(e Event) Effects {
	h := HearingOf(e)
	return Effects{Event: cmp.Or(h.LoggedAs, h.Of), Operation: h.Operation, Mail: h.Hearers(ByMail), MailEvent: h.MailedAs, Webhook: h.Webhook}
}

// Reminder is what the n-th reminder (from 1) brings about.
func Reminder(n int) Effects {
	effects := EffectsOf(EventReminder)
	effects.Event = Event(fmt.Sprintf("%s-%d", EventReminder, n))
	return effects
}

// effects is what the command, carried out, brings about.
func effects(next State, c Command) Effects {
	switch c.(type) {
	case Open:
		return EffectsOf(EventCreated)
	case Submit:
		return EffectsOf(EventSubmitted)
	case Cancel:
		return EffectsOf(EventCancelled)
	case Decline:
		return EffectsOf(EventDeclined)
	case Expire:
		return EffectsOf(EventExpired)
	case GiveUp:
		return EffectsOf(EventGivenUp)
	case Close:
		return EffectsOf(endOf(next.Status))
	}
	return Effects{}
}

// endOf is the event of a transfer that closed: completion is told of whatever moved.
func endOf(ended Status) Event {
	switch ended {
	case Complete:
		return EventCompleted
	case PartiallyComplete:
		return EventPartly
	default:
		return EventFailed
	}
}
