package activitylogstore

// What is personal in records can be forgotten: a tombstone keeps the hash of it, which the record's link in the chain covers (I-9). Only
// the owner of the log's tables may.

import (
	"context"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
)

// ForgottenEvent is the event of records that say that something was forgotten.
const ForgottenEvent = "forgotten"

// forgottenKey begins the event keys of those that are about transfers. Who forgets answers for it, so of those nothing is forgotten of a
// customer, and with age as of any other.
const forgottenKey = ForgottenEvent + ":"

// WasForgotten is what they say.
type WasForgotten struct {
	Event string `json:"event"`
}

// known is a record with what is personal in it.
type known struct {
	id, subject, key string
	about            activitylog.ResourceType
	activitylog.Forgotten
	meant bool // it is to be forgotten, not only one of the page
}

func (k *known) fields() []any {
	return []any{&k.id, &k.subject, &k.key, &k.about, &k.UserID, &k.UserPrincipalName, &k.OldValue, &k.NewValue, &k.meant}
}

// left is what is to stay of a record.
type left struct {
	known
	at time.Time
}

var leftOver = store.Table[left]{
	Columns: `id text, user_id text, user_principal_name text, old_value text, new_value text, forgotten_at timestamptz`,
	Fields: func(l *left) []any {
		return []any{&l.id, &l.UserID, &l.UserPrincipalName, &l.OldValue, &l.NewValue, (*store.Stamp)(&l.at)}
	},
}

const (
	columnsOfKnown = `SELECT a.id, a.resource_id, a.event_key, a.resource_type, a.user_id, a.user_principal_name, a.old_value, a.new_value`
	notForgotten   = ` NOT EXISTS (SELECT 1 FROM log_tombstones d WHERE d.record_id = a.id) `
	// ofNoTransfer leaves to who forgets transfers what is about them. Refused attempts are about none: they stand under who attempts.
	ofNoTransfer = `NOT (a.resource_type = 'transfer' AND EXISTS (SELECT 1 FROM transfers t WHERE t.id = a.resource_id))`
)

var (
	knownAbout = store.OverRows(columnsOfKnown+`, TRUE FROM activity_log a WHERE a.resource_id IN (SELECT r.id FROM {rows})
		AND CASE $2 WHEN '' THEN a.recorded_at <= $3 ELSE a.event_key NOT LIKE '`+forgottenKey+`%' END AND`+notForgotten+`ORDER BY a.id`, store.IDColumn)
	// knownOf begins with the partners, of whom there are few, because the index of the log does.
	knownOf = store.Both(`WITH a AS MATERIALIZED (SELECT a.* FROM partners p CROSS JOIN activity_log a WHERE a.partner_tenant_id = p.tenant_id AND a.customer_tenant_id = $2 AND a.id > $1
		AND a.new_value <> '{"event":"` + ForgottenEvent + `"}' AND ` + ofNoTransfer + ` AND` + notForgotten + `) ` + columnsOfKnown + `, TRUE FROM a ORDER BY a.id LIMIT $3`)
	// knownBefore is a page of the log, whatever of it is so old: to look for those would be to read more than a page.
	knownBefore = store.Both(columnsOfKnown + `, a.recorded_at <= $2 AND ` + ofNoTransfer + ` AND` + notForgotten + `FROM activity_log a WHERE a.id > $1 ORDER BY a.id LIMIT $3`)
	bury        = burying()
	leave       = store.OverRows(`UPDATE activity_log SET user_id = r.user_id, user_principal_name = r.user_principal_name, old_value = r.old_value, new_value = r.new_value
		FROM {rows} WHERE activity_log.id = r.id`, leftOver.Columns)
	forgetSalt = store.OverRows(`DELETE FROM log_salts WHERE record_id IN (SELECT r.id FROM {rows})`, store.IDColumn)
)

// burying is the statement that sets tombstones, and tells which.
func burying() store.Statement {
	return store.Each(func(d store.Dialect) string {
		return store.OverRows(`INSERT INTO log_tombstones (record_id, forgotten_at, personal, remains) SELECT a.id, r.forgotten_at, `+
			Hashed("s.salt || "+Personal("a"), d)+`, `+Hashed(Personal("r"), d)+`
			FROM {rows} JOIN activity_log a ON a.id = r.id JOIN log_salts s ON s.record_id = a.id WHERE TRUE ON CONFLICT DO NOTHING RETURNING record_id`,
			leftOver.Columns).In(d)
	})
}

// ForgottenAbout is in how many records something was forgotten, and about which of the things.
type ForgottenAbout struct {
	Records  int
	Subjects map[string]bool // but not those of which only earlier forgetting was told
}

// ForgetAbout forgets what is personal in the records about the things, by customer or as old as that, in the transaction that does so with
// the things themselves. Who had something forgotten of a customer stays known until the record is old. A dry run counts.
func ForgetAbout(ctx context.Context, tx store.Tx, f kernel.Forgetting, at time.Time, resourceIDs ...string) (ForgottenAbout, error) {
	done := ForgottenAbout{Subjects: map[string]bool{}}
	found, err := store.All(ctx, tx, knownAbout, (*known).fields, store.IDRows(resourceIDs...), f.CustomerTenantID, store.Stamp(f.Before))
	if err != nil {
		return done, err
	}
	rows := lefts(found, at)
	for _, row := range rows {
		if !strings.HasPrefix(row.key, forgottenKey) {
			done.Subjects[row.subject] = true
		}
	}
	if done.Records = len(rows); !f.DryRun {
		done.Records, err = forget(ctx, tx, rows)
	}
	return done, err
}

// forgottenAtOnce bounds one transaction of ForgetRecords.
const forgottenAtOnce = 1000

// ForgetRecords does so with a page of the records that are not about transfers: those with ids greater than after. It returns the last
// id of the page, which is where the next one goes on; none when nothing was left. Records never change but by being forgotten, so only
// what is forgotten takes a change.
func (s *Store) ForgetRecords(ctx context.Context, f kernel.Forgetting, after string) (n int, last string, err error) {
	var now time.Time
	found, err := store.Read(ctx, s.db, "look for records to forget", func(tx store.Tx) (found []known, err error) {
		if now, err = s.db.Time(ctx, tx); err != nil {
			return nil, err
		}
		if f.CustomerTenantID != "" {
			return store.All(ctx, tx, knownOf, (*known).fields, after, f.CustomerTenantID, forgottenAtOnce)
		}
		return store.All(ctx, tx, knownBefore, (*known).fields, after, store.Stamp(f.Before), forgottenAtOnce)
	})
	if err != nil || len(found) == 0 {
		return 0, "", err
	}
	last = found[len(found)-1].id
	rows := lefts(found, now)
	if f.DryRun || len(rows) == 0 {
		return len(rows), last, nil
	}
	n, err = store.Write(ctx, s.db, "forget records", func(tx store.Tx) (int, error) { return forget(ctx, tx, rows) })
	return n, last, err
}

// lefts is what is to stay of those records in which something is personal.
func lefts(found []known, at time.Time) (rows []left) {
	for _, k := range found {
		if stays := k.Forget(k.about, at); k.meant && stays != k.Forgotten {
			k.Forgotten = stays
			rows = append(rows, left{k, at})
		}
	}
	return rows
}

// forget leaves that of the records, but for those that somebody else forgot meanwhile, and tells of how many.
func forget(ctx context.Context, tx store.Tx, rows []left) (int, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	if err := sealOld(ctx, tx, rows); err != nil {
		return 0, err
	}
	buried, err := store.All(ctx, tx, bury, store.Value[string], leftOver.Rows(rows))
	if err != nil {
		return 0, err
	}
	byID := map[string]left{}
	for _, row := range rows {
		byID[row.id] = row
	}
	mine := make([]left, len(buried))
	for i, id := range buried {
		mine[i] = byID[id]
	}
	if _, err := tx.Exec(ctx, leave, leftOver.Rows(mine)); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, forgetSalt, store.IDRows(buried...))
	return len(mine), err
}
