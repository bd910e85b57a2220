package workflows_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	activitiesof "handover/activities/billing"
	deliverysteps "handover/activities/delivery"
	steps "handover/activities/transfers"
	"handover/internal/subscription"
	"handover/internal/webhook"
	"handover/workflows"
	"handover/workflows/billing"
	"handover/workflows/delivery"
	"handover/workflows/subscriptions"
	"handover/workflows/transfers"
)

// register notes what it is given, under the names that Temporal makes of it.
type register struct {
	worker.WorkflowRegistry
	worker.ActivityRegistry
	workflows, activities []string
}

func (r *register) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r.workflows = append(r.workflows, options.Name)
}

func (r *register) RegisterActivityWithOptions(a any, options activity.RegisterOptions) {
	methods := reflect.TypeOf(a)
	for i := range methods.NumMethod() {
		r.activities = append(r.activities, options.Name+methods.Method(i).Name)
	}
}

// A worker has every activity that a run calls, and none that no run calls: what nobody calls any more is deleted once no open
// run can call it.
func TestWhatIsCalledIsRegistered(t *testing.T) {
	t.Parallel()
	r := &register{}
	workflows.Register(r, activities.Activities{Transfers: &steps.Activities{}, Billing: &activitiesof.Activities{}, Delivery: &deliverysteps.Activities{}})
	require.ElementsMatch(t, slices.Concat(transfers.Activities(), subscriptions.Activities(), billing.Activities(), delivery.Activities()), r.activities)
	require.ElementsMatch(t, workflows.Types(), r.workflows)
}

// The names stand in histories of runs that are open, so they stay.
func TestNamesStay(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"BillingOutage", "Delivery", "MoveRange", "ScheduledCancellation", "Transfer"}, workflows.Types())
	require.Equal(t, []string{"billing.LookAtOutage"}, billing.Activities())
	require.Equal(t, []string{"delivery.Deliver"}, delivery.Activities())
	require.Equal(t, "delivery/p", webhook.WorkflowID("p"))
	require.Equal(t, []string{"subscription.CancelWhenDue"}, subscriptions.Activities())
	require.Equal(t, "subscription/s/cancellation", subscription.CancellationWorkflowID("s"))
	require.Equal(t, []string{
		"transfer.Close", "transfer.Command", "transfer.Expire", "transfer.FenceItem", "transfer.FlagOverdue", "transfer.GiveUpLate", "transfer.Look",
		"transfer.MoveItem", "transfer.MoveWindow", "transfer.NotifyParties", "transfer.RangeMoved", "transfer.RecordRefusal", "transfer.RemindSource",
	}, transfers.Activities())
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"TransferStatus":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"CustomerTenantId":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"SourcePartnerTenantId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TargetPartnerTenantId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TransferOverdue":       enumspb.INDEXED_VALUE_TYPE_BOOL,
	}, workflows.SearchAttributes())
}
