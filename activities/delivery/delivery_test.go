package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"handover/activities/delivery"
	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
	"handover/internal/world"
)

// endpoint answers as it is told, and notes what it heard.
type endpoint struct {
	answers func(n int) (webhook.Answer, error)
	heard   []string
}

func (e *endpoint) Bring(_ context.Context, _ webhook.Registration, what webhook.Event) (webhook.Answer, error) {
	e.heard = append(e.heard, what.ID)
	if e.answers == nil {
		return webhook.Answer{Status: 204}, nil
	}
	return e.answers(len(e.heard))
}

// sayable is an endpoint of which some events cannot be told.
type sayable struct {
	*endpoint
	unsaid map[string]*webhook.UnsaidError

	mu sync.Mutex
}

func (s *sayable) Bring(ctx context.Context, r webhook.Registration, what webhook.Event) (webhook.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if unsaid, is := s.unsaid[what.ID]; is {
		return webhook.Answer{}, unsaid
	}
	return s.endpoint.Bring(ctx, r, what)
}

type stage struct {
	*ledger.Ledger
	partner string
	steps   *delivery.Activities
	to      *endpoint
	now     time.Time
}

// owing is a ledger in which a partner is owed tests.
func owing(t *testing.T, events int) *stage {
	t.Helper()
	s := &stage{partner: world.Demo().SourceTenantID, to: &endpoint{}, now: time.Date(2031, 3, 3, 11, 0, 0, 0, time.UTC)}
	var err error
	s.Ledger, err = ledger.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{Now: func() time.Time { return s.now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Seed(t.Context(), world.Sample()))
	_, err = s.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, s.partner, webhook.Wish{
		URL: "https://hooks.example/", Events: []string{"test-created"},
	}, webhook.Addresses{})
	require.NoError(t, err)
	for n := range events {
		s.now = s.now.Add(time.Minute)
		_, err := s.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, s.partner, fmt.Sprintf("test-%03d", n))
		require.NoError(t, err)
	}
	s.steps = &delivery.Activities{Ledger: s.Ledger, Courier: s.to}
	return s
}

func (s *stage) deliver(t *testing.T) (delivery.Round, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(s.steps.Deliver)
	result, err := env.ExecuteActivity(s.steps.Deliver, s.partner)
	if err != nil {
		return delivery.Round{}, err
	}
	var round delivery.Round
	require.NoError(t, result.Get(&round))
	return round, nil
}

func inOrder(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("test-%03d", i))
	}
	return ids
}

// Everything that is due is told in one step, in order and once.
func TestDeliverTellsEverything(t *testing.T) {
	t.Parallel()
	s := owing(t, 60)
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, delivery.Round{Sent: 60, Answer: "204 No Content"}, round)
	assert.Equal(t, inOrder(60), s.to.heard)
	round, err = s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, delivery.Round{}, round)
	assert.Len(t, s.to.heard, 60)
}

// What one event meets holds up no other; what all meet ends the step until the endpoint had its rest.
func TestDeliverLeavesATroubledEndpointAlone(t *testing.T) {
	t.Parallel()
	s := owing(t, 10)
	s.to.answers = func(n int) (webhook.Answer, error) {
		if n == 2 {
			return webhook.Answer{Status: 500, Excerpt: "out of order"}, nil
		}
		return webhook.Answer{Status: 200}, nil
	}
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, 9, round.Sent)
	assert.Equal(t, 1, round.Failed)
	assert.Equal(t, 1, round.Waiting)
	assert.InDelta(t, 5, round.NextIn.Seconds(), 0.6)

	dead := owing(t, 10)
	dead.to.answers = func(int) (webhook.Answer, error) { return webhook.Answer{Fault: "There was no answer in time."}, nil }
	round, err = dead.deliver(t)
	require.NoError(t, err)
	assert.Len(t, dead.to.heard, 3)
	assert.Equal(t, 10, round.Waiting)
	assert.Equal(t, "There was no answer in time.", round.Answer)
	assert.False(t, round.FailingSince.IsZero())
	assert.Positive(t, round.NextIn)
}

func TestDeliverStopsAtAnEndpointThatIsGone(t *testing.T) {
	t.Parallel()
	s := owing(t, 3)
	s.to.answers = func(int) (webhook.Answer, error) { return webhook.Answer{Status: 410}, nil }
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Len(t, s.to.heard, 1)
	assert.Equal(t, webhook.WhyGone, round.Off)
	assert.Zero(t, round.Waiting)
	assert.Equal(t, 3, round.Dead)
}

// A step that is cut off has recorded what it sent, and the next one goes on after that.
func TestDeliverRecordsBeforeItFails(t *testing.T) {
	t.Parallel()
	s := owing(t, 5)
	s.to.answers = func(n int) (webhook.Answer, error) {
		if n == 3 {
			return webhook.Answer{}, errors.New("the worker ends")
		}
		return webhook.Answer{Status: 200}, nil
	}
	_, err := s.deliver(t)
	require.Error(t, err)
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, 3, round.Sent)
	assert.Equal(t, append(inOrder(3), "test-002", "test-003", "test-004"), s.to.heard)
}

// uncounting is a ledger that cannot count dead letters.
type uncounting struct{ *ledger.Ledger }

func (uncounting) DeadWebhooks(context.Context, string) (int, error) {
	return 0, errors.New("counting takes too long")
}

// What was delivered was delivered, although nobody can tell how many dead letters there are.
func TestDeliverNeedsNoCount(t *testing.T) {
	t.Parallel()
	s := owing(t, 2)
	s.steps.Ledger = uncounting{s.Ledger}
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Equal(t, 2, round.Sent)
}

// silent is a ledger that does not say when something that waits is due.
type silent struct{ *ledger.Ledger }

func (silent) LookAtWebhook(context.Context, string, int) (webhookstore.Standing, error) {
	return webhookstore.Standing{Waiting: 1}, nil
}

// A run that something waits for always looks again, whatever the ledger says.
func TestDeliverNeverSleepsForGood(t *testing.T) {
	t.Parallel()
	s := owing(t, 0)
	s.steps.Ledger = silent{s.Ledger}
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Positive(t, round.NextIn)
}
