package transferstore

// So that no timer and no nudge is a single point of failure, somebody asks the ledger itself from time to time whether
// something is overdue that a run should have done.

import (
	"context"
	"time"

	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/store"
)

const (
	// watchLock is the advisory lock of the one program on a PostgreSQL that watches at a time.
	watchLock = 0x48616e6457617463 // "HandWatc"
	// mostWatched bounds what is raised at once.
	mostWatched = 500
	// What is overdue: a run has these times for what it does at once otherwise.
	expiresWithin = 5 * time.Minute
	closesWithin  = time.Minute
	// attemptsWithin is the longest time between two attempts at an item, an hour, with a margin.
	attemptsWithin = 70 * time.Minute
	// crowdedFor is how long a line item may wait for its turn behind others: a lost one must not hide among them for ever.
	crowdedFor = 24 * time.Hour
	// watchedEvery bounds how often one run is raised.
	watchedEvery = time.Hour
)

var tryWatchLock = store.Both(`SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN 1 ELSE 0 END`)

// isOverdue says of a transfer t that its run should have done something by now; $1 to $4 are the times of overdueSince. Line
// items that wait because the billing system is away or takes no more at once, or did until lately, are not overdue: that is a
// fact of its own.
const isOverdue = `CASE t.status WHEN 'Pending' THEN t.expiration_time <= $1
	WHEN 'InProgress' THEN EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id AND i.status = 'InProgress'
			AND COALESCE(i.attempted_at, t.submitted_time) <= $3
			AND NOT EXISTS (SELECT 1 FROM outages o WHERE COALESCE(o.ended_at, o.next_at) > $3
				AND (o.name <> '` + outage.BillingCrowd + `' OR COALESCE(i.attempted_at, t.submitted_time) > $4)))
		OR NOT EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id
			AND (i.status = 'InProgress' OR COALESCE(i.attempted_at, t.submitted_time) > $2))
	ELSE FALSE END`

// overdueSince are the times of isOverdue.
func overdueSince(now time.Time) []any {
	before := func(d time.Duration) store.Stamp { return store.Stamp(now.Add(-d)) }
	return []any{before(expiresWithin), before(closesWithin), before(attemptsWithin), before(crowdedFor)}
}

// selectOverdue passes over runs that are behind anyway.
var selectOverdue = store.Both(`SELECT t.id, t.target_tenant_id FROM transfers t LEFT JOIN runs r ON r.workflow_id = ` + transferRunID + `
	WHERE t.status IN ('Pending', 'InProgress') AND COALESCE(r.told = r.wanted, TRUE) AND COALESCE(r.watched_at <= $5, TRUE)
		AND ` + isOverdue + ` ORDER BY t.id LIMIT $6`)

// Watch makes the runs look whose transfers say that something is overdue: Pending 5 min past the expiration; InProgress
// with nothing left to move for a minute; a line item that nobody has tried to move for 70 min. It raises at most 500, each
// once an hour, and tells how many. Of several programs one does so at a time; the others raise nothing.
func (s *Store) Watch(ctx context.Context) (raised int, err error) {
	return write(ctx, s, "look for what is overdue", func(tx session) (int, error) {
		if alone, err := tx.watchesAlone(ctx); err != nil || !alone {
			return 0, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		overdue, err := store.All(ctx, tx, selectOverdue, (*openRun).fields,
			append(overdueSince(now), store.Stamp(now.Add(-watchedEvery)), mostWatched)...)
		if err != nil || len(overdue) == 0 {
			return 0, err
		}
		wanted := wantedOf(overdue, runs.CauseWatch)
		for i := range wanted {
			wanted[i].Watched = true
		}
		return len(wanted), runs.Want(ctx, tx.Tx, wanted...)
	})
}

// watchesAlone tells whether no other program watches, until the transaction ends. SQLite has one writer at a time.
func (tx session) watchesAlone(ctx context.Context) (bool, error) {
	if tx.Dialect() == store.SQLite {
		return true, nil
	}
	alone, _, err := store.One(ctx, tx, tryWatchLock, store.Value[int], int64(watchLock))
	return alone == 1, err
}
