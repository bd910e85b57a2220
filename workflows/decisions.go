package workflows

import (
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

// decision identifies a submit, cancel or decline; the same one again gets the same answer.
type decision struct {
	requestID string
	verb      string
	party     string
	content   string // fingerprint of all that was said
}

func decisionOf(c transfer.Command, by transfer.Actor, requestID string, said any) decision {
	return decision{requestID: requestID, verb: verb(c), party: strings.ToLower(by.PartnerTenantID), content: Fingerprint(said)}
}

// reuses tells whether the request id was used by the same party for a decision that said something else.
func (d decision) reuses(earlier decision) bool {
	return d.requestID == earlier.requestID && d.party == earlier.party && d.verb == earlier.verb && d.content != earlier.content
}

// listen sets up everything that can be said to or asked of the run.
func (p *process) listen(ctx workflow.Context) error {
	updates := []struct {
		name, description string
		handler           any
		validator         any
	}{
		{UpdateOpen, "Answers once the request is Pending or refused", p.handleOpen, nil},
		{UpdateSubmit, "The source approves and names the line items", p.handleSubmit, p.validateSubmit},
		{UpdateCancel, "The target withdraws the request", p.handleCancel, p.validateCancel},
		{UpdateDecline, "The source says no", p.handleDecline, p.validateDecline},
		{UpdateGiveUp, "An operator ends the retries of one line item", p.handleGiveUp, p.validateGiveUp},
	}
	for _, u := range updates {
		options := workflow.UpdateHandlerOptions{Validator: u.validator, Description: u.description}
		if err := workflow.SetUpdateHandlerWithOptions(ctx, u.name, u.handler, options); err != nil {
			return err
		}
	}
	query := workflow.QueryHandlerOptions{Description: "The transfer, its progress and its line items, for operators"}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryState, p.snapshot, query); err != nil {
		return err
	}
	p.approvals = workflow.GetSignalChannelWithOptions(ctx, SignalSourceApproval,
		workflow.SignalChannelOptions{Description: "The source approves: requestId, actor, lineItems or allEligible"})
	workflow.Go(ctx, p.receiveApprovals)
	return nil
}

// handleOpen answers a create. The same request again finds the same transfer; other content under its id is refused.
func (p *process) handleOpen(ctx workflow.Context, request transfer.Request) (Receipt, error) {
	if !p.sameRequest(request) {
		return Receipt{}, activities.RefusalError(transfer.Refuse(transfer.RequestIDReused,
			"The request id was used before for a different request. Use a new one."))
	}
	if err := p.awaitOpened(ctx); err != nil {
		return Receipt{}, err
	}
	return p.receipt(), nil
}

func (p *process) awaitOpened(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(ctx, func() bool { return p.opened || p.refusal != nil }); err != nil {
		return err
	}
	return p.refusal
}

func (p *process) validateSubmit(ctx workflow.Context, a Approval) error {
	return p.validate(ctx, p.submitting(a), a.Actor, a.RequestID, a)
}

func (p *process) handleSubmit(ctx workflow.Context, a Approval) (Receipt, error) {
	return p.decide(ctx, p.submitting(a), a.Actor, a.RequestID, a, func(ctx workflow.Context) (transfer.State, error) {
		return durably[transfer.State](ctx, "Check the selection and submit", steps.SubmitTransfer, p.header.ID, a.submission())
	})
}

// submitting is the command an approval stands for. How many items "everything eligible" means is for the ledger to find.
func (p *process) submitting(a Approval) transfer.Command {
	if a.AllEligible {
		return transfer.Submit{Items: 1}
	}
	return transfer.Submit{Items: len(a.LineItems)}
}

func (p *process) validateCancel(ctx workflow.Context, d activities.Decision) error {
	return p.validate(ctx, transfer.Cancel{}, d.Actor, d.RequestID, d)
}

func (p *process) handleCancel(ctx workflow.Context, d activities.Decision) (Receipt, error) {
	return p.decide(ctx, transfer.Cancel{}, d.Actor, d.RequestID, d, func(ctx workflow.Context) (transfer.State, error) {
		return durably[transfer.State](ctx, "Cancel the request", steps.CancelTransfer, p.header.ID, d)
	})
}

func (p *process) validateDecline(ctx workflow.Context, d activities.Decision) error {
	return p.validate(ctx, transfer.Decline{Reason: d.Reason}, d.Actor, d.RequestID, d)
}

func (p *process) handleDecline(ctx workflow.Context, d activities.Decision) (Receipt, error) {
	return p.decide(ctx, transfer.Decline{Reason: d.Reason}, d.Actor, d.RequestID, d, func(ctx workflow.Context) (transfer.State, error) {
		return durably[transfer.State](ctx, "Decline the request", steps.DeclineTransfer, p.header.ID, d)
	})
}

// validate refuses a decision without a trace in the history. It lets a repeated one through to get its answer again, and
// one that came before the opening to wait for it.
func (p *process) validate(ctx workflow.Context, c transfer.Command, by transfer.Actor, requestID string, said any) error {
	if requestID == "" || len(requestID) > longestRequestID {
		return activities.RefusalError(badRequestID())
	}
	this := decisionOf(c, by, requestID, said)
	if !p.opened || p.repeats(this) {
		return nil
	}
	return p.guard(ctx, c, by, this)
}

// guard asks the state machine, and keeps decisions one at a time.
func (p *process) guard(ctx workflow.Context, c transfer.Command, by transfer.Actor, this decision) error {
	if this.reuses(p.decided) || this.reuses(p.making) {
		return activities.RefusalError(transfer.Refuse(transfer.RequestIDReused,
			"The request id was used before for a different decision. Use a new one."))
	}
	if _, _, err := p.plan.Policy.Decide(p.header.State, c, by, workflow.Now(ctx)); err != nil {
		return asFailure(err)
	}
	if p.deciding() {
		return activities.RefusalError(transfer.Refuse(transfer.BeingProcessed,
			"Another decision about this transfer is being made. Read the transfer, then try again."))
	}
	return nil
}

// asFailure carries the state machine's refusal to the caller of an update.
func asFailure(err error) error {
	if refusal, ok := activities.RefusalOf(err); ok {
		return activities.RefusalError(refusal)
	}
	return err
}

// decide makes one decision: whichever comes first wins, the others meet the guard.
func (p *process) decide(ctx workflow.Context, c transfer.Command, by transfer.Actor, requestID string, said any,
	step func(workflow.Context) (transfer.State, error),
) (Receipt, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := p.awaitOpened(ctx); err != nil {
		return Receipt{}, err
	}
	this := decisionOf(c, by, requestID, said)
	if p.repeats(this) {
		if err := workflow.Await(ctx, func() bool { return !p.deciding() }); err != nil {
			return Receipt{}, err
		}
	}
	if this == p.decided {
		return p.receipt(), nil
	}
	if err := p.guard(ctx, c, by, this); err != nil {
		return Receipt{}, err
	}
	p.making = this
	defer func() { p.making = decision{} }()
	state, err := step(ctx)
	if err != nil {
		return Receipt{}, err
	}
	p.decided = this
	p.header.State = state
	p.header.LastModifiedUser = by.UserID
	p.show(ctx)
	return p.receipt(), nil
}

func (p *process) deciding() bool { return p.making != decision{} }

// repeats tells whether the decision was made already or is being made.
func (p *process) repeats(this decision) bool { return this == p.decided || this == p.making }

func verb(c transfer.Command) string {
	switch c.(type) {
	case transfer.Submit:
		return UpdateSubmit
	case transfer.Cancel:
		return UpdateCancel
	default:
		return UpdateDecline
	}
}

func (p *process) validateGiveUp(ctx workflow.Context, g activities.GiveUp) error {
	if !p.opened {
		return nil
	}
	_, _, err := p.plan.Policy.Decide(p.header.State, transfer.GiveUp{Item: transfer.ItemInProgress, Reason: g.Reason}, g.Actor, workflow.Now(ctx))
	return asFailure(err)
}

// handleGiveUp ends one line item in the ledger, then stops whoever is still trying it.
func (p *process) handleGiveUp(ctx workflow.Context, g activities.GiveUp) (transfer.ItemEntity, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := p.awaitOpened(ctx); err != nil {
		return transfer.ItemEntity{}, err
	}
	item, err := durably[transfer.ItemEntity](ctx, "Give up "+itemSummary(g.Item), steps.GiveUpItem, p.header.ID, g)
	if err != nil {
		return item, err
	}
	if p.mover != nil {
		p.mover.ended(item)
		return item, nil
	}
	window := rangeOf(g.Item, p.header.Items.Total())
	child := RangeWorkflowID(p.header.ID, window.From, window.To)
	if err := workflow.SignalExternalWorkflow(ctx, child, "", signalItemEnded, item).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("The range is not at work now; it finds in the ledger that the item ended.", "child", child, "error", err)
	}
	return item, nil
}

// mostRefusals bounds what a flood of bad signals can add to the history; more are only counted.
const mostRefusals = 200

// receiveApprovals takes signals one after the other for as long as the run lives. Each stays in the channel until its
// turn: a signal that Receive had taken already would be lost if the run closed in the same workflow task.
func (p *process) receiveApprovals(ctx workflow.Context) {
	for {
		if workflow.Await(ctx, func() bool { return p.approvals.Len() > 0 }) != nil {
			return
		}
		var raw converter.RawValue
		p.approvals.ReceiveAsync(&raw)
		p.answering++
		p.onApproval(ctx, raw)
		p.answering--
	}
}

// onApproval submits by signal. Nobody waits for the answer, so a refusal is audited and shown instead.
func (p *process) onApproval(ctx workflow.Context, raw converter.RawValue) {
	if p.awaitOpened(ctx) != nil {
		return
	}
	a, err := DecodeApproval(raw)
	if err == nil {
		_, err = p.handleSubmit(ctx, a)
	}
	refusal, refused := activities.RefusalOf(err)
	if !refused {
		if err != nil {
			workflow.GetLogger(ctx).Error("A signal could not be answered.", "error", err)
		}
		return
	}
	p.noteRefusal(ctx, a, refusal)
}

func (p *process) noteRefusal(ctx workflow.Context, a Approval, refusal *transfer.Refusal) {
	p.refusals++
	p.refused = lastOf(append(p.refused, refusal.Error()), 5)
	p.show(ctx)
	if p.refusals > mostRefusals {
		return
	}
	record := activities.Refused{TransferID: p.header.ID, RequestID: a.RequestID, Actor: a.Actor, Refusal: refusal}
	if _, err := do[any](ctx, "Audit a refused approval", steps.RecordRefusal, record); err != nil {
		workflow.GetLogger(ctx).Error("A refused approval could not be audited.", "error", err)
	}
}

func lastOf(all []string, most int) []string {
	if len(all) > most {
		return all[len(all)-most:]
	}
	return all
}
