package transferstore

// Transfers and line items as they are stored, and how the rows are read and written.

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

// record is a transfer with what only the ledger needs.
type record struct {
	transfer.Transfer
	policy   string          // digest of the rules under which it was opened; empty for those of the deployment
	changeID string          // newest log record of the transfer as a whole
	audited  time.Time       // of the newest log record of any kind
	reminded string          // the latest reminder event; empty before the first
	readAt   time.Time       // by the database's clock, where it has one
	called   transfer.Labels // by who asks
}

var transfers = store.Table[record]{
	Name: "transfers",
	Columns: `id text, request_id text, requested_by text, customer_tenant_id text, customer_email text,
		customer_name text, source_tenant_id text, source_name text, target_tenant_id text, target_name text,
		target_email_id text, target_product_types text, partner_on_record text, transfer_type integer,
		ignore_eligibility_check boolean, status text, created_time timestamptz, last_modified_time timestamptz,
		expiration_time timestamptz, submitted_time timestamptz, completed_time timestamptz, last_modified_user text,
		decline_reason text, overdue boolean, policy text, change_id text`,
	Fields: func(t *record) []any {
		return []any{
			&t.ID, &t.RequestID, &t.Actor.UserID, &t.State.CustomerTenantID, &t.CustomerEmail,
			&t.CustomerName, &t.SourceTenantID, &t.SourcePartnerName, &t.TargetTenantID, &t.TargetPartnerName,
			&t.TargetPartnerEmailID, (*productTypes)(&t.TargetProductTypes), &t.PartnerOnRecord, &t.TransferType,
			&t.IgnoreEligibilityCheck, &t.Status, (*store.Stamp)(&t.CreatedTime), (*store.Stamp)(&t.LastModifiedTime),
			(*store.Stamp)(&t.ExpirationTime), (*store.Stamp)(&t.SubmittedTime), (*store.Stamp)(&t.CompletedTime), &t.LastModifiedUser,
			&t.DeclineReason, &t.Overdue, &t.policy, &t.changeID,
		}
	},
}

// whole is the transfer once it was read: the request's ids are the state's.
func (r record) whole() record {
	r.Request.CustomerTenantID = r.State.CustomerTenantID
	r.SourcePartnerTenantID = r.SourceTenantID
	r.TargetPartnerTenantID = r.TargetTenantID
	r.Actor.PartnerTenantID = r.TargetTenantID
	return r
}

// counted is how the line items of transfer t stand. The states are no conditions: PostgreSQL would take the few InProgress
// items of all transfers from line_items_open, and go on doing so for every transfer once there are tens of thousands.
const counted = `(SELECT COUNT(CASE WHEN i.status = 'InProgress' THEN 1 END) FROM line_items i WHERE i.transfer_id = t.id),
	(SELECT COUNT(CASE WHEN i.status = 'Complete' THEN 1 END) FROM line_items i WHERE i.transfer_id = t.id),
	(SELECT COUNT(CASE WHEN i.status = 'Failed' THEN 1 END) FROM line_items i WHERE i.transfer_id = t.id)`

func countedFields(r *record) []any {
	return append(transfers.Fields(r), &r.Items.InProgress, &r.Items.Complete, &r.Items.Failed)
}

var (
	insertTransfer = transfers.Insert("ON CONFLICT (id) DO NOTHING")
	selectHeader   = store.Both(`SELECT ` + transfers.Columns.Of("t") + ` FROM transfers t WHERE t.id = $1`)
	selectTransfer = store.Both(`SELECT ` + transfers.Columns.Of("t") + `, ` + counted + ` FROM transfers t WHERE t.id = $1`)
	lockTransfer   = store.Both(`SELECT t.id FROM transfers t WHERE t.id = $1 FOR UPDATE`)
	selectLocked   = store.Both(`SELECT ` + transfers.Columns.Of("t") + `, ` + counted + `,
		(SELECT MAX(a.recorded_at) FROM activity_log a WHERE a.resource_id = t.id), ` + latestReminder + `, {clock},
		COALESCE(l.external_reference, ''), COALESCE(l.tags, '[]')
		FROM transfers t LEFT JOIN transfer_labels l ON l.transfer_id = t.id AND l.partner_tenant_id = $2 WHERE t.id = $1`)
	updateTransfer = store.Both(`UPDATE transfers SET status = $2, last_modified_time = $3, submitted_time = $4, completed_time = $5,
		last_modified_user = $6, decline_reason = $7, change_id = $8 WHERE id = $1`)
)

// header reads a transfer without counting its line items.
func (tx session) header(ctx context.Context, id string) (record, error) {
	store.Lower(&id)
	t, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), selectHeader, transfers.Fields, id)
	return t.whole(), err
}

// locked reads a transfer that nobody else changes until the transaction ends, with what the partner calls it. The row is
// locked by a statement of its own, because the next one then sees everything that was committed before the lock was granted;
// on SQLite the transaction is the lock.
func (tx session) locked(ctx context.Context, id, partner string) (record, error) {
	store.Lower(&id, &partner)
	if tx.Dialect() == store.Postgres {
		if _, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), lockTransfer, store.Value[string], id); err != nil {
			return record{}, err
		}
	}
	t, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), selectLocked, func(r *record) []any {
		return append(countedFields(r), (*store.Stamp)(&r.audited), &r.reminded, (*store.Stamp)(&r.readAt), &r.called.ExternalReference, (*store.List)(&r.called.Tags))
	}, id, partner)
	return t.whole(), err
}

// save writes what a transition changed.
func (tx session) save(ctx context.Context, t record) error {
	_, err := tx.Exec(ctx, updateTransfer, t.ID, t.Status, store.Stamp(t.LastModifiedTime), store.Stamp(t.SubmittedTime), store.Stamp(t.CompletedTime),
		t.LastModifiedUser, t.DeclineReason, t.changeID)
	return err
}

// item is a line item with what only the ledger needs.
type item struct {
	transfer.LineItem
	transferID      string
	giveUpRequestID string // of the operator who gave it up
}

var lineItems = store.Table[item]{
	Name: "line_items",
	Columns: `transfer_id text, ordinal integer, base_ordinal integer, subscription_id text, product_type text, offer_id text,
		friendly_name text, quantity integer, billing_cycle text, status text, target_subscription_id text, attempts integer,
		last_error text, transfer_error text, give_up_request_id text, attempted_at timestamptz, sent_at timestamptz, ending text,
		ending_reason text, ending_since timestamptz, held boolean, move_key text, accepted_at timestamptz, accepted_where text,
		late_subscription_id text`,
	Fields: func(i *item) []any {
		return []any{
			&i.transferID, &i.Ordinal, (*baseOrdinal)(&i.BaseOrdinal), &i.SubscriptionID, &i.ProductType, &i.OfferID,
			&i.FriendlyName, &i.Quantity, &i.BillingCycle, &i.Status, (*store.Optional)(&i.TargetSubscriptionID), &i.Attempts,
			&i.LastError, (*store.Optional)(&i.TransferError), &i.giveUpRequestID, (*store.Stamp)(&i.AttemptedAt), (*store.Stamp)(&i.SentAt), &i.Ending,
			&i.EndingReason, (*store.Stamp)(&i.EndingSince), &i.Held, &i.MoveKey, (*store.Stamp)(&i.AcceptedAt), &i.AcceptedWhere,
			(*store.Optional)(&i.LateID),
		}
	},
}

var (
	insertItems = lineItems.Insert("")
	// updateItems writes what became of line items. That none of them ends twice is known from their locks; the trigger
	// line_items_ended is the second guard (I-2). SQLite would read the whole list for every line item within the bounds.
	updateItems = store.OverRows(`UPDATE line_items SET status = r.status, target_subscription_id = r.target_subscription_id,
		attempts = r.attempts, last_error = r.last_error, transfer_error = r.transfer_error, give_up_request_id = r.give_up_request_id,
		attempted_at = r.attempted_at, ending = r.ending, ending_reason = r.ending_reason, ending_since = r.ending_since, held = r.held,
		accepted_at = r.accepted_at, accepted_where = r.accepted_where, late_subscription_id = r.late_subscription_id
		FROM {rows} WHERE line_items.transfer_id = $2 AND {no index}line_items.ordinal BETWEEN $3 AND $4
		AND line_items.ordinal = r.ordinal`, lineItems.Columns)
)

// saveItems writes line items of one transfer, in ordinal order, that were InProgress or held, or whose end proves wrong.
func (tx session) saveItems(ctx context.Context, items ...item) error {
	first, last := items[0], items[len(items)-1]
	_, err := tx.Exec(ctx, updateItems, lineItems.Rows(items), first.transferID, first.Ordinal, last.Ordinal)
	return err
}

// bare are the line items as the domain knows them.
func bare(items []item) []transfer.LineItem {
	out := make([]transfer.LineItem, len(items))
	for i := range items {
		out[i] = items[i].LineItem
	}
	return out
}
