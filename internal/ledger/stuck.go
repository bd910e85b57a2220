package ledger

// What does not go on by itself, for operators.

import (
	"context"
	"time"

	"handover/internal/outage"
	outagestore "handover/internal/outage/store"
	"handover/internal/outbox"
	"handover/internal/runs"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
	webhookstore "handover/internal/webhook/store"
)

// Stuck is everything that waits for longer than it should.
type Stuck struct {
	Outages   []outage.Outage               // that go on
	Runs      []runs.Run                    // behind the ledger
	Transfers []transferstore.StuckTransfer // not over although they should be
	Items     []transferstore.StuckItem     // of which a billing system has yet to say whether they moved
	Mail      []outbox.Notification         // not delivered, the longest waiting first
	MailCount int                           // of all e-mails that wait for as long
	Backlogs  []outbox.Backlog              // the same and what could not be delivered, by what it is about
	Ended     int                           // e-mails that could not be delivered
	Webhooks  []webhookstore.Troubled       // partners who are not told over HTTP
}

// mostStuck bounds a list of what is stuck: beyond it the list is no help.
const mostStuck = 1000

// longestMail bounds the lists of e-mails: what keeps one from being delivered usually keeps them all.
const longestMail = 20

// Stuck lists what has been waiting for longer than that, at most a thousand of each kind and twenty e-mails. Outages,
// transfers that are late, line items that were given up, e-mails that could not be delivered and endpoints that are switched off are
// listed in any case.
func (l *Ledger) Stuck(ctx context.Context, olderThan time.Duration) (Stuck, error) {
	return store.Read(ctx, l.DB, "look for what is stuck", func(tx store.Tx) (found Stuck, err error) {
		now, err := l.Time(ctx, tx)
		if err != nil {
			return found, err
		}
		if found.Outages, err = outagestore.Ongoing(ctx, tx); err != nil {
			return found, err
		}
		before := now.Add(-olderThan)
		if found.Runs, err = runs.BehindSince(ctx, tx, before, mostStuck); err != nil {
			return found, err
		}
		if found.Transfers, err = transferstore.LateTransfers(ctx, tx, now, mostStuck); err != nil {
			return found, err
		}
		if found.Items, err = transferstore.UnsettledItems(ctx, tx, mostStuck); err != nil {
			return found, err
		}
		if found.Mail, found.MailCount, err = outbox.UnsentSince(ctx, tx, before, longestMail); err != nil {
			return found, err
		}
		if found.Backlogs, found.Ended, err = outbox.Backlogs(ctx, tx, before, longestMail); err != nil {
			return found, err
		}
		found.Webhooks, err = webhookstore.TroubledSince(ctx, tx, before, mostStuck)
		return found, err
	})
}
