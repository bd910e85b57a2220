package transferclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// Get reads what the run of a transfer knows: how it stands, its counts, and the answers to commands that came through
// Temporal. Names and line items stand in the ledger. Refusal: NotFound, when Temporal has no run of it (any more).
func (c *Client) Get(ctx context.Context, id string) (operatorview.Snapshot, error) {
	id, err := kernel.ParseID("the transfer id", id)
	if err != nil {
		return operatorview.Snapshot{}, err
	}
	said, err := c.query(ctx, transfer.WorkflowID(id))
	if err != nil {
		return operatorview.Snapshot{}, err
	}
	s := operatorview.FromRun(said)
	if s.Transfer.Status.Final() {
		return s, nil
	}
	described, err := c.temporal.DescribeWorkflowExecution(ctx, transfer.WorkflowID(id), "")
	if err != nil {
		return s, explain(err)
	}
	ended := described.GetWorkflowExecutionInfo().GetStatus()
	switch {
	case ended == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED && s.Transfer.Status == transfer.None:
		return s, kernel.Refuse(transfer.NotFound, "There is no such transfer: the request was refused. %s", strings.Join(s.Refused, " "))
	case ended == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED || ended == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
		return s, abandoned(id, ended)
	}
	return s, nil
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
			return nil, explain(err)
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
	terms := []string{fmt.Sprintf("WorkflowType = '%s'", transfers.Type), transfers.StatusKey.GetName() + " IS NOT NULL"}
	if f.CustomerTenantID != "" {
		id, err := kernel.ParseID("the customer's tenant id", f.CustomerTenantID)
		if err != nil {
			return "", err
		}
		terms = append(terms, fmt.Sprintf("%s = '%s'", transfers.CustomerKey.GetName(), id))
	}
	if f.PartnerTenantID != "" {
		id, err := kernel.ParseID("the partner's tenant id", f.PartnerTenantID)
		if err != nil {
			return "", err
		}
		terms = append(terms, fmt.Sprintf("(%s = '%s' OR %s = '%s')", transfers.SourceKey.GetName(), id, transfers.TargetKey.GetName(), id))
	}
	if f.Status != "" {
		if !slices.Contains(transfer.Statuses(), f.Status) {
			return "", kernel.Refuse(kernel.UnknownEnum, "There is no transfer status %q; use Pending, InProgress, Complete, Expired, Cancel, Reject, Failed or PartiallyComplete.", f.Status)
		}
		terms = append(terms, fmt.Sprintf("%s = '%s'", transfers.StatusKey.GetName(), f.Status))
	}
	return strings.Join(terms, " AND "), nil
}

func summary(execution *workflowpb.WorkflowExecutionInfo) (Summary, bool) {
	id, ok := transfer.OfWorkflow(execution.GetExecution().GetWorkflowId())
	if !ok {
		return Summary{}, false
	}
	fields := execution.GetSearchAttributes()
	status, _ := statusOf(fields)
	return Summary{
		TransferID: id, Status: status,
		CustomerTenantID: text(fields, transfers.CustomerKey.GetName()),
		SourceTenantID:   text(fields, transfers.SourceKey.GetName()),
		TargetTenantID:   text(fields, transfers.TargetKey.GetName()),
		Overdue:          string(fields.GetIndexedFields()[transfers.OverdueKey.GetName()].GetData()) == "true",
		Created:          execution.GetStartTime().AsTime(),
	}, true
}

func statusOf(fields *commonpb.SearchAttributes) (transfer.Status, bool) {
	status := text(fields, transfers.StatusKey.GetName())
	return transfer.Status(status), status != ""
}

func text(fields *commonpb.SearchAttributes, name string) string {
	return strings.Trim(string(fields.GetIndexedFields()[name].GetData()), `"`)
}
