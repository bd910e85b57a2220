// Package ledger is the system of record, on PostgreSQL or SQLite: the stores of all contexts over one database, whose schema
// guards the invariants a second time. Every change is one transaction that asks the rules of its context what may happen and
// writes all of its effects together; repeating a change gives the same result and writes nothing.
//
//	ledger.go     opening it, and what it is made of
//	seed.go       the world that it begins with
//	verify.go     the invariants, checked over everything
//	chain.go      I-9: the log is whole; anchors of it; seals.go what was forgotten of it
//	forget.go     an operator's word to forget what is personal
//	grants.go     what the role of the programs may do
//	stuck.go      what does not go on by itself, of every kind; resend.go mail that goes on by an operator's word
//	migrations/   the schema
//
// The stores are where their contexts are: internal/transfer/store and its like. What they share is in internal/store
// (transactions), internal/command (requests that are answered once) and internal/runs (which workflow runs have to look).
//
// Every method can also fail with store.ErrUnavailable, when the database cannot be reached and the call may be repeated, with
// store.ErrLocked, when somebody else holds what the call needs, and with the context's error. A refusal is always a
// *kernel.Refusal.
package ledger

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	activitylogstore "handover/internal/activitylog/store"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	commercestore "handover/internal/commerce/store"
	outagestore "handover/internal/outage/store"
	"handover/internal/outbox"
	programmestore "handover/internal/programme/store"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	webhookstore "handover/internal/webhook/store"
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
	*command.Requests
	*workflowRuns
	*activityLog
	*programmes
	*subscriptions
	*paid
	*transfers
	*mail
	*outages
	*operators
	*webhooks
}

// The stores by names that differ, so that all of them are the ledger's.
type (
	workflowRuns  = runs.Store
	activityLog   = activitylogstore.Store
	programmes    = programmestore.Store
	subscriptions = subscriptionstore.Store
	paid          = commercestore.Store
	transfers     = transferstore.Store
	mail          = outbox.Store
	outages       = outagestore.Store
	operators     = administrationstore.Store
	webhooks      = webhookstore.Store
)

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
	moved, err := transferstore.Open(ctx, db, o.Policy)
	if err != nil {
		return nil, store.Classify(ctx, "open the ledger", errors.Join(err, db.Close()))
	}
	administered := administrationstore.New(db, o.Rules, administrationstore.Transfers{
		Moving: transferstore.Movers, Open: transferstore.OpenOf, Between: transferstore.OpenBetween,
	})
	return over(db, moved, subscriptionstore.New(db, o.Rules, transferstore.MovedBy, commercestore.Changed), administered), nil
}

// over puts the stores together.
func over(db *store.DB, moved *transfers, billed *subscriptions, administered *operators) *Ledger {
	return &Ledger{
		DB: db, Requests: command.New(db), workflowRuns: runs.New(db, transferstore.About), activityLog: activitylogstore.New(db),
		programmes: programmestore.New(db), subscriptions: billed, paid: commercestore.New(db), transfers: moved, mail: outbox.New(db), outages: outagestore.New(db),
		operators: administered, webhooks: webhookstore.New(db),
	}
}

// At is the same ledger seen with a clock that stands still, to do something as if at that time.
func (l *Ledger) At(now time.Time) *Ledger {
	return l.on(l.DB.At(now))
}

// on is the same ledger on another view of its database.
func (l *Ledger) on(db *store.DB) *Ledger {
	return over(db, l.transfers.Over(db), l.subscriptions.Over(db), l.operators.Over(db))
}

// Watch makes the runs look of whatever is overdue, of every context: see transferstore.Store.Watch,
// subscriptionstore.Store.WatchCancellations and webhookstore.Store.WatchWebhooks. It tells how many.
func (l *Ledger) Watch(ctx context.Context) (raised int, err error) {
	raised, err = l.transfers.Watch(ctx)
	if err != nil {
		return raised, err
	}
	ends, err := l.WatchCancellations(ctx)
	if err != nil {
		return raised, err
	}
	deliveries, err := l.WatchWebhooks(ctx)
	return raised + ends + deliveries, err
}

// FollowedRuns is a page of the runs of every context that must be open at Temporal, and were told everything: those with workflow
// ids greater than after, in that order, and at most limit. What delivers comes first, then what is scheduled and what is transferred, as
// their ids do.
func (l *Ledger) FollowedRuns(ctx context.Context, after string, limit int) (page []runs.Wanted, err error) {
	for _, followed := range []func(context.Context, string, int) ([]runs.Wanted, error){
		l.FollowedDeliveries, l.FollowedCancellations, l.transfers.FollowedRuns,
	} {
		more, err := followed(ctx, after, limit-len(page))
		if page = append(page, more...); err != nil || len(page) == limit {
			return page, err
		}
	}
	return page, nil
}

// OverRuns are those of the runs with these workflow ids that should not be open, because what they are about is over and they
// were told everything. Runs that deliver are none of them: they end by themselves.
func (l *Ledger) OverRuns(ctx context.Context, workflowIDs []string) ([]runs.Wanted, error) {
	over, err := l.OverCancellations(ctx, workflowIDs)
	if err != nil {
		return nil, err
	}
	more, err := l.transfers.OverRuns(ctx, workflowIDs)
	return append(over, more...), err
}
