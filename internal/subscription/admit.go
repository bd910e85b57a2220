package subscription

import (
	"strings"

	"handover/internal/kernel"
	"handover/internal/programme"
)

// Admit is what the ledger says of the subscription once an operator has it say next; the same as before when nothing differs. What
// its owner may change, an operator may under the same rules, and its sandbox fault besides, and its price while nobody pays it.
//
// Refusals: those of Subscription.Check; MovesByTransfer for another owner or customer; InvalidInput for another value of what
// no change can touch, and for another price of what is billed; for a new one InOtherTransfer, Ended and StatusNotPossible by its base
// RecordNotAllowed and RecordNotPartner by whom it credits; those of ChangeSubscription.
func (r Rules) Admit(next Subscription, f ChangeFacts) (Subscription, error) {
	if err := next.Check(); err != nil {
		return f.Subscription, err
	}
	was := f.Subscription
	if was.ID == "" {
		return next, r.checkNew(next, f)
	}
	if err := checkSame(was, next); err != nil {
		return was, err
	}
	changed, err := r.ChangeSubscription(f, Change{
		FriendlyName: &next.FriendlyName, Quantity: &next.Quantity, AutoRenew: &next.AutoRenew, Status: &next.Status,
		PartnerOnRecord: &next.PartnerOnRecord, BillingCycle: &next.BillingCycle,
	})
	if err != nil || next.UnitPriceMinor == was.UnitPriceMinor && next.SandboxFault == was.SandboxFault {
		return changed, err
	}
	changed.UnitPriceMinor, changed.SandboxFault = next.UnitPriceMinor, next.SandboxFault
	if err := checkChangeable(f, changed); err != nil {
		return changed, err
	}
	return changed, checkPrice(f.Subscription, changed)
}

// checkPrice refuses another price of what somebody pays: what was paid is computed from it.
func checkPrice(was, next Subscription) error {
	if !was.Billed || was.UnitPriceMinor == 0 || was.UnitPriceMinor == next.UnitPriceMinor {
		return nil
	}
	return kernel.Refuse(kernel.InvalidInput, "unitPrice of subscription %s cannot be changed while it is billed. Leave it as it is, or cancel the subscription and add another.", was.ID).About(was.ID)
}

// checkNew refuses what would join a base that is just being moved, and would stay behind without it, or one that has ended or is less
// active than it, and what would credit nobody of its owner's resellers.
func (Rules) checkNew(next Subscription, f ChangeFacts) error {
	if f.OpenIn != "" {
		return kernel.Refuse(InOtherTransfer, "The base of subscription %s is being moved by transfer %s. Add it once that is over.", next.ID, f.OpenIn).About(next.ParentID)
	}
	if err := checkNewRecord(f, next); err != nil {
		return err
	}
	switch {
	case f.Base == nil || !next.Addon() || Gone(next):
		return nil
	case Gone(*f.Base):
		return kernel.Refuse(Ended, "The base of subscription %s is %s. Add it to another one.", next.ID, f.Base.Status).About(next.ParentID)
	case next.Status == Active && f.Base.Status != Active:
		return kernel.Refuse(StatusNotPossible, "The base of subscription %s is %s. Reactivate that first, or add it suspended.", next.ID, f.Base.Status).About(next.ParentID)
	}
	return nil
}

// checkNewRecord asks less than checkRecord: what is added stands already somewhere, and its reseller may have been active, or have signed,
// when it was chosen. What has ended credits nobody any more.
func checkNewRecord(f ChangeFacts, next Subscription) error {
	switch record := next.PartnerOnRecord; {
	case record == "" || Gone(next):
		return nil
	case !f.Owner.In(programme.IndirectProvider):
		return creditsNobody()
	case !f.Partnership:
		return notTheirs(record)
	}
	return nil
}

// checkSame refuses another value of what makes a subscription the one that it is.
func checkSame(was, next Subscription) error {
	if was.PartnerTenantID != next.PartnerTenantID || was.CustomerTenantID != next.CustomerTenantID {
		return kernel.Refuse(MovesByTransfer, "Subscription %s is billed by partner %s to customer %s. Who bills it changes by a transfer alone; have the other partner request one.",
			was.ID, was.PartnerTenantID, was.CustomerTenantID).About(was.ID)
	}
	for _, p := range []struct {
		name string
		same bool
	}{
		{"productType", was.ProductType == next.ProductType},
		{"offerId", was.OfferID == next.OfferID},
		{"parentId", strings.EqualFold(was.ParentID, next.ParentID)},
		{"termDuration", was.TermDuration == next.TermDuration},
		{"creationDate", was.CreationDate.Equal(next.CreationDate)},
		{"commitmentEndDate", was.CommitmentEndDate.Equal(next.CommitmentEndDate)},
	} {
		if !p.same {
			return kernel.Refuse(kernel.InvalidInput, "%s of subscription %s cannot be changed. Leave it as it is, or cancel the subscription and add another.", p.name, was.ID).About(was.ID)
		}
	}
	return nil
}
