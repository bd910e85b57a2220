package outbox

import (
	"context"
	"time"

	"handover/internal/store"
)

// Backlog is how much e-mail about one subject has not reached its recipient.
type Backlog struct {
	About       Subject
	Waiting     int
	Undelivered int
	Since       time.Time // the first of them
}

// selectBacklogs looks for each kind in its own index.
var selectBacklogs = store.Both(`SELECT b.subject_kind, b.subject_id, SUM(b.waits), SUM(b.ended), MIN(b.since) FROM (
		SELECT subject_kind, subject_id, 1 AS waits, 0 AS ended, COALESCE(resent_at, owed_at) AS since FROM notifications
			WHERE ` + unsent + ` AND COALESCE(resent_at, owed_at) <= $1
		UNION ALL SELECT subject_kind, subject_id, 0, 1, undelivered_at FROM notifications WHERE ` + undelivered + `) b
	GROUP BY b.subject_kind, b.subject_id ORDER BY 5, 1, 2 LIMIT $2`)

// Backlogs are the subjects with e-mail that has been waiting since then or longer, or could not be delivered: up to limit of them, the
// longest waiting first; and how many e-mails could not be delivered in all.
func Backlogs(ctx context.Context, tx store.Tx, latest time.Time, limit int) (all []Backlog, ended int, err error) {
	all, err = store.All(ctx, tx, selectBacklogs, func(b *Backlog) []any {
		return []any{&b.About.Kind, &b.About.ID, &b.Waiting, &b.Undelivered, (*store.Stamp)(&b.Since)}
	}, store.Stamp(latest), limit)
	if err != nil {
		return nil, 0, err
	}
	ended, _, err = store.One(ctx, tx, countUndelivered, store.Value[int], "", "")
	return all, ended, err
}
