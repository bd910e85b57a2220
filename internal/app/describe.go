package app

import (
	"context"

	"handover/internal/dispatch"
	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/workflows"
)

// describer says how the runs that the ledger wants are started and told. It knows what they are about; the dispatcher does
// not.
type describer struct {
	book interface {
		States(ctx context.Context, ids []string) (map[string]transfer.State, error)
	}
}

// describe answers for every run whose transfer the ledger has.
func (d describer) describe(ctx context.Context, runs []ledger.Run) (map[string]dispatch.Start, error) {
	ids := make([]string, len(runs))
	for i, run := range runs {
		ids[i] = run.SubjectID
	}
	states, err := d.book.States(ctx, ids)
	if err != nil {
		return nil, err
	}
	starts := make(map[string]dispatch.Start, len(runs))
	for _, run := range runs {
		if state, known := states[run.SubjectID]; known {
			starts[run.WorkflowID] = startOf(run, state)
		}
	}
	return starts, nil
}

func startOf(run ledger.Run, state transfer.State) dispatch.Start {
	if id, from, to, ok := transfer.ParseRangeWorkflowID(run.WorkflowID); ok {
		work := workflows.Range{TransferID: id, From: from, To: to}
		return dispatch.Start{Options: workflows.RangeStartOptions(work), Input: work}
	}
	start := dispatch.Start{Options: workflows.StartOptions(run.SubjectID, state), Input: workflows.Input{TransferID: run.SubjectID}}
	if run.Cause == ledger.CauseSubmitted {
		start.Signal = workflows.SignalSourceApproval
	}
	return start
}
