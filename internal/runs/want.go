package runs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"handover/internal/store"
)

// Wanted is a run that has to look.
type Wanted struct {
	WorkflowID    string
	WorkflowType  string
	SubjectID     string
	FairKey       string
	Cause         Cause
	CorrelationID string
	At            time.Time     // of the change; zero for now
	Delay         time.Duration // what many changes in a row want is told once
	Told          bool          // the run brings the change itself and knows

	Watched bool // nobody else raised it, and it is raised again only much later
}

// raising is a row of runs as it is when it is raised for the first time.
type raising struct {
	Run
	watchedAt time.Time
}

var raisings = store.Table[raising]{
	Name:    runs.Name,
	Columns: runs.Columns + `, watched_at timestamptz`,
	Fields:  func(r *raising) []any { return append(runs.Fields(&r.Run), (*store.Stamp)(&r.watchedAt)) },
}

// raiseRuns keeps four things: a run that is behind already does not become due later; a replacement stands until it was
// made, whatever is changed meanwhile, and only a new run makes it; a run that fell behind earlier has been behind since
// then; and what a run brings itself covers everything before, because the run looks after it.
var raiseRuns = raisings.Insert(`ON CONFLICT (workflow_id) DO UPDATE SET wanted = runs.wanted + 1,
	told = CASE WHEN excluded.told = 1 AND NOT (runs.told < runs.wanted AND runs.cause = 'replaced') THEN runs.wanted + 1 ELSE runs.told END,
	cause = CASE WHEN runs.told < runs.wanted AND runs.cause = 'replaced' THEN runs.cause ELSE excluded.cause END,
	due_at = CASE WHEN runs.told < runs.wanted AND runs.due_at < excluded.due_at THEN runs.due_at ELSE excluded.due_at END,
	attempts = 0,
	since = CASE WHEN runs.told < runs.wanted THEN runs.since ELSE excluded.since END,
	watched_at = COALESCE(excluded.watched_at, runs.watched_at),
	correlation_id = excluded.correlation_id`)

// Want makes the runs look, once the transaction is committed. Each comes once in the list.
func Want(ctx context.Context, tx store.Tx, wanted ...Wanted) error {
	rows := make([]raising, len(wanted))
	var now time.Time
	for i, w := range wanted {
		if w.At.IsZero() && now.IsZero() {
			var err error
			if now, err = tx.Now(ctx); err != nil {
				return err
			}
		}
		rows[i] = w.row(now)
	}
	// In one order, so that two changes of many runs do not wait for each other.
	slices.SortFunc(rows, func(a, b raising) int { return cmp.Compare(a.WorkflowID, b.WorkflowID) })
	if len(rows) > 0 {
		tx.Raise()
	}
	return store.Insert(ctx, tx, raisings, raiseRuns, rows)
}

func (w Wanted) row(now time.Time) raising {
	if w.At.IsZero() {
		w.At = now
	}
	r := raising{Run: Run{
		WorkflowID: w.WorkflowID, WorkflowType: w.WorkflowType, SubjectID: w.SubjectID, FairKey: w.FairKey, Wanted: 1,
		Cause: w.Cause, DueAt: w.At.Add(w.Delay), Since: w.At, CorrelationID: w.CorrelationID,
	}}
	if w.Told {
		r.Told = 1
	}
	if w.Watched {
		r.watchedAt = w.At
	}
	return r
}

// WantRuns makes the runs look.
func (s *Store) WantRuns(ctx context.Context, wanted ...Wanted) error {
	_, err := store.Write(ctx, s.db, "make runs look", func(tx store.Tx) (int, error) { return len(wanted), Want(ctx, tx, wanted...) })
	return err
}

// Within is where a page of runs goes on among those whose workflow ids are a subject between prefix and suffix: after which
// subject, empty for the first, and whether any can come after that workflow id.
func Within(after, prefix, suffix string) (subject string, more bool) {
	if id, of := strings.CutPrefix(after, prefix); of {
		return strings.TrimSuffix(id, suffix), true
	}
	return "", after < prefix
}
