package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/outage"
	"handover/internal/transfer"
)

func TestStuck(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	s := b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Empty(t, s.stdout.String())
	assert.Equal(t, "Nothing is stuck.\n", s.stderr.String())

	b = newShelf(t, 2*time.Hour)
	id := b.moving()
	b.givesUp(id, 1, 3)
	b.unanswered(id, 3)
	require.NoError(t, b.RunsFailed(t.Context(), map[string]string{transfer.WorkflowID(id): "PermissionDenied"}))

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	for _, line := range []string{
		`transfer/` + id + ` +given-up +0 +PermissionDenied`,
		id + ` +InProgress +nobody did what was due`,
		id + ` +1 +\S+ +being ended +enough`,
		id + ` +3 +\S+ +held +enough`,
		id + ` +created +customer +0`,
	} {
		assert.Regexp(t, line, s.stdout.String())
	}
	assert.NotContains(t, s.stdout.String(), "@", "no addresses")

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
	var found stuckView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &found))
	require.Len(t, found.Runs, 1)
	assert.Equal(t, "PermissionDenied", found.Runs[0].LastError)
	require.Len(t, found.Items, 2)
	require.Len(t, found.Transfers, 1)
	assert.True(t, found.Transfers[0].Idle)
	assert.Len(t, found.Mail, found.MailCount)
	assert.NotEmpty(t, found.Mail)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only"), s.stderr.String())
	assert.Contains(t, s.stdout.String(), "I-8, note: Line item 3 of transfer "+id+" is held")
}

// TestStuckWithoutTheBillingSystem: one cause is shown as one, before everything else, and not once it is over.
func TestStuckWithoutTheBillingSystem(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	require.NoError(t, b.OutageGoesOn(t.Context(), outage.Sighting{
		Name: outage.Billing, Lasted: time.Minute, Failures: 12, Status: 503, Said: "503\x1b[31m Service Unavailable", Next: time.Minute,
	}))
	b.told()
	s := b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Regexp(t, `^The billing system is away\nSINCE +CALLS IN VAIN +ERROR +ASKED AGAIN\n\S+ \S+Z +12 +503.* Service Unavailable +\S+ \S+Z\n$`, s.stdout.String())
	assert.NotContains(t, s.stdout.String(), "\x1b")

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
	var found stuckView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &found))
	require.Len(t, found.Outages, 1)
	assert.Equal(t, int64(12), found.Outages[0].Failures)
	assert.Equal(t, 2*time.Minute, found.Outages[0].NextAt.Sub(found.Outages[0].Since))

	_, err := b.EndOutage(t.Context(), outage.Billing, 0)
	require.NoError(t, err)
	b.told()
	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Equal(t, "Nothing is stuck.\n", s.stderr.String())
	s.service = fakeTransfers{running: map[string]bool{}}
	assert.Equal(t, 0, s.run(t, "verify"), s.stderr.String())
}
