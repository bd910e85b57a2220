package notify

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
)

// A thousand mails of one target: ten connections, RSET between mails, and a fixed number of statements.
func TestRelayDrainsAThousand(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 1000, &post{})
	p := quick()
	p.perTarget, p.recent = usualPace.perTarget, time.Hour // it is fast, however long this test takes
	before := o.Statements()
	o.drain(o.relay(p, nil))
	statements := o.Statements() - before
	o.requireTaken(1000, 0)
	require.EqualValues(t, 10, o.post.connections.Load())
	require.EqualValues(t, 1000-10, o.post.resets.Load())
	require.EqualValues(t, 100*(2+10+1)+1, statements, "per ten: claim, transfers, ten checks, record; and the claim that found nothing")
	for _, n := range o.log() {
		require.Equal(t, 1, n.Attempts)
	}
}

// One recipient whom the server does not know ends alone.
func TestRelayAndOnePoisonedMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{rcpt: func(to string) error {
		if to == "agent12@source.example" {
			return unknown
		}
		return nil
	}})
	o.drain(o.relay(quick(), nil))
	o.requireTaken(29, 0)
	require.EqualValues(t, 1, o.post.connections.Load())
	for _, n := range o.log() {
		require.Equal(t, n.Recipient == "agent12@source.example", n.SentAt.IsZero())
		require.Equal(t, n.SentAt.IsZero(), strings.Contains(n.LastError, "no such mailbox"), n.LastError)
		require.NotContains(t, n.LastError, "agent12")
	}
}

// watched is a ledger that notes the claims made on it, and how often it was asked whether one holds.
type watched struct {
	Outbox
	mu     sync.Mutex
	limits []int
	asked  atomic.Int32
}

func (w *watched) HoldsMail(ctx context.Context, claim string, id int64, atLeast time.Duration) (bool, error) {
	w.asked.Add(1)
	return w.Outbox.HoldsMail(ctx, claim, id, atLeast)
}

func (w *watched) ClaimMail(ctx context.Context, claim, domain string, limit, perKey int, lease time.Duration) ([]outbox.Owed, error) {
	w.mu.Lock()
	w.limits = append(w.limits, limit)
	w.mu.Unlock()
	return w.Outbox.ClaimMail(ctx, claim, domain, limit, perKey, lease)
}

func (w *watched) claims() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.limits)
}

// Mails that are owed within a moment are claimed together, and the wakes of that moment cost no claim of their own.
func TestRelayGathers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, &post{})
	w := &watched{Outbox: o.Ledger}
	p := quick()
	p.tick, p.gather = time.Hour, 10*time.Millisecond
	wake := make(chan struct{}, 1)
	r := o.relay(p, w)
	r.wake = wake
	o.running(r)
	o.eventually("mail left", func() bool { return o.waiting() == 0 })
	require.Len(t, w.claims(), 1)
	wake <- struct{}{}
	o.eventually("the wake was taken", func() bool { return len(wake) == 0 })
	wake <- struct{}{}
	o.eventually("a second claim", func() bool { return len(w.claims()) == 2 && len(wake) == 0 })
}

// A wake makes the relay look at once.
func TestRelayIsWoken(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, &post{rcpt: func(to string) error {
		if strings.HasPrefix(to, "it@") {
			return unknown
		}
		return nil
	}})
	wake, registry := make(chan struct{}, 1), prometheus.NewRegistry()
	p := quick()
	p.tick = time.Hour
	w := &watched{Outbox: o.Ledger}
	options := RelayOptions{Outbox: w, Kinds: o.kinds(), Mailer: mailerTo(t, o.post.addr), Wake: wake, Registry: registry}
	r, err := newRelay(options, p)
	require.NoError(t, err)
	o.running(r)
	o.eventually("the first look", func() bool { return len(w.claims()) == 1 })
	o.owe()
	wake <- struct{}{}
	o.eventually("it is dealt with", func() bool { return o.waiting() == 0 })
	o.eventually("and is counted", func() bool { return scraped(t, registry, `handover_mail_results_total`) == 1 })
	_, err = NewRelay(options)
	require.Error(t, err, "a registry has one relay")
}
