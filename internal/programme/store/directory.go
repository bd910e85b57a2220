package programmestore

// Many partners and customers at once, and what ties them, for operators.

import (
	"context"

	"handover/internal/programme"
	"handover/internal/store"
)

// PairColumns is the row source of statements about pairs.
const PairColumns store.Columns = "partner text, other text"

// PairRows are rows of such pairs.
func PairRows(pairs ...programme.Pair) store.Batch {
	b := make(store.Batch, len(pairs))
	for i, p := range pairs {
		b[i] = map[string]any{"partner": store.Clean(p.PartnerTenantID), "other": store.Clean(p.OtherID)}
	}
	return b
}

// PairsHaving are those of the pairs that the query over PairColumns finds.
func PairsHaving(ctx context.Context, tx store.Tx, which store.Statement, pairs ...programme.Pair) (map[programme.Pair]bool, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	found, err := store.All(ctx, tx, which, func(p *programme.Pair) []any {
		return []any{&p.PartnerTenantID, &p.OtherID}
	}, PairRows(pairs...))
	all := make(map[programme.Pair]bool, len(found))
	for _, p := range found {
		all[p] = true
	}
	return all, err
}

var (
	selectNamed     = store.OverRows(selectPartnersWhere+` OR p.mpn_id IN (SELECT r.id FROM {rows}) OR p.sandbox_of IN (SELECT r.id FROM {rows}) ORDER BY p.tenant_id, e.program, u.position`, store.IDColumn)
	selectCustomers = store.OverRows(`SELECT `+Customers.Columns.Of("c")+` FROM customers c WHERE c.tenant_id IN (SELECT r.id FROM {rows})`, store.IDColumn)
	selectLasting   = store.OverRows(`SELECT `+relationships.Columns.Of("x")+` FROM {rows} JOIN relationships x
		ON x.partner_tenant_id = r.partner AND x.customer_tenant_id = r.other WHERE x.ended_at IS NULL`, PairColumns)
	selectAgreed = store.OverRows(`SELECT `+agreements.Columns.Of("a")+` FROM {rows} JOIN agreements a
		ON a.partner_tenant_id = r.partner AND a.customer_tenant_id = r.other`, PairColumns)
	selectTogether = store.OverRows(`SELECT r.partner, r.other FROM {rows} JOIN partnerships x
		ON x.provider_tenant_id = r.partner AND x.reseller_tenant_id = r.other`, PairColumns)
	selectPartnersOf = store.OverRows(`SELECT x.partner_tenant_id, x.customer_tenant_id FROM relationships x WHERE x.customer_tenant_id IN (SELECT r.id FROM {rows})
		UNION SELECT s.partner_tenant_id, s.customer_tenant_id FROM subscriptions s WHERE s.customer_tenant_id IN (SELECT r.id FROM {rows})`, store.IDColumn)
	selectProviding = store.OverRows(`SELECT DISTINCT p.provider_tenant_id FROM partnerships p WHERE p.provider_tenant_id IN (SELECT r.id FROM {rows})`, store.IDColumn)
	selectReselling = store.OverRows(`SELECT DISTINCT p.reseller_tenant_id FROM partnerships p WHERE p.reseller_tenant_id IN (SELECT r.id FROM {rows})`, store.IDColumn)
)

// Named loads the partners that any of the keys names, by a tenant id, an MPN id, or as the sandbox of that tenant, with their programmes
// and users.
func Named(ctx context.Context, tx store.Tx, keys ...string) ([]programme.Partner, error) {
	return whole(ctx, tx, selectNamed, store.IDRows(keys...))
}

// CustomersOf loads the customers with the ids.
func CustomersOf(ctx context.Context, tx store.Tx, ids ...string) ([]programme.Customer, error) {
	return store.All(ctx, tx, selectCustomers, Customers.Fields, store.IDRows(ids...))
}

// Lasting are the relationships of the pairs that have not ended.
func Lasting(ctx context.Context, tx store.Tx, pairs ...programme.Pair) ([]programme.Relationship, error) {
	return store.All(ctx, tx, selectLasting, relationships.Fields, PairRows(pairs...))
}

// Agreed are the agreements of the pairs, of either mode.
func Agreed(ctx context.Context, tx store.Tx, pairs ...programme.Pair) ([]programme.Agreement, error) {
	return store.All(ctx, tx, selectAgreed, agreements.Fields, PairRows(pairs...))
}

// Together are those of the pairs of provider and reseller that work together.
func Together(ctx context.Context, tx store.Tx, pairs ...programme.Pair) (map[programme.Pair]bool, error) {
	return PairsHaving(ctx, tx, selectTogether, pairs...)
}

// Working are those of the partners under whom resellers work, and those that work under a provider.
func Working(ctx context.Context, tx store.Tx, ids ...string) (provide, resell map[string]bool, err error) {
	if provide, err = Among(ctx, tx, selectProviding, ids...); err != nil {
		return nil, nil, err
	}
	resell, err = Among(ctx, tx, selectReselling, ids...)
	return provide, resell, err
}

// Among are those of the ids that the query over store.IDColumn finds.
func Among(ctx context.Context, tx store.Tx, which store.Statement, ids ...string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := store.All(ctx, tx, which, store.Value[string], store.IDRows(ids...))
	all := make(map[string]bool, len(found))
	for _, id := range found {
		all[id] = true
	}
	return all, err
}

// PartnersOf are the partners of each of the customers: those that it accepted as reseller, and those that bill it or did.
func PartnersOf(ctx context.Context, tx store.Tx, customerIDs ...string) ([]programme.Pair, error) {
	if len(customerIDs) == 0 {
		return nil, nil
	}
	return store.All(ctx, tx, selectPartnersOf, func(p *programme.Pair) []any {
		return []any{&p.PartnerTenantID, &p.OtherID}
	}, store.IDRows(customerIDs...))
}
