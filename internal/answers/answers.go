// Package answers takes what a billing system says without being waited for: callbacks, of which each is only a hint to ask it,
// and words about line items that ended without one. What it says then goes to the ledger, and the runs hear from there.
//
//	answers.go   Taker: which keys somebody called back about, and one round of asking
//	held.go      line items of which nobody knows whether they moved: asked about every hour
package answers

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

// Book is what a Taker needs of the ledger. *ledger.Ledger is one.
type Book interface {
	SentByKey(ctx context.Context, keys []string) ([]ledger.Sent, error)
	HeldItems(ctx context.Context, after ledger.Sent, limit int) ([]ledger.Sent, error)
	RecordAnswers(ctx context.Context, id string, results []ledger.ItemResult) ([]transfer.LineItem, error)
	AnsweredLate(ctx context.Context, id string, a ledger.LateAnswer) (changed bool, err error)
}

// Options are what a Taker works with.
type Options struct {
	Book   Book
	Asker  billing.Asker
	Fencer billing.Fencer // nil where the billing system cannot promise anything
	Logger *zap.Logger    // nil for none
}

const (
	// mostKeys bounds what is to be asked about; who calls back beyond it is told to do so again.
	mostKeys = 10_000
	// longestKey bounds a key, in bytes: two GUIDs and a slash.
	longestKey = 100
	// atOnce is how many keys are looked up and recorded together, and asking how many are asked about at the same time.
	atOnce = 100
	asking = 8
	// gathering is how long a round waits for more keys after the first, so that a flood costs few transactions.
	gathering = 100 * time.Millisecond
)

// Taker asks the billing system about what it called back for. It is safe for concurrent use.
type Taker struct {
	Options
	mu      sync.Mutex
	waiting map[string]bool
	keys    []string // of waiting, in the order they came
	news    chan struct{}
}

// New makes a Taker that does nothing before Run.
func New(o Options) *Taker {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Taker{Options: o, waiting: map[string]bool{}, news: make(chan struct{}, 1)}
}

// Hear notes that there is something to be asked about under the key, and returns at once: false when there is too much to be
// asked already.
func (t *Taker) Hear(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(key) > longestKey || t.waiting[key] { // nothing was sent under so long a key
		return true
	}
	if len(t.keys) >= mostKeys {
		return false
	}
	t.waiting[key] = true
	t.keys = append(t.keys, key)
	select {
	case t.news <- struct{}{}:
	default:
	}
	return true
}

// Run asks about what was heard of, and every hour about what is held, until the context ends.
func (t *Taker) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { t.follow(ctx) })
	both.Go(func() { t.watch(ctx) })
	both.Wait()
}

func (t *Taker) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.news:
		}
		if !pause(ctx, gathering) {
			return
		}
		for keys := t.some(); len(keys) > 0 && ctx.Err() == nil; keys = t.some() {
			if err := t.round(ctx, keys); err != nil && ctx.Err() == nil {
				// The runs ask by themselves, later.
				t.Logger.Warn("The results of moves could not be taken to the ledger.", zap.Int("moves", len(keys)), zap.Error(err))
			}
		}
	}
}

// some takes the keys that came first.
func (t *Taker) some() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(atOnce, len(t.keys))
	keys := t.keys[:n:n]
	t.keys = t.keys[n:]
	for _, key := range keys {
		delete(t.waiting, key)
	}
	return keys
}

// round asks about the keys and records what was answered, a transfer at a time.
func (t *Taker) round(ctx context.Context, keys []string) error {
	sent, err := t.Book.SentByKey(ctx, keys)
	if err != nil {
		return err
	}
	byTransfer := map[string][]ledger.ItemResult{}
	for _, a := range t.ask(ctx, sent) {
		switch of := a.of; of.Status {
		case transfer.ItemInProgress:
			byTransfer[of.TransferID] = append(byTransfer[of.TransferID], a.result())
		default:
			err = errors.Join(err, t.late(ctx, a))
		}
	}
	for id, results := range byTransfer {
		_, failed := t.Book.RecordAnswers(ctx, id, results)
		err = errors.Join(err, failed)
	}
	return err
}

// answer is what the billing system says of a move for good: where it moved to, or its refusal.
type answer struct {
	of      ledger.Sent
	movedTo string
	refusal *transfer.Refusal
}

func (a answer) result() ledger.ItemResult {
	return ledger.ItemResult{Ordinal: a.of.Ordinal, TargetSubscriptionID: a.movedTo, Refusal: a.refusal}
}

// ask asks about line items, except those that ended as they should. Answers that are not final are left out: whoever moves
// the item asks again.
func (t *Taker) ask(ctx context.Context, sent []ledger.Sent) []answer {
	var mu sync.Mutex
	var final []answer
	var calls errgroup.Group
	calls.SetLimit(asking)
	for _, of := range sent {
		if of.Status == transfer.ItemComplete {
			continue
		}
		calls.Go(func() error {
			if a, known := t.askOne(ctx, of); known {
				mu.Lock()
				defer mu.Unlock()
				final = append(final, a)
			}
			return nil
		})
	}
	_ = calls.Wait() // none fails
	return final
}

func (t *Taker) askOne(ctx context.Context, of ledger.Sent) (a answer, known bool) {
	a.of = of
	id, err := t.Asker.Ask(ctx, billing.Question{Key: of.Key(), SubscriptionID: of.SubscriptionID, Where: of.AcceptedWhere})
	a.movedTo = id
	return a, err == nil || errors.As(err, &a.refusal)
}

// late takes an answer about a line item that ended as Failed.
func (t *Taker) late(ctx context.Context, a answer) error {
	changed, err := t.Book.AnsweredLate(ctx, a.of.TransferID, ledger.LateAnswer{Ordinal: a.of.Ordinal, MovedTo: a.movedTo})
	if changed {
		t.Logger.Warn("The billing system said what became of a line item that had ended without its word.", zap.String("transfer", a.of.TransferID),
			zap.Int("item", a.of.Ordinal), zap.Bool("held", a.of.Held), zap.String("targetSubscription", a.movedTo))
	}
	return err
}

// pause waits and tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
