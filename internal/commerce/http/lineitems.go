package commercehttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"handover/internal/commerce"
	commercestore "handover/internal/commerce/store"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/subscription"
)

// provider is whose line items are asked for, and lineItemType what they are, as the wire contract has them in paths.
type (
	provider     string
	lineItemType string
)

// The names. Everything here is one of oneTime and billingLineItems; of the others there is none.
const (
	oneTime     provider = "OneTime"
	office      provider = "Office"
	azure       provider = "Azure"
	marketplace provider = "Marketplace"

	billingLineItems lineItemType = "BillingLineItems"
	usageLineItems   lineItemType = "UsageLineItems"

	// The same in line items and details.
	wireOneTime      = "one_time"
	wireBillingLines = "billing_line_items"
)

// The parts of the time for which nothing is invoiced yet.
const (
	current  = "current"
	previous = "previous"
)

// LineItem is one line of what a partner is charged or credited.
type LineItem struct {
	PartnerID             string             `json:"partnerId" doc:"Who pays."`
	CustomerID            string             `json:"customerId" doc:"Whose subscription it is."`
	CustomerName          string             `json:"customerName" doc:"Name of the customer."`
	CustomerDomainName    string             `json:"customerDomainName" doc:"Domain of the customer."`
	CustomerCountry       string             `json:"customerCountry" doc:"Country of the customer."`
	InvoiceNumber         string             `json:"invoiceNumber" doc:"The invoice; empty for what stands on none yet."`
	MPNID                 string             `json:"mpnId" doc:"PartnerID of who pays."`
	ResellerMPNID         string             `json:"resellerMpnId" doc:"PartnerID of the indirect reseller credited; empty for none."`
	OrderID               string             `json:"orderId" doc:"The order that brought the subscription; empty where none here did."`
	ProductID             string             `json:"productId" doc:"What it is."`
	SKUID                 string             `json:"skuId" doc:"Which kind of it."`
	ProductName           string             `json:"productName" doc:"Name of the subscription."`
	SKUName               string             `json:"skuName" doc:"The same."`
	ChargeType            string             `json:"chargeType" enum:"new,cancel,addQuantity,removeQuantity,cycleCharge" doc:"new: what a transfer brought; cancel: what moved away or ended; cycleCharge: a cycle that is to begin."`
	UnitPrice             Amount             `json:"unitPrice" doc:"Price of a unit for a billing cycle."`
	EffectiveUnitPrice    Amount             `json:"effectiveUnitPrice" doc:"The same: nothing is discounted."`
	Quantity              int                `json:"quantity" doc:"Number of units."`
	Subtotal              Amount             `json:"subtotal" doc:"What is charged; less than nothing for what is given back."`
	TaxTotal              Amount             `json:"taxTotal" doc:"0: taxes are not known here."`
	TotalForCustomer      Amount             `json:"totalForCustomer" doc:"The same as subtotal."`
	Currency              string             `json:"currency" example:"EUR" doc:"Currency of all amounts."`
	SubscriptionID        string             `json:"subscriptionId" doc:"The subscription."`
	SubscriptionStartDate time.Time          `json:"subscriptionStartDate" doc:"From when on the partner pays for it."`
	SubscriptionEndDate   *time.Time         `json:"subscriptionEndDate,omitempty" doc:"Last day of its term; absent without one."`
	ChargeStartDate       time.Time          `json:"chargeStartDate" doc:"First day of the line."`
	ChargeEndDate         time.Time          `json:"chargeEndDate" doc:"Last day of the line."`
	TermAndBillingCycle   string             `json:"termAndBillingCycle" example:"P1Y monthly" doc:"Term and billing cycle of the subscription."`
	ReferenceID           string             `json:"referenceId" doc:"Id of the line."`
	PricingCurrency       string             `json:"pricingCurrency" doc:"The same as currency."`
	BillableQuantity      int                `json:"billableQuantity" doc:"The same as quantity."`
	BillingFrequency      string             `json:"billingFrequency" example:"Monthly" doc:"How often the subscription is billed."`
	InvoiceLineItemType   string             `json:"invoiceLineItemType" example:"billing_line_items" doc:"What it is."`
	BillingProvider       string             `json:"billingProvider" example:"one_time" doc:"Whose it is."`
	TransferID            string             `json:"transferId,omitempty" doc:"Extension: the transfer that it comes from."`
	Attributes            httpapi.Attributes `json:"attributes"`
}

// LineItems is one page of line items.
type LineItems struct {
	TotalCount        int                `json:"totalCount" doc:"Of an invoice, how many there are in all; of what is unbilled, how many are on this page, as charges to come are only known when they are asked for."`
	Items             []LineItem         `json:"items" doc:"The line items of this page, by time; charges to come last."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

type listLineItems struct {
	InvoicePath
	Provider string `path:"provider" doc:"OneTime; Office, Azure and Marketplace have none here. In any case."`
	Type     string `path:"lineItemType" doc:"BillingLineItems; UsageLineItems there are none here. In any case."`
	httpapi.Paging
}

type listUnbilled struct {
	Provider string `query:"provider" doc:"OneTime, which is meant when it is left out; Office, Azure and Marketplace have none here."`
	Type     string `query:"invoiceLineItemType" doc:"BillingLineItems, which is meant when it is left out; UsageLineItems there are none here."`
	Currency string `query:"currencyCode" doc:"Only those in this currency, in any case." example:"EUR"`
	Period   string `query:"period" doc:"current, which is meant when it is left out; of previous there is never any, as an invoice is made when its month ends."`
	httpapi.Paging
}

func (s *Service) registerLineItems(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listInvoiceLineItems", Method: http.MethodGet, Path: "/v1/invoices/{invoiceId}/lineitems/{provider}/{lineItemType}", Tag: "Billing",
		Summary: "List the line items of an invoice", Description: "What it consists of, by time.",
		Roles: accountants, Right: programmehttp.Commerce(), Causes: []kernel.Cause{commerce.InvoiceUnknown, kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listLineItems)
	httpapi.Register(a, httpapi.Route{
		ID: "listUnbilledLineItems", Method: http.MethodGet, Path: "/v1/invoices/unbilled/lineitems", Tag: "Billing",
		Summary:     "List what is not invoiced yet",
		Description: "What this month's invoice holds so far, and then the next charge of every subscription that the caller pays by the cycle, as it is if nothing changes.",
		Roles:       accountants, Right: programmehttp.Commerce(), Causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listUnbilled)
}

// source is whose line items are asked for, and which.
type source struct {
	by   provider
	kind lineItemType
}

// readSource reads them in any case; nothing stands for what there is here. Refusal: UnknownEnum for a name that the wire contract
// does not have.
func readSource(by, kind string) (source, error) {
	var asked source
	var known bool
	if asked.by, known = kernel.Named(provider(by), oneTime, office, azure, marketplace); !known && by != "" {
		return asked, kernel.Refuse(kernel.UnknownEnum, "The provider must be OneTime, Office, Azure or Marketplace.")
	}
	if asked.kind, known = kernel.Named(lineItemType(kind), billingLineItems, usageLineItems); !known && kind != "" {
		return asked, kernel.Refuse(kernel.UnknownEnum, "The type of line items must be BillingLineItems or UsageLineItems.")
	}
	return asked, nil
}

// here tells whether there are such line items at all.
func (s source) here() bool {
	return (s.by == "" || s.by == oneTime) && (s.kind == "" || s.kind == billingLineItems)
}

func (s *Service) listLineItems(ctx context.Context, in *listLineItems) (*struct{ Body LineItems }, error) {
	asked, err := readSource(in.Provider, in.Type)
	if err != nil {
		return nil, err
	}
	size, err := httpapi.PageSize(in.Size, httpapi.MostPage)
	if err != nil {
		return nil, err
	}
	at, id, err := place(in.Paging)
	if err != nil {
		return nil, err
	}
	invoice, err := s.invoice(ctx, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	path := "/invoices/" + invoice.ID() + "/lineitems/" + string(asked.by) + "/" + string(asked.kind)
	page := LineItems{Items: []LineItem{}, Attributes: httpapi.Collection, Links: httpapi.PageLinks{Self: httpapi.LinkTo(path, nil)}}
	if !asked.here() {
		return &struct{ Body LineItems }{page}, nil
	}
	found, err := s.records.BillingLinesOf(ctx, commercestore.ItemSearch{
		PartnerTenantID: invoice.PartnerTenantID, Month: invoice.Month, Currency: invoice.Currency, Limit: size, AfterTime: at, AfterID: id,
	})
	if err != nil {
		return nil, err
	}
	page.TotalCount = found.Total
	page.add(found.Items, invoice.ID())
	if found.More {
		page.ContinuationToken = tokenAfter(found.Items)
	}
	page.Links.Next = in.Next(path, page.ContinuationToken, url.Values{})
	return &struct{ Body LineItems }{page}, nil
}

// tokenAfter is the token of what follows on these lines.
func tokenAfter(items []commercestore.Item) string {
	last := items[len(items)-1]
	return httpapi.WriteCursor(last.CreatedAt, last.ID)
}

// beforeAll is a token for charges to come: every subscription comes after it.
const beforeAll = "00000000-0000-0000-0000-000000000000"

func (s *Service) listUnbilled(ctx context.Context, in *listUnbilled) (*struct{ Body LineItems }, error) {
	asked, err := readSource(in.Provider, in.Type)
	if err != nil {
		return nil, err
	}
	period, known := kernel.Named(in.Period, "", current, previous)
	if !known {
		return nil, kernel.Refuse(kernel.UnknownEnum, "period must be current or previous.")
	}
	q, coming, err := in.search(httpapi.RequestOf(ctx).Caller.TenantID)
	if err != nil {
		return nil, err
	}
	const path = "/invoices/unbilled/lineitems"
	kept := in.kept()
	page := LineItems{Items: []LineItem{}, Attributes: httpapi.Collection, Links: httpapi.PageLinks{Self: httpapi.LinkTo(path, kept)}}
	if asked.here() && period != previous {
		if err := s.addUnbilled(ctx, &page, q, coming); err != nil {
			return nil, err
		}
	}
	page.TotalCount = len(page.Items)
	page.Links.Next = in.Next(path, page.ContinuationToken, kept)
	return &struct{ Body LineItems }{page}, nil
}

// search is what is searched for; with the subscription after which charges to come begin, when only those are left.
func (in *listUnbilled) search(partner string) (q commercestore.ItemSearch, coming string, err error) {
	q.PartnerTenantID = partner
	if in.Currency != "" {
		if q.Currency, err = commerce.CheckCurrency("currencyCode", in.Currency); err != nil {
			return q, "", err
		}
	}
	if q.Limit, err = httpapi.PageSize(in.Size, httpapi.MostPage); err != nil {
		return q, "", err
	}
	token, err := in.After()
	if err != nil {
		return q, "", err
	}
	if id, bad := kernel.ParseID("the token", token); bad == nil {
		return q, id, nil
	}
	q.AfterTime, q.AfterID, err = place(in.Paging)
	return q, "", err
}

// kept is what the query asks for besides the page.
func (in *listUnbilled) kept() url.Values {
	kept := url.Values{}
	for name, value := range map[string]string{"provider": in.Provider, "invoiceLineItemType": in.Type, "currencyCode": in.Currency, "period": in.Period} {
		if value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

// addUnbilled adds the lines of this month and, after the last one, charges to come; from where they are asked for only those.
func (s *Service) addUnbilled(ctx context.Context, page *LineItems, q commercestore.ItemSearch, coming string) error {
	if coming == "" {
		found, err := s.records.BillingLinesOf(ctx, q)
		if err != nil {
			return err
		}
		page.add(found.Items, "")
		switch {
		case found.More:
			page.ContinuationToken = tokenAfter(found.Items)
			return nil
		case len(found.Items) == q.Limit:
			page.ContinuationToken = beforeAll
			return nil
		}
		coming = beforeAll
	}
	next, err := s.records.ComingOf(ctx, q.PartnerTenantID, q.Currency, coming, q.Limit-len(page.Items))
	page.add(next.Items, "")
	page.ContinuationToken = next.After
	return err
}

// add shows more items.
func (p *LineItems) add(items []commercestore.Item, invoice string) {
	for _, i := range items {
		p.Items = append(p.Items, showItem(i, invoice))
	}
}

// chargeTypes are what lines are called on the wire, by what they come from.
var chargeTypes = map[commerce.Occasion]map[commerce.Kind]string{
	commerce.ByTransfer:     {commerce.Charge: "new", commerce.Credit: "cancel"},
	commerce.ByCancellation: {commerce.Credit: "cancel"},
	commerce.ByQuantity:     {commerce.Charge: "addQuantity", commerce.Credit: "removeQuantity"},
	commerce.ByCycle:        {commerce.Charge: "cycleCharge"},
}

// frequencies are what billing cycles are called there.
var frequencies = map[subscription.BillingCycle]string{
	subscription.Monthly: "Monthly", subscription.Annual: "Annual", subscription.OneTime: "OneTime",
}

// showItem is the line as the caller sees it.
func showItem(i commercestore.Item, invoice string) LineItem {
	s := i.Subscription
	product, sku, _ := strings.Cut(s.OfferID, ":")
	seen := LineItem{
		PartnerID: i.PartnerTenantID, CustomerID: i.CustomerTenantID, CustomerName: i.Customer.Name, CustomerDomainName: i.Customer.Domain,
		CustomerCountry: i.Customer.Market, InvoiceNumber: invoice, MPNID: i.PartnerMPN, ResellerMPNID: s.PartnerOnRecord, OrderID: i.OrderID,
		ProductID: product, SKUID: sku, ProductName: s.FriendlyName, SKUName: s.FriendlyName, ChargeType: chargeTypes[i.Cause][i.Kind],
		UnitPrice: Amount{commerce.Minor(s.UnitPriceMinor)}, EffectiveUnitPrice: Amount{commerce.Minor(s.UnitPriceMinor)}, Quantity: i.Quantity,
		Subtotal: Amount{i.Signed()}, TotalForCustomer: Amount{i.Signed()}, Currency: i.Currency,
		SubscriptionID: s.ID, SubscriptionStartDate: s.BillingStart(), SubscriptionEndDate: httpapi.Given(s.CommitmentEndDate),
		ChargeStartDate: i.From, ChargeEndDate: i.To, TermAndBillingCycle: strings.TrimSpace(s.TermDuration + " " + string(s.BillingCycle)),
		ReferenceID: i.ID, PricingCurrency: i.Currency, BillableQuantity: i.Quantity, BillingFrequency: frequencies[s.BillingCycle],
		InvoiceLineItemType: wireBillingLines, BillingProvider: wireOneTime, Attributes: httpapi.Attributes{ObjectType: "OneTimeInvoiceLineItem"},
	}
	if i.Cause == commerce.ByTransfer {
		seen.TransferID = i.Subject
	}
	return seen
}
