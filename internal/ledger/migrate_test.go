package ledger

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// oldLedger is the database of a ledger at an earlier version of the schema.
func oldLedger(t *testing.T, databaseURL string, version int64) *sql.DB {
	t.Helper()
	var db *sql.DB
	dialect, folder := goose.DialectPostgres, "migrations/postgres"
	if path, lite := strings.CutPrefix(databaseURL, "sqlite://"); lite {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		var err error
		db, err = sql.Open("sqlite", store.SQLiteName(path))
		require.NoError(t, err)
		dialect, folder = goose.DialectSQLite3, "migrations/sqlite"
	} else {
		config, err := pgx.ParseConfig(databaseURL)
		require.NoError(t, err)
		db = stdlib.OpenDB(*config)
	}
	files, err := fs.Sub(migrations, folder)
	require.NoError(t, err)
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), version)
	require.NoError(t, err)
	return db
}

// firstVersion is a transfer on its way and one that is done, as the first version of the ledger wrote them.
var firstVersion = []string{
	`INSERT INTO partners VALUES
		('` + sourceID + `', 'Source', 'direct-bill', 'active', TRUE, 'mpn-Source', 'DE', 'EUR', 'de-DE'),
		('` + targetID + `', 'Target', 'indirect-provider', 'active', TRUE, 'mpn-Target', 'DE', 'EUR', 'de-DE')`,
	`INSERT INTO customers VALUES ('` + customerID + `', 'Contoso', 'contoso.example', 'it@contoso.example', 'DE', 'de-DE')`,
	`INSERT INTO relationships VALUES ('` + customerID + `', '` + targetID + `')`,
	`INSERT INTO agreements VALUES ('` + customerID + `', '` + targetID + `', 'attestation')`,
	`INSERT INTO subscriptions VALUES ('` + subID(0) + `', '` + subID(0) + `', '` + customerID + `', '` + sourceID + `',
		'OnlineServicesNCE', 'offer', 'Licence', 3, 1999, 'monthly', 'P1Y', '2031-01-01T00:00:00.000000Z', NULL, 'active', TRUE, NULL, '', NULL, FALSE, '')`,
	firstTransfer("old-1", "InProgress", "'2031-02-02T00:00:00.000000Z'", "2031-02-01"),
	firstTransfer("old-2", "Cancel", "NULL", "2031-02-03"),
	`INSERT INTO line_items VALUES ('old-1', 0, NULL, '` + subID(0) + `', 'OnlineServicesNCE', 'offer', 'Licence', 3, 'monthly',
		'InProgress', NULL, 2, 'gateway said 503', NULL, '')`,
	`INSERT INTO audit_records VALUES ('r1', 'old-1', 'created', '` + sourceID + `', '', 'create_transfer', 'succeeded', '{}', '2031-02-01T00:00:00.000000Z')`,
	`INSERT INTO notifications (transfer_id, event, audience, recipient, locale, message_id)
		VALUES ('old-1', 'created', 'customer', 'it@contoso.example', 'de-DE', 'm1')`,
}

func firstTransfer(id, status, submitted, day string) string {
	at := "'" + day + "T00:00:00.000000Z'"
	return `INSERT INTO transfers VALUES ('` + id + `', 'r', 'd', '', '` + customerID + `', 'it@contoso.example', 'Contoso',
		'` + sourceID + `', 'Source', '` + targetID + `', 'Target', '` + targetID + `', NULL, '', 3, FALSE, '` + status + `',
		` + at + `, ` + at + `, '2031-03-04T00:00:00.000000Z', ` + submitted + `, NULL, '', '', FALSE, '', '', '')`
}

// A ledger that is in use is brought up to date with everything in it, and serves what came later for what was before.
func TestMigrateLedgerInUse(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 1)
			for _, statement := range firstVersion {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())

			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			require.Equal(t, transfer.InProgress, f.stored("old-1").Status)
			require.Equal(t, 1, f.stored("old-1").Items.InProgress)
			require.Equal(t, []string{"it@contoso.example"}, f.mail("old-1", transfer.EventCreated))
			owed := f.claimMail("relay", 50, 10)
			require.Len(t, owed, 1, "what is owed already is due")
			require.Less(t, owed[0].Age, time.Hour)
			require.Equal(t, map[string]int{targetID: 1}, keys(owed, f))
			f.label("old-1", sourceID, ours)
			require.Equal(t, []string{"old-2", "old-1"}, f.search(transferstore.Search{PartnerTenantID: targetID, Limit: 1}))
			require.Equal(t, []string{"old-1"}, f.search(transferstore.Search{PartnerTenantID: sourceID, Tag: "emea", Limit: 1}))
			source, err := l.Partner(t.Context(), sourceID)
			require.NoError(t, err)
			require.Equal(t, "Source", source.Name)
			require.NoError(t, l.Keep(t.Context(), claimOf("first"), created))
			done := f.closed(f.stored("old-1"), moved(0))
			require.Equal(t, transfer.Complete, done.Status)
		})
	}
}
