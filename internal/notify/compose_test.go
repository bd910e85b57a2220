package notify

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel/kerneltest"
	"handover/internal/transfer"
)

var update = flag.Bool("update", false, "write the golden files")

// told is every mail there is (domain section 6.1), each with its golden files.
var told = []struct {
	event    string
	audience transfer.Audience
}{
	{"created", transfer.ToSource},
	{"created", transfer.ToCustomer},
	{"completed", transfer.ToSource},
	{"completed", transfer.ToTarget},
	{"completed", transfer.ToCustomer},
	{"declined", transfer.ToTarget},
	{"reminder-1", transfer.ToSource},
}

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
	for _, c := range told {
		t.Run(c.event+" to "+string(c.audience), func(t *testing.T) {
			t.Parallel()
			m := Mail{Event: c.event, Audience: c.audience, Transfer: sample(), Named: names}
			w, err := compose(m)
			require.NoError(t, err)
			name := m.kind() + "-" + string(c.audience)
			golden(t, name+".txt", subjectPrefix+w.Subject+"\n\n"+w.Text)
			golden(t, name+".html", w.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update and read what it wrote")
	assert.Equal(t, string(want), got)
}

func TestNoTemplateIsLeftUntested(t *testing.T) {
	t.Parallel()
	files, err := templates.ReadDir("templates")
	require.NoError(t, err)
	var written, tested []string
	for _, f := range files {
		if f.Name() != "layout.html" {
			written = append(written, f.Name())
		}
	}
	for _, c := range told {
		tested = append(tested, Mail{Event: c.event}.kind()+"-"+string(c.audience)+".txt")
	}
	assert.ElementsMatch(t, written, tested)
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
		_, err := compose(Mail{Event: string(c.event), Audience: c.audience, Transfer: sample(), Named: names})
		var final *PermanentError
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

func TestTextOfUsersStaysText(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		t.Run(c.event+" to "+string(c.audience), func(t *testing.T) {
			t.Parallel()
			plain, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: sample(), Named: names})
			require.NoError(t, err)
			about, named := hostile(evil)
			w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: about, Named: named})
			require.NoError(t, err)

			assert.NotContains(t, w.Subject, "\n")
			assert.NotContains(t, w.HTML, "<script")
			assert.Contains(t, w.HTML, "&lt;script&gt;")
			assert.Equal(t, strings.Count(plain.Text, "\n"), strings.Count(w.Text, "\n"), "no line is added")
			assert.Equal(t, strings.Count(plain.HTML, "<"), strings.Count(w.HTML, "<"), "no element is added")
			for _, part := range []string{w.Subject, w.Text, w.HTML} {
				assert.NotContains(t, part, "\r")
				assert.NotContains(t, part, "\x00")
				assert.NotContains(t, part, "\u202E")
				assert.NotContains(t, part, "\xff")
			}
		})
	}
}

// Whatever the ledger calls a party, subject, text and HTML stay what the template makes of them.
func TestHostileNamesStayText(t *testing.T) {
	t.Parallel()
	for name, text := range kerneltest.Hostile() {
		about, named := hostile(text)
		for _, c := range told {
			plain, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: sample(), Named: names})
			require.NoError(t, err)
			w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: about, Named: named})
			require.NoError(t, err)
			kerneltest.Shown(t, w.Subject, name)
			for _, line := range strings.Split(w.Text+w.HTML, "\n") {
				kerneltest.Shown(t, line, name)
			}
			assert.Equal(t, strings.Count(plain.Text, "\n"), strings.Count(w.Text, "\n"), name)
			assert.Equal(t, strings.Count(plain.HTML, "<"), strings.Count(w.HTML, "<"), name)
			assert.Less(t, len(w.Subject), 1000, name)
		}
	}
}

// B11, E4, R-122, R-403: what the target typed about the others, or was called once, is in no mail.
func TestMailSaysOnlyWhatTheLedgerKnows(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		for _, about := range []transfer.Transfer{sample(), partly()} {
			w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: about, Named: names})
			require.NoError(t, err)
			for _, part := range []string{w.Subject, w.Text, w.HTML} {
				assert.NotContains(t, part, "evil")
				assert.NotContains(t, part, "as it was")
			}
			assert.Contains(t, w.Text, "Contoso")
		}
	}
}

// D2, R-402: when some did not move, everybody reads how many did, and who goes on billing the others.
func TestMailOfAPartlyCompleteTransfer(t *testing.T) {
	t.Parallel()
	for _, audience := range []transfer.Audience{transfer.ToSource, transfer.ToTarget, transfer.ToCustomer} {
		m := Mail{Event: "completed", Audience: audience, Transfer: partly(), Named: names}
		w, err := compose(m)
		require.NoError(t, err)
		assert.Contains(t, w.Text, "3 of 5", audience)
		assert.Contains(t, w.Text, "The other 2 did not move", audience)
		golden(t, "partly-"+string(audience)+".txt", subjectPrefix+w.Subject+"\n\n"+w.Text)
		golden(t, "partly-"+string(audience)+".html", w.HTML)
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: sample(), Named: names})
		require.NoError(t, err)
		for _, resource := range []string{"http:", "https:", "src=", "href=", "url(", "@import"} {
			assert.NotContains(t, w.HTML, resource, "%s to %s", c.event, c.audience)
		}
	}
}

// the customer learns no more about the partners than their names.
func TestCustomerReadsPlainLanguage(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"created", "completed"} {
		w, err := compose(Mail{Event: event, Audience: transfer.ToCustomer, Transfer: sample(), Named: names})
		require.NoError(t, err)
		for _, jargon := range []string{sourceID, targetID, customerID, "tenant", "line item", "/v1/", "submit"} {
			assert.NotContains(t, w.Text, jargon, event)
		}
	}
}

// whoever reads a mail of a sandbox sees at once that nothing in it is real.
func TestMailOfASandboxSaysSo(t *testing.T) {
	t.Parallel()
	for _, audience := range []transfer.Audience{transfer.ToSource, transfer.ToCustomer} {
		m := Mail{Event: string(transfer.EventCreated), Audience: audience}
		real, err := compose(m)
		require.NoError(t, err)
		m.Sandbox = true
		box, err := compose(m)
		require.NoError(t, err)
		assert.Equal(t, "[Sandbox] "+real.Subject, box.Subject)
		assert.Equal(t, real.Text, box.Text)
		assert.Contains(t, box.HTML, "[Sandbox] ")
	}
}

func TestNamesFallBackToIDs(t *testing.T) {
	t.Parallel()
	unnamed := transfer.PartyNames{Customer: "", Source: "Fabrikam", Target: " \n"}
	w, err := compose(Mail{Event: "created", Audience: transfer.ToSource, Transfer: sample(), Named: unnamed})
	require.NoError(t, err)
	assert.Equal(t, targetID+" asks to take over the billing of "+customerID, w.Subject)
}

func TestDatesFollowTheReader(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{"en-US": "July 14, 2024, 00:00 UTC", "de-DE": "14 July 2024, 00:00 UTC", "": "14 July 2024, 00:00 UTC"} {
		w, err := compose(Mail{Event: "created", Audience: transfer.ToSource, Locale: locale, Transfer: sample(), Named: names})
		require.NoError(t, err)
		assert.Contains(t, w.Text, "Open until: "+want, locale)
	}
}

func TestSplitWantsASubject(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"", "Hello\n\nbody", "Subject: one\nSubject: two\n\nbody", "Subject: no body"} {
		_, _, _, err := split(written)
		assert.Error(t, err, "%q", written)
	}
}
