package transfer

import "strings"

// Resolve is a word about what became of a held line item, an operator's or, through the platform, the billing system's own.
// It changes neither the item, which ended as Failed (I-2), nor the transfer, in whatever state that is (I-5).
//
// Refusals: NotFound for who takes no part; WrongParty for anybody else but an operator; ReasonMissing; InvalidInput for
// a reason out of bounds.
func (s State) Resolve(reason string, by Actor) (Effects, error) {
	if s.RoleOf(by) != RolePlatform {
		if err := permitted(s, RoleOperator, by); err != nil {
			return Effects{}, err
		}
	}
	if strings.TrimSpace(reason) == "" {
		return Effects{}, Refuse(ReasonMissing, "Resolving a held line item needs a reason; it is shown to the source.")
	}
	if err := CheckText("reason", reason); err != nil {
		return Effects{}, err
	}
	return Effects{Event: EventResolved, Operation: AuditUpdate}, nil
}

// CheckHeld tells whether nobody knows yet what became of the line item, or what is known contradicts its end. Refusal:
// ItemNotHeld.
func (i LineItem) CheckHeld() error {
	if i.Held || i.LateID != "" {
		return nil
	}
	return Refuse(ItemNotHeld, "Line item %d is %s and not held; there is nothing to resolve.", i.Ordinal, i.Status)
}
