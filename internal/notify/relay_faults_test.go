package notify

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// 451 puts a mail off, longer each time, for 72 hours; then it is given up.
func TestRelayPutsOffAndGivesUp(t *testing.T) {
	t.Parallel()
	var refusing atomic.Bool
	refusing.Store(true)
	o := newOffice(t, 6, &post{rcpt: func(to string) error {
		if refusing.Load() || strings.HasPrefix(to, "agent") {
			return busy
		}
		return nil
	}})
	r := o.relay(quick(), nil)
	o.drain(r)
	require.Equal(t, 6, o.waiting())
	require.EqualValues(t, 1, o.post.connections.Load(), "the server is well, the mails are put off")
	refusing.Store(false)
	o.advance(firstWait + firstWait/5 + time.Millisecond)
	o.drain(r)
	require.Equal(t, 5, o.waiting())

	o.advance(longestOwed)
	for range fewestAttempts - 3 {
		o.drain(r)
		require.Equal(t, 5, o.waiting(), "an outage of three days is no reason by itself")
		o.advance(time.Hour)
	}
	o.drain(r)
	o.requireTaken(1, 0)
	for _, n := range o.log() {
		require.Equal(t, n.Audience == string(transfer.ToCustomer), !n.SentAt.IsZero())
		require.Equal(t, n.SentAt.IsZero(), strings.Contains(n.LastError, "given up after 5 attempts in 7"), n.LastError)
	}
}

func TestWaitsGrowAndEnd(t *testing.T) {
	t.Parallel()
	within := func(want, got time.Duration) {
		t.Helper()
		require.InDelta(t, want, got, float64(want/5+1))
	}
	for attempts, want := range map[int]time.Duration{
		1: 2 * time.Second, 2: 4 * time.Second, 8: 256 * time.Second, 9: 512 * time.Second, 10: 15 * time.Minute, 10_000: 15 * time.Minute,
	} {
		within(want, waitAfter(attempts))
	}
	b := breaker{first: time.Second, longest: time.Minute}
	require.False(t, b.open())
	var pauses []time.Duration
	for range 8 {
		b.trip()
		pauses = append(pauses, b.pause/time.Second)
	}
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}, pauses)
	require.True(t, b.open())
	b.reset()
	require.False(t, b.open())
}

// While the server is down one mail at a time asks whether it is back, and no mail is the worse for it.
func TestRelayOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	p := &post{}
	p.down.Store(true)
	o := newOffice(t, 60, p)
	w := &watched{Outbox: o.Ledger}
	registry := prometheus.NewRegistry()
	r, err := newRelay(RelayOptions{Outbox: w, Kinds: o.kinds(), Mailer: mailerTo(t, p.addr), Registry: registry}, quick())
	require.NoError(t, err)
	o.running(r)
	o.eventually("what waits is seen", func() bool { return scraped(t, registry, "handover_mail_waiting") == 60 })
	o.eventually("probes", func() bool { return p.connections.Load() >= 10 })
	probes := w.claims()
	require.Equal(t, 50, probes[0])
	require.Equal(t, slices.Repeat([]int{1}, len(probes)-1), probes[1:])
	for _, n := range o.log() {
		require.Zero(t, n.Attempts)
		require.Empty(t, n.LastError)
	}
	require.Positive(t, scraped(t, registry, "handover_mail_connection_faults_total"))
	p.down.Store(false)
	o.eventually("all sent", func() bool { return o.waiting() == 0 })
	o.eventually("and seen", func() bool { return scraped(t, registry, "handover_mail_waiting") == 0 })
	o.requireTaken(60, 0)
	require.Contains(t, w.claims()[len(probes):], 50, "the breaker is closed")
	for _, n := range o.log() {
		require.Equal(t, 1, n.Attempts)
	}
}

// A mail server that is away for a day, and then says for another that it is busy, loses nothing and repeats nothing.
func TestRelayLosesNothingInDays(t *testing.T) {
	t.Parallel()
	p := &post{}
	var busyNow atomic.Bool
	p.rcpt = func(string) error {
		if busyNow.Load() {
			return busy
		}
		return nil
	}
	p.down.Store(true)
	o := newOffice(t, 20, p)
	r := o.relay(quick(), nil)
	for range 96 { // every quarter of an hour
		_, err := r.round(t.Context())
		var away *ConnectionError
		require.ErrorAs(t, err, &away)
		o.advance(15 * time.Minute)
	}
	require.Equal(t, 20, o.waiting())
	for _, n := range o.log() {
		require.Zero(t, n.Attempts, "nobody is the worse for it")
	}
	p.down.Store(false)
	busyNow.Store(true)
	for range 96 {
		o.drain(r)
		o.advance(15 * time.Minute)
	}
	require.Equal(t, 20, o.waiting())
	busyNow.Store(false)
	o.advance(longestWait + longestWait/5)
	o.drain(r)
	o.requireTaken(20, 0)
	for _, n := range o.log() {
		require.False(t, n.SentAt.IsZero())
	}
}

// A connection that is cut in the middle of a mail: what was taken before is sent, what came after is untouched, and the
// mail it happened to goes behind the others.
func TestRelayAndABrokenConnection(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{coming: func(begun int, cut func()) {
		if begun == 13 {
			cut()
		}
	}})
	r := o.relay(quick(), nil)
	_, err := r.round(t.Context())
	var connection *ConnectionError
	require.ErrorAs(t, err, &connection)
	require.True(t, connection.Underway)
	require.Equal(t, 18, o.waiting())
	require.True(t, r.breaker.open())
	o.drain(r)
	require.False(t, r.breaker.open())
	require.Equal(t, 1, o.waiting())
	o.advance(time.Minute)
	o.drain(r)
	o.requireTaken(30, 0)
	var attempts int
	for _, n := range o.log() {
		attempts += n.Attempts
	}
	require.Equal(t, 31, attempts)
}

// A mail on which the server hangs costs its timeout once, and holds up nobody.
func TestRelayAndASlowServer(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	defer close(released)
	o := newOffice(t, 5, &post{rcpt: func(to string) error {
		if to == "agent1@source.example" {
			<-released
		}
		return nil
	}})
	r := o.relay(quick(), nil)
	r.mailer.settings.Timeout = 200 * time.Millisecond
	_, err := r.round(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{4, 0}, []int{mails, repeated})
	require.Equal(t, 1, o.waiting())
}
