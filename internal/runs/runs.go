// Package runs is which workflow runs have yet to look at the ledger. It knows nothing of what they are about.
package runs

// A change that a workflow run has to see raises the number "wanted" of the run in its own transaction. Whoever makes runs
// follow claims what is behind, tells Temporal, and raises "told" to the number that was claimed. Nothing else is kept: a
// run that was told looks at the ledger for what there is to do.

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
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

// Store are those of a database.
type Store struct {
	db    *store.DB
	about About
	due   store.Statement
}

// New are those in the database, told of as about says.
func New(db *store.DB, about About) *Store {
	return &Store{db: db, about: about, due: about.dueFairly()}
}

// WantRuns makes the runs look.
func (r *Store) WantRuns(ctx context.Context, wanted ...Wanted) error {
	_, err := store.Write(ctx, r.db, "make runs look", func(tx store.Tx) (int, error) { return len(wanted), Want(ctx, tx, wanted...) })
	return err
}

// About says what a claim tells of the subject of each run.
type About struct {
	Join    string   // to the table runs AS r, such as LEFT JOIN things t ON t.id = r.subject_id; one row at most for each run
	Columns []string // of text
}

// claimedColumns are those of a run with what is known of its subject.
func (a About) claimedColumns() string {
	columns := runs.Columns.Of("r")
	for _, column := range a.Columns {
		columns += ", COALESCE(" + column + ", '')"
	}
	return columns + ", {clock}"
}

func (a About) claimedFields(r *Run, read *time.Time) []any {
	r.About = make([]string, len(a.Columns))
	fields := runs.Fields(r)
	for i := range r.About {
		fields = append(fields, &r.About[i])
	}
	return append(fields, (*store.Stamp)(read))
}

// dueFairly finds the runs to claim key by key, so that who has a hundred thousand of them does not hold up who has one,
// and without reading the hundred thousand. Each database has its own way to look up the first few of every key.
func (a About) dueFairly() store.Statement {
	return store.Statement{
		Postgres: store.Both(waitingKeys + `, due AS MATERIALIZED (
			SELECT d.workflow_id FROM keys k CROSS JOIN LATERAL (
				SELECT r.workflow_id, r.due_at FROM runs r WHERE r.told < r.wanted AND r.fair_key = k.fair_key AND r.due_at <= {now $1}
				ORDER BY r.due_at LIMIT $3) AS d
			ORDER BY d.due_at LIMIT $2)
		SELECT ` + a.claimedColumns() + ` FROM runs r ` + a.Join + `
		WHERE r.workflow_id IN (SELECT workflow_id FROM due) AND r.told < r.wanted AND r.due_at <= {now $1} FOR UPDATE OF r SKIP LOCKED`).Postgres,
		Sqlite: store.Both(waitingKeys + ` SELECT ` + a.claimedColumns() + ` FROM keys k CROSS JOIN runs r ON r.workflow_id IN (
			SELECT d.workflow_id FROM runs d WHERE d.told < d.wanted AND d.fair_key = k.fair_key AND d.due_at <= {now $1}
			ORDER BY d.due_at LIMIT $3)
		` + a.Join + ` ORDER BY r.due_at LIMIT $2`).Sqlite,
	}
}

// waitingKeys are the fair keys of runs that are behind, each found from the one before.
const waitingKeys = `WITH RECURSIVE keys (fair_key) AS (
	SELECT MIN(fair_key) FROM runs WHERE told < wanted
	UNION ALL
	SELECT (SELECT MIN(r.fair_key) FROM runs r WHERE r.told < r.wanted AND r.fair_key > k.fair_key) FROM keys k WHERE k.fair_key IS NOT NULL)`

var leaseRuns = store.OverRows(`UPDATE runs SET due_at = r.due_at, attempts = r.attempts FROM {rows}
	WHERE runs.workflow_id = r.workflow_id`, runs.Columns)

// ClaimRuns takes up to limit runs that are behind and due, the longest due first and at most perKey of one fair key, and
// makes each due again later, when whoever took it must have died or failed: 5 s after the first attempt, 10 s after the
// second, up to 5 min, give or take a fifth. No two calls take the same run at the same time.
func (r *Store) ClaimRuns(ctx context.Context, limit, perKey int) ([]Run, error) {
	return store.Write(ctx, r.db, "claim runs", func(tx store.Tx) ([]Run, error) {
		var read time.Time
		claimed, err := store.All(ctx, tx, r.due, func(run *Run) []any {
			return r.about.claimedFields(run, &read)
		}, r.db.Given(), limit, perKey)
		if err != nil || len(claimed) == 0 {
			return nil, err
		}
		now := r.db.TimeRead(read)
		slices.SortFunc(claimed, func(a, b Run) int { return a.DueAt.Compare(b.DueAt) })
		for i := range claimed {
			claimed[i].Attempts++
			claimed[i].DueAt = store.AsStored(now.Add(untilAgain(claimed[i].Attempts)))
		}
		_, err = tx.Exec(ctx, leaseRuns, runs.Rows(claimed))
		return claimed, err
	})
}

const (
	shortestLease = 5 * time.Second
	longestLease  = 5 * time.Minute
)

// untilAgain is how long a run that was claimed for the n-th time (from 1) is left alone.
func untilAgain(n int) time.Duration {
	lease := min(shortestLease<<min(n-1, 6), longestLease)
	return lease - lease/5 + rand.N(2*lease/5) //nolint:gosec // nobody gains by guessing it
}

// tellRuns never lowers a number. A replacement that was made is not made again for what was changed meanwhile.
var tellRuns = store.OverRows(`UPDATE runs SET told = CASE WHEN runs.told < r.wanted THEN r.wanted ELSE runs.told END,
	cause = CASE WHEN r.cause = 'replaced' AND r.wanted < runs.wanted THEN 'resumed' ELSE runs.cause END,
	attempts = 0, last_error = '', since = {now $2} FROM {rows} WHERE runs.workflow_id = r.workflow_id`, runs.Columns)

// RunsTold records that Temporal took note of the numbers that were claimed. What was changed since then is still to be told.
func (r *Store) RunsTold(ctx context.Context, told []Run) error {
	if len(told) == 0 {
		return nil
	}
	_, err := store.Write(ctx, r.db, "record that runs were told", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, tellRuns, runs.Rows(told), r.db.Given())
	})
	return err
}

var (
	failRuns   = store.OverRows(`UPDATE runs SET last_error = r.last_error FROM {rows} WHERE runs.workflow_id = r.workflow_id`, runs.Columns)
	returnRuns = store.OverRows(`UPDATE runs SET due_at = {now $2}, attempts = r.attempts FROM {rows}
		WHERE runs.workflow_id = r.workflow_id AND runs.due_at = r.due_at`, runs.Columns)
)

// RunsFailed records by workflow id why Temporal was not told, as a code without any text of the parties. The runs stay
// behind and are due again when ClaimRuns said.
func (r *Store) RunsFailed(ctx context.Context, codes map[string]string) error {
	if len(codes) == 0 {
		return nil
	}
	failed := make([]Run, 0, len(codes))
	for id, code := range codes {
		failed = append(failed, Run{WorkflowID: id, LastError: code})
	}
	_, err := store.Write(ctx, r.db, "record that runs were not told", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, failRuns, runs.Rows(failed))
	})
	return err
}

// RunsReturned gives back claimed runs as if they had not been claimed, because there was nobody to tell: each is due at
// once, behind those that were not tried. One that was changed or claimed meanwhile is left as it is.
func (r *Store) RunsReturned(ctx context.Context, returned []Run) error {
	if len(returned) == 0 {
		return nil
	}
	rows := slices.Clone(returned)
	for i := range rows {
		rows[i].Attempts--
	}
	_, err := store.Write(ctx, r.db, "give runs back", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, returnRuns, runs.Rows(rows), r.db.Given())
	})
	return err
}

var selectWaiting = store.Both(`SELECT COUNT(*), MIN(since) FROM runs WHERE told < wanted`)

// RunsWaiting tells how many runs are behind, and since when the first of them is; zero when none is.
func (r *Store) RunsWaiting(ctx context.Context) (count int, since time.Time, err error) {
	type waiting struct {
		count int
		since store.Stamp
	}
	w, err := store.Read(ctx, r.db, "count runs that are behind", func(tx store.Tx) (waiting, error) {
		w, _, err := store.One(ctx, tx, selectWaiting, func(w *waiting) []any { return []any{&w.count, &w.since} })
		return w, err
	})
	return w.count, time.Time(w.since), err
}

var selectBehind = store.Both(`SELECT ` + runs.Columns.Of("r") + ` FROM runs r WHERE r.told < r.wanted AND r.since <= $1 ORDER BY r.since, r.workflow_id LIMIT $2`)

// BehindSince are up to limit runs that fell behind no later than that, the first of them first.
func BehindSince(ctx context.Context, tx store.Tx, latest time.Time, limit int) ([]Run, error) {
	return store.All(ctx, tx, selectBehind, runs.Fields, store.Stamp(latest), limit)
}
