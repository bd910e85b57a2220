package webhookstore

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/webhook"
)

// wake ends the rest of an endpoint, whose registration the caller has locked: its owner asks for something to be sent, and knows better
// than what it last answered.
func wake(ctx context.Context, tx store.Tx, r webhook.Registration, now time.Time) (webhook.Registration, error) {
	if !r.Health.Rests(now) {
		return r, nil
	}
	r.Health.RestsUntil = time.Time{}
	return r, save(ctx, tx, r)
}
