package programme

import "time"

// RelationshipKind is what a partner is to a customer.
type RelationshipKind string

// The kinds, one for each programme. In the first two the partner bills the customer itself.
const (
	DirectCustomer   RelationshipKind = "direct"
	ProviderCustomer RelationshipKind = "provider"
	ResellerCustomer RelationshipKind = "reseller"
)

// RelationshipKinds lists every kind.
func RelationshipKinds() []RelationshipKind {
	return []RelationshipKind{DirectCustomer, ProviderCustomer, ResellerCustomer}
}

// Bills tells whether the partner is the one who bills such a customer.
func (k RelationshipKind) Bills() bool { return k == DirectCustomer || k == ProviderCustomer }

// Origin is how a relationship came about.
type Origin string

// The origins that this program writes. The ledger has room for those by which a customer accepts.
const (
	FromOperator Origin = "seed"    // an operator said so, when the ledger began or later
	FromCreation Origin = "created" // by the partner itself, in a sandbox
)

// Relationship says what a partner is to a customer who accepted it, once for each kind while it lasts.
type Relationship struct {
	PartnerTenantID  string
	CustomerTenantID string
	Kind             RelationshipKind // empty in what an operator says: that of the partner's programmes
	Counterpart      string           // tenant id of a provider's reseller and of a reseller's provider; empty when nobody told
	Origin           Origin           // empty in what an operator says: FromOperator
	AdminRights      bool             // the customer lets the partner administer its tenant
	LocalReseller    bool             // the reseller is the customer's local reseller of record
	Since            time.Time        // zero when nobody told
	EndedAt          time.Time        // zero while it lasts
	Invitation       string           // id of the one that was accepted
}

// RelationshipKey is what there is one relationship for while it lasts.
type RelationshipKey struct {
	Pair
	Kind RelationshipKind
}

// Key tells a relationship from the others that last.
func (r Relationship) Key() RelationshipKey { return RelationshipKey{r.Pair(), r.Kind} }

// Joint tells whether the customer accepted reseller and provider at once: a reseller is accepted in no other way, a provider
// so when its reseller is known.
func (r Relationship) Joint() bool {
	return r.Kind == ResellerCustomer || r.Kind == ProviderCustomer && r.Counterpart != ""
}

// Whole is the relationship with what was left out of it: the kind, from the partner's programmes, and the origin.
func (r Relationship) Whole(partner Partner) Relationship {
	if r.Kind == "" {
		r.Kind = partner.Kind()
	}
	if r.Origin == "" {
		r.Origin = FromOperator
	}
	return r
}

// Over is the relationship as said, where what was not told is as it was: how it came about, since when, and with whom. A right that
// is not named is none.
func (r Relationship) Over(was Relationship) Relationship {
	next := was
	next.AdminRights, next.LocalReseller = r.AdminRights, r.LocalReseller
	if r.Counterpart != "" {
		next.Counterpart = r.Counterpart
	}
	if !r.Since.IsZero() {
		next.Since = r.Since
	}
	return next
}

// kinds are the kinds of relationship by the programme in which a partner has them, first those by which it bills.
var kinds = []struct {
	in   Program
	kind RelationshipKind
}{{DirectBill, DirectCustomer}, {IndirectProvider, ProviderCustomer}, {IndirectReseller, ResellerCustomer}}

// Kind is what the partner is to customers of whom nothing else is told: what it is in the first programme that it takes part
// in, or did. It is empty for a partner without any.
func (p Partner) Kind() RelationshipKind {
	for _, possible := range kinds {
		if p.In(possible.in) {
			return possible.kind
		}
	}
	for _, possible := range kinds {
		if p.May(possible.kind) {
			return possible.kind
		}
	}
	return ""
}

// May tells whether the partner can be that to a customer: it takes part in the programme, or did or will.
func (p Partner) May(be RelationshipKind) bool {
	for _, possible := range kinds {
		if possible.kind == be {
			return p.some(func(e Enrolment) bool { return e.Program == possible.in })
		}
	}
	return false
}

// Colleague is a partner that another works with.
type Colleague struct {
	Partner
	Asking Program // what the other is to it: its provider or its reseller
}
