package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
	"handover/internal/world"
)

// An operator sees who is not told, what waits and why: nobody sends what is due, the endpoint only fails, it is switched off.
func TestStuckWebhooks(t *testing.T) {
	t.Parallel()
	partner := world.Demo().SourceTenantID
	b := newShelf(t, 2*time.Hour)
	_, err := b.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, partner,
		webhook.Wish{URL: "https://hooks.example/", Events: []string{"test-created"}}, webhook.Addresses{})
	require.NoError(t, err)
	for _, id := range []string{"first", "second"} {
		_, err := b.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, partner, id)
		require.NoError(t, err)
	}
	shows := func(line string) stuckView {
		t.Helper()
		s := b.stage()
		require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
		assert.Regexp(t, `(?m)^Partners who are not told by webhook\n.*\n`+partner+" +"+line+`$`, s.stdout.String())
		s = b.stage()
		require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
		var found stuckView
		require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &found))
		require.Len(t, found.Webhooks, 1)
		return found
	}
	answers := func(status int) {
		t.Helper()
		now, err := b.LookAtWebhook(t.Context(), partner, 1)
		require.NoError(t, err)
		_, err = b.RecordWebhookAttempts(t.Context(), partner, webhook.Attempt{
			DeliveryID: now.Due[0].ID, N: 1, At: now.At, Registered: now.Registration.ModifiedAt, Answer: webhook.Answer{Status: status},
		})
		require.NoError(t, err)
	}
	const moments = `\S+ \S+Z`
	found := shows(`2 +` + moments + ` +due, and not sent +` + moments + ` +0`)
	require.Len(t, found.Runs, 1)
	assert.Empty(t, found.Runs[0].TransferID, "it is about a partner")
	answers(503)
	found = shows(`2 +` + moments + ` +takes nothing since ` + moments + ` +503 +` + moments + ` +0`)
	assert.Equal(t, "503", found.Webhooks[0].Latest)
	answers(410)
	found = shows(`0 +switched off ` + moments + `: it answered 410 +2`)
	assert.Equal(t, webhook.WhyGone, found.Webhooks[0].Off)
	assert.Equal(t, 2, found.Webhooks[0].Dead)
}
