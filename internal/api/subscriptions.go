package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
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
	CreationDate                 time.Time                 `json:"creationDate" doc:"When the caller began to bill it."`
	EffectiveStartDate           time.Time                 `json:"effectiveStartDate" doc:"The same."`
	CommitmentEndDate            *time.Time                `json:"commitmentEndDate,omitempty" doc:"Last day of the term; absent without one."`
	AutoRenewEnabled             bool                      `json:"autoRenewEnabled" doc:"Whether it renews at the end of its term."`
	PartnerID                    string                    `json:"partnerId,omitempty" doc:"PartnerID of the indirect reseller credited."`
	ParentSubscriptionID         string                    `json:"parentSubscriptionId,omitempty" doc:"Of an add-on: its base."`
	ProductType                  ProductTypeName           `json:"productType"`
	IsMicrosoftProduct           bool                      `json:"isMicrosoftProduct" doc:"Whether Microsoft sells it."`
	CancellationAllowedUntilDate *time.Time                `json:"cancellationAllowedUntilDate,omitempty" doc:"Until when it can be cancelled (R-84, R-284)."`
	Links                        transfer.Links            `json:"links"`
	Attributes                   Attributes                `json:"attributes"`
}

// ProductTypeName is a product type as subscriptions carry it.
type ProductTypeName struct {
	ID          subscription.ProductType `json:"id" example:"OnlineServicesNCE" doc:"Name of the type."`
	DisplayName subscription.ProductType `json:"displayName" example:"OnlineServicesNCE" doc:"The same."`
}

// Subscriptions is one page of what the caller bills a customer for.
type Subscriptions struct {
	TotalCount        int            `json:"totalCount" doc:"How many there are in all."`
	Items             []Subscription `json:"items" doc:"The subscriptions of this page, by id."`
	ContinuationToken string         `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             PageLinks      `json:"links"`
	Attributes        Attributes     `json:"attributes"`
}

// SubscriptionPath says which subscription of a customer.
type SubscriptionPath struct {
	CustomerPath
	SubscriptionID string `path:"subscriptionId" doc:"Id of the subscription, in any case."`
}

type listSubscriptions struct {
	CustomerPath
	Paging
}

// UpdateSubscription is the body of a PATCH: the subscription as it was read, with one or more of these fields changed.
// Fields that say what is so already are no change (wire-notes 13); all others are ignored.
type UpdateSubscription struct {
	FriendlyName     *string              `json:"friendlyName,omitempty" doc:"Name of the subscription."`
	Quantity         *wholeNumber         `json:"quantity,omitempty" minimum:"1" doc:"Number of units."`
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
	kernel.UnknownEnum, subscription.StatusNotPossible, subscription.AddonsActive, subscription.CancellationClosed, subscription.RecordNotAllowed,
	subscription.RecordUnknown, subscription.RecordNotReseller,
}

func (a *API) registerSubscriptions() {
	register(a, route{
		id: "listSubscriptions", method: http.MethodGet, path: "/v1/customers/{customerId}/subscriptions", tag: "Customers",
		summary: "List a customer's subscriptions", description: "What the caller bills the customer for, ended ones included.",
		roles: readers, causes: []kernel.Cause{programme.CustomerUnknown},
	}, a.listSubscriptions)
	register(a, route{
		id: "getSubscription", method: http.MethodGet, path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", tag: "Customers",
		summary: "Read a subscription", roles: readers, causes: []kernel.Cause{subscription.Unknown},
	}, a.getSubscription)
	registerWrite[updateSubscription, subscriptionAnswer](a, route{
		id: "updateSubscription", method: http.MethodPatch, path: "/v1/customers/{customerId}/subscriptions/{subscriptionId}", tag: "Customers",
		summary:     "Change a subscription",
		description: "Name, quantity, renewal, status or credited reseller. While a transfer moves the subscription every change is refused (R-76).",
		roles:       []identity.Role{identity.AdminAgent, identity.SalesAgent}, causes: subscriptionCauses,
	}, a.updateSubscription)
}

func (a *API) listSubscriptions(ctx context.Context, in *listSubscriptions) (*struct{ Body Subscriptions }, error) {
	size, err := pageSize(in.Size, mostPage)
	if err != nil {
		return nil, err
	}
	after, err := in.after()
	if err != nil {
		return nil, err
	}
	if _, err := kernel.ParseID("the token", after); after != "" && err != nil {
		return nil, noSuchToken()
	}
	found, err := a.Ledger.SubscriptionsOf(ctx, requestOf(ctx).caller.TenantID, in.CustomerID, size, after)
	if err != nil {
		return nil, err
	}
	page := Subscriptions{TotalCount: found.Total, Items: make([]Subscription, len(found.Items)), Attributes: collection}
	for i, s := range found.Items {
		page.Items[i] = a.subscription(s)
	}
	path := "/customers/" + strings.ToLower(in.CustomerID) + "/subscriptions"
	page.Links.Self = link(path, nil)
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].ID
	}
	page.Links.Next = in.next(path, page.ContinuationToken, url.Values{})
	return &struct{ Body Subscriptions }{page}, nil
}

func (a *API) getSubscription(ctx context.Context, in *SubscriptionPath) (*subscriptionAnswer, error) {
	s, err := a.Ledger.SubscriptionOf(ctx, requestOf(ctx).caller.TenantID, in.CustomerID, in.SubscriptionID)
	return a.answerWith(s), err
}

func (a *API) updateSubscription(ctx context.Context, in *updateSubscription) (ledger.Answer, error) {
	change := subscription.Change{
		FriendlyName: in.Body.FriendlyName, Quantity: (*int)(in.Body.Quantity), AutoRenew: in.Body.AutoRenewEnabled,
		Status: in.Body.Status, PartnerOnRecord: in.Body.PartnerID,
	}
	tag := strings.Trim(strings.TrimSpace(in.IfMatch), `"`)
	if tag == "*" {
		tag = ""
	}
	answer := answerTo(ctx, a.changedSubscription)
	changed, err := a.Ledger.ChangeSubscription(ctx, answer.terms, requestOf(ctx).by(), in.CustomerID, in.SubscriptionID, tag, change)
	return answer.of(changed, err)
}

// changedSubscription is the answer to a change.
func (a *API) changedSubscription(s subscription.Subscription) (ledger.Answer, error) {
	shown := a.answerWith(s)
	answer, err := jsonAnswer(http.StatusOK, shown.Body)
	answer.Header["ETag"] = shown.ETag
	return answer, err
}

// by is the caller as the activity log names it.
func (r *request) by() ledger.By {
	return ledger.By{
		PartnerTenantID: r.caller.TenantID, UserID: r.caller.UserID, ApplicationID: r.caller.ApplicationID, CorrelationID: r.correlation,
		SalesAgentOnly: !r.caller.Has(identity.AdminAgent),
	}
}

func (a *API) answerWith(s subscription.Subscription) *subscriptionAnswer {
	return &subscriptionAnswer{ETag: `"` + s.ETag() + `"`, Body: a.subscription(s)}
}

// thirdParty are the product types that others than Microsoft sell.
var thirdParty = []subscription.ProductType{subscription.SaaS}

func (a *API) subscription(s subscription.Subscription) Subscription {
	seen := Subscription{
		ID: s.ID, OfferID: s.OfferID, FriendlyName: s.FriendlyName, Quantity: s.Quantity, Status: s.Status, BillingCycle: s.BillingCycle,
		TermDuration: s.TermDuration, CreationDate: s.CreationDate, EffectiveStartDate: s.CreationDate, AutoRenewEnabled: s.AutoRenew,
		PartnerID: s.PartnerOnRecord, ParentSubscriptionID: s.ParentID, ProductType: ProductTypeName{s.ProductType, s.ProductType},
		IsMicrosoftProduct: !slices.Contains(thirdParty, s.ProductType), CommitmentEndDate: given(s.CommitmentEndDate),
		Links:      transfer.Links{Self: link("/customers/"+s.CustomerTenantID+"/subscriptions/"+s.ID, nil)},
		Attributes: Attributes{ObjectType: "Subscription", ETag: s.ETag()},
	}
	if until, limited := a.Rules.CancellationAllowedUntil(s); limited {
		seen.CancellationAllowedUntilDate = given(until)
	}
	return seen
}

// given is a time that may be absent.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
