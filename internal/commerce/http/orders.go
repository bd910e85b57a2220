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
	"handover/internal/programme"
	programmehttp "handover/internal/programme/http"
	"handover/internal/subscription"
)

// Order is what a partner bought for a customer (F-7).
type Order struct {
	ID                  string                    `json:"id" doc:"The order."`
	ReferenceCustomerID string                    `json:"referenceCustomerId" doc:"The customer."`
	BillingCycle        subscription.BillingCycle `json:"billingCycle" doc:"How often it is billed."`
	TransactionType     commerce.TransactionType  `json:"transactionType" doc:"SystemPurchase: the platform placed it, for what a transfer brought."`
	CurrencyCode        string                    `json:"currencyCode" example:"EUR" doc:"Currency that the partner was billed in."`
	LineItems           []OrderLineItem           `json:"lineItems" doc:"What was bought."`
	CreationDate        time.Time                 `json:"creationDate" doc:"When it was placed."`
	Status              commerce.OrderStatus      `json:"status" enum:"pending,completed,cancelled" doc:"How far it is."`
	Links               kernel.Links              `json:"links"`
	Attributes          httpapi.Attributes        `json:"attributes"`
}

// OrderLineItem is one thing of an order.
type OrderLineItem struct {
	LineItemNumber    int            `json:"lineItemNumber" doc:"Number in the order, from 0."`
	OfferID           string         `json:"offerId" doc:"What was bought."`
	SubscriptionID    string         `json:"subscriptionId" doc:"What it became."`
	TermDuration      string         `json:"termDuration,omitempty" example:"P1Y" doc:"Length of the term; absent without one."`
	FriendlyName      string         `json:"friendlyName" doc:"Name of the subscription when it was ordered."`
	Quantity          int            `json:"quantity" doc:"Number of units when it was ordered."`
	PartnerIDOnRecord string         `json:"partnerIdOnRecord,omitempty" doc:"PartnerID of the indirect reseller credited."`
	Links             OrderLineLinks `json:"links"`
}

// OrderLineLinks lead to what a line is about.
type OrderLineLinks struct {
	Subscription kernel.Link `json:"subscription"`
}

// Orders is one page of what the caller ordered for a customer.
type Orders struct {
	TotalCount        int                `json:"totalCount" doc:"How many there are in all."`
	Items             []Order            `json:"items" doc:"The orders of this page, by time."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

type listOrders struct {
	programmehttp.CustomerPath
	httpapi.Paging
}

// OrderPath says which order of a customer.
type OrderPath struct {
	programmehttp.CustomerPath
	OrderID string `path:"orderId" doc:"Id of the order, in any case."`
}

func (s *Service) registerOrders(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listOrders", Method: http.MethodGet, Path: "/v1/customers/{customerId}/orders", Tag: "Billing",
		Summary: "List a customer's orders", Description: "What the caller ordered for the customer, and what transfers brought, by time.",
		Roles: programmehttp.Readers(), Right: programmehttp.Commerce(), Causes: []kernel.Cause{programme.CustomerUnknown, kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listOrders)
	httpapi.Register(a, httpapi.Route{
		ID: "getOrder", Method: http.MethodGet, Path: "/v1/customers/{customerId}/orders/{orderId}", Tag: "Billing",
		Summary: "Read an order", Roles: programmehttp.Readers(), Right: programmehttp.Commerce(), Causes: []kernel.Cause{commerce.OrderUnknown},
	}, s.getOrder)
}

func (s *Service) listOrders(ctx context.Context, in *listOrders) (*struct{ Body Orders }, error) {
	q := commercestore.OrderSearch{PartnerTenantID: httpapi.RequestOf(ctx).Caller.TenantID, CustomerTenantID: in.CustomerID}
	var err error
	if q.Limit, err = httpapi.PageSize(in.Size, httpapi.MostPage); err != nil {
		return nil, err
	}
	if q.AfterTime, q.AfterID, err = place(in.Paging); err != nil {
		return nil, err
	}
	found, err := s.records.OrdersOf(ctx, q)
	if err != nil {
		return nil, err
	}
	page := Orders{TotalCount: found.Total, Items: make([]Order, len(found.Items)), Attributes: httpapi.Collection}
	for i, o := range found.Items {
		page.Items[i] = showOrder(o)
	}
	if found.More {
		last := found.Items[len(found.Items)-1]
		page.ContinuationToken = httpapi.WriteCursor(last.Created, last.ID)
	}
	path := "/customers/" + strings.ToLower(in.CustomerID) + "/orders"
	page.Links.Self = httpapi.LinkTo(path, nil)
	page.Links.Next = in.Next(path, page.ContinuationToken, url.Values{})
	return &struct{ Body Orders }{page}, nil
}

// place is where a page begins in a list by time; the zero place for the first one. Refusals: those of Paging.After and
// httpapi.ReadCursor.
func place(p httpapi.Paging) (time.Time, string, error) {
	token, err := p.After()
	if err != nil || token == "" {
		return time.Time{}, "", err
	}
	return httpapi.ReadCursor(token)
}

func (s *Service) getOrder(ctx context.Context, in *OrderPath) (*struct{ Body Order }, error) {
	found, err := s.records.OrderOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID, in.OrderID)
	return &struct{ Body Order }{showOrder(found)}, err
}

// showOrder is the order as the caller sees it.
func showOrder(o commerce.Order) Order {
	customer := "/customers/" + o.CustomerTenantID
	seen := Order{
		ID: o.ID, ReferenceCustomerID: o.CustomerTenantID, BillingCycle: o.BillingCycle, TransactionType: o.TransactionType, CurrencyCode: o.Currency,
		LineItems: make([]OrderLineItem, len(o.Lines)), CreationDate: o.Created, Status: o.Status,
		Links: kernel.Links{Self: httpapi.LinkTo(customer+"/orders/"+o.ID, nil)}, Attributes: httpapi.Attributes{ObjectType: "Order"},
	}
	for i, l := range o.Lines {
		seen.LineItems[i] = OrderLineItem{
			LineItemNumber: l.Number, OfferID: l.OfferID, SubscriptionID: l.SubscriptionID, TermDuration: l.TermDuration,
			FriendlyName: l.FriendlyName, Quantity: l.Quantity, PartnerIDOnRecord: l.PartnerIDOnRecord,
			Links: OrderLineLinks{Subscription: httpapi.LinkTo(customer+"/subscriptions/"+l.SubscriptionID, nil)},
		}
	}
	return seen
}
