package ledger

// Partners, customers, and what ties them: the facts that decide whether a transfer may be opened.

import (
	"context"
	"strings"
	"time"

	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

var partners = store.Table[programme.Partner]{
	Name: "partners",
	Columns: `tenant_id text, name text, type text, status text, mpa_signed boolean, mpn_id text, market text,
		currency text, locale text`,
	Fields: func(p *programme.Partner) []any {
		return []any{&p.TenantID, &p.Name, &p.Type, &p.Status, &p.MPASigned, &p.MPNID, &p.Market, &p.Currency, &p.Locale}
	},
}

// agentOf is one admin agent's row.
type agentOf struct {
	partner  string
	position int
	programme.AdminAgent
}

var adminAgents = store.Table[agentOf]{
	Name:    "admin_agents",
	Columns: `partner_tenant_id text, position integer, user_id text, email text`,
	Fields: func(a *agentOf) []any {
		return []any{&a.partner, &a.position, &a.UserID, &a.Email}
	},
}

var customers = store.Table[programme.Customer]{
	Name:    "customers",
	Columns: `tenant_id text, name text, domain text, email text, market text, locale text`,
	Fields: func(c *programme.Customer) []any {
		return []any{&c.TenantID, &c.Name, &c.Domain, &c.Email, &c.Market, &c.Locale}
	},
}

var relationships = store.Table[Relationship]{
	Name:    "relationships",
	Columns: `customer_tenant_id text, partner_tenant_id text`,
	Fields: func(r *Relationship) []any {
		return []any{&r.CustomerTenantID, &r.PartnerTenantID}
	},
}

// newCustomer is a customer with the key that lists find it by.
type newCustomer struct {
	programme.Customer
	key string
}

var newCustomers = store.Table[newCustomer]{
	Name:    customers.Name,
	Columns: customers.Columns + `, name_key text`,
	Fields: func(c *newCustomer) []any {
		return append(customers.Fields(&c.Customer), &c.key)
	},
}

// partnerRow is a partner beside one of its admin agents, or beside nobody.
type partnerRow struct {
	programme.Partner
	agent programme.AdminAgent
}

var selectPartners = store.OverRows(`SELECT `+partners.Columns.Of("p")+`, COALESCE(a.user_id, ''), COALESCE(a.email, '')
	FROM partners p LEFT JOIN admin_agents a ON a.partner_tenant_id = p.tenant_id
	WHERE p.tenant_id IN (SELECT r.id FROM {rows}) OR (p.mpn_id = $2 AND p.mpn_id <> '')
	ORDER BY p.tenant_id, a.position`, store.IDColumn)

// partners loads partners with their admin agents: those with the ids and, unless it is empty, those with the MPN id.
func (s session) partners(ctx context.Context, mpnID string, ids ...string) ([]programme.Partner, error) {
	rows, err := store.All(ctx, s, selectPartners, func(r *partnerRow) []any {
		return append(partners.Fields(&r.Partner), &r.agent.UserID, &r.agent.Email)
	}, store.IDRows(ids...), mpnID)
	if err != nil {
		return nil, err
	}
	var found []programme.Partner
	for _, row := range rows {
		if len(found) == 0 || found[len(found)-1].TenantID != row.TenantID {
			found = append(found, row.Partner)
		}
		if row.agent != (programme.AdminAgent{}) {
			last := &found[len(found)-1]
			last.AdminAgents = append(last.AdminAgents, row.agent)
		}
	}
	return found, nil
}

// parties loads the two partners of a transfer.
func (s session) parties(ctx context.Context, t transfer.Transfer) (source, target programme.Partner, err error) {
	found, err := s.partners(ctx, "", t.SourceTenantID, t.TargetTenantID)
	for _, p := range found {
		switch p.TenantID {
		case t.SourceTenantID:
			source = p
		case t.TargetTenantID:
			target = p
		}
	}
	return source, target, err
}

var selectCustomer = store.Both(`SELECT ` + customers.Columns.Of("c") + ` FROM customers c WHERE c.tenant_id = $1`)

// customerRow is a customer with what ties it to the target, beside one of its Azure subscriptions there or beside none.
type customerRow struct {
	programme.Customer
	relationship, agreement, direct bool
	azure                           subscription.Subscription // what tells it from others, and its state
	readAt                          time.Time
}

var selectTied = store.Both(`SELECT ` + customers.Columns.Of("c") + `,
		EXISTS (SELECT 1 FROM relationships r WHERE r.customer_tenant_id = c.tenant_id AND r.partner_tenant_id = $2),
		EXISTS (SELECT 1 FROM agreements a WHERE a.customer_tenant_id = c.tenant_id AND a.partner_tenant_id = $2),
		EXISTS (SELECT 1 FROM agreements a WHERE a.customer_tenant_id = c.tenant_id AND a.mode = $5),
		COALESCE(s.id, ''), COALESCE(s.product_type, ''), COALESCE(s.offer_id, ''), COALESCE(s.status, ''), {clock}
	FROM customers c LEFT JOIN subscriptions s ON s.customer_tenant_id = c.tenant_id AND s.partner_tenant_id = $2
		AND (s.product_type = $3 OR s.offer_id = $4)
	WHERE c.tenant_id = $1 ORDER BY s.id`)

func (r *customerRow) fields() []any {
	return append(customers.Fields(&r.Customer), &r.relationship, &r.agreement, &r.direct,
		&r.azure.ID, &r.azure.ProductType, &r.azure.OfferID, &r.azure.Status, (*store.Stamp)(&r.readAt))
}

// openFacts loads what decides whether the transfer may be opened, in two queries, and when it was read by the database's
// clock.
func (s session) openFacts(ctx context.Context, r transfer.Request) (transfer.OpenFacts, time.Time, error) {
	found, err := s.partners(ctx, r.PartnerOnRecord, r.SourcePartnerTenantID, r.TargetPartnerTenantID)
	if err != nil {
		return transfer.OpenFacts{}, time.Time{}, err
	}
	return s.openFactsOf(ctx, r, found)
}

// openFactsOf loads the same when the partners are known.
func (s session) openFactsOf(ctx context.Context, r transfer.Request, partners []programme.Partner) (f transfer.OpenFacts, read time.Time, err error) {
	for _, p := range partners {
		placePartner(&f, r, p)
	}
	rows, err := store.All(ctx, s, selectTied, (*customerRow).fields,
		r.CustomerTenantID, r.TargetPartnerTenantID, subscription.AzurePlan, subscription.LegacyAzureOffer, programme.DirectSign)
	if err != nil || len(rows) == 0 {
		return f, read, err
	}
	first := rows[0]
	f.Customer, f.Relationship, f.Agreement, f.DirectAgreement = &first.Customer, first.relationship, first.agreement, first.direct
	for _, row := range rows {
		if row.azure.ID != "" {
			f.AzureAtTarget = append(f.AzureAtTarget, row.azure)
		}
	}
	return f, first.readAt, nil
}

// placePartner puts a partner where the request names it; one may be named twice. Where several partners share the MPN id
// of the request, a reseller is meant.
func placePartner(f *transfer.OpenFacts, r transfer.Request, p programme.Partner) {
	if p.TenantID == r.SourcePartnerTenantID {
		f.Source = &p
	}
	if p.TenantID == r.TargetPartnerTenantID {
		f.Target = &p
	}
	if r.PartnerOnRecord != "" && p.MPNID == r.PartnerOnRecord && (f.PartnerOnRecord == nil || p.Type == programme.IndirectReseller) {
		f.PartnerOnRecord = &p
	}
}

// lower gives ids the form they are stored in.
func lower(ids ...*string) {
	for _, id := range ids {
		*id = strings.ToLower(*id)
	}
}
