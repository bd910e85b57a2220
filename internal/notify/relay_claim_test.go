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

// Whoever lost the claim sends no more of it, and what it says afterwards counts for nothing.
func TestRelayLosesItsClaim(t *testing.T) {
	t.Parallel()
	var o *office
	var stolen []outbox.Owed
	o = newOffice(t, 30, &post{accepted: func(taken int, _ func()) {
		if taken == 5 {
			o.advance(usualPace.lease + time.Hour)
			var err error
			if stolen, err = o.ClaimMail(context.Background(), "thief", "", 100, 100, time.Hour); err != nil {
				o.t.Error(err)
			}
		}
	}})
	_, err := o.relay(quick(), nil).round(t.Context())
	require.NoError(t, err)
	require.Len(t, stolen, 30)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{5, 0}, []int{mails, repeated})
	require.Equal(t, 30, o.waiting())
	holds, err := o.HoldsMail(t.Context(), "thief", stolen[0].ID, time.Minute)
	require.NoError(t, err)
	require.True(t, holds)
}

// A claim that was just taken is believed, one that has grown old is asked about.
func TestRelayTrustsAFreshClaim(t *testing.T) {
	t.Parallel()
	for asked, trusted := range map[int32]time.Duration{0: time.Hour, 7: 0} {
		o := newOffice(t, 7, &post{})
		w := &watched{Outbox: o.Ledger}
		p := quick()
		p.trusted = trusted
		o.drain(o.relay(p, w))
		o.requireTaken(7, 0)
		require.Equal(t, asked, w.asked.Load())
	}
}

// mortal is a ledger that its user cannot reach any more after it died.
type mortal struct {
	Outbox
	dead atomic.Bool
}

func (m *mortal) RecordMail(ctx context.Context, claim string, results []outbox.MailResult) error {
	if m.dead.Load() {
		return errGone
	}
	return m.Outbox.RecordMail(ctx, claim, results)
}

// I-4: a relay that dies repeats at most the ten mails it had not recorded, under the same Message-IDs.
func TestRelayDies(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 9, 10, 11, 25, 50} {
		t.Run(fmt.Sprint("at mail ", at), func(t *testing.T) {
			t.Parallel()
			p := &post{}
			o := newOffice(t, 60, p)
			m := &mortal{Outbox: o.Ledger}
			r := o.relay(quick(), m)
			ctx, die := context.WithCancel(t.Context())
			p.accepted = func(taken int, _ func()) {
				if taken == at {
					m.dead.Store(true)
					die()
				}
			}
			r.Run(ctx)
			mails, repeated := p.tally()
			require.Equal(t, []int{at, 0}, []int{mails, repeated})

			next := o.relay(quick(), nil)
			o.drain(next)
			o.advance(usualPace.lease + 2*time.Minute)
			o.drain(next)
			o.requireTaken(60, (at-1)%10+1)
		})
	}
}

// A ledger that is away for a moment costs no repetition: what was sent is recorded before anything more is sent.
func TestRelayRemembersWhatItCouldNotRecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{})
	m := &mortal{Outbox: o.Ledger}
	m.dead.Store(true)
	r := o.relay(quick(), m)
	for range 3 {
		_, err := r.round(t.Context())
		require.ErrorIs(t, err, errGone)
	}
	mails, _ := o.post.tally()
	require.Equal(t, 10, mails)
	m.dead.Store(false)
	o.drain(r)
	o.requireTaken(30, 0)
}

// A relay that is stopped finishes the mail under way and gives the rest back for others to send at once.
func TestRelayStops(t *testing.T) {
	t.Parallel()
	p := &post{}
	o := newOffice(t, 30, p)
	ctx, stop := context.WithCancel(t.Context())
	p.accepted = func(taken int, _ func()) {
		if taken == 7 {
			stop()
		}
	}
	o.relay(quick(), nil).Run(ctx)
	require.Equal(t, 23, o.waiting())
	o.drain(o.relay(quick(), nil))
	o.requireTaken(30, 0)
}

// Three relays on one ledger send everything once.
func TestRelaysSideBySide(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 200, &post{})
	for range 3 {
		p := quick()
		p.perTarget = 7
		o.running(o.relay(p, nil))
	}
	o.eventually("all sent", func() bool { return o.waiting() == 0 })
	o.requireTaken(200, 0)
}
