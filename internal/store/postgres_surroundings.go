package store

// What a PostgreSQL database must be like. A role, a database or a URL may set what changes the meaning of statements and values
// without an error; what can be set for a connection is set here, and what cannot is refused when the database is opened.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// parameter is a setting that statements are written by, and values read by.
type parameter struct{ name, value string }

// reliedOn are the settings of every connection. A transaction means READ COMMITTED unless it says otherwise.
var reliedOn = []parameter{
	{"client_encoding", "UTF8"},
	{"TimeZone", "UTC"},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"standard_conforming_strings", "on"},
	{"bytea_output", "hex"},
	{"default_transaction_isolation", "read committed"},
}

// mostSkew is how far the clock of this machine may be from the database's. Deadlines are the database's to judge; tokens, and how
// long answers are kept, are judged by this one.
const mostSkew = 5 * time.Minute

// relyOn sets on every connection what is relied on, whatever the URL, the role and the database set.
func relyOn(config *pgx.ConnConfig) {
	for name := range config.RuntimeParams {
		if slices.ContainsFunc(reliedOn, func(p parameter) bool { return strings.EqualFold(p.name, name) }) {
			delete(config.RuntimeParams, name)
		}
	}
	for _, p := range reliedOn {
		config.RuntimeParams[p.name] = p.value
	}
}

// checkSurroundings refuses a database on which everything would seem to succeed and something would be wrong. Now is this machine's
// clock, nil where it decides nothing. Errors: one sentence about what to correct; what the driver says of a database that is away.
func checkSurroundings(ctx context.Context, config *pgx.ConnConfig, now func() time.Time) (err error) {
	connection, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close(context.WithoutCancel(ctx))) }()
	var encoding, triggers string
	err = connection.QueryRow(ctx, `SELECT current_setting('server_encoding'), current_setting('session_replication_role')`).Scan(&encoding, &triggers)
	switch {
	case err != nil:
		return err
	case encoding != "UTF8":
		return fmt.Errorf("the database %q has the encoding %s, in which names and addresses are lost without an error; name one that was made with "+
			"CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'", config.Database, encoding)
	case triggers != "origin":
		return fmt.Errorf("session_replication_role is %q for the user %q, so that no trigger guards the ledger; set it back with "+
			"ALTER ROLE … RESET session_replication_role, or the same of the database", triggers, config.User)
	}
	if err := checkSettings(ctx, connection); err != nil || now == nil {
		return err
	}
	return checkClock(ctx, connection, now)
}

// checkSettings sees that what was set arrived: a pooler may keep it to itself.
func checkSettings(ctx context.Context, connection *pgx.Conn) error {
	var names, values []string
	for _, p := range reliedOn {
		names, values = append(names, p.name), append(values, p.value)
	}
	var name, is, wanted string
	err := connection.QueryRow(ctx, `SELECT name, current_setting(name), wanted FROM unnest($1::text[], $2::text[]) AS relied(name, wanted)
		WHERE current_setting(name) <> wanted LIMIT 1`, names, values).Scan(&name, &is, &wanted)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s is %q although %q was asked for; let the pooler in between pass it on, or set it on the role", name, is, wanted)
}

func checkClock(ctx context.Context, connection *pgx.Conn, now func() time.Time) error {
	var there time.Time
	before := now()
	if err := connection.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&there); err != nil {
		return err
	}
	after := now()
	switch {
	case before.Sub(there) > mostSkew:
		return skewed(before.Sub(there), "ahead of")
	case there.Sub(after) > mostSkew:
		return skewed(there.Sub(after), "behind")
	}
	return nil
}

func skewed(by time.Duration, where string) error {
	return fmt.Errorf("the clock of this machine is %s %s the database's, and both decide; set the wrong one right, as by NTP", by.Round(time.Second), where)
}
