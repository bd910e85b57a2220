// Package webhookmail is what e-mails tell the owner of an endpoint that does not take what it is sent.
//
//	mail.go     webhooks as subjects of e-mail
//	compose.go  from an e-mail to its subject, text and HTML; the words are in templates/
package webhookmail

import (
	"context"
	"fmt"

	"handover/internal/notify"
	"handover/internal/outbox"
	webhookstore "handover/internal/webhook/store"
)

// Book is what is read of the ledger; see webhookstore.Store.
type Book interface {
	WebhooksMissed(ctx context.Context, partners []string) (map[string]webhookstore.Missed, error)
}

// Kind is webhooks as a kind of subject.
type Kind struct{ book Book }

// New makes the kind.
func New(book Book) Kind { return Kind{book} }

// Subjects reads the registrations, by partner. A partner without one is a subject of which nothing is told any more.
func (k Kind) Subjects(ctx context.Context, partners []string) (map[string]notify.Subject, error) {
	found, err := k.book.WebhooksMissed(ctx, partners)
	if err != nil {
		return nil, err
	}
	subjects := make(map[string]notify.Subject, len(partners))
	for _, partner := range partners {
		subjects[partner] = subject(found[partner])
	}
	return subjects, nil
}

type subject webhookstore.Missed

// Letter writes the e-mail, unless what it would say is not so any more.
func (s subject) Letter(n outbox.Notification) (notify.Letter, error) {
	if why := s.overtaken(n); why != "" {
		return notify.Letter{}, &notify.WithdrawnError{Reason: why}
	}
	return Letter(n, webhookstore.Missed(s))
}

// overtaken is why nobody needs the e-mail any more; empty while somebody does.
func (s subject) overtaken(n outbox.Notification) string {
	event, health := n.Event, s.Registration.Health
	switch kind := kindOf(event); {
	case s.Registration.URL == "":
		return "The registration was ended before the admin agents could be told."
	case s.Departed.Has(n):
		return "The recipient was no admin agent of the partner any more before this could be sent."
	case kind == webhookstore.EventOff && event != fmt.Sprintf("%s:%d", webhookstore.EventOff, health.OffAt.UnixMicro()):
		return "The endpoint was registered again before the admin agents could be told."
	case kind == webhookstore.EventDead && health.Off():
		return "The endpoint was switched off, which another e-mail says."
	case kind == webhookstore.EventDead && s.Dead == 0:
		return "The dead letters were sent again before the admin agents could be told."
	}
	return ""
}
