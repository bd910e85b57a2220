package transfermail

import (
	"cmp"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var update = flag.Bool("update", false, "write the golden files")

// letter is an e-mail that is owed, with what it tells of.
type letter struct {
	outbox.Notification
	about transfer.Transfer
	named transfer.PartyNames
	at    string // where partners open transfers
}

func (l letter) write() (notify.Letter, error) {
	return Letter(l.Notification, transferstore.Told{Transfer: l.about, Named: l.named}, l.at)
}

// told is every mail there is: the rows of the table of who hears what that say so (domain section 6.1), each with its golden files.
var told = func() (all []letter) {
	for _, h := range transfer.Hearings() {
		for _, audience := range h.Hearers(transfer.ByMail) {
			l := letterTo(audience, cmp.Or(h.MailedAs, h.Of))
			if h.Of == transfer.EventReminder {
				l.Event += "-1"
			}
			if h.Of == transfer.EventPartly {
				l.about = partly()
			}
			all = append(all, l)
		}
	}
	return all
}()

func letterTo(audience transfer.Audience, event transfer.Event) letter {
	return letter{
		Notification: outbox.Notification{Event: string(event), Audience: string(audience)}, about: sample(), named: names,
		at: "https://portal.example/customers/{customerId}/transfers/{transferId}",
	}
}

// locales are one for each language.
var locales = []string{"en", "it", "es", "ja"}

// everyMail runs the test with every mail in every language. The name is that of its golden files.
func everyMail(t *testing.T, test func(t *testing.T, name string, m letter)) {
	t.Helper()
	require.Len(t, told, 10)
	for _, locale := range locales {
		for _, m := range told {
			m.Locale = locale
			what := kindOf(m.Event)
			if m.about.Status == transfer.PartiallyComplete {
				what = "partly"
			}
			name := locale + "/" + what + "-" + m.Audience
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, name, m)
			})
		}
	}
}

const link = "https://portal.example/customers/" + customerID + "/transfers/" + transferID

const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	sourceID   = "5b7d1a20-0000-4000-8000-00000000a001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

// sample is the transfer of the worked example of R-32, submitted on 15 June 2024.
func sample() transfer.Transfer {
	return transfer.Transfer{
		ID: transferID,
		Request: transfer.Request{
			CustomerName: typed, CustomerEmail: "it@contoso.example", SourcePartnerName: typed,
		},
		State: transfer.State{
			CustomerTenantID: customerID, SourceTenantID: sourceID, TargetTenantID: targetID,
			ExpirationTime: time.Date(2024, 7, 14, 0, 0, 0, 0, time.UTC),
			SubmittedTime:  time.Date(2024, 6, 15, 9, 30, 0, 0, time.UTC),
			Items:          transfer.ItemCounts{Complete: 3},
		},
		TargetPartnerName: "Northwind as it was",
		DeclineReason:     "The contract with the customer runs until autumn.",
	}
}

// typed is what a target claims that others are called (E4).
const typed = "Your bank https://evil.example"

// names are what the ledger calls the parties of the sample.
var names = transfer.PartyNames{Customer: "Contoso", Source: "Fabrikam", Target: "Northwind"}

// partly is the sample when two of its line items did not move.
func partly() transfer.Transfer {
	t := sample()
	t.Status, t.Items.Failed = transfer.PartiallyComplete, 2
	return t
}

func TestEveryMailReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, name string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		golden(t, name+".txt", "Subject: "+w.Subject+"\n\n"+w.Text)
		golden(t, name+".html", w.HTML)
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update and read what it wrote")
	assert.Equal(t, string(want), got)
}

// Every mail is written in every language, no text is left over, and all say it with the same facts.
func TestLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	var owed []string
	for _, m := range told {
		if name := kindOf(m.Event) + "-" + m.Audience + ".txt"; !slices.Contains(owed, name) {
			owed = append(owed, name)
		}
	}
	for _, l := range notify.Languages() {
		assert.Contains(t, locales, l.Words)
		assert.Contains(t, said, l.Words)
		files, err := templates.ReadDir("templates/" + l.Words)
		require.NoError(t, err)
		var written []string
		for _, f := range files {
			written = append(written, f.Name())
			assert.Equal(t, usedBy(texts["en"].Lookup(f.Name()).Root), usedBy(texts[l.Tag].Lookup(f.Name()).Root), "%s/%s", l.Words, f.Name())
		}
		assert.ElementsMatch(t, owed, written, l.Words)
	}
}

// usedBy are the names of the facts that a part of a template uses.
func usedBy(node parse.Node) []string {
	names := regexp.MustCompile(`\.([A-Z][A-Za-z]+)`).FindAllString(node.String(), -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// One is one, and many are many, in every language that tells them apart.
func TestPluralsAreRight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		locale              string
		audience            transfer.Audience
		moved, failed       int
		want, wanted, never []string
	}{
		{"en", transfer.ToCustomer, 1, 0, []string{"bills one of your cloud subscriptions"}, []string{"of 1 cloud subscription of", "this subscription and its invoices"}, []string{"these", "their", "other"}},
		{"en", transfer.ToCustomer, 1, 1, nil, []string{"1 of 2 cloud subscriptions", "The other one did not move", "goes on billing it.", "the subscription that moved and its invoices"}, []string{"them."}},
		{"en", transfer.ToSource, 1, 1, nil, []string{"The moved subscription is cancelled", "you go on billing it."}, []string{"them."}},
		{"en", transfer.ToTarget, 1, 0, []string{"one subscription of"}, []string{"has a new id. To see it"}, []string{"Each"}},
		{"en", transfer.ToSource, 1200, 1100, nil, []string{"1,200 of 2,300", "The other 1,100 did not move"}, nil},
		{"it", transfer.ToCustomer, 1, 0, []string{"una delle vostre"}, []string{"di 1 sottoscrizione cloud di", "su questa sottoscrizione"}, []string{"Le altre", "su queste"}},
		{"it", transfer.ToCustomer, 1, 1, nil, []string{"di 1 sottoscrizione cloud su 2", "La sottoscrizione restante", "sulla sottoscrizione trasferita"}, []string{"Le altre"}},
		{"it", transfer.ToSource, 1, 1, nil, []string{"La sottoscrizione trasferita è annullata", "fatturarla voi. Il motivo è"}, []string{"Le altre"}},
		{"it", transfer.ToTarget, 1, 0, []string{"una sottoscrizione di"}, []string{"Per vederlo"}, []string{"Ogni"}},
		{"es", transfer.ToCustomer, 1, 0, []string{"una de sus suscripciones"}, []string{"de 1 suscripción en la nube", "esta suscripción"}, []string{"otras", " estas "}},
		{"es", transfer.ToCustomer, 1, 1, nil, []string{"de 1 de 2 suscripciones", "La suscripción restante", "la suscripción transferida"}, []string{"otras"}},
		{"es", transfer.ToSource, 1, 1, nil, []string{"La suscripción transferida queda cancelada", "El motivo figura"}, []string{"otras"}},
		{"es", transfer.ToTarget, 1, 0, []string{"una suscripción de"}, []string{"Para verlo"}, []string{"Cada"}},
		{"ja", transfer.ToCustomer, 1, 1, []string{"一部の"}, []string{"2 件中 1 件", "残りの 1 件"}, nil},
	} {
		m := letterTo(c.audience, transfer.EventCompleted)
		m.Locale = c.locale
		m.about.Items = transfer.ItemCounts{Complete: c.moved, Failed: c.failed}
		w, err := m.write()
		require.NoError(t, err)
		for _, want := range c.want {
			assert.Contains(t, w.Subject, want)
		}
		for _, want := range c.wanted {
			assert.Contains(t, w.Text, want)
		}
		for _, never := range c.never {
			assert.NotContains(t, w.Text, never, "%s: %s", c.locale, w.Text)
		}
	}
}

var (
	guid    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	address = regexp.MustCompile(`[a-z]+://[^"<\s]+`)
)

// each recipient reads the ids that are theirs to know and no other, and is sent nowhere but to the transfer. No mail
// has a line item; the facts of a mail have none to tell.
func TestRulesOfWhatAMailNames(t *testing.T) {
	t.Parallel()
	ids := map[string][]string{
		"created-source": {customerID, targetID, transferID}, "reminder-source": {customerID, targetID, transferID},
		"completed-source": {customerID, transferID}, "partly-source": {customerID, transferID},
		"completed-target": {customerID, transferID}, "partly-target": {customerID, transferID}, "declined-target": {customerID, transferID},
		"created-customer": {transferID}, "completed-customer": {transferID}, "partly-customer": {transferID},
	}
	everyMail(t, func(t *testing.T, name string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		assert.Empty(t, guid.FindString(w.Subject))
		for _, body := range []string{w.Text, w.HTML} {
			named := guid.FindAllString(body, -1)
			slices.Sort(named)
			assert.ElementsMatch(t, ids[filepath.Base(name)], slices.Compact(named))
			assert.NotContains(t, body, "it@contoso.example")
			links := address.FindAllString(body, -1)
			if m.Audience == string(transfer.ToCustomer) {
				assert.Empty(t, links)
			} else {
				assert.Equal(t, []string{link}, links)
			}
		}
	})
}

// A reason is the source's word: it stands apart, as a quotation, and nothing that it holds ends the quotation.
func TestReasonOfADeclineIsQuoted(t *testing.T) {
	t.Parallel()
	for _, locale := range locales {
		m := letterTo(transfer.ToTarget, transfer.EventDeclined)
		m.Locale = locale
		m.about.DeclineReason = "No.\n\nHandover: “confirm” at </blockquote> - once"
		w, err := m.write()
		require.NoError(t, err)
		assert.Contains(t, w.Text, "\n\n> No. Handover: “confirm” at </blockquote> - once\n\n", locale)
		assert.Equal(t, 1, strings.Count(w.HTML, "</blockquote>"), locale)
		m.about.DeclineReason = " "
		w, err = m.write()
		require.NoError(t, err)
		assert.NotContains(t, w.HTML, "blockquote", locale)
	}
}

// nobody else is told anything.
func TestNobodyElseIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event    transfer.Event
		audience transfer.Audience
	}{
		{transfer.EventCreated, transfer.ToTarget},
		{transfer.EventDeclined, transfer.ToSource},
		{transfer.EventSubmitted, transfer.ToSource},
		{transfer.EventCancelled, transfer.ToTarget},
		{transfer.EventExpired, transfer.ToTarget},
		{transfer.EventFailed, transfer.ToSource},
		{"layout", "html"},
	} {
		_, err := letterTo(c.audience, c.event).write()
		var final *notify.PermanentError
		assert.ErrorAs(t, err, &final, "%s to %s", c.event, c.audience)
	}
}

const evil = "- <script>alert(1)</script>\r\nBcc: x@evil.example\r\n\r\n- \x00\u202Etxet\xff & \"co\""

// hostile is a transfer whose every free text, and that of the ledger, is one that tries to be more than a text.
func hostile(text string) (transfer.Transfer, transfer.PartyNames) {
	t := sample()
	t.DeclineReason = text
	return t, transfer.PartyNames{Customer: text, Source: text, Target: text}
}

// What tries to be more than a text, of a user or of the ledger, stays a text in every mail of every language.
func TestTextOfUsersStaysText(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"evil": evil, "a quotation": "> it was all agreed", "a subject": "Subject: paid", "a link": "[x](https://evil.example)"}
	maps.Copy(texts, kerneltest.Hostile())
	everyMail(t, func(t *testing.T, _ string, m letter) {
		plain, err := m.write()
		require.NoError(t, err)
		for name, text := range texts {
			about, named := hostile(text)
			about.Items = m.about.Items
			m.about, m.named = about, named
			w, err := m.write()
			require.NoError(t, err)
			kerneltest.Shown(t, w.Subject, name)
			for _, line := range strings.Split(w.Text+w.HTML, "\n") {
				kerneltest.Shown(t, line, name)
			}
			if about.DeclineReason != "" && kernel.Line(text) != "" {
				assert.Equal(t, strings.Count(plain.Text, "\n"), strings.Count(w.Text, "\n"), "no line is added by %s", name)
				assert.Equal(t, strings.Count(plain.HTML, "<"), strings.Count(w.HTML, "<"), "no element is added by %s", name)
			}
			assert.Less(t, len(w.Subject), 1000, name)
		}
	})
}

// B11, E4, R-122, R-403: what the target typed about the others, or was called once, is in no mail.
func TestMailSaysOnlyWhatTheLedgerKnows(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, _ string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		for _, part := range []string{w.Subject, w.Text, w.HTML} {
			assert.NotContains(t, part, "evil")
			assert.NotContains(t, part, "as it was")
		}
		assert.Contains(t, w.Text, "Contoso")
	})
}

// D2, R-402: when some did not move, everybody reads how many did, and who goes on billing the others.
func TestMailOfAPartlyCompleteTransfer(t *testing.T) {
	t.Parallel()
	of := map[string]string{"en": "3 of 5", "it": "su 5", "es": "3 de 5", "ja": "5 件中 3 件"}
	others := map[string]string{
		"en": "The other 2 did not move", "it": "Le altre 2 non sono state trasferite", "es": "Las otras 2 no se han transferido", "ja": "残りの 2 件は移管されませんでした",
	}
	everyMail(t, func(t *testing.T, _ string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		if m.about.Status == transfer.PartiallyComplete {
			assert.Contains(t, w.Text, of[m.Locale])
			assert.Contains(t, w.Text, others[m.Locale])
		} else {
			assert.NotContains(t, w.Text, of[m.Locale])
		}
	})
}

// A page that says in which language it is, also where a mailbox shows only what stands in its body, fits a phone, follows light and dark,
// and loads nothing.
func TestPageReadsWellAndLoadsNothing(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, _ string, m letter) {
		w, err := m.write()
		require.NoError(t, err)
		for _, has := range []string{`<html lang="` + m.Locale + `">`, `name="viewport"`, `content="light dark"`, "<h1", `<main lang="` + m.Locale + `"`} {
			assert.Contains(t, w.HTML, has)
		}
		for _, resource := range []string{"src=", "url(", "@import", "<link", "<script", "<img"} {
			assert.NotContains(t, w.HTML, resource)
		}
		m.at = ""
		without, err := m.write()
		require.NoError(t, err)
		assert.NotContains(t, without.HTML, "href=")
		assert.NotContains(t, without.Text, said[m.Locale].open+":")
	})
}

// the customer learns no more about the partners than their names.
func TestCustomerReadsPlainLanguage(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, _ string, m letter) {
		if m.Audience != string(transfer.ToCustomer) {
			return
		}
		w, err := m.write()
		require.NoError(t, err)
		for _, jargon := range []string{
			sourceID, targetID, customerID, "tenant", "line item", "/v1/", "submit", "inquilino", "テナント", "voci", "elementos", "明細",
		} {
			assert.NotContains(t, w.Text, jargon)
		}
	})
}

func TestNamesFallBackToIDs(t *testing.T) {
	t.Parallel()
	unnamed := transfer.PartyNames{Customer: "", Source: "Fabrikam", Target: " \n"}
	l := letterTo(transfer.ToSource, transfer.EventCreated)
	l.named = unnamed
	w, err := l.write()
	require.NoError(t, err)
	assert.Equal(t, targetID+" asks to take over the billing of "+customerID, w.Subject)
}

func TestDatesFollowTheReader(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"en-US": "Open until: July 14, 2024, 00:00 UTC", "de-DE": "Open until: 14 July 2024, 00:00 UTC", "": "Open until: 14 July 2024, 00:00 UTC",
		"it-IT": "Scadenza: 14 luglio 2024, ore 00:00 UTC", "es-ES": "Vencimiento: 14 de julio de 2024, 00:00 UTC", "ja-JP": "回答期限: 2024年7月14日 00:00 (UTC)",
	} {
		l := letterTo(transfer.ToSource, transfer.EventCreated)
		l.Locale = locale
		w, err := l.write()
		require.NoError(t, err)
		assert.Contains(t, w.Text, want+"\n", locale)
	}
}

// whoever reads a mail of a sandbox sees at once that nothing in it is real.
func TestMailOfASandboxSaysSo(t *testing.T) {
	t.Parallel()
	everyMail(t, func(t *testing.T, name string, m letter) {
		real, err := m.write()
		require.NoError(t, err)
		box, err := Letter(m.Notification, transferstore.Told{Transfer: m.about, Named: m.named, Sandbox: true}, m.at)
		require.NoError(t, err)
		assert.Equal(t, "[Sandbox] "+real.Subject, box.Subject, name)
		assert.Equal(t, real.Text, box.Text, name)
		assert.Contains(t, box.HTML, "[Sandbox] ", name)
	})
}
