package transfer

import (
	"slices"
	"time"

	"handover/internal/subscription"
)

// mostListed is how many line items one submit may list, unless a deployment says otherwise.
const mostListed = 10_000

// Policy is what a deployment decided about the rules that leave a choice. The zero value is not usable; start from DefaultPolicy.
type Policy struct {
	// ProductTypes are the values allowed in targetProductTypes and the types that move (R-60, OQ-5).
	ProductTypes []subscription.ProductType
	// MaxListedItems bounds the line items listed in one submit; a submit of everything eligible has no bound (R-80, OQ-12).
	MaxListedItems int
	// DeclineDisabled takes the source's right to decline away, as in Partner Center.
	DeclineDisabled bool
	// ItemDeadline turns items that still run this long after submit Failed; zero means never.
	ItemDeadline time.Duration
}

// DefaultPolicy is the policy of a deployment that configures nothing.
func DefaultPolicy() Policy {
	return Policy{ProductTypes: subscription.MovableProductTypes(), MaxListedItems: mostListed}
}

func (p Policy) moves(t subscription.ProductType) bool { return slices.Contains(p.ProductTypes, t) }
