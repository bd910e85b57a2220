package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	transferstore "handover/internal/transfer/store"
)

// mailed is the transfer's first e-mail, once a mail server has taken all of it.
func (b shelf) mailed(id string) outbox.Notification {
	b.t.Helper()
	owed, err := b.ClaimMail(b.t.Context(), "relay", "", 50, 50, time.Hour)
	require.NoError(b.t, err)
	var results []outbox.MailResult
	for _, o := range owed {
		results = append(results, outbox.MailResult{ID: o.ID, Outcome: outbox.MailSent})
	}
	require.NoError(b.t, b.RecordMail(b.t.Context(), "relay", results))
	mails, err := b.Notifications(b.t.Context(), transferstore.Subject(id))
	require.NoError(b.t, err)
	return mails[0]
}

// reportOf is a report about the attempt at the e-mail, as that mail server writes it.
func reportOf(t *testing.T, server string, n outbox.Notification, attempt int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "internal", "notify", "bounce", "testdata", server+".eml"))
	require.NoError(t, err)
	return strings.NewReplacer("MESSAGE-ID", n.MessageID, "RECIPIENT", n.Recipient, "ATTEMPT", strconv.Itoa(attempt)).Replace(string(text))
}

// What bounces is listed and can be sent again; the same report twice, and one from before it was sent again, change nothing.
func TestMailBounces(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"postfix", "exchange", "gmail"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			b := newShelf(t, 0)
			id := b.pending("r")
			mail := b.mailed(id)
			says := func(report string, words string) {
				t.Helper()
				s := b.stage()
				s.stdin = report
				require.Equal(t, 0, s.run(t, "mail", "bounced", "-"), s.stderr.String())
				assert.Contains(t, s.stdout.String(), words)
				assert.False(t, s.service.connected)
			}
			says(reportOf(t, "delayed", mail, 1), "Nothing changed: the report does not say that the e-mail failed, but delayed.")
			report := reportOf(t, server, mail, 1)
			says(report, fmt.Sprintf("E-mail %d (created, about transfer %s) is undelivered. To send it again: starter mail resend %d", mail.ID, id, mail.ID))
			says(report, "Nothing changed: e-mail "+fmt.Sprint(mail.ID)+" was undelivered already")

			s := b.stage()
			require.Equal(t, 0, s.run(t, "mail", "undelivered"), s.stderr.String())
			assert.Contains(t, s.stdout.String(), "A mail server took it, and one reported afterwards: 5.")
			s = b.stage()
			require.Equal(t, 0, s.run(t, "mail", "resend", fmt.Sprint(mail.ID)), s.stderr.String())
			says(report, "Nothing changed: the report is about another attempt than the latest")
			says(reportOf(t, server, mail, 2), "still waits to be sent")
			b.mailed(id)
			says(report, "Nothing changed: the report is about another attempt than the latest")
			says(reportOf(t, server, mail, 2), "is undelivered")
		})
	}
}

func TestBouncesInJSON(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	mail := b.mailed(id)
	path := filepath.Join(t.TempDir(), "report.eml")
	for _, c := range []struct {
		report string
		want   bouncedView
	}{
		{reportOf(t, "delayed", mail, 1), bouncedView{Changed: outbox.NothingFailed}},
		{reportOf(t, "postfix", mail, 1), bouncedView{mail.ID, "transfer", id, "created", outbox.NowUndelivered}},
		{reportOf(t, "gmail", mail, 1), bouncedView{mail.ID, "transfer", id, "created", outbox.AlreadyEnded}},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.report), 0o600))
		s := b.stage()
		require.Equal(t, 0, s.run(t, "mail", "bounced", path, "-o", "json"), s.stderr.String())
		var v bouncedView
		require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &v))
		assert.Equal(t, c.want, v)
	}
}

// What is no report, about none of our mail or about somebody else is told apart by the exit status; so is a mail that is being sent.
func TestReportsThatAreOfNoUse(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	owed, err := b.ClaimMail(t.Context(), "relay", "", 50, 50, time.Hour)
	require.NoError(t, err)
	underWay := owed[0].Notification
	mail := underWay
	mail.MessageID = "nobody@handover"
	elsewhere := underWay
	elsewhere.Recipient = "somebody@else.example"
	for _, c := range []struct {
		status int
		says   string
		report string
	}{
		{2, "standard input is of no use: it does not begin with the header of an e-mail", ""},
		{2, "of no use: it does not begin with the header", "\x00\xff"},
		{2, "of no use: it is no report of a mail server", "Subject: Out of office\n\nBack on Monday."},
		{2, "of no use: it is larger than 1024 kB", "Subject: " + strings.Repeat("x", 10<<20)},
		{3, "about no e-mail of this ledger", reportOf(t, "postfix", mail, 1)},
		{3, "about another recipient", reportOf(t, "exchange", elsewhere, 1)},
		{5, "in the hands of a relay", reportOf(t, "gmail", underWay, 1)},
	} {
		s := b.stage()
		s.stdin = c.report
		assert.Equal(t, c.status, s.run(t, "mail", "bounced"), s.stderr.String())
		assert.Contains(t, s.stderr.String(), c.says)
		assert.Empty(t, s.stdout.String())
		assert.NotContains(t, s.stderr.String(), underWay.Recipient)
	}
	for _, args := range [][]string{{"a", "b"}, {""}, {filepath.Join(t.TempDir(), "missing")}} {
		s := b.stage()
		assert.Equal(t, 2, s.run(t, append([]string{"mail", "bounced"}, args...)...), s.stderr.String())
	}
	mails, err := b.Notifications(t.Context(), transferstore.Subject(id))
	require.NoError(t, err)
	for _, n := range mails {
		assert.False(t, n.Ended)
	}
}
