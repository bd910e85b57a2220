package workflows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"handover/internal/transfer"
	"handover/workflows"
)

func TestTransferIDIsTheInverseOfWorkflowID(t *testing.T) {
	id := transfer.NewID(transfer.Request{TargetPartnerTenantID: target1.PartnerTenantID, RequestID: "create-1"})
	got, ok := workflows.TransferID(workflows.WorkflowID(id))
	require.True(t, ok)
	require.Equal(t, id, got)
	for _, other := range []string{"", id, workflows.RangeWorkflowID(id, 0, 500), "order/" + id} {
		_, ok := workflows.TransferID(other)
		require.False(t, ok, other)
	}
}

// Every search attribute that a transfer starts with is one that a namespace is told of.
func TestSearchAttributes(t *testing.T) {
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"TransferStatus":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"CustomerTenantId":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"SourcePartnerTenantId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TargetPartnerTenantId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TransferOverdue":       enumspb.INDEXED_VALUE_TYPE_BOOL,
	}, workflows.SearchAttributes())
	started := workflows.StartOptions(transfer.Request{}).TypedSearchAttributes.GetUntypedValues()
	require.Len(t, started, len(workflows.SearchAttributes()))
	for key := range started {
		require.Contains(t, workflows.SearchAttributes(), key.GetName())
	}
}

// the run's id follows from who asks under which request id, so a repeated start finds the run.
func TestStartOptions(t *testing.T) {
	r := transfer.Request{RequestID: "create-1", TargetPartnerTenantID: target1.PartnerTenantID}
	again := r
	again.CustomerEmail = "else@example.com"
	require.Equal(t, workflows.StartOptions(r).ID, workflows.StartOptions(again).ID)
	again.RequestID = "create-2"
	require.NotEqual(t, workflows.StartOptions(r).ID, workflows.StartOptions(again).ID)
}

// Signals come from anybody: whatever the bytes, decoding survives, and what it accepts can be audited and claims no
// authority that a signal cannot have.
func FuzzDecodeApproval(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{}", `"text"`, `{"requestId":""}`, `{"requestId":"a","actor":{"platform":true}}`, `{"requestId":"a"}}`,
		`{"requestId":"` + strings.Repeat("a", 129) + `"}`,
		`{"requestId":"a","actor":{"partnerTenantId":"b"},"lineItems":[{"subscriptionId":"c","productType":"d"}],"allEligible":true}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := workflows.DecodeApproval(converter.NewRawValue(&commonpb.Payload{Data: data}))
		require.NotEmpty(t, a.RequestID)
		require.LessOrEqual(t, len(a.RequestID), 128)
		require.False(t, a.Actor.Platform || a.Actor.Operator)
		if err != nil {
			requireRefusal(t, transfer.InvalidInput, err)
		}
	})
}

func TestDecodeApprovalOfNothing(t *testing.T) {
	_, err := workflows.DecodeApproval(converter.RawValue{})
	requireRefusal(t, transfer.InvalidInput, err)
}
