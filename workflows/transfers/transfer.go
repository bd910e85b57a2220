// Package transfers holds the processes of a transfer: what happens, in which order, waiting for whom. They decide nothing
// themselves (that is the ledger, by the rules of internal/transfer) and touch nothing themselves (that is activities/transfers).
//
//	transfer.go  the life of a transfer: look at the ledger, do what is due, wait
//	letters.go   commands of clients that have Temporal only, as they come in
//	door.go      how those commands are answered
//	moving.go    line items: first attempts in windows, then each by itself until it succeeds
//	ranges.go    the children that move the line items of a large transfer
//	showing.go   search attributes, the text the Web UI shows, the answer to the query
//	waiting.go   until something is said, an item ended or the time has come
//	steps.go     the activities that it calls
//	input.go     how a run begins; start.go how it is started
//	names.go     every name that others rely on
package transfers

import (
	"go.temporal.io/sdk/workflow"

	"handover/activities/failing"
	activities "handover/activities/transfers"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// Receipt is what a run returns: what the transfer became.
type Receipt struct {
	TransferID string              `json:"transferId"`
	Status     transfer.Status     `json:"status"`
	Items      transfer.ItemCounts `json:"items"`
}

// life is one run of Transfer. It remembers nothing that the ledger does not know better.
type life struct {
	id       string
	known    string            // the newest record of the transfer that a run has seen
	at       transfer.Standing // as of the latest look
	inbox    *run.Inbox[letter]
	answers  []transfer.Answer
	refusals int
	mover    *mover  // of the line items that this run moves itself
	ranges   *ranges // the children that move them otherwise
	alarm    run.Alarm
	woken    bool // an item or a range ended
	notified bool
	restored bool   // the ledger lacks what the run has seen
	trouble  string // what went wrong that no retry cures
}

// Transfer follows a transfer in the ledger, from its request to its end. The ledger decides and answers; the run holds what
// takes time: it waits for the source's approval, reminds, lets the request expire, moves every line item until it succeeds,
// closes, and has everybody told. It knows an id, and does in turns: empty the inbox, look, do what is due, wait. So it may
// begin afresh, be reset or be started in vain at any time: the next look puts it right.
//
// It returns what the transfer became. A request that came as the input and was refused fails it with the refusal.
//
// A request that nobody answers has about 30 events, reminders included, one of three items 17; a large one adds four or more
// per 250 items, the items being in the histories of its children.
func Transfer(ctx workflow.Context, in Input) (Receipt, error) {
	// Cancelling the run in Temporal would leave the ledger Pending with nobody to end it. Only the domain's cancel counts.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	r, err := begin(ctx, in)
	if err != nil {
		return Receipt{}, err
	}
	for {
		r.woken = false
		r.inbox.Empty()
		over, err := r.turn(ctx)
		switch {
		case over:
			return Receipt{TransferID: r.id, Status: r.at.Status, Items: r.at.Items}, err
		case err != nil:
			r.meets(ctx, err)
		}
		r.show(ctx)
		if r.crowded(ctx) && !r.inbox.Waiting() && len(r.inbox.Letters) == 0 {
			return Receipt{}, workflow.NewContinueAsNewError(ctx, Type, Input{TransferID: r.id, Known: r.known, Answers: r.answers})
		}
		if err := r.wait(ctx); err != nil {
			return Receipt{}, err
		}
	}
}

// begin sets up what can be said to and asked of the run.
func begin(ctx workflow.Context, in Input) (*life, error) {
	id, ok := transfer.OfWorkflow(workflow.GetInfo(ctx).WorkflowExecution.ID)
	switch {
	case !ok || in.TransferID != "" && in.TransferID != id:
		return nil, failing.RefusalError(kernel.Refuse(kernel.InvalidInput, "The transfer must run as workflow %s.", transfer.WorkflowID(in.TransferID)))
	case in.Unreadable != "":
		return nil, failing.RefusalError(kernel.Refuse(kernel.InvalidInput, "%s", in.Unreadable))
	}
	r := &life{id: id, known: in.Known, answers: in.Answers, inbox: inboxOf(ctx)}
	if in.Request != nil {
		r.inbox.Letters = append(r.inbox.Letters, letter{command: transfer.Message{Verb: transfer.VerbCreate, Request: in.Request}})
	}
	query := workflow.QueryHandlerOptions{Description: "How the transfer stands, and the latest answers to commands that came through Temporal"}
	return r, workflow.SetQueryHandlerWithOptions(ctx, QueryState, r.snapshot, query)
}

// turn answers commands, looks and does what is due. It is over when the transfer is and nothing more was said.
func (r *life) turn(ctx workflow.Context) (over bool, err error) {
	r.trouble = ""
	if err := r.answerDoor(ctx); err != nil {
		r.meets(ctx, err) // which keeps nobody's transfer from going on
	}
	at, err := look(ctx, r.id, activities.Watched{Known: r.known})
	if err != nil {
		return false, err
	}
	if at.Behind {
		r.pause(ctx)
		return false, nil
	}
	r.restored = false
	if at.Missing {
		return !r.inbox.Waiting(), r.neverOpened()
	}
	r.adopt(ctx, at)
	for r.at.Due != transfer.NothingDue && !r.at.Status.Final() {
		if err := r.bringAbout(ctx); err != nil {
			return false, err
		}
	}
	switch r.at.Status {
	case transfer.Pending:
		r.publish(ctx)
	case transfer.InProgress:
		if err := r.pursue(ctx); err != nil {
			return false, err
		}
	default: // it is over
	}
	return r.end(ctx)
}

// meets notes what no retry cures.
func (r *life) meets(ctx workflow.Context, err error) {
	r.trouble = "a step failed in a way that no retry cures; the worker's log says how. It is tried again with the next message, or in an hour."
	workflow.GetLogger(ctx).Error("The run met what no retry cures. It goes on with the next message, or in an hour.", "error", err)
}

// pause stops whatever is under way, because the ledger is not the one that this run has seen.
func (r *life) pause(ctx workflow.Context) {
	r.mover.stopAll()
	if !r.restored {
		workflow.GetMetricsHandler(ctx).Counter(restoredMetric).Inc(1)
		r.ranges.recall(ctx, r.id, r.at)
	}
	r.restored = true
}

// neverOpened is how a run ends whose transfer the ledger does not have and never had: with the refusal of the request that
// started it.
func (r *life) neverOpened() error {
	for _, a := range r.answers {
		if a.Refusal != nil {
			return failing.RefusalError(a.Refusal)
		}
	}
	return failing.RefusalError(transfer.NoSuchTransfer())
}

// adopt takes over what the ledger says, wherever the run thought it was.
func (r *life) adopt(ctx workflow.Context, at transfer.Standing) {
	if r.known == at.ChangeID && r.at.Status == at.Status && r.at.Items == at.Items && at.Due == transfer.NothingDue {
		workflow.GetMetricsHandler(ctx).Counter(idleLookMetric).Inc(1)
	}
	if at.Overdue && !r.at.Overdue && r.at.Status == transfer.InProgress {
		workflow.GetMetricsHandler(ctx).Counter(overdueMetric).Inc(1)
	}
	r.at, r.known = at, at.ChangeID
}

// bringAbout does what the time has brought. The step tells how the transfer stands then.
func (r *life) bringAbout(ctx workflow.Context) error {
	var at transfer.Standing
	var err error
	switch due := r.at.Due; due {
	case transfer.DueReminder:
		at, err = run.UntilDone(ctx, "Remind the source", remindSource(r.id, r.at.Reminder))
	case transfer.DueExpiry:
		at, err = run.UntilDone(ctx, "Expire the request", expire(r.id))
	case transfer.DueDeadline:
		at, err = run.UntilDone(ctx, "Deadline passed: give up what still runs", giveUpLate(r.id))
	default:
		at, err = run.UntilDone(ctx, "Flag as overdue", flagOverdue(r.id))
	}
	if err != nil {
		return err
	}
	done := r.at.Due
	r.adopt(ctx, at)
	if r.at.Due == done { // it was done all there was to do, as when nobody can be reminded
		r.at.Due = transfer.NothingDue
	}
	return nil
}

// pursue goes on with the line items, and closes once none is left.
func (r *life) pursue(ctx workflow.Context) error {
	if r.rules().InRanges(r.at.Items.Total()) {
		r.pursueRanges(ctx)
	} else {
		r.pursueItems(ctx)
	}
	if r.underWay() {
		r.publish(ctx)
		return nil
	}
	at, err := run.UntilDone(ctx, "Close the transfer", conclude(r.id))
	if err != nil {
		return err
	}
	if !at.Status.Final() {
		r.woken = true // something is left after all: the next look says what
	}
	r.adopt(ctx, at)
	return nil
}

// underWay tells whether anything is being moved.
func (r *life) underWay() bool {
	return r.mover != nil && r.mover.busy() || r.ranges != nil && r.ranges.busy()
}

// end has everybody told of a transfer that is over, and tells whether the run is over too.
func (r *life) end(ctx workflow.Context) (bool, error) {
	if !r.at.Status.Final() {
		return false, nil
	}
	r.mover.stopAll()
	r.publish(ctx)
	r.show(ctx)
	if !r.notified {
		handed, err := run.UntilDone(ctx, "Tell source, target and customer", notifyParties(r.at))
		if err != nil {
			return false, err
		}
		r.notified, r.at.Handed = true, handed
		r.show(ctx)
	}
	return !r.inbox.Waiting(), nil
}

// rulesOf are the rules of that number.
func rulesOf(number int) transfer.RunRules { return run.RulesOf(number, transfer.RunRulesOf) }

// rules are those that the run follows: the transfer's, as every look tells, and rules 0 until the first one.
func (r *life) rules() transfer.RunRules { return rulesOf(r.at.Rules) }

// crowded tells that the history should begin afresh.
func (r *life) crowded(ctx workflow.Context) bool {
	return run.IsCrowded(ctx, r.inbox.Received(), r.rules().Crowded)
}
