package outbox

import (
	"context"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Addressed is a subject with the one address that stays the same in all e-mails about it, and in the subject, once it is forgotten.
type Addressed struct{ ID, Address string }

const (
	about = ` FROM notifications n WHERE n.subject_kind = $2 AND n.subject_id IN (SELECT r.id FROM {rows})`
	// forgetMail puts tombstones in the places of addresses, of Message-IDs, which are made of those, and of texts: $2 is one, $3 and $4 stand
	// around the number of one. What is undelivered cannot be sent again.
	forgetMail = `message_id = CAST($3 AS text) || CAST(notifications.id AS text) || CAST($4 AS text),
		last_error = CASE notifications.last_error WHEN '' THEN '' ELSE CAST($2 AS text) END,
		resent_by = CASE notifications.resent_by WHEN '' THEN '' ELSE CAST($2 AS text) END, withdrawn = undelivered_at IS NOT NULL`
	ofOthers = `FROM notifications WHERE subject_kind <> $1 AND (sent_at <= $2 OR undelivered_at <= $2) AND recipient NOT LIKE '` + kernel.TombstonePattern + `'`
)

var (
	selectAbout = store.OverRows(`SELECT n.subject_id, n.sent_at IS NULL AND n.undelivered_at IS NULL, n.recipient LIKE '`+kernel.TombstonePattern+`'`+about+` ORDER BY n.id`, store.IDColumn)
	lockAbout   = store.OverRows(`SELECT n.subject_id, n.sent_at IS NULL AND n.undelivered_at IS NULL, n.recipient LIKE '`+kernel.TombstonePattern+`'`+about+` ORDER BY n.id FOR UPDATE`, store.IDColumn)
	forgetAbout = store.OverRows(`UPDATE notifications SET recipient = CASE WHEN notifications.recipient = r.address THEN CAST($2 AS text)
		ELSE CAST($3 AS text) || CAST(notifications.id AS text) || CAST($4 AS text) END, `+forgetMail+`
		FROM {rows} WHERE notifications.subject_id = r.id AND notifications.subject_kind = $5
			AND notifications.recipient NOT LIKE '`+kernel.TombstonePattern+`'`, "id text, address text")
	forgetOthers = store.Both(`UPDATE notifications SET recipient = CAST($3 AS text) || CAST(notifications.id AS text) || CAST($4 AS text), ` + forgetMail + `
		WHERE id IN (SELECT id FROM notifications WHERE subject_kind <> $1 AND (sent_at <= $5 OR undelivered_at <= $5)
			AND recipient NOT LIKE '` + kernel.TombstonePattern + `' ORDER BY id LIMIT $6)`)
	countOthers     = store.Both(`SELECT COUNT(*) ` + ofOthers)
	selectForgotten = store.Both(`SELECT id FROM notifications WHERE id = $1 AND recipient LIKE '` + kernel.TombstonePattern + `'`)
)

// Waiting tells of the subjects which still wait for e-mails about them to be sent, and to whom how many e-mails about each went that is not forgotten. With
// lock nobody changes any of them until the transaction ends.
func Waiting(ctx context.Context, tx store.Tx, kind string, lock bool, ids ...string) (waits map[string]bool, others map[string]int, err error) {
	type mail struct {
		subject          string
		waits, forgotten bool
	}
	statement := selectAbout
	if lock {
		statement = lockAbout
	}
	all, err := store.All(ctx, tx, statement, func(m *mail) []any { return []any{&m.subject, &m.waits, &m.forgotten} }, store.IDRows(ids...), kind)
	waits, others = map[string]bool{}, map[string]int{}
	for _, m := range all {
		if !m.forgotten {
			others[m.subject]++
		}
		if m.waits {
			waits[m.subject] = true
		}
	}
	return waits, others, err
}

// ForgetAbout forgets to whom the e-mails about the subjects went. None of them may wait to be sent; one that could not be delivered is
// not sent again.
func ForgetAbout(ctx context.Context, tx store.Tx, kind string, at time.Time, subjects ...Addressed) error {
	rows := make(store.Batch, len(subjects))
	for i, s := range subjects {
		rows[i] = map[string]any{"id": s.ID, "address": store.Clean(s.Address)}
	}
	before, after := kernel.AroundNumber(at)
	_, err := tx.Exec(ctx, forgetAbout, rows, kernel.Tombstone(at), before, after, kind)
	return err
}

// forgottenAtOnce bounds one transaction of ForgetMail.
const forgottenAtOnce = 1000

// ForgetMail forgets to whom e-mails went that are about no subject of the kind, those that were sent or given up by then, a thousand at
// a time, and tells how many; none when nothing was left. A dry run counts all of them.
func (s *Store) ForgetMail(ctx context.Context, but string, f kernel.Forgetting) (int, error) {
	if f.DryRun {
		return store.Read(ctx, s.db, "count mail to forget", func(tx store.Tx) (int, error) {
			n, _, err := store.One(ctx, tx, countOthers, store.Value[int], but, store.Stamp(f.Before))
			return n, err
		})
	}
	return store.Write(ctx, s.db, "forget mail", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		before, after := kernel.AroundNumber(now)
		n, err := tx.Exec(ctx, forgetOthers, but, kernel.Tombstone(now), before, after, store.Stamp(f.Before), forgottenAtOnce)
		return int(n), err
	})
}

// noUndelivered says why the e-mail cannot be sent again.
func noUndelivered(ctx context.Context, tx store.Tx, id int64) error {
	_, forgotten, err := store.One(ctx, tx, selectForgotten, store.Value[int64], id)
	switch {
	case err != nil:
		return err
	case forgotten:
		return kernel.Refuse(kernel.InvalidInput, "To whom e-mail %d went was forgotten, so it cannot be sent again.", id)
	}
	return kernel.Refuse(kernel.InvalidInput, "There is no undelivered e-mail %d: it was sent, waits to be, is not needed any more, or never was.", id)
}
