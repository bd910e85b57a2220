package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// sent is what the command shows, read from its JSON.
func (b shelf) sent(args ...string) (v sentView, out string) {
	b.t.Helper()
	s := b.stage()
	require.Equal(b.t, 0, s.run(b.t, append([]string{"sent", "-o", "json"}, args...)...), s.stderr.String())
	require.NoError(b.t, json.Unmarshal(s.stdout.Bytes(), &v))
	assert.False(b.t, s.service.connected)
	return v, s.stdout.String()
}

// Per transfer the ledger has what was sent to whom, by whatever channel, and what became of it; get and stuck count what did not arrive.
func TestWhatWasSentToWhom(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	source, target := world.Demo().SourceTenantID, world.Demo().TargetTenantID
	for _, partner := range []string{source, target} {
		s := b.stage()
		require.Equal(t, 0, s.run(t, "webhook", "register", "--as", partner, "--url", "https://hooks.example/x"), s.stderr.String())
	}
	id := b.pending("r")
	v, _ := b.sent(id)
	channels := map[string]int{}
	for _, one := range v.Sent {
		channels[one.Channel+" "+one.Audience]++
		assert.Equal(t, "waiting", one.State)
		assert.Empty(t, one.At)
	}
	assert.Equal(t, 1, channels["webhook source"])
	assert.Equal(t, 1, channels["webhook target"])
	assert.Positive(t, channels["email source"])
	assert.Equal(t, 1, channels["email customer"])
	assert.Zero(t, channels["email target"])
	mails := channels["email source"] + channels["email customer"]

	get := func() (counted transferView) {
		s := b.stage()
		require.Equal(t, 0, s.run(t, "get", id, "-o", "json"), s.stderr.String())
		require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &counted))
		return counted
	}
	assert.Equal(t, mails, get().Mail.Waiting)
	mail := b.mailed(id)
	s := b.stage()
	s.stdin = reportOf(t, "postfix", mail, 1)
	require.Equal(t, 0, s.run(t, "mail", "bounced"), s.stderr.String())
	states := map[string]int{}
	v, _ = b.sent(id)
	for _, one := range v.Sent {
		states[one.Channel+" "+one.State]++
		if one.State == "undelivered" {
			assert.Contains(t, one.Latest, "5.1.1")
			assert.Equal(t, mail.Recipient, one.To)
			assert.Equal(t, 1, one.Attempts)
		}
	}
	assert.Equal(t, map[string]int{"email undelivered": 1, "email sent": mails - 1, "webhook waiting": 2}, states)
	assert.Equal(t, 1, get().Mail.Undelivered)
	assert.Zero(t, get().Mail.Waiting)

	for args, line := range map[string]string{
		"sent":  `email +\d+ +created +source +` + mail.Recipient + ` +undelivered +\S+ \S+ +1 +A mail server took it`,
		"get":   `(?m)^E-mail undelivered +1; starter sent ` + id + ` says why$`,
		"stuck": `transfer ` + id + ` +0 +1 `,
	} {
		s := b.stage()
		command := []string{args, id}
		if args == "stuck" {
			command = command[:1]
		}
		require.Equal(t, 0, s.run(t, command...), s.stderr.String())
		assert.Regexp(t, line, s.stdout.String())
	}
	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
	var stuck stuckView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &stuck))
	assert.Equal(t, 1, stuck.Ended)
	require.Len(t, stuck.Backlogs, 1)
	assert.Equal(t, id, stuck.Backlogs[0].TransferID)
	assert.NotContains(t, s.stdout.String(), "@", "no addresses")
}

// I-6: a party is shown what it was sent, and no word of what the other one or the customer was sent; another partner is shown nothing.
func TestAPartyIsShownWhatItWasSent(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	source, target := world.Demo().SourceTenantID, world.Demo().TargetTenantID
	for _, partner := range []string{source, target} {
		s := b.stage()
		require.Equal(t, 0, s.run(t, "webhook", "register", "--as", partner, "--url", "https://hooks.example/x"), s.stderr.String())
	}
	id := b.pending("r")
	all, _ := b.sent(id)
	shown := 0
	for partner, audience := range map[string]string{source: "source", target: "target"} {
		v, out := b.sent(id, "--as", partner)
		require.NotEmpty(t, v.Sent)
		shown += len(v.Sent)
		for _, one := range v.Sent {
			assert.Equal(t, audience, one.Audience)
		}
		for _, one := range all.Sent {
			if one.Audience != audience {
				assert.NotContains(t, out, one.To)
				for _, other := range v.Sent {
					assert.False(t, one.Mail == other.Mail && one.Delivery == other.Delivery, "%d%s is not the partner's", one.Mail, one.Delivery)
				}
			}
		}
	}
	assert.Equal(t, len(all.Sent)-1, shown, "all but the customer's")
	for _, args := range [][]string{{id, "--as", transferID}, {transferID}} {
		s := b.stage()
		assert.Equal(t, 4, s.run(t, append([]string{"sent"}, args...)...), s.stderr.String())
		assert.Empty(t, s.stdout.String())
	}
}
