package ledger

// I-9: the log is whole. The schema chains every record of the log to the one before it about the same subject (log_chain); here the
// chains are computed again, and whatever guards them in the schema is looked for.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
)

// theLog is the table whose records are chained.
const theLog = "activity_log"

// Wholeness is the invariant that the log was not tampered with.
const Wholeness = "I-9"

// wholeness finds what was changed, taken out, slipped in or left unguarded.
var wholeness = check{
	invariant: Wholeness,
	says:      "The log is whole: nothing in it was changed, taken out or slipped in.",
	counted:   store.Both(`SELECT COUNT(*) FROM log_chain`),
	notes:     []store.Statement{forgottenRecords, unsealedRecords},
	violations: append(tampering(), store.Statement{
		Postgres: `SELECT 'The trigger ' || e.name || ' of ' || e.on_table || ' is missing, disabled or another.' FROM (VALUES ` + guards(store.Postgres) + `) AS e (name, on_table, does)
			WHERE NOT EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = e.name AND t.tgrelid = to_regclass(e.on_table)
				AND t.tgenabled IN ('O', 'A') AND position(e.does IN p.prosrc) > 0)`,
		Sqlite: `SELECT 'The trigger ' || e.column1 || ' of ' || e.column2 || ' is missing or another.' FROM (VALUES ` + guards(store.SQLite) + `) AS e
			WHERE NOT EXISTS (SELECT 1 FROM sqlite_master m WHERE m.type = 'trigger' AND m.name = e.column1 AND m.tbl_name = e.column2
				AND instr(m.sql, e.column3) > 0)`,
	}),
}

// tampering are the queries for what does not fit the chain.
func tampering() []store.Statement {
	var found []store.Statement
	for _, f := range activitylogstore.Forms {
		found = append(found, changed(f))
	}
	found = append(found, sealed(), resealed())
	found = append(found, forgetting()...)
	return append(found,
		store.Both(`SELECT DISTINCT 'Record ' || c.record_id || ' was taken out.'`+linked+`WHERE r.id IS NULL`),
		store.Both(`SELECT 'Before record ' || c.record_id || ' the chain was cut.'`+linked+`WHERE c.seq > 1 AND p.seq IS NULL`),
		store.Both(`SELECT 'Record ' || r.id || ' was slipped in.' FROM `+theLog+` r
			LEFT JOIN log_chain c ON c.record_id = r.id AND {no index}c.subject_id = r.resource_id WHERE c.seq IS NULL`))
}

// linked are links beside the ones before them, their records and what was forgotten of those. The first record of a form follows one
// of another.
const linked = ` FROM log_chain c LEFT JOIN log_chain p ON p.subject_id = c.subject_id AND p.seq = c.seq - 1
		AND p.log IN ('sealed_log', 'activity_log', 'audit_records', 'activity_records') LEFT JOIN ` + theLog + ` r ON r.id = c.record_id
	LEFT JOIN log_salts s ON s.record_id = c.record_id LEFT JOIN log_tombstones d ON d.record_id = c.record_id `

// changed is the query for records of the form that say something else than was written.
func changed(f activitylogstore.Form) store.Statement {
	return store.Each(func(d store.Dialect) string {
		return `SELECT 'Record ' || c.record_id || ' is not what was written.'` + linked + `WHERE c.log = '` + f.Log + `' AND r.id IS NOT NULL
			AND d.record_id IS NULL AND ` + f.Unfit(d)
	})
}

// guards are the triggers that keep the log, what it tells of and what it cost, and production and sandbox apart, each with a part of
// what it does.
func guards(d store.Dialect) string {
	type guard struct{ name, table, does string }
	all := []guard{{"transfers_final", "transfers", "final state"}, {"line_items_ended", "line_items", "a line item ends once"}}
	all = append(all, guard{theLog + "_chained", theLog, "log_chain"}, guard{tombstones + "_chained", tombstones, "log_chain"},
		guard{theLog + "_no_update", theLog, tombstones})
	for _, table := range []string{theLog, "log_chain", "billing_lines", tombstones} {
		all = append(all, guard{table + "_no_update", table, "append-only"}, guard{table + "_no_delete", table, "append-only"})
		if d == store.Postgres {
			all = append(all, guard{table + "_no_truncate", table, "append-only"})
		}
	}
	for _, table := range []string{"partners", "customers"} {
		all = append(all, guard{table + "_environment", table, "in its environment"})
	}
	for _, table := range []string{"relationships", "agreements", "partnerships", "subscriptions", "transfers"} {
		all = append(all, guard{table + "_environment_new", table, "never mix"}, guard{table + "_environment_changed", table, "never mix"})
	}
	rows := make([]string, len(all))
	for n, g := range all {
		rows[n] = fmt.Sprintf("('%s', '%s', '%s')", g.name, g.table, g.does)
	}
	return strings.Join(rows, ", ")
}

// An Anchor is the log as it was at a time, in one line that fits a diary: kept where nobody who can write the ledger's database can
// write, it shows later that the log up to then is still the same. Its text is the time, a slash and the hash.
type Anchor struct {
	At     time.Time
	Digest string
}

// errAnchor says how an anchor is written.
var errAnchor = errors.New("an anchor is what verify printed: a time, a slash and 64 hexadecimal digits")

// ParseAnchor reads an anchor.
func ParseAnchor(text string) (Anchor, error) {
	moment, digest, _ := strings.Cut(strings.TrimSpace(text), "/")
	at, err := kernel.ReadTime("the anchor", moment, kernel.TimeExample, time.RFC3339)
	if sum, notHex := hex.DecodeString(digest); err != nil || notHex != nil || len(sum) != sha256.Size {
		return Anchor{}, errAnchor
	}
	return Anchor{At: at, Digest: digest}, nil
}

func (a Anchor) String() string { return a.At.UTC().Format(time.RFC3339) + "/" + a.Digest }

// settling is how long ago an anchor's time is: what carries an earlier time is committed by then.
const settling = 5 * time.Minute

// headsAtOnce bounds a page of heads.
const headsAtOnce = 5000

// selectHeads is a page of the last links that are not younger than a time, one for each subject.
var selectHeads = store.Both(`SELECT c.log, c.subject_id, c.seq, c.hash FROM log_chain c WHERE c.recorded_at <= $1 AND (c.log, c.subject_id) > ($2, $3)
	AND NOT EXISTS (SELECT 1 FROM log_chain n WHERE n.log = c.log AND n.subject_id = c.subject_id AND n.seq = c.seq + 1 AND n.recorded_at <= $1)
	ORDER BY c.log, c.subject_id, c.seq LIMIT ` + fmt.Sprint(headsAtOnce))

// head is the last link of a subject's chain.
type head struct {
	log, subject, hash string
	seq                int64
}

// Anchor is the log as it is, but for the latest five minutes, in which changes may still be on their way.
func (l *Ledger) Anchor(ctx context.Context) (Anchor, error) {
	return store.Snapshot(ctx, l.DB, "anchor the log", func(tx store.Tx) (Anchor, error) {
		now, err := tx.Now(ctx)
		if err != nil {
			return Anchor{}, err
		}
		return anchorAt(ctx, tx, now.Add(-settling).Truncate(time.Second))
	})
}

// Holds tells whether the log up to the anchor's time is what it was when the anchor was made.
func (l *Ledger) Holds(ctx context.Context, a Anchor) (bool, error) {
	now, err := store.Snapshot(ctx, l.DB, "compare the log with an anchor", func(tx store.Tx) (Anchor, error) { return anchorAt(ctx, tx, a.At) })
	return now.Digest == a.Digest, err
}

func anchorAt(ctx context.Context, tx store.Tx, at time.Time) (Anchor, error) {
	digest := sha256.New()
	var last head
	for {
		heads, err := store.All(ctx, tx, selectHeads, func(h *head) []any { return []any{&h.log, &h.subject, &h.seq, &h.hash} },
			store.Stamp(at), last.log, last.subject)
		if err != nil {
			return Anchor{}, err
		}
		for _, h := range heads {
			_, _ = fmt.Fprintf(digest, "%s %s %d %s\n", h.log, h.subject, h.seq, h.hash) // a hash takes all that is written
		}
		if len(heads) < headsAtOnce {
			return Anchor{At: at, Digest: hex.EncodeToString(digest.Sum(nil))}, nil
		}
		last = heads[len(heads)-1]
	}
}
