package transferstore

// What is told of a transfer beside the transfer itself: what became of its line items, and what happened when.

import (
	"context"
	"encoding/json"
	"fmt"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// reportItem is a line item beside its subscription at the source.
type reportItem struct {
	item
	old subscription.Subscription
}

var selectReport = store.Both(`SELECT ` + lineItems.Columns.Of("i") + `, ` + subscriptionstore.Table.Columns.Of("s") + `
	FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id WHERE i.transfer_id = $1 ORDER BY i.ordinal`)

// ReportFacts reads what transfer.Report tells of: the transfer, its line items in ordinal order, and by id the
// subscriptions that the source had of them, at one committed instant and in two statements. Refusal: NotFound.
func (s *Store) ReportFacts(ctx context.Context, id string) (transfer.Transfer, []transfer.LineItem, map[string]subscription.Subscription, error) {
	store.Lower(&id)
	var of transfer.Transfer
	rows, err := snapshot(ctx, s, "read a report", func(tx session) ([]reportItem, error) {
		t, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), selectTransfer, countedFields, id)
		if err != nil {
			return nil, err
		}
		of = t.whole().Transfer
		return store.All(ctx, tx, selectReport, func(r *reportItem) []any {
			return append(lineItems.Fields(&r.item), subscriptionstore.Table.Fields(&r.old)...)
		}, id)
	})
	if err != nil {
		return transfer.Transfer{}, nil, nil, err
	}
	items, olds := make([]transfer.LineItem, len(rows)), make(map[string]subscription.Subscription, len(rows))
	for i, row := range rows {
		items[i], olds[row.old.ID] = row.LineItem, row.old
	}
	return of, items, olds, nil
}

// Timeline is what happened to the transfer as the viewer may know it, oldest first: see transfer.Timeline. Refusal:
// NotFound for who takes no part.
func (s *Store) Timeline(ctx context.Context, id string, v transfer.Viewer) ([]transfer.TimelineEvent, error) {
	t, err := s.Transfer(ctx, id)
	if err != nil {
		return nil, err
	}
	records, err := s.recordsFor(ctx, t.ID, v)
	if err != nil {
		return nil, err
	}
	log := make([]transfer.LogEntry, len(records))
	for i, r := range records {
		log[i] = transfer.LogEntry{ID: r.ID, PartnerTenantID: r.PartnerTenantID, UserID: r.UserID, At: r.At}
		if err := json.Unmarshal([]byte(r.NewValue), &log[i].Detail); err != nil {
			return nil, fmt.Errorf("read audit record %s: %w", r.ID, err)
		}
	}
	return transfer.Timeline(t, log, v)
}

func (s *Store) recordsFor(ctx context.Context, id string, v transfer.Viewer) ([]activitylogstore.AuditEntry, error) {
	log := activitylogstore.New(s.db)
	if v.Operator {
		return log.AuditOf(ctx, id)
	}
	return log.LogOf(ctx, id, v.PartnerTenantID)
}
