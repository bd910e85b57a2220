// Package commercehttp are the operations about what partners pay: orders, invoices and their line items.
//
//	service.go    what they need, and how amounts are written
//	orders.go     what a partner ordered for a customer
//	invoices.go   a partner's invoices
//	lineitems.go  what stands on them, and on none yet
package commercehttp

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/commerce"
	commercestore "handover/internal/commerce/store"
	"handover/internal/httpapi"
	"handover/internal/store"
)

// Records is what the operations ask of the ledger.
type Records interface {
	OrdersOf(ctx context.Context, q commercestore.OrderSearch) (store.Page[commerce.Order], error)
	OrderOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (commerce.Order, error)
	InvoicesOf(ctx context.Context, partnerTenantID string, after commerce.Invoice, limit int) (store.Page[commerce.Invoice], error)
	InvoiceOf(ctx context.Context, wanted commerce.Invoice) (commerce.Invoice, error)
	BillingLinesOf(ctx context.Context, q commercestore.ItemSearch) (store.Page[commercestore.Item], error)
	ComingOf(ctx context.Context, partnerTenantID, currency, after string, limit int) (commercestore.Coming, error)
}

// Service answers requests about what partners pay.
type Service struct{ records Records }

// New makes the service.
func New(records Records) *Service { return &Service{records} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	s.registerOrders(a)
	s.registerInvoices(a)
	s.registerLineItems(a)
}

// Amount is an amount on the wire: a number of units with two decimals.
type Amount struct{ commerce.Minor }

// Schema describes it.
func (Amount) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Examples: []any{871.23}}
}
