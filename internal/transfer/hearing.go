package transfer

import (
	"slices"

	"handover/internal/activitylog"
	"handover/internal/webhook"
)

// Channel is a way in which somebody hears of what happened to a transfer.
type Channel string

// The channels.
const (
	ByMail    Channel = "e-mail"
	InLog     Channel = "activity log"
	InOwnLog  Channel = "activity log, of its own attempts" // the other party learns nothing of it
	ByWebhook Channel = "webhook"
)

// Hearing is a row of the table of who hears what (domain section 6.1): how an event is told, and to whom by which channels.
type Hearing struct {
	Of        Event
	LoggedAs  Event                      // in the log, where it is not the event itself
	MailedAs  Event                      // in e-mails, where it is not the event itself
	Operation activitylog.AuditOperation // in the log; empty when it is in none
	Webhook   webhook.EventName          // the event's name for those who subscribed; empty when they are not told
	Source    []Channel
	Target    []Channel
	Customer  []Channel
	Rules     string // that say so
}

// By are the channels by which the audience hears of it.
func (h Hearing) By(a Audience) []Channel {
	switch a {
	case ToSource:
		return h.Source
	case ToTarget:
		return h.Target
	case ToCustomer:
		return h.Customer
	}
	return nil
}

// Audiences are those who can hear of a transfer, in the order in which they are told.
func Audiences() []Audience { return []Audience{ToSource, ToTarget, ToCustomer} }

// Hearers are the audiences that hear of it by the channel, in the order in which they are told.
func (h Hearing) Hearers(by Channel) []Audience {
	var hearers []Audience
	for _, a := range Audiences() {
		if slices.Contains(h.By(a), by) {
			hearers = append(hearers, a)
		}
	}
	return hearers
}

var (
	logged    = []Channel{InLog}
	told      = []Channel{InLog, ByWebhook}
	mailed    = []Channel{ByMail}
	mailedToo = []Channel{ByMail, InLog, ByWebhook}
)

// Hearings is the whole table, in the order of a transfer's life.
func Hearings() []Hearing {
	const (
		created   = activitylog.AuditCreate
		updated   = activitylog.AuditUpdate
		completed = activitylog.AuditComplete
		failed    = activitylog.AuditFail
	)
	return []Hearing{
		{Of: EventCreated, Operation: created, Webhook: webhook.CreateTransfer, Source: mailedToo, Target: told, Customer: mailed, Rules: "R-200, R-203"},
		{Of: EventReminder, Source: mailed, Rules: "R-461"},
		{Of: EventSubmitted, Operation: updated, Webhook: webhook.UpdateTransfer, Source: told, Target: told, Rules: "R-202, R-203"},
		{Of: EventCancelled, Operation: updated, Webhook: webhook.UpdateTransfer, Source: told, Target: told, Rules: "R-202"},
		{Of: EventDeclined, Operation: updated, Webhook: webhook.UpdateTransfer, Source: told, Target: mailedToo, Rules: "R-461"},
		{Of: EventExpired, Operation: updated, Webhook: webhook.UpdateTransfer, Source: told, Target: told, Rules: "R-202"},
		{Of: EventCompleted, Operation: completed, Webhook: webhook.CompleteTransfer, Source: mailedToo, Target: mailedToo, Customer: mailed, Rules: "R-201, R-203"},
		{
			Of: EventPartly, LoggedAs: EventFailed, MailedAs: EventCompleted, Operation: failed, Webhook: webhook.FailTransfer,
			Source: mailedToo, Target: mailedToo, Customer: mailed, Rules: "R-402",
		},
		{Of: EventFailed, Operation: failed, Webhook: webhook.FailTransfer, Source: told, Target: told, Rules: "R-202, R-203, R-402"},
		{Of: EventGivenUp, Operation: updated, Source: logged, Target: logged, Rules: "R-26"},
		{Of: EventResolved, Operation: updated, Source: logged, Target: logged, Rules: "R-26"},
		{Of: EventHeld, Operation: updated, Source: logged, Target: logged, Rules: "R-26"},
		{Of: EventResumed, Operation: updated, Source: logged, Target: logged, Rules: "R-26"},
		{Of: EventMailResent, Operation: updated, Source: logged, Target: logged, Rules: "R-204"},
		{Of: EventForgotten, Operation: updated, Source: logged, Target: logged, Rules: "R-308"},
		{Of: EventRefused, Operation: updated, Source: []Channel{InOwnLog}, Target: []Channel{InOwnLog}, Rules: "R-307"},
	}
}

// HearingOf is the row of the event; one that nobody hears of has an empty row.
func HearingOf(e Event) Hearing {
	for _, h := range Hearings() {
		if h.Of == e {
			return h
		}
	}
	return Hearing{}
}
