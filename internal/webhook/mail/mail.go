// Package webhookmail is what e-mails tell the owner of an endpoint that does not take what it is sent.
package webhookmail

import (
	"context"
	"embed"
	"strings"
	texttemplate "text/template"

	"handover/internal/kernel"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

//go:embed templates
var templates embed.FS

var texts = texttemplate.Must(texttemplate.ParseFS(templates, "templates/*.txt"))

// Book is what is read of the ledger; see webhookstore.Store.
type Book interface {
	WebhooksMissed(ctx context.Context, partners []string) (map[string]webhookstore.Missed, error)
}

// Kind is webhooks as a kind of subject.
type Kind struct{ book Book }

// New makes the kind.
func New(book Book) Kind { return Kind{book} }

// Subjects reads the registrations, by partner.
func (k Kind) Subjects(ctx context.Context, partners []string) (map[string]notify.Subject, error) {
	found, err := k.book.WebhooksMissed(ctx, partners)
	subjects := make(map[string]notify.Subject, len(found))
	for partner, missed := range found {
		subjects[partner] = subject(missed)
	}
	return subjects, err
}

type subject webhookstore.Missed

// facts is all that a template may say.
type facts struct {
	URL, Off, Why string
	Dead          int
}

// mostURL bounds how much of an address a mail shows, in characters.
const mostURL = 200

var reasons = map[webhook.Why]string{
	webhook.WhyGone: "it answered 410, that it is gone", webhook.WhyFailing: "for five days it did nothing but fail",
}

// Letter writes the e-mail, unless the endpoint is called again.
func (s subject) Letter(n outbox.Notification) (notify.Letter, error) {
	health := s.Registration.Health
	kind, _, _ := strings.Cut(n.Event, ":")
	if kind == webhookstore.EventOff && !health.Off() {
		return notify.Letter{}, &notify.WithdrawnError{Reason: "The endpoint was registered again before its owner could be told."}
	}
	t := texts.Lookup(kind + ".txt")
	if t == nil {
		return notify.Letter{}, notify.Permanent("No mail is sent about the event %q of a webhook.", n.Event)
	}
	l, err := notify.Write(t, facts{
		URL: kernel.ShortLine(s.Registration.URL, mostURL), Off: health.OffAt.UTC().Format("2 January 2006, 15:04 UTC"), Why: reasons[health.Why], Dead: s.Dead,
	}, notify.Around{Foot: "This message was sent automatically about your webhook registration. Answers to it are not read."})
	if err != nil {
		return notify.Letter{}, notify.Permanent("The mail about the event %q could not be written: %v", n.Event, err)
	}
	return l, nil
}
