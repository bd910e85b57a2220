package integration

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Everything goes wrong between workers and billing system that can: calls and answers are lost, late, doubled and garbled, workers
// are killed, and operators give line items up meanwhile. When it is over every transfer ends, and exactly what the ledger says
// moved has moved, once.
func TestChaosMovesNothingTwice(t *testing.T) {
	t.Parallel()
	for name, seed := range map[string]uint64{"at once": 8, "later, with callbacks": 9} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const token = "ring"
			callbacks := freeAddress(t)
			var answers []string
			if name != "at once" {
				answers = []string{"--takes", "1s", "--callback", "http://" + callbacks, "--callback-token", token}
			}
			w, who := merger(12, 6, 3)
			s := startBilled(t, w, answers...)
			s.settings = append(s.settings, "HANDOVER_BILLING_TIMEOUT=1s", "HANDOVER_BILLING_POLL=1s",
				"HANDOVER_BILLING_CALLBACK_LISTEN="+callbacks, "HANDOVER_BILLING_CALLBACK_TOKEN="+token)
			s.chaos(t, who, seed)
		})
	}
}

// chaos moves everything through a bad time and shows what came of it.
func (b *billed) chaos(t *testing.T, who []parties, seed uint64) {
	t.Helper()
	const givenUp = 8
	bad := &badTime{chance: rand.New(rand.NewPCG(seed, 0)), times: map[string]int{}, met: map[string]int{}}
	b.wire.treats(bad.meet)
	worker := b.work(t)
	ids := make([]string, len(who))
	for n, p := range who {
		ids[n] = submitted(t, b.Ledger, p)
	}
	chance := rand.New(rand.NewPCG(seed, 1))
	for n := range givenUp {
		eventually(t, "something bad happens", func() bool { return bad.count() > 3*n })
		b.givesUpOne(t, ids[chance.IntN(len(ids))], chance)
		if n == 2 || n == 5 {
			worker.kill(t)
			worker = b.work(t)
		}
	}
	for _, id := range ids {
		b.over(t, id)
	}
	t.Logf("seed %d: %v", seed, bad.seen()) // calls of a while ago may still be met
	b.wire.treats((*call).pass)
	b.agrees(t, ids...)
	failed := 0
	for _, id := range ids {
		now, err := b.Ledger.Transfer(t.Context(), id)
		require.NoError(t, err)
		failed += now.Items.Failed
	}
	assert.LessOrEqual(t, failed, givenUp, "nothing fails but what is given up")
}

// givesUpOne gives a line item of the transfer up, unless it has ended.
func (b *billed) givesUpOne(t *testing.T, id string, chance *rand.Rand) {
	t.Helper()
	items, err := b.Ledger.Items(t.Context(), id, 0, -1)
	require.NoError(t, err)
	item := items[chance.IntN(len(items))]
	given := b.run(t, "give-up", id, "--item", strconv.Itoa(item.Ordinal), "--reason", "Nobody knows what it does.")
	if given.status != 0 {
		assert.Equal(t, 3, given.status, given.err)
	}
}

// badTime does something bad to most first and second calls of a kind about a move.
type badTime struct {
	mu     sync.Mutex
	chance *rand.Rand
	times  map[string]int // by kind and move
	met    map[string]int // by what happened
	all    int
}

// bad is what may become of a call.
var bad = []struct {
	name string
	treatment
}{
	{"never answered", (*call).hangUp},
	{"lost", func(*call) *response { return nil }},
	{"answer lost", func(c *call) *response { c.pass(); return nil }},
	{"answer never comes", func(c *call) *response { c.pass(); return c.hangUp() }},
	{"doubled", func(c *call) *response { c.pass(); return c.pass() }},
	{"late", func(c *call) *response { c.hangUp(); c.pass(); return nil }},
	{"500", func(*call) *response { return says(http.StatusInternalServerError, "oops") }},
	{"502 after it was done", func(c *call) *response { c.pass(); return says(http.StatusBadGateway, "<html>") }},
	{"503", func(*call) *response { return says(http.StatusServiceUnavailable, "", "Retry-After", "1") }},
	{"429", func(*call) *response { return says(http.StatusTooManyRequests, "", "Retry-After", "1") }},
	{"garbage", func(c *call) *response { c.pass(); return says(http.StatusOK, "\x00{subscriptionId") }},
	{"another's page", func(*call) *response { return says(http.StatusOK, `{"status": "fine"}`) }},
}

// meet is what becomes of a call.
func (b *badTime) meet(c *call) *response {
	if happens := b.happens(c); happens != nil {
		return happens(c)
	}
	return c.pass()
}

func (b *badTime) happens(c *call) treatment {
	const most = 2
	b.mu.Lock()
	defer b.mu.Unlock()
	which, move := b.chance.IntN(len(bad)*3/2), c.method+" "+c.key
	if which >= len(bad) || b.times[move] == most {
		return nil
	}
	b.times[move]++
	b.met[c.method+" "+bad[which].name]++
	b.all++
	return bad[which].treatment
}

// seen is what has happened, and how often.
func (b *badTime) seen() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.met)
}

// count is how much bad has happened.
func (b *badTime) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all
}
