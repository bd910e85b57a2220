package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// remote is the adapter to the billing system that the handler is.
func remote(t *testing.T, system http.Handler) *billing.HTTP {
	t.Helper()
	server := httptest.NewServer(system)
	t.Cleanup(server.Close)
	h, err := billing.NewHTTP(billing.HTTPSettings{BaseURL: server.URL, Token: "sesame", Timeout: time.Minute})
	require.NoError(t, err)
	return h
}

// asking has the stage ask that billing system.
func (s *stage) asking(system billing.Asker) *stage {
	s.billing = func() (billing.Asker, error) { return system, nil }
	return s
}

// posts has the billing system accept the move of the line item, and returns its key.
func (b shelf) posts(at *billing.HTTP, id string, ordinal int) billing.Question {
	b.t.Helper()
	_, err := b.Leave(b.t.Context(), id, []int{ordinal})
	require.NoError(b.t, err)
	tr, facts, err := b.MoveFacts(b.t.Context(), id, []int{ordinal})
	require.NoError(b.t, err)
	key := facts[0].Item.KeyIn(id)
	_, err = at.Move(b.t.Context(), billing.Move{Key: key, Transfer: tr, Item: facts[0].Item, Old: facts[0].Old})
	var accepted *billing.AtWork
	require.ErrorAs(b.t, err, &accepted)
	return billing.Question{Key: key, SubscriptionID: facts[0].Item.SubscriptionID}
}

// moves has the billing system move the line item, and returns the new id.
func (b shelf) moves(at *billing.HTTP, id string, ordinal int) string {
	b.t.Helper()
	question := b.posts(at, id, ordinal)
	_, err := at.Ask(b.t.Context(), question)
	var working *billing.AtWork
	require.ErrorAs(b.t, err, &working)
	newID, err := at.Ask(b.t.Context(), question)
	require.NoError(b.t, err)
	return newID
}

func (b shelf) records(id string, results ...transferstore.ItemResult) {
	b.t.Helper()
	_, err := b.RecordItems(b.t.Context(), id, results)
	require.NoError(b.t, err)
}

// holds ends line items of which the billing system did not say what became of them.
func (b shelf) holds(id string, ordinals ...int) {
	b.t.Helper()
	b.givesUp(id, ordinals...)
	b.unanswered(id, ordinals...)
}

// fences has the billing system promise never to move the line item.
func (b shelf) fences(at *billing.HTTP, id string, ordinal int) {
	b.t.Helper()
	moved, err := at.Fence(b.t.Context(), billing.Question{Key: b.item(id, ordinal).KeyIn(id)})
	require.NoError(b.t, err)
	require.Empty(b.t, moved)
}

func movedAs(ordinal int, newID string) transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: ordinal, TargetSubscriptionID: newID}
}

func refusedFor(ordinal int) transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: ordinal, Refusal: kernel.Refuse(transfer.ProviderRefused, "Never.")}
}

// slowSystem accepts every move, is at work when it is asked for the first time, and done then.
func slowSystem() *billingtest.System {
	return &billingtest.System{Token: "sesame", Accepts: true, Polls: 1}
}

// TestVerifyAsksTheBillingSystem: every way in which ledger and billing system can disagree is named, and what is certain about
// held line items comes with the command that settles it, which does.
func TestVerifyAsksTheBillingSystem(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id, at := b.moving(), remote(t, slowSystem())
	const wrongID = "90000000-0000-4000-8000-00000000000a"
	const inventedID = "90000000-0000-4000-8000-00000000000b"
	const promisedID = "90000000-0000-4000-8000-00000000000c"
	_, err := b.Leave(t.Context(), id, []int{4, 11})
	require.NoError(t, err)
	right, there, undone, late := b.moves(at, id, 0), b.moves(at, id, 3), b.moves(at, id, 5), b.moves(at, id, 9)
	b.posts(at, id, 8)
	b.fences(at, id, 11)
	b.records(id, movedAs(0, right), movedAs(3, wrongID), movedAs(4, inventedID), refusedFor(5), refusedFor(8), movedAs(11, promisedID))
	b.holds(id, 9, 10)
	b.fences(at, id, 10)

	name := func(ordinal int) string {
		return fmt.Sprintf("I-8: Line item %d of transfer %s (subscription %s) ", ordinal, id, b.item(id, ordinal).SubscriptionID)
	}
	s := b.stage().asking(at)
	require.Equal(t, 1, s.run(t, "verify", "--ledger-only", "--billing"), s.stderr.String())
	for _, line := range []string{
		name(3) + "moved to " + wrongID + ", and the billing system says that it moved to " + there + ".",
		name(4) + "moved to " + inventedID + ", and the billing system does not know the move.",
		name(5) + "is Failed, and the billing system says that it moved to " + undone + ".",
		name(8) + "is Failed, and the billing system is still working on the move.",
		name(11) + "moved to " + promisedID + ", and the billing system says that it never moves ",
	} {
		assert.Contains(t, s.stdout.String(), line)
	}
	assert.Regexp(t, `I-8 +Ledger and billing system agree\. +8 +5\n`, s.stdout.String())
	assert.NotContains(t, s.stdout.String(), name(0))
	assert.Contains(t, s.stdout.String(), "--item 9 --moved-to "+late+" --reason")
	assert.Contains(t, s.stdout.String(), "--item 10 --not-moved --reason")
	assert.NotContains(t, s.stderr.String(), "asked about", "nobody watches")

	settled := regexp.MustCompile(`This settles it: starter (resolve .*) --reason "(.*)"`).FindAllStringSubmatch(s.stdout.String(), -1)
	require.Len(t, settled, 2)
	for n, command := range settled {
		s = b.stage()
		args := append(strings.Fields(command[1]), "--reason", command[2], "--request-id", fmt.Sprint(n))
		require.Equal(t, 0, s.run(t, args...), s.stderr.String())
	}
	s = b.stage().asking(at)
	require.Equal(t, 1, s.run(t, "verify", "--ledger-only", "--billing"), s.stderr.String())
	assert.NotContains(t, s.stdout.String(), "note: ")
	assert.Regexp(t, `I-8 +Ledger and billing system agree\. +8 +5\n`, s.stdout.String())
}

// TestVerifyFindsThatTheBillingSystemAgrees: what moved, what was refused, what was promised never to move, and what an operator
// resolved.
func TestVerifyFindsThatTheBillingSystemAgrees(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id, at := b.moving(), remote(t, slowSystem())
	_, err := b.Leave(t.Context(), id, []int{3})
	require.NoError(t, err)
	moved, late := b.moves(at, id, 0), b.moves(at, id, 9)
	b.records(id, movedAs(0, moved), refusedFor(3))
	b.fences(at, id, 4)
	b.givesUp(id, 4)
	b.records(id, transferstore.ItemResult{Ordinal: 4, Fence: transferstore.FencePromised})
	b.holds(id, 9)
	s := b.stage()
	require.Equal(t, 0, s.run(t, "resolve", id, "--item", "9", "--moved-to", late, "--reason", "asked them"), s.stderr.String())

	s = b.stage().asking(at)
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only", "--billing", "-o", "json"), s.stdout.String()+s.stderr.String())
	var all []checked
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &all))
	assert.Contains(t, all, checked{Finding: ledger.Finding{Invariant: "I-8", Says: "Ledger and billing system agree.", Checked: 4, Broken: []string{}}})
}

// askingFunc is a billing system that is one function.
type askingFunc func(ctx context.Context, q billing.Question) (string, error)

func (f askingFunc) Ask(ctx context.Context, q billing.Question) (string, error) { return f(ctx, q) }

// endedAndMoved are line items that all moved to one id.
func endedAndMoved(n int) []transfer.EndedItem {
	items := make([]transfer.EndedItem, n)
	for i := range items {
		items[i] = transfer.EndedItem{TransferID: transferID, LineItem: transfer.LineItem{
			Ordinal: i + 1, SubscriptionID: numbered(i), Status: transfer.ItemComplete, TargetSubscriptionID: subTwo,
		}}
	}
	return items
}

func verifyBilling(t *testing.T, s *stage, more ...string) int {
	t.Helper()
	return s.run(t, append([]string{"verify", "--ledger", "sqlite://x.db", "--ledger-only", "--billing"}, more...)...)
}

// billingFinding is what was said about the billing system, as JSON.
func (s *stage) billingFinding(t *testing.T) checked {
	t.Helper()
	var all []checked
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &all), s.stdout.String())
	return all[len(all)-1]
}

func fault(of billing.Fault) error {
	return &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "It answered \x1b[31m503.", Of: of}
}

// TestVerifyAsksEveryItemOnce: page after page, eight at once, each under its own key.
func TestVerifyAsksEveryItemOnce(t *testing.T) {
	t.Parallel()
	const n = 2*asksPerPage + 1
	var mu sync.Mutex
	atOnce, most, seen, full := 0, 0, map[billing.Question]bool{}, make(chan struct{})
	s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(n)}, terminal: true}
	s.asking(askingFunc(func(_ context.Context, q billing.Question) (string, error) {
		mu.Lock()
		atOnce++
		most, seen[q] = max(most, atOnce), true
		if len(seen) == asksAtOnce {
			close(full)
		}
		mu.Unlock()
		<-full
		mu.Lock()
		defer mu.Unlock()
		atOnce--
		return subTwo, nil
	}))
	require.Equal(t, 0, verifyBilling(t, s), s.stderr.String())
	assert.Equal(t, asksAtOnce, most)
	assert.Len(t, seen, n)
	for q := range seen {
		assert.Equal(t, transferID+"/"+q.SubscriptionID, q.Key)
	}
	assert.Regexp(t, fmt.Sprintf(`agree\. +%d +0\n`, n), s.stdout.String())
	assert.Contains(t, s.stderr.String(), fmt.Sprintf("\r\x1b[K%d line items asked about\r\x1b[K", n))
}

// TestVerifyWithoutAnAnswer: what the billing system gives no answer about is named, and not taken for fine.
func TestVerifyWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	all := func(string) bool { return true }
	for name, c := range map[string]struct {
		fails  func(key string) bool
		of     billing.Fault
		silent int // zero: it is not asked to the end
	}{
		"some moves":                   {func(key string) bool { return strings.HasSuffix(key, "07") }, billing.OfTheSystem, 5},
		"every other one":              {func(key string) bool { return strings.ContainsAny(key[len(key)-1:], "13579") }, billing.OfTheSystem, 250},
		"all of them, each by its own": {all, billing.OfTheMove, 500},
		"nobody there":                 {all, billing.OfTheSystem, 0},
		"wants to be asked no more":    {all, billing.OfThePace, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(500)}}
			s.asking(askingFunc(func(_ context.Context, q billing.Question) (string, error) {
				asked.Add(1)
				if c.fails(q.Key) {
					return "", fault(c.of)
				}
				return subTwo, nil
			}))
			require.Equal(t, statusUnavailable, verifyBilling(t, s, "-o", "json"), s.stderr.String())
			f := s.billingFinding(t)
			assert.Zero(t, f.Count)
			assert.Contains(t, f.Notes[0], "could not be asked about: It answered")
			assert.LessOrEqual(t, len(f.Notes), mostListed+1)
			if c.silent > 0 {
				assert.Equal(t, 500-c.silent, f.Checked)
				assert.EqualValues(t, 500, asked.Load())
				assert.Contains(t, f.NotChecked, fmt.Sprintf("the billing system gave no answer about %d line items. The latest reason:", c.silent))
				return
			}
			assert.Zero(t, f.Checked)
			assert.LessOrEqual(t, asked.Load(), int64(pacedTries*(mostSilences+asksAtOnce)))
			assert.Contains(t, f.NotChecked, "After 20 failures in a row it was not asked about the rest.")
		})
	}
}

// TestVerifyShowsHowMuchIsKnown: a violation weighs more than silence, and what was found counts.
func TestVerifyShowsHowMuchIsKnown(t *testing.T) {
	t.Parallel()
	s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(3)}}
	s.asking(askingFunc(func(_ context.Context, q billing.Question) (string, error) {
		switch q.SubscriptionID {
		case numbered(0):
			return subTwo, nil
		case numbered(1):
			return "", fault(billing.OfTheSystem)
		default:
			return "", kernel.Refuse(transfer.ProviderRefused, "Never.")
		}
	}))
	assert.Equal(t, statusFailed, verifyBilling(t, s))
	assert.Regexp(t, `agree\. +2, not all +1\n`, s.stdout.String())
	assert.Contains(t, s.stdout.String(), "I-8, note: Line item 2 of transfer "+transferID+" could not be asked about: It answered [31m503.\n")
	assert.NotContains(t, s.stdout.String(), "\x1b")
}

// TestVerifyAsksAtThePaceThatIsWanted: a billing system that wants a pause gets it, and is asked again.
func TestVerifyAsksAtThePaceThatIsWanted(t *testing.T) {
	t.Parallel()
	asked := 0
	s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(1)}}
	s.asking(askingFunc(func(context.Context, billing.Question) (string, error) {
		if asked++; asked < pacedTries {
			return "", fault(billing.OfThePace)
		}
		return subTwo, nil
	}))
	require.Equal(t, 0, verifyBilling(t, s), s.stderr.String())
	assert.Equal(t, pacedTries-1, s.waited)
}

// TestVerifyAsksByKey, and not at a page that the billing system named while it was at work, where it may say anything.
func TestVerifyAsksByKey(t *testing.T) {
	t.Parallel()
	var asked []billing.Question
	items := endedAndMoved(1)
	items[0].AcceptedWhere = "https://billing.example/jobs/1"
	s := &stage{book: fakeRecords{findings: findings(0), ended: items}}
	s.asking(askingFunc(func(_ context.Context, q billing.Question) (string, error) {
		asked = append(asked, q)
		return subTwo, nil
	}))
	require.Equal(t, 0, verifyBilling(t, s), s.stdout.String())
	assert.Equal(t, []billing.Question{{Key: items[0].KeyIn(items[0].TransferID), SubscriptionID: items[0].SubscriptionID}}, asked)
}

// TestVerifyIsInterrupted: it shows what it has.
func TestVerifyIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(50)}}
	s.asking(askingFunc(func(ctx context.Context, q billing.Question) (string, error) {
		if q.SubscriptionID == numbered(0) {
			return subTwo, nil
		}
		interrupt()
		<-ctx.Done()
		return "", ctx.Err()
	}))
	assert.Equal(t, statusInterrupted, s.runUntil(ctx, "verify", "--ledger", "sqlite://x.db", "--ledger-only", "--billing", "-o", "json"))
	f := s.billingFinding(t)
	assert.Equal(t, "interrupted", f.NotChecked)
	assert.Empty(t, f.Notes, "nobody failed to answer")
	assert.Zero(t, f.Count)
}

// TestVerifyWhenTheLedgerGoesAway while the billing system is asked.
func TestVerifyWhenTheLedgerGoesAway(t *testing.T) {
	t.Parallel()
	s := &stage{book: fakeRecords{
		findings: findings(0), ended: endedAndMoved(asksPerPage + 1), endedErr: fmt.Errorf("read: %w", store.ErrUnavailable),
	}}
	s.asking(askingFunc(func(context.Context, billing.Question) (string, error) { return subTwo, nil }))
	assert.Equal(t, statusUnavailable, verifyBilling(t, s))
	assert.Regexp(t, `agree\. +200, not all +0\n`, s.stdout.String())
}

// TestVerifyAHostileBillingSystem: nothing that it answers reaches the terminal as it is, or fills the memory.
func TestVerifyAHostileBillingSystem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		exit   int
		says   string
	}{
		"escape sequences":  {409, `{"code": "1\u001b[2J", "message": "a\u001b]0;b\u0007\u202ec"}`, statusFailed, `never moves ("The billing system refused`},
		"an endless answer": {200, `{"subscriptionId": "` + strings.Repeat("x", 2<<20) + `"}`, statusUnavailable, "larger than 1 MB"},
		"no id":             {200, `{"subscriptionId": "\u001b[2J"}`, statusUnavailable, "not a GUID"},
		"the source's id":   {200, `{"subscriptionId": "` + numbered(0) + `"}`, statusUnavailable, "a move must give a new one"},
		"a page":            {500, "<html>\x1b[2J", statusUnavailable, "500 Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{book: fakeRecords{findings: findings(0), ended: endedAndMoved(1)}}
			s.asking(remote(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})))
			assert.Equal(t, c.exit, verifyBilling(t, s))
			assert.Contains(t, s.stdout.String(), c.says)
			for _, shown := range []string{s.stdout.String(), s.stderr.String()} {
				assert.NotContains(t, shown, "\x1b")
				assert.NotContains(t, shown, "\u202e")
				assert.Less(t, len(shown), 2000)
			}
		})
	}
}

// TestVerifyWithoutABillingSystem: there is nobody to ask, and so the ledger is not opened.
func TestVerifyWithoutABillingSystem(t *testing.T) {
	t.Setenv("HANDOVER_BILLING_ADAPTER", "ledger")
	s := &stage{billing: surroundings().billing}
	assert.Equal(t, statusUsage, verifyBilling(t, s))
	assert.Contains(t, s.stderr.String(), "no billing system of its own")
	assert.Empty(t, s.ledgerURL)

	t.Setenv("HANDOVER_BILLING_ADAPTER", "http")
	t.Setenv("HANDOVER_BILLING_URL", "https://user@billing.example")
	for says, timeout := range map[string]string{"must have no user": "30s", "invalid duration": "soon"} {
		t.Setenv("HANDOVER_BILLING_TIMEOUT", timeout)
		s = &stage{billing: surroundings().billing}
		assert.Equal(t, statusUsage, verifyBilling(t, s))
		assert.Contains(t, s.stderr.String(), says)
	}
}

// TestTheBillingSystemOfTheSettings is asked with the token, which is read once and then gone from the environment, by whichever
// of the settings' readers comes first.
func TestTheBillingSystemOfTheSettings(t *testing.T) {
	system := slowSystem()
	server := httptest.NewServer(system)
	t.Cleanup(server.Close)
	t.Setenv("HANDOVER_LEDGER_URL", "postgres://db/handover")
	t.Setenv("HANDOVER_BILLING_ADAPTER", "http")
	t.Setenv("HANDOVER_BILLING_URL", server.URL)
	t.Setenv("HANDOVER_BILLING_TOKEN", system.Token)
	t.Setenv("HANDOVER_BILLING_CALLBACK_LISTEN", "127.0.0.1:0")
	t.Setenv("HANDOVER_BILLING_CALLBACK_TOKEN", "ring")
	around := surroundings()
	for range 2 {
		at, err := around.ledgerAt("", "")
		require.NoError(t, err)
		assert.Equal(t, "postgres://db/handover", at)
		asker, err := around.billing()
		require.NoError(t, err)
		_, err = asker.Ask(t.Context(), billing.Question{Key: "a/b", SubscriptionID: subOne})
		assert.ErrorIs(t, err, billing.ErrUnknown)
	}
}
