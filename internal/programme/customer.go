package programme

import "strings"

// Customer is the tenant that uses the services. It takes no decision about a transfer.
type Customer struct {
	TenantID string
	Name     string
	Domain   string
	Email    string
	Market   string
	Locale   string

	Environment Environment
}

// Pair is a partner and somebody it deals with: a customer, a reseller, a user.
type Pair struct{ PartnerTenantID, OtherID string }

// Pair is between whom it is.
func (r Relationship) Pair() Pair { return Pair{r.PartnerTenantID, r.CustomerTenantID} }

// Pair is between whom it is.
func (p Partnership) Pair() Pair { return Pair{p.ProviderTenantID, p.ResellerTenantID} }

// Pair is between whom it is.
func (a Agreement) Pair() Pair { return Pair{a.PartnerTenantID, a.CustomerTenantID} }

// NameKey is what a customer's name is found by. It is made here and not by the databases, which disagree about letters
// beyond ASCII.
func NameKey(name string) string { return strings.ToLower(name) }
