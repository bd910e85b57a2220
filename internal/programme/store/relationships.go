package programmestore

// What partners are to customers.

import (
	"context"
	"maps"
	"slices"

	"handover/internal/programme"
	"handover/internal/store"
)

var relationships = store.Table[programme.Relationship]{
	Name: "relationships",
	Columns: `customer_tenant_id text, partner_tenant_id text, kind text, counterpart_tenant_id text, origin text, admin_rights boolean,
		local_reseller_of_record boolean, since timestamptz, ended_at timestamptz, invitation text`,
	Fields: func(r *programme.Relationship) []any {
		return []any{
			&r.CustomerTenantID, &r.PartnerTenantID, &r.Kind, (*store.Optional)(&r.Counterpart), &r.Origin, &r.AdminRights,
			&r.LocalReseller, (*store.Stamp)(&r.Since), (*store.Stamp)(&r.EndedAt), &r.Invitation,
		}
	},
}

// AcceptedAsBiller is the condition that a row of relationships says what R-50 asks for: the customer accepted the partner as the one who
// bills it, and that lasts.
const AcceptedAsBiller = `kind IN ('direct', 'provider') AND ended_at IS NULL`

// spelledOut are the relationships with what is left out of planted ones: the kind, from the partner's programmes, and the origin.
func spelledOut(ctx context.Context, tx store.Tx, planted []programme.Relationship) ([]programme.Relationship, error) {
	unsaid := map[string]bool{} // partners by id
	for _, r := range planted {
		if r.Kind == "" {
			unsaid[r.PartnerTenantID] = true
		}
	}
	found, err := Partners(ctx, tx, "", slices.Sorted(maps.Keys(unsaid))...)
	if err != nil {
		return nil, err
	}
	known := map[string]programme.Partner{}
	for _, p := range found {
		known[p.TenantID] = p
	}
	whole := make([]programme.Relationship, len(planted))
	for i, r := range planted {
		whole[i] = r.Whole(known[r.PartnerTenantID])
	}
	return whole, nil
}

var selectDealings = store.Both(`SELECT
	EXISTS (SELECT 1 FROM relationships WHERE partner_tenant_id = $1 AND customer_tenant_id = $2 AND ` + AcceptedAsBiller + `),
	EXISTS (SELECT 1 FROM relationships WHERE partner_tenant_id = $1 AND customer_tenant_id = $2 AND kind = 'reseller' AND ended_at IS NULL),
	EXISTS (SELECT 1 FROM subscriptions WHERE partner_tenant_id = $1 AND customer_tenant_id = $2)`)

// Dealings are what the partner has to do with the customer; none with one that is not known.
func (s *Store) Dealings(ctx context.Context, partnerTenantID, customerTenantID string) (programme.Dealings, error) {
	store.Lower(&partnerTenantID, &customerTenantID)
	return store.Read(ctx, s.db, "read dealings", func(tx store.Tx) (programme.Dealings, error) {
		found, _, err := store.One(ctx, tx, selectDealings, func(d *programme.Dealings) []any { return []any{&d.Accepted, &d.Resells, &d.Bills} },
			partnerTenantID, customerTenantID)
		return found, err
	})
}
