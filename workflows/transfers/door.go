package transfers

import (
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// The second door: commands that a client brought through Temporal. They are decided in the ledger like all others; the run
// only carries them there and keeps the latest answers for who asks.

// answerDoor answers every command there is. A crowded run does not: it is about to begin afresh, and says so. What could not
// be answered stays to be answered in the next turn.
func (r *life) answerDoor(ctx workflow.Context) error {
	letters := r.inbox.Letters
	r.inbox.Letters = nil
	var failed error
	for _, l := range letters {
		answer, err := r.answer(ctx, l)
		if err != nil {
			failed = err
			r.inbox.Letters = append(r.inbox.Letters, l)
			continue
		}
		r.keep(answer)
	}
	return failed
}

func (r *life) answer(ctx workflow.Context, l letter) (transfer.Answer, error) {
	l.command.TransferID = r.id
	switch {
	case r.crowded(ctx):
		return transfer.AnswerOf(l.command, transfer.Transfer{}, kernel.Refuse(kernel.BeingProcessed,
			"Too many messages came at once. Read the transfer, then send the command again.")), nil
	case l.refusal != nil:
		return r.refuse(ctx, l)
	case l.command.Request != nil && transfer.NewID(*l.command.Request) != r.id:
		l.refusal = kernel.Refuse(kernel.InvalidInput, "This request does not run as workflow %s: the id is made of target, customer and request id.",
			workflow.GetInfo(ctx).WorkflowExecution.ID)
		return r.refuse(ctx, l)
	}
	answer, err := run.UntilDone(ctx, "Take a command to the ledger: "+string(l.command.Verb), takeCommand(l.command))
	if err == nil && answer.Refusal != nil {
		r.refusals++
	}
	return answer, err
}

// refuse answers what cannot be taken to the ledger, and has it logged.
func (r *life) refuse(ctx workflow.Context, l letter) (transfer.Answer, error) {
	r.refusals++
	answer := transfer.AnswerOf(l.command, transfer.Transfer{}, l.refusal)
	if r.refusals > r.rules().MostRefusals {
		return answer, nil
	}
	record := activities.Refused{TransferID: r.id, RequestID: l.command.RequestID(), Asked: l.command.Fingerprint(), Actor: l.command.Actor(), Refusal: answer.Refusal}
	_, err := run.UntilDone(ctx, "Log a refused command", recordRefusal(record))
	return answer, err
}

func (r *life) keep(answer transfer.Answer) {
	for i, known := range r.answers {
		if known.RequestID == answer.RequestID && known.Of == answer.Of {
			r.answers[i] = answer
			return
		}
	}
	r.answers = append(r.answers, answer)
	r.answers = r.answers[max(0, len(r.answers)-r.rules().KeptAnswers):]
}
