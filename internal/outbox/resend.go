package outbox

import (
	"context"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Undelivered is an e-mail that could not be delivered.
type Undelivered struct {
	Notification
	ResentBy string // the operator who had it sent again before
}

// Which says which e-mails are meant, of those that could not be delivered: those with the ids, or else all, or all about one subject.
type Which struct {
	IDs   []int64 `json:"ids,omitempty"`
	About Subject `json:"about"` // zero for any
}

// undelivered leaves out what nobody needs any more.
const undelivered = `channel = 'email' AND undelivered_at IS NOT NULL AND NOT withdrawn`

var (
	selectUndelivered = store.Both(`SELECT ` + logged + `, resent_by FROM notifications
		WHERE ` + undelivered + ` AND ($1 = '' OR subject_id = $1) AND ($2 = '' OR subject_kind = $2) ORDER BY id LIMIT $3 FOR UPDATE`)
	selectOneUndelivered = store.Both(`SELECT ` + logged + `, resent_by FROM notifications WHERE id = $1 AND ` + undelivered + ` FOR UPDATE`)
	listUndelivered      = store.Both(`SELECT ` + logged + `, resent_by FROM notifications
		WHERE ` + undelivered + ` AND ($1 = '' OR subject_id = $1) AND ($2 = '' OR subject_kind = $2) ORDER BY id LIMIT $3`)
	countUndelivered = store.Both(`SELECT COUNT(*) FROM notifications
		WHERE ` + undelivered + ` AND ($1 = '' OR subject_id = $1) AND ($2 = '' OR subject_kind = $2)`)
	sendAgain = store.OverRows(`UPDATE notifications SET sent_at = NULL, undelivered_at = NULL, next_at = $2, resent_at = $2, resent_by = $3, claim = '',
		claimed_until = NULL FROM {rows} WHERE notifications.id = r.id`, "id bigint")
)

func (u *Undelivered) fields() []any {
	return append(loggedFields(&u.Notification), &u.ResentBy)
}

// UndeliveredMail are up to limit e-mails that could not be delivered, about the subject or, for the zero one, about anything, in the
// order in which they were owed, and how many there are in all.
func (s *Store) UndeliveredMail(ctx context.Context, about Subject, limit int) (mail []Undelivered, count int, err error) {
	store.Lower(&about.ID)
	mail, err = store.Read(ctx, s.db, "read undelivered mail", func(tx store.Tx) (found []Undelivered, err error) {
		if found, err = store.All(ctx, tx, listUndelivered, (*Undelivered).fields, about.ID, about.Kind, limit); err != nil {
			return nil, err
		}
		count, _, err = store.One(ctx, tx, countUndelivered, store.Value[int], about.ID, about.Kind)
		return found, err
	})
	return mail, count, err
}

// Resend puts e-mails that could not be delivered in the queue again, at most as many as the limit, under the Message-IDs that they
// have: due at once, and tried for as long as if they were owed from now on. It returns them as they stood, and how many are left that
// were meant. Of those that are named none is passed over: InvalidInput for one that is not, or not any more, undelivered.
func Resend(ctx context.Context, tx store.Tx, w Which, operator string, now time.Time, limit int) (again []Undelivered, left int, err error) {
	store.Lower(&w.About.ID)
	if again, err = meant(ctx, tx, w, limit); err != nil || len(again) == 0 {
		return nil, 0, err
	}
	rows := make(store.Batch, len(again))
	for i, u := range again {
		rows[i] = map[string]any{"id": u.ID}
	}
	if _, err := tx.Exec(ctx, sendAgain, rows, store.Stamp(now), operator); err != nil {
		return nil, 0, err
	}
	if len(w.IDs) == 0 {
		left, _, err = store.One(ctx, tx, countUndelivered, store.Value[int], w.About.ID, w.About.Kind)
	}
	return again, left, err
}

// meant are the e-mails, which nobody else changes until the transaction ends.
func meant(ctx context.Context, tx store.Tx, w Which, limit int) ([]Undelivered, error) {
	if len(w.IDs) == 0 {
		return store.All(ctx, tx, selectUndelivered, (*Undelivered).fields, w.About.ID, w.About.Kind, limit)
	}
	if len(w.IDs) > limit {
		return nil, kernel.Refuse(kernel.InvalidInput, "At most %d e-mails can be named; these are %d.", limit, len(w.IDs))
	}
	all := make([]Undelivered, 0, len(w.IDs))
	for _, id := range w.IDs {
		one, there, err := store.One(ctx, tx, selectOneUndelivered, (*Undelivered).fields, id)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, noUndelivered(ctx, tx, id)
		}
		all = append(all, one)
	}
	return all, nil
}
