package programme

import (
	"strings"
	"time"
)

// Customer is the tenant that uses the services. It takes no decision about a transfer.
type Customer struct {
	TenantID string
	Name     string
	Domain   string
	Email    string
	Market   string
	Locale   string
}

// AgreementMode says how the customer accepted the Microsoft Customer Agreement.
type AgreementMode string

// The two ways to accept. Only a direct acceptance carries over to an indirect provider.
const (
	Attestation AgreementMode = "attestation"
	DirectSign  AgreementMode = "direct"
)

// Agreement is one customer's acceptance with one partner. Only an attestation names a contact and who attested it.
type Agreement struct {
	CustomerTenantID string
	PartnerTenantID  string
	Mode             AgreementMode
	DateAgreed       time.Time // zero when nobody told
	TemplateID       string    // which text was agreed to; empty when nobody told
	Contact          Contact
	AttestedBy       string // user id
}

// NameKey is what a customer's name is found by. It is made here and not by the databases, which disagree about letters
// beyond ASCII.
func NameKey(name string) string { return strings.ToLower(name) }
