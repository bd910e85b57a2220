package delivery_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"handover/internal/webhook"
)

// until is an endpoint that takes everything, the n-th event only after something happened.
type until struct {
	crowded
	nth     int
	happens func()
}

func (u *until) Bring(ctx context.Context, r webhook.Registration, what webhook.Event) (webhook.Answer, error) {
	answer, err := u.crowded.Bring(ctx, r, what)
	u.mu.Lock()
	nth := len(u.heard) == u.nth
	u.mu.Unlock()
	if nth {
		u.happens()
	}
	if ctx.Err() != nil {
		return webhook.Answer{}, ctx.Err()
	}
	return answer, err
}

// A step that the server may have given up, because a heartbeat did not reach it, begins nothing more and lets what is under way end: an
// attempt that is cut off may have been heard, and would be heard twice.
func TestAStepThatIsCutOffEndsWhatItBegan(t *testing.T) {
	t.Parallel()
	s := owing(t, 60)
	ctx, cancel := context.WithCancel(t.Context())
	to := &until{crowded: crowded{answers: taken}, nth: 20, happens: cancel}
	s.steps.Courier, s.steps.AtOnce = to, 8
	round, err := s.steps.Deliver(ctx, s.partner)
	require.NoError(t, err)
	assert.Equal(t, len(to.heard), round.Sent)
	assert.Less(t, round.Sent, 20+8)
	assert.True(t, round.More, "another step goes on at once")
	assert.Equal(t, 60-round.Sent, round.Waiting)
	round, err = s.deliver(t)
	require.NoError(t, err)
	assert.Zero(t, round.Waiting)
	assert.Len(t, to.heard, 60, "nothing is heard twice")
}

// So does one whose worker stops.
func TestAStoppingWorkerBeginsNothing(t *testing.T) {
	t.Parallel()
	s := owing(t, 30)
	stopping := make(chan struct{})
	to := &until{crowded: crowded{answers: taken}, nth: 5, happens: func() { close(stopping) }}
	s.steps.Courier = to
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerStopChannel(stopping)
	env.RegisterActivity(s.steps.Deliver)
	_, err := env.ExecuteActivity(s.steps.Deliver, s.partner)
	require.NoError(t, err)
	assert.Equal(t, inOrder(5), to.heard)
	round, err := s.deliver(t)
	require.NoError(t, err)
	assert.Zero(t, round.Waiting)
	assert.Equal(t, inOrder(30), to.heard)
}

// Temporal hears from a step for as long as it takes, however slow the endpoint is, and nothing afterwards.
func TestASlowEndpointCostsNoHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := owing(t, 8)
		s.to.answers = func(int) (webhook.Answer, error) {
			<-time.After(14 * time.Second)
			return webhook.Answer{Status: 200}, nil
		}
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		began := time.Now()
		beats := 0
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats++ })
		env.RegisterActivity(s.steps.Deliver)
		_, err := env.ExecuteActivity(s.steps.Deliver, s.partner)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), time.Minute)
		assert.GreaterOrEqual(t, beats, 2, "this environment lets one through in half a minute")
		at := beats
		<-time.After(time.Minute)
		assert.Equal(t, at, beats, "the step is over")

		s.to.answers = nil
		_, err = env.ExecuteActivity(s.steps.Deliver, s.partner)
		require.NoError(t, err)
		assert.Equal(t, at, beats, "a step that takes a moment has nothing to say")
		require.NoError(t, s.Close())
	})
}
