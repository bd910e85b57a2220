package transfers

import (
	"context"

	"handover/internal/transfer"
)

// NotifyParties hands over to the mail relay what source, target and customer are told of the end of a transfer. The e-mails
// stand in the ledger since the transaction that ended it, so nothing here can fail and nothing waits for a mail server; it
// returns how many each party gets. The ledger says when they were sent.
func (a *Activities) NotifyParties(_ context.Context, now transfer.Standing) (transfer.MailCounts, error) {
	if a.HandOver != nil {
		a.HandOver()
	}
	return now.Handed, nil
}
