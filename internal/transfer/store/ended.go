package transferstore

// What a billing system was asked to move and is over, for who asks it whether it did.

import (
	"context"
	"encoding/json"
	"fmt"

	"handover/internal/store"
	"handover/internal/transfer"
)

// ItemCursor is a line item's place among all of them. The zero value comes before the first.
type ItemCursor struct {
	TransferID string
	Ordinal    int
}

// wordOf is the newest record that the target of transfer t has of how line item i was resolved: the one that has the new id.
// What the billing system contradicted was resolved more than once.
const wordOf = `CASE WHEN (SELECT COUNT(*) FROM activity_log a WHERE a.resource_id = i.transfer_id AND a.event_key = 'resolved:' || i.ordinal) > 0
	THEN (SELECT a.new_value FROM activity_log a WHERE a.resource_id = i.transfer_id AND a.partner_tenant_id = t.target_tenant_id
		AND (a.event_key = 'resolved:' || i.ordinal OR a.event_key LIKE 'resolved:' || i.ordinal || ':%') ORDER BY a.recorded_at DESC LIMIT 1)
	ELSE '' END`

var selectEnded = store.Both(`SELECT ` + lineItems.Columns.Of("i") + `, ` + wordOf + ` FROM line_items i JOIN transfers t ON t.id = i.transfer_id
	WHERE i.sent_at IS NOT NULL AND i.status <> 'InProgress' AND (i.transfer_id, i.ordinal) > ($1, $2)
	ORDER BY i.transfer_id, i.ordinal LIMIT $3`)

// endedRow is a line item beside the record of its resolution, empty without one.
type endedRow struct {
	item
	resolution string
}

// EndedItems is a page of the line items that have ended and that a billing system was asked to move: those after the cursor, by
// transfer and ordinal, at most limit.
func (s *Store) EndedItems(ctx context.Context, after ItemCursor, limit int) ([]transfer.EndedItem, error) {
	store.Lower(&after.TransferID)
	return read(ctx, s, "read line items that ended", func(tx session) ([]transfer.EndedItem, error) {
		rows, err := store.All(ctx, tx, selectEnded, func(r *endedRow) []any {
			return append(lineItems.Fields(&r.item), &r.resolution)
		}, after.TransferID, after.Ordinal, limit)
		if err != nil {
			return nil, err
		}
		found := make([]transfer.EndedItem, len(rows))
		for n, row := range rows {
			if found[n], err = row.ended(); err != nil {
				return nil, err
			}
		}
		return found, nil
	})
}

func (r endedRow) ended() (transfer.EndedItem, error) {
	ended := transfer.EndedItem{TransferID: r.transferID, LineItem: r.LineItem, Resolved: r.resolution != ""}
	if !ended.Resolved {
		return ended, nil
	}
	var said detail
	if err := json.Unmarshal([]byte(r.resolution), &said); err != nil {
		return ended, fmt.Errorf("the record of what became of line item %d of transfer %s is damaged: %w", r.Ordinal, r.transferID, err)
	}
	if said.Resolved != nil { // the target is not told of what did not move
		ended.MovedTo = said.Resolved.TargetSubscriptionID
	}
	return ended, nil
}
