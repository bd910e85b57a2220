package command

import (
	"context"
	"fmt"

	"handover/internal/store"
)

// MostKept is how many requests of one partner are remembered: beyond that the oldest count as never sent before their time is over.
const MostKept = 250_000

// Held is how much is remembered of all requests.
type Held struct {
	Requests int64
	Bytes    int64 // of their answers, as they are stored
}

var (
	countHeld     = store.Both(`SELECT COUNT(*), COALESCE(SUM(COALESCE(LENGTH(body), 0) + COALESCE(LENGTH(header), 0)), 0) FROM api_requests`)
	selectCrowded = store.Both(`SELECT caller_tenant_id FROM api_requests GROUP BY caller_tenant_id HAVING COUNT(*) > $1`)
	selectTooOld  = store.Both(`SELECT claimed_at FROM api_requests WHERE caller_tenant_id = $1 ORDER BY claimed_at DESC LIMIT 1 OFFSET $2`)
	forgetTooOld  = store.Both(`DELETE FROM api_requests WHERE (caller_tenant_id, route, request_key) IN (
		SELECT caller_tenant_id, route, request_key FROM api_requests WHERE caller_tenant_id = $1 AND claimed_at <= $2
		ORDER BY claimed_at, caller_tenant_id, route, request_key LIMIT ` + fmt.Sprint(forgottenAtOnce) + ` FOR UPDATE)`)
)

// Held counts what is remembered.
func (q *Requests) Held(ctx context.Context) (Held, error) {
	return store.Read(ctx, q.db, "count the kept answers", func(tx store.Tx) (Held, error) {
		held, _, err := store.One(ctx, tx, countHeld, func(h *Held) []any { return []any{&h.Requests, &h.Bytes} })
		return held, err
	})
}

// ForgetBeyond deletes each partner's oldest requests of those beyond so many, and tells how many that were. After an error those
// deleted so far are gone.
func (q *Requests) ForgetBeyond(ctx context.Context, most int) (int64, error) {
	crowded, err := store.Read(ctx, q.db, "look for partners with many kept answers", func(tx store.Tx) ([]string, error) {
		return store.All(ctx, tx, selectCrowded, store.Value[string], most)
	})
	var forgotten int64
	for _, partner := range crowded {
		n, failed := q.forgetOf(ctx, partner, most)
		if forgotten, err = forgotten+n, failed; err != nil {
			break
		}
	}
	return forgotten, err
}

func (q *Requests) forgetOf(ctx context.Context, partner string, most int) (forgotten int64, err error) {
	until, err := store.Read(ctx, q.db, "look for the oldest kept answers", func(tx store.Tx) (store.Stamp, error) {
		at, _, err := store.One(ctx, tx, selectTooOld, store.Value[store.Stamp], partner, most)
		return at, err
	})
	for err == nil {
		var n int64
		n, err = store.Write(ctx, q.db, "forget requests beyond a partner's share", func(tx store.Tx) (int64, error) {
			return tx.Exec(ctx, forgetTooOld, partner, until)
		})
		if forgotten += n; n < forgottenAtOnce {
			break
		}
	}
	return forgotten, err
}
