package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/programme"
)

const templateID = "99999999-0000-4000-8000-00000000000a"

var byTarget = activitylog.By{PartnerTenantID: targetID, UserID: targetAgent, ApplicationID: "app", CorrelationID: "corr"}

func attestation(email string) programme.AgreementAttestation {
	return programme.AgreementAttestation{
		CustomerTenantID: customerID, Type: programme.CustomerAgreement, TemplateID: templateID, DateAgreed: start.AddDate(0, 0, -1),
		Contact: programme.Contact{FirstName: "Ada", LastName: "Byron", Email: email, PhoneNumber: "123"},
	}
}

// Section 8.1: an attestation is stored, and what it replaces stays in the log.
func TestAttestAgreement(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		by, a := byTarget, attestation("ada@contoso.example")
		by.PartnerTenantID, a.CustomerTenantID = strings.ToUpper(targetID), strings.ToUpper(customerID)
		got, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, by, a)
		require.NoError(t, err)
		want := programme.Agreement{
			CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: programme.Attestation, DateAgreed: a.DateAgreed,
			TemplateID: templateID, Contact: a.Contact, AttestedBy: targetAgent,
		}
		require.Equal(t, want, got)
		stored, err := f.Agreements(t.Context(), strings.ToUpper(targetID), strings.ToUpper(customerID))
		require.NoError(t, err)
		require.Equal(t, []programme.Agreement{want}, stored)

		f.clock.advance(time.Minute)
		_, err = f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation("eve@contoso.example"))
		require.NoError(t, err)
		log := f.log(targetID)
		require.Len(t, log, 2)
		require.Equal(t, activitylogstore.AuditEntry{
			ID:              activitylog.AuditID(targetID, customerID, customerID, "createagreement", start.Add(time.Minute)),
			EventKey:        "create_agreement:2031-03-03T11:03:03.123456Z",
			PartnerTenantID: targetID, Participants: []string{targetID}, CustomerTenantID: customerID, CustomerName: "Contoso",
			UserID: targetAgent, ApplicationID: "app", CorrelationID: "corr", Resource: "agreement", ResourceID: customerID,
			OldValue:  strings.Replace(log[0].NewValue, "eve@", "ada@", 1),
			NewValue:  log[0].NewValue,
			Operation: "create_agreement", Status: "succeeded", At: start.Add(time.Minute),
		}, log[0])
		of := `{"partner":"` + targetID + `","customer":"` + customerID + `","mode":"attestation","type":"MicrosoftCustomerAgreement"`
		require.JSONEq(t, of+`,"templateId":"`+templateID+`","dateAgreed":"2031-03-02T11:02:03.123456Z",
			"primaryContact":{"firstName":"Ada","lastName":"Byron","email":"eve@contoso.example","phoneNumber":"123"}}`, log[0].NewValue)
		require.JSONEq(t, of+`}`, log[1].OldValue, "the attestation of the world names nobody")
	})
}

func TestAttestAgreementIsRefused(t *testing.T) {
	w := worldOf(1)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: resellerID, CustomerTenantID: customerID})
	onBoth(t, w, func(t *testing.T, f fixture) {
		_, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation("ada@contoso.example"))
		require.NoError(t, err)
		before := f.contents()
		attest := func(partner, customer, email string) error {
			a := attestation(email)
			a.CustomerTenantID = customer
			_, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, activitylog.By{PartnerTenantID: partner}, a)
			return err
		}
		refuses(t, attest(targetID, customerID, "Ada@contoso.example"), programme.AlreadyAttested)
		refuses(t, attest(resellerID, customerID, "a@contoso.example"), programme.PartnerNotEnabled)
		refuses(t, attest(newID(1), customerID, "a@contoso.example"), programme.PartnerUnknown)
		unrelated := refuses(t, attest(sourceID, customerID, "a@contoso.example"), programme.RelationshipMissing)
		unknown := refuses(t, attest(sourceID, newID(1), "a@contoso.example"), programme.RelationshipMissing)
		require.Equal(t, unrelated, unknown, "R-110")
		require.Equal(t, before, f.contents())
	})
}

// R-103; and of the same attestation sent twice at once under two keys, one is made.
func TestAttestAgreementOnce(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		terms := claiming[programme.Agreement]("k1")
		_, err := f.AttestAgreement(t.Context(), terms, byTarget, attestation("ada@contoso.example"))
		require.NoError(t, err)
		f.clock.advance(time.Minute)
		_, err = f.AttestAgreement(t.Context(), terms, byTarget, attestation("ada@contoso.example"))
		repeats(t, err)
		require.Len(t, f.log(targetID), 1)

		failed := make(chan error, 16)
		for range cap(failed) {
			go func() {
				_, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation("eve@contoso.example"))
				failed <- err
			}()
		}
		made := 0
		for range cap(failed) {
			if err := <-failed; err == nil {
				made++
			} else {
				refuses(t, err, programme.AlreadyAttested)
			}
		}
		require.Equal(t, 1, made)
	})
}

// an attestation is what was missing for a transfer.
func TestAttestedAgreementCounts(t *testing.T) {
	w := worldOf(1)
	w.Agreements = nil
	onBoth(t, w, func(t *testing.T, f fixture) {
		_, err := f.OpenTransfer(t.Context(), request("r1"))
		refuses(t, err, programme.AgreementMissing)
		_, err = f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation("ada@contoso.example"))
		require.NoError(t, err)
		f.pending("r1")
	})
}

// a direct acceptance shows to every partner of the customer, and to nobody else.
func TestDirectSigned(t *testing.T) {
	w := worldOf(1)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID})
	w.Agreements = append(w.Agreements, programme.Agreement{
		CustomerTenantID: customerID, PartnerTenantID: strangerID, Mode: programme.DirectSign, DateAgreed: start,
	})
	onBoth(t, w, func(t *testing.T, f fixture) {
		for customer, want := range map[string]bool{customerID: true, otherID: false} {
			signed, err := f.DirectSigned(t.Context(), targetID, strings.ToUpper(customer))
			require.NoError(t, err)
			require.Equal(t, want, signed)
		}
		_, err := f.DirectSigned(t.Context(), strangerID, customerID)
		refuses(t, err, programme.CustomerUnknown)
		_, err = f.Agreements(t.Context(), strangerID, customerID)
		refuses(t, err, programme.CustomerUnknown)
		held, err := f.Agreements(t.Context(), sourceID, customerID)
		require.NoError(t, err)
		require.Empty(t, held, "those of others are theirs")
	})
}
