package main

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/worker"

	"handover/workflows"
)

// A run that was deleted since it was listed is nobody's to go on with.
func TestARunIsGone(t *testing.T) {
	t.Parallel()
	s, open := replaying("complete", "expired")
	open.before = func(name string) error {
		if name == "complete" {
			return errGone
		}
		return nil
	}
	require.Zero(t, s.run(t, "replay", "-o", "json"))
	assert.Equal(t, []typeOutcome{{Type: "Transfer", Replayed: 1}}, s.outcome(t).Types)
}

// What was found when it must stop is printed, and a divergence that was found counts in any case.
func TestReplayStops(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		workflows func(worker.WorkflowRegistry)
		interrupt bool
		status    int
		says      string
	}{
		"Temporal is silent":        {workflows.RegisterWorkflows, false, statusUnavailable, "2 runs were replayed, then: away"},
		"Ctrl-C":                    {workflows.RegisterWorkflows, true, statusInterrupted, "2 runs were replayed, then: interrupted"},
		"silent after a divergence": {changed, false, statusFailed, errDiverges.Error() + "; not all were tried: away"},
		"Ctrl-C after a divergence": {changed, true, statusFailed, errDiverges.Error() + "; not all were tried: context canceled"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		two := make(chan struct{})
		r := &rehearsal{build: build{register: c.workflows}, patience: patience, show: func(replayed int) {
			if replayed == 2 {
				close(two)
			}
		}}
		r.service = &openHistories{names: []string{"complete", "expired", "cancelled", "declined"}, lists: func(page []byte) error {
			switch {
			case page == nil:
				return nil
			case c.interrupt:
				<-two
				interrupt()
				return nil
			}
			<-two
			return &unreachableError{serviceerror.NewUnavailable("away")}
		}}
		stopped := r.all(ctx)
		var printed bytes.Buffer
		starter := &cli{out: &printed}
		ended := ending(ctx, starter.printRehearsed(r.found, stopped))
		assert.Equal(t, c.status, ended.status, name)
		assert.Equal(t, c.says, ended.Message, name)
		assert.Contains(t, printed.String(), "Transfer", name)
	}
}

// patience is more than a fake needs for an answer.
const patience = time.Minute

func TestTemporalIsSilentAtOnce(t *testing.T) {
	t.Parallel()
	s, open := replaying("complete")
	open.lists = func([]byte) error { return &unreachableError{serviceerror.NewUnavailable("away")} }
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))
	assert.Equal(t, "starter: 0 runs were replayed, then: away\n", s.stderr.String())

	s, open = replaying("complete")
	open.before = func(string) error { return &unreachableError{serviceerror.NewUnavailable("away")} }
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))

	s, _ = replaying()
	s.connectErr = &unreachableError{errors.New("nobody there")}
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))
}
