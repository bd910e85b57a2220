package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// watched watches once and tells the transfers whose runs have to look.
func (f fixture) watched() []string {
	f.t.Helper()
	raised, err := f.Watch(f.t.Context())
	require.NoError(f.t, err)
	subjects := []string{}
	for _, r := range f.claim(1000, 1000) {
		require.Equal(f.t, runs.CauseWatch, r.Cause)
		subjects = append(subjects, r.SubjectID)
		f.told(r)
	}
	require.Len(f.t, subjects, raised)
	return subjects
}

// attempted says when a line item was last tried.
func (f fixture) attempted(id string, ordinal string, at time.Time) {
	f.behind("UPDATE line_items SET attempted_at = '" + at.UTC().Format(store.StampLayout) + "' WHERE status = 'InProgress' AND transfer_id = '" + id + "' AND ordinal = " + ordinal)
}

func TestWatchExpiration(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		f.caughtUp()
		f.clock.advance(tr.ExpirationTime.Sub(start) + 5*time.Minute - time.Microsecond)
		require.Empty(t, f.watched())
		f.clock.advance(time.Microsecond)
		require.Equal(t, []string{tr.ID}, f.watched())
		f.clock.advance(time.Hour - time.Microsecond)
		require.Empty(t, f.watched(), "at most once an hour")
		f.clock.advance(time.Microsecond)
		require.Equal(t, []string{tr.ID}, f.watched())
		_, err := f.Expire(t.Context(), tr.ID)
		require.NoError(t, err)
		f.caughtUp()
		f.clock.advance(2 * time.Hour)
		require.Empty(t, f.watched(), "what is over is not watched")
	})
}

func TestWatchTransferWithNothingLeftToMove(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.clock.advance(time.Minute)
		f.attempted(tr.ID, "0", f.clock.Now())
		f.attempted(tr.ID, "1", f.clock.Now())
		f.record(tr.ID, moved(0))
		f.caughtUp()
		f.clock.advance(5 * time.Minute)
		require.Empty(t, f.watched(), "one is still being moved")

		f.attempted(tr.ID, "1", f.clock.Now())
		f.record(tr.ID, moved(1))
		f.caughtUp()
		f.clock.advance(time.Minute - time.Microsecond)
		require.Empty(t, f.watched(), "the run is about to close it")
		f.clock.advance(time.Microsecond)
		require.Equal(t, []string{tr.ID}, f.watched())
		_, err := f.CloseTransfer(t.Context(), tr.ID)
		require.NoError(t, err)
		f.caughtUp()
		f.clock.advance(2 * time.Hour)
		require.Empty(t, f.watched())
	})
}

func TestWatchItemThatNobodyTries(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.caughtUp()
		f.clock.advance(30 * time.Minute)
		f.attempted(tr.ID, "0", f.clock.Now())
		f.clock.advance(40*time.Minute - time.Microsecond)
		require.Empty(t, f.watched())
		f.clock.advance(2 * time.Microsecond) // it was submitted a microsecond after it was opened, by a clock that stood still
		require.Equal(t, []string{tr.ID}, f.watched(), "the other was never tried since submit")

		f.attempted(tr.ID, "1", f.clock.Now())
		f.clock.advance(time.Hour)
		require.Equal(t, []string{tr.ID}, f.watched(), "now the first was not")
	})
}

// An add-on that waits for its base, and an item that the billing system is asked to leave, are gone on with.
func TestWatchItemThatIsNotAttempted(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.caughtUp()
		f.clock.advance(time.Hour)
		f.record(tr.ID, transferstore.ItemResult{Ordinal: 0, Failure: "waits", Uncounted: true}, transferstore.ItemResult{Ordinal: 1, Failure: "busy"})
		f.clock.advance(time.Hour)
		require.Empty(t, f.watched())
		require.Equal(t, []int{0, 1}, []int{f.item(tr.ID, 0).Attempts, f.item(tr.ID, 1).Attempts})
		f.clock.advance(10 * time.Minute)
		require.Equal(t, []string{tr.ID}, f.watched())
	})
}

// Whoever is behind anyway is told anyway.
func TestWatchPassesOverRunsThatAreBehind(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		f.want(runOf(tr.ID, runs.CauseOpened))
		before := f.run("transfer/" + tr.ID)
		f.clock.advance(tr.ExpirationTime.Sub(start) + time.Hour)
		raised, err := f.Watch(t.Context())
		require.NoError(t, err)
		require.Zero(t, raised)
		require.Equal(t, before, f.run("transfer/"+tr.ID))
	})
}

// Of several programs one watches at a time.
func TestOneWatchesAtATime(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		require.NoError(t, f.Seed(t.Context(), worldOf(0)))
		tr := f.pending("r1")
		f.caughtUp()
		f.clock.advance(tr.ExpirationTime.Sub(start) + time.Hour)
		elsewhere, err := f.Writer().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = elsewhere.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock($1)", 0x48616e6457617463)
		require.NoError(t, err)
		require.Empty(t, f.watched())
		require.NoError(t, elsewhere.Rollback())
		require.Equal(t, []string{tr.ID}, f.watched())
		require.Equal(t, transfer.Pending, f.stored(tr.ID).Status, "the watch decides nothing")
	})
}
