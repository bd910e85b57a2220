package transfer

import (
	"strings"

	"handover/internal/kernel"
)

// Resolve is an operator's word about what became of a held line item. It changes neither the item, which ended as Failed
// (I-2), nor the transfer, in whatever state that is (I-5).
//
// Refusals: NotFound for who takes no part; WrongParty for anybody else but an operator; ReasonMissing; InvalidInput for
// a reason out of bounds.
func (s State) Resolve(reason string, by kernel.Actor) (Effects, error) {
	if err := permitted(s, kernel.RoleOperator, by); err != nil {
		return Effects{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return Effects{}, kernel.Refuse(ReasonMissing, "Resolving a held line item needs a reason; it is shown to the source.")
	}
	if err := kernel.CheckText("reason", reason); err != nil {
		return Effects{}, err
	}
	return EffectsOf(EventResolved), nil
}

// ResolvedByAnswer is what is told when the billing system itself says what became of a held line item. Nobody has to be
// permitted that.
func ResolvedByAnswer() Effects {
	return EffectsOf(EventResolved)
}

// MovedAfterEnd is what is told when the billing system moved a line item that had ended otherwise.
func MovedAfterEnd() Effects { return EffectsOf(EventHeld) }

// CheckHeld tells whether nobody knows yet what became of the line item, or what is known contradicts its end. Refusal:
// ItemNotHeld.
func (i LineItem) CheckHeld() error {
	if i.Held || i.LateID != "" {
		return nil
	}
	return kernel.Refuse(ItemNotHeld, "Line item %d is %s and not held; there is nothing to resolve.", i.Ordinal, i.Status)
}

// EndedItem is a line item that has ended and that a billing system was asked to move, with what was found out about it since.
type EndedItem struct {
	TransferID string
	LineItem
	Resolved bool   // it was held, and then somebody said what had become of it
	MovedTo  string // id of the target's new subscription, by that word; empty when it had not moved
}
