package ledger

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/runs"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
)

// onPostgres runs a test about what only PostgreSQL has.
func onPostgres(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	t.Parallel()
	url, c := pgtest.Shared(t), &clock{now: start}
	l, err := Open(t.Context(), url, Options{Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	test(t, fixture{Ledger: l, t: t, url: url, clock: c})
}

// elsewhere is the same ledger in another program, with settings of its own.
func (f fixture) elsewhere(settings string) *Ledger {
	f.t.Helper()
	l, err := Open(f.t.Context(), f.url+settings, Options{Now: f.clock.Now})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { require.NoError(f.t, l.Close()) })
	return l
}

var renamePartner = store.Both(`UPDATE partners SET name = name || '+' WHERE tenant_id = $1`)

// Two changes that lock each other out are both made.
func TestDeadlockIsSolved(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		require.NoError(t, f.Seed(t.Context(), worldOf(0)))
		tries := make(chan string, 10)
		meet := make(chan struct{})
		rename := func(first, second string) error {
			met := false
			_, err := store.Write(t.Context(), f.DB, "rename partners", func(s store.Tx) (int64, error) {
				tries <- first
				if _, err := s.Exec(t.Context(), renamePartner, first); err != nil {
					return 0, err
				}
				if !met {
					met = true
					select { // either is the one who waits
					case meet <- struct{}{}:
					case <-meet:
					}
				}
				return s.Exec(t.Context(), renamePartner, second)
			})
			return err
		}
		other := make(chan error, 1)
		go func() { other <- rename(sourceID, targetID) }()
		require.NoError(t, rename(targetID, sourceID))
		require.NoError(t, <-other)
		require.GreaterOrEqual(t, len(tries), 3, "one of them was made again, and perhaps once more: PostgreSQL says who gives way")
		for id, name := range map[string]string{sourceID: "Source++", targetID: "Target++"} {
			p, err := f.Partner(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, name, p.Name)
		}
	})
}

var insertPartnership = store.Both(`INSERT INTO relationships (customer_tenant_id, partner_tenant_id, kind, origin, admin_rights, local_reseller_of_record)
	VALUES ($1, $2, 'provider', 'seed', FALSE, FALSE)`)

// A key that somebody else wrote in the same moment is found when the change is made again; one that stays taken is a fault.
func TestUniqueViolationIsTriedAgain(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		require.NoError(t, f.Seed(t.Context(), worldOf(0)))
		for _, c := range []struct {
			succeedsAt, tries int
			taken             bool
		}{{succeedsAt: 2, tries: 2}, {succeedsAt: 3, tries: 3}, {succeedsAt: 4, tries: 3, taken: true}} {
			made := 0
			_, err := store.Write(t.Context(), f.DB, "relate", func(s store.Tx) (int64, error) {
				made++
				if made == c.succeedsAt {
					return 0, nil
				}
				return s.Exec(t.Context(), insertPartnership, customerID, targetID)
			})
			require.Equal(t, c.tries, made)
			require.Equal(t, c.taken, err != nil, err)
			if c.taken {
				var answered *pgconn.PgError
				require.ErrorAs(t, err, &answered)
				require.Equal(t, "23505", answered.Code)
				require.NotErrorIs(t, err, store.ErrUnavailable)
			}
		}
	})
}

// Nobody waits longer than the time for a lock, and is told that it was a lock.
func TestStatementThatWaitsTooLong(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		require.NoError(t, f.Seed(t.Context(), worldOf(0)))
		tr := f.pending("r1")
		held, err := f.Writer().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = held.ExecContext(t.Context(), "UPDATE transfers SET overdue = overdue")
		require.NoError(t, err)

		_, err = f.elsewhere("?lock_timeout=50ms").FlagOverdue(t.Context(), tr.ID)
		require.ErrorIs(t, err, store.ErrLocked)
		require.NotErrorIs(t, err, store.ErrUnavailable)
		_, err = f.elsewhere("?options=-c%20statement_timeout%3D50ms").FlagOverdue(t.Context(), tr.ID)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NoError(t, held.Rollback())
	})
}

// A statement has a time by default; questions about everything take the time they need.
func TestTimeouts(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		require.Equal(t, []string{"2s"}, f.rows("SHOW lock_timeout"))
		require.Equal(t, []string{"5s"}, f.rows("SHOW statement_timeout"))
		hurried := f.elsewhere("?statement_timeout=50ms")
		sleep := func(s store.Tx) (string, error) {
			said, _, err := store.One(t.Context(), s, store.Both(`SELECT CAST(pg_sleep(0.1) AS text)`), store.Value[string])
			return said, err
		}
		_, err := store.Read(t.Context(), hurried.DB, "sleep", sleep)
		require.ErrorIs(t, err, store.ErrUnavailable)
		_, err = store.Snapshot(t.Context(), hurried.DB, "sleep", sleep)
		require.NoError(t, err)
	})
}

// A database that takes no writes is refused in one sentence, because what is read there may be out of date.
func TestStandbyIsRefused(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		for _, setting := range f.rows("SELECT 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'") {
			f.behind(setting)
		}
		_, err := Open(t.Context(), f.url, Options{})
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorContains(t, err, "takes no writes")
		require.NotContains(t, err.Error(), "\n")
	})
}

// Nobody knows whether a transaction was committed whose connection was lost at its end.
func TestConnectionLostBeforeItsCommit(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		made := 0
		_, err := store.Write(t.Context(), f.DB, "raise and be cut off", func(s store.Tx) (int, error) {
			made++
			require.NoError(t, runs.Want(t.Context(), s, aRun("a", "key", runs.CauseOpened)))
			pid, _, err := store.One(t.Context(), s, store.Both("SELECT CAST(pg_backend_pid() AS text)"), store.Value[string])
			require.NoError(t, err)
			f.behind("SELECT pg_terminate_backend(" + pid + ", 5000)")
			return 0, nil
		})
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Equal(t, 1, made, "it may have been made")
	})
}

// Without a given clock the database's decides, whatever the program's says.
func TestDatabasesClock(t *testing.T) {
	t.Parallel()
	l, err := Open(t.Context(), pgtest.Shared(t), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	_, err = store.Write(t.Context(), l.DB, "ask for the time", func(s store.Tx) (bool, error) {
		before, err := l.Time(t.Context(), s)
		require.NoError(t, err)
		now, _, err := store.One(t.Context(), s, store.Both("SELECT clock_timestamp()"), func(t *store.Stamp) []any { return []any{t} })
		require.NoError(t, err)
		after, err := l.Time(t.Context(), s)
		require.NoError(t, err)
		require.Less(t, before.UnixMicro(), after.UnixMicro())
		require.GreaterOrEqual(t, time.Time(now).UnixMicro(), before.UnixMicro())
		require.LessOrEqual(t, time.Time(now).UnixMicro(), after.UnixMicro())
		frozen, err := l.At(start).Time(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, start, frozen)
		return true, nil
	})
	require.NoError(t, err)
}

// What one program changes wakes another, also after the connection between them was lost.
func TestOtherProgramsAreWoken(t *testing.T) {
	onPostgres(t, func(t *testing.T, f fixture) {
		other := f.elsewhere("")
		woken, unsubscribe := other.Subscribe()
		defer unsubscribe()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			other.Listen(ctx)
		}()
		<-woken // it listens
		f.want(aRun("a", "key", runs.CauseOpened))
		<-woken
		f.behind("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
		<-woken // it listens again, and may have missed something
		f.want(aRun("a", "key", transferstore.CauseSubmitted))
		<-woken
		cancel()
		<-ended
	})
	t.Run("SQLite", func(t *testing.T) {
		l, err := Open(t.Context(), databases["sqlite"](t), Options{})
		require.NoError(t, err)
		l.Listen(t.Context())
		require.NoError(t, l.Close())
	})
}
