package ledger

// Seals of the log. The hash of a record's link covers what stays of the record, and a hash of what is personal in it that was made with
// a salt. Once that is forgotten, the hash stands in a tombstone and value and salt are gone: what stays is still known to be what was
// written, and what was personal can no more be found by trying. Records from before there were seals keep
// a link whose hash covers all of them; in the moment that one is forgotten it gets a seal in a link of its own.
//
// Whoever forgets can put in the place of what was personal whatever has a tombstone in it; that somebody forgot, when, and what they
// left there, is chained as well, so none of it changes afterwards.

import (
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
)

const (
	seals      = activitylogstore.Seals
	tombstones = "log_tombstones"
)

// seal is the hash of what stays and of what is, or was, personal. Without salt and tombstone it is another.
func seal(before string, d store.Dialect) string {
	inner := activitylogstore.Hashed("COALESCE(s.salt, '') || "+activitylogstore.Personal("r"), d)
	return activitylogstore.Hashed(before+activitylogstore.Stays+" || COALESCE(d.personal, "+inner+")", d)
}

// sealed is the query for records that say something else than was written, sealed as they were.
func sealed() store.Statement {
	return store.Each(func(d store.Dialect) string {
		return `SELECT 'Record ' || c.record_id || ' is not what was written.'` + linked + `WHERE c.log = 'sealed_log' AND r.id IS NOT NULL
			AND (c.seq = 1 OR p.seq IS NOT NULL) AND (c.recorded_at <> r.recorded_at OR c.hash <> ` + seal("COALESCE(p.hash, '') || ", d) + `)`
	})
}

// resealed is the same for those that were sealed when they were forgotten.
func resealed() store.Statement {
	return store.Each(func(d store.Dialect) string {
		return `SELECT 'Record ' || c.record_id || ' is not what was sealed.'` + linked + `WHERE c.log = '` + seals + `' AND r.id IS NOT NULL
			AND (d.forgotten_at IS NULL OR c.recorded_at <> d.forgotten_at OR c.hash <> ` + seal("", d) + `)`
	})
}

// forgetting are the queries for tombstones that are not what was set, for records that are not what was left of them, and for those of
// which nothing would show what was left once they are forgotten.
func forgetting() []store.Statement {
	const of = ` FROM ` + tombstones + ` d LEFT JOIN log_chain c ON c.log = '` + tombstones + `' AND c.subject_id = d.record_id AND c.seq = 1
		LEFT JOIN ` + theLog + ` r ON r.id = d.record_id `
	return []store.Statement{
		store.Each(func(d store.Dialect) string {
			hash := activitylogstore.Hashed("length(d.record_id) || ':' || d.record_id || d.personal || d.remains || {time d.forgotten_at}", d)
			return `SELECT 'The tombstone of record ' || d.record_id || ' was changed or slipped in.'` + of + `WHERE c.hash IS NULL OR c.recorded_at <> d.forgotten_at OR c.hash <> ` + hash
		}),
		store.Both(`SELECT 'The tombstone of record ' || c.record_id || ' was taken out.' FROM log_chain c LEFT JOIN ` + tombstones + ` d ON d.record_id = c.record_id
			WHERE c.log = '` + tombstones + `' AND d.record_id IS NULL`),
		store.Each(func(d store.Dialect) string {
			return `SELECT 'Record ' || r.id || ' is not what was left of it.'` + of + `WHERE r.id IS NOT NULL AND (d.remains <> ` + activitylogstore.Hashed(activitylogstore.Personal("r"), d) + `
				OR r.user_id || ' ' || r.user_principal_name || ' ' || r.old_value || ' ' || r.new_value NOT LIKE '%` + kernel.TombstonePattern + `%')`
		}),
		store.Both(`SELECT 'Record ' || c.record_id || ' lost its seal.' FROM log_chain c JOIN ` + tombstones + ` d ON d.record_id = c.record_id
			LEFT JOIN log_chain l ON l.log = '` + seals + `' AND l.subject_id = c.record_id AND l.seq = 1
			WHERE c.log IN (` + activitylogstore.OldLogs + `) AND l.seq IS NULL`),
	}
}

// forgottenRecords tells whoever verifies of what the hashes of values are kept only.
var forgottenRecords = store.Statement{
	Postgres: `SELECT 'What is personal was forgotten of ' || COUNT(*) || ' records, the latest at ' ||
		to_char(MAX(forgotten_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '.' FROM ` + tombstones + ` HAVING COUNT(*) > 0`,
	Sqlite: `SELECT 'What is personal was forgotten of ' || COUNT(*) || ' records, the latest at ' || substr(MAX(forgotten_at), 1, 19) || 'Z.' FROM ` + tombstones + ` HAVING COUNT(*) > 0`,
}

// unsealedRecords tells them how many have the links that they had before there were seals.
var unsealedRecords = store.Both(`SELECT COUNT(*) || ' records are from before there were seals: each is sealed when it is forgotten.'
	FROM log_chain c WHERE c.log IN (` + activitylogstore.OldLogs + `) AND NOT EXISTS (SELECT 1 FROM ` + tombstones + ` d WHERE d.record_id = c.record_id) HAVING COUNT(*) > 0`)
