package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// write creates and submits one transfer of a fresh customer, and waits after each until nothing is being done for it.
func (s *subject) write(ctx context.Context) error {
	request, err := s.book.request(smallItems)
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
	if _, err := s.waits(ctx, s.contenders[0], created.ID); err != nil {
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
	return errors.Join(err, s.finished(ctx, created.ID))
}

func transfersOf(customer string) string { return "/v1/customers/" + customer + "/transfers" }

func createBody(r transfer.Request) any {
	return map[string]any{
		"sourcePartnerTenantId": r.SourcePartnerTenantID, "sourcePartnerName": r.SourcePartnerName,
		"customerEmailId": r.CustomerEmail, "customerName": r.CustomerName, "transferType": r.TransferType,
	}
}

func submitBody(holdings []subscription.Subscription) any {
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

// finished returns when the transfer is over, and its run and e-mail too.
func (s *stage) finished(ctx context.Context, id string) error {
	if err := s.book.closings.await(ctx, id); err != nil {
		return err
	}
	return settled(ctx, s.contenders[0], smallItems, id)
}
