package main

// I-8 beyond the ledger: the billing system is asked about every line item that it was asked to move and that has ended.
// Memory stays flat, however many those are. The billing system may be away, slow or throttled; what it gives no answer
// about is counted and named, and never taken for fine.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"handover/internal/app"
	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const (
	asksAtOnce   = 8
	asksPerPage  = 200
	mostSilences = 20          // without an answer in between, then nothing more is asked
	pacedTries   = 3           // when the billing system wants to be asked less often
	longestPause = time.Minute // that it gets for that
)

// errNoBilling says that there is nobody to ask.
var errNoBilling = errors.New("this deployment has no billing system of its own that could be asked: HANDOVER_BILLING_ADAPTER is not http")

// billingSystem is the one of the settings. Error: *usageError.
func billingSystem(read loader) (billing.Asker, error) {
	settings, err := read()
	if err != nil {
		return nil, &usageError{err}
	}
	if !settings.Billing.Remote() {
		return nil, &usageError{errNoBilling}
	}
	remote, err := app.BillingSystem(settings.Billing)
	if err != nil {
		return nil, &usageError{err}
	}
	return remote, nil
}

// unaskedError says that the billing system left questions open.
type unaskedError struct {
	items  int
	away   bool // it was not asked about the rest
	latest error
}

func (e *unaskedError) Error() string {
	rest := ""
	if e.away {
		rest = fmt.Sprintf(" After %d failures in a row it was not asked about the rest.", mostSilences)
	}
	return fmt.Sprintf("the billing system gave no answer about %s.%s The latest reason: %v", ofItems(e.items), rest, e.latest)
}

func (e *unaskedError) Unwrap() error { return e.latest }

// inquiry asks a billing system about everything that it was asked to move and that is over.
type inquiry struct {
	book    records
	billing billing.Asker
	wait    func(context.Context, time.Duration) error
	show    func(asked int)

	mu     sync.Mutex
	asked  int
	silent int // in a row
}

// answered is what came of the question about one line item; the zero value, when it was not asked.
type answered struct {
	billing.Comparison
	asked   bool
	silence error // instead of an answer
}

// ask compares everything and returns what was found, also when it could not go on.
//
// Errors: *unaskedError when there are line items without an answer; those of the ledger; the context's.
func (q *inquiry) ask(ctx context.Context) (ledger.Finding, error) {
	var all tally
	for after := (transferstore.ItemCursor{}); ; {
		page, err := q.book.EndedItems(ctx, after, asksPerPage)
		if err != nil {
			return all.finding(), err
		}
		answers, err := q.askAll(ctx, page)
		for i, a := range answers {
			all.add(page[i], a)
		}
		switch {
		case err != nil && !errors.Is(err, errAway):
			return all.finding(), err
		case err != nil || len(page) < asksPerPage:
			return all.finding(), all.unasked(err != nil)
		}
		last := page[len(page)-1]
		after = transferstore.ItemCursor{TransferID: last.TransferID, Ordinal: last.Ordinal}
	}
}

// errAway ends an inquiry that nobody answers.
var errAway = errors.New("the billing system is away")

// askAll asks about the line items side by side. What it has when it must stop, it returns with the error: errAway, the context's.
func (q *inquiry) askAll(ctx context.Context, items []transfer.EndedItem) ([]answered, error) {
	answers := make([]answered, len(items))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for i, item := range items {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			c, silence := q.askOne(ctx, item)
			if silence != nil && ctx.Err() != nil { // it was kept from answering
				return ctx.Err()
			}
			answers[i] = answered{Comparison: c, asked: true, silence: silence}
			return q.heard(silence)
		})
	}
	return answers, group.Wait()
}

// askOne asks about one line item, by its key: where the billing system wanted to be asked while it was at work, it may say
// anything.
func (q *inquiry) askOne(ctx context.Context, item transfer.EndedItem) (billing.Comparison, error) {
	question := billing.Question{Key: item.KeyIn(item.TransferID), SubscriptionID: item.SubscriptionID}
	id, err := q.paced(ctx, question)
	return billing.Compare(item, id, err)
}

// paced asks, and again after a pause where the billing system wants one.
func (q *inquiry) paced(ctx context.Context, question billing.Question) (string, error) {
	for try := 1; ; try++ {
		id, err := q.billing.Ask(ctx, question)
		var throttled *billing.Unavailable
		if try == pacedTries || !errors.As(err, &throttled) || throttled.Of != billing.OfThePace {
			return id, err
		}
		if err := q.wait(ctx, min(max(throttled.RetryAfter, time.Second), longestPause)); err != nil {
			return "", err
		}
	}
}

// heard counts the questions, and those in a row that nobody answered. Error: errAway. A failure that is the one move's own
// comes from a billing system that is there.
func (q *inquiry) heard(silence error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	q.show(q.asked)
	var unavailable *billing.Unavailable
	if !errors.As(silence, &unavailable) || unavailable.Of == billing.OfTheMove {
		q.silent = 0
		return nil
	}
	if q.silent++; q.silent >= mostSilences {
		return errAway
	}
	return nil
}

// tally sums the answers up. Of each kind it keeps a few sentences.
type tally struct {
	agreed               int
	broken, held, silent sentences
	latest               error // of the silences
}

func (t *tally) add(item transfer.EndedItem, a answered) {
	switch {
	case !a.asked:
	case a.silence != nil:
		t.latest = a.silence
		t.silent.add(fmt.Sprintf("Line item %d of transfer %s could not be asked about: %v", item.Ordinal, item.TransferID, a.silence))
	case a.Broken != "":
		t.broken.add(a.Broken)
	case a.Note != "":
		t.held.add(a.Note)
	default:
		t.agreed++
	}
}

// finding counts as checked what was answered.
func (t *tally) finding() ledger.Finding {
	return ledger.Finding{
		Invariant: "I-8", Says: "Ledger and billing system agree.",
		Checked: t.agreed + t.broken.count + t.held.count, Count: t.broken.count, Broken: t.broken.few,
		Notes: append(t.held.listed(), t.silent.listed()...),
	}
}

func (t *tally) unasked(away bool) error {
	if t.silent.count == 0 {
		return nil
	}
	return &unaskedError{items: t.silent.count, away: away, latest: t.latest}
}

// sentences are a few of many.
type sentences struct {
	few   []string
	count int
}

func (s *sentences) add(sentence string) {
	if s.count++; len(s.few) < mostListed {
		s.few = append(s.few, sentence)
	}
}

// listed are the few, and how many more there are.
func (s *sentences) listed() []string {
	if more := s.count - len(s.few); more > 0 {
		return append(s.few[:len(s.few):len(s.few)], fmt.Sprintf("and %d more like this", more))
	}
	return s.few
}
