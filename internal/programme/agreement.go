package programme

import (
	"strings"
	"time"

	"handover/internal/kernel"
)

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

// Contact is the person at the customer who accepted an agreement.
type Contact struct {
	FirstName   string `json:"firstName" doc:"First name."`
	LastName    string `json:"lastName" doc:"Last name."`
	Email       string `json:"email" doc:"E-mail address."`
	PhoneNumber string `json:"phoneNumber,omitempty" doc:"Telephone number."`
}

// is tells whether both say the same of one person; with another telephone number there is something to write down.
func (c Contact) is(other Contact) bool {
	return strings.EqualFold(c.FirstName, other.FirstName) && strings.EqualFold(c.LastName, other.LastName) &&
		strings.EqualFold(c.Email, other.Email) && c.PhoneNumber == other.PhoneNumber
}

// CustomerAgreement names the agreement that a customer accepts with a partner, the only type that can be attested.
const CustomerAgreement = "MicrosoftCustomerAgreement"

// CustomerAgreementTemplate is the id of the text of that agreement which is in force, and CustomerAgreementText is where
// people read it.
const (
	CustomerAgreementTemplate = "117a77b0-9360-443b-8795-c6dedc750cf9"
	CustomerAgreementText     = "https://aka.ms/customeragreement"
)

// IsCustomerAgreement tells whether the name, in any case, is that of the agreement.
func IsCustomerAgreement(name string) bool { return kernel.SameName(name, CustomerAgreement) }

// AgreementAttestation is a partner's word that the customer accepted the agreement (domain section 8.1).
type AgreementAttestation struct {
	CustomerTenantID string
	Type             string // CustomerAgreement
	TemplateID       string // GUID of the text that was agreed to
	DateAgreed       time.Time
	Contact          Contact
}

// AttestationFacts is what the ledger knows that decides an attestation.
type AttestationFacts struct {
	Partner      *Partner // who attests; nil when unknown
	Relationship bool     // the customer accepted the partner as the one who bills it; false for an unknown customer too
	Attested     *Agreement
	UserID       string // who attests, empty for an application
	Now          time.Time
}

// CheckAttestation is the agreement that follows from the attestation. It takes the place of one that the partner attested
// before with another contact, or with another telephone number of the same one.
//
// Refusals: PartnerUnknown; PartnerNotEnabled for an indirect reseller, which cannot attest; RelationshipMissing,
// the same for a customer that does not exist; UnknownEnum for another type; InvalidInput for a contact or template that
// is not complete and for a date to come; AlreadyAttested for the same contact again.
func CheckAttestation(a AgreementAttestation, f AttestationFacts) (Agreement, error) {
	switch {
	case f.Partner == nil:
		return Agreement{}, kernel.Refuse(PartnerUnknown, "The partner is not known here. Check its Microsoft ID.")
	case !f.Partner.Bills():
		return Agreement{}, kernel.Refuse(PartnerNotEnabled, "An indirect reseller cannot attest an agreement; its indirect provider does.")
	case !f.Relationship:
		return Agreement{}, kernel.Refuse(RelationshipMissing, "There is no reseller relationship with this customer. Send the customer a relationship request first.")
	case !IsCustomerAgreement(a.Type):
		return Agreement{}, kernel.Refuse(kernel.UnknownEnum, "The type must be %s, not %q.", CustomerAgreement, kernel.Clip(a.Type))
	case a.DateAgreed.IsZero():
		return Agreement{}, kernel.Refuse(kernel.InvalidInput, "dateAgreed is required: when the customer accepted the agreement.")
	case a.DateAgreed.After(f.Now):
		return Agreement{}, kernel.Refuse(kernel.InvalidInput, "dateAgreed lies in the future. Attest an agreement once the customer has accepted it.")
	}
	template, err := kernel.ParseID("templateId", a.TemplateID)
	if err != nil {
		return Agreement{}, err
	}
	contact, err := a.Contact.normal()
	if err != nil {
		return Agreement{}, err
	}
	if f.Attested != nil && f.Attested.Contact.is(contact) {
		return Agreement{}, kernel.Refuse(AlreadyAttested, "The agreement is attested with this contact already. Nothing has to be done, or name another contact.")
	}
	return Agreement{
		CustomerTenantID: strings.ToLower(a.CustomerTenantID), PartnerTenantID: f.Partner.TenantID, Mode: Attestation,
		DateAgreed: a.DateAgreed.UTC().Truncate(time.Microsecond), TemplateID: template, Contact: contact, AttestedBy: f.UserID,
	}, nil
}

// normal trims the contact and checks that it is complete.
func (c Contact) normal() (Contact, error) {
	for _, f := range []struct {
		name string
		text *string
		may  bool
	}{
		{"primaryContact.firstName", &c.FirstName, false},
		{"primaryContact.lastName", &c.LastName, false},
		{"primaryContact.email", &c.Email, false},
		{"primaryContact.phoneNumber", &c.PhoneNumber, true},
	} {
		if err := kernel.CheckText(f.name, *f.text); err != nil {
			return c, err
		}
		if *f.text = strings.TrimSpace(*f.text); *f.text == "" && !f.may {
			return c, kernel.Refuse(kernel.InvalidInput, "%s must be given.", f.name)
		}
	}
	_, err := kernel.Mailable("primaryContact.email", c.Email)
	return c, err
}
