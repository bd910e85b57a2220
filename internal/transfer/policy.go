package transfer

import (
	"slices"
	"time"

	"handover/internal/subscription"
)

// What a target may ask for, unless a deployment says otherwise.
const (
	mostOfCustomer = 10
	mostInADay     = 5_000
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
	// Asking bounds what a target may ask for. It decides about new requests only, and is not kept with those that were opened.
	Asking Asking `json:"-"`
	// RunRules is the number of the rules that the transfer's runs follow (RunRules): no choice of a deployment, but kept with those.
	RunRules int `json:",omitempty"`
}

// DefaultPolicy is the policy of a deployment that configures nothing.
func DefaultPolicy() Policy {
	return Policy{
		ProductTypes: subscription.MovableProductTypes(), MaxListedItems: mostListed, RunRules: LatestRunRules(),
		Asking: Asking{PerCustomer: mostOfCustomer, PerDay: mostInADay},
	}
}

// ForRuns are the rules that the transfer's runs follow, of a number that this version knows.
func (p Policy) ForRuns() RunRules {
	rules, _ := RunRulesOf(p.RunRules)
	return rules
}

func (p Policy) moves(t subscription.ProductType) bool { return slices.Contains(p.ProductTypes, t) }
