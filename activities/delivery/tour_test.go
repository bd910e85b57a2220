package delivery_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/activities/delivery"
	"handover/internal/ledger"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// crowded is an endpoint that notes how many attempts are under way at once, and lets them end when as many are as will be.
type crowded struct {
	answers func(n int) webhook.Answer // to the n-th that was begun, from 1

	mu       sync.Mutex
	heard    []string
	underway int
	most     int
	wait     chan struct{} // open while more are to come
}

func (c *crowded) Bring(ctx context.Context, _ webhook.Registration, what webhook.Event) (webhook.Answer, error) {
	c.mu.Lock()
	c.heard = append(c.heard, what.ID)
	n := len(c.heard)
	c.underway++
	c.most = max(c.most, c.underway)
	c.mu.Unlock()
	if c.wait != nil && n > 1 { // the first one alone says that others may come
		select {
		case <-c.wait:
		case <-ctx.Done():
			return webhook.Answer{}, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underway--
	return c.answers(n), nil
}

// recorder notes how much is recorded at a time.
type recorder struct {
	*ledger.Ledger
	sizes []int
}

func (r *recorder) RecordWebhookAttempts(ctx context.Context, partner string, made ...webhook.Attempt) (webhookstore.Recorded, error) {
	r.sizes = append(r.sizes, len(made))
	return r.Ledger.RecordWebhookAttempts(ctx, partner, made...)
}

func taken(int) webhook.Answer { return webhook.Answer{Status: http.StatusNoContent} }

// An endpoint that takes things gets several at once, never more than is set, and each once. What a crash may repeat has its bound.
func TestDeliverBringsSeveralAtOnce(t *testing.T) {
	t.Parallel()
	s := owing(t, 120)
	to, book := &crowded{answers: taken}, &recorder{Ledger: s.Ledger}
	s.steps.Courier, s.steps.Ledger, s.steps.AtOnce = to, book, 8
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, delivery.Round{Sent: 120, Answer: "204 No Content"}, round)
	assert.LessOrEqual(t, to.most, 8)
	assert.Equal(t, inOrder(120), slices.Sorted(slices.Values(to.heard)))
	assert.LessOrEqual(t, slices.Max(book.sizes), 20)
	assert.LessOrEqual(t, len(book.sizes), 15, "several are recorded together")
}

// The second attempt follows the first one's answer; from then on one more for each that was taken.
func TestTheFirstAttemptIsAlone(t *testing.T) {
	t.Parallel()
	s := owing(t, 5)
	to := &crowded{answers: taken, wait: make(chan struct{})}
	s.steps.Courier, s.steps.AtOnce = to, 8
	ended := make(chan error, 1)
	go func() {
		_, err := s.deliver(t)
		ended <- err
	}()
	require.Eventually(t, func() bool {
		to.mu.Lock()
		defer to.mu.Unlock()
		return len(to.heard) == 3
	}, time.Minute, time.Millisecond, "the first, and two after it")
	close(to.wait)
	require.NoError(t, <-ended)
	assert.Equal(t, inOrder(3), slices.Sorted(slices.Values(to.heard[:3])))
	assert.Len(t, to.heard, 5)
}

// What was under way when an endpoint broke down is no reason to leave it alone for longer than three failures are.
func TestAnEndpointThatBreaksDownUnderLoad(t *testing.T) {
	t.Parallel()
	s := owing(t, 60)
	to := &crowded{answers: func(n int) webhook.Answer {
		if n <= 30 {
			return taken(n)
		}
		return webhook.Answer{Status: http.StatusServiceUnavailable}
	}}
	s.steps.Courier, s.steps.AtOnce = to, 8
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, 30, round.Sent)
	assert.GreaterOrEqual(t, round.Failed, 3)
	assert.LessOrEqual(t, round.Failed, 8+2, "what was under way, and what it took to know")
	assert.Equal(t, 30, round.Waiting)
	assert.Equal(t, "503 Service Unavailable", round.Answer)
	assert.Equal(t, s.now, round.FailingSince)
	assert.LessOrEqual(t, round.NextIn, 6*time.Second)
}

// A wish to be left alone holds, whatever others at the same time were answered.
func TestAWishHoldsAmongOthers(t *testing.T) {
	t.Parallel()
	s := owing(t, 40)
	to := &crowded{wait: make(chan struct{}), answers: func(n int) webhook.Answer {
		if n == 2 {
			return webhook.Answer{Status: http.StatusTooManyRequests, RetryAfter: time.Hour}
		}
		return taken(n)
	}}
	close(to.wait)
	s.steps.Courier, s.steps.AtOnce = to, 8
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, 1, round.Failed)
	assert.Less(t, len(to.heard), 40)
	assert.Equal(t, time.Hour, round.NextIn)
	assert.Equal(t, "429 Too Many Requests", round.Answer)
}
