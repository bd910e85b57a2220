package transfers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// gremlin stands before a billing system and spoils requests as long as it is told to.
type gremlin struct {
	system  *billingtest.System
	spoils  func(g *gremlin, w http.ResponseWriter, r *http.Request)
	at      atomic.Bool
	spoilt  atomic.Int32
	release chan struct{} // ends what hangs
}

func (g *gremlin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.at.Load() {
		g.system.ServeHTTP(w, r)
		return
	}
	g.spoilt.Add(1)
	g.spoils(g, w, r)
}

// lost ends the connection without an answer.
func lost() { panic(http.ErrAbortHandler) }

// The faults of a billing system, and of the network to it.
var gremlins = map[string]func(g *gremlin, w http.ResponseWriter, r *http.Request){
	"hangs before it acts":            func(g *gremlin, _ http.ResponseWriter, r *http.Request) { g.hang(r) },
	"acts and hangs":                  func(g *gremlin, _ http.ResponseWriter, r *http.Request) { g.acts(r); g.hang(r) },
	"loses the request":               func(*gremlin, http.ResponseWriter, *http.Request) { lost() },
	"loses the answer":                func(g *gremlin, _ http.ResponseWriter, r *http.Request) { g.acts(r); lost() },
	"is asked twice and answers once": func(g *gremlin, w http.ResponseWriter, r *http.Request) { g.twice(w, r) },
	"says 500 although it acted": func(g *gremlin, w http.ResponseWriter, r *http.Request) {
		g.acts(r)
		w.WriteHeader(http.StatusInternalServerError)
	},
	"says 503": func(_ *gremlin, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	"answers garbage although it acted": func(g *gremlin, w http.ResponseWriter, r *http.Request) {
		g.acts(r)
		_, _ = fmt.Fprint(w, `{"subscriptionId": "soon"}`)
	},
	"says the move is unknown": func(g *gremlin, w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			g.acts(r)
		}
		w.WriteHeader(http.StatusNotFound)
	},
}

func (g *gremlin) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-g.release:
	}
}

func (g *gremlin) acts(r *http.Request) { g.system.ServeHTTP(httptest.NewRecorder(), r) }

// twice has the system meet the very same request again, as after a retry on the way.
func (g *gremlin) twice(w http.ResponseWriter, r *http.Request) {
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		again.Body, _ = r.GetBody()
	}
	g.system.ServeHTTP(w, r)
	again.Method = http.MethodGet
	again.URL.Path += "/" + r.Header.Get("Idempotency-Key")
	g.acts(again)
}

// remotely has the items of a world of one subscription moved over HTTP, with a gremlin on the way.
func remotely(t *testing.T, spoils func(*gremlin, http.ResponseWriter, *http.Request), accepts bool) (*world, *gremlin, *billing.HTTP) {
	t.Helper()
	w := moving(t, 1)
	g := &gremlin{system: &billingtest.System{Token: "sesame", Accepts: accepts, Polls: 1}, spoils: spoils, release: make(chan struct{})}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(g.release) })
	remote, err := billing.NewHTTP(billing.HTTPSettings{BaseURL: server.URL, Token: "sesame", Timeout: 100 * time.Millisecond})
	require.NoError(t, err)
	w.Mover = remote
	return w, g, remote
}

// tries has the step made again until the item has ended, at most some times.
func (w *world) tries(step any) {
	w.t.Helper()
	for range 10 {
		_, _ = w.does(step, w.id, 0) // whose error asks for another attempt
		if w.statuses()[0] != goesOn {
			return
		}
		w.clock.advance(time.Hour)
	}
}

// agrees asserts I-8: what the ledger says ended is what the billing system says, and it moved at most once.
func (w *world) agrees(g *gremlin, remote *billing.HTTP) {
	w.t.Helper()
	require.LessOrEqual(w.t, g.system.Moved(), 1)
	ended, err := w.ledger.EndedItems(w.t.Context(), transferstore.ItemCursor{}, 10)
	require.NoError(w.t, err)
	for _, item := range ended {
		id, err := remote.Ask(w.t.Context(), billing.Question{Key: item.KeyIn(w.id), SubscriptionID: item.SubscriptionID})
		said, err := billing.Compare(item, id, err)
		require.NoError(w.t, err)
		require.Empty(w.t, said.Broken)
	}
	w.holds(true)
}

// Whatever the billing system does while it is asked, it moves the item once, and the ledger says so in the end.
func TestFaultsWhileMoving(t *testing.T) {
	t.Parallel()
	for name, spoils := range gremlins {
		for _, accepts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, accepts %t", name, accepts), func(t *testing.T) {
				t.Parallel()
				w, g, remote := remotely(t, spoils, accepts)
				g.at.Store(true)
				for range 3 {
					_, _ = w.does(w.MoveItem, w.id, 0)
					w.clock.advance(time.Hour)
				}
				g.at.Store(false)
				w.tries(w.MoveItem)
				require.Equal(t, []transfer.ItemStatus{"Complete"}, w.statuses())
				require.Equal(t, 1, g.system.Moved())
				require.NotZero(t, g.spoilt.Load())
				w.agrees(g, remote)
			})
		}
	}
}

// The same while an item is given up that was sent before: it ends by what the billing system says then, or is held.
func TestFaultsWhileGivingUp(t *testing.T) {
	t.Parallel()
	for name, spoils := range gremlins {
		for _, accepts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, accepts %t", name, accepts), func(t *testing.T) {
				t.Parallel()
				w, g, remote := remotely(t, spoils, accepts)
				g.at.Store(true)
				_, _ = w.does(w.MoveItem, w.id, 0)
				if w.statuses()[0] != goesOn {
					return // it was not kept from moving at once
				}
				w.givenUp(0)
				for range 3 {
					_, _ = w.does(w.FenceItem, w.id, 0)
				}
				g.at.Store(false)
				w.tries(w.FenceItem)
				require.NotEqual(t, goesOn, w.statuses()[0])
				w.agrees(g, remote)
			})
		}
	}
}

// With the ledger as the billing system there are faults too, and the same is asked of it.
func TestFaultsOfTheSandbox(t *testing.T) {
	t.Parallel()
	for fault, status := range map[string]transfer.ItemStatus{
		"transient:3": "Complete", "sync:2h": "Complete", "slow:1ms": "Complete", "refuse:900146": failed,
	} {
		for _, givenUp := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, given up %t", fault, givenUp), func(t *testing.T) {
				t.Parallel()
				want, w := status, moving(t, 1)
				w.behind(`UPDATE subscriptions SET sandbox_fault = '` + fault + `'`)
				w.Mover = billing.Sandbox{Now: w.clock.Now}
				if givenUp {
					_, _ = w.does(w.MoveItem, w.id, 0)
					if w.statuses()[0] == goesOn {
						w.givenUp(0)
						want = failed
					}
				}
				w.tries(w.MoveItem)
				require.Equal(t, []transfer.ItemStatus{want}, w.statuses())
				w.holds(true)
			})
		}
	}
}

// Row 24: after a restore the same subscription may be asked for in other words. The billing system refuses them, and has it.
func TestRow24TheSameSelectionOnAnotherDay(t *testing.T) {
	w, g, remote := remotely(t, nil, false)
	w.tries(w.MoveItem)
	first := w.items()[0].TargetSubscriptionID

	again := pending(t, 1)
	again.clock.advance(48 * time.Hour)
	again.Mover = remote
	again.submitted()
	again.tries(again.MoveItem)
	require.Equal(t, first, again.items()[0].TargetSubscriptionID)
	again.agrees(g, remote)
}
