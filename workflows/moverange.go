package workflows

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

// Range is the part of a large transfer that one child moves.
type Range struct {
	activities.Window
	Plan activities.Plan `json:"plan"`
}

// rangeOptions let a range begin again under its own id after its run was ended from outside.
func rangeOptions(r Range) workflow.ChildWorkflowOptions {
	return workflow.ChildWorkflowOptions{
		WorkflowID:            RangeWorkflowID(r.TransferID, r.From, r.To),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         fmt.Sprintf("Line items %d to %d", r.From, r.To-1),
	}
}

// MoveRange moves a range of line items and returns how many ended how. At most rangeSize items, so at most some 3,000
// events when every single one of them has to be retried by itself.
func MoveRange(ctx workflow.Context, r Range) (transfer.ItemCounts, error) {
	m := newMover(r.Window, r.Plan, nil)
	m.show = func(ctx workflow.Context) { workflow.SetCurrentDetails(ctx, progress(m.counts)) }
	snapshot := func() (Snapshot, error) {
		return Snapshot{Transfer: transfer.Entity{ID: r.TransferID, Status: transfer.InProgress, LineItems: m.attempted()}, Items: m.counts}, nil
	}
	if err := workflow.SetQueryHandler(ctx, QueryState, snapshot); err != nil {
		return m.counts, err
	}
	workflow.Go(ctx, m.receiveEnded)
	if err := m.firstAttempts(ctx); err != nil || m.done() {
		return m.counts, err
	}
	err := m.keepTrying(ctx)
	return m.counts, err
}

// receiveEnded takes the parent's word that an item was given up. Anybody can signal, so foreign items are ignored.
func (m *mover) receiveEnded(ctx workflow.Context) {
	channel := workflow.GetSignalChannel(ctx, signalItemEnded)
	for {
		var item transfer.ItemEntity
		if more := channel.Receive(ctx, &item); !more {
			return
		}
		if m.window.From <= item.ID && item.ID < m.window.To {
			m.ended(item)
		}
	}
}
