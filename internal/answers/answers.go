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
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Book is what a Taker needs of the ledger. *ledger.Ledger is one.
type Book interface {
	SentByKey(ctx context.Context, keys []string) ([]transferstore.Sent, error)
	HeldItems(ctx context.Context, after transferstore.Sent, limit int) ([]transferstore.Sent, error)
	TakeAnswers(ctx context.Context, id string, results []transferstore.ItemResult) ([]transferstore.Contradiction, error)
	AnsweredLate(ctx context.Context, id string, a transferstore.LateAnswer) (transferstore.Late, error)
}

// Options are what a Taker works with.
type Options struct {
	Book   Book
	Asker  billing.Asker
	Fencer billing.Fencer // nil where the billing system cannot promise anything
	Logger *zap.Logger    // nil for none
	// Contradicted is told what the billing system moved although it had ended otherwise; nil when nobody wants to know.
	Contradicted func(transferstore.Contradiction)
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
	// What could not be asked or recorded is tried again, ever later, for some days: of a line item that has ended nobody else
	// asks.
	againFirst  = 10 * time.Second
	againLast   = time.Hour
	againForget = 72
)

// Taker asks the billing system about what it called back for. It is safe for concurrent use.
type Taker struct {
	Options
	mu      sync.Mutex
	waiting map[string]bool
	keys    []string         // of waiting, in the order they came
	again   map[string]retry // keys to be asked about later
	news    chan struct{}
}

// retry is when a key is asked about once more.
type retry struct {
	due   time.Time
	tries int
}

// New makes a Taker that does nothing before Run.
func New(o Options) *Taker {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Taker{Options: o, waiting: map[string]bool{}, again: map[string]retry{}, news: make(chan struct{}, 1)}
}

// Hear notes that there is something to be asked about under the key, and returns at once: false when there is too much to be
// asked already.
func (t *Taker) Hear(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hear(key)
}

func (t *Taker) hear(key string) bool {
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
	tick := time.NewTicker(againFirst)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.recall()
		case <-t.news:
		}
		if !pause(ctx, gathering) {
			return
		}
		for keys := t.some(); len(keys) > 0 && ctx.Err() == nil; keys = t.some() {
			if err := t.round(ctx, keys); err != nil && ctx.Err() == nil {
				t.Logger.Warn("The results of moves could not be taken to the ledger; they are asked for again.", zap.Int("moves", len(keys)), zap.Error(err))
			}
		}
	}
}

// later has the key asked about once more, unless that was tried often enough.
func (t *Taker) later(keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		r := t.again[key]
		if r.tries++; r.tries > againForget || len(t.again) >= mostKeys && r.tries == 1 {
			delete(t.again, key)
			continue
		}
		r.due = time.Now().Add(min(againFirst<<min(r.tries-1, 9), againLast))
		t.again[key] = r
	}
}

// recall hears again of what is due.
func (t *Taker) recall() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for key, r := range t.again {
		if !r.due.After(now) && t.hear(key) {
			r.due = now.Add(againLast) // until it is known what came of it
			t.again[key] = r
		}
	}
}

// forget strikes a key from those to be asked about again.
func (t *Taker) forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.again, key)
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
		t.later(keys...)
		return err
	}
	byTransfer := map[string][]answer{}
	for _, a := range t.ask(ctx, sent) {
		byTransfer[a.of.TransferID] = append(byTransfer[a.of.TransferID], a)
	}
	for id, answers := range byTransfer {
		err = errors.Join(err, t.take(ctx, id, answers))
	}
	return err
}

// take records what was answered about one transfer.
func (t *Taker) take(ctx context.Context, id string, answers []answer) error {
	results := make([]transferstore.ItemResult, len(answers))
	keys := make([]string, len(answers))
	for i, a := range answers {
		results[i], keys[i] = a.result(), a.of.Key()
	}
	found, err := t.Book.TakeAnswers(ctx, id, results)
	if t.Contradicted != nil {
		for _, c := range found {
			t.Contradicted(c)
		}
	}
	if err != nil {
		t.later(keys...)
		return err
	}
	for _, key := range keys {
		t.forget(key)
	}
	return nil
}

// answer is what the billing system says of a move for good: where it moved to, or its refusal.
type answer struct {
	of      transferstore.Sent
	movedTo string
	refusal *kernel.Refusal
	silent  bool // it said nothing about the move, or that it is at work on it
}

func (a answer) result() transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: a.of.Ordinal, TargetSubscriptionID: a.movedTo, Refusal: a.refusal}
}

// ask asks about line items. Answers that are not final are left out: whoever moves the item asks again, and where nobody does,
// because it has ended, it is asked again here.
func (t *Taker) ask(ctx context.Context, sent []transferstore.Sent) []answer {
	var mu sync.Mutex
	var final []answer
	var calls errgroup.Group
	calls.SetLimit(asking)
	for _, of := range sent {
		calls.Go(func() error {
			a, known := t.askOne(ctx, of)
			switch {
			case known:
				mu.Lock()
				defer mu.Unlock()
				final = append(final, a)
			case of.Status == transfer.ItemFailed && !a.silent:
				t.forget(of.Key())
			case of.Status == transfer.ItemFailed:
				t.later(of.Key())
			}
			return nil
		})
	}
	_ = calls.Wait() // none fails
	return final
}

func (t *Taker) askOne(ctx context.Context, of transferstore.Sent) (a answer, known bool) {
	a.of = of
	id, err := t.Asker.Ask(ctx, billing.Question{Key: of.Key(), SubscriptionID: of.SubscriptionID, Where: of.AcceptedWhere})
	a.movedTo = id
	a.silent = err != nil && !errors.Is(err, billing.ErrUnknown)
	return a, err == nil || errors.As(err, &a.refusal)
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
