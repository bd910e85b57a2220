package subscriptionstore

// Scheduled ends: each has a run that waits for it and comes here. So that its timer is no single point of failure,
// whoever watches the ledger raises the run of an end that is overdue.

import (
	"context"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
)

// CancelWhenDue ends the subscription when its scheduled end has come, once, with a record in its owner's log, and says how
// things stand. Refusal: SubscriptionUnknown.
func (s *Store) CancelWhenDue(ctx context.Context, id string) (subscription.Cancellation, error) {
	store.Lower(&id)
	return store.Write(ctx, s.db, "end a subscription as scheduled", func(tx store.Tx) (subscription.Cancellation, error) {
		locked, err := Lock(ctx, tx, id)
		switch {
		case err != nil:
			return subscription.Cancellation{}, err
		case len(locked) == 0:
			return subscription.Cancellation{}, subscription.NoSuch(id)
		}
		mover, err := s.movedBy(ctx, tx, id)
		if err != nil {
			return subscription.Cancellation{}, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return subscription.Cancellation{}, err
		}
		old := locked[0]
		c := subscription.ScheduledCancellation(old, mover != "", now)
		if !c.Due {
			return c, nil
		}
		return c, s.change(ctx, tx, activitylog.By{PartnerTenantID: old.PartnerTenantID}, old, subscription.Cancelled(old), now)
	})
}

// CancellationRuns are the runs that are to end those of the subscriptions that have an end scheduled.
func CancellationRuns(cause runs.Cause, subs ...subscription.Subscription) []runs.Wanted {
	var wanted []runs.Wanted
	for _, sub := range subs {
		if !sub.CancelAt.IsZero() {
			wanted = append(wanted, runs.Wanted{
				WorkflowID: subscription.CancellationWorkflowID(sub.ID), WorkflowType: subscription.CancellationWorkflowType,
				SubjectID: sub.ID, FairKey: sub.PartnerTenantID, Cause: cause,
			})
		}
	}
	return wanted
}

const (
	// cancelsWithin is how long after the scheduled time a run may take.
	cancelsWithin = 5 * time.Minute
	// mostWatched bounds what is raised at once.
	mostWatched = 500
	// watchedEvery bounds how often one run is raised: while a transfer moves the subscription there is nothing that it could do.
	watchedEvery = time.Hour
)

// cancellationRunID is the run's of a subscription.
var cancellationRunID = `'` + subscription.CancellationWorkflowID("' || s.id || '") + `'`

// selectOverdue passes over runs that are behind anyway.
var selectOverdue = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s
	LEFT JOIN runs r ON r.workflow_id = ` + cancellationRunID + `
	WHERE s.cancel_at <= $1 AND s.cancel_at IS NOT NULL AND s.billed AND COALESCE(r.told = r.wanted, TRUE) AND COALESCE(r.watched_at <= $2, TRUE)
	ORDER BY s.id LIMIT $3`)

// WatchCancellations makes the runs look whose subscriptions should have ended five minutes ago: at most 500, each once an hour.
// It tells how many. Of several programs each may do so: a run that is raised twice looks once.
func (s *Store) WatchCancellations(ctx context.Context) (raised int, err error) {
	return store.Write(ctx, s.db, "look for what should have ended", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		overdue, err := store.All(ctx, tx, selectOverdue, Table.Fields, store.Stamp(now.Add(-cancelsWithin)), store.Stamp(now.Add(-watchedEvery)), mostWatched)
		if err != nil || len(overdue) == 0 {
			return 0, err
		}
		wanted := CancellationRuns(runs.CauseWatch, overdue...)
		for i := range wanted {
			wanted[i].Watched = true
		}
		return len(wanted), runs.Want(ctx, tx, wanted...)
	})
}

var (
	selectScheduled = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s LEFT JOIN runs r ON r.workflow_id = ` + cancellationRunID + `
		WHERE s.cancel_at IS NOT NULL AND s.billed AND s.id > $1 AND COALESCE(r.told = r.wanted, TRUE) ORDER BY s.id LIMIT $2`)
	selectEnded = store.OverRows(`SELECT `+Table.Columns.Of("s")+` FROM {rows} JOIN runs u ON u.workflow_id = r.id
		JOIN subscriptions s ON s.id = u.subject_id AND u.workflow_id = `+cancellationRunID+` WHERE NOT s.billed AND u.told = u.wanted`, store.IDColumn)
)

// FollowedCancellations is a page of the runs that must be open at Temporal, because an end is scheduled and they were told
// everything: those with workflow ids greater than after, in that order, and at most limit.
func (s *Store) FollowedCancellations(ctx context.Context, after string, limit int) ([]runs.Wanted, error) {
	begin, end, _ := strings.Cut(subscription.CancellationWorkflowID(" "), " ")
	id, more := runs.Within(after, begin, end)
	if !more {
		return nil, nil
	}
	return store.Read(ctx, s.db, "read the runs of scheduled ends", func(tx store.Tx) ([]runs.Wanted, error) {
		scheduled, err := store.All(ctx, tx, selectScheduled, Table.Fields, id, limit)
		return CancellationRuns(runs.CauseWatch, scheduled...), err
	})
}

// OverCancellations are those of the runs with these workflow ids that should not be open, because their subscriptions have
// ended and they were told everything.
func (s *Store) OverCancellations(ctx context.Context, workflowIDs []string) ([]runs.Wanted, error) {
	return store.Read(ctx, s.db, "read the runs of ends that came", func(tx store.Tx) ([]runs.Wanted, error) {
		ended, err := store.All(ctx, tx, selectEnded, Table.Fields, store.IDRows(workflowIDs...))
		return CancellationRuns(runs.CauseWatch, ended...), err
	})
}
