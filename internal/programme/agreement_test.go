package programme_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

// Attestations of the customer agreement (section 8.1).

const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	agentID    = "5d6e7f80-1111-4222-8333-944455566677"
	templateID = "99999999-0000-4000-8000-00000000000a"
)

var (
	agreed = kerneltest.At("2024-04-30T18:31:41Z")
	now    = kerneltest.At("2024-05-15T09:00:00Z")
)

// attestation is one that nothing is wrong with.
func attestation() programme.AgreementAttestation {
	return programme.AgreementAttestation{
		CustomerTenantID: customerID, Type: programme.CustomerAgreement, TemplateID: strings.ToUpper(templateID), DateAgreed: agreed,
		Contact: programme.Contact{FirstName: " Ada", LastName: "Byron ", Email: "ada@contoso.example", PhoneNumber: "+49 30 1234567"},
	}
}

func attestable() programme.AttestationFacts {
	partner := &programme.Partner{TenantID: targetID, Name: "Fabrikam Distribution", Programs: programme.Enrolled(programme.IndirectProvider, programme.Active, true)}
	return programme.AttestationFacts{Partner: partner, Relationship: true, UserID: agentID, Now: now}
}

func TestAnAttestationBecomesAnAgreement(t *testing.T) {
	got, err := programme.CheckAttestation(attestation(), attestable())
	require.NoError(t, err)
	assert.Equal(t, programme.Agreement{
		CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: programme.Attestation, DateAgreed: agreed, TemplateID: templateID,
		Contact:    programme.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@contoso.example", PhoneNumber: "+49 30 1234567"},
		AttestedBy: agentID,
	}, got)
}

func TestWhoMayAttestWhat(t *testing.T) {
	type change = func(*programme.AgreementAttestation, *programme.AttestationFacts)
	before := func(contact programme.Contact) change {
		return func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) {
			f.Attested = &programme.Agreement{Contact: contact}
		}
	}
	for name, c := range map[string]struct {
		change change
		cause  kernel.Cause
	}{
		"a direct-bill partner": {func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) {
			f.Partner.Programs = programme.Enrolled(programme.DirectBill, programme.Active, true)
		}, ""},
		"a reseller": {func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) {
			f.Partner.Programs = programme.Enrolled(programme.IndirectReseller, programme.Active, true)
		}, programme.PartnerNotEnabled},
		"an unknown partner":     {func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) { f.Partner = nil }, programme.PartnerUnknown},
		"without a relationship": {func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) { f.Relationship = false }, programme.RelationshipMissing},
		"another type": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) {
			a.Type = "MicrosoftCloudAgreement"
		}, kernel.UnknownEnum},
		"without a date": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.DateAgreed = time.Time{} }, kernel.InvalidInput},
		"today":          {func(a *programme.AgreementAttestation, f *programme.AttestationFacts) { a.DateAgreed = f.Now }, ""},
		"to come": {func(a *programme.AgreementAttestation, f *programme.AttestationFacts) {
			a.DateAgreed = f.Now.Add(time.Second)
		}, kernel.InvalidInput},
		"without a template":       {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.TemplateID = "" }, kernel.InvalidInput},
		"without a first name":     {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.Contact.FirstName = " " }, kernel.InvalidInput},
		"without a last name":      {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.Contact.LastName = "" }, kernel.InvalidInput},
		"with a name of two lines": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.Contact.LastName = "a\nb" }, kernel.InvalidInput},
		"without an address":       {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.Contact.Email = "" }, kernel.InvalidInput},
		"with two addresses": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) {
			a.Contact.Email = "a@b.example, c@d.example"
		}, kernel.InvalidInput},
		"without a telephone": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) { a.Contact.PhoneNumber = "" }, ""},
		"with an endless telephone": {func(a *programme.AgreementAttestation, _ *programme.AttestationFacts) {
			a.Contact.PhoneNumber = strings.Repeat("1", 65)
		}, kernel.InvalidInput},
		"the same contact again": {before(programme.Contact{FirstName: "ADA", LastName: "byron", Email: "Ada@Contoso.example", PhoneNumber: attestation().Contact.PhoneNumber}), programme.AlreadyAttested},
		"D5: another telephone":  {before(programme.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@contoso.example", PhoneNumber: "+1 555 0100"}), ""},
		"D5: a first telephone":  {before(programme.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@contoso.example"}), ""},
		"another contact":        {before(programme.Contact{FirstName: "Ada", LastName: "Lovelace", Email: "ada@contoso.example"}), ""},
		"another address":        {before(programme.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@fabrikam.example"}), ""},
		"a first contact":        {before(programme.Contact{}), ""},
	} {
		a, f := attestation(), attestable()
		c.change(&a, &f)
		got, err := programme.CheckAttestation(a, f)
		if c.cause == "" {
			require.NoError(t, err, name)
			assert.NotEmpty(t, got.TemplateID, name)
		} else {
			assert.ErrorIs(t, err, c.cause, name)
			assert.Empty(t, got, name)
		}
	}
}

func attesting(set func(*programme.Contact, string)) func(string) error {
	return func(s string) error {
		a := attestation()
		set(&a.Contact, s)
		_, err := programme.CheckAttestation(a, attestable())
		return err
	}
}

// The rules ask the one table: whichever way a text comes, the same bound holds.
func TestContactsKeepTheBounds(t *testing.T) {
	for field, say := range map[string]func(string) error{
		"primaryContact.firstName":   attesting(func(c *programme.Contact, s string) { c.FirstName = s }),
		"primaryContact.lastName":    attesting(func(c *programme.Contact, s string) { c.LastName = s }),
		"primaryContact.phoneNumber": attesting(func(c *programme.Contact, s string) { c.PhoneNumber = s }),
	} {
		kerneltest.KeepsBound(t, field, say)
	}
	kerneltest.KeepsLongestAddress(t, "primaryContact.email", attesting(func(c *programme.Contact, s string) { c.Email = s }))
}
