package integration

// Transfers as the ledger has them and runs as Temporal has them, and how the ones follow the others.

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/app"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
)

// startWorking runs everything in this process, the worker too.
func startWorking(t *testing.T, o platform.Options, w ledger.World) *platform.Platform {
	t.Helper()
	o.World = func() (ledger.World, error) { return w, nil }
	p, err := platform.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	return p
}

// requestOf asks for a transfer of these parties.
func requestOf(p parties) transfer.Request {
	return transfer.Request{
		RequestID: key("request", p), Actor: kernel.Actor{PartnerTenantID: p.target}, CustomerTenantID: p.customer, CustomerEmail: p.email(),
		SourcePartnerTenantID: p.source, SourcePartnerName: "The Source", TargetPartnerTenantID: p.target, TransferType: 3,
	}
}

// wholeOf is the source's word to move everything.
func wholeOf(p parties) transfer.Approval {
	return transfer.Approval{RequestID: key("submit", p), Actor: kernel.Actor{PartnerTenantID: p.source}, Selection: transfer.Selection{AllEligible: true}}
}

// withdrawal is the target's word that it asks no more.
func withdrawal(p parties) transfer.Decision {
	return transfer.Decision{RequestID: key("cancel", p), Actor: kernel.Actor{PartnerTenantID: p.target}}
}

// opened requests a transfer at the ledger.
func opened(t *testing.T, book *ledger.Ledger, p parties) string {
	t.Helper()
	made, err := book.OpenTransfer(t.Context(), requestOf(p), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	return made.Transfer.ID
}

// submitted requests a transfer and submits it whole.
func submitted(t *testing.T, book *ledger.Ledger, p parties) string {
	t.Helper()
	id := opened(t, book, p)
	_, err := book.Submit(t.Context(), id, wholeOf(p), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	return id
}

// cancelled requests a transfer and withdraws it.
func cancelled(t *testing.T, book *ledger.Ledger, p parties) string {
	t.Helper()
	id := opened(t, book, p)
	_, err := book.Cancel(t.Context(), id, withdrawal(p), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	return id
}

// followed waits until the run of every transfer of the ledger is where the transfer is.
func (s *scene) followed(t *testing.T) {
	t.Helper()
	all, err := s.Ledger.Transfers(t.Context(), transferstore.Filter{})
	require.NoError(t, err)
	c := s.temporal(t)
	for _, one := range all {
		follows(t, s.Ledger, c, one.ID)
	}
}

// follows waits until the run of the transfer is where the transfer is: over, or open and knowing the state.
func follows(t *testing.T, book *ledger.Ledger, c client.Client, id string) {
	t.Helper()
	runs := transferclient.New(c)
	eventually(t, "the run of "+id+" follows the ledger", func() bool {
		now, err := book.Transfer(t.Context(), id)
		require.NoError(t, err)
		run := runOf(t, c, id)
		if now.Status.Final() {
			return run == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		}
		said, err := runs.Get(t.Context(), id)
		return err == nil && run == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING && said.Transfer.Status == now.Status
	})
}

// resumes has the run look, or begin where there is none, as "starter resume" does.
func resumes(t *testing.T, book *ledger.Ledger, ids ...string) {
	t.Helper()
	_, err := book.Resume(t.Context(), transferstore.Resumption{Cause: runs.CauseResumed, Actor: kernel.Actor{Operator: true}}, ids...)
	require.NoError(t, err)
}

// givesUp ends every line item of the transfer that keeps failing.
func givesUp(t *testing.T, book *ledger.Ledger, id string) {
	t.Helper()
	eventually(t, "something fails", func() bool {
		items, err := book.Items(t.Context(), id, 0, -1)
		require.NoError(t, err)
		failing := false
		for _, item := range items {
			failing = failing || item.Status == transfer.ItemInProgress && item.Attempts > 0
		}
		return failing
	})
	_, err := book.GiveUp(t.Context(), id, transferstore.GivingUp{
		RequestID: "give-up-" + id, Actor: kernel.Actor{Operator: true}, Failing: true, Reason: "The billing system lost it.",
	}, command.Terms[transferstore.GivenUp]{})
	require.NoError(t, err)
}

// withLedger puts something before the ledger of the steps.
func withLedger(wrap func(ledger *ledger.Ledger) stepsLedger) func(*app.Steps) {
	return func(s *app.Steps) {
		if real, ok := s.Transfers.Ledger.(*ledger.Ledger); ok {
			s.Transfers.Ledger = wrap(real)
		}
	}
}
