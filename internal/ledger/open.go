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
	// Observe is told of every statement before it runs, by whoever runs it; nil for nobody.
	Observe func(query string, args []any)
}

// Ledger is the system of record: the stores of every context in one database. It is safe for concurrent use, by several programs
// on one database too.
type Ledger struct {
	*store.DB
	*Requests
	*Runs
	*activityLog
	*programmes
	*subscriptionsStore
	*outbox
	*outagesStore
	*transfersStore
}

//go:embed migrations
var migrations embed.FS

// Open opens the ledger in the database and brings its schema up to date. See store.Open for the URL and the errors.
func Open(ctx context.Context, databaseURL string, o Options) (*Ledger, error) {
	if o.Policy.ProductTypes == nil {
		o.Policy = transfer.DefaultPolicy()
	}
	if o.Rules == (subscription.Rules{}) {
		o.Rules = subscription.DefaultRules()
	}
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, databaseURL, store.Options{Migrations: schema, Now: o.Now, Observe: o.Observe})
	if err != nil {
		return nil, err
	}
	transfers, err := openTransfers(ctx, db, o.Policy)
	if err != nil {
		return nil, store.Classify(ctx, "open the ledger", errors.Join(err, db.Close()))
	}
	return over(db, transfers, o.Rules), nil
}

// over puts the stores together.
func over(db *store.DB, transfers *transfersStore, rules subscription.Rules) *Ledger {
	return &Ledger{
		DB: db, Requests: newRequests(db), Runs: newRuns(db, aboutTransfers), activityLog: newActivityLog(db), programmes: newProgrammes(db),
		subscriptionsStore: newSubscriptions(db, rules, Mover), outbox: newOutbox(db), outagesStore: newOutages(db), transfersStore: transfers,
	}
}

// At is the same ledger seen with a clock that stands still, to do something as if at that time.
func (l *Ledger) At(now time.Time) *Ledger {
	db := l.DB.At(now)
	return over(db, l.transfersStore.on(db), l.subscriptionsStore.rules)
}
