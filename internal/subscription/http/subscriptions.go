// Package subscriptionhttp are the operations about subscriptions: what a partner bills a customer for, and its changes.
//
//	subscriptions.go   list and get; change.go what a PATCH says
package subscriptionhttp

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmehttp "handover/internal/programme/http"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// Subscription is a subscription as its billing owner sees it (wire-notes 12, domain section 8.3).
type Subscription struct {
	ID                           string                    `json:"id" doc:"The subscription."`
	OfferID                      string                    `json:"offerId" doc:"What was bought."`
	FriendlyName                 string                    `json:"friendlyName" doc:"Name that the partner gave it."`
	Quantity                     int                       `json:"quantity" doc:"Number of units."`
	Status                       subscription.Status       `json:"status" enum:"active,pending,suspended,expired,disabled,deleted" doc:"State of the subscription."`
	BillingCycle                 subscription.BillingCycle `json:"billingCycle" doc:"How often it is billed."`
	TermDuration                 string                    `json:"termDuration,omitempty" example:"P1Y" doc:"Length of the term; absent without one."`
	CreationDate                 time.Time                 `json:"creationDate" doc:"When it was created."`
	EffectiveStartDate           time.Time                 `json:"effectiveStartDate" doc:"From when on the caller pays for it: the day of the submit, when a transfer brought it (R-32)."`
	CommitmentEndDate            *time.Time                `json:"commitmentEndDate,omitempty" doc:"Last day of the term; absent without one."`
	AutoRenewEnabled             bool                      `json:"autoRenewEnabled" doc:"Whether it renews at the end of its term."`
	PartnerID                    string                    `json:"partnerId,omitempty" doc:"PartnerID of the indirect reseller credited."`
	ParentSubscriptionID         string                    `json:"parentSubscriptionId,omitempty" doc:"Of an add-on: its base."`
	ProductType                  ProductTypeName           `json:"productType"`
	IsMicrosoftProduct           bool                      `json:"isMicrosoftProduct" doc:"Whether Microsoft sells it."`
	CancellationAllowedUntilDate *time.Time                `json:"cancellationAllowedUntilDate,omitempty" doc:"Until when it can be cancelled (R-84, R-284)."`
	ScheduledCancellationDate    *time.Time                `json:"scheduledCancellationDate,omitempty" doc:"Extension: when the platform cancels it by itself (R-37)."`
	Links                        kernel.Links              `json:"links"`
	Attributes                   httpapi.Attributes        `json:"attributes"`
}

// ProductTypeName is a product type as subscriptions carry it.
type ProductTypeName struct {
	ID          subscription.ProductType `json:"id" example:"OnlineServicesNCE" doc:"Name of the type."`
	DisplayName subscription.ProductType `json:"displayName" example:"OnlineServicesNCE" doc:"The same."`
}

// Subscriptions is one page of what the caller bills a customer for.
type Subscriptions struct {
	TotalCount        int                `json:"totalCount" doc:"How many there are in all."`
	Items             []Subscription     `json:"items" doc:"The subscriptions of this page, by id."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

// SubscriptionPath says which subscription of a customer.
type SubscriptionPath struct {
	programmehttp.CustomerPath
	SubscriptionID string `path:"subscriptionId" doc:"Id of the subscription, in any case."`
}

type listSubscriptions struct {
	programmehttp.CustomerPath
	httpapi.Paging
	MPNID   string `query:"mpn_id" doc:"Only those that credit the reseller with this PartnerID."`
	OrderID string `query:"order_id" doc:"Only what this order brought."`
}

// subscriptionAnswer is a subscription with its entity tag.
type subscriptionAnswer struct {
	ETag string `header:"ETag"`
	Body Subscription
}

var subscriptionCauses = []kernel.Cause{
	subscription.Unknown, kernel.StaleETag, subscription.NotForSalesAgents, subscription.InOtherTransfer, subscription.NotActivated,
	subscription.Ended, kernel.InvalidInput, subscription.QuantitySuspended, subscription.QuantityOutOfRange, subscription.RenewalNotPossible,
	kernel.UnknownEnum, subscription.StatusNotPossible, subscription.AddonsActive, subscription.CancellationClosed, subscription.CancellationHoursOver,
	subscription.RecordNotAllowed, subscription.RecordUnknown, subscription.RecordNotReseller, subscription.RecordNotPartner,
	subscription.RecordMPAMissing, subscription.CycleNotOffered,
}

// Records is what the operations ask of the ledger.
type Records interface {
	SubscriptionsOf(ctx context.Context, q subscriptionstore.Search) (store.Page[subscription.Subscription], error)
	SubscriptionOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (subscription.Subscription, error)
	ChangeSubscription(ctx context.Context, terms command.Terms[subscription.Subscription], by activitylog.By, customerTenantID, id string,
		c subscription.Change) (subscription.Subscription, error)
}

// Service answers requests about subscriptions.
type Service struct {
	records Records
	rules   subscription.Rules // of changes
}

// New makes the service.
func New(records Records, rules subscription.Rules) *Service { return &Service{records, rules} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listSubscriptions", Method: http.MethodGet, Path: "/v1/customers/{customerId}/subscriptions", Tag: "Customers",
		Summary: "List a customer's subscriptions", Description: "What the caller bills the customer for, ended ones included.",
		Roles: programmehttp.Readers(), Right: programmehttp.Commerce(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.listSubscriptions)
	httpapi.Register(a, httpapi.Route{
		ID: "getSubscription", Method: http.MethodGet, Path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", Tag: "Customers",
		Summary: "Read a subscription", Roles: programmehttp.Readers(), Right: programmehttp.Commerce(), Causes: []kernel.Cause{subscription.Unknown},
	}, s.getSubscription)
	httpapi.Register(a, httpapi.Route{
		ID: "listAddons", Method: http.MethodGet, Path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}/addons", Tag: "Customers",
		Summary: "List a subscription's add-ons", Description: "Those that move with it, ended ones included (R-74).",
		Roles: programmehttp.Readers(), Right: programmehttp.Commerce(), Causes: []kernel.Cause{subscription.Unknown},
	}, s.listAddons)
	httpapi.RegisterWrite[updateSubscription, subscriptionAnswer](a, httpapi.Route{
		ID: "updateSubscription", Method: http.MethodPatch, Path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", Tag: "Customers",
		Summary:     "Change a subscription",
		Description: "Name, quantity, renewal, status, credited reseller or billing cycle. While a transfer moves the subscription every change is refused (R-76).",
		Roles:       []identity.Role{identity.AdminAgent, identity.SalesAgent}, Right: programmehttp.Commerce(), Causes: subscriptionCauses,
		Resource: reflect.TypeFor[Subscription](), Echoes: echoes,
	}, s.updateSubscription)
}

func (s *Service) listSubscriptions(ctx context.Context, in *listSubscriptions) (*struct{ Body Subscriptions }, error) {
	size, err := httpapi.PageSize(in.Size, httpapi.MostPage)
	if err != nil {
		return nil, err
	}
	after, err := in.After()
	if err != nil {
		return nil, err
	}
	if _, err := kernel.ParseID("the token", after); after != "" && err != nil {
		return nil, httpapi.NoSuchToken()
	}
	found, err := s.records.SubscriptionsOf(ctx, subscriptionstore.Search{
		PartnerTenantID: httpapi.RequestOf(ctx).Caller.TenantID, CustomerTenantID: in.CustomerID, PartnerOnRecord: in.MPNID, OrderID: in.OrderID,
		Limit: size, After: after,
	})
	if err != nil {
		return nil, err
	}
	kept := url.Values{}
	if in.MPNID != "" {
		kept.Set("mpn_id", in.MPNID)
	}
	if in.OrderID != "" {
		kept.Set("order_id", in.OrderID)
	}
	page := Subscriptions{TotalCount: found.Total, Items: s.showAll(found.Items), Attributes: httpapi.Collection}
	path := "/customers/" + strings.ToLower(in.CustomerID) + "/subscriptions"
	page.Links.Self = httpapi.LinkTo(path, kept)
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].ID
	}
	page.Links.Next = in.Next(path, page.ContinuationToken, kept)
	return &struct{ Body Subscriptions }{page}, nil
}

func (s *Service) getSubscription(ctx context.Context, in *SubscriptionPath) (*subscriptionAnswer, error) {
	found, err := s.records.SubscriptionOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID, in.SubscriptionID)
	return s.answerWith(found), err
}

func (s *Service) answerWith(found subscription.Subscription) *subscriptionAnswer {
	return &subscriptionAnswer{ETag: `"` + found.ETag() + `"`, Body: s.show(found)}
}

// AddonList is a collection of add-ons.
type AddonList struct {
	TotalCount int                `json:"totalCount" doc:"How many there are."`
	Items      []Subscription     `json:"items" doc:"The add-ons, by id."`
	Attributes httpapi.Attributes `json:"attributes"`
}

// mostAddons is more than one subscription has: the list has no pages.
const mostAddons = 100_000

func (s *Service) listAddons(ctx context.Context, in *SubscriptionPath) (*struct{ Body AddonList }, error) {
	partner := httpapi.RequestOf(ctx).Caller.TenantID
	base, err := s.records.SubscriptionOf(ctx, partner, in.CustomerID, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	found, err := s.records.SubscriptionsOf(ctx, subscriptionstore.Search{
		PartnerTenantID: partner, CustomerTenantID: in.CustomerID, ParentID: base.ID, Limit: mostAddons,
	})
	addons := slices.DeleteFunc(found.Items, func(s subscription.Subscription) bool { return !s.Addon() })
	return &struct{ Body AddonList }{AddonList{TotalCount: len(addons), Items: s.showAll(addons), Attributes: httpapi.Collection}}, err
}

func (s *Service) showAll(found []subscription.Subscription) []Subscription {
	seen := make([]Subscription, len(found))
	for i, one := range found {
		seen[i] = s.show(one)
	}
	return seen
}

// thirdParty are the product types that others than Microsoft sell.
var thirdParty = []subscription.ProductType{subscription.SaaS}

// show is the subscription as the caller sees it.
func (s *Service) show(found subscription.Subscription) Subscription {
	seen := Subscription{
		ID: found.ID, OfferID: found.OfferID, FriendlyName: found.FriendlyName, Quantity: found.Quantity, Status: found.Status, BillingCycle: found.BillingCycle,
		TermDuration: found.TermDuration, CreationDate: found.CreationDate, EffectiveStartDate: found.BillingStart(), AutoRenewEnabled: found.AutoRenew,
		PartnerID: found.PartnerOnRecord, ParentSubscriptionID: found.ParentID, ProductType: ProductTypeName{found.ProductType, found.ProductType},
		IsMicrosoftProduct: !slices.Contains(thirdParty, found.ProductType), CommitmentEndDate: httpapi.Given(found.CommitmentEndDate),
		ScheduledCancellationDate: httpapi.Given(found.CancelAt),
		Links:                     kernel.Links{Self: httpapi.LinkTo("/customers/"+found.CustomerTenantID+"/subscriptions/"+found.ID, nil)},
		Attributes:                httpapi.Attributes{ObjectType: "Subscription", ETag: found.ETag()},
	}
	if until, limited := s.rules.CancellationAllowedUntil(found); limited {
		seen.CancellationAllowedUntilDate = httpapi.Given(until)
	}
	return seen
}
