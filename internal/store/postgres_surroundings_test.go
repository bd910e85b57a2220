package store

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
)

// oneTable is a schema for both databases.
var oneTable = fstest.MapFS{
	"postgres/00001_colours.sql": {Data: []byte("-- +goose Up\nCREATE TABLE colours (name text, paint bytea, mixed timestamptz);\n")},
	"sqlite/00001_colours.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE colours (name text);\n")},
}

// execute runs statements as the owner of the server.
func execute(t *testing.T, address string, statements ...string) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := connection.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, connection.Close(t.Context()))
}

// with is the address of another database, or with other settings, on the same server.
func with(t *testing.T, address string, change func(u *url.URL, q url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	change(u, q)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// beside makes a database with these options next to the one of the test.
func beside(t *testing.T, address, options string) string {
	t.Helper()
	var name string
	there := with(t, address, func(u *url.URL, _ url.Values) {
		u.Path += "_beside"
		name = strings.TrimPrefix(u.Path, "/")
	})
	execute(t, address, "CREATE DATABASE "+name+" TEMPLATE template0 "+options)
	t.Cleanup(func() {
		connection, err := pgx.Connect(context.Background(), address)
		require.NoError(t, err)
		_, err = connection.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, connection.Close(context.Background()))
	})
	return there
}

// openFor is a database that the test closes.
func openFor(t *testing.T, address string) *DB {
	t.Helper()
	db, err := Open(t.Context(), address, Options{Migrations: oneTable})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// In LATIN1 and SQL_ASCII everything would succeed, and names would come back as other bytes.
func TestB7_ADatabaseInAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		address := beside(t, pgtest.Shared(t), "ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C'")
		_, err := Open(t.Context(), address, Options{Migrations: oneTable})
		require.ErrorContains(t, err, "has the encoding "+encoding, encoding)
		assert.ErrorContains(t, err, "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'", encoding)
		require.NotErrorIs(t, err, ErrUnavailable, "trying again would not help")
		assert.NotContains(t, err.Error(), "\n")

		connection, err := pgx.Connect(t.Context(), address)
		require.NoError(t, err)
		var tables int
		require.NoError(t, connection.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables))
		assert.Zero(t, tables, "nothing was made in it")
		require.NoError(t, connection.Close(t.Context()))
	}
}

// whims are the settings that change without an error what statements mean and what values look like.
var whims = map[string]string{
	"client_encoding": "LATIN1", "timezone": "Asia/Kolkata", "datestyle": "German, DMY", "intervalstyle": "iso_8601",
	"standard_conforming_strings": "off", "bytea_output": "escape", "default_transaction_isolation": "serializable",
}

// Whoever sets them, the URL, its options, the role or the database: they do not hold for the ledger.
func TestB7_SettingsOfOthersDoNotCount(t *testing.T) {
	t.Parallel()
	for door, set := range map[string]func(t *testing.T, address string) string{
		"URL": func(t *testing.T, address string) string {
			return with(t, address, func(_ *url.URL, q url.Values) {
				for name, value := range whims {
					q.Set(name, value)
				}
			})
		},
		"options": func(t *testing.T, address string) string {
			var options []string
			for name, value := range whims {
				options = append(options, "-c "+name+"="+strings.ReplaceAll(value, " ", `\ `))
			}
			return with(t, address, func(_ *url.URL, q url.Values) { q.Set("options", strings.Join(options, " ")) })
		},
		"database": func(t *testing.T, address string) string {
			u, err := url.Parse(address)
			require.NoError(t, err)
			for name, value := range whims {
				execute(t, address, "ALTER DATABASE "+strings.TrimPrefix(u.Path, "/")+" SET "+name+" = '"+strings.ReplaceAll(value, ", ", "', '")+"'")
			}
			return address
		},
		"role": func(t *testing.T, address string) string {
			role := "whimsical_" + strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(t.Name(), "/", "_")), "testb7_")
			execute(t, address, "CREATE ROLE "+role+" SUPERUSER LOGIN")
			t.Cleanup(func() {
				connection, err := pgx.Connect(context.Background(), address)
				require.NoError(t, err)
				_, err = connection.Exec(context.Background(), "REASSIGN OWNED BY "+role+" TO CURRENT_USER; DROP ROLE "+role)
				require.NoError(t, err)
				require.NoError(t, connection.Close(context.Background()))
			})
			for name, value := range whims {
				execute(t, address, "ALTER ROLE "+role+" SET "+name+" = '"+strings.ReplaceAll(value, ", ", "', '")+"'")
			}
			return with(t, address, func(u *url.URL, _ url.Values) { u.User = url.User(role) })
		},
	} {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			db := openFor(t, set(t, pgtest.Shared(t)))
			for _, wanted := range reliedOn {
				var is string
				require.NoError(t, db.Reader().QueryRowContext(t.Context(), "SELECT current_setting($1)", wanted.name).Scan(&is))
				assert.Equal(t, wanted.value, is, wanted.name)
			}
			const name, paint = `Müller \ Søn ’`, "\x00\xff\\"
			mixed := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			var isName, isPaint string
			var isMixed time.Time
			_, err := db.Writer().ExecContext(t.Context(), "INSERT INTO colours VALUES ($1, $2, CAST($3 AS text)::timestamptz)", name, []byte(paint), "2026-03-04T05:06:07")
			require.NoError(t, err)
			require.NoError(t, db.Reader().QueryRowContext(t.Context(), `SELECT name, paint, mixed FROM colours WHERE name LIKE '%\\ Søn%'`).Scan(&isName, &isPaint, &isMixed))
			assert.Equal(t, []any{name, paint, mixed}, []any{isName, isPaint, isMixed.UTC()})
		})
	}
}

// A pooler may keep to itself what a connection asks for.
func TestB7_SettingsThatDoNotArriveAreRefused(t *testing.T) {
	t.Parallel()
	address := pgtest.Shared(t)
	connection, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close(context.Background())) }()
	for _, relied := range reliedOn {
		_, err := connection.Exec(t.Context(), "SELECT set_config($1, $2, false)", relied.name, relied.value)
		require.NoError(t, err)
	}
	require.NoError(t, checkSettings(t.Context(), connection))
	_, err = connection.Exec(t.Context(), "SET bytea_output = escape")
	require.NoError(t, err)
	require.EqualError(t, checkSettings(t.Context(), connection),
		`bytea_output is "escape" although "hex" was asked for; let the pooler in between pass it on, or set it on the role`)
}

// A provider makes a database read-only when its disk is full, so nobody overrides that.
func TestB7_ADatabaseThatTakesNoWritesIsRefused(t *testing.T) {
	t.Parallel()
	address := with(t, pgtest.Shared(t), func(_ *url.URL, q url.Values) { q.Set("default_transaction_read_only", "on") })
	_, err := Open(t.Context(), address, Options{Migrations: oneTable})
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "see that default_transaction_read_only is off")
}

func TestB7_ADatabaseWithoutTriggersIsRefused(t *testing.T) {
	t.Parallel()
	address := with(t, pgtest.Shared(t), func(_ *url.URL, q url.Values) { q.Set("session_replication_role", "replica") })
	_, err := Open(t.Context(), address, Options{Migrations: oneTable})
	require.ErrorContains(t, err, "ALTER ROLE … RESET session_replication_role")
}

func TestB7_AClockThatIsOffIsRefused(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.Shared(t))
	require.NoError(t, err)
	relyOn(config)
	for name, c := range map[string]struct {
		off  time.Duration
		says string
	}{
		"right":            {},
		"a minute is fine": {off: time.Minute},
		"ahead":            {off: time.Hour, says: "1h0m0s ahead of the database's"},
		"behind":           {off: -time.Hour, says: "1h0m0s behind the database's"},
	} {
		err := checkSurroundings(t.Context(), config, func() time.Time { return time.Now().Add(c.off) })
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
	}
	require.NoError(t, checkSurroundings(t.Context(), config, nil), "a clock that decides nothing may say anything")
}

// What is set for connections must not be lost on the way to a database that is away: it is told as such.
func TestB7_ADatabaseThatIsAwayIsNotBlamed(t *testing.T) {
	t.Parallel()
	address := with(t, pgtest.Shared(t), func(u *url.URL, _ url.Values) { u.Host = "127.0.0.1:1" })
	_, err := Open(t.Context(), address, Options{Migrations: oneTable})
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
