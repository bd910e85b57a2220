package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/ledger"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// B8: names and errors that others wrote reach the terminal as what can be seen, in the table and in JSON. A ledger may hold anything:
// what was written before it was checked, or past the programs.
func TestTerminalShowsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	url := "sqlite://" + filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), url, ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	b := shelf{Ledger: book, t: t, url: url}

	var texts []string
	for _, text := range kerneltest.Hostile() {
		texts = append(texts, strings.ToValidUTF8(text, "\ufffd"))
	}
	w := world.Sample()
	for i := range w.Partners {
		w.Partners[i].Name = texts[i]
	}
	for i := range w.Subscriptions {
		w.Subscriptions[i].FriendlyName = texts[i%len(texts)]
	}
	require.NoError(t, b.Seed(t.Context(), w))
	id := b.moving()
	items, err := b.Items(t.Context(), id, 0, -1)
	require.NoError(t, err)
	for start := 0; start < len(texts); start += len(items) {
		var failures []transferstore.ItemResult
		for i := range items {
			failures = append(failures, transferstore.ItemResult{Ordinal: i, Failure: texts[(start+i)%len(texts)]})
		}
		_, err = b.RecordItems(t.Context(), id, failures)
		require.NoError(t, err)
		s := b.stage()
		require.Equal(t, 0, s.run(t, "get", id), s.stderr.String())
		shown(t, s.stdout.String())
		s = b.stage()
		require.Equal(t, 0, s.run(t, "get", id, "-o", "json"), s.stderr.String())
		shown(t, s.stdout.String())
		var said transfer.Entity
		require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &said))
		assert.Equal(t, store.Clean(failures[0].Failure), said.LineItems[0].LastError, "JSON leaves nothing out of what the ledger could keep")
	}
}

// B8: so do refusals and errors that repeat what was typed.
func TestErrorsShowWhatWasTyped(t *testing.T) {
	t.Parallel()
	for name, text := range kerneltest.Hostile() {
		for _, output := range []string{"table", "json"} {
			s := stage{}
			require.NotZero(t, s.run(t, "get", "-o", output, "--", text), name)
			shown(t, s.stdout.String())
			shown(t, s.stderr.String())
		}
		refusing := stage{service: fakeTransfers{err: kernel.Refuse(kernel.InvalidInput, "%s", text)}}
		require.NotZero(t, refusing.run(t, "watch", transferID), name)
		shown(t, refusing.stderr.String())
	}
}

func shown(t *testing.T, said string) {
	t.Helper()
	for _, line := range strings.Split(said, "\n") {
		kerneltest.Shown(t, line, "the terminal")
	}
}
