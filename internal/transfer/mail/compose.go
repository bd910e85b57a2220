package transfermail

// From an e-mail to its words. The templates are chosen by event and audience and see only the facts below, so that none of
// them can show a line item or the other party's subscription ids (R-182..R-189), whatever it tries.

import (
	"embed"
	"fmt"
	"net/url"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

//go:embed templates
var templates embed.FS

// phrases are the words of a language that all its e-mails have.
type phrases struct{ open, foot string }

var said = map[string]phrases{
	"en": {"Open the transfer", "This message was sent automatically about transfer %s. Answers to it are not read."},
	"it": {"Apri il trasferimento", "Questo messaggio è stato inviato automaticamente in merito al trasferimento %s. Le risposte non vengono lette."},
	"es": {"Abrir la transferencia", "Este mensaje se ha enviado automáticamente sobre la transferencia %s. Las respuestas no se leen."},
	"ja": {"移管を開く", "このメールは移管 %s について自動的に送信されました。ご返信いただいてもお答えできません。"},
}

// texts are the templates by language.
var texts = notify.Texts(templates)

// facts is all that a template may say, in whatever language. Every text in it fits on one line.
type facts struct {
	TransferID  string
	Customer    string
	CustomerID  string
	Source      string
	Target      string
	TargetID    string
	Expires     time.Time // when the request ends
	Moved       int       // subscriptions that moved
	Left        int       // those that were to move and did not
	Total       int       // both
	SourceUntil time.Time // the last day the source pays
	TargetFrom  time.Time // the first day the target pays
	Reason      string    // of a decline, as the source wrote it: told as the source's words, never as a fact
}

// Letter writes the e-mail about the transfer in the recipient's language, with a link to it for partners. Where that leads is the
// deployment's to say: an address in which {transferId} and {customerId} stand for the ids; empty for no link. A *notify.PermanentError
// says that nothing is ever told about this event to this audience.
func Letter(n outbox.Notification, told transferstore.Told, transferURL string) (notify.Letter, error) {
	language := notify.LanguageOf(n.Locale)
	t := texts[language.Tag].Lookup(kindOf(n.Event) + "-" + n.Audience + ".txt")
	if t == nil {
		return notify.Letter{}, notify.Permanent("No mail is sent to the %s about the event %q.", n.Audience, n.Event)
	}
	words, mark := said[language.Words], ""
	if told.Sandbox {
		mark = notify.SandboxMark
	}
	l, err := notify.Write(t, factsOf(told), notify.Around{
		Language: language, Mark: mark, Link: linkFor(n.Audience, told.Transfer, transferURL), Open: words.open, Foot: fmt.Sprintf(words.foot, told.Transfer.ID),
	})
	if err != nil {
		return notify.Letter{}, notify.Permanent("The mail about the event %q could not be written: %v", n.Event, err)
	}
	return l, nil
}

// linkFor is where the audience can open the transfer. The customer can nowhere: they see nothing but their mail.
func linkFor(audience string, t transfer.Transfer, transferURL string) string {
	if audience == string(transfer.ToCustomer) {
		return ""
	}
	ids := strings.NewReplacer("{transferId}", url.PathEscape(t.ID), "{customerId}", url.PathEscape(t.State.CustomerTenantID))
	return ids.Replace(transferURL)
}

// kindOf is the event without the number that tells one reminder from another.
func kindOf(event string) string {
	kind, _, _ := strings.Cut(event, "-")
	return kind
}

func factsOf(told transferstore.Told) facts {
	t := told.Transfer
	pays := transfer.SplitBilling(subscription.Subscription{}, t.SubmittedTime)
	return facts{
		TransferID:  t.ID,
		Customer:    named(told.Named.Customer, t.State.CustomerTenantID),
		CustomerID:  t.State.CustomerTenantID,
		Source:      named(told.Named.Source, t.SourceTenantID),
		Target:      named(told.Named.Target, t.TargetTenantID),
		TargetID:    t.TargetTenantID,
		Expires:     t.ExpirationTime,
		Moved:       t.Items.Complete,
		Left:        t.Items.Total() - t.Items.Complete,
		Total:       t.Items.Total(),
		SourceUntil: pays.SourceUntil,
		TargetFrom:  pays.TargetFrom,
		Reason:      kernel.ShortLine(t.DeclineReason, 1000),
	}
}

// named is the name that the ledger has, or the id when it has none.
func named(name, id string) string {
	if name = kernel.ShortLine(name, 100); name != "" {
		return name
	}
	return id
}
