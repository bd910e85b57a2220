package ledger

// What does not go on by itself, for operators.

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

// Stuck is everything that waits for longer than it should.
type Stuck struct {
	Outages   []Outage        // that go on
	Runs      []Run           // behind the ledger
	Transfers []StuckTransfer // not over although they should be
	Items     []StuckItem     // of which a billing system has yet to say whether they moved
	Mail      []Notification  // not delivered, the longest waiting first
	MailCount int             // of all e-mails that wait for as long
}

// StuckTransfer is a transfer that is not over.
type StuckTransfer struct {
	TransferID string
	Status     transfer.Status
	Overdue    bool // still moved 72 hours after submit
	Idle       bool // nobody did what was due
	Items      transfer.ItemCounts
	Since      time.Time // of its latest change
}

// StuckItem is a line item that an operator, or the deadline, gave up.
type StuckItem struct {
	TransferID     string
	Ordinal        int
	SubscriptionID string
	Held           bool // it ended as Failed and nobody knows whether it moved; otherwise it is being ended
	Reason         string
	LastError      string
	Since          time.Time // when it was given up
	MovedTo        string    // the billing system moved it to that subscription, although it had ended otherwise
}

// mostStuck bounds a list of what is stuck: beyond it the list is no help.
const mostStuck = 1000

// longestMail bounds the list of e-mails: what keeps one from being delivered usually keeps them all.
const longestMail = 20

// toldOfEnding is what is told of a line item that was given up.
const toldOfEnding = `i.transfer_id, i.ordinal, i.subscription_id, i.held, i.ending_reason, i.last_error, i.ending_since, i.late_subscription_id`

var (
	selectStuck = store.Both(`SELECT ` + runs.Columns.Of("r") + ` FROM runs r WHERE r.told < r.wanted AND r.since <= $1 ORDER BY r.since, r.workflow_id LIMIT $2`)
	selectIdle  = store.Both(`SELECT t.id, t.status, t.overdue, ` + isOverdue + `, ` + counted + `, t.last_modified_time FROM transfers t
		WHERE t.status IN ('Pending', 'InProgress') AND (t.overdue OR ` + isOverdue + `) ORDER BY t.last_modified_time, t.id LIMIT $5`)
	selectEnding = store.Both(`SELECT ` + toldOfEnding + ` FROM line_items i WHERE (i.status = 'InProgress' OR i.held) AND (i.ending <> '' OR i.held)
		UNION ALL SELECT ` + toldOfEnding + ` FROM line_items i WHERE i.late_subscription_id IS NOT NULL AND NOT (i.status = 'InProgress' OR i.held)
		ORDER BY ending_since, transfer_id, ordinal LIMIT $1`)
	selectOldMail = store.Both(`SELECT ` + logged + ` FROM notifications WHERE ` + unsent + ` AND owed_at <= $1 ORDER BY owed_at, id LIMIT $2`)
	countOldMail  = store.Both(`SELECT COUNT(*) FROM notifications WHERE ` + unsent + ` AND owed_at <= $1`)
)

// Stuck lists what has been waiting for longer than that, at most a thousand of each kind and twenty e-mails. Outages,
// transfers that are late and line items that were given up are listed in any case.
func (l *Ledger) Stuck(ctx context.Context, olderThan time.Duration) (Stuck, error) {
	return read(ctx, l, "look for what is stuck", func(s session) (found Stuck, err error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return found, err
		}
		if found.Outages, err = store.All(ctx, s, selectOpenOutages, outages.Fields); err != nil {
			return found, err
		}
		before := store.Stamp(now.Add(-olderThan))
		if found.Runs, err = store.All(ctx, s, selectStuck, runs.Fields, before, mostStuck); err != nil {
			return found, err
		}
		found.Transfers, err = store.All(ctx, s, selectIdle, func(t *StuckTransfer) []any {
			return []any{
				&t.TransferID, &t.Status, &t.Overdue, &t.Idle, &t.Items.InProgress, &t.Items.Complete, &t.Items.Failed, (*store.Stamp)(&t.Since),
			}
		}, append(overdueSince(now), mostStuck)...)
		if err != nil {
			return found, err
		}
		found.Items, err = store.All(ctx, s, selectEnding, func(i *StuckItem) []any {
			return []any{&i.TransferID, &i.Ordinal, &i.SubscriptionID, &i.Held, &i.Reason, &i.LastError, (*store.Stamp)(&i.Since), (*store.Optional)(&i.MovedTo)}
		}, mostStuck)
		if err != nil {
			return found, err
		}
		if found.Mail, err = store.All(ctx, s, selectOldMail, loggedFields, before, longestMail); err != nil {
			return found, err
		}
		found.MailCount, _, err = store.One(ctx, s, countOldMail, store.Value[int], before)
		return found, err
	})
}
