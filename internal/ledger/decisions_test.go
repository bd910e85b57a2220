package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// who may not decide, and when it is too late.
func TestDecisionsAreRefused(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		before := f.contents()
		try := func(cause kernel.Cause, run func() (transfer.Transfer, error)) {
			t.Helper()
			_, err := run()
			refuses(t, err, cause)
		}
		cancel := func(id string, a kernel.Actor) func() (transfer.Transfer, error) {
			return func() (transfer.Transfer, error) {
				return f.Cancel(t.Context(), id, transfer.Decision{RequestID: "d1", Actor: a})
			}
		}
		try(transfer.NotFound, cancel("b0000000-0000-4000-8000-000000000009", asTarget))
		try(transfer.NotFound, cancel(tr.ID, asStranger))
		try(kernel.WrongParty, cancel(tr.ID, asSource))
		try(kernel.NotAdminAgent, cancel(tr.ID, kernel.Actor{PartnerTenantID: targetID, UserID: "sales@target.example"}))
		try(kernel.WrongParty, func() (transfer.Transfer, error) {
			return f.Submit(t.Context(), tr.ID, transfer.Approval{RequestID: "d1", Actor: asTarget, Selection: transfer.Selection{AllEligible: true}})
		})
		try(transfer.NotFound, func() (transfer.Transfer, error) {
			_, err := f.Expire(t.Context(), "b0000000-0000-4000-8000-000000000009")
			return transfer.Transfer{}, err
		})
		for _, step := range []func(context.Context, string) (transfer.Standing, error){f.Expire, f.CloseTransfer} {
			at, err := step(t.Context(), tr.ID)
			require.NoError(t, err, "a ledger that is not so far is no error")
			require.Equal(t, transfer.Pending, at.Status)
		}
		require.Equal(t, before, f.contents())

		_, err := f.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "d1", Actor: kernel.Actor{PartnerTenantID: targetID}})
		require.NoError(t, err, "an application acts for the partner (R-101)")
		before = f.contents()
		try(transfer.AlreadyFinal, func() (transfer.Transfer, error) { return f.Submit(t.Context(), tr.ID, everything("d2")) })
		try(transfer.AlreadyFinal, func() (transfer.Transfer, error) {
			return f.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "d2", Actor: asTarget})
		})
		try(transfer.NotFound, cancel(tr.ID, asStranger))
		require.Equal(t, before, f.contents())
	})
}

// at the expiration time a submit is too late.
func TestSubmitAfterExpiry(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		f.clock.advance(tr.ExpirationTime.Sub(start))
		_, err := f.Submit(t.Context(), tr.ID, everything("d1"))
		refuses(t, err, transfer.RequestExpired)
	})
}

// cancel racing submit. Whichever commits first decides; the loser learns what happened.
func TestCancelRacesSubmit(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		release := f.holdTransfers()
		submitted, cancelled := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := f.Submit(t.Context(), tr.ID, everything("d1"))
			submitted <- err
		}()
		go func() {
			_, err := f.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "d2", Actor: asTarget})
			cancelled <- err
		}()
		release(2)
		submit, cancel := <-submitted, <-cancelled
		require.True(t, (submit == nil) != (cancel == nil), "exactly one wins: %v, %v", submit, cancel)
		if submit == nil {
			refuses(t, cancel, transfer.AlreadyInProgress)
		} else {
			refuses(t, submit, transfer.AlreadyFinal)
		}
		f.holds()
	})
}

// holdTransfers keeps every change of a transfer waiting. The returned function waits until that many do and lets them go.
func (f fixture) holdTransfers() (release func(waiters int)) {
	f.t.Helper()
	until := f.untilWaiting()
	held, err := f.Writer().BeginTx(f.t.Context(), nil)
	require.NoError(f.t, err)
	_, err = held.ExecContext(f.t.Context(), "UPDATE transfers SET overdue = overdue")
	require.NoError(f.t, err)
	return func(waiters int) {
		f.t.Helper()
		until(waiters)
		require.NoError(f.t, held.Rollback())
	}
}

// untilWaiting returns a function that waits until that many wait who did not before.
func (f fixture) untilWaiting() func(waiters int) {
	f.t.Helper()
	before := f.waiting()
	return func(waiters int) {
		f.t.Helper()
		require.Eventually(f.t, func() bool { return f.waiting() >= before+waiters }, time.Minute, time.Millisecond)
	}
}

// waiting counts who waits to write: for the one writing connection of SQLite, so far, or for a lock of PostgreSQL, now.
func (f fixture) waiting() int {
	if f.Dialect() == store.SQLite {
		return int(f.Writer().Stats().WaitCount)
	}
	return len(f.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
}

// A refusal is returned as it is, so that errors.Is and errors.As see it and nothing else.
func TestRefusalsPassThrough(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.Transfer(t.Context(), "nonsense")
		require.True(t, errors.Is(err, transfer.NotFound))
		require.IsType(t, &kernel.Refusal{}, err)
	})
}
