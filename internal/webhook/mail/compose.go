package webhookmail

import (
	"embed"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

//go:embed templates
var templates embed.FS

// foots are what stands below every e-mail, by language.
var foots = map[string]string{
	"en": "This message was sent automatically about your webhook registration. Answers to it are not read.",
	"it": "Questo messaggio è stato inviato automaticamente in merito alla vostra registrazione webhook. Le risposte non vengono lette.",
	"es": "Este mensaje se ha enviado automáticamente sobre su registro de webhook. Las respuestas no se leen.",
	"ja": "このメールは貴社の Webhook 登録について自動的に送信されました。ご返信いただいてもお答えできません。",
}

// texts are the templates by language.
var texts = notify.Texts(templates)

// facts is all that a template may say, in whatever language. Every text in it fits on one line.
type facts struct {
	URL  string    // of the endpoint, as far as it may be shown
	Off  time.Time // when it was switched off
	Gone bool      // because it said that it is gone; otherwise it only failed
	Dead int       // events that it did not take
}

// Letter writes the e-mail in the recipient's language. A *notify.PermanentError says that nothing is ever told about this event.
func Letter(n outbox.Notification, missed webhookstore.Missed) (notify.Letter, error) {
	language := notify.LanguageOf(n.Locale)
	t := texts[language.Tag].Lookup(kindOf(n.Event) + ".txt")
	if t == nil {
		return notify.Letter{}, notify.Permanent("No mail is sent about the event %q of a webhook.", n.Event)
	}
	mark := ""
	if missed.Sandbox {
		mark = notify.SandboxMark
	}
	health := missed.Registration.Health
	l, err := notify.Write(t, facts{
		URL: shown(missed.Registration.URL), Off: health.OffAt, Gone: health.Why == webhook.WhyGone, Dead: missed.Dead,
	}, notify.Around{Language: language, Mark: mark, Foot: foots[language.Words]})
	if err != nil {
		return notify.Letter{}, notify.Permanent("The mail about the event %q could not be written: %v", n.Event, err)
	}
	return l, nil
}

// kindOf is the event without what tells one such event from another.
func kindOf(event string) string {
	kind, _, _ := strings.Cut(event, ":")
	return kind
}

// mostURL bounds how much of an address a mail shows, in characters.
const mostURL = 200

// shown is the address of an endpoint without its query: receivers are told apart by tokens there, and mail is read by many.
func shown(address string) string {
	address, query, has := strings.Cut(address, "?")
	if has && query != "" {
		address += "?…"
	}
	return kernel.ShortLine(address, mostURL)
}
