package ledger

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/transfer"
)

// Several programs may start at once on a new database.
func TestOpenLedgerAtOnce(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newURL(t)
			type opened struct {
				ledger *Ledger
				err    error
			}
			programs := make(chan opened, 4)
			for range cap(programs) {
				go func() {
					l, err := Open(t.Context(), url, Options{})
					programs <- opened{l, err}
				}()
			}
			var all []*Ledger
			for range cap(programs) {
				o := <-programs
				require.NoError(t, o.err)
				all = append(all, o.ledger)
			}
			require.NoError(t, all[0].Seed(t.Context(), worldOf(1)))
			for _, l := range all {
				require.NoError(t, l.Ping(t.Context()))
				_, err := l.Partner(t.Context(), sourceID)
				require.NoError(t, err)
				require.NoError(t, l.Close())
			}
		})
	}
}

// A ledger is what it was after its program ended.
func TestReopen(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		again, err := Open(t.Context(), f.url, Options{})
		require.NoError(t, err)
		stored, err := again.Transfer(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, tr, stored)
		require.NoError(t, again.Close())
	})
}

// The two schemas have the same tables, columns, optional columns and indexes.
func TestSchemasAreEquivalent(t *testing.T) {
	t.Parallel()
	open := func(url string) fixture {
		l, err := Open(t.Context(), url, Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return fixture{Ledger: l, t: t}
	}
	lite := open("sqlite://" + filepath.Join(t.TempDir(), "ledger.db"))
	pg := open(pgtest.Shared(t))
	in := "('" + strings.Join(tables, "', '") + "')"
	require.Equal(t,
		pg.rows(`SELECT table_name, column_name, CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name IN `+in),
		lite.rows(`SELECT m.name, c.name, CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN 1 ELSE 0 END FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name IN `+in))
	require.Equal(t,
		pg.rows(`SELECT indexname FROM pg_indexes WHERE tablename IN `+in+` AND indexname NOT LIKE '%\_key' AND indexname NOT LIKE '%\_pkey'`),
		lite.rows(`SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_autoindex%' AND tbl_name IN `+in))
	require.Equal(t,
		pg.rows(`SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '%\_no\_truncate'`),
		lite.rows(`SELECT name FROM sqlite_master WHERE type = 'trigger'`))
}

// The schema guards the invariants by itself, whatever a program does.
func TestSchemaRefuses(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		done := f.closed(f.moving("r1", 0, 1), moved(0), refused(1))
		running := f.moving("r2", 1)
		item := " WHERE transfer_id = '" + running.ID + "'"
		before := f.contents()
		for what, statement := range map[string]string{
			"I-1: a second live subscription in a lineage": "UPDATE subscriptions SET status = 'active', billed = TRUE WHERE id = '" + subID(0) + "'",
			"I-2: Complete without a new id":               "UPDATE line_items SET status = 'Complete'" + item,
			"I-2: a new id without Complete":               "UPDATE line_items SET target_subscription_id = '" + subID(2) + "'" + item,
			"I-2: Failed without a reason":                 "UPDATE line_items SET status = 'Failed'" + item,
			"I-2: an ended line item runs again": "UPDATE line_items SET status = 'InProgress', target_subscription_id = NULL WHERE transfer_id = '" +
				done.ID + "' AND ordinal = 0",
			"I-5: leaving a final state":             "UPDATE transfers SET status = 'InProgress' WHERE id = '" + done.ID + "'",
			"a transfer state that does not exist":   "UPDATE transfers SET status = 'Active' WHERE id = '" + running.ID + "'",
			"a subscription of nobody":               "UPDATE subscriptions SET partner_tenant_id = 'nobody'",
			"a line item of nothing":                 "UPDATE line_items SET subscription_id = 'nothing'" + item,
			"source and target the same":             "UPDATE transfers SET source_tenant_id = target_tenant_id",
			"R-28: completed without being Complete": "UPDATE transfers SET completed_time = created_time WHERE id = '" + running.ID + "'",
		} {
			require.Error(t, f.raw(statement), what)
		}
		require.Equal(t, before, f.contents())
		require.Equal(t, transfer.PartiallyComplete, f.stored(done.ID).Status)
	})
}
