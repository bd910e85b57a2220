package transfer

import "strings"

// Resolve is an operator's word about what became of a held line item. It changes neither the item, which ended as Failed
// (I-2), nor the transfer, in whatever state that is (I-5).
//
// Refusals: NotFound for who takes no part; WrongParty for anybody else but an operator; ReasonMissing; InvalidInput for
// a reason out of bounds.
func (s State) Resolve(reason string, by Actor) (Effects, error) {
	if err := permitted(s, RoleOperator, by); err != nil {
		return Effects{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return Effects{}, Refuse(ReasonMissing, "Resolving a held line item needs a reason; it is shown to the source.")
	}
	if err := CheckText("reason", reason); err != nil {
		return Effects{}, err
	}
	return Effects{Event: EventResolved, Operation: AuditUpdate}, nil
}

// ResolvedByAnswer is what is told when the billing system itself says what became of a held line item. Nobody has to be
// permitted that.
func ResolvedByAnswer() Effects { return Effects{Event: EventResolved, Operation: AuditUpdate} }

// MovedAfterEnd is what is told when the billing system moved a line item that had ended otherwise.
func MovedAfterEnd() Effects { return Effects{Event: EventHeld, Operation: AuditUpdate} }

// CheckHeld tells whether nobody knows yet what became of the line item, or what is known contradicts its end. Refusal:
// ItemNotHeld.
func (i LineItem) CheckHeld() error {
	if i.Held || i.LateID != "" {
		return nil
	}
	return Refuse(ItemNotHeld, "Line item %d is %s and not held; there is nothing to resolve.", i.Ordinal, i.Status)
}
