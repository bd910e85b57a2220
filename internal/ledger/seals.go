package ledger

// Seals of the log. The hash of a record's link covers what stays of the record, and a hash of what is personal in it that was made with
// a salt. Once that is forgotten, the hash stands in a tombstone and value and salt are gone: what stays is still known to be what was
// written, and what was personal can no more be found by trying. Records from before there were seals have theirs in links of their own.
//
// Whoever forgets can put in the place of what was personal whatever has a tombstone in it; that somebody forgot, when, and what they
// left there, is chained as well, so none of it changes afterwards.

import (
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
)

const (
	seals      = "seals"
	tombstones = "log_tombstones"
)

var (
	// stays is what is never forgotten of a record r.
	stays = activitylogstore.Spelled("r.id", "r.event_key", "r.partner_tenant_id", "r.participants", "COALESCE(r.customer_tenant_id, '')", "r.resource_type",
		"r.resource_id", "r.operation", "r.application_id", "r.correlation_id", "r.status") + " || {time r.recorded_at}"
	// personal is what can be.
	personal = activitylogstore.Personal("r")
)

// seal is the hash of what stays and of what is, or was, personal. Without salt and tombstone it is another.
func seal(before string) store.Statement {
	return both(func(d store.Dialect) string {
		inner := in(d, hashed("COALESCE(s.salt, '') || "+personal))
		return in(d, hashed(before+stays+" || COALESCE(d.personal, "+inner+")"))
	})
}

// both makes a statement of its text for each database.
func both(text func(store.Dialect) string) store.Statement {
	return store.Statement{Postgres: text(store.Postgres), Sqlite: text(store.SQLite)}
}

func in(d store.Dialect, s store.Statement) string {
	if d == store.SQLite {
		return s.Sqlite
	}
	return s.Postgres
}

// sealed is the query for records that say something else than was written, sealed as they were.
func sealed() store.Statement {
	return both(func(d store.Dialect) string {
		return `SELECT 'Record ' || c.record_id || ' is not what was written.'` + linked + `WHERE c.log = 'sealed_log' AND r.id IS NOT NULL
			AND (c.seq = 1 OR p.seq IS NOT NULL) AND (c.recorded_at <> r.recorded_at OR c.hash <> ` + in(d, seal("COALESCE(p.hash, '') || ")) + `)`
	})
}

// resealed is the same for those that were sealed afterwards.
func resealed() store.Statement {
	return both(func(d store.Dialect) string {
		return `SELECT 'Record ' || c.record_id || ' is not what was sealed.'` + linked + `WHERE c.log = '` + seals + `' AND r.id IS NOT NULL
			AND (c.recorded_at <> r.recorded_at OR c.hash <> ` + in(d, seal("")) + `)`
	})
}

// forgetting are the queries for tombstones that are not what was set, for records that are not what was left of them, and for those of
// which nothing would show what was left once they are forgotten.
func forgetting() []store.Statement {
	const of = ` FROM ` + tombstones + ` d LEFT JOIN log_chain c ON c.log = '` + tombstones + `' AND c.subject_id = d.record_id AND c.seq = 1
		LEFT JOIN ` + theLog + ` r ON r.id = d.record_id `
	return []store.Statement{
		both(func(d store.Dialect) string {
			hash := in(d, hashed("length(d.record_id) || ':' || d.record_id || d.personal || d.remains || {time d.forgotten_at}"))
			return `SELECT 'The tombstone of record ' || d.record_id || ' was changed or slipped in.'` + of + `WHERE c.hash IS NULL OR c.recorded_at <> d.forgotten_at OR c.hash <> ` + hash
		}),
		store.Both(`SELECT 'The tombstone of record ' || c.record_id || ' was taken out.' FROM log_chain c LEFT JOIN ` + tombstones + ` d ON d.record_id = c.record_id
			WHERE c.log = '` + tombstones + `' AND d.record_id IS NULL`),
		both(func(d store.Dialect) string {
			return `SELECT 'Record ' || r.id || ' is not what was left of it.'` + of + `WHERE r.id IS NOT NULL AND (d.remains <> ` + in(d, hashed(personal)) + `
				OR r.user_id || ' ' || r.user_principal_name || ' ' || r.old_value || ' ' || r.new_value NOT LIKE '%` + kernel.TombstonePattern + `%')`
		}),
		store.Both(`SELECT 'Record ' || c.record_id || ' lost its seal.' FROM log_chain c JOIN ` + theLog + ` r ON r.id = c.record_id
			LEFT JOIN log_chain l ON l.log = '` + seals + `' AND l.subject_id = c.record_id AND l.seq = 1
			WHERE c.log IN ('activity_log', 'audit_records', 'activity_records') AND l.seq IS NULL`),
	}
}

// forgottenRecords tells whoever verifies of what the hashes of values are kept only.
var forgottenRecords = store.Statement{
	Postgres: `SELECT 'What is personal was forgotten of ' || COUNT(*) || ' records, the latest at ' ||
		to_char(MAX(forgotten_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '.' FROM ` + tombstones + ` HAVING COUNT(*) > 0`,
	Sqlite: `SELECT 'What is personal was forgotten of ' || COUNT(*) || ' records, the latest at ' || substr(MAX(forgotten_at), 1, 19) || 'Z.' FROM ` + tombstones + ` HAVING COUNT(*) > 0`,
}
