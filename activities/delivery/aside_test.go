package delivery_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// An event that cannot be said holds up no other: it becomes a dead letter, or waits for a newer program if that may know it.
func TestWhatCannotBeSaidIsSetAside(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []int{1, 8} {
		s := owing(t, 12)
		s.steps.AtOnce = atOnce
		buried := 0
		s.steps.Died = func(events int) { buried += events }
		book := &sayable{endpoint: s.to, unsaid: map[string]*webhook.UnsaidError{
			"test-000": {Fault: webhook.FaultUnsayable, Err: errors.New("too large")},
			"test-001": {Fault: webhook.FaultUnknown, Later: true, Err: errors.New("what is that?")},
			"test-007": {Fault: webhook.FaultUnsayable, Err: errors.New("too large")},
		}}
		s.steps.Courier = book
		round, err := s.deliver(t)
		require.NoError(t, err)
		assert.Equal(t, []int{9, 0, 1, 2}, []int{round.Sent, round.Failed, round.Waiting, round.Dead})
		assert.Equal(t, 2, buried)
		assert.False(t, round.More)
		assert.Equal(t, 10*time.Minute, round.NextIn)
		assert.True(t, round.FailingSince.IsZero(), "that is not the endpoint's doing")

		page, err := s.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: s.partner, Limit: 100})
		require.NoError(t, err)
		faults := map[string]webhook.Delivery{}
		for _, d := range page.Items {
			if d.Status != webhook.Delivered {
				faults[d.ID] = d
			}
		}
		require.Len(t, faults, 3)
		for id, want := range book.unsaid {
			assert.Equal(t, want.Fault, faults[id].LastFault)
			assert.Zero(t, faults[id].Attempts)
			assert.Equal(t, want.Later, faults[id].Status == webhook.Waiting)
		}

		book.unsaid = nil // a newer program
		s.now = s.now.Add(10 * time.Minute)
		round, err = s.deliver(t)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 0, 2}, []int{round.Sent, round.Waiting, round.Dead})
	}
}

// What is our fault as a whole, as a certificate that is over, buries nothing: the step is tried again.
func TestWhatCannotBeSignedWaits(t *testing.T) {
	t.Parallel()
	s := owing(t, 5)
	signs := false
	s.to.answers = func(int) (webhook.Answer, error) {
		if !signs {
			return webhook.Answer{}, errors.New("nothing can be signed: the certificate is over")
		}
		return webhook.Answer{Status: 200}, nil
	}
	_, err := s.deliver(t)
	require.ErrorContains(t, err, "nothing can be signed")
	dead, err := s.DeadWebhooks(t.Context(), s.partner)
	require.NoError(t, err)
	assert.Zero(t, dead)
	signs = true
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, []int{5, 0, 0}, []int{round.Sent, round.Waiting, round.Dead})
}
