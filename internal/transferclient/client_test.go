package transferclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

const (
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	customer   = "c0a80101-0000-4000-8000-00000000c001"
	source     = "1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001"
	target     = "2e9b1c44-90f3-4a2b-8d55-61a7c3d2b002"
)

// fakeTemporal is a connection with one run behind it.
type fakeTemporal struct {
	signal   func() error
	query    func(n int) (transfers.Snapshot, error) // the n-th question, from 1
	ended    enumspb.WorkflowExecutionStatus
	describe error
	list     func(r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)

	started client.StartWorkflowOptions
	input   any
	name    string
	message any
	queries int
}

func (f *fakeTemporal) SignalWithStartWorkflow(_ context.Context, _, signalName string, signalArg any,
	options client.StartWorkflowOptions, _ any, args ...any,
) (client.WorkflowRun, error) {
	f.started, f.name, f.message, f.input = options, signalName, signalArg, args[0]
	if f.signal == nil {
		return nil, nil
	}
	return nil, f.signal()
}

func (f *fakeTemporal) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	f.queries++
	s, err := f.query(f.queries)
	return encoded{s}, err
}

func (f *fakeTemporal) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: f.ended}}, f.describe
}

func (f *fakeTemporal) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return f.list(r)
}

// encoded is an answer on its way.
type encoded struct{ value any }

func (e encoded) HasValue() bool { return true }

func (e encoded) Get(to any) error {
	text, err := json.Marshal(e.value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func always(s transfers.Snapshot, err error) func(int) (transfers.Snapshot, error) {
	return func(int) (transfers.Snapshot, error) { return s, err }
}

func request() transfer.Request {
	return transfer.Request{
		RequestID: "r1", Actor: kernel.Actor{PartnerTenantID: strings.ToUpper(target)}, CustomerTenantID: strings.ToUpper(customer),
		CustomerEmail: "it@contoso.example", SourcePartnerTenantID: source, SourcePartnerName: "Northwind Cloud", TransferType: 3,
	}
}

// commands give one of each kind to the client.
var commands = map[string]struct {
	give   func(ctx context.Context, c *Client) (transfer.Answer, error)
	signal string
	verb   transfer.Verb
}{
	"create": {func(ctx context.Context, c *Client) (transfer.Answer, error) { return c.Create(ctx, request()) },
		transfers.SignalTargetRequest, transfer.VerbCreate},
	"submit": {func(ctx context.Context, c *Client) (transfer.Answer, error) {
		return c.Submit(ctx, strings.ToUpper(transferID), transfer.Approval{RequestID: "r1", Selection: transfer.Selection{AllEligible: true}})
	}, transfers.SignalSourceApproval, transfer.VerbSubmit},
	"cancel": {func(ctx context.Context, c *Client) (transfer.Answer, error) {
		return c.Cancel(ctx, transferID, transfer.Decision{RequestID: "r1"})
	}, transfers.SignalTargetCancel, transfer.VerbCancel},
	"decline": {func(ctx context.Context, c *Client) (transfer.Answer, error) {
		return c.Decline(ctx, transferID, transfer.Decision{RequestID: "r1", Reason: "They stay."})
	}, transfers.SignalSourceDecline, transfer.VerbDecline},
}

// answeringAs is the run's part: it answers the command that came, once it was asked a few times.
func (f *fakeTemporal) answeringAs(verb transfer.Verb, id string, a transfer.Answer, others ...transfer.Answer) {
	f.query = func(n int) (transfers.Snapshot, error) {
		if n < 3 {
			return transfers.Snapshot{TransferID: id, Answers: others}, nil
		}
		c := transfer.Message{TransferID: id, Verb: verb}
		switch m := f.message.(type) {
		case transfer.Request:
			c.Request = &m
		case transfer.Approval:
			c.Approval = &m
		case transfer.Decision:
			c.Decision = &m
		}
		a.RequestID, a.Of = c.RequestID(), c.Fingerprint()
		return transfers.Snapshot{TransferID: id, Answers: append(others, a)}, nil
	}
}

func TestEveryCommandIsASignalThatStartsTheRunAndWaitsForItsAnswer(t *testing.T) {
	t.Parallel()
	opened := transfer.NewID(request())
	for name, c := range commands {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := transferID
			if name == "create" {
				id = opened
			}
			f := &fakeTemporal{}
			other := transfer.Answer{RequestID: "r1", Of: "another command under the same id", Status: transfer.Expired}
			f.answeringAs(c.verb, id, transfer.Answer{Status: transfer.Pending}, other)
			answer, err := c.give(t.Context(), New(f))
			require.NoError(t, err)
			assert.Equal(t, transfer.Pending, answer.Status)
			assert.Equal(t, 3, f.queries)
			assert.Equal(t, c.signal, f.name)
			assert.Equal(t, transfer.WorkflowID(id), f.started.ID)
			assert.Equal(t, transfers.Input{TransferID: id}, f.input)
			assert.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, f.started.WorkflowIDReusePolicy, "a run that ended is no obstacle")
			assert.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.started.WorkflowIDConflictPolicy)
		})
	}
}

func TestTheAnswerMayBeNo(t *testing.T) {
	t.Parallel()
	for _, cause := range []kernel.Cause{kernel.WrongParty, kernel.DoorClosed, transfer.NotFound} {
		f := &fakeTemporal{}
		f.answeringAs(transfer.VerbCancel, transferID, transfer.Answer{Refusal: kernel.Refuse(cause, "No.")})
		_, err := commands["cancel"].give(t.Context(), New(f))
		require.ErrorIs(t, err, cause)
		assert.False(t, isTechnical(err))
	}
}

func TestWhatCannotBeRightIsNotSent(t *testing.T) {
	t.Parallel()
	f := &fakeTemporal{signal: func() error { return errors.New("nothing should have been sent") }}
	c := New(f)
	_, err := c.Cancel(t.Context(), "transfer/"+transferID, transfer.Decision{RequestID: "r1"})
	require.ErrorIs(t, err, kernel.InvalidInput)
	r := request()
	r.SourcePartnerTenantID = ""
	_, err = c.Create(t.Context(), r)
	require.ErrorIs(t, err, transfer.SourceMissing)
	_, err = c.Submit(t.Context(), transferID, transfer.Approval{RequestID: "r1", Selection: transfer.Selection{
		LineItems: []transfer.Pick{{SubscriptionID: transferID, ProductType: "B\xe4cker"}},
	}})
	require.ErrorContains(t, err, "not UTF-8")
	large := transfer.Approval{RequestID: "r1"}
	for n := range 3000 {
		large.LineItems = append(large.LineItems, transfer.Pick{SubscriptionID: fmt.Sprintf("a1b2c3d4-0001-4000-8000-%012d", n)})
	}
	_, err = c.Submit(t.Context(), transferID, large)
	require.ErrorIs(t, err, kernel.InvalidInput)
	assert.ErrorContains(t, err, "eligible", "it says what to do instead")
	assert.Empty(t, f.name)
}

func TestSilenceIsUnavailable(t *testing.T) {
	t.Parallel()
	unavailable := serviceerror.NewUnavailable("away")
	for name, f := range map[string]*fakeTemporal{
		"no server":       {signal: func() error { return unavailable }},
		"no worker":       {query: always(transfers.Snapshot{}, serviceerror.NewDeadlineExceeded("no poller"))},
		"a failing run":   {query: always(transfers.Snapshot{}, serviceerror.NewQueryFailed("task in failed state"))},
		"never an answer": {query: always(transfers.Snapshot{TransferID: transferID}, nil)},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := commands["cancel"].give(ctx, New(f))
		cancel()
		require.ErrorIs(t, err, ErrUnavailable, name)
		assert.True(t, IsSilence(err), name)
		assert.True(t, isTechnical(err), name)
		assert.Equal(t, name == "a failing run", errors.Is(err, ErrFailing), name)
	}
	f := &fakeTemporal{signal: func() error { return serviceerror.NewInvalidArgument("payload blob size exceeds limit") }}
	_, err := commands["submit"].give(t.Context(), New(f))
	require.ErrorIs(t, err, kernel.InvalidInput)
	assert.False(t, IsSilence(err), "it is a no")
	f.signal = func() error { return serviceerror.NewNamespaceNotFound("prod") }
	_, err = commands["submit"].give(t.Context(), New(f))
	require.ErrorContains(t, err, "prod")
	assert.NotErrorIs(t, err, ErrUnavailable, "it does not pass by itself")
}

func TestGetSaysWhatTheRunKnows(t *testing.T) {
	t.Parallel()
	open := transfers.Snapshot{TransferID: transferID, Status: transfer.Pending, Customer: customer, Source: source, Target: target}
	over := open
	over.Status, over.Items = transfer.Complete, transfer.ItemCounts{Complete: 2}
	refused := transfers.Snapshot{TransferID: transferID, Answers: []transfer.Answer{{Refusal: kernel.Refuse(programme.RelationshipMissing, "Ask the customer first.")}}}
	running, failed := enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	for name, c := range map[string]struct {
		says  transfers.Snapshot
		err   error
		ended enumspb.WorkflowExecutionStatus
		want  error
		text  string
	}{
		"open":                {says: open, ended: running},
		"opening":             {says: transfers.Snapshot{TransferID: transferID}, ended: running},
		"over":                {says: over, ended: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
		"never was":           {err: serviceerror.NewNotFound("none"), want: transfer.NotFound},
		"refused":             {says: refused, ended: failed, want: transfer.NotFound, text: "Ask the customer first."},
		"ended from outside":  {says: open, ended: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, want: ErrAbandoned, text: "starter resume " + transferID},
		"nobody who answers":  {err: serviceerror.NewUnavailable("away"), want: ErrUnavailable},
		"a task that fails":   {err: serviceerror.NewWorkflowNotReady("task in failed state"), want: ErrFailing},
		"a replay that fails": {err: serviceerror.NewQueryFailed("nondeterminism"), want: ErrFailing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(&fakeTemporal{query: always(c.says, c.err), ended: c.ended}).Get(t.Context(), transferID)
			require.ErrorIs(t, err, c.want)
			if c.text != "" {
				assert.ErrorContains(t, err, c.text)
			}
			assert.Equal(t, c.says.Status, s.Transfer.Status)
			assert.Equal(t, c.says.Items, s.Items)
			assert.Equal(t, c.says.Source, s.Transfer.SourcePartnerTenantID)
		})
	}
	_, err := New(&fakeTemporal{}).Get(t.Context(), "x")
	require.ErrorIs(t, err, kernel.InvalidInput)
}

func listed(id string, started time.Time, fields map[string]string) *workflowpb.WorkflowExecutionInfo {
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id}, StartTime: timestamppb.New(started),
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{}},
	}
	for name, value := range fields {
		info.SearchAttributes.IndexedFields[name] = &commonpb.Payload{Data: []byte(value)}
	}
	return info
}

func TestListReadsEveryPageOfTheIndex(t *testing.T) {
	t.Parallel()
	started := time.Date(2031, 3, 2, 9, 15, 4, 0, time.UTC)
	entry := listed(transfer.WorkflowID(transferID), started, map[string]string{
		"TransferStatus": `"InProgress"`, "CustomerTenantId": `"` + customer + `"`, "SourcePartnerTenantId": `"` + source + `"`,
		"TargetPartnerTenantId": `"` + target + `"`, "TransferOverdue": "true",
	})
	pages, query := 0, ""
	f := &fakeTemporal{list: func(r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
		pages++
		query = r.GetQuery()
		page := &workflowservice.ListWorkflowExecutionsResponse{
			Executions: []*workflowpb.WorkflowExecutionInfo{entry, listed(transfer.RangeWorkflowID(transferID, 0, 250), started, nil)},
		}
		if len(r.GetNextPageToken()) == 0 {
			page.NextPageToken = []byte("2")
		}
		return page, nil
	}}
	want := Summary{
		TransferID: transferID, Status: transfer.InProgress, CustomerTenantID: customer, SourceTenantID: source, TargetTenantID: target,
		Overdue: true, Created: started,
	}
	found, err := New(f).List(t.Context(), Filter{CustomerTenantID: customer, PartnerTenantID: source, Status: transfer.InProgress})
	require.NoError(t, err)
	assert.Equal(t, []Summary{want, want}, found)
	assert.Equal(t, 2, pages)
	assert.Equal(t, "WorkflowType = 'Transfer' AND TransferStatus IS NOT NULL AND CustomerTenantId = '"+customer+"' AND "+
		"(SourcePartnerTenantId = '"+source+"' OR TargetPartnerTenantId = '"+source+"') AND TransferStatus = 'InProgress'", query)

	found, err = New(f).List(t.Context(), Filter{Limit: 1})
	require.NoError(t, err)
	assert.Len(t, found, 1)
}

func TestAFilterCannotChangeTheQuery(t *testing.T) {
	t.Parallel()
	f := &fakeTemporal{list: func(*workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
		return nil, serviceerror.NewUnavailable("away")
	}}
	for _, filter := range []Filter{{CustomerTenantID: "x' OR 'a'='a"}, {PartnerTenantID: "'"}} {
		_, err := New(f).List(t.Context(), filter)
		require.ErrorIs(t, err, kernel.InvalidInput)
	}
	_, err := New(f).List(t.Context(), Filter{Status: "Done"})
	require.ErrorIs(t, err, kernel.UnknownEnum)
	_, err = New(f).List(t.Context(), Filter{})
	require.ErrorIs(t, err, ErrUnavailable)
}

// isTechnical tells a failure of the machinery from a refusal, which is an answer.
func isTechnical(err error) bool {
	var refusal *kernel.Refusal
	return err != nil && !errors.As(err, &refusal)
}
