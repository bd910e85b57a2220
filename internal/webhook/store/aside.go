package webhookstore

import (
	"context"

	"handover/internal/store"
	"handover/internal/webhook"
)

var lockWaiting = store.OverRows(`SELECT `+deliveries.Columns.Of("d")+` FROM webhook_deliveries d WHERE d.id IN (SELECT r.id FROM {rows}) AND d.partner_tenant_id = $2
	AND d.status = 'waiting' ORDER BY d.id FOR UPDATE`, store.IDColumn)

// SetWebhooksAside leaves alone events of the partner that cannot be said, by their ids, so that nothing but what is about the same thing
// waits for them: those that a newer program may know for a while, the others for good. It tells how many became dead letters. What does
// not wait any more stays as it is.
func (s *Store) SetWebhooksAside(ctx context.Context, partner string, unsaid map[string]*webhook.UnsaidError) (dead int, err error) {
	store.Lower(&partner)
	ids := make([]string, 0, len(unsaid))
	for id := range unsaid {
		ids = append(ids, id)
	}
	return store.Write(ctx, s.db, "set aside what cannot be said", func(tx store.Tx) (dead int, err error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		row, _, err := store.One(ctx, tx, lockRegistration, registrations.Fields, partner)
		if err != nil {
			return 0, err
		}
		r := row.read()
		waiting, err := store.All(ctx, tx, lockWaiting, deliveries.Fields, store.IDRows(ids...), partner)
		if err != nil {
			return 0, err
		}
		var aside []webhook.Delivery
		for _, d := range waiting {
			if d.Under(r).Status != webhook.Waiting {
				continue
			}
			if d = d.Aside(unsaid[d.ID], r.ModifiedAt, now); d.Status == webhook.Dead {
				dead++
			}
			aside = append(aside, d)
		}
		if len(aside) == 0 {
			return 0, nil
		}
		_, err = tx.Exec(ctx, updateDelivery, deliveries.Rows(aside))
		return dead, err
	})
}
