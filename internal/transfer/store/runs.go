package transferstore

// Which runs there are for transfers: the names of their workflows, and those that must be open or must not.

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// Why the run of a transfer has to look.
const (
	CauseSubmitted runs.Cause = "submitted"
	CauseCancelled runs.Cause = "cancelled"
	CauseDeclined  runs.Cause = "declined"
	CauseGivenUp   runs.Cause = "given-up"
	CauseAnswered  runs.Cause = "answered" // a range of line items has nothing left to go on with, or a billing system said something
)

// About tells of the transfer that a run is about.
var About = runs.About{
	Join:    `LEFT JOIN transfers t ON t.id = r.subject_id`,
	Columns: []string{"t.status", "t.customer_tenant_id", "t.source_tenant_id", "t.target_tenant_id"},
}

// StateOf is what a claimed run tells of its transfer: status and parties; None when the ledger has no such transfer.
func StateOf(r runs.Run) transfer.State {
	if len(r.About) != len(About.Columns) {
		return transfer.State{}
	}
	return transfer.State{
		Status: transfer.Status(r.About[0]), CustomerTenantID: r.About[1], SourceTenantID: r.About[2], TargetTenantID: r.About[3],
	}
}

// transferRunID is the workflow id of the run of transfer t.
var transferRunID = `'` + transfer.WorkflowID("") + `' || t.id`

// transferRun is the run of a transfer, which shares with the other runs of its target.
func transferRun(id, target string, cause runs.Cause) runs.Wanted {
	return runs.Wanted{WorkflowID: transfer.WorkflowID(id), WorkflowType: transfer.WorkflowType, SubjectID: id, FairKey: target, Cause: cause}
}

// openRun is a transfer that is not over, as a run.
type openRun struct{ id, target string }

func (o *openRun) fields() []any { return []any{&o.id, &o.target} }

func wantedOf(open []openRun, cause runs.Cause) []runs.Wanted {
	wanted := make([]runs.Wanted, len(open))
	for i, o := range open {
		wanted[i] = transferRun(o.id, o.target, cause)
	}
	return wanted
}

var selectFollowed = store.Both(`SELECT t.id, t.target_tenant_id FROM transfers t LEFT JOIN runs r ON r.workflow_id = ` + transferRunID + `
	WHERE t.status IN ('Pending', 'InProgress') AND t.id > $1 AND COALESCE(r.told = r.wanted, TRUE) ORDER BY t.id LIMIT $2`)

// FollowedRuns is a page of the runs that must be open at Temporal, because their transfers are not over and they were told
// everything: those with workflow ids greater than after, in that order, and at most limit.
func (s *Store) FollowedRuns(ctx context.Context, after string, limit int) ([]runs.Wanted, error) {
	id, more := runs.Within(after, transfer.WorkflowID(""), "")
	if !more {
		return nil, nil
	}
	return read(ctx, s, "read the runs of open transfers", func(tx session) ([]runs.Wanted, error) {
		open, err := store.All(ctx, tx, selectFollowed, (*openRun).fields, id, limit)
		return wantedOf(open, runs.CauseWatch), err
	})
}

var selectOver = store.OverRows(`SELECT t.id, t.target_tenant_id FROM {rows} JOIN runs u ON u.workflow_id = r.id JOIN transfers t ON t.id = u.subject_id
	WHERE t.status NOT IN ('Pending', 'InProgress') AND u.told = u.wanted`, store.IDColumn)

// OverRuns are those of the runs with these workflow ids that should not be open, because their transfers are over and they
// were told everything.
func (s *Store) OverRuns(ctx context.Context, workflowIDs []string) ([]runs.Wanted, error) {
	return read(ctx, s, "read the runs of transfers that are over", func(tx session) ([]runs.Wanted, error) {
		over, err := store.All(ctx, tx, selectOver, (*openRun).fields, store.IDRows(workflowIDs...))
		return wantedOf(over, runs.CauseWatch), err
	})
}

// mover is a run that moves the line items from (included) to (excluded).
type mover struct {
	run      runs.Wanted
	from, to int
}

// moversOf are the runs that move these line items of a transfer: its own or, of a large one, those of the ranges that they are in.
func moversOf(t transfer.Transfer, rules transfer.RunRules, total int, items []item, cause runs.Cause) []mover {
	if !rules.InRanges(total) {
		return []mover{{run: transferRun(t.ID, t.TargetTenantID, cause), to: total}}
	}
	var movers []mover
	told := map[int]bool{}
	for _, it := range items {
		from, to := rules.RangeOf(it.Ordinal, total)
		if !told[from] {
			told[from] = true
			movers = append(movers, mover{rangeRun(t, from, to, cause), from, to})
		}
	}
	return movers
}

// rangeRun is the run of a range of line items.
func rangeRun(t transfer.Transfer, from, to int, cause runs.Cause) runs.Wanted {
	return runs.Wanted{
		WorkflowID: transfer.RangeWorkflowID(t.ID, from, to), WorkflowType: transfer.RangeWorkflowType, SubjectID: t.ID,
		FairKey: t.TargetTenantID, Cause: cause,
	}
}

// wantedBy is the notice that a transfer's run is to take of a command.
func wantedBy(t transfer.Transfer, cause runs.Cause, origin kernel.Origin, byRun bool) runs.Wanted {
	w := transferRun(t.ID, t.TargetTenantID, cause)
	w.CorrelationID, w.Told = origin.Correlation, byRun
	return w
}
