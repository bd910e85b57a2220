package integration

// The run that delivers to a partner, at a real Temporal: whatever is done to it, it goes on where the ledger is, no event is lost, and
// none comes under another id.

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/platform"
	"handover/internal/webhook"
	"handover/internal/world"
)

// telling is a platform, in this process, that tells one partner what happens, and whose clock a test moves on.
type telling struct {
	*platform.Platform
	starter
	clock  *movable
	to     *endpoint
	events int // that happened
}

// startTelling starts one for so many customers.
func startTelling(t *testing.T, dir string, customers int) *telling {
	t.Helper()
	secret := webhook.NewSecret()
	s := &telling{clock: &movable{}, to: listens(t, nil)}
	s.to.verify = bySecret(t, secret)
	s.begin(t, dir, customers)
	registersAt(t, s.Ledger, s.Settings.Webhooks.Addresses(), world.LargeSource, s.to, secret)
	return s
}

// begin starts the platform, again after it was stopped.
func (s *telling) begin(t *testing.T, dir string, customers int) {
	t.Helper()
	s.Platform = startWorking(t, platform.Options{DataDir: dir, Now: s.clock.now}, world.Large(customers, 1))
	s.starter = starter{address: s.Engine.Address(), ledger: s.Settings.LedgerURL}
}

// workflow is the run's name.
func (s *telling) workflow() string { return webhook.WorkflowID(world.LargeSource) }

// happens has so many things happen.
func (s *telling) happens(t *testing.T, times int) {
	t.Helper()
	for range times {
		opened(t, s.Ledger, largeParties(s.events))
		s.events++
	}
}

// waits has the endpoint refuse one event more, and returns once its run waits for the next attempt.
func (s *telling) waits(t *testing.T) {
	t.Helper()
	s.to.does(answers(503, "Retry-After", "3600"))
	before := s.to.attempts()
	s.happens(t, 1)
	eventually(t, "an attempt failed and is recorded, and the run waits", func() bool {
		if s.to.attempts() == before {
			return false
		}
		now, err := s.Ledger.LookAtWebhook(t.Context(), world.LargeSource, 10)
		require.NoError(t, err)
		run, err := s.Connection.DescribeWorkflowExecution(t.Context(), s.workflow(), "")
		require.NoError(t, err)
		return now.Waiting > 0 && len(now.Due) == 0 && len(run.GetPendingActivities()) == 0 && run.GetPendingWorkflowTask() == nil
	})
	assert.Contains(t, details(t, s.Connection, s.workflow()), "**Events that wait: 1**")
	assert.Contains(t, details(t, s.Connection, s.workflow()), "503 Service Unavailable")
	s.to.does(nil)
	s.clock.advance(time.Hour + time.Minute) // the attempt that the run waits for is due, and its timer has yet to ring
}

// A run that was terminated, or is gone with its history, is missed at once, and comes back: by an operator's word, or by the hourly
// comparison. What it was about to send is sent.
func TestALostDeliveryRunComesBack(t *testing.T) {
	t.Parallel()
	s := startTelling(t, "", 8)
	for _, loss := range []struct {
		name string
		lose func(t *testing.T)
	}{
		{"terminated", func(t *testing.T) {
			require.NoError(t, s.Connection.TerminateWorkflow(t.Context(), s.workflow(), "", "by mistake"))
		}},
		{"deleted", func(t *testing.T) {
			_, err := s.Connection.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
				Namespace: platform.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: s.workflow()},
			})
			require.NoError(t, err)
		}},
	} {
		for _, heal := range []string{"repair", "reconcile"} {
			t.Run(loss.name+", "+heal, func(t *testing.T) {
				s.waits(t)
				loss.lose(t)
				eventually(t, "it is gone", func() bool {
					return statusOf(t, s.Connection, s.workflow()) != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
				})
				if heal == "repair" {
					missed := s.run(t, "verify")
					assert.Equal(t, 1, missed.status, missed.out)
					assert.Contains(t, missed.out, "The run "+s.workflow()+" should be open, and is not.")
					s.must(t, "verify", "--repair")
				} else {
					eventually(t, "a comparison finds it", func() bool { // Temporal's list of open runs lags
						report, err := s.Worker.Reconcile(t.Context())
						require.NoError(t, err)
						return report.Raised > 0
					})
				}
				s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
				s.happens(t, 1)
				s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
			})
		}
	}
	s.verified(t)
}

// A run that is reset to its first task looks, and is there; one that somebody asks to be cancelled goes on, because nobody but its
// partner can say that it wants to hear nothing more.
func TestADeliveryRunThatIsResetOrCancelledGoesOn(t *testing.T) {
	t.Parallel()
	s := startTelling(t, "", 4)
	t.Run("reset", func(t *testing.T) {
		s.waits(t)
		resetsToItsBeginning(t, s.Connection, s.workflow())
		s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
	})
	t.Run("cancelled", func(t *testing.T) {
		s.waits(t)
		require.NoError(t, s.Connection.CancelWorkflow(t.Context(), s.workflow(), ""))
		s.happens(t, 1)
		s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, statusOf(t, s.Connection, s.workflow()), "it lingers for the next event")
	})
	s.verified(t)
}

// An old database of Temporal, or of the ledger, is put back. What the ledger owes is told, in the one case although the run has not
// begun that should tell it, in the other a second time under the same ids.
func TestAnOldDatabaseIsPutBackUnderDeliveries(t *testing.T) {
	t.Parallel()
	const customers = 8
	dir, ledgers, temporals := t.TempDir(), t.TempDir(), t.TempDir()
	s := startTelling(t, dir, customers)
	s.happens(t, 1)
	s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
	s.Stop()
	copied(t, dir, "temporal.db*", temporals)

	s.begin(t, dir, customers)
	s.waits(t)
	s.Stop()
	copied(t, dir, "ledger.db*", temporals)
	copied(t, dir, "ledger.db*", ledgers)

	t.Run("Temporal's", func(t *testing.T) {
		s.begin(t, temporals, customers)
		defer s.Stop()
		s.heals(t)
		s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
		s.verified(t)
	})
	t.Run("the ledger's", func(t *testing.T) {
		s.begin(t, dir, customers)
		s.heals(t)
		s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
		s.Stop()
		copied(t, dir, "temporal.db*", ledgers)
		before := s.to.attempts()

		s.begin(t, ledgers, customers)
		defer s.Stop()
		s.heals(t)
		s.to.tookAll(t, s.Ledger, world.LargeSource, s.events)
		assert.Equal(t, before+1, s.to.attempts(), "what the ledger did not know of is told a second time")
		s.verified(t)
	})
}

// The build that began a run is gone, and the next one is not to be used yet: what happens waits, and is told once it is.
func TestANewBuildDelivers(t *testing.T) {
	t.Parallel()
	const before, after = "b1", "b2"
	p, s := startPlatform(t, sqliteLedger(t), world.Large(2, 1))
	secret := webhook.NewSecret()
	to := listens(t, bySecret(t, secret))
	registersAt(t, p.Ledger, p.Settings.Webhooks.Addresses(), world.LargeSource, to, secret)
	d := &deployment{client: s.temporal(t), name: "handover"}
	launch := func(build string) *process {
		worker := launchWorker(t, p, append(callingHere, "HANDOVER_WORKER_DEPLOYMENT="+d.name, "HANDOVER_WORKER_BUILD_ID="+build)...)
		eventually(t, "build "+build+" takes all queues", func() bool {
			described, err := d.handle().DescribeVersion(t.Context(), client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
			return err == nil && len(described.Info.TaskQueuesInfos) >= 4 // one of them for runs and for steps
		})
		return worker
	}
	old := launch(before)
	d.setCurrent(t, before)
	opened(t, p.Ledger, largeParties(0))
	to.tookAll(t, p.Ledger, world.LargeSource, 1)

	old.kill(t)
	launch(after)
	opened(t, p.Ledger, largeParties(1))
	in := reachInto(t, p.Settings.LedgerURL)
	eventually(t, "the run is told", func() bool { return in.behind(t) == 0 })
	require.Equal(t, 1, to.has())
	d.setCurrent(t, after)
	to.tookAll(t, p.Ledger, world.LargeSource, 2)
	assert.Equal(t, []string{before, after}, d.buildsOf(t, webhook.WorkflowID(world.LargeSource)))
	s.verified(t)
}

// heals has the workers find out what every worker does within the hour: runs that are gone, and what is overdue.
func (s *telling) heals(t *testing.T) {
	t.Helper()
	s.clock.advance(10 * time.Minute)
	eventually(t, "everything is told", func() bool {
		_, err := s.Worker.Reconcile(t.Context())
		require.NoError(t, err)
		_, err = s.Ledger.Watch(t.Context())
		require.NoError(t, err)
		now, err := s.Ledger.LookAtWebhook(t.Context(), world.LargeSource, 1)
		require.NoError(t, err)
		return now.Waiting == 0
	})
}
