package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"handover/internal/transfer"
	"handover/internal/world"
	"handover/workflows"
)

// write creates and submits one transfer of a fresh customer, and waits after each until nothing is being done for it.
func (s *subject) write(ctx context.Context) error {
	request, err := s.request(smallItems)
	if err != nil {
		return err
	}
	holdings, err := s.Ledger.Subscriptions(ctx, request.CustomerTenantID, world.LargeSource)
	if err != nil {
		return err
	}
	create := call{by: s.target, method: http.MethodPost, path: transfersOf(request.CustomerTenantID), body: createBody(request), want: http.StatusCreated}
	answer, err := s.timed(ctx, createRequest, create)
	if err != nil {
		return err
	}
	created, err := readAs[transfer.Entity](answer)
	if err != nil {
		return err
	}
	if err := s.idle(ctx, workflows.WorkflowID(created.ID)); err != nil {
		return err
	}
	submit := call{by: s.source, method: http.MethodPatch, path: create.path + "/" + created.ID, body: submitBody(holdings), want: http.StatusOK}
	answer, err = s.timed(ctx, submitRequest, submit)
	if err != nil {
		return err
	}
	submitted, err := readAs[transfer.Entity](answer)
	if err == nil && len(submitted.LineItems) != smallItems {
		err = fmt.Errorf("the submit of transfer %s answered %d line items", created.ID, len(submitted.LineItems))
	}
	return errors.Join(err, s.settled(ctx, s.contenders[0], created.ID, smallItems))
}

func transfersOf(customer string) string { return "/v1/customers/" + customer + "/transfers" }

func createBody(r transfer.Request) any {
	return map[string]any{
		"sourcePartnerTenantId": r.SourcePartnerTenantID, "sourcePartnerName": r.SourcePartnerName,
		"customerEmailId": r.CustomerEmail, "customerName": r.CustomerName, "transferType": r.TransferType,
	}
}

func submitBody(holdings []transfer.Subscription) any {
	var items []map[string]any
	for _, held := range holdings {
		items = append(items, map[string]any{"subscriptionId": held.ID, "productType": held.ProductType})
	}
	return map[string]any{"status": "InProgress", "lineItems": items}
}

func readAs[T any](answer []byte) (T, error) {
	var read T
	err := json.Unmarshal(answer, &read)
	return read, err
}

// idleEvery is how often it is looked whether a run has anything to do.
const idleEvery = 2 * time.Millisecond

// idle returns when the run only waits: no step of it is under way, e-mail included.
func (s *stage) idle(ctx context.Context, workflowID string) error {
	tick := time.NewTicker(idleEvery)
	defer tick.Stop()
	for {
		run, err := s.Connection.DescribeWorkflowExecution(ctx, workflowID, "")
		if err != nil {
			return err
		}
		if run.GetPendingWorkflowTask() == nil && len(run.GetPendingActivities()) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the run %s does not come to rest: %w", workflowID, context.Cause(ctx))
		}
	}
}
