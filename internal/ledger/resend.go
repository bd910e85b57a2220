package ledger

// An operator's word to send e-mails again that could not be delivered.

import (
	"context"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
)

// Resent is what came of an operator's word to send e-mails again.
type Resent struct {
	Mails []int64 `json:"mails"` // in the queue again
	Left  int     `json:"left"`  // those that were meant, too, and are still undelivered
}

// mostResent bounds one transaction.
const mostResent = 1000

// ResendMail puts e-mails that could not be delivered in the queue again, at most a thousand at a time, and says so in the logs of both
// participants of the transfers that they are about; see outbox.Resend.
//
// Refusal: InvalidInput when one that is named is not undelivered, and then none is sent again. Errors: those of command.Execute.
func (l *Ledger) ResendMail(ctx context.Context, w outbox.Which, operator kernel.Actor, terms command.Terms[Resent]) (Resent, error) {
	return command.Execute(ctx, l.DB, "send mail again", terms, func(tx store.Tx) (Resent, error) {
		now, err := l.Time(ctx, tx)
		if err != nil {
			return Resent{}, err
		}
		again, left, err := outbox.Resend(ctx, tx, w, operator.UserID, now, mostResent)
		if err != nil {
			return Resent{}, err
		}
		done := Resent{Mails: []int64{}, Left: left}
		var transfers []string
		for _, u := range again {
			done.Mails = append(done.Mails, u.ID)
			if u.Subject.Kind == transferstore.SubjectKind {
				transfers = append(transfers, u.Subject.ID)
			}
		}
		return done, transferstore.LogResent(ctx, tx, operator, terms.Origin, now, transfers...)
	})
}
