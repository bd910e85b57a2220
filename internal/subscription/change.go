package subscription

import (
	"slices"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/programme"
)

// Change is what the billing owner wants of a subscription (domain section 8.3). Nil leaves a property as it
// is, and so does its present value: clients send the whole subscription with one property changed (wire-notes 13).
type Change struct {
	FriendlyName    *string
	Quantity        *int
	AutoRenew       *bool
	Status          *Status // active, suspended, or deleted to cancel
	PartnerOnRecord *string // MPN id; empty to credit nobody any more
	BillingCycle    *BillingCycle
	AsRead          AsRead
}

// AsRead is what a client that sends the whole subscription back says of properties that no change can touch. Empty says
// nothing.
type AsRead struct{ ID, OfferID, TermDuration, ParentID string }

// Rules is what a deployment decided about the rules that leave a choice. Start from DefaultRules.
type Rules struct {
	// CancellationWindow is how long after the start of its term a licence can be cancelled (R-84, C-4). Marketplace SaaS
	// has the windows of R-284 instead.
	CancellationWindow time.Duration
}

// DefaultRules are those of a deployment that configures nothing.
func DefaultRules() Rules { return Rules{CancellationWindow: 72 * time.Hour} }

// ChangeFacts is what the ledger knows that decides a change.
type ChangeFacts struct {
	Subscription   Subscription
	Base           *Subscription  // of an add-on
	Dependents     []Subscription // those whose parent it is, ended ones included
	Owner          programme.Partner
	OpenIn         string             // id of the transfer that is moving it; empty for none
	Record         *programme.Partner // who has the MPN id of the new PartnerOnRecord; nil for nobody
	Partnership    bool               // whether it is a reseller under the owner
	SalesAgentOnly bool               // the caller is a sales agent and not an admin agent
	Now            time.Time
}

// mostQuantity bounds the units of a subscription.
const mostQuantity = 1_000_000

// ChangeSubscription is the subscription after the change; the same one when nothing differs, whatever its state.
//
// Refusals, in this order: InvalidInput for another value of what no change can touch, NotForSalesAgents,
// InOtherTransfer, NotActivated, SubscriptionEnded, InvalidInput for the name, QuantitySuspended,
// QuantityOutOfRange, RenewalNotPossible, UnknownEnum and StatusNotPossible for the status, AddonsActive,
// CancellationClosed and CancellationHoursOver, RecordNotAllowed, RecordUnknown, RecordNotReseller,
// RecordNotPartner and RecordMPAMissing, UnknownEnum and CycleNotOffered for the billing cycle.
func (r Rules) ChangeSubscription(f ChangeFacts, c Change) (Subscription, error) {
	if err := c.AsRead.check(f.Subscription); err != nil {
		return f.Subscription, err
	}
	next := c.appliedTo(f.Subscription)
	if next == f.Subscription {
		return next, nil
	}
	for _, check := range []func(ChangeFacts, Subscription) error{
		checkSeller, checkChangeable, checkName, checkQuantity, checkRenewal, checkStatus, r.checkCancellation, checkRecord, checkCycle,
	} {
		if err := check(f, next); err != nil {
			return f.Subscription, err
		}
	}
	return next, nil
}

func (c Change) appliedTo(s Subscription) Subscription {
	if c.FriendlyName != nil && *c.FriendlyName != s.FriendlyName {
		s.FriendlyName = strings.TrimSpace(*c.FriendlyName)
	}
	set(&s.Quantity, c.Quantity)
	set(&s.AutoRenew, c.AutoRenew)
	set(&s.Status, c.Status)
	s.Billed = s.Billed && s.Status != Deleted
	set(&s.PartnerOnRecord, c.PartnerOnRecord)
	set(&s.BillingCycle, c.BillingCycle)
	return s
}

// check refuses a value that is not the subscription's: the client would take it for changed.
func (a AsRead) check(s Subscription) error {
	for _, p := range []struct{ name, said, is string }{
		{"id", a.ID, s.ID}, {"offerId", a.OfferID, s.OfferID}, {"termDuration", a.TermDuration, s.TermDuration},
		{"parentSubscriptionId", a.ParentID, s.ParentID},
	} {
		if p.said != "" && !strings.EqualFold(p.said, p.is) {
			return kernel.Refuse(kernel.InvalidInput, "%s is not that of the subscription and cannot be changed. Leave it out, or send it as it was read.", p.name).About(s.ID)
		}
	}
	return nil
}

func set[T any](property *T, to *T) {
	if to != nil {
		*property = *to
	}
}

// checkSeller lets a sales agent change nothing of a marketplace product: buying and reading is all.
func checkSeller(f ChangeFacts, _ Subscription) error {
	if f.SalesAgentOnly && f.Subscription.ProductType == SaaS {
		return kernel.Refuse(NotForSalesAgents, "A sales agent may not change a marketplace product. Ask an admin agent to do it.").About(f.Subscription.ID)
	}
	return nil
}

// checkChangeable refuses any change of a subscription that is on its way to another partner, not there yet, or over.
func checkChangeable(f ChangeFacts, next Subscription) error {
	s := f.Subscription
	switch {
	case f.OpenIn != "":
		return kernel.Refuse(InOtherTransfer, "subscription is already part of another transfer request id : %s", f.OpenIn).About(s.ID)
	case s.Status == Pending && !withdraws(s, next):
		return kernel.Refuse(NotActivated, "Subscription %s is not activated yet: it can be cancelled, nothing else. Activate it first.", s.ID).About(s.ID)
	case Gone(s):
		return kernel.Refuse(Ended, "Subscription %s is %s and cannot be changed any more. Buy a new one.", s.ID, s.Status).About(s.ID)
	}
	return nil
}

// withdraws tells whether the change cancels the subscription and is otherwise none. What is not activated costs nothing, and
// may be given back at any time.
func withdraws(s, next Subscription) bool {
	return next == Cancelled(s)
}

func checkName(f ChangeFacts, next Subscription) error {
	switch next.FriendlyName {
	case f.Subscription.FriendlyName:
		return nil
	case "":
		return kernel.Refuse(kernel.InvalidInput, "friendlyName must be 1 to %d printable characters.", kernel.LongestName)
	}
	return kernel.CheckText("friendlyName", next.FriendlyName)
}

// checkQuantity lets a suspended subscription get another quantity only together with its reactivation. Fewer units of
// what cannot be cancelled would be cancelling in part.
func checkQuantity(f ChangeFacts, next Subscription) error {
	old := f.Subscription
	switch {
	case next.Quantity == old.Quantity:
		return nil
	case next.Status == Suspended:
		return kernel.Refuse(QuantitySuspended, "The quantity of a suspended subscription cannot be changed. Reactivate it first.").About(old.ID)
	case next.Quantity < 1 || next.Quantity > mostQuantity:
		return kernel.Refuse(QuantityOutOfRange, "The quantity must be between 1 and %d, not %d. To end the subscription, cancel it.", mostQuantity, next.Quantity)
	case old.Locked && next.Quantity < old.Quantity:
		return cannotCancel(old)
	}
	return nil
}

func checkRenewal(f ChangeFacts, next Subscription) error {
	if next.AutoRenew && !f.Subscription.AutoRenew && !f.Subscription.licenceWithTerm() {
		return kernel.Refuse(RenewalNotPossible, "A subscription without a licence term goes on by itself and does not renew. Leave autoRenewEnabled out.").About(next.ID)
	}
	return nil
}

func checkStatus(f ChangeFacts, next Subscription) error {
	s := f.Subscription
	if next.Status == s.Status {
		return nil
	}
	switch next.Status {
	case Active:
		if s.Addon() && f.Base != nil && f.Base.Status != Active {
			return kernel.Refuse(StatusNotPossible, "The base of this add-on is %s. Reactivate the base first.", f.Base.Status).About(f.Base.ID)
		}
	case Suspended:
		return checkAddons(f, func(addon Subscription) bool { return addon.Status == Suspended })
	case Deleted:
		return checkAddons(f, func(Subscription) bool { return false })
	case Pending, Expired, Disabled:
		return kernel.Refuse(StatusNotPossible, "A subscription cannot be made %s. Ask for active, suspended or deleted.", next.Status).About(s.ID)
	default:
		return kernel.Refuse(kernel.UnknownEnum, "The status %q is not known; ask for active, suspended or deleted.", kernel.Clip(string(next.Status)))
	}
	return nil
}

// checkAddons refuses to take away the base of add-ons that would go on without it. Which may stay as they are
// is for the caller to say; ended ones always may.
func checkAddons(f ChangeFacts, mayStay func(Subscription) bool) error {
	var inTheWay []string
	for _, s := range f.Dependents {
		if s.Addon() && !Gone(s) && !mayStay(s) {
			inTheWay = append(inTheWay, s.ID)
		}
	}
	if len(inTheWay) > 0 {
		return kernel.Refuse(AddonsActive, "The subscription is the base of %d add-ons that are still in use. Suspend or cancel those first.", len(inTheWay)).About(inTheWay...)
	}
	return nil
}

func (r Rules) checkCancellation(f ChangeFacts, next Subscription) error {
	s := f.Subscription
	if next.Status != Deleted {
		return nil
	}
	until, limited := r.CancellationAllowedUntil(s)
	switch {
	case s.Locked:
		return cannotCancel(s)
	case limited && !f.Now.Before(until):
		closed := CancellationClosed
		if s.countsHours() {
			closed = CancellationHoursOver
		}
		return kernel.Refuse(closed, "The subscription could be cancelled until %s. Switch its renewal off instead; it then ends with its term.",
			kernel.Seconds(until)).About(s.ID)
	}
	return nil
}

func cannotCancel(s Subscription) error {
	return kernel.Refuse(CancellationClosed, "The commitment was paid up front and then transferred. It can be neither cancelled nor exchanged; let it end with its term.").About(s.ID)
}

func checkRecord(f ChangeFacts, next Subscription) error {
	record := next.PartnerOnRecord
	switch {
	case record == f.Subscription.PartnerOnRecord:
		return nil
	case !f.Owner.In(programme.IndirectProvider):
		return creditsNobody()
	case record == "":
		return nil
	case f.Record == nil:
		return kernel.Refuse(RecordUnknown, "No partner has the PartnerID given as partnerId.").About(kernel.Clip(record))
	case !f.Record.ActiveIn(programme.IndirectReseller):
		return kernel.Refuse(RecordNotReseller, "The PartnerID given as partnerId is not an active indirect reseller's.").About(kernel.Clip(record))
	case !f.Partnership:
		return notTheirs(record)
	case !f.Record.SignedIn(programme.IndirectReseller):
		return kernel.Refuse(RecordMPAMissing, "The reseller given as partnerId has not signed the Microsoft Partner Agreement.").About(kernel.Clip(record))
	}
	return nil
}

func creditsNobody() error {
	return kernel.Refuse(RecordNotAllowed, "Only an indirect provider credits a reseller. Leave partnerId out.")
}

func notTheirs(record string) error {
	return kernel.Refuse(RecordNotPartner, "The reseller with the PartnerID given as partnerId is not one of yours. Set up the partnership first.").About(kernel.Clip(record))
}

// checkCycle refuses another billing cycle: the ledger knows of each subscription the plan that it was bought with, and of
// no plan another cycle and its price.
func checkCycle(f ChangeFacts, next Subscription) error {
	old := f.Subscription
	if next.BillingCycle == old.BillingCycle {
		return nil
	}
	if !slices.Contains(BillingCycles(), next.BillingCycle) {
		return kernel.Refuse(kernel.UnknownEnum, "The billingCycle %q is not known.", kernel.Clip(string(next.BillingCycle)))
	}
	return kernel.Refuse(CycleNotOffered, "The plan of this subscription is billed %s and offers no other billingCycle. Leave it as it was read.", old.BillingCycle).About(old.ID)
}

// countsHours tells whether the subscription could be cancelled for hours, not days: a marketplace product for a month.
func (s Subscription) countsHours() bool { return s.ProductType == SaaS && s.TermDuration == "P1M" }

// Windows in which a marketplace product can be cancelled, from its order on.
const (
	monthlyWindow = 24 * time.Hour
	longerWindow  = 14 * 24 * time.Hour
)

// CancellationAllowedUntil is the time from which on the subscription cannot be cancelled any more. For a licence it counts
// from the start of its term: a renewal opens the window again, a transfer does not. For a marketplace product it
// counts from the order, whatever came since. Limited is false when it can be cancelled at any time, as before
// activation; limited without a time means never.
func (r Rules) CancellationAllowedUntil(s Subscription) (until time.Time, limited bool) {
	switch {
	case s.Locked:
		return time.Time{}, true
	case s.Status == Pending, !s.licenceWithTerm():
		return time.Time{}, false
	case s.ProductType != SaaS:
		return s.termStart().Add(r.CancellationWindow), true
	case s.countsHours():
		return s.CreationDate.Add(monthlyWindow), true
	default:
		return s.CreationDate.Add(longerWindow), true
	}
}
