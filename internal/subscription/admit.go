package subscription

import (
	"strings"

	"handover/internal/kernel"
)

// Admit is what the ledger says of the subscription once an operator has it say next; the same as before when nothing differs. What
// its owner may change, an operator may under the same rules, and its price and its sandbox fault besides.
//
// Refusals: those of Subscription.Check; MovesByTransfer for another owner or customer; InvalidInput for another value of what
// no change can touch; those of ChangeSubscription.
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
	return changed, checkChangeable(f, changed)
}

// checkNew refuses what would join a base that is just being moved: it would stay behind without it.
func (Rules) checkNew(next Subscription, f ChangeFacts) error {
	if f.OpenIn != "" {
		return kernel.Refuse(InOtherTransfer, "The base of subscription %s is being moved by transfer %s. Add it once that is over.", next.ID, f.OpenIn).About(next.ParentID)
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
