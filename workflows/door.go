package workflows

import (
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// The second door: commands that a client brought through Temporal. They are decided in the ledger like all others; the run
// only carries them there and keeps the latest answers for who asks.

// answerDoor answers every command there is. A crowded run does not: it is about to begin afresh, and says so. What could not
// be answered stays to be answered in the next turn.
func (r *run) answerDoor(ctx workflow.Context) error {
	letters := r.inbox.commands
	r.inbox.commands = nil
	var failed error
	for _, l := range letters {
		answer, err := r.answer(ctx, l)
		if err != nil {
			failed = err
			r.inbox.commands = append(r.inbox.commands, l)
			continue
		}
		r.keep(answer)
	}
	return failed
}

func (r *run) answer(ctx workflow.Context, l letter) (activities.Answer, error) {
	l.command.TransferID = r.id
	switch {
	case r.crowded(ctx):
		return activities.AnswerOf(l.command, transfer.Transfer{}, kernel.Refuse(kernel.BeingProcessed,
			"Too many messages came at once. Read the transfer, then send the command again.")), nil
	case l.refusal != nil:
		return r.refuse(ctx, l)
	case l.command.Request != nil && transfer.NewID(*l.command.Request) != r.id:
		l.refusal = kernel.Refuse(kernel.InvalidInput, "This request does not run as workflow %s: the id is made of target, customer and request id.",
			workflow.GetInfo(ctx).WorkflowExecution.ID)
		return r.refuse(ctx, l)
	}
	answer, err := step[activities.Answer](ctx, "Take a command to the ledger: "+string(l.command.Verb), steps.Command, l.command)
	if err == nil && answer.Refusal != nil {
		r.refusals++
	}
	return answer, err
}

// refuse answers what cannot be taken to the ledger, and has it logged.
func (r *run) refuse(ctx workflow.Context, l letter) (activities.Answer, error) {
	r.refusals++
	answer := activities.AnswerOf(l.command, transfer.Transfer{}, l.refusal)
	if r.refusals > r.rules().MostRefusals {
		return answer, nil
	}
	record := activities.Refused{TransferID: r.id, RequestID: l.command.RequestID(), Actor: l.command.Actor(), Refusal: answer.Refusal}
	_, err := step[any](ctx, "Log a refused command", steps.RecordRefusal, record)
	return answer, err
}

func (r *run) keep(answer activities.Answer) {
	for i, known := range r.answers {
		if known.RequestID == answer.RequestID && known.Of == answer.Of {
			r.answers[i] = answer
			return
		}
	}
	r.answers = append(r.answers, answer)
	r.answers = r.answers[max(0, len(r.answers)-r.rules().KeptAnswers):]
}
