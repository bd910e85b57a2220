package subscriptionhttp

import (
	"context"
	"net/http"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/subscription"
)

// UpdateSubscription is the body of a PATCH: the subscription as it was read, with one or more of the first six changed.
// Fields that say what is so already are no change (wire-notes 13).
type UpdateSubscription struct {
	FriendlyName     *string                    `json:"friendlyName,omitempty" doc:"Name of the subscription."`
	Quantity         *httpapi.WholeNumber       `json:"quantity,omitempty" minimum:"1" doc:"Number of units. 0 without a friendlyName and beside another change means not given, as the models of some SDKs write it."`
	Status           *subscription.Status       `json:"status,omitempty" doc:"active, suspended, or deleted to cancel, in any case; none says nothing."`
	AutoRenewEnabled *bool                      `json:"autoRenewEnabled,omitempty" doc:"Whether it renews at the end of its term. Beside a status or a partnerId it is not read where quantity 0 means not given."`
	PartnerID        *string                    `json:"partnerId,omitempty" doc:"PartnerID of the indirect reseller to credit."`
	BillingCycle     *subscription.BillingCycle `json:"billingCycle,omitempty" doc:"How often it is billed; another one than it has is refused unless its plan offers it (R-408). none and unknown say nothing."`

	ID                   string        `json:"id,omitempty" doc:"When given, that of the path (R-152)."`
	OfferID              string        `json:"offerId,omitempty" doc:"When given, that of the subscription."`
	TermDuration         string        `json:"termDuration,omitempty" doc:"When given, that of the subscription."`
	ParentSubscriptionID string        `json:"parentSubscriptionId,omitempty" doc:"When given, that of the subscription."`
	Attributes           AttributesGot `json:"attributes,omitempty" doc:"As they were read."`
}

// AttributesGot are the attributes that a client read.
type AttributesGot struct {
	ETag string `json:"etag,omitempty" doc:"Counts like If-Match, which takes its place: a stale one is refused with 2055."`
}

// echoes are members of a subscription that Partner Center has, and this API has not.
var echoes = []string{
	"actions", "actionTaken", "agreementType", "attentionNeeded", "billingCycleEndDate", "billingCycleEndDateTime", "billingType", "commitmentEndDateTime",
	"consumptionType", "contractType", "customTermEndDate", "entitlementId", "hasPurchasableAddons", "isTrial", "migratedFromSubscriptionId",
	"nextChargeInstructions", "offerName", "orderId", "promotionId", "provisioningContext", "publisherName", "refundOptions", "refundableQuantity",
	"renewalTermDuration", "scheduledNextTermInstructions", "suspensionReasons", "termLifeCycleState", "unitType",
}

type updateSubscription struct {
	SubscriptionPath
	IfMatch string `header:"If-Match" doc:"The attributes.etag that was read, in quotes; a stale one is refused with 2055."`
	Body    UpdateSubscription
}

func (s *Service) updateSubscription(ctx context.Context, in *updateSubscription) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, s.changedSubscription)
	answer.Terms.Match = in.match()
	changed, err := s.records.ChangeSubscription(ctx, answer.Terms, httpapi.RequestOf(ctx).By(), in.CustomerID, in.SubscriptionID, in.Body.change())
	return answer.Of(changed, err)
}

// match honours the entity tag that the client read, or several, where the change is made: nothing can come between. Clients
// give it as the header, or in the body as they read it.
func (in *updateSubscription) match() func(subscription.Subscription) error {
	wanted := in.IfMatch
	if wanted == "" {
		wanted = in.Body.Attributes.ETag
	}
	if wanted == "" {
		return nil
	}
	return func(now subscription.Subscription) error {
		if httpapi.Matches(wanted, now.ETag()) {
			return nil
		}
		return kernel.Refuse(kernel.StaleETag, "Etag is no longer valid. Read the subscription again and repeat the change with its present ETag.").About(now.ID)
	}
}

// change is what the body asks for. Members that say nothing are not in it.
func (u UpdateSubscription) change() subscription.Change {
	c := subscription.Change{
		FriendlyName: u.FriendlyName, Quantity: (*int)(u.Quantity), AutoRenew: u.AutoRenewEnabled, PartnerOnRecord: u.PartnerID,
		Status:       said(u.Status, subscription.Statuses(), "none"),
		BillingCycle: said(u.BillingCycle, subscription.BillingCycles(), subscription.NoCycle, subscription.UnknownCycle),
		AsRead:       subscription.AsRead{ID: u.ID, OfferID: u.OfferID, TermDuration: u.TermDuration, ParentID: u.ParentSubscriptionID},
	}
	if !u.fromScratch() {
		return c
	}
	if c.Status != nil || c.PartnerOnRecord != nil && *c.PartnerOnRecord != "" {
		c.Quantity, c.AutoRenew = nil, nil
	} else if c.AutoRenew != nil || c.PartnerOnRecord != nil || c.BillingCycle != nil {
		c.Quantity = nil
	}
	return c
}

// said is the name among those of an enumeration that a client wrote, nil for one of those that stand for nothing, and for a
// name that is none the text itself.
func said[T ~string](text *T, names []T, nothing ...T) *T {
	if text == nil {
		return nil
	}
	if _, silent := kernel.Named(*text, nothing...); silent {
		return nil
	}
	name, _ := kernel.Named(*text, names...)
	return &name
}

// fromScratch tells a body that was filled in from scratch from a subscription that was read and changed: it does not even
// say the subscription's name, and its quantity, which no subscription has as 0, is what a model has that nobody set. So is
// an autoRenewEnabled beside a new status then: a no that nobody said would let the subscription end with its term.
func (u UpdateSubscription) fromScratch() bool {
	return u.FriendlyName == nil && u.Quantity != nil && *u.Quantity == 0
}

// changedSubscription is the answer to a change.
func (s *Service) changedSubscription(changed subscription.Subscription) (command.Answer, error) {
	shown := s.answerWith(changed)
	answer, err := httpapi.JSON(http.StatusOK, shown.Body)
	answer.Header["ETag"] = shown.ETag
	return answer, err
}
