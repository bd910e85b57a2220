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
	f.Add([]byte(`{"dateAgreed":"0001-01-01T00:00:00"}`))
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

// A day that no ledger keeps is none, and neither is .NET's MinValue, which its clients send where nobody said one.
func TestDateAgreed(t *testing.T) {
	for text, want := range map[string]string{
		`"2026-11-21"`: "2026-11-21T00:00:00Z", `"2026-11-21T10:00:00+02:00"`: "2026-11-21T08:00:00Z",
		`"0001-01-01T00:00:00"`: "0001-01-01T00:00:00Z", `"0001-01-01T00:00:00+01:00"`: "0001-01-01T00:00:00Z", `null`: "0001-01-01T00:00:00Z",
		`"0000-01-01"`: "", `"0001-01-02T00:00:00+99:00"`: "", `"9999-12-31T12:00:00-14:00"`: "", `"soon"`: "", `1`: "",
	} {
		var on agreedOn
		err := json.Unmarshal([]byte(text), &on)
		if want == "" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, on.Format(time.RFC3339), text)
	}
}
