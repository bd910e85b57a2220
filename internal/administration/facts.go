package administration

import (
	"maps"
	"time"

	"handover/internal/programme"
	"handover/internal/subscription"
)

// Facts are what the ledger knows that decides changes: of everything that they name, and of what hangs on it.
type Facts struct {
	Partners      map[string]programme.Partner // by tenant id
	Customers     map[string]programme.Customer
	Relationships map[programme.RelationshipKey]programme.Relationship // that last
	Agreements    map[AgreementKey]programme.Agreement
	Partnerships  map[programme.Pair]bool
	Subscriptions map[string]subscription.Subscription // with their bases and whatever has them for its base
	Use           Use
	Now           time.Time
}

// AgreementKey is what there is one agreement for.
type AgreementKey struct {
	CustomerTenantID, PartnerTenantID string
	Mode                              programme.AgreementMode
}

// KeyOf is the key of the agreement.
func KeyOf(a programme.Agreement) AgreementKey {
	return AgreementKey{a.CustomerTenantID, a.PartnerTenantID, a.Mode}
}

// Use is what hangs on what is named: for a change that would break it, there is a no.
type Use struct {
	Billing     map[string]bool         // tenants that bill, or are billed
	Provides    map[string]bool         // partners under whom resellers work
	Resells     map[string]bool         // partners that work under a provider
	BillingPair map[programme.Pair]bool // partners that bill a customer
	Credited    map[string]bool         // MPN ids that some subscription credits
	CreditedBy  map[programme.Pair]bool // providers and resellers that they credit
	Open        map[string]string       // tenants with an open transfer, and one such
	OpenPair    map[programme.Pair]string
	Moving      map[string]string // subscriptions that a transfer is moving, and which
}

// with is what is there once the world is in it; of two of its records with one key, the first counts.
func (f Facts) with(w World) Facts {
	return Facts{
		Partners:      overlaid(f.Partners, w.Partners, func(p programme.Partner) string { return p.TenantID }),
		Customers:     overlaid(f.Customers, w.Customers, func(c programme.Customer) string { return c.TenantID }),
		Subscriptions: overlaid(f.Subscriptions, w.Subscriptions, func(s subscription.Subscription) string { return s.ID }),
	}
}

func overlaid[T any](there map[string]T, with []T, key func(T) string) map[string]T {
	all := make(map[string]T, len(there)+len(with))
	maps.Copy(all, there)
	seen := make(map[string]bool, len(with))
	for _, one := range with {
		if k := key(one); !seen[k] {
			seen[k], all[k] = true, one
		}
	}
	return all
}
