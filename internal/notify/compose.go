package notify

// From a mail to its words. The templates are chosen by event and audience and see only the facts below, so that none of
// them can show a line item or the other party's subscription ids (R-182..R-189), whatever it tries.

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

//go:embed templates
var templates embed.FS

var (
	texts  = texttemplate.Must(texttemplate.ParseFS(templates, "templates/*.txt"))
	layout = htmltemplate.Must(htmltemplate.ParseFS(templates, "templates/layout.html"))
)

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

// words is a mail ready to be sent.
type words struct{ Subject, Text, HTML string }

// compose writes the mail. A *PermanentError says that nothing is ever told about this event to this audience.
func compose(m Mail) (words, error) {
	t := texts.Lookup(m.kind() + "-" + string(m.Audience) + ".txt")
	if t == nil {
		return words{}, permanent("No mail is sent to the %s about the event %q.", m.Audience, m.Event)
	}
	mark := ""
	if m.Sandbox {
		mark = sandboxMark
	}
	w, err := write(t, mark, factsOf(m))
	if err != nil {
		return words{}, permanent("The mail about the event %q could not be written: %v", m.Event, err)
	}
	return w, nil
}

// sandboxMark stands before the subject of mail about what is not real.
const sandboxMark = "[Sandbox] "

func write(t *texttemplate.Template, mark string, f facts) (words, error) {
	var written, html strings.Builder
	if err := t.Execute(&written, f); err != nil {
		return words{}, err
	}
	subject, body, blocks, err := split(written.String())
	if err != nil {
		return words{}, err
	}
	subject = mark + subject
	page := struct {
		Subject string
		Blocks  []block
		Foot    string
	}{subject, blocks, "This message was sent automatically about transfer " + f.TransferID + ". Answers to it are not read."}
	if err := layout.Execute(&html, page); err != nil {
		return words{}, err
	}
	return words{Subject: subject, Text: body + "\n\n-- \n" + page.Foot + "\n", HTML: html.String()}, nil
}

func factsOf(m Mail) facts {
	t := m.Transfer
	pays := transfer.SplitBilling(subscription.Subscription{}, t.SubmittedTime)
	return facts{
		TransferID:  t.ID,
		Customer:    named(m.Named.Customer, t.State.CustomerTenantID),
		CustomerID:  t.State.CustomerTenantID,
		Source:      named(m.Named.Source, t.SourceTenantID),
		Target:      named(m.Named.Target, t.TargetTenantID),
		TargetID:    t.TargetTenantID,
		Expires:     date(t.ExpirationTime, m.Locale) + ", " + t.ExpirationTime.UTC().Format("15:04") + " UTC",
		Moved:       moved(t.Items),
		Total:       t.Items.Total(),
		Left:        t.Items.Total() - t.Items.Complete,
		SourceUntil: date(pays.SourceUntil, m.Locale),
		TargetFrom:  date(pays.TargetFrom, m.Locale),
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
