// Package runs is which workflow runs have yet to look at the ledger. It knows nothing of what they are about.
//
// A change that a run has to see raises the number "wanted" of the run in its own transaction. Whoever makes runs follow claims
// what is behind, tells Temporal, and raises "told" to the number that was claimed. Nothing else is kept: a run that was told
// looks at the ledger for what there is to do.
//
//	runs.go   how far a run follows the ledger, and how many are behind
//	want.go   a change makes runs look
//	claim.go  what is behind is claimed, told, or given back
package runs

import (
	"context"
	"time"

	"handover/internal/store"
)

// Cause is why a run has to look. It says how Temporal is told, never what the run is to do.
type Cause string

// The causes that any run may have; those that are somebody's commands are with what they are about.
const (
	CauseOpened   Cause = "opened"   // what it is about came to be: no run of the id was there before
	CauseResumed  Cause = "resumed"  // by an operator
	CauseReplaced Cause = "replaced" // by an operator or a migration: the run there is ends, another begins
	CauseWatch    Cause = "watch"    // nobody told, and the ledger says that something is overdue
)

// Run is how far a workflow run follows the ledger.
type Run struct {
	WorkflowID    string
	WorkflowType  string
	SubjectID     string // what the run is about
	FairKey       string // whose runs share a part of what is told at once
	Wanted, Told  int64  // it is behind while Told is less than Wanted
	Cause         Cause
	DueAt         time.Time // not to be told before
	Attempts      int       // since the last change or success
	LastError     string    // a code
	Since         time.Time // when it fell behind
	CorrelationID string    // of the latest change

	About []string // what is known of its subject at the claim, as About says; empty texts when there is no such subject
}

var runs = store.Table[Run]{
	Name: "runs",
	Columns: `workflow_id text, workflow_type text, subject_id text, fair_key text, wanted bigint, told bigint, cause text,
		due_at timestamptz, attempts integer, last_error text, since timestamptz, correlation_id text`,
	Fields: func(r *Run) []any {
		return []any{
			&r.WorkflowID, &r.WorkflowType, &r.SubjectID, &r.FairKey, &r.Wanted, &r.Told, &r.Cause,
			(*store.Stamp)(&r.DueAt), &r.Attempts, &r.LastError, (*store.Stamp)(&r.Since), &r.CorrelationID,
		}
	},
}

// Store is the runs in a database.
type Store struct {
	db    *store.DB
	about About
	due   store.Statement
}

// New is the runs in the database. What a claim tells of their subjects, about says.
func New(db *store.DB, about About) *Store {
	return &Store{db: db, about: about, due: about.dueFairly()}
}

var selectWaiting = store.Both(`SELECT COUNT(*), MIN(since) FROM runs WHERE told < wanted`)

// RunsWaiting tells how many runs are behind, and since when the first of them is; zero when none is.
func (s *Store) RunsWaiting(ctx context.Context) (count int, since time.Time, err error) {
	type waiting struct {
		count int
		since store.Stamp
	}
	w, err := store.Read(ctx, s.db, "count runs that are behind", func(tx store.Tx) (waiting, error) {
		w, _, err := store.One(ctx, tx, selectWaiting, func(w *waiting) []any { return []any{&w.count, &w.since} })
		return w, err
	})
	return w.count, time.Time(w.since), err
}

var countBehind = store.OverRows(`SELECT COUNT(*) FROM {rows} JOIN runs u ON u.workflow_id = r.id WHERE u.told < u.wanted`, store.IDColumn)

// RunsBehind tells how many of the runs with these workflow ids are behind.
func (s *Store) RunsBehind(ctx context.Context, workflowIDs ...string) (int, error) {
	if len(workflowIDs) == 0 {
		return 0, nil
	}
	return store.Read(ctx, s.db, "look whether runs are behind", func(tx store.Tx) (int, error) {
		behind, _, err := store.One(ctx, tx, countBehind, store.Value[int], store.IDRows(workflowIDs...))
		return behind, err
	})
}

var selectBehind = store.Both(`SELECT ` + runs.Columns.Of("r") + ` FROM runs r WHERE r.told < r.wanted AND r.since <= $1 ORDER BY r.since, r.workflow_id LIMIT $2`)

// BehindSince are up to limit runs that fell behind no later than that, the first of them first.
func BehindSince(ctx context.Context, tx store.Tx, latest time.Time, limit int) ([]Run, error) {
	return store.All(ctx, tx, selectBehind, runs.Fields, store.Stamp(latest), limit)
}
