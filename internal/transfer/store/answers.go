package transferstore

// Answers of a billing system that come by themselves: for whom the key stands, and how the runs hear of them.

import (
	"context"
	"strings"
	"time"

	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// Sent is a line item that a billing system was asked to move.
type Sent struct {
	TransferID string
	transfer.LineItem
}

// Key is the billing system's key for it.
func (s Sent) Key() string { return s.KeyIn(s.TransferID) }

// keyed is a key taken apart.
type keyed struct{ transferID, rest, key string }

var keyTable = store.Table[keyed]{
	Name: "keys", Columns: `transfer_id text, rest text, key text`,
	Fields: func(k *keyed) []any { return []any{&k.transferID, &k.rest, &k.key} },
}

var selectSent = store.OverRows(`SELECT `+lineItems.Columns.Of("i")+` FROM {rows} JOIN line_items i
	ON i.subscription_id = r.rest AND i.transfer_id = r.transfer_id AND i.move_key = '' AND i.sent_at IS NOT NULL
	UNION SELECT `+lineItems.Columns.Of("i")+` FROM {rows} JOIN line_items i ON i.transfer_id = r.transfer_id AND i.move_key = r.key AND i.sent_at IS NOT NULL`, keyTable.Columns)

// SentByKey finds the line items that a billing system was asked to move under these keys, in no order. Keys that nothing
// was sent under are left out.
func (s *Store) SentByKey(ctx context.Context, keys []string) ([]Sent, error) {
	asked := make([]keyed, 0, len(keys))
	for _, key := range keys {
		if id, rest, ok := strings.Cut(key, "/"); ok {
			asked = append(asked, keyed{strings.ToLower(id), strings.ToLower(rest), strings.ToLower(key)})
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	return read(ctx, s, "find moves by their keys", func(tx session) ([]Sent, error) {
		return sentOf(store.All(ctx, tx, selectSent, lineItems.Fields, keyTable.Rows(asked)))
	})
}

var selectHeldItems = store.Both(`SELECT ` + lineItems.Columns.Of("i") + ` FROM line_items i
	WHERE i.held AND i.late_subscription_id IS NULL AND (i.transfer_id, i.ordinal) > ($1, $2) ORDER BY i.transfer_id, i.ordinal LIMIT $3`)

// HeldItems are up to limit line items of which nobody knows whether they moved, in the order of transfer and ordinal, those
// after the given one.
func (s *Store) HeldItems(ctx context.Context, after Sent, limit int) ([]Sent, error) {
	return read(ctx, s, "find held line items", func(tx session) ([]Sent, error) {
		return sentOf(store.All(ctx, tx, selectHeldItems, lineItems.Fields, after.TransferID, after.Ordinal, limit))
	})
}

func sentOf(items []item, err error) ([]Sent, error) {
	sent := make([]Sent, len(items))
	for i, it := range items {
		sent[i] = Sent{it.transferID, it.LineItem}
	}
	return sent, err
}

// TakeAnswers records answers that no run waits for, also to line items that have ended, and makes the run that moves the items look: in a
// second when it has nothing left to wait for, otherwise not at once, so that thousands of answers wake it a few times. It returns
// what contradicts the ledger. Answers can be taken again.
//
// Refusals: those of RecordItems.
func (s *Store) TakeAnswers(ctx context.Context, id string, results []ItemResult) ([]Contradiction, error) {
	recorded, err := s.recordItems(ctx, id, results, true)
	if err != nil {
		return nil, err
	}
	return s.TakeLate(ctx, id, results, recorded)
}

const (
	// lastSoon is how long a run waits for more answers when all of its line items have ended, and othersSoon when some
	// are still open.
	lastSoon   = time.Second
	othersSoon = 10 * time.Second
)

// countOpen counts the line items of a range that still run.
var countOpen = store.Both(`SELECT COUNT(*) FROM line_items i WHERE i.transfer_id = $1 AND i.ordinal >= $2 AND i.ordinal < $3 AND i.status = 'InProgress'`)

// countItems counts the line items of a transfer.
var countItems = store.Both(`SELECT COUNT(*) FROM line_items i WHERE i.transfer_id = $1`)

// tellRuns makes the runs look that move the items of the window, where they would not hear of it otherwise: of items that are
// to be fenced at once, of answers that came by themselves soon.
func (w *window) tellRuns(ctx context.Context, tx session, unasked bool) error {
	switch {
	case len(w.out.ending) > 0:
		return tx.tellMovers(ctx, w.of, w.policy.ForRuns(), w.out.items, nil)
	case unasked && len(w.out.items) > 0:
		return tx.tellMovers(ctx, w.of, w.policy.ForRuns(), w.out.items, soon)
	}
	return nil
}

// tellMovers makes the runs look that move these items of the transfer, after the time that delay says for their range; at once
// without one.
func (tx session) tellMovers(ctx context.Context, t transfer.Transfer, rules transfer.RunRules, items []item,
	delay func(ctx context.Context, tx session, id string, from, to int) (time.Duration, error)) error {
	total, _, err := store.One(ctx, tx, countItems, store.Value[int], t.ID)
	if err != nil {
		return err
	}
	var wanted []runs.Wanted
	for _, m := range moversOf(t, rules, total, items, CauseAnswered) {
		if delay != nil {
			if m.run.Delay, err = delay(ctx, tx, t.ID, m.from, m.to); err != nil {
				return err
			}
		}
		wanted = append(wanted, m.run)
	}
	return runs.Want(ctx, tx.Tx, wanted...)
}

// soon is when the run of a range is to hear of answers.
func soon(ctx context.Context, tx session, id string, from, to int) (time.Duration, error) {
	open, _, err := store.One(ctx, tx, countOpen, store.Value[int], id, from, to)
	if open > 0 {
		return othersSoon, err
	}
	return lastSoon, err
}
