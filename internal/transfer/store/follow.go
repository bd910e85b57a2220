package transferstore

// What the ledger expects of the run of a transfer, for whoever compares it with the runs that there are (I-7). It only
// reads: nothing is raised by it.

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

// Follow is what a run owes to the ledger.
type Follow struct {
	TransferID string
	Status     transfer.Status
	HasRun     bool          // a row in runs says that there is one
	Behind     time.Duration // since it, or one of its ranges, fell behind; zero while all were told everything
	Settled    time.Duration // since the transfer last changed or its run was last told
	Overdue    bool          // the watch would raise it: nobody did what was due
}

// owing is a Follow as it is read.
type owing struct {
	Follow
	changed, told, behind store.Stamp
}

func (o *owing) fields() []any {
	return []any{&o.TransferID, &o.Status, &o.HasRun, &o.Overdue, &o.changed, &o.told, &o.behind}
}

// as is the Follow at that time. What fell behind just now is behind.
func (o owing) as(now time.Time) Follow {
	f := o.Follow
	changed, told, behind := time.Time(o.changed), time.Time(o.told), time.Time(o.behind)
	if told.After(changed) {
		changed = told
	}
	f.Settled = max(0, now.Sub(changed))
	if !behind.IsZero() {
		f.Behind = max(time.Microsecond, now.Sub(behind))
	}
	return f
}

var selectFollow = `SELECT t.id, t.status, r.workflow_id IS NOT NULL, ` + isOverdue + `, t.last_modified_time, r.since, b.since
	FROM transfers t LEFT JOIN runs r ON r.workflow_id = ` + transferRunID + `
	LEFT JOIN (SELECT subject_id, MIN(since) AS since FROM runs WHERE told < wanted GROUP BY subject_id) AS b ON b.subject_id = t.id `

var (
	selectFollows  = store.Both(selectFollow + `WHERE t.id > $5 AND (t.status IN ('Pending', 'InProgress') OR b.since IS NOT NULL) ORDER BY t.id LIMIT $6`)
	selectFollowOf = store.Both(selectFollow + `WHERE t.id = $5`)
)

// Follows is a page of the transfers that are not over or whose runs are behind: those with ids greater than after, in that
// order, and at most limit.
func (s *Store) Follows(ctx context.Context, after string, limit int) ([]Follow, error) {
	return read(ctx, s, "read what runs owe", func(tx session) ([]Follow, error) {
		return s.follows(ctx, tx, selectFollows, after, limit)
	})
}

// FollowOf is what the run of one transfer owes. Refusal: NotFound.
func (s *Store) FollowOf(ctx context.Context, id string) (Follow, error) {
	store.Lower(&id)
	return read(ctx, s, "read what a run owes", func(tx session) (Follow, error) {
		found, err := s.follows(ctx, tx, selectFollowOf, id)
		switch {
		case err != nil:
			return Follow{}, err
		case len(found) == 0:
			return Follow{}, transfer.NoSuchTransfer()
		}
		return found[0], nil
	})
}

func (s *Store) follows(ctx context.Context, tx session, st store.Statement, args ...any) ([]Follow, error) {
	now, err := s.db.Time(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows, err := store.All(ctx, tx, st, (*owing).fields, append(overdueSince(now), args...)...)
	found := make([]Follow, len(rows))
	for i, row := range rows {
		found[i] = row.as(now)
	}
	return found, err
}
