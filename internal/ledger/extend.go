package ledger

import (
	"context"
	"time"
)

// Extend adds to a ledger that is in use, all or nothing: customers and what they hold, partners too. Errors: whatever
// contradicts what is there, such as an id that is taken.
func (l *Ledger) Extend(ctx context.Context, w World) error {
	w = w.normal()
	_, err := write(ctx, l, "extend the ledger", func(s session) (bool, error) { return true, s.plant(ctx, w) })
	return err
}

// At is the same ledger seen with a clock that stands still, to do something as if at that time.
func (l *Ledger) At(now time.Time) *Ledger {
	return &Ledger{DB: l.DB.At(now), policy: l.policy, change: l.change, rules: l.rules}
}
