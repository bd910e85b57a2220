package ledger

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// runtimeRole makes a role that can log in and do nothing, and gives the database's URL for it.
func runtimeRole(t *testing.T, owner *Ledger, databaseURL string) (role, asRole string) {
	t.Helper()
	role = fmt.Sprintf("programs_of_%d", len(t.Name())) + filepath.Base(databaseURL)
	execute := func(statement string) {
		_, err := owner.Writer().ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	execute("CREATE ROLE " + role + " LOGIN PASSWORD 'programs'")
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "programs")
	return role, u.String()
}

// E8: as the role of the programs everything goes on, and nothing that was logged can be touched: not by statements, not by
// taking its guards away, not through a table of the same name.
func TestRuntimeRoleCannotRewriteHistory(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Shared(t)
	owner, err := Open(t.Context(), databaseURL, Options{})
	require.NoError(t, err)
	role, asRole := runtimeRole(t, owner, databaseURL)
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			_, err := owner.Writer().ExecContext(context.WithoutCancel(t.Context()), statement)
			require.NoError(t, err)
		}
		require.NoError(t, owner.Close())
	})
	_, err = Open(t.Context(), asRole, Options{})
	var schema *store.SchemaError
	require.ErrorAs(t, err, &schema)
	require.ErrorContains(t, err, "may not read the ledger: run starter migrate")

	require.NoError(t, owner.Grant(t.Context(), role))
	require.NoError(t, owner.Grant(t.Context(), role), "again, after the next change of the schema")
	l, err := Open(t.Context(), asRole, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	require.NoError(t, l.Seed(t.Context(), worldOf(3)))
	f := fixture{Ledger: l, t: t}
	f.closed(f.moving("r1", 0, 1), moved(0), moved(1))
	f.changed(2, subscription.Change{Quantity: wanting(7)})
	_, err = f.Cancel(t.Context(), f.pending("r2").ID, transfer.Decision{RequestID: "d", Actor: asTarget})
	require.NoError(t, err)
	f.holds()

	for _, statement := range []string{
		"UPDATE activity_log SET new_value = '{}'", "DELETE FROM activity_log", "TRUNCATE activity_log CASCADE",
		"UPDATE billing_lines SET amount_minor = 0", "DELETE FROM billing_lines", "TRUNCATE billing_lines",
		"INSERT INTO log_chain SELECT log, subject_id, seq + 100, record_id, recorded_at, hash FROM log_chain",
		"UPDATE log_chain SET hash = ''", "DELETE FROM log_chain", "TRUNCATE log_chain",
		"ALTER TABLE activity_log DISABLE TRIGGER ALL", "ALTER TABLE activity_log DISABLE TRIGGER activity_log_no_delete",
		"DROP TRIGGER activity_log_chained ON activity_log", "SET session_replication_role = 'replica'", "DROP TABLE activity_log",
		"CREATE OR REPLACE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
		"CREATE TEMPORARY TABLE mine (LIKE activity_log); CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION chain_log_record()",
		"DELETE FROM goose_db_version", "CREATE TABLE other (id text)",
	} {
		var refused interface{ SQLState() string }
		err := f.raw(statement)
		require.ErrorAs(t, err, &refused, statement)
		require.Equal(t, "42501", refused.SQLState(), statement)
	}
	aside(t, asRole, "CREATE TEMPORARY TABLE log_chain (LIKE log_chain)",
		"INSERT INTO activity_log SELECT 'x' || id, 'refused:' || event_key, partner_tenant_id, "+strings.Replace(restOfRecord, "status", "'failed'", 1)+" FROM activity_log")
	f.holds()
}

// aside runs statements on a connection of their own.
func aside(t *testing.T, databaseURL string, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	connection, err := pgx.Connect(ctx, databaseURL)
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := connection.Exec(ctx, statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, connection.Close(ctx))
}

// E8: a program whose role may not change the schema starts where that is right, and says in one sentence what to do where it is not.
func TestSchemaThatTheRoleMayNotChange(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Shared(t)
	require.NoError(t, oldLedger(t, databaseURL, 9).Close())
	aside(t, databaseURL, "CREATE ROLE programs_of_old LOGIN PASSWORD 'programs'", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO programs_of_old")
	t.Cleanup(func() { aside(t, databaseURL, "DROP OWNED BY programs_of_old", "DROP ROLE programs_of_old") })
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	u.User = url.UserPassword("programs_of_old", "programs")
	_, err = Open(t.Context(), u.String(), Options{})
	require.ErrorContains(t, err, "open the ledger: the schema is at version 9, this program needs ")
	require.ErrorContains(t, err, "run starter migrate as the owner")
}

// E8: a program does not work on a schema that a newer one has made.
func TestSchemaOfANewerProgram(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.behind("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		_, err := Open(t.Context(), f.url, Options{})
		var schema *store.SchemaError
		require.ErrorAs(t, err, &schema)
		require.ErrorContains(t, err, "version 9999, which this program does not know")
	})
}

// E8: what the role could make in the schema would run as the owner in the triggers of the log, so it may make nothing there,
// by whatever way it could: PUBLIC, as PostgreSQL 14 had it, or a group.
func TestTheRuntimeRoleMakesNothing(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Shared(t)
	owner, err := Open(t.Context(), databaseURL, Options{})
	require.NoError(t, err)
	execute := func(statement string) {
		t.Helper()
		_, err := owner.Writer().ExecContext(context.WithoutCancel(t.Context()), statement)
		require.NoError(t, err, statement)
	}
	role, asRole := runtimeRole(t, owner, databaseURL)
	group := "group_of_" + role
	t.Cleanup(func() {
		execute("DROP OWNED BY " + role + ", " + group + " CASCADE")
		execute("DROP ROLE " + role + ", " + group)
		require.NoError(t, owner.Close())
	})
	execute("CREATE ROLE " + group + " ROLE " + role)
	execute("GRANT CREATE ON SCHEMA public TO PUBLIC, " + group)
	require.ErrorIs(t, owner.Grant(t.Context(), role), ErrMayCreate)
	execute("REVOKE CREATE ON SCHEMA public FROM " + group)
	require.NoError(t, owner.Grant(t.Context(), role))
	connection, err := pgx.Connect(t.Context(), asRole)
	require.NoError(t, err)
	_, err = connection.Exec(t.Context(), `CREATE FUNCTION evil(text, integer) RETURNS text LANGUAGE sql AS 'SELECT $1'`)
	require.ErrorContains(t, err, "42501")
	require.NoError(t, connection.Close(t.Context()))
}

func TestGrantRefuses(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		if f.Dialect() == store.SQLite {
			require.ErrorIs(t, f.Grant(t.Context(), "programs"), ErrNoRoles)
			return
		}
		owner := f.rows("SELECT current_user")[0]
		require.ErrorIs(t, f.Grant(t.Context(), owner), ErrOwnerRole)
		require.ErrorContains(t, f.Grant(t.Context(), `no"body`), "does not exist")
	})
}
