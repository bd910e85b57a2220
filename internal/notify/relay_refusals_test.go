package notify

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/transfer"
)

// Once a mail server denies to relay, which is about us, one mail at a time asks whether that has passed: nothing is lost, and each arrives once.
func TestRelayOutlivesAnHourOfDenial(t *testing.T) {
	t.Parallel()
	var denies atomic.Bool
	var asked atomic.Int64
	denies.Store(true)
	p := &post{rcpt: func(string) error {
		if asked.Add(1); denies.Load() {
			return denied
		}
		return nil
	}}
	o := newOffice(t, 1, p)
	kinds, told := o.kinds(), invitations{}
	var about []outbox.Subject
	for n := range 40 {
		id := fmt.Sprintf("somebody@firm%02d.example", n)
		told[id] = named(id)
		about = append(about, outbox.Subject{Kind: "invitation", ID: id})
	}
	o.oweAbout(about...)
	kinds["invitation"] = told
	registry := prometheus.NewRegistry()
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: kinds, Mailer: mailerTo(t, o.post.addr), Registry: registry}, quick())
	require.NoError(t, err)

	_, err = r.round(t.Context())
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.EqualValues(t, tellingRefusals, asked.Load(), "more than one recipient is refused, so it is not about them")
	for range 12 { // every five minutes
		require.True(t, r.breaker.open())
		o.advance(5 * time.Minute)
		before := asked.Load()
		_, err = r.round(t.Context())
		require.ErrorAs(t, err, &refused)
		require.EqualValues(t, 1, asked.Load()-before, "one mail asks")
	}
	waits, err := o.MailWaiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{41, 0}, []int{waits.Count, waits.Undelivered})
	require.InDelta(t, tellingRefusals+12, scraped(t, registry, "handover_mail_connection_faults_total"), 0)

	denies.Store(false)
	o.advance(longestWait + longestWait/5)
	o.drain(r)
	require.False(t, r.breaker.open())
	o.requireTaken(41, 0)
}

// What one domain refuses by its policy holds up nobody, and ends after the 72 hours.
func TestOneRecipientsPolicyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 12, &post{rcpt: func(to string) error {
		if strings.HasSuffix(to, "@source.example") {
			return denied
		}
		return nil
	}})
	r := o.relay(quick(), nil)
	for range fewestAttempts - 1 {
		o.drain(r)
		require.False(t, r.breaker.open())
		require.Equal(t, 11, o.waiting(), "the customer's is sent")
		o.advance(time.Hour)
	}
	o.advance(longestOwed)
	o.drain(r)
	o.requireTaken(1, 0)
	for _, n := range o.log() {
		ofCustomer := n.Audience == string(transfer.ToCustomer)
		assert.Equal(t, ofCustomer, !n.SentAt.IsZero())
		assert.Equal(t, !ofCustomer, n.Undelivered())
		assert.Equal(t, !ofCustomer, strings.Contains(n.LastError, "given up after 5 attempts") && strings.Contains(n.LastError, "5.7.1"), n.LastError)
	}
}
