package transferstore

// Transfers and line items that do not go on by themselves, for operators.

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

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

// toldOfEnding is what is told of a line item that was given up.
const toldOfEnding = `i.transfer_id, i.ordinal, i.subscription_id, i.held, i.ending_reason, i.last_error, i.ending_since, i.late_subscription_id`

var (
	selectIdle = store.Both(`SELECT t.id, t.status, t.overdue, ` + isOverdue + `, ` + counted + `, t.last_modified_time FROM transfers t
		WHERE t.status IN ('Pending', 'InProgress') AND (t.overdue OR ` + isOverdue + `) ORDER BY t.last_modified_time, t.id LIMIT $5`)
	selectEnding = store.Both(`SELECT ` + toldOfEnding + ` FROM line_items i WHERE (i.status = 'InProgress' OR i.held) AND (i.ending <> '' OR i.held)
		UNION ALL SELECT ` + toldOfEnding + ` FROM line_items i WHERE i.late_subscription_id IS NOT NULL AND NOT (i.status = 'InProgress' OR i.held)
		ORDER BY ending_since, transfer_id, ordinal LIMIT $1`)
)

// LateTransfers are up to limit transfers that should be over, or further, by now: those that changed longest ago first.
func LateTransfers(ctx context.Context, tx store.Tx, now time.Time, limit int) ([]StuckTransfer, error) {
	return store.All(ctx, tx, selectIdle, func(t *StuckTransfer) []any {
		return []any{
			&t.TransferID, &t.Status, &t.Overdue, &t.Idle, &t.Items.InProgress, &t.Items.Complete, &t.Items.Failed, (*store.Stamp)(&t.Since),
		}
	}, append(overdueSince(now), limit)...)
}

// UnsettledItems are up to limit line items that were given up and of which a billing system has not said what became of them, or
// said what contradicts it: the longest waiting first.
func UnsettledItems(ctx context.Context, tx store.Tx, limit int) ([]StuckItem, error) {
	return store.All(ctx, tx, selectEnding, func(i *StuckItem) []any {
		return []any{&i.TransferID, &i.Ordinal, &i.SubscriptionID, &i.Held, &i.Reason, &i.LastError, (*store.Stamp)(&i.Since), (*store.Optional)(&i.MovedTo)}
	}, limit)
}
