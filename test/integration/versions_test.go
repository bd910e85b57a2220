package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/ledger"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
	"handover/workflows"
	outages "handover/workflows/billing"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// A new build of the worker takes over while transfers are in every state: it is tried on the histories of what is open, gets
// half of what begins, then everything, with a step back in between; the old build drains and is stopped. Whatever was on its
// way is finished by the new one, and nothing is stuck or has diverged. The old build took over from a worker without version.
func TestANewBuildTakesOver(t *testing.T) {
	t.Parallel()
	const most = 20
	s := startDeployment(t, most, transfer.DefaultPolicy().ForRuns().RangeSize+1) // a whole customer makes two ranges
	const before, after = "b1", "b2"

	unversioned := s.work(t)
	complete := s.createNext(t)
	old := s.launch(t, before)
	withdrawn := s.createNext(t)
	assert.Empty(t, s.beganWith(t, withdrawn), "a build gets nothing before it is current")
	s.setCurrent(t, before)
	unversioned.terminate(t)
	require.Zero(t, unversioned.exit(t))
	s.submitFew(t, complete)
	s.over(t, complete) // the old build decides and moves

	s.system.kill(t)
	pending, retrying, large := s.createNext(t), s.createNext(t), s.createNext(t)
	s.submitFew(t, retrying)
	s.must(t, "submit", large, "--all-eligible")
	onItsWay := map[string]int{transfers.Type: 4, transfers.RangeType: 2, outages.OutageType: 1}
	eventually(t, "everything is on its way, and the billing system is away", func() bool {
		return assert.ObjectsAreEqual(onItsWay, counted(s.runs(t, "ExecutionStatus = 'Running'"))) && s.item(t, retrying, 0).Attempts > 0
	})
	assert.Equal(t, onItsWay, s.replayed(t))

	s.launch(t, after)
	s.ramp(t, after, 50)
	var begun []string
	builds := map[string]bool{}
	for len(builds) < 2 {
		require.Less(t, len(begun), most-5, "one build begins everything")
		id := s.createNext(t)
		builds[s.beganWith(t, id)] = true
		begun = append(begun, id)
	}
	assert.Equal(t, map[string]bool{before: true, after: true}, builds)
	s.setCurrent(t, after)
	s.setCurrent(t, before)
	s.must(t, "cancel", withdrawn)
	s.over(t, withdrawn)
	assert.Equal(t, []string{"", before}, s.buildsOf(t, transfer.WorkflowID(withdrawn)), "back at the old build")
	s.setCurrent(t, after)
	eventually(t, "the old build has drained", func() bool { return s.drained(t, before) })
	old.terminate(t)
	require.Zero(t, old.exit(t))

	s.system.start(t)
	s.must(t, "cancel", pending)
	for _, id := range begun {
		s.submitFew(t, id)
	}
	all := append([]string{complete, withdrawn, pending, retrying, large}, begun...)
	for _, id := range all {
		s.over(t, id)
		want := transfer.Complete
		if id == pending || id == withdrawn {
			want = transfer.Cancelled
		}
		assert.Equal(t, want, s.get(t, id).Status)
	}
	eventually(t, "no run is open", func() bool { return len(s.runs(t, "ExecutionStatus = 'Running'")) == 0 })
	for _, run := range s.runs(t, "") {
		s.neverDiverged(t, run)
	}
	for _, id := range []string{pending, retrying, large} {
		assert.Equal(t, []string{before, after}, s.buildsOf(t, transfer.WorkflowID(id)), "who decided")
	}
	assert.Empty(t, s.replayed(t))
	s.nothingStuck(t)
	s.agrees(t, all...)
}

// deployment is a platform with versioned workers, whose subscriptions move in a billing system of its own.
type deployment struct {
	*billed
	client client.Client
	world  ledger.World
	name   string
	next   int // customer
}

// startDeployment starts one without workers, with so many customers and subscriptions of each.
func startDeployment(t *testing.T, customers, subscriptions int) *deployment {
	t.Helper()
	w := world.Large(customers, subscriptions)
	d := &deployment{billed: startBilled(t, w), world: w, name: "handover"}
	d.client = d.temporal(t)
	return d
}

// launch starts a worker of the build, and waits until Temporal knows that it takes both queues.
func (d *deployment) launch(t *testing.T, build string) *process {
	t.Helper()
	worker := d.work(t, "HANDOVER_WORKER_DEPLOYMENT="+d.name, "HANDOVER_WORKER_BUILD_ID="+build)
	eventually(t, "build "+build+" takes both queues", func() bool {
		described, err := d.handle().DescribeVersion(t.Context(), client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
		queues := map[string]bool{}
		for _, queue := range described.Info.TaskQueuesInfos {
			queues[queue.Name] = true
		}
		return err == nil && queues[run.TaskQueue] && queues[transfers.MovesQueue]
	})
	return worker
}

func (d *deployment) handle() client.WorkerDeploymentHandle {
	return d.client.WorkerDeploymentClient().GetHandle(d.name)
}

// setCurrent gives everything to the build. Temporal refuses one that does not take every queue of the build before.
func (d *deployment) setCurrent(t *testing.T, build string) {
	t.Helper()
	_, err := d.handle().SetCurrentVersion(t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
	require.NoError(t, err)
}

func (d *deployment) ramp(t *testing.T, build string, percentage float32) {
	t.Helper()
	_, err := d.handle().SetRampingVersion(t.Context(), client.WorkerDeploymentSetRampingVersionOptions{BuildID: build, Percentage: percentage})
	require.NoError(t, err)
}

// drained tells whether Temporal says that nothing needs the build any more.
func (d *deployment) drained(t *testing.T, build string) bool {
	t.Helper()
	described, err := d.handle().DescribeVersion(t.Context(), client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
	require.NoError(t, err)
	drainage := described.Info.DrainageInfo
	return drainage != nil && drainage.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDrained
}

// createNext requests a transfer of the next customer.
func (d *deployment) createNext(t *testing.T) string {
	t.Helper()
	d.next++
	return d.create(t, largeParties(d.next-1))
}

// submitFew submits two of the customer's subscriptions.
func (d *deployment) submitFew(t *testing.T, id string) {
	t.Helper()
	const submitArgs = 6 // submit ID --item A --item B
	customer, args := d.get(t, id).CustomerTenantID, []string{"submit", id}
	for _, one := range d.world.Subscriptions {
		if one.CustomerTenantID == customer && one.ProductType == subscription.OnlineServicesNCE && len(args) < submitArgs {
			args = append(args, "--item", one.ID)
		}
	}
	d.must(t, args...)
}

// runs are the runs of transfers, ranges and outages that the filter finds, as the index has them.
func (d *deployment) runs(t *testing.T, filter string) []*workflowpb.WorkflowExecutionInfo {
	t.Helper()
	query := fmt.Sprintf("WorkflowType IN ('%s')", strings.Join(workflows.Types(), "', '"))
	if filter != "" {
		query += " AND " + filter
	}
	answer, err := d.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	require.NoError(t, err)
	require.Empty(t, answer.GetNextPageToken())
	return answer.GetExecutions()
}

// counted is how many of each type there are.
func counted(runs []*workflowpb.WorkflowExecutionInfo) map[string]int {
	counts := map[string]int{}
	for _, run := range runs {
		counts[run.GetType().GetName()]++
	}
	return counts
}

// replayed shows that this program can go on with everything that is open, and counts it by type.
func (d *deployment) replayed(t *testing.T) map[string]int {
	t.Helper()
	var found struct {
		Types []struct {
			Type     string `json:"type"`
			Replayed int    `json:"replayed"`
		} `json:"types"`
	}
	require.NoError(t, json.Unmarshal([]byte(d.must(t, "replay", "-o", "json")), &found))
	counts := map[string]int{}
	for _, kind := range found.Types {
		counts[kind.Type] = kind.Replayed
	}
	return counts
}

// beganWith is the build that did the first task of the transfer's run.
func (d *deployment) beganWith(t *testing.T, id string) string {
	t.Helper()
	var builds []string
	eventually(t, "the run of "+id+" has begun", func() bool {
		builds = d.buildsOf(t, transfer.WorkflowID(id))
		return len(builds) > 0
	})
	return builds[0]
}

// buildsOf are the builds that did the tasks of the workflow's run, in order of their first; empty for a worker without one.
func (d *deployment) buildsOf(t *testing.T, workflowID string) []string {
	t.Helper()
	var builds []string
	for event := range d.history(t, workflowID, "") {
		done := event.GetWorkflowTaskCompletedEventAttributes()
		if build := done.GetDeploymentVersion().GetBuildId(); done != nil && !slices.Contains(builds, build) {
			builds = append(builds, build)
		}
	}
	return builds
}

// neverDiverged shows that no build found a history of the run that its code does not make.
func (d *deployment) neverDiverged(t *testing.T, run *workflowpb.WorkflowExecutionInfo) {
	t.Helper()
	for event := range d.history(t, run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId()) {
		assert.NotEqual(t, enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, event.GetWorkflowTaskFailedEventAttributes().GetCause(),
			run.GetExecution().GetWorkflowId())
	}
}

// history is what happened to a run so far; to the latest one of the workflow when none is named.
func (d *deployment) history(t *testing.T, workflowID, runID string) iter.Seq[*historypb.HistoryEvent] {
	return func(yield func(*historypb.HistoryEvent) bool) {
		events := d.client.GetWorkflowHistory(t.Context(), workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			var none *serviceerror.NotFound
			if errors.As(err, &none) {
				return
			}
			require.NoError(t, err)
			if !yield(event) {
				return
			}
		}
	}
}

// nothingStuck shows that everything goes on by itself.
func (d *deployment) nothingStuck(t *testing.T) {
	t.Helper()
	a := d.run(t, "stuck")
	assert.Equal(t, answer{err: "Nothing is stuck.\n"}, a)
}
