package transferclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"handover/internal/transfer"
	"handover/workflows"
)

// childReads bounds how many children of a large transfer are asked at once.
const childReads = 8

// Get reads a transfer in the operator's view: every line item attempted so far, with its attempts and the latest error
// of those that are being retried right now.
func (c *Client) Get(ctx context.Context, id string) (workflows.Snapshot, error) {
	id, err := transfer.ParseID("the transfer id", id)
	if err != nil {
		return workflows.Snapshot{}, err
	}
	snapshot, run, err := c.read(ctx, workflows.WorkflowID(id))
	if err != nil {
		return snapshot, err
	}
	if snapshot.Transfer.ID == "" {
		return snapshot, transfer.Refuse(transfer.NotFound, "There is no such transfer: the request was refused or is still being checked. %s",
			strings.Join(snapshot.Refused, " "))
	}
	if run == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED || run == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED {
		return snapshot, abandoned(run)
	}
	return snapshot, c.addRanges(ctx, &snapshot)
}

// unknown is the status of a run nobody asked about.
const unknown = enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED

// read asks one run how it stands and adds what only the server knows: the items being retried, and, when the transfer is
// not over, whether the run still runs.
func (c *Client) read(ctx context.Context, workflowID string) (workflows.Snapshot, enumspb.WorkflowExecutionStatus, error) {
	var snapshot workflows.Snapshot
	answer, err := c.temporal.QueryWorkflow(ctx, workflowID, "", workflows.QueryState)
	if err == nil {
		err = answer.Get(&snapshot)
	}
	if err != nil {
		return snapshot, unknown, c.explain(ctx, workflowID, err)
	}
	if snapshot.Transfer.Status.Final() {
		return snapshot, unknown, nil
	}
	described, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return snapshot, unknown, c.explain(ctx, workflowID, err)
	}
	addRetries(&snapshot, described)
	return snapshot, described.GetWorkflowExecutionInfo().GetStatus(), nil
}

// addRetries adds the attempts that the server has counted since the item was last heard of.
func addRetries(s *workflows.Snapshot, described *workflowservice.DescribeWorkflowExecutionResponse) {
	position := map[int]int{}
	for i, item := range s.Transfer.LineItems {
		position[item.ID] = i
	}
	for _, pending := range described.GetPendingActivities() {
		var ordinal int
		if _, err := fmt.Sscanf(pending.GetActivityId(), "item-%d", &ordinal); err != nil {
			continue
		}
		i, known := position[ordinal]
		if !known {
			continue
		}
		item := &s.Transfer.LineItems[i]
		if failed := int(pending.GetAttempt()) - 1; failed > 0 && item.Attempts != nil {
			attempts := *item.Attempts + failed
			item.Attempts = &attempts
			item.LastError = pending.GetLastFailure().GetMessage()
		}
	}
}

// addRanges collects the line items of a large transfer from its children, in order. A child that Temporal does not know
// has not begun yet, or was over for longer than the namespace keeps runs while another still retries: its line items are
// left out, and the counts stay those of the parent, which knows every child that ended.
func (c *Client) addRanges(ctx context.Context, s *workflows.Snapshot) error {
	parts := make([]workflows.Snapshot, len(s.Ranges))
	var missing atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(childReads)
	for i, workflowID := range s.Ranges {
		group.Go(func() error {
			part, _, err := c.read(ctx, workflowID)
			if errors.Is(err, transfer.NotFound) {
				missing.Store(true)
				return nil
			}
			parts[i] = part
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, part := range parts {
		s.Transfer.LineItems = append(s.Transfer.LineItems, part.Transfer.LineItems...)
	}
	if len(parts) > 0 && !missing.Load() && !s.Transfer.Status.Final() {
		s.Items = transfer.ItemCounts{}
		for _, part := range parts {
			s.Items.InProgress += part.Items.InProgress
			s.Items.Complete += part.Items.Complete
			s.Items.Failed += part.Items.Failed
		}
	}
	return nil
}

// Filter narrows a list; empty fields do not narrow.
type Filter struct {
	CustomerTenantID string
	PartnerTenantID  string // as source or target
	Status           transfer.Status
	Limit            int
}

// Summary is one line of a list.
type Summary struct {
	TransferID       string          `json:"id"`
	Status           transfer.Status `json:"status"`
	CustomerTenantID string          `json:"customerTenantId"`
	SourceTenantID   string          `json:"sourcePartnerTenantId"`
	TargetTenantID   string          `json:"targetPartnerTenantId"`
	Overdue          bool            `json:"overdue,omitempty"`
	Created          time.Time       `json:"createdTime"`
}

// List finds transfers by Temporal's search attributes, newest first. It may lag a moment behind.
func (c *Client) List(ctx context.Context, f Filter) ([]Summary, error) {
	query, err := f.query()
	if err != nil {
		return nil, err
	}
	var found []Summary
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 500}
	for {
		page, err := c.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, c.explain(ctx, "", err)
		}
		for _, execution := range page.GetExecutions() {
			if f.Limit > 0 && len(found) == f.Limit {
				return found, nil
			}
			if s, ok := summary(execution); ok {
				found = append(found, s)
			}
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return found, nil
		}
	}
}

// query is the filter in Temporal's list language. Every value has been checked, so none can change the query.
func (f Filter) query() (string, error) {
	terms := []string{fmt.Sprintf("WorkflowType = '%s'", workflows.TransferType), workflows.StatusKey.GetName() + " IS NOT NULL"}
	if f.CustomerTenantID != "" {
		id, err := transfer.ParseID("the customer's tenant id", f.CustomerTenantID)
		if err != nil {
			return "", err
		}
		terms = append(terms, fmt.Sprintf("%s = '%s'", workflows.CustomerKey.GetName(), id))
	}
	if f.PartnerTenantID != "" {
		id, err := transfer.ParseID("the partner's tenant id", f.PartnerTenantID)
		if err != nil {
			return "", err
		}
		terms = append(terms, fmt.Sprintf("(%s = '%s' OR %s = '%s')", workflows.SourceKey.GetName(), id, workflows.TargetKey.GetName(), id))
	}
	if f.Status != "" {
		if !known(f.Status) {
			return "", transfer.Refuse(transfer.UnknownEnum, "There is no transfer status %q; use Pending, InProgress, Complete, Expired, Cancel, Reject, Failed or PartiallyComplete.", f.Status)
		}
		terms = append(terms, fmt.Sprintf("%s = '%s'", workflows.StatusKey.GetName(), f.Status))
	}
	return strings.Join(terms, " AND "), nil
}

func known(s transfer.Status) bool {
	for _, status := range transfer.Statuses() {
		if status == s {
			return true
		}
	}
	return false
}

func summary(execution *workflowpb.WorkflowExecutionInfo) (Summary, bool) {
	id, ok := workflows.TransferID(execution.GetExecution().GetWorkflowId())
	if !ok {
		return Summary{}, false
	}
	fields := execution.GetSearchAttributes()
	status, _ := statusOf(fields)
	return Summary{
		TransferID: id, Status: status,
		CustomerTenantID: text(fields, workflows.CustomerKey.GetName()),
		SourceTenantID:   text(fields, workflows.SourceKey.GetName()),
		TargetTenantID:   text(fields, workflows.TargetKey.GetName()),
		Overdue:          string(fields.GetIndexedFields()[workflows.OverdueKey.GetName()].GetData()) == "true",
		Created:          execution.GetStartTime().AsTime(),
	}, true
}

func statusOf(fields *commonpb.SearchAttributes) (transfer.Status, bool) {
	status := text(fields, workflows.StatusKey.GetName())
	return transfer.Status(status), status != ""
}

func text(fields *commonpb.SearchAttributes, name string) string {
	return strings.Trim(string(fields.GetIndexedFields()[name].GetData()), `"`)
}
