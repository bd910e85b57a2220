package transfer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// Attestations of the customer agreement (section 8.1) and the window of the activity log (section 7).

const templateID = "99999999-0000-4000-8000-00000000000a"

// attestation is one that nothing is wrong with.
func attestation() transfer.AgreementAttestation {
	return transfer.AgreementAttestation{
		CustomerTenantID: customerID, Type: transfer.CustomerAgreement, TemplateID: strings.ToUpper(templateID), DateAgreed: created,
		Contact: transfer.Contact{FirstName: " Ada", LastName: "Byron ", Email: "ada@contoso.example", PhoneNumber: "+49 30 1234567"},
	}
}

func attestable() transfer.AttestationFacts {
	return transfer.AttestationFacts{Partner: facts().Target, Relationship: true, UserID: agentID, Now: submitted}
}

func TestAnAttestationBecomesAnAgreement(t *testing.T) {
	got, err := transfer.CheckAttestation(attestation(), attestable())
	require.NoError(t, err)
	assert.Equal(t, transfer.Agreement{
		CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: transfer.Attestation, DateAgreed: created, TemplateID: templateID,
		Contact:    transfer.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@contoso.example", PhoneNumber: "+49 30 1234567"},
		AttestedBy: agentID,
	}, got)
}

func TestWhoMayAttestWhat(t *testing.T) {
	type change = func(*transfer.AgreementAttestation, *transfer.AttestationFacts)
	before := func(contact transfer.Contact) change {
		return func(_ *transfer.AgreementAttestation, f *transfer.AttestationFacts) {
			f.Attested = &transfer.Agreement{Contact: contact}
		}
	}
	for name, c := range map[string]struct {
		change change
		cause  transfer.Cause
	}{
		"a direct-bill partner": {func(_ *transfer.AgreementAttestation, f *transfer.AttestationFacts) {
			f.Partner.Type = transfer.DirectBill
		}, ""},
		"a reseller": {func(_ *transfer.AgreementAttestation, f *transfer.AttestationFacts) {
			f.Partner.Type = transfer.IndirectReseller
		}, transfer.PartnerNotEnabled},
		"an unknown partner":     {func(_ *transfer.AgreementAttestation, f *transfer.AttestationFacts) { f.Partner = nil }, transfer.PartnerUnknown},
		"without a relationship": {func(_ *transfer.AgreementAttestation, f *transfer.AttestationFacts) { f.Relationship = false }, transfer.RelationshipMissing},
		"another type": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) {
			a.Type = "MicrosoftCloudAgreement"
		}, transfer.UnknownEnum},
		"without a date": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.DateAgreed = time.Time{} }, transfer.InvalidInput},
		"today":          {func(a *transfer.AgreementAttestation, f *transfer.AttestationFacts) { a.DateAgreed = f.Now }, ""},
		"to come": {func(a *transfer.AgreementAttestation, f *transfer.AttestationFacts) {
			a.DateAgreed = f.Now.Add(time.Second)
		}, transfer.InvalidInput},
		"without a template":       {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.TemplateID = "" }, transfer.InvalidInput},
		"without a first name":     {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.Contact.FirstName = " " }, transfer.InvalidInput},
		"without a last name":      {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.Contact.LastName = "" }, transfer.InvalidInput},
		"with a name of two lines": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.Contact.LastName = "a\nb" }, transfer.InvalidInput},
		"without an address":       {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.Contact.Email = "" }, transfer.InvalidInput},
		"with two addresses": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) {
			a.Contact.Email = "a@b.example, c@d.example"
		}, transfer.InvalidInput},
		"without a telephone": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) { a.Contact.PhoneNumber = "" }, ""},
		"with an endless telephone": {func(a *transfer.AgreementAttestation, _ *transfer.AttestationFacts) {
			a.Contact.PhoneNumber = strings.Repeat("1", 65)
		}, transfer.InvalidInput},
		"the same contact again": {before(transfer.Contact{FirstName: "ADA", LastName: "byron", Email: "Ada@Contoso.example"}), transfer.AlreadyAttested},
		"another contact":        {before(transfer.Contact{FirstName: "Ada", LastName: "Lovelace", Email: "ada@contoso.example"}), ""},
		"another address":        {before(transfer.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@fabrikam.example"}), ""},
		"a first contact":        {before(transfer.Contact{}), ""},
	} {
		a, f := attestation(), attestable()
		c.change(&a, &f)
		got, err := transfer.CheckAttestation(a, f)
		if c.cause == "" {
			require.NoError(t, err, name)
			assert.NotEmpty(t, got.TemplateID, name)
		} else {
			assert.ErrorIs(t, err, c.cause, name)
			assert.Empty(t, got, name)
		}
	}
}

func TestRulesOfTheActivityLog(t *testing.T) {
	now := at("2024-05-15T09:00:00Z")
	for _, c := range []struct {
		name, from, until   string
		wantFrom, wantUntil string
		cause               transfer.Cause
	}{
		{name: "R-300 left out: the last 30 days until the end of today", wantFrom: "2024-04-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 a start only", from: "2024-05-01T00:00:00Z", wantFrom: "2024-05-01T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 both", from: "2024-03-01T12:00:00Z", until: "2024-03-02T00:00:00Z", wantFrom: "2024-03-01T12:00:00Z", wantUntil: "2024-03-02T00:00:00Z"},
		{name: "R-300 90 days back", from: "2024-02-15T00:00:00Z", wantFrom: "2024-02-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 more than 90 days back", from: "2024-02-14T23:59:59Z", cause: transfer.LogNotKept},
		{name: "R-300 the end before the start", from: "2024-05-02T00:00:00Z", until: "2024-05-01T00:00:00Z", cause: transfer.InvalidInput},
		{name: "R-300 nothing between them", from: "2024-05-02T00:00:00Z", until: "2024-05-02T00:00:00Z", cause: transfer.InvalidInput},
	} {
		rule(t, c.name, func(t *testing.T) {
			from, until, err := transfer.LogWindow(maybe(c.from), maybe(c.until), now)
			if c.cause != "" {
				refused(t, err, c.cause)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []time.Time{at(c.wantFrom), at(c.wantUntil)}, []time.Time{from, until})
		})
	}
}

// maybe is the time, or the zero time for an empty text.
func maybe(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	return at(text)
}
