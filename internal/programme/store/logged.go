package programmestore

// What the log says of partners, customers and what ties them, whoever changed it. It is spelled as in world files, and what those have
// no word for as on the wire.

import (
	"time"

	"handover/internal/programme"
)

type partnerValue struct {
	TenantID string `json:"tenantId"`
	Name     string `json:"name"`
	MPNID    string `json:"mpnId"`
	Market   string `json:"market"`
	Currency string `json:"currency"`
	Locale   string `json:"locale"`

	Programs    []programValue `json:"programs"`
	Environment string         `json:"environment"`
	SandboxOf   string         `json:"sandboxOf,omitempty"`
}

type programValue struct {
	Program           programme.Program `json:"program"`
	Status            programme.Status  `json:"status"`
	AgreementAccepted bool              `json:"agreementAccepted"`
}

// LoggedPartner is what the log says of a partner; its users have records of their own.
func LoggedPartner(p programme.Partner) any {
	v := partnerValue{
		TenantID: p.TenantID, Name: p.Name, MPNID: p.MPNID, Market: p.Market, Currency: p.Currency, Locale: p.Locale,
		Environment: p.Environment.String(), SandboxOf: p.SandboxOf,
	}
	for _, e := range p.Programs {
		v.Programs = append(v.Programs, programValue{e.Program, e.Status, e.Agreement.Given})
	}
	return v
}

type customerValue struct {
	TenantID string `json:"tenantId"`
	Name     string `json:"name"`
	Domain   string `json:"domain"`
	Email    string `json:"email"`
	Market   string `json:"market"`
	Locale   string `json:"locale"`

	Environment string `json:"environment"`
}

// LoggedCustomer is what the log says of a customer.
func LoggedCustomer(c programme.Customer) any {
	return customerValue{
		TenantID: c.TenantID, Name: c.Name, Domain: c.Domain, Email: c.Email, Market: c.Market, Locale: c.Locale, Environment: c.Environment.String(),
	}
}

type relationshipValue struct {
	Partner       string                     `json:"partner"`
	Customer      string                     `json:"customer"`
	Kind          programme.RelationshipKind `json:"kind"`
	Counterpart   string                     `json:"counterpart,omitempty"`
	AdminRights   bool                       `json:"adminRights,omitempty"`
	LocalReseller bool                       `json:"localResellerOfRecord,omitempty"`
}

// LoggedRelationship is what the log says of a relationship.
func LoggedRelationship(r programme.Relationship) any {
	return relationshipValue{
		Partner: r.PartnerTenantID, Customer: r.CustomerTenantID, Kind: r.Kind, Counterpart: r.Counterpart,
		AdminRights: r.AdminRights, LocalReseller: r.LocalReseller,
	}
}

type partnershipValue struct {
	Provider string `json:"provider"`
	Reseller string `json:"reseller"`
}

// LoggedPartnership is what the log says of a partnership.
func LoggedPartnership(p programme.Partnership) any {
	return partnershipValue{Provider: p.ProviderTenantID, Reseller: p.ResellerTenantID}
}

type agreementValue struct {
	Partner        string                  `json:"partner"`
	Customer       string                  `json:"customer"`
	Mode           programme.AgreementMode `json:"mode"`
	Type           string                  `json:"type"`
	TemplateID     string                  `json:"templateId,omitempty"`
	DateAgreed     *time.Time              `json:"dateAgreed,omitempty"`
	PrimaryContact programme.Contact       `json:"primaryContact,omitzero"`
}

// LoggedAgreement is what the log says of an agreement.
func LoggedAgreement(a programme.Agreement) any {
	v := agreementValue{
		Partner: a.PartnerTenantID, Customer: a.CustomerTenantID, Mode: a.Mode, Type: programme.CustomerAgreement, TemplateID: a.TemplateID,
		PrimaryContact: a.Contact,
	}
	if !a.DateAgreed.IsZero() {
		v.DateAgreed = &a.DateAgreed
	}
	return v
}
