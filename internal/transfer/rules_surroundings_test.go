package transfer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// Attestations of the customer agreement (section 8.1) and the window of the activity log (section 7).

const templateID = "99999999-0000-4000-8000-00000000000a"

// attestation is one that nothing is wrong with.
func attestation() programme.AgreementAttestation {
	return programme.AgreementAttestation{
		CustomerTenantID: customerID, Type: programme.CustomerAgreement, TemplateID: strings.ToUpper(templateID), DateAgreed: created,
		Contact: programme.Contact{FirstName: " Ada", LastName: "Byron ", Email: "ada@contoso.example", PhoneNumber: "+49 30 1234567"},
	}
}

func attestable() programme.AttestationFacts {
	return programme.AttestationFacts{Partner: facts().Target, Relationship: true, UserID: agentID, Now: submitted}
}

func TestAnAttestationBecomesAnAgreement(t *testing.T) {
	got, err := programme.CheckAttestation(attestation(), attestable())
	require.NoError(t, err)
	assert.Equal(t, programme.Agreement{
		CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: programme.Attestation, DateAgreed: created, TemplateID: templateID,
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
			f.Partner.Type = programme.DirectBill
		}, ""},
		"a reseller": {func(_ *programme.AgreementAttestation, f *programme.AttestationFacts) {
			f.Partner.Type = programme.IndirectReseller
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
		"the same contact again": {before(programme.Contact{FirstName: "ADA", LastName: "byron", Email: "Ada@Contoso.example"}), programme.AlreadyAttested},
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

func TestRulesOfTheActivityLog(t *testing.T) {
	now := at("2024-05-15T09:00:00Z")
	for _, c := range []struct {
		name, from, until   string
		wantFrom, wantUntil string
		cause               kernel.Cause
	}{
		{name: "R-300 left out: the last 30 days until the end of today", wantFrom: "2024-04-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 a start only", from: "2024-05-01T00:00:00Z", wantFrom: "2024-05-01T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 both", from: "2024-03-01T12:00:00Z", until: "2024-03-02T00:00:00Z", wantFrom: "2024-03-01T12:00:00Z", wantUntil: "2024-03-02T00:00:00Z"},
		{name: "R-300 90 days back", from: "2024-02-15T00:00:00Z", wantFrom: "2024-02-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 more than 90 days back", from: "2024-02-14T23:59:59Z", cause: activitylog.LogNotKept},
		{name: "R-300 the end before the start", from: "2024-05-02T00:00:00Z", until: "2024-05-01T00:00:00Z", cause: kernel.InvalidInput},
		{name: "R-300 nothing between them", from: "2024-05-02T00:00:00Z", until: "2024-05-02T00:00:00Z", cause: kernel.InvalidInput},
	} {
		rule(t, c.name, func(t *testing.T) {
			from, until, err := activitylog.LogWindow(maybe(c.from), maybe(c.until), now)
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
