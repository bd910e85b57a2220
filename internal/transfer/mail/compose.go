package transfermail

// From an e-mail to its words. The templates are chosen by event and audience and see only the facts below, so that none of
// them can show a line item or the other party's subscription ids (R-182..R-189), whatever it tries.

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	texttemplate "text/template"
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

var texts = texttemplate.Must(texttemplate.ParseFS(templates, "templates/*.txt"))

// facts is all that a template may say. Every text in it fits on one line.
type facts struct {
	TransferID  string
	Customer    string
	CustomerID  string
	Source      string
	Target      string
	TargetID    string
	Expires     string // the instant the request ends
	Moved       string // how many subscriptions moved: "3", or "3 of 5" when some did not
	Total       int    // subscriptions that were to move
	Left        int    // those that did not
	SourceUntil string // the last day the source pays
	TargetFrom  string // the first day the target pays
	Reason      string // of a decline, as the source wrote it
}

// Letter writes the e-mail about the transfer. A *notify.PermanentError says that nothing is ever told about this event to this
// audience.
func Letter(n outbox.Notification, told transferstore.Told) (notify.Letter, error) {
	t := texts.Lookup(kindOf(n.Event) + "-" + n.Audience + ".txt")
	if t == nil {
		return notify.Letter{}, notify.Permanent("No mail is sent to the %s about the event %q.", n.Audience, n.Event)
	}
	l, err := notify.Write(t, factsOf(told, n.Locale), "This message was sent automatically about transfer "+told.Transfer.ID+". Answers to it are not read.")
	if err != nil {
		return notify.Letter{}, notify.Permanent("The mail about the event %q could not be written: %v", n.Event, err)
	}
	return l, nil
}

// kindOf is the event without the number that tells one reminder from another.
func kindOf(event string) string {
	kind, _, _ := strings.Cut(event, "-")
	return kind
}

func factsOf(told transferstore.Told, locale string) facts {
	t := told.Transfer
	pays := transfer.SplitBilling(subscription.Subscription{}, t.SubmittedTime)
	return facts{
		TransferID:  t.ID,
		Customer:    named(told.Named.Customer, t.State.CustomerTenantID),
		CustomerID:  t.State.CustomerTenantID,
		Source:      named(told.Named.Source, t.SourceTenantID),
		Target:      named(told.Named.Target, t.TargetTenantID),
		TargetID:    t.TargetTenantID,
		Expires:     date(t.ExpirationTime, locale) + ", " + t.ExpirationTime.UTC().Format("15:04") + " UTC",
		Moved:       moved(t.Items),
		Total:       t.Items.Total(),
		Left:        t.Items.Total() - t.Items.Complete,
		SourceUntil: date(pays.SourceUntil, locale),
		TargetFrom:  date(pays.TargetFrom, locale),
		Reason:      kernel.ShortLine(t.DeclineReason, 1000),
	}
}

// moved says how many line items moved, and of how many when that was not all.
func moved(c transfer.ItemCounts) string {
	if c.Complete == c.Total() {
		return strconv.Itoa(c.Complete)
	}
	return fmt.Sprintf("%d of %d", c.Complete, c.Total())
}

// named is the name that the ledger has, or the id when it has none.
func named(name, id string) string {
	if name = kernel.ShortLine(name, 100); name != "" {
		return name
	}
	return id
}

// date writes the day in UTC. American readers expect the month first.
func date(t time.Time, locale string) string {
	if strings.EqualFold(locale, "en-US") {
		return t.UTC().Format("January 2, 2006")
	}
	return t.UTC().Format("2 January 2006")
}
