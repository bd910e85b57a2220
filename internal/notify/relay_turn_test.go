package notify

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
)

// requests are a kind of which all subjects are over from a moment on, and that counts how often it is read.
type requests struct {
	over  func() bool
	reads int
}

func (k *requests) Subjects(_ context.Context, ids []string) (map[string]Subject, error) {
	k.reads++
	found := map[string]Subject{}
	for _, id := range ids {
		if found[id] = named(id); k.over() {
			found[id] = withdrawn{}
		}
	}
	return found, nil
}

// owing is an office that owes mail about that many requests, and its relay, which believes for that long what it read.
func owing(t *testing.T, many int, recent time.Duration, p *post, kind *requests) (*office, *Relay) {
	t.Helper()
	o := newOffice(t, 0, p)
	about := make([]outbox.Subject, many)
	for n := range about {
		about[n] = outbox.Subject{Kind: "request", ID: fmt.Sprint("r", n)}
	}
	o.oweAbout(about...)
	pace := quick()
	pace.recent = recent
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: Kinds{"request": kind}, Mailer: mailerTo(t, o.post.addr)}, pace)
	require.NoError(t, err)
	return o, r
}

// however slow the mail server is, once a request is over at most the mail goes out that was in hand.
func TestSlowMailServerTellsNobodyOfWhatIsOver(t *testing.T) {
	t.Parallel()
	const recent = 20 * time.Millisecond
	var over atomic.Bool
	o, r := owing(t, 50, recent, &post{accepted: func(taken int, _ func()) {
		if taken == 3 {
			over.Store(true) // while the client waits for the answer
			<-time.After(2 * recent)
		}
	}}, &requests{over: over.Load})
	o.drain(r)
	o.requireTaken(3, 0)
}

// What became over while the relay was connecting is not told.
func TestSlowConnectionTellsNobodyOfWhatIsOver(t *testing.T) {
	t.Parallel()
	p := &post{}
	o, r := owing(t, 5, 0, p, &requests{over: func() bool { return p.connections.Load() > 0 }})
	o.drain(r)
	o.requireTaken(0, 0)
	require.EqualValues(t, 1, p.connections.Load())
}

// Mails that go out fast share one reading of what they are about; a slow mail server costs one for each, and one for each connection.
func TestReadingsAreBounded(t *testing.T) {
	t.Parallel()
	for reads, recent := range map[int]time.Duration{1: time.Hour, 50 + 1: 0} {
		kind := &requests{over: func() bool { return false }}
		o, r := owing(t, 50, recent, &post{}, kind)
		o.drain(r)
		o.requireTaken(50, 0)
		require.Equal(t, reads, kind.reads)
	}
}
