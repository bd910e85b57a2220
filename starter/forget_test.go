package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
)

// What is forgotten is named by a customer or an age, looked at first, and confirmed.
func TestForget(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	b.pending("r")
	const customer = bakery
	s := b.stage()
	require.Equal(t, 0, s.run(t, "forget", "--customer", customer, "--dry-run", "-o", "json"), s.stderr.String())
	var would struct {
		DryRun bool
		ledger.Forgotten
		Beyond string
	}
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &would))
	assert.True(t, would.DryRun)
	assert.Zero(t, would.Transfers)
	require.Len(t, would.Left, 1)
	assert.Equal(t, "it is Pending", would.Left[0].Why)
	assert.Contains(t, would.Beyond, "TEMPORAL_RETENTION")
	assert.False(t, s.service.connected)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "forget", "--customer", customer, "--yes"), s.stderr.String())
	assert.Regexp(t, `(?m)^transfers +0$`, s.stdout.String())
	assert.Contains(t, s.stdout.String(), "it is Pending")
	assert.Contains(t, s.stderr.String(), "run it again when they are")
}

func TestForgetIsRefused(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	const customer = bakery
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--customer", customer}, 2, "--dry-run, then give --yes"},
		{[]string{"--yes"}, 2, "at least one of the flags"},
		{[]string{"--customer", customer, "--older-than", "100d", "--yes"}, 2, "none of the others can be"},
		{[]string{"--customer", customer, "--dry-run", "--yes"}, 2, "none of the others can be"},
		{[]string{"--customer", "contoso", "--yes"}, 2, "must be a GUID"},
		{[]string{"--customer", "c0a80101-0000-4000-8000-0000000000ff", "--yes"}, 3, "is not known here"},
		{[]string{"--older-than", "0", "--yes"}, 2, "takes days"},
		{[]string{"--older-than", "0d", "--yes"}, 2, "takes days"},
		{[]string{"--older-than", "-100d", "--yes"}, 2, "takes days"},
		{[]string{"--older-than", "999999999999d", "--yes"}, 2, "takes days"},
		{[]string{"--older-than", "soon", "--yes"}, 2, "takes days"},
		{[]string{"--older-than", "89d", "--yes"}, 3, "less than 90 days ago"},
		{[]string{"--older-than", "89d", "--dry-run"}, 3, "less than 90 days ago"},
	} {
		s := b.stage()
		assert.Equal(t, c.status, s.run(t, append([]string{"forget"}, c.args...)...), c.args)
		assert.Contains(t, s.stderr.String(), c.says, c.args)
	}
}

func TestAges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "8760h": 8760 * time.Hour, "1h30m": 90 * time.Minute} {
		age, err := parseAge(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, age, text)
	}
}
