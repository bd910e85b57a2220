package runs

import (
	"context"
	"slices"
	"time"

	"handover/internal/jitter"
	"handover/internal/store"
)

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
func (s *Store) ClaimRuns(ctx context.Context, limit, perKey int) ([]Run, error) {
	return store.Write(ctx, s.db, "claim runs", func(tx store.Tx) ([]Run, error) {
		var read time.Time
		claimed, err := store.All(ctx, tx, s.due, func(run *Run) []any {
			return s.about.claimedFields(run, &read)
		}, s.db.Given(), limit, perKey)
		if err != nil || len(claimed) == 0 {
			return nil, err
		}
		now := s.db.TimeRead(read)
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
	return jitter.Fifth(min(shortestLease<<min(n-1, 6), longestLease))
}

// tellRuns never lowers a number. A replacement that was made is not made again for what was changed meanwhile.
var tellRuns = store.OverRows(`UPDATE runs SET told = CASE WHEN runs.told < r.wanted THEN r.wanted ELSE runs.told END,
	cause = CASE WHEN r.cause = 'replaced' AND r.wanted < runs.wanted THEN 'resumed' ELSE runs.cause END,
	attempts = 0, last_error = '', since = {now $2} FROM {rows} WHERE runs.workflow_id = r.workflow_id`, runs.Columns)

// RunsTold records that Temporal took note of the numbers that were claimed. What was changed since then is still to be told.
func (s *Store) RunsTold(ctx context.Context, told []Run) error {
	if len(told) == 0 {
		return nil
	}
	_, err := store.Write(ctx, s.db, "record that runs were told", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, tellRuns, runs.Rows(told), s.db.Given())
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
func (s *Store) RunsFailed(ctx context.Context, codes map[string]string) error {
	if len(codes) == 0 {
		return nil
	}
	failed := make([]Run, 0, len(codes))
	for id, code := range codes {
		failed = append(failed, Run{WorkflowID: id, LastError: code})
	}
	_, err := store.Write(ctx, s.db, "record that runs were not told", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, failRuns, runs.Rows(failed))
	})
	return err
}

// RunsReturned gives back claimed runs as if they had not been claimed, because there was nobody to tell: each is due at
// once, behind those that were not tried. One that was changed or claimed meanwhile is left as it is.
func (s *Store) RunsReturned(ctx context.Context, returned []Run) error {
	if len(returned) == 0 {
		return nil
	}
	rows := slices.Clone(returned)
	for i := range rows {
		rows[i].Attempts--
	}
	_, err := store.Write(ctx, s.db, "give runs back", func(tx store.Tx) (int64, error) {
		return tx.Exec(ctx, returnRuns, runs.Rows(rows), s.db.Given())
	})
	return err
}
