package answers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/answers"
	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// book is a ledger in memory: line items by key, and what was recorded of them.
type book struct {
	mu       sync.Mutex
	items    map[string]transferstore.Sent
	lookups  int
	recorded map[string][]transferstore.ItemResult // by transfer
	late     []transferstore.LateAnswer
	err      error

	contradictions []transferstore.Contradiction // found at every record
}

func (b *book) SentByKey(_ context.Context, keys []string) (found []transferstore.Sent, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookups++
	for _, key := range keys {
		if of, known := b.items[key]; known {
			found = append(found, of)
		}
	}
	return found, b.err
}

func (b *book) HeldItems(_ context.Context, after transferstore.Sent, limit int) (found []transferstore.Sent, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, of := range slices.SortedFunc(maps.Values(b.items), func(x, y transferstore.Sent) int { return x.Ordinal - y.Ordinal }) {
		if of.Held && of.Ordinal > after.Ordinal && len(found) < limit {
			found = append(found, of)
		}
	}
	return found, b.err
}

func (b *book) TakeAnswers(_ context.Context, id string, results []transferstore.ItemResult) ([]transferstore.Contradiction, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	b.recorded[id] = append(b.recorded[id], results...)
	return b.contradictions, nil
}

func (b *book) AnsweredLate(_ context.Context, _ string, a transferstore.LateAnswer) (transferstore.Late, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late = append(b.late, a)
	return transferstore.LateResolved, b.err
}

// said are the late answers so far.
func (b *book) said() []transferstore.LateAnswer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.late)
}

// system is a billing system that answers by key, and is not to be asked about others.
type system struct {
	mu      sync.Mutex
	answers map[string]error // nil for done
	asked   []string
	fenced  map[string]error
}

func (s *system) Ask(_ context.Context, q billing.Question) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, q.Key)
	if err := s.answers[q.Key]; err != nil {
		return "", err
	}
	return "new-" + q.Key, nil
}

func (s *system) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *system) Fence(_ context.Context, q billing.Question) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "", s.fenced[q.Key]
}

func sent(n int, status transfer.ItemStatus, held bool) transferstore.Sent {
	item := transfer.LineItem{Ordinal: n, SubscriptionID: fmt.Sprint(n), Status: status, Held: held}
	return transferstore.Sent{TransferID: "t", LineItem: item}
}

func bookOf(items ...transferstore.Sent) *book {
	b := &book{items: map[string]transferstore.Sent{}, recorded: map[string][]transferstore.ItemResult{}}
	for _, of := range items {
		b.items[of.Key()] = of
	}
	return b
}

// running runs a taker until the test is over, in a bubble of its own time. Pass lets a while pass there.
func running(t *testing.T, o answers.Options, test func(taker *answers.Taker, pass func(time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		taker := answers.New(o)
		go taker.Run(ctx)
		test(taker, func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		})
	})
}

// What is final goes to the ledger, in one write per transfer; what is not is left to whoever moves the item.
func TestCallbacksAreAskedAbout(t *testing.T) {
	t.Parallel()
	b := bookOf(sent(0, transfer.ItemInProgress, false), sent(1, transfer.ItemInProgress, false), sent(2, transfer.ItemInProgress, false),
		sent(3, transfer.ItemInProgress, false), sent(4, transfer.ItemInProgress, false), sent(5, transfer.ItemComplete, false),
		sent(6, transfer.ItemFailed, false), sent(7, transfer.ItemFailed, true))
	no := kernel.Refuse(transfer.ProviderRefused, "never")
	s := &system{answers: map[string]error{
		"t/1": no, "t/2": &billing.AtWork{}, "t/3": billing.ErrUnknown, "t/4": &billing.Unavailable{}, "t/7": no,
	}}
	running(t, answers.Options{Book: b, Asker: s}, func(taker *answers.Taker, pass func(time.Duration)) {
		for n := range 9 {
			assert.True(t, taker.Hear(fmt.Sprintf("t/%d", n)))
			assert.True(t, taker.Hear(fmt.Sprintf("t/%d", n)))
		}
		pass(time.Second)
	})
	slices.Sort(s.asked)
	assert.Equal(t, []string{"t/0", "t/1", "t/2", "t/3", "t/4", "t/5", "t/6", "t/7"}, s.asked, "each once")
	assert.ElementsMatch(t, []transferstore.ItemResult{
		{Ordinal: 0, TargetSubscriptionID: "new-t/0"}, {Ordinal: 1, Refusal: no}, {Ordinal: 5, TargetSubscriptionID: "new-t/5"},
		{Ordinal: 6, TargetSubscriptionID: "new-t/6"}, {Ordinal: 7, Refusal: no},
	}, b.recorded["t"], "also of what has ended")
	assert.Equal(t, 1, b.lookups)
}

// What nobody was asked under is not asked about, and a flood has an end.
func TestAFloodOfCallbacks(t *testing.T) {
	t.Parallel()
	b, s := bookOf(sent(0, transfer.ItemInProgress, false)), &system{}
	running(t, answers.Options{Book: b, Asker: s}, func(taker *answers.Taker, pass func(time.Duration)) {
		assert.True(t, taker.Hear(strings.Repeat("x", 1<<14)), "nothing to be asked about")
		for n := range 10_000 {
			require.True(t, taker.Hear(fmt.Sprintf("stranger/%d", n)))
		}
		require.False(t, taker.Hear("t/0"), "again later")
		require.True(t, taker.Hear("stranger/0"), "it is heard of already")
		pass(time.Second)
		assert.Empty(t, s.keys())
		assert.True(t, taker.Hear("t/0"))
		pass(time.Second)
	})
	assert.Equal(t, []string{"t/0"}, s.asked)
	assert.Equal(t, 101, b.lookups, "a hundred keys at a time")
}

// A ledger that is away costs nothing but time.
func TestCallbacksWithoutALedger(t *testing.T) {
	t.Parallel()
	b, s := bookOf(sent(0, transfer.ItemInProgress, false)), &system{}
	b.err = errors.New("away")
	running(t, answers.Options{Book: b, Asker: s}, func(taker *answers.Taker, pass func(time.Duration)) {
		taker.Hear("t/0")
		pass(time.Second)
		b.mu.Lock()
		b.err = nil
		b.mu.Unlock()
		pass(time.Minute)
	})
	assert.Len(t, b.recorded["t"], 1)
}

// Of an item that has ended nobody else asks: so the hint is kept until the billing system has said what became of it.
func TestHintsAboutWhatEndedAreKept(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string]error{
		"away": &billing.Away{RetryAfter: time.Minute}, "unavailable": &billing.Unavailable{}, "at work": &billing.AtWork{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bookOf(sent(0, transfer.ItemFailed, false), sent(1, transfer.ItemInProgress, false))
			s := &system{answers: map[string]error{"t/0": silence, "t/1": silence}}
			b.contradictions = []transferstore.Contradiction{{TransferID: "t", TargetSubscriptionID: "new-t/0"}}
			var told []transferstore.Contradiction
			o := answers.Options{Book: b, Asker: s, Contradicted: func(c transferstore.Contradiction) { told = append(told, c) }}
			running(t, o, func(taker *answers.Taker, pass func(time.Duration)) {
				taker.Hear("t/0")
				taker.Hear("t/1")
				pass(3 * time.Hour)
				asked := len(s.keys())
				assert.Less(t, asked, 20, "ever later")
				s.mu.Lock()
				s.answers = nil
				s.mu.Unlock()
				pass(2 * time.Hour)
				assert.Equal(t, asked+1, len(s.keys()), "once it is known nobody asks, and of what runs its run asks")
			})
			assert.Equal(t, []transferstore.ItemResult{{Ordinal: 0, TargetSubscriptionID: "new-t/0"}}, b.recorded["t"])
			assert.Equal(t, b.contradictions, told)
		})
	}
}

// Every hour the billing system is asked again about what is held: for its promise, and without one, what became of it.
func TestHeldItemsAreAskedAboutAgain(t *testing.T) {
	t.Parallel()
	b := bookOf(sent(0, transfer.ItemFailed, true), sent(1, transfer.ItemFailed, true), sent(2, transfer.ItemFailed, true),
		sent(3, transfer.ItemFailed, true), sent(4, transfer.ItemFailed, false))
	s := &system{
		fenced:  map[string]error{"t/1": billing.ErrNoPromise, "t/2": billing.ErrNoPromise, "t/3": &billing.Unavailable{}},
		answers: map[string]error{"t/2": billing.ErrUnknown},
	}
	running(t, answers.Options{Book: b, Asker: s, Fencer: s}, func(_ *answers.Taker, pass func(time.Duration)) {
		pass(2 * time.Minute)
		assert.Equal(t, []transferstore.LateAnswer{{Ordinal: 0}, {Ordinal: 1, MovedTo: "new-t/1"}}, b.said())
		pass(time.Hour)
	})
	assert.Len(t, b.late, 4, "and an hour later")
}

// One that is known to be away is not asked about the rest; one that fails for one item is.
func TestHeldItemsOfASystemThatIsAway(t *testing.T) {
	t.Parallel()
	b := bookOf(sent(0, transfer.ItemFailed, true), sent(1, transfer.ItemFailed, true), sent(2, transfer.ItemFailed, true))
	s := &system{fenced: map[string]error{"t/0": &billing.Unavailable{Of: billing.OfTheSystem}, "t/2": &billing.Away{}}}
	settled, err := answers.New(answers.Options{Book: b, Asker: s, Fencer: s}).AskHeld(t.Context())
	require.Error(t, err)
	assert.Equal(t, 1, settled)
	assert.Equal(t, []transferstore.LateAnswer{{Ordinal: 1}}, b.late)
}

// A billing system without a promise is only asked what became of it.
func TestHeldItemsWithoutAFence(t *testing.T) {
	t.Parallel()
	b, s := bookOf(sent(0, transfer.ItemFailed, true)), &system{}
	settled, err := answers.New(answers.Options{Book: b, Asker: s}).AskHeld(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, settled)
}
