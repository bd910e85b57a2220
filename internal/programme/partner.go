package programme

// Partner is a tenant enrolled in programmes.
type Partner struct {
	TenantID    string
	Name        string
	Programs    []Enrolment // by programme, each once
	MPNID       string
	Market      string // ISO 3166-1 alpha-2
	Currency    string // ISO 4217
	Locale      string // BCP 47
	Users       []User
	Environment Environment
	SandboxOf   string // the partner in production whose sandbox it is; empty in production
	SandboxGone bool   // that partner is in direct-bill no more, and its sandbox takes part in nothing
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
