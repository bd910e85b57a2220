package ledger

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
)

// impatient is a PostgreSQL ledger with a world, whose statements wait for locks no longer than given.
func impatient(t *testing.T, lockTimeout string) fixture {
	t.Helper()
	t.Parallel()
	u, err := url.Parse(databases["postgres"](t))
	require.NoError(t, err)
	q := u.Query()
	q.Set("lock_timeout", lockTimeout)
	u.RawQuery = q.Encode()
	c := &clock{now: start}
	l, err := Open(t.Context(), u.String(), Options{Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	f := fixture{Ledger: l, t: t, url: u.String(), clock: c}
	require.NoError(t, f.Seed(t.Context(), worldOf(2)))
	return f
}

// Race row 7: a command that a deadlock undid is made again from its beginning, and its caller notices nothing.
func TestDeadlockedCommandIsMadeAgain(t *testing.T) {
	f := impatient(t, "1min")
	tr := f.pending("r1")
	other, err := f.Writer().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for _, statement := range []string{ // it waits so long that the command is the one to find the deadlock
		"SET LOCAL deadlock_timeout = '1min'", "UPDATE subscriptions SET quantity = quantity + 1 WHERE id = '" + subID(1) + "'",
	} {
		_, err := other.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	until := f.untilWaiting()
	submitted := make(chan error, 1)
	go func() {
		_, err := f.Ledger.Submit(t.Context(), tr.ID, everything(""), saying("k1"))
		submitted <- err
	}()
	until(1)
	_, err = other.ExecContext(t.Context(), "UPDATE transfers SET overdue = overdue WHERE id = '"+tr.ID+"'")
	require.NoError(t, err, "the command was the victim")
	require.NoError(t, other.Commit())
	require.NoError(t, <-submitted)
	require.Equal(t, 3, f.item(tr.ID, 1).Quantity, "as it is after the other change")
	require.Equal(t, []string{"created", "submitted"}, f.events(tr.ID, sourceID))
	require.Equal(t, []string{"2"}, f.rows("SELECT wanted FROM runs"))
	f.holds()
}

// whoever cannot get at a transfer for too long is told so, and may try again at once; so is the twin of a
// request that is not answered.
func TestLockedForTooLong(t *testing.T) {
	f := impatient(t, "50ms")
	tr := f.pending("r1")
	before := f.contents()
	held, err := f.Writer().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	twin := claimOf("twin")
	_, err = held.ExecContext(t.Context(), "INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, claimed_at) VALUES ($1, $2, $3, '', now())",
		twin.CallerTenantID, twin.Route, twin.Key)
	require.NoError(t, err)
	_, err = held.ExecContext(t.Context(), "SELECT id FROM transfers WHERE id = $1 FOR UPDATE", tr.ID)
	require.NoError(t, err)
	cancel := func(key string) error {
		_, err := f.Ledger.Cancel(t.Context(), tr.ID, transfer.Decision{Actor: asTarget}, saying(key))
		return err
	}
	for _, key := range []string{"another", "twin", ""} {
		require.ErrorIs(t, cancel(key), store.ErrLocked)
	}
	require.Equal(t, transfer.Pending, f.look(tr.ID, "").Status, "nobody who looks has to wait")
	require.NoError(t, held.Rollback())
	require.Equal(t, before, f.contents())
	require.NoError(t, cancel("another"))
	require.Equal(t, transfer.Cancelled, f.stored(tr.ID).Status)
}

// Race row 31: of giving up and giving leave at once, one comes first. What has leave is fenced; what ended has none.
func TestGiveUpRacesLeave(t *testing.T) {
	onBoth(t, worldOf(20), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		for n := range 20 {
			granted, failed := make(chan map[int]bool, 1), make(chan error, 1)
			go func() {
				leave, err := f.Leave(t.Context(), tr.ID, []int{n})
				granted <- leave
				failed <- err
			}()
			given, err := f.giveUp(tr.ID, "enough", n)
			require.NoError(t, err)
			leave := <-granted
			require.NoError(t, <-failed)
			require.Equal(t, leave[n], len(given.Fencing) == 1, n)
			require.Equal(t, leave[n], f.item(tr.ID, n).Status == transfer.ItemInProgress)
		}
		f.holds()
	})
}
