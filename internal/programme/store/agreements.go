package programmestore

// What customers agreed to, with whom, and who attested it.

import (
	"context"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/programme"
	"handover/internal/store"
)

var agreements = store.Table[programme.Agreement]{
	Name: "agreements",
	Columns: `customer_tenant_id text, partner_tenant_id text, mode text, date_agreed timestamptz, template_id text,
		first_name text, last_name text, email text, phone_number text, attested_by text`,
	Fields: func(a *programme.Agreement) []any {
		return []any{
			&a.CustomerTenantID, &a.PartnerTenantID, &a.Mode, (*store.Stamp)(&a.DateAgreed), &a.TemplateID,
			&a.Contact.FirstName, &a.Contact.LastName, &a.Contact.Email, &a.Contact.PhoneNumber, &a.AttestedBy,
		}
	},
}

var (
	selectAgreements = store.Both(`SELECT ` + agreements.Columns.Of("a") + ` FROM agreements a
		WHERE a.partner_tenant_id = $1 AND a.customer_tenant_id = $2 ORDER BY a.mode`)
	selectDirect = store.Both(`SELECT COUNT(*) FROM agreements WHERE customer_tenant_id = $1 AND mode = 'direct'`)

	// lockRelationship makes attestations of one customer by one partner take turns.
	lockRelationship = store.Both(`SELECT partner_tenant_id FROM relationships
		WHERE partner_tenant_id = $1 AND customer_tenant_id = $2 AND ` + AcceptedAsBiller + ` ORDER BY kind FOR UPDATE`)
	upsertAgreement = agreements.Insert(`ON CONFLICT (customer_tenant_id, partner_tenant_id, mode) DO UPDATE SET
		date_agreed = excluded.date_agreed, template_id = excluded.template_id, first_name = excluded.first_name,
		last_name = excluded.last_name, email = excluded.email, phone_number = excluded.phone_number, attested_by = excluded.attested_by`)
)

// Agreements are what the customer accepted with the partner: attested by the partner, directly, or both. Refusal:
// CustomerUnknown, as CustomerOf says it.
func (s *Store) Agreements(ctx context.Context, partnerTenantID, customerTenantID string) ([]programme.Agreement, error) {
	store.Lower(&partnerTenantID, &customerTenantID)
	return store.Read(ctx, s.db, "list agreements", func(tx store.Tx) ([]programme.Agreement, error) {
		if _, err := ClientOf(ctx, tx, partnerTenantID, customerTenantID); err != nil {
			return nil, err
		}
		return store.All(ctx, tx, selectAgreements, agreements.Fields, partnerTenantID, customerTenantID)
	})
}

// DirectSigned tells a partner of the customer whether the customer accepted the agreement itself, with whichever partner
// . Refusal: CustomerUnknown, as CustomerOf says it.
func (s *Store) DirectSigned(ctx context.Context, partnerTenantID, customerTenantID string) (bool, error) {
	store.Lower(&partnerTenantID, &customerTenantID)
	return store.Read(ctx, s.db, "read how an agreement was accepted", func(tx store.Tx) (bool, error) {
		if _, err := ClientOf(ctx, tx, partnerTenantID, customerTenantID); err != nil {
			return false, err
		}
		count, _, err := store.One(ctx, tx, selectDirect, store.Value[int], customerTenantID)
		return count > 0, err
	})
}

// AttestAgreement records, under the terms, that the customer accepted the agreement with the partner, and returns it as it
// is stored. It takes the place of an earlier attestation with another contact; the log keeps both.
//
// Refusals: those of programme.CheckAttestation. Errors: those of command.Execute.
func (s *Store) AttestAgreement(ctx context.Context, terms command.Terms[programme.Agreement], by activitylog.By, a programme.AgreementAttestation) (programme.Agreement, error) {
	store.Lower(&by.PartnerTenantID, &a.CustomerTenantID)
	return command.Execute(ctx, s.db, "attest an agreement", terms, func(tx store.Tx) (programme.Agreement, error) {
		facts, err := attestationFacts(ctx, tx, by, a.CustomerTenantID)
		if err != nil {
			return programme.Agreement{}, err
		}
		if facts.Now, err = s.db.Time(ctx, tx); err != nil {
			return programme.Agreement{}, err
		}
		agreed, err := programme.CheckAttestation(a, facts)
		if err != nil {
			return programme.Agreement{}, err
		}
		if _, err := tx.Exec(ctx, upsertAgreement, agreements.Rows([]programme.Agreement{agreed})); err != nil {
			return programme.Agreement{}, err
		}
		record := activitylogstore.Record{
			By: by, CustomerTenantID: a.CustomerTenantID, Resource: activitylog.AgreementResource, ResourceID: a.CustomerTenantID,
			Operation: activitylog.AuditCreateAgreement, After: LoggedAgreement(agreed), At: facts.Now,
		}
		if facts.Attested != nil {
			record.Before = LoggedAgreement(*facts.Attested)
		}
		return agreed, activitylogstore.Note(ctx, tx, record)
	})
}

func attestationFacts(ctx context.Context, tx store.Tx, by activitylog.By, customer string) (programme.AttestationFacts, error) {
	f := programme.AttestationFacts{UserID: by.UserID}
	found, err := Partners(ctx, tx, "", by.PartnerTenantID)
	if err != nil {
		return f, err
	}
	if len(found) > 0 {
		f.Partner = &found[0]
	}
	if _, f.Relationship, err = store.One(ctx, tx, lockRelationship, store.Value[string], by.PartnerTenantID, customer); err != nil {
		return f, err
	}
	stored, err := store.All(ctx, tx, selectAgreements, agreements.Fields, by.PartnerTenantID, customer)
	for _, a := range stored {
		if a.Mode == programme.Attestation {
			f.Attested = &a
		}
	}
	return f, err
}
