package transfers

import (
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// The steps of a transfer. The receiver is nil: it only lends its methods.
var (
	room  *activities.Activities
	steps = run.Under(activities.Prefix)

	standing      = run.Step2(steps, room.Look)
	remindSource  = run.Step2(steps, room.RemindSource)
	expire        = run.Step1(steps, room.Expire)
	flagOverdue   = run.Step1(steps, room.FlagOverdue)
	giveUpLate    = run.Step1(steps, room.GiveUpLate)
	conclude      = run.Step1(steps, room.Close)
	takeCommand   = run.Step1(steps, room.Command)
	recordRefusal = run.Told(steps, room.RecordRefusal)
	moveWindow    = run.Step2(steps, room.MoveWindow)
	moveItem      = run.Step2(steps, room.MoveItem)
	fenceItem     = run.Step2(steps, room.FenceItem)
	rangeMoved    = run.Told(steps, room.RangeMoved)
	notifyParties = run.Step1(steps, room.NotifyParties)
)

// Activities are the names of all activities that the runs call.
func Activities() []string { return steps.Names() }

// look asks the ledger how the transfer stands. It is a new read on the primary every time: what was said before it is
// covered by it.
func look(ctx workflow.Context, id string, w activities.Watched) (transfer.Standing, error) {
	return run.UntilDone(ctx, "Look at the ledger", standing(id, w).Within(run.ForALook))
}
