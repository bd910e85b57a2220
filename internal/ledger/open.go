package ledger

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Options say what the ledger decides by.
type Options struct {
	Policy transfer.Policy    // zero for transfer.DefaultPolicy
	Rules  subscription.Rules // of changes of subscriptions; zero for subscription.DefaultRules
	Now    func() time.Time   // nil for the database's clock, which is the same for all programs
}

// Ledger is the system of record. It is safe for concurrent use, by several programs on one database too.
type Ledger struct {
	*store.DB
	policy transfer.Policy
	change subscription.Rules
	rules  *rulebook
}

//go:embed migrations
var migrations embed.FS

// Open opens the ledger in the database and brings its schema up to date. See OpenDB.
func Open(ctx context.Context, databaseURL string, o Options) (*Ledger, error) {
	l := &Ledger{policy: o.Policy, change: o.Rules}
	if l.policy.ProductTypes == nil {
		l.policy = transfer.DefaultPolicy()
	}
	if o.Rules == (subscription.Rules{}) {
		l.change = subscription.DefaultRules()
	}
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if l.DB, err = store.Open(ctx, databaseURL, store.Options{Migrations: schema, Now: o.Now}); err != nil {
		return nil, err
	}
	if err := l.enterPolicy(ctx); err != nil {
		return nil, store.Classify(ctx, "open the ledger", errors.Join(err, l.Close()))
	}
	return l, nil
}
