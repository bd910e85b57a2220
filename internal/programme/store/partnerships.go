package programmestore

// Which partners work together, and which customers know them both.

import (
	"context"

	"handover/internal/programme"
	"handover/internal/store"
)

var partnerships = store.Table[programme.Partnership]{
	Name:    "partnerships",
	Columns: `provider_tenant_id text, reseller_tenant_id text`,
	Fields: func(p *programme.Partnership) []any {
		return []any{&p.ProviderTenantID, &p.ResellerTenantID}
	},
}

var (
	selectResellers = store.Both(`SELECT reseller_tenant_id FROM partnerships WHERE provider_tenant_id = $1`)
	selectWorking   = store.Both(`SELECT COUNT(*) FROM partnerships WHERE provider_tenant_id = $1 AND reseller_tenant_id = $2`)
	selectProviders = store.Both(`SELECT provider_tenant_id FROM partnerships WHERE reseller_tenant_id = $1`)

	// selectShared finds the partner's partners, on either side, whom the customer accepted in that capacity too, and not with another.
	selectShared = store.Both(`SELECT p.reseller_tenant_id, 'indirect-provider' FROM partnerships p JOIN relationships r ON r.partner_tenant_id = p.reseller_tenant_id
			AND r.kind = 'reseller'
		WHERE p.provider_tenant_id = $1 AND r.customer_tenant_id = $2 AND r.ended_at IS NULL AND COALESCE(r.counterpart_tenant_id, $1) = $1
		UNION ALL SELECT p.provider_tenant_id, 'indirect-reseller' FROM partnerships p JOIN relationships r ON r.partner_tenant_id = p.provider_tenant_id
			AND r.kind = 'provider'
		WHERE p.reseller_tenant_id = $1 AND r.customer_tenant_id = $2 AND r.ended_at IS NULL AND COALESCE(r.counterpart_tenant_id, $1) = $1
		ORDER BY 1, 2`)
)

// Partnerships are the partners that this one works with, by tenant id: as an indirect provider its resellers, as an
// indirect reseller its providers. In any other capacity, or for a partner in no such programme, there are none.
func (s *Store) Partnerships(ctx context.Context, partnerTenantID string, as programme.Program) ([]programme.Partner, error) {
	store.Lower(&partnerTenantID)
	of := map[programme.Program]store.Statement{programme.IndirectProvider: selectResellers, programme.IndirectReseller: selectProviders}
	which, exists := of[as]
	if !exists {
		return nil, nil
	}
	return store.Read(ctx, s.db, "list partnerships", func(tx store.Tx) ([]programme.Partner, error) {
		return partnersFound(ctx, tx, which, partnerTenantID)
	})
}

// shared is a partner's partner by its id, and what the partner is to it.
type shared struct {
	id     string
	asking programme.Program
}

// CustomerPartnerships are those of the partner's partners whom the customer accepted too, as its resellers or its providers, by
// tenant id. Refusal: CustomerUnknown, as CustomerOf says it.
func (s *Store) CustomerPartnerships(ctx context.Context, partnerTenantID, customerTenantID string) ([]programme.Colleague, error) {
	store.Lower(&partnerTenantID, &customerTenantID)
	return store.Read(ctx, s.db, "list partnerships of a customer", func(tx store.Tx) ([]programme.Colleague, error) {
		if _, err := ClientOf(ctx, tx, partnerTenantID, customerTenantID); err != nil {
			return nil, err
		}
		all, err := store.All(ctx, tx, selectShared, func(s *shared) []any { return []any{&s.id, &s.asking} }, partnerTenantID, customerTenantID)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		ids := make([]string, len(all))
		for i, one := range all {
			ids[i] = one.id
		}
		partners, err := Partners(ctx, tx, "", ids...)
		return colleagues(all, partners), err
	})
}

func colleagues(all []shared, partners []programme.Partner) []programme.Colleague {
	byID := map[string]programme.Partner{}
	for _, p := range partners {
		byID[p.TenantID] = p
	}
	found := make([]programme.Colleague, len(all))
	for i, one := range all {
		found[i] = programme.Colleague{Partner: byID[one.id], Asking: one.asking}
	}
	return found
}

// WorkTogether tells whether the indirect reseller works under the indirect provider.
func WorkTogether(ctx context.Context, tx store.Tx, provider, reseller string) (bool, error) {
	count, _, err := store.One(ctx, tx, selectWorking, store.Value[int], provider, reseller)
	return count > 0, err
}

// partnersFound loads the partners whose ids the query finds.
func partnersFound(ctx context.Context, tx store.Tx, ids store.Statement, args ...any) ([]programme.Partner, error) {
	found, err := store.All(ctx, tx, ids, store.Value[string], args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return Partners(ctx, tx, "", found...)
}
