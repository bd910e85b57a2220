package webhookstore

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/store"
)

// forgottenExcerptsAtOnce bounds one transaction of ForgetExcerpts.
const forgottenExcerptsAtOnce = 500

const excerptsOf = ` FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
	WHERE d.customer_tenant_id = $1 AND a.excerpt <> '' AND a.excerpt NOT LIKE '` + kernel.TombstonePattern + `'`

var (
	countExcerpts  = store.Both(`SELECT COUNT(*)` + excerptsOf)
	forgetExcerpts = store.Both(`UPDATE webhook_attempts SET excerpt = $2 WHERE (delivery_id, n) IN (SELECT a.delivery_id, a.n` + excerptsOf + ` LIMIT $3)`)
)

// ForgetExcerpts forgets what endpoints answered to events about the customer, five hundred answers at a time, and tells how many; none
// when nothing was left. Of an event that still waits to be told only what was answered before is. A dry run counts all of them.
func (s *Store) ForgetExcerpts(ctx context.Context, f kernel.Forgetting) (int, error) {
	store.Lower(&f.CustomerTenantID)
	if f.DryRun {
		return store.Read(ctx, s.db, "count answers of endpoints", func(tx store.Tx) (int, error) {
			n, _, err := store.One(ctx, tx, countExcerpts, store.Value[int], f.CustomerTenantID)
			return n, err
		})
	}
	return store.Write(ctx, s.db, "forget answers of endpoints", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		n, err := tx.Exec(ctx, forgetExcerpts, f.CustomerTenantID, kernel.Tombstone(now), forgottenExcerptsAtOnce)
		return int(n), err
	})
}
