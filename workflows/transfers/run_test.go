package transfers_test

// What happens to the run, as the dispatcher and clients of Temporal have it, and what it shows.

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// secrets are what stands in the ledger and must not stand in a history: names, addresses, reasons, what is in a list.
func (w *world) secrets() []string {
	found := []string{
		"Northwind", "Tailspin", "Wingtip", "Contoso", "northwind.example", "tailspin.example", "contoso.example",
		"handover.example", keepsCustomer, stuck, friendly,
	}
	for n := range w.holdings {
		found = append(found, subID(n))
	}
	return found
}

// host starts the run of a transfer as a child.
func host(ctx workflow.Context, id string, in transfers.Input) (transfers.Receipt, error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: transfer.WorkflowID(id)})
	var r transfers.Receipt
	err := workflow.ExecuteChildWorkflow(ctx, transfers.Type, in).Get(ctx, &r)
	return r, err
}

// follow starts the run as the dispatcher does, with nothing but an id, and lives through it.
func (w *world) follow() (transfers.Receipt, error) {
	w.t.Helper()
	return w.start(transfers.Input{TransferID: w.id})
}

func (w *world) start(in transfers.Input) (transfers.Receipt, error) {
	w.t.Helper()
	if w.hosted {
		w.ExecuteWorkflow("Host", w.id, in)
	} else {
		known := transfers.StartOptions(w.id, transfer.State{})
		if t, err := w.ledger.Transfer(w.t.Context(), w.id); err == nil {
			known = transfers.StartOptions(w.id, t.State)
		}
		w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: known.ID, TaskQueue: known.TaskQueue})
		require.NoError(w.t, w.SetTypedSearchAttributesOnStart(known.TypedSearchAttributes))
		w.seen.publish(known.TypedSearchAttributes)
		w.ExecuteWorkflow(transfers.Type, in)
	}
	require.True(w.t, w.IsWorkflowCompleted())
	var receipt transfers.Receipt
	if err := w.GetWorkflowError(); err != nil {
		return receipt, err
	}
	return receipt, w.GetWorkflowResult(&receipt)
}

// becomes lives through the run and requires that run, ledger and search attribute agree on the end (I-7), and that every
// invariant holds.
func (w *world) becomes(status transfer.Status) transfers.Receipt {
	w.t.Helper()
	receipt, err := w.follow()
	require.NoError(w.t, err)
	w.agrees(status, receipt)
	return receipt
}

func (w *world) agrees(status transfer.Status, receipt transfers.Receipt) {
	w.t.Helper()
	t := w.stored()
	require.Equal(w.t, status, t.Status)
	require.Equal(w.t, transfers.Receipt{TransferID: w.id, Status: status, Items: t.Items}, receipt)
	found, _ := w.seen.published().GetKeyword(transfers.StatusKey)
	require.Equal(w.t, string(status), found)
	findings, err := w.ledger.Verify(w.t.Context())
	require.NoError(w.t, err)
	for _, f := range findings {
		require.Zero(w.t, f.Count, "%s: %v", f.Invariant, f.Broken)
	}
	w.keepsSecrets()
}

// keepsSecrets requires that nothing of the ledger's words stands in the histories of the runs.
func (w *world) keepsSecrets() {
	w.t.Helper()
	payloads := w.seen.payloads()
	for _, secret := range w.secrets() {
		if at := strings.Index(payloads, secret); at >= 0 {
			require.Fail(w.t, "A history says "+secret, payloads[max(0, at-200):min(len(payloads), at+100)])
		}
	}
}

// at schedules something for a time after the start of this environment.
func (w *world) at(after time.Duration, do func()) { w.RegisterDelayedCallback(do, after) }

// on schedules something for a moment of the calendar.
func (w *world) on(moment time.Time, do func()) { w.at(moment.Sub(w.Now()), do) }

// meanwhile lets something happen to the run while a step is under way, and returns when the run has taken it in. It is
// called from inside a step.
func (w *world) meanwhile(do func()) {
	done := make(chan struct{})
	w.RegisterDelayedCallback(func() {
		do()
		w.RegisterDelayedCallback(func() { close(done) }, 0)
	}, 0)
	<-done
}

// nudge tells the run that the ledger has news.
func (w *world) nudge() { w.signal(run.SignalLook, w.nextNudge()) }

// nudgeOfSubmit does, as after a submit.
func (w *world) nudgeOfSubmit() { w.signal(transfers.SignalSourceApproval, w.nextNudge()) }

func (w *world) nextNudge() run.Nudge {
	w.nudges++
	return run.Nudge{N: w.nudges}
}

func (w *world) signal(name string, payload any) {
	w.t.Helper()
	require.NoError(w.t, w.SignalWorkflowByID(transfer.WorkflowID(w.id), name, payload))
}

// dispatch nudges the runs that the ledger wants to look, as the dispatcher does, and tells how many. A run that is not at
// work is left alone: it begins with a look.
func (w *world) dispatch() int {
	w.t.Helper()
	claimed, err := w.ledger.ClaimRuns(w.t.Context(), 100, 100)
	require.NoError(w.t, err)
	for _, r := range claimed {
		if w.seen.atWork(r.WorkflowID) {
			require.NoError(w.t, w.SignalWorkflowByID(r.WorkflowID, run.SignalLook, run.Nudge{N: r.Wanted}))
		}
	}
	require.NoError(w.t, w.ledger.RunsTold(w.t.Context(), claimed))
	return len(claimed)
}

// snapshot asks the run, or another one, how it stands.
func (w *world) snapshot(workflowID ...string) transfers.Snapshot {
	w.t.Helper()
	var s transfers.Snapshot
	w.query(transfers.QueryState, &s, workflowID...)
	return s
}

// details is the text that the Web UI shows above the history.
func (w *world) details(workflowID ...string) string {
	w.t.Helper()
	var metadata sdk.WorkflowMetadata
	w.query("__temporal_workflow_metadata", &metadata, workflowID...)
	return metadata.CurrentDetails
}

func (w *world) query(name string, into any, workflowID ...string) {
	w.t.Helper()
	id := transfer.WorkflowID(w.id)
	if len(workflowID) > 0 {
		id = workflowID[0]
	}
	value, err := w.QueryWorkflowByID(id, name)
	require.NoError(w.t, err)
	require.NoError(w.t, value.Get(into))
}

// shows requires that whoever looks for the transfer finds it by this status and its parties.
func (w *world) shows(status transfer.Status) {
	w.t.Helper()
	for key, value := range map[string]string{
		"TransferStatus": string(status), "CustomerTenantId": customer, "SourcePartnerTenantId": sourceID, "TargetPartnerTenantId": targetID,
	} {
		require.Equal(w.t, value, w.seen.keyword(key), key)
	}
	require.Equal(w.t, status, w.snapshot().Status)
}
