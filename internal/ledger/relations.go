package ledger

// Which partners work together, and which customers know them both.

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
)

var partnerships = store.Table[Partnership]{
	Name:    "partnerships",
	Columns: `provider_tenant_id text, reseller_tenant_id text`,
	Fields: func(p *Partnership) []any {
		return []any{&p.ProviderTenantID, &p.ResellerTenantID}
	},
}

var (
	selectResellers = store.Both(`SELECT reseller_tenant_id FROM partnerships WHERE provider_tenant_id = $1`)
	selectProviders = store.Both(`SELECT provider_tenant_id FROM partnerships WHERE reseller_tenant_id = $1`)

	// selectShared finds the partner's partners, on either side, whom the customer accepted as reseller too.
	selectShared = store.Both(`SELECT r.partner_tenant_id FROM relationships r WHERE r.customer_tenant_id = $2 AND r.partner_tenant_id IN (
		SELECT reseller_tenant_id FROM partnerships WHERE provider_tenant_id = $1
		UNION SELECT provider_tenant_id FROM partnerships WHERE reseller_tenant_id = $1)`)
)

// Partnerships are the partners that this one works with, by tenant id: as an indirect provider its resellers, as an
// indirect reseller its providers. In any other capacity, or for a partner of another type, there are none.
func (l *Ledger) Partnerships(ctx context.Context, partnerTenantID string, as programme.PartnerType) ([]programme.Partner, error) {
	lower(&partnerTenantID)
	of := map[programme.PartnerType]store.Statement{programme.IndirectProvider: selectResellers, programme.IndirectReseller: selectProviders}
	which, exists := of[as]
	if !exists {
		return nil, nil
	}
	return read(ctx, l, "list partnerships", func(s session) ([]programme.Partner, error) {
		return s.partnersFound(ctx, which, partnerTenantID)
	})
}

// CustomerPartnerships are those of the partner's partners whom the customer accepted as reseller too, by tenant id.
// Refusal: CustomerUnknown, as CustomerOf says it.
func (l *Ledger) CustomerPartnerships(ctx context.Context, partnerTenantID, customerTenantID string) ([]programme.Partner, error) {
	lower(&partnerTenantID, &customerTenantID)
	return read(ctx, l, "list partnerships of a customer", func(s session) ([]programme.Partner, error) {
		if _, err := s.client(ctx, partnerTenantID, customerTenantID); err != nil {
			return nil, err
		}
		return s.partnersFound(ctx, selectShared, partnerTenantID, customerTenantID)
	})
}

// partnersFound loads the partners whose ids the query finds.
func (s session) partnersFound(ctx context.Context, ids store.Statement, args ...any) ([]programme.Partner, error) {
	found, err := store.All(ctx, s, ids, store.Value[string], args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return s.partners(ctx, "", found...)
}

// PartnerByMPN reads the partner with the MPN id; where several share it, a reseller is meant. Refusal:
// PartnerUnknown.
func (l *Ledger) PartnerByMPN(ctx context.Context, mpnID string) (programme.Partner, error) {
	return read(ctx, l, "read partner", func(s session) (programme.Partner, error) {
		found, err := s.partners(ctx, mpnID)
		if err != nil {
			return programme.Partner{}, err
		}
		if p := credited(found, mpnID); p != nil {
			return *p, nil
		}
		return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "No partner has the PartnerID %s. Correct it.", mpnID).About(mpnID)
	})
}

// credited is the partner among these with the MPN id, a reseller before any other; nil when there is none.
func credited(among []programme.Partner, mpnID string) *programme.Partner {
	var found *programme.Partner
	for i, p := range among {
		if mpnID != "" && p.MPNID == mpnID && (found == nil || p.Type == programme.IndirectReseller) {
			found = &among[i]
		}
	}
	return found
}
