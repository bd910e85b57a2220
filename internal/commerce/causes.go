package commerce

import (
	"net/http"

	"handover/internal/kernel"
)

// Why an order or an invoice cannot be had.
const (
	OrderUnknown   kernel.Cause = "OrderUnknown"
	InvoiceUnknown kernel.Cause = "InvoiceUnknown"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	OrderUnknown:   {Code: "20000", Status: http.StatusNotFound, Rule: "R-110"},
	InvoiceUnknown: {Code: "1000", Status: http.StatusNotFound, Rule: "R-110"},
})

// NoSuchOrder is the answer about an order that does not exist, or is not the caller's: both hear the same.
func NoSuchOrder(id string) *kernel.Refusal {
	id = kernel.Clip(id)
	return kernel.Refuse(OrderUnknown, "Order %s does not exist.", id).About(id)
}

// NoSuchInvoice is the answer about an invoice that does not exist, or is not the caller's: both hear the same.
func NoSuchInvoice(id string) *kernel.Refusal {
	id = kernel.Clip(id)
	return kernel.Refuse(InvoiceUnknown, "Invoice %s does not exist.", id).About(id)
}
