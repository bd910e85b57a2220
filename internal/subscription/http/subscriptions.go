// Package subscriptionhttp are the operations about subscriptions: what a partner bills a customer for, and its changes.
package subscriptionhttp

import (
	"context"
	"net/http"
	"net/url"
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
}

// UpdateSubscription is the body of a PATCH: the subscription as it was read, with one or more of these fields changed.
// Fields that say what is so already are no change (wire-notes 13); all others are ignored.
type UpdateSubscription struct {
	FriendlyName     *string              `json:"friendlyName,omitempty" doc:"Name of the subscription."`
	Quantity         *httpapi.WholeNumber `json:"quantity,omitempty" minimum:"1" doc:"Number of units."`
	Status           *subscription.Status `json:"status,omitempty" doc:"active, suspended, or deleted to cancel."`
	AutoRenewEnabled *bool                `json:"autoRenewEnabled,omitempty" doc:"Whether it renews at the end of its term."`
	PartnerID        *string              `json:"partnerId,omitempty" doc:"PartnerID of the indirect reseller to credit."`
}

type updateSubscription struct {
	SubscriptionPath
	IfMatch string `header:"If-Match" doc:"The attributes.etag that was read, in quotes; a stale one is refused with 2055."`
	Body    UpdateSubscription
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
	subscription.RecordNotAllowed,
	subscription.RecordUnknown, subscription.RecordNotReseller,
}

// Records is what the operations ask of the ledger.
type Records interface {
	SubscriptionsOf(ctx context.Context, partnerTenantID, customerTenantID string, limit int, after string) (store.Page[subscription.Subscription], error)
	SubscriptionOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (subscription.Subscription, error)
	ChangeSubscription(ctx context.Context, terms command.Terms[subscription.Subscription], by activitylog.By, customerTenantID, id, ifMatch string,
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
		Roles: programmehttp.Readers(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.listSubscriptions)
	httpapi.Register(a, httpapi.Route{
		ID: "getSubscription", Method: http.MethodGet, Path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", Tag: "Customers",
		Summary: "Read a subscription", Roles: programmehttp.Readers(), Causes: []kernel.Cause{subscription.Unknown},
	}, s.getSubscription)
	httpapi.RegisterWrite[updateSubscription, subscriptionAnswer](a, httpapi.Route{
		ID: "updateSubscription", Method: http.MethodPatch, Path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", Tag: "Customers",
		Summary:     "Change a subscription",
		Description: "Name, quantity, renewal, status or credited reseller. While a transfer moves the subscription every change is refused (R-76).",
		Roles:       []identity.Role{identity.AdminAgent, identity.SalesAgent}, Causes: subscriptionCauses,
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
	found, err := s.records.SubscriptionsOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID, size, after)
	if err != nil {
		return nil, err
	}
	page := Subscriptions{TotalCount: found.Total, Items: make([]Subscription, len(found.Items)), Attributes: httpapi.Collection}
	for i, one := range found.Items {
		page.Items[i] = s.show(one)
	}
	path := "/customers/" + strings.ToLower(in.CustomerID) + "/subscriptions"
	page.Links.Self = httpapi.LinkTo(path, nil)
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].ID
	}
	page.Links.Next = in.Next(path, page.ContinuationToken, url.Values{})
	return &struct{ Body Subscriptions }{page}, nil
}

func (s *Service) getSubscription(ctx context.Context, in *SubscriptionPath) (*subscriptionAnswer, error) {
	found, err := s.records.SubscriptionOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID, in.SubscriptionID)
	return s.answerWith(found), err
}

func (s *Service) updateSubscription(ctx context.Context, in *updateSubscription) (command.Answer, error) {
	change := subscription.Change{
		FriendlyName: in.Body.FriendlyName, Quantity: (*int)(in.Body.Quantity), AutoRenew: in.Body.AutoRenewEnabled,
		Status: in.Body.Status, PartnerOnRecord: in.Body.PartnerID,
	}
	tag := strings.Trim(strings.TrimSpace(in.IfMatch), `"`)
	if tag == "*" {
		tag = ""
	}
	answer := httpapi.AnswerTo(ctx, s.changedSubscription)
	changed, err := s.records.ChangeSubscription(ctx, answer.Terms, httpapi.RequestOf(ctx).By(), in.CustomerID, in.SubscriptionID, tag, change)
	return answer.Of(changed, err)
}

// changedSubscription is the answer to a change.
func (s *Service) changedSubscription(changed subscription.Subscription) (command.Answer, error) {
	shown := s.answerWith(changed)
	answer, err := httpapi.JSON(http.StatusOK, shown.Body)
	answer.Header["ETag"] = shown.ETag
	return answer, err
}

func (s *Service) answerWith(found subscription.Subscription) *subscriptionAnswer {
	return &subscriptionAnswer{ETag: `"` + found.ETag() + `"`, Body: s.show(found)}
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
