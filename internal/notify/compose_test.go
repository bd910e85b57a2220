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
			CustomerName: "Contoso", CustomerEmail: "it@contoso.example", SourcePartnerName: "Fabrikam",
		},
		State: transfer.State{
			CustomerTenantID: customerID, SourceTenantID: sourceID, TargetTenantID: targetID,
			ExpirationTime: time.Date(2024, 7, 14, 0, 0, 0, 0, time.UTC),
			SubmittedTime:  time.Date(2024, 6, 15, 9, 30, 0, 0, time.UTC),
			Items:          transfer.ItemCounts{Complete: 3},
		},
		TargetPartnerName: "Northwind",
		DeclineReason:     "The contract with the customer runs until autumn.",
	}
}

func TestEveryMailReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		t.Run(c.event+" to "+string(c.audience), func(t *testing.T) {
			t.Parallel()
			m := Mail{Event: c.event, Audience: c.audience, Transfer: sample()}
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
		_, err := compose(Mail{Event: string(c.event), Audience: c.audience, Transfer: sample()})
		var final *PermanentError
		assert.ErrorAs(t, err, &final, "%s to %s", c.event, c.audience)
	}
}

// hostile is a transfer whose every free text tries to be more than a text.
func hostile() transfer.Transfer {
	t := sample()
	evil := "- <script>alert(1)</script>\r\nBcc: x@evil.example\r\n\r\n- \x00\u202Etxet\xff & \"co\""
	t.CustomerName, t.SourcePartnerName, t.TargetPartnerName, t.DeclineReason = evil, evil, evil, evil
	return t
}

func TestTextOfUsersStaysText(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		t.Run(c.event+" to "+string(c.audience), func(t *testing.T) {
			t.Parallel()
			plain, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: sample()})
			require.NoError(t, err)
			w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: hostile()})
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

func TestHTMLLoadsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range told {
		w, err := compose(Mail{Event: c.event, Audience: c.audience, Transfer: sample()})
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
		w, err := compose(Mail{Event: event, Audience: transfer.ToCustomer, Transfer: sample()})
		require.NoError(t, err)
		for _, jargon := range []string{sourceID, targetID, customerID, "tenant", "line item", "/v1/", "submit"} {
			assert.NotContains(t, w.Text, jargon, event)
		}
	}
}

func TestNamesFallBackToIDs(t *testing.T) {
	t.Parallel()
	tr := sample()
	tr.CustomerName, tr.TargetPartnerName = "", " \n"
	w, err := compose(Mail{Event: "created", Audience: transfer.ToSource, Transfer: tr})
	require.NoError(t, err)
	assert.Equal(t, targetID+" asks to take over the billing of "+customerID, w.Subject)
}

func TestDatesFollowTheReader(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{"en-US": "July 14, 2024, 00:00 UTC", "de-DE": "14 July 2024, 00:00 UTC", "": "14 July 2024, 00:00 UTC"} {
		w, err := compose(Mail{Event: "created", Audience: transfer.ToSource, Locale: locale, Transfer: sample()})
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
