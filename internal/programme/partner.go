package programme

import "handover/internal/kernel"

// AdminAgent is a user of a partner who may create, submit, cancel and decline, and who gets the partner's e-mail.
type AdminAgent struct {
	UserID string `json:"userId" yaml:"userId"`
	Email  string `json:"email" yaml:"email"`
}

// Partner is a tenant enrolled in programmes.
type Partner struct {
	TenantID    string
	Name        string
	Programs    []Enrolment // by programme, each once
	MPNID       string
	Market      string // ISO 3166-1 alpha-2
	Currency    string // ISO 4217
	Locale      string // BCP 47
	AdminAgents []AdminAgent
	Environment Environment
	SandboxOf   string // the partner in production whose sandbox it is; empty in production
	SandboxGone bool   // that partner is in direct-bill no more, and its sandbox takes part in nothing
}

// Admits tells whether the user may act for the partner. No user means an application acts, which is allowed.
func (p Partner) Admits(userID string) bool {
	if userID == "" {
		return true
	}
	for _, a := range p.AdminAgents {
		if kernel.SameID(a.UserID, userID) {
			return true
		}
	}
	return false
}

// Credited is the partner among these with the MPN id in the environment; where several share it, a reseller is meant. Nil when there
// is none.
func Credited(among []Partner, mpnID string, in Environment) *Partner {
	var found *Partner
	for i, p := range among {
		if mpnID != "" && p.MPNID == mpnID && p.Environment == in && (found == nil || p.In(IndirectReseller)) {
			found = &among[i]
		}
	}
	return found
}

// Partnership says that the indirect reseller works under the indirect provider.
type Partnership struct {
	ProviderTenantID string
	ResellerTenantID string
}
