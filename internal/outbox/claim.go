package outbox

// A claim is a name and a time: whoever holds it may send and record, and when a relay dies with it the time frees what it held.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"handover/internal/store"
)

const (
	unsent = `channel = 'email' AND sent_at IS NULL AND undelivered_at IS NULL`
	// free is whatever is due at $1 and in nobody's hands.
	free = unsent + ` AND next_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)`
	// targets are the fair keys that have unsent mail, found by stepping from one to the next in the index.
	targets = `WITH RECURSIVE targets AS (
			SELECT MIN(fair_key) AS fair_key FROM notifications WHERE ` + unsent + `
			UNION ALL
			SELECT (SELECT MIN(n.fair_key) FROM notifications n WHERE n.fair_key > t.fair_key AND ` + unsent + `)
			FROM targets t WHERE t.fair_key IS NOT NULL
		)`
	// firstOf is what one target may get.
	firstOf = ` FROM notifications m WHERE m.fair_key = t.fair_key AND ` + free + ` ORDER BY m.next_at, m.id LIMIT $2`
	// oldest leaves a choice to relays that look at the same time.
	oldest = ` ORDER BY n.next_at, n.id LIMIT 4 * CAST($3 AS bigint)`
	// whose takes what no other relay took since it was looked for: the condition is asked again where the row is locked.
	whose = ` AND ` + free + ` ORDER BY next_at, id LIMIT CAST($3 AS bigint)`
	hold  = `UPDATE notifications SET claim = $4, claimed_until = $5, message_id = ` + named + ` WHERE id `
	// named is the Message-ID with the sender's domain, once it has been in somebody's hands: under that name it may have gone out.
	named = `CASE WHEN attempts = 0 AND claim = '' AND CAST($6 AS text) <> '' AND message_id LIKE '%` + nowhere + `'
		THEN substr(message_id, 1, length(message_id) - length('` + nowhere + `')) || '@' || CAST($6 AS text) ELSE message_id END`
)

// claimMail costs as much as there are targets, whatever one of them has waiting. In PostgreSQL the ids pass from step to
// step as arrays, which are made once: joins it would plan by statistics, and those are old when a backlog is new.
var claimMail = store.Statement{
	Postgres: targets + `, fair AS (
			SELECT n.id FROM targets t CROSS JOIN LATERAL (SELECT m.id, m.next_at` + firstOf + `) n` + oldest + `
		), taken AS (
			SELECT id FROM notifications WHERE id = ANY (ARRAY(SELECT id FROM fair))` + whose + ` FOR UPDATE SKIP LOCKED
		) ` + hold + `= ANY (ARRAY(SELECT id FROM taken)) RETURNING ` + logged,
	Sqlite: targets + `, fair AS (
			SELECT n.id FROM targets t JOIN notifications n ON n.id IN (SELECT m.id` + firstOf + `)` + oldest + `
		), taken AS (
			SELECT id FROM notifications WHERE id IN (SELECT id FROM fair)` + whose + `
		) ` + hold + `IN (SELECT id FROM taken) RETURNING ` + logged,
}

// Owed is an e-mail in the hands of the relay that claimed it.
type Owed struct {
	Notification
	Age time.Duration // since it was owed, or an operator had it sent again
}

// ClaimMail takes up to limit e-mails that are due, at most perKey of one fair key, for as long as the lease: nobody else gets them
// before it ends. The Message-ID of one that nobody had before ends in the sender's domain from now on, unless that is empty, and
// stays the same whoever sends it later (I-4). Those due longest are taken first, and come in the order in which they were owed. Nothing due is an empty list.
func (s *Store) ClaimMail(ctx context.Context, claim, domain string, limit, perKey int, lease time.Duration) ([]Owed, error) {
	return store.Write(ctx, s.db, "claim mail", func(tx store.Tx) ([]Owed, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return nil, err
		}
		claimed, err := store.All(ctx, tx, claimMail, func(o *Owed) []any { return loggedFields(&o.Notification) },
			store.Stamp(now), perKey, limit, claim, store.Stamp(now.Add(lease)), domain)
		slices.SortFunc(claimed, func(a, b Owed) int { return cmp.Compare(a.ID, b.ID) })
		for i, o := range claimed {
			claimed[i].Age = now.Sub(o.since())
		}
		return claimed, err
	})
}

var selectHeld = store.Both(`SELECT id FROM notifications WHERE id = $1 AND claim = $2 AND claimed_until > $3 AND ` + unsent)

// HoldsMail tells whether the e-mail stays in the hands of the claim for at least that long: long enough to send it.
func (s *Store) HoldsMail(ctx context.Context, claim string, id int64, atLeast time.Duration) (bool, error) {
	return store.Read(ctx, s.db, "check a claim of mail", func(tx store.Tx) (bool, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return false, err
		}
		_, holds, err := store.One(ctx, tx, selectHeld, store.Value[int64], id, claim, store.Stamp(now.Add(atLeast)))
		return holds, err
	})
}

// MailOutcome is what became of a claimed e-mail.
type MailOutcome string

// The outcomes.
const (
	MailSent        MailOutcome = "sent"        // the mail server accepted it
	MailUndelivered MailOutcome = "undelivered" // it can never be delivered
	MailWithdrawn   MailOutcome = "withdrawn"   // nobody needs it any more
	MailAgain       MailOutcome = "again"       // an attempt failed, another follows
	MailUntried     MailOutcome = "untried"     // it is given back as it was
)

// MailOutcomes are all of them.
func MailOutcomes() []MailOutcome {
	return []MailOutcome{MailSent, MailUndelivered, MailWithdrawn, MailAgain, MailUntried}
}

// MailResult says what became of one claimed e-mail.
type MailResult struct {
	ID      int64
	Outcome MailOutcome
	Reason  string        // why it was not sent
	After   time.Duration // until it is due again, for MailAgain
}

// mailRow is a result as it is written.
type mailRow struct {
	id, counts                  int64
	sentAt, undeliveredAt, next time.Time
	withdrawn                   bool
	reason                      string
}

var mailRows = store.Table[mailRow]{
	Columns: `id bigint, counts bigint, sent_at timestamptz, undelivered_at timestamptz, next_at timestamptz, withdrawn boolean, reason text`,
	Fields: func(m *mailRow) []any {
		return []any{&m.id, &m.counts, (*store.Stamp)(&m.sentAt), (*store.Stamp)(&m.undeliveredAt), (*store.Stamp)(&m.next), &m.withdrawn, &m.reason}
	},
}

var recordOutcomes = store.OverRows(`UPDATE notifications SET sent_at = r.sent_at, undelivered_at = r.undelivered_at, withdrawn = r.withdrawn,
	next_at = COALESCE(r.next_at, notifications.next_at), attempts = notifications.attempts + r.counts,
	last_error = CASE WHEN r.reason = '' THEN notifications.last_error ELSE r.reason END, claim = '', claimed_until = NULL
	FROM {rows} WHERE notifications.id = r.id AND notifications.claim = $2
	AND notifications.sent_at IS NULL AND notifications.undelivered_at IS NULL`, mailRows.Columns)

// RecordMail writes what became of e-mails of the claim and frees them from it. What the claim does not hold any more, and
// what was recorded before, stays as it is. A claim whose lease ended still holds what nobody else took.
func (s *Store) RecordMail(ctx context.Context, claim string, results []MailResult) error {
	_, err := store.Write(ctx, s.db, "record mail", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		return len(results), record(ctx, tx, claim, results, now)
	})
	return err
}

func record(ctx context.Context, tx store.Tx, claim string, results []MailResult, at time.Time) error {
	if len(results) == 0 {
		return nil
	}
	rows := make([]mailRow, len(results))
	for i, r := range results {
		rows[i] = mailRow{id: r.ID, reason: r.Reason, counts: 1}
		switch r.Outcome {
		case MailSent:
			rows[i].sentAt = at
		case MailUndelivered, MailWithdrawn:
			rows[i].undeliveredAt, rows[i].withdrawn = at, r.Outcome == MailWithdrawn
		case MailAgain:
			rows[i].next = at.Add(r.After)
		case MailUntried:
			rows[i].counts = 0
		default:
			return fmt.Errorf("%q is no outcome of an e-mail", r.Outcome)
		}
	}
	_, err := tx.Exec(ctx, recordOutcomes, mailRows.Rows(rows), claim)
	return err
}
