package transfer

import (
	"slices"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Pick is one subscription the source names in a submit. An empty product type means whatever the subscription is; the
// REST contract requires it and checks that before.
type Pick struct {
	SubscriptionID string                   `json:"subscriptionId"`
	ProductType    subscription.ProductType `json:"productType,omitempty"`
	Quantity       int                      `json:"quantity,omitempty"` // when given, the subscription's: it moves as a whole
}

// Selection is what the source wants to move: listed picks, or everything eligible.
type Selection struct {
	LineItems    []Pick                     `json:"lineItems,omitempty"`
	AllEligible  bool                       `json:"allEligible,omitempty"`
	ProductTypes []subscription.ProductType `json:"productTypes,omitempty"` // narrows AllEligible
}

// LineItem is one subscription on its way from source to target.
type LineItem struct {
	Ordinal              int // from 0, unique in the transfer (OQ-15)
	BaseOrdinal          int // of the add-on's base, or NoBase
	SubscriptionID       string
	ProductType          subscription.ProductType
	OfferID              string
	FriendlyName         string
	Quantity             int // snapshot taken at submit
	BillingCycle         subscription.BillingCycle
	Status               ItemStatus
	TargetSubscriptionID string // set once Complete
	Attempts             int
	LastError            string // of the latest attempt that did not succeed
	TransferError        string // why it is Failed

	MoveKey       string    // the billing system's key for it, where that is not made of transfer and subscription
	AttemptedAt   time.Time // zero before the first attempt
	SentAt        time.Time // when leave was given to ask a billing system for the first time; zero where none was asked
	AcceptedAt    time.Time // since when the billing system says that it is at work on it; zero while it does not
	AcceptedWhere string    // where the billing system wants to be asked about that; empty for the usual place
	Ending        Ending    // how far an end by an operator is
	EndingReason  string
	EndingSince   time.Time
	Held          bool   // Failed, and nobody knows whether the billing system moved it: the subscription stays locked
	LateID        string // of the new subscription that the billing system gave it after it had ended as Failed
}

// KeyIn is the billing system's key for the line item of that transfer. It is not made of the line item's number: after a
// ledger was restored, another selection may give the same number to another subscription, and the billing system would
// answer "done" for the wrong one.
func (i LineItem) KeyIn(transferID string) string {
	if i.MoveKey != "" {
		return i.MoveKey
	}
	return transferID + "/" + i.SubscriptionID
}

// Ending says that a line item is to end which a billing system was asked to move: the billing system is to be kept from it first.
type Ending string

// By whom. What was never sent to a billing system ends at once.
const (
	NotEnding     Ending = ""
	EndingAsked   Ending = "asked"   // by an operator, or the deadline
	EndingRefused Ending = "fencing" // this platform may not move it any more
)

// NoBase is the BaseOrdinal of a line item that is not an add-on.
const NoBase = -1

// SelectionFacts is what decides a submit. Subscriptions holds every subscription of the customer at the source, and any
// other one that was picked and exists.
type SelectionFacts struct {
	Open          OpenFacts
	Subscriptions []subscription.Subscription
	OpenIn        map[string]string // subscription id → id of the transfer it is being moved by
}

// CheckSelection checks what can be checked without facts: a list or everything, no doubles, not too many, known types.
// It returns the selection with ids in lower case and the bare number 5 replaced by the type it stands for (OQ-16).
//
// Refusals: NoLineItems, DuplicateLineItem, TooManyLineItems, InvalidInput, UnknownEnum.
func (p Policy) CheckSelection(s Selection) (Selection, error) {
	if s.AllEligible {
		return s, p.checkEverything(s)
	}
	switch {
	case len(s.ProductTypes) > 0:
		return s, kernel.Refuse(kernel.InvalidInput, "productTypes narrows a submit of everything eligible; a list of line items names its types itself.")
	case len(s.LineItems) == 0:
		return s, kernel.Refuse(NoLineItems, "A submit needs at least one line item. Name the subscriptions to move, or ask for everything eligible.")
	}
	if err := p.CheckListed(len(s.LineItems)); err != nil {
		return s, err
	}
	seen := make(map[string]bool, len(s.LineItems))
	picks := make([]Pick, len(s.LineItems))
	for i, pick := range s.LineItems {
		id, err := kernel.ParseID("subscriptionId", pick.SubscriptionID)
		if err != nil {
			return s, err
		}
		if seen[id] {
			return s, kernel.Refuse(DuplicateLineItem, "Subscription %s is listed twice.", id).About(id)
		}
		seen[id] = true
		if picks[i], err = knownType(Pick{SubscriptionID: id, ProductType: pick.ProductType, Quantity: pick.Quantity}); err != nil {
			return s, err
		}
	}
	s.LineItems = picks
	return s, nil
}

// CheckListed tells whether one submit may list this many line items. Refusal: TooManyLineItems.
func (p Policy) CheckListed(items int) error {
	if items > p.MaxListedItems {
		return kernel.Refuse(TooManyLineItems, "%d line items are more than the %d that one submit may list. Ask for everything eligible instead.",
			items, p.MaxListedItems)
	}
	return nil
}

func (p Policy) checkEverything(s Selection) error {
	if len(s.LineItems) > 0 {
		return kernel.Refuse(kernel.InvalidInput, "Either list line items or ask for everything eligible, not both.")
	}
	if err := checkTypes("productTypes", s.ProductTypes); err != nil {
		return err
	}
	for _, t := range s.ProductTypes {
		if !p.moves(t) {
			return kernel.Refuse(kernel.UnknownEnum, "productTypes does not know %q; allowed are %s.", kernel.Clip(string(t)), join(p.ProductTypes))
		}
	}
	return nil
}

func knownType(pick Pick) (Pick, error) {
	if pick.ProductType == "5" {
		pick.ProductType = subscription.OnlineServicesNCE
	}
	if pick.ProductType != "" && !slices.Contains(subscription.ProductTypes(), pick.ProductType) {
		return pick, kernel.Refuse(kernel.UnknownEnum, "productType does not know %q; use one of %s.", kernel.Clip(string(pick.ProductType)), join(subscription.MovableProductTypes()))
	}
	return pick, nil
}

// Select turns a checked selection into line items, all or nothing: bases in the order picked (everything
// eligible: by id), each followed by its add-ons.
//
// Refusals: those of CheckOpen again (OQ-24), those of Ineligible per subscription, ProductTypeMismatch, InvalidInput for another quantity,
// AddonWithoutBase, SubscriptionUnknown, NoLineItems when nothing is eligible, the four of the Azure plan
// when an Azure item is among the selected.
func (p Policy) Select(t Transfer, s Selection, f SelectionFacts) ([]LineItem, error) {
	if err := first(partyRefusals(withoutAgent(t.Request), f.Open)); err != nil {
		return nil, err
	}
	h := p.holdingsOf(t, f)
	chosen, err := h.bases(s)
	if err != nil {
		return nil, err
	}
	items, err := h.lineItems(chosen)
	if err != nil {
		return nil, err
	}
	if anyAzure(items) {
		if reason := CheckAzurePlan(f.Open); reason != nil {
			return nil, reason
		}
	}
	return items, nil
}

// withoutAgent leaves out who created the transfer: an agent who has left since does not undo the request.
func withoutAgent(r Request) Request {
	r.Actor.UserID = ""
	return r
}

// bases resolves the selection to the subscriptions that were asked for, add-ons that stand alone refused.
func (h holdings) bases(s Selection) ([]subscription.Subscription, error) {
	if s.AllEligible {
		return h.everythingEligible(s.ProductTypes)
	}
	picked := make(map[string]bool, len(s.LineItems))
	for _, pick := range s.LineItems {
		picked[pick.SubscriptionID] = true
	}
	var chosen []subscription.Subscription
	for _, pick := range s.LineItems {
		sub, ok := h.byID[pick.SubscriptionID]
		if !ok {
			return nil, kernel.Refuse(subscription.Unknown, "Subscription %s does not exist.", pick.SubscriptionID).About(pick.SubscriptionID)
		}
		if err := h.checkPick(sub, pick, picked); err != nil {
			return nil, err
		}
		if !sub.Addon() {
			chosen = append(chosen, sub)
		}
	}
	return chosen, nil
}

func (h holdings) checkPick(sub subscription.Subscription, pick Pick, picked map[string]bool) error {
	if err := first(h.own(sub)); err != nil {
		return err
	}
	if pick.ProductType != "" && pick.ProductType != sub.ProductType {
		return kernel.Refuse(ProductTypeMismatch, "Subscription %s is of type %s, not %s.", sub.ID, sub.ProductType, pick.ProductType).About(sub.ID)
	}
	if pick.Quantity != 0 && pick.Quantity != sub.Quantity {
		return kernel.Refuse(kernel.InvalidInput, "Subscription %s has the quantity %d, not %d, and moves as a whole. Leave quantity out, or change it before.",
			sub.ID, sub.Quantity, pick.Quantity).About(sub.ID)
	}
	if sub.Addon() && (!picked[sub.ParentID] || h.byID[sub.ParentID].Addon()) {
		return addonWithoutBase(sub)
	}
	return nil
}

func (h holdings) everythingEligible(only []subscription.ProductType) ([]subscription.Subscription, error) {
	var chosen []subscription.Subscription
	for _, sub := range h.sorted {
		if sub.Addon() || (len(only) > 0 && !slices.Contains(only, sub.ProductType)) {
			continue
		}
		if len(h.obstacles(sub)) == 0 {
			chosen = append(chosen, sub)
		}
	}
	if len(chosen) == 0 {
		return nil, kernel.Refuse(NoLineItems, "The source holds nothing of this customer that can be moved.")
	}
	return chosen, nil
}

func (h holdings) lineItems(bases []subscription.Subscription) ([]LineItem, error) {
	var items []LineItem
	for _, base := range bases {
		if err := first(h.obstacles(base)); err != nil {
			return nil, err
		}
		baseOrdinal := len(items)
		items = append(items, lineItem(base, baseOrdinal, NoBase))
		for _, addon := range h.travellers(base) {
			items = append(items, lineItem(addon, len(items), baseOrdinal))
		}
	}
	return items, nil
}

func lineItem(s subscription.Subscription, ordinal, base int) LineItem {
	return LineItem{
		Ordinal: ordinal, BaseOrdinal: base, SubscriptionID: s.ID, ProductType: s.ProductType, OfferID: s.OfferID,
		FriendlyName: s.FriendlyName, Quantity: s.Quantity, BillingCycle: s.BillingCycle, Status: ItemInProgress,
	}
}

func anyAzure(items []LineItem) bool {
	for _, item := range items {
		if item.ProductType.Azure() {
			return true
		}
	}
	return false
}
