package commercehttp

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"handover/internal/commerce"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
)

// Invoice is what a partner was charged and credited in a month (F-11).
type Invoice struct {
	ID                     string             `json:"id" example:"G202606EUR0A1B2C3D" doc:"The invoice: the same for ever."`
	InvoiceDate            time.Time          `json:"invoiceDate" doc:"The end of its month."`
	BillingPeriodStartDate time.Time          `json:"billingPeriodStartDate" doc:"First day of the month."`
	BillingPeriodEndDate   time.Time          `json:"billingPeriodEndDate" doc:"Last day of the month."`
	TotalCharges           Amount             `json:"totalCharges" doc:"What its line items add up to: less than nothing when more was given back than charged."`
	CurrencyCode           string             `json:"currencyCode" example:"EUR" doc:"Currency of all amounts."`
	InvoiceDetails         []InvoiceDetail    `json:"invoiceDetails" doc:"Which line items it has."`
	DocumentType           string             `json:"documentType" example:"invoice" doc:"invoice."`
	InvoiceType            string             `json:"invoiceType" example:"OneTime" doc:"OneTime."`
	Links                  kernel.Links       `json:"links"`
	Attributes             httpapi.Attributes `json:"attributes"`
}

// InvoiceDetail leads to line items of one kind.
type InvoiceDetail struct {
	InvoiceLineItemType string             `json:"invoiceLineItemType" example:"billing_line_items" doc:"What they are."`
	BillingProvider     string             `json:"billingProvider" example:"one_time" doc:"Whose they are."`
	Links               kernel.Links       `json:"links"`
	Attributes          httpapi.Attributes `json:"attributes"`
}

// Invoices is one page of the caller's invoices.
type Invoices struct {
	TotalCount        int                `json:"totalCount" doc:"How many there are in all."`
	Items             []Invoice          `json:"items" doc:"The invoices of this page, the newest first."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

type listInvoices struct{ httpapi.Paging }

// InvoicePath says which invoice.
type InvoicePath struct {
	InvoiceID string `path:"invoiceId" doc:"Id of the invoice, in any case."`
}

// accountants are the roles that see what a partner pays.
var accountants = []identity.Role{identity.AdminAgent}

func (s *Service) registerInvoices(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listInvoices", Method: http.MethodGet, Path: "/v1/invoices", Tag: "Billing", Summary: "List your invoices",
		Description: "Those of months that are over, the newest first. They hold what moves and cancellations cost and gave back.",
		Roles:       accountants, Right: programmehttp.Commerce(), Causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listInvoices)
	httpapi.Register(a, httpapi.Route{
		ID: "getInvoice", Method: http.MethodGet, Path: "/v1/invoices/{invoiceId}", Tag: "Billing", Summary: "Read an invoice",
		Roles: accountants, Right: programmehttp.Commerce(), Causes: []kernel.Cause{commerce.InvoiceUnknown},
	}, s.getInvoice)
}

func (s *Service) listInvoices(ctx context.Context, in *listInvoices) (*struct{ Body Invoices }, error) {
	partner := httpapi.RequestOf(ctx).Caller.TenantID
	size, err := httpapi.PageSize(in.Size, httpapi.MostPage)
	if err != nil {
		return nil, err
	}
	token, err := in.After()
	if err != nil {
		return nil, err
	}
	var after commerce.Invoice
	if token != "" {
		if after, err = commerce.ReadInvoiceID(partner, token); err != nil {
			return nil, httpapi.NoSuchToken()
		}
	}
	found, err := s.records.InvoicesOf(ctx, partner, after, size)
	if err != nil {
		return nil, err
	}
	page := Invoices{TotalCount: found.Total, Items: make([]Invoice, len(found.Items)), Attributes: httpapi.Collection}
	for i, one := range found.Items {
		page.Items[i] = showInvoice(one)
	}
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].ID()
	}
	page.Links.Self = httpapi.LinkTo("/invoices", nil)
	page.Links.Next = in.Next("/invoices", page.ContinuationToken, url.Values{})
	return &struct{ Body Invoices }{page}, nil
}

func (s *Service) getInvoice(ctx context.Context, in *InvoicePath) (*struct{ Body Invoice }, error) {
	found, err := s.invoice(ctx, in.InvoiceID)
	return &struct{ Body Invoice }{showInvoice(found)}, err
}

// invoice is an invoice of the caller. Refusal: InvoiceUnknown.
func (s *Service) invoice(ctx context.Context, id string) (commerce.Invoice, error) {
	wanted, err := commerce.ReadInvoiceID(httpapi.RequestOf(ctx).Caller.TenantID, id)
	if err != nil {
		return wanted, err
	}
	return s.records.InvoiceOf(ctx, wanted)
}

// showInvoice is the invoice as the caller sees it.
func showInvoice(i commerce.Invoice) Invoice {
	path := "/invoices/" + i.ID()
	return Invoice{
		ID: i.ID(), InvoiceDate: i.Until(), BillingPeriodStartDate: i.Month, BillingPeriodEndDate: i.Until().AddDate(0, 0, -1),
		TotalCharges: Amount{i.Total}, CurrencyCode: i.Currency, DocumentType: "invoice", InvoiceType: "OneTime",
		InvoiceDetails: []InvoiceDetail{{
			InvoiceLineItemType: wireBillingLines, BillingProvider: wireOneTime,
			Links:      kernel.Links{Self: httpapi.LinkTo(path+"/lineitems/"+string(oneTime)+"/"+string(billingLineItems), nil)},
			Attributes: httpapi.Attributes{ObjectType: "InvoiceDetail"},
		}},
		Links: kernel.Links{Self: httpapi.LinkTo(path, nil)}, Attributes: httpapi.Attributes{ObjectType: "Invoice"},
	}
}
