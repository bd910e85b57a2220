package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
)

// beforeSeals is the version whose links cover all of a record.
const beforeSeals = 26

// recordBefore is a record as that version wrote it.
func recordBefore(id, resource, subject, user, said string) string {
	return `INSERT INTO activity_log (id, event_key, partner_tenant_id, participants, customer_tenant_id, resource_type, resource_id, operation, user_id,
		user_principal_name, application_id, correlation_id, old_value, new_value, status, recorded_at) VALUES ('` + id + `', '` + id + `', '` + sourceID + `', '["` + sourceID + `"]',
		'` + customerID + `', '` + resource + `', '` + subject + `', 'update_` + resource + `', '` + user + `', '` + user + `', '', '', '', '` + said + `', 'succeeded', '2031-02-10T00:00:00.000000Z')`
}

// R-308, I-9: a record from before there were seals keeps its link, and is sealed in the moment that it is forgotten: an anchor from before
// holds, one that was tampered with before goes on to be found, and whoever tampers with it afterwards is found.
func TestOldRecordsAreSealedWhenTheyAreForgotten(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforeOneLog, inTwoLogs...)
			recordsBefore(t, databaseURL, recordBefore("one", "subscription", "s", "zoe@contoso.example", `{"reason":"Zoë rang."}`),
				recordBefore("two", "subscription", "s", "zoe@contoso.example", "{}"), recordBefore("nobody", "subscription", "s", "", "{}"))
			f := opened(t, databaseURL)
			f.holds()
			require.Empty(t, f.rows("SELECT record_id FROM log_salts"))
			f.clock.advance(quarter)
			anchor, err := f.Anchor(t.Context())
			require.NoError(t, err)
			f.mailAll()
			require.Positive(t, f.forget(older()).Records)
			f.holds()
			f.anchored(anchor)
			require.Equal(t, []string{"one", "two"}, f.rows("SELECT record_id FROM log_chain WHERE log = 'seals' AND record_id IN ('one', 'two', 'nobody') ORDER BY 1"))
			require.Empty(t, f.rows("SELECT s.record_id FROM log_salts s JOIN log_tombstones d ON d.record_id = s.record_id"))
			require.Empty(t, f.rows("SELECT id FROM activity_log WHERE user_id LIKE 'zoe@%' OR new_value LIKE '%rang%'"))
			f.clock.advance(time.Hour)
			later, err := f.Anchor(t.Context())
			require.NoError(t, err)

			f.unguard()
			f.found("what stays", "Record one is not what was sealed", "UPDATE activity_log SET status = 'failed' WHERE id = 'one'")
			f.found("what is left", "Record one is not what was left of it", "UPDATE activity_log SET user_id = 'x' WHERE id = 'one'")
			f.found("the seal", "Record one lost its seal", "DELETE FROM log_chain WHERE log = 'seals' AND record_id = 'one'")
			f.found("one that is not forgotten", "Record nobody is not what was written", "UPDATE activity_log SET status = 'failed' WHERE id = 'nobody'")
			f.behind("UPDATE log_chain SET hash = 'x' WHERE log = 'seals' AND record_id = 'one'")
			f.anchored(anchor)
			still, err := f.Holds(t.Context(), later)
			require.NoError(t, err)
			require.False(t, still, "an anchor from after it knows the seal")
		})
	}
}

// I-9: to forget is no way to have tampering forgotten that was found before.
func TestForgettingHidesNoTampering(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforeOneLog, inTwoLogs...)
			recordsBefore(t, databaseURL, recordBefore("one", "subscription", "s", "zoe@contoso.example", "{}"), recordBefore("two", "subscription", "s", "zoe@contoso.example", "{}"))
			f := opened(t, databaseURL)
			on := ""
			if f.Dialect() == store.Postgres {
				on = " ON activity_log"
			}
			f.behind("DROP TRIGGER activity_log_no_update"+on, "UPDATE activity_log SET status = 'failed' WHERE id IN ('one', 'changed')")
			f.clock.advance(quarter)
			f.mailAll()
			f.forget(older())
			require.Empty(t, f.rows("SELECT id FROM activity_log WHERE user_id LIKE 'zoe@%'"))
			finding, err := store.Read(t.Context(), f.DB, "verify", func(tx store.Tx) (Finding, error) { return wholenessNow(t, tx), nil })
			require.NoError(t, err)
			require.Contains(t, finding.Broken, "Record one is not what was sealed.")
			require.Contains(t, fmt.Sprint(finding.Broken), "Record changed is not what was ")
			require.NotContains(t, fmt.Sprint(finding.Broken), "Record two")
		})
	}
}

// recordsBefore writes records into a ledger of the version before seals.
func recordsBefore(t *testing.T, databaseURL string, statements ...string) {
	t.Helper()
	old := oldLedger(t, databaseURL, beforeSeals)
	for _, statement := range statements {
		_, err := old.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, old.Close())
}

// writerBefore goes on to write as programs of the version before do: a transfer, its line items, a record, in one transaction.
type writerBefore struct {
	db             *sql.DB
	name           string
	written, again int
}

func (w *writerBefore) write(ctx context.Context, subject string) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"UPDATE transfers SET overdue = overdue WHERE id = 'old-inprogress'", "UPDATE line_items SET attempts = attempts + 1 WHERE status = 'InProgress' AND transfer_id = 'old-inprogress'",
		recordBefore(w.name+strconv.Itoa(w.written), "subscription", subject, "u", "{}"), "SELECT COUNT(*) FROM log_chain WHERE subject_id = '" + subject + "'",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}

// The migration waits for no more than what is written at its instant, and nobody who writes meanwhile fails for good: whoever waited
// too long is served the next time. What is written before and after it about one thing is one chain (I-9).
func TestProgramsWriteWhileTheLogLearnsToForget(t *testing.T) {
	t.Parallel()
	databaseURL := databases["postgres"](t)
	ledgerBefore(t, databaseURL, beforeOneLog, inTwoLogs...)
	recordsBefore(t, databaseURL, fmt.Sprintf(`INSERT INTO activity_log SELECT 'many' || n, 'many' || n, '%[1]s', '["%[1]s"]', '%[2]s', 'subscription', 'many' || n %% 1000, 'update_subscription',
		'', '', '', '', '', '{}', 'succeeded', '2031-02-10T00:00:00Z' FROM generate_series(1, %[3]d) n`, sourceID, customerID, 5000))
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("lock_timeout", "2s")
	u.RawQuery = q.Encode()
	var stop, migrated atomic.Bool
	var writing sync.WaitGroup
	writers := make([]*writerBefore, 4)
	var afterwards atomic.Int64
	for i := range writers {
		w := &writerBefore{db: oldConnection(t, u.String()), name: fmt.Sprint("writer", i, "-")}
		writers[i] = w
		writing.Go(func() {
			for !stop.Load() {
				if w.write(context.WithoutCancel(t.Context()), fmt.Sprint("s", i%2)) != nil {
					w.again++
					continue
				}
				w.written++
				if migrated.Load() {
					afterwards.Add(1)
				}
			}
		})
	}
	require.Eventually(t, func() bool { return countedNow(t, writers[0].db) > 20 }, time.Minute, 10*time.Millisecond)
	began := time.Now()
	l, err := Open(t.Context(), databaseURL, Options{})
	took := time.Since(began)
	migrated.Store(true)
	if err == nil {
		require.Eventually(t, func() bool { return afterwards.Load() > 20 }, time.Minute, 10*time.Millisecond)
	}
	stop.Store(true)
	writing.Wait()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	f := fixture{Ledger: l, t: t}
	written, again := 0, 0
	for _, w := range writers {
		require.Positive(t, w.written)
		written, again = written+w.written, again+w.again
		require.Equal(t, []string{fmt.Sprint(w.written)}, f.rows("SELECT COUNT(*) FROM activity_log WHERE id LIKE '"+w.name+"%'"))
	}
	t.Logf("migrated in %v; %d written, %d again", took, written, again)
	require.Less(t, again, written/10+5)
	finding, err := store.Read(t.Context(), f.DB, "verify", func(tx store.Tx) (Finding, error) { return wholenessNow(t, tx), nil })
	require.NoError(t, err)
	require.Empty(t, finding.Broken)
	for _, subject := range []string{"s0", "s1"} {
		require.Equal(t, []string{"0|1"}, f.rows("SELECT COUNT(*) - COUNT(DISTINCT seq), MIN(seq) FROM log_chain WHERE subject_id = '"+subject+"'"))
		require.Len(t, f.rows("SELECT DISTINCT log FROM log_chain WHERE subject_id = '"+subject+"'"), 2, "it goes on from one form to the other")
	}
}

func oldConnection(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	db := oldLedger(t, databaseURL, beforeSeals)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// countedNow is how many records the writers have written.
func countedNow(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM activity_log WHERE id LIKE 'writer%'").Scan(&n))
	return n
}

// A migration that ended halfway is done again.
func TestTheLogLearnsToForgetAgain(t *testing.T) {
	t.Parallel()
	databaseURL := databases["postgres"](t)
	ledgerBefore(t, databaseURL, beforeOneLog, inTwoLogs...)
	old := oldLedger(t, databaseURL, beforeSeals+1)
	_, err := old.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id > "+strconv.Itoa(beforeSeals))
	require.NoError(t, err)
	require.NoError(t, old.Close())
	opened(t, databaseURL).holds()
}
