package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func TestResume(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want runs.Cause
	}{
		"look":          {nil, runs.CauseResumed},
		"replace":       {[]string{"--replace"}, runs.CauseReplaced},
		"accept ledger": {[]string{"--accept-ledger"}, runs.CauseReplaced},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newShelf(t, 0)
			id := b.pending("r")
			b.told()
			before, err := b.Look(t.Context(), id, transferstore.Watched{})
			require.NoError(t, err)

			s := b.stage()
			require.Equal(t, 0, s.run(t, append([]string{"resume", strings.ToUpper(id)}, c.args...)...), s.stderr.String())
			assert.Equal(t, "1 transfer resumed.\n", s.stdout.String())
			runs := b.told()
			require.Len(t, runs, 1)
			assert.Equal(t, transfer.WorkflowID(id), runs[0].WorkflowID)
			assert.Equal(t, c.want, runs[0].Cause)

			assert.Len(t, b.logged(id, transfer.EventResumed), 1)
			after, err := b.Look(t.Context(), id, transferstore.Watched{Known: before.ChangeID})
			require.NoError(t, err)
			assert.Equal(t, before.ChangeID, after.ChangeID, "nothing about the transfer changed")
			findings, err := b.Verify(t.Context())
			require.NoError(t, err)
			for _, f := range findings {
				assert.Empty(t, f.Broken, f.Invariant)
			}
		})
	}
}

func TestResumeSaysWhatCannotBeResumed(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	_, err := b.Cancel(t.Context(), id, transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: fabrikam}}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	b.told()
	s := b.stage()
	assert.Equal(t, 3, s.run(t, "resume", id))
	assert.Contains(t, s.stderr.String(), "The transfer is Cancel; there is nothing left to resume.")
	s = b.stage()
	assert.Equal(t, 4, s.run(t, "resume", transferID))
	assert.Contains(t, s.stderr.String(), "The ledger has no transfer "+transferID)
	assert.Empty(t, b.told())
}

func TestResumeAllThatAreOpen(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	ids := []string{b.pending("r1"), b.pending("r2"), b.pending("r3")}
	_, err := b.Cancel(t.Context(), ids[2], transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: fabrikam}}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	b.told()
	s := b.stage()
	require.Equal(t, 0, s.run(t, "resume", "--all-open", "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"resumed": 2}`, s.stdout.String())
	assert.Equal(t, "2 transfers resumed.\n", s.stderr.String())
	assert.Len(t, b.told(), 2)
}

// TestResumeAllWaitsForDecisions: a page is tried again while one of its transfers is being decided, and not for ever.
func TestResumeAllWaitsForDecisions(t *testing.T) {
	t.Parallel()
	tries := 0
	s := stage{at: "sqlite://x.db"}
	s.book.open = func(after string) (string, int, error) {
		switch tries++; {
		case after != "":
			return "", 0, nil
		case tries < 3:
			return "", 0, store.ErrLocked
		}
		return transferID, 7, nil
	}
	require.Equal(t, 0, s.run(t, "resume", "--all-open", "--replace"), s.stderr.String())
	assert.Equal(t, "7 transfers resumed.\n", s.stdout.String())
	assert.Equal(t, 2, s.waited)
	assert.Equal(t, runs.CauseReplaced, s.book.how.Cause)

	s = stage{at: "sqlite://x.db"}
	s.book.open = func(string) (string, int, error) { return "", 0, store.ErrLocked }
	assert.Equal(t, 5, s.run(t, "resume", "--all-open"))
	assert.Contains(t, s.stderr.String(), "0 transfers were resumed, then: ")
}
