package programmehttp

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
)

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var refusal *kernel.Refusal
	return err == nil || errors.As(err, &refusal)
}

// Whatever body comes, an attestation is understood or refused.
func FuzzAttestAgreement(f *testing.F) {
	f.Add([]byte(`{"primaryContact":{"firstName":"A","lastName":"B","email":"a@b.example"},"dateAgreed":"2026-11-01","templateId":"998b88de-aa99-4388-a42c-1b3517d49490","type":"MicrosoftCustomerAgreement"}`))
	f.Add([]byte(`{"dateAgreed":"2026-11-01T10:00:00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in AttestAgreement
		if json.Unmarshal(body, &in) != nil {
			return
		}
		partner := &programme.Partner{Programs: programme.Enrolled(programme.DirectBill, programme.Active, true)}
		_, err := programme.CheckAttestation(programme.AgreementAttestation{
			Type: in.Type, TemplateID: in.TemplateID, DateAgreed: in.DateAgreed.Time, Contact: in.PrimaryContact,
		}, programme.AttestationFacts{Partner: partner, Relationship: true, Now: time.Now()})
		require.True(t, known(err), "%v", err)
	})
}

// Filters come from the address, not the body, and are as free.
func FuzzFilter(f *testing.F) {
	f.Add(`{"Field":"CompanyName","Value":"a","Operator":"starts_with"}`)
	f.Fuzz(func(t *testing.T, filter string) {
		require.True(t, known(customerFilter(filter, &programmestore.CustomerSearch{})))
	})
}
