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
}

func (k *known) fields() []any {
	return []any{&k.id, &k.subject, &k.key, &k.about, &k.UserID, &k.UserPrincipalName, &k.OldValue, &k.NewValue}
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
	selectKnown  = `SELECT a.id, a.resource_id, a.event_key, a.resource_type, a.user_id, a.user_principal_name, a.old_value, a.new_value FROM activity_log a `
	notForgotten = ` NOT EXISTS (SELECT 1 FROM log_tombstones d WHERE d.record_id = a.id) `
)

var (
	knownAbout = store.OverRows(selectKnown+`WHERE a.resource_id IN (SELECT r.id FROM {rows})
		AND CASE $2 WHEN '' THEN a.recorded_at <= $3 ELSE a.event_key NOT LIKE '`+forgottenKey+`%' END AND`+notForgotten+`ORDER BY a.id`, store.IDColumn)
	knownOf = store.Both(selectKnown + `WHERE a.id > $1 AND a.resource_type <> 'transfer' AND (a.customer_tenant_id = $2 AND a.new_value <> '{"event":"` + ForgottenEvent + `"}' OR $2 = '' AND a.recorded_at <= $3)
		AND` + notForgotten + `ORDER BY a.id LIMIT $4`)
	bury  = burying()
	leave = store.OverRows(`UPDATE activity_log SET user_id = r.user_id, user_principal_name = r.user_principal_name, old_value = r.old_value, new_value = r.new_value
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
	rows, err := forget(ctx, tx, found, at, f.DryRun)
	for _, row := range rows {
		if !strings.HasPrefix(row.key, forgottenKey) {
			done.Subjects[row.subject] = true
		}
	}
	done.Records = len(rows)
	return done, err
}

// forgottenAtOnce bounds one transaction of ForgetRecords.
const forgottenAtOnce = 1000

// ForgetRecords does so with a page of the records that are not about transfers: those with ids greater than after. It returns the last
// id of the page, which is where the next one goes on; none when nothing was left.
func (s *Store) ForgetRecords(ctx context.Context, f kernel.Forgetting, after string) (n int, last string, err error) {
	n, err = store.Write(ctx, s.db, "forget records", func(tx store.Tx) (int, error) {
		last = "" // of an earlier try
		found, err := store.All(ctx, tx, knownOf, (*known).fields, after, f.CustomerTenantID, store.Stamp(f.Before), forgottenAtOnce)
		if err != nil || len(found) == 0 {
			return 0, err
		}
		last = found[len(found)-1].id
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		rows, err := forget(ctx, tx, found, now, f.DryRun)
		return len(rows), err
	})
	return n, last, err
}

// forget does so, and tells of which records something is left.
func forget(ctx context.Context, tx store.Tx, found []known, at time.Time, dryRun bool) (rows []left, err error) {
	byID := map[string]left{}
	for _, k := range found {
		stays := k.Forget(k.about, at)
		if stays == k.Forgotten {
			continue
		}
		k.Forgotten = stays
		byID[k.id] = left{k, at}
		rows = append(rows, byID[k.id])
	}
	if dryRun || len(rows) == 0 {
		return rows, nil
	}
	if err := sealOld(ctx, tx, rows); err != nil {
		return nil, err
	}
	buried, err := store.All(ctx, tx, bury, store.Value[string], leftOver.Rows(rows)) // not those that somebody else forgot meanwhile
	if err != nil {
		return nil, err
	}
	rows = rows[:0]
	for _, id := range buried {
		rows = append(rows, byID[id])
	}
	if _, err := tx.Exec(ctx, leave, leftOver.Rows(rows)); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, forgetSalt, store.IDRows(buried...))
	return rows, err
}
