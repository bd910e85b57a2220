package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/transfer"
)

// refuses makes the mail server's answer to everything that is owed a refusal for good, and tells the numbers.
func (b shelf) refuses(reason string) (mails []int64) {
	b.t.Helper()
	owed, err := b.ClaimMail(b.t.Context(), "relay", "", 50, 50, time.Hour)
	require.NoError(b.t, err)
	var results []outbox.MailResult
	for _, o := range owed {
		mails = append(mails, o.ID)
		results = append(results, outbox.MailResult{ID: o.ID, Outcome: outbox.MailUndelivered, Reason: reason})
	}
	require.NoError(b.t, b.RecordMail(b.t.Context(), "relay", results))
	return mails
}

func TestUndeliveredMail(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	s := b.stage()
	require.Equal(t, 0, s.run(t, "mail", "undelivered"))
	assert.Contains(t, s.stderr.String(), "No e-mail is undelivered.")

	mails := b.refuses("no such mailbox")
	s = b.stage()
	require.Equal(t, 0, s.run(t, "mail", "undelivered", "--transfer", id), s.stderr.String())
	assert.Regexp(t, fmt.Sprintf(`(?m)^ *%d +transfer %s +created +source .*no such mailbox *$`, mails[0], id), s.stdout.String())
	assert.False(t, s.service.connected)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "mail", "undelivered", "-o", "json"), s.stderr.String())
	var v undeliveredView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &v))
	require.Len(t, v.Mails, len(mails))
	assert.Equal(t, len(mails), v.Count)
	assert.Equal(t, id, v.Mails[0].SubjectID)
	assert.Equal(t, "no such mailbox", v.Mails[0].Reason)
	assert.Contains(t, v.Mails[0].Recipient, "@")
	assert.False(t, v.Mails[0].Since.IsZero())
	assert.NotContains(t, s.stdout.String(), "resentAt")
	assert.Contains(t, s.stdout.String(), `"kind": "transfer"`)
	assert.Contains(t, s.stdout.String(), `"id": "`+id+`"`)
}

func TestMailIsResent(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	mails := b.refuses("no such mailbox")
	first := fmt.Sprint(mails[0])

	s := b.stage()
	require.Equal(t, 0, s.run(t, "mail", "resend", first, first, "--request-id", "m1", "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"mails": [`+first+`], "left": 0, "requestId": "m1"}`, s.stdout.String())
	s = b.stage()
	require.Equal(t, 0, s.run(t, "mail", "resend", first, "--request-id", "m1", "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"mails": [`+first+`], "left": 0, "requestId": "m1"}`, s.stdout.String())
	logged := b.logged(id, transfer.EventMailResent)
	require.Len(t, logged, 1, "a repetition does nothing")
	assert.Equal(t, operatorName, logged[0].Origin.Operator)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "mail", "resend", "--transfer", id, "--request-id", "m2"), s.stderr.String())
	assert.Regexp(t, fmt.Sprintf(`(?m)^In the queue again +%d$`, len(mails)-1), s.stdout.String())
	s = b.stage()
	require.Equal(t, 0, s.run(t, "mail", "resend", "--all", "--request-id", "m3"), s.stderr.String())
	assert.Regexp(t, `(?m)^In the queue again +0$`, s.stdout.String())

	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{3, "There is no undelivered e-mail " + first, []string{first, "--request-id", "m4"}},
		{3, "used for another request", []string{"--all", "--request-id", "m1"}},
		{4, "no such transfer", []string{"--transfer", transferID}},
		{2, "one of them only", nil},
		{2, "one of them only", []string{first, "--all"}},
		{2, "not the number of an e-mail", []string{"-o", "json", "--", "-3"}},
		{2, "not the number of an e-mail", []string{"x"}},
		{2, "--transfer", []string{"--transfer", "x"}},
	} {
		s = b.stage()
		assert.Equal(t, c.status, s.run(t, append([]string{"mail", "resend"}, c.args...)...), c.args)
		assert.Contains(t, s.stderr.String(), c.says)
	}
}
