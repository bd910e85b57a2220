package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// E8: the schema is brought up to date by a command of its own, and only a database with roles has rights to give.
func TestMigrate(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	s := b.stage()
	require.Equal(t, 0, s.run(t, "migrate", "--ledger", b.url), s.stderr.String())
	assert.Contains(t, s.stderr.String(), "up to date")
	s = b.stage()
	assert.Equal(t, 2, s.run(t, "migrate", "--ledger", b.url, "--runtime-role", "programs"))
	assert.Contains(t, s.stderr.String(), "a ledger in a file has no roles")
}

// E8: verify prints an anchor of the log, and finds later whether the log still fits it.
func TestVerifyExpectsAnAnchor(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	b.pending("r")
	s := b.stage()
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only"), s.stdout.String()+s.stderr.String())
	anchor := regexp.MustCompile(`I-9, anchor: (\S+)`).FindStringSubmatch(s.stdout.String())
	require.Len(t, anchor, 2, s.stdout.String())
	s = b.stage()
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only", "--expect", anchor[1]), s.stdout.String())

	other := anchor[1][:len(anchor[1])-4] + "beef"
	s = b.stage()
	require.Equal(t, 1, s.run(t, "verify", "--ledger-only", "--expect", anchor[1], "--expect", other), s.stdout.String())
	assert.Contains(t, s.stdout.String(), "I-9: The log does not fit the anchor "+other)
	s = b.stage()
	assert.Equal(t, 2, s.run(t, "verify", "--ledger-only", "--expect", "yesterday"))
	assert.Contains(t, s.stderr.String(), "a time, a slash and 64 hexadecimal digits")
}
