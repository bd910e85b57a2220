package transferstore

// Partners, customers, and what ties them: the facts that decide whether a transfer may be opened.

import (
	"context"
	"time"

	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// parties loads the two partners of a transfer.
func (s session) parties(ctx context.Context, t transfer.Transfer) (source, target programme.Partner, err error) {
	found, err := programmestore.Partners(ctx, s.Tx, "", t.SourceTenantID, t.TargetTenantID)
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

// customerRow is a customer with what ties it to the target, beside one of its Azure subscriptions there or beside none.
type customerRow struct {
	programme.Customer
	relationship, agreement, direct bool
	azure                           subscription.Subscription // what tells it from others, and its state
	readAt                          time.Time
}

var selectTied = store.Both(`SELECT ` + programmestore.Customers.Columns.Of("c") + `,
		EXISTS (SELECT 1 FROM relationships r WHERE r.customer_tenant_id = c.tenant_id AND r.partner_tenant_id = $2),
		EXISTS (SELECT 1 FROM agreements a WHERE a.customer_tenant_id = c.tenant_id AND a.partner_tenant_id = $2),
		EXISTS (SELECT 1 FROM agreements a WHERE a.customer_tenant_id = c.tenant_id AND a.mode = $5),
		COALESCE(s.id, ''), COALESCE(s.product_type, ''), COALESCE(s.offer_id, ''), COALESCE(s.status, ''), {clock}
	FROM customers c LEFT JOIN subscriptions s ON s.customer_tenant_id = c.tenant_id AND s.partner_tenant_id = $2
		AND (s.product_type = $3 OR s.offer_id = $4)
	WHERE c.tenant_id = $1 ORDER BY s.id`)

func (r *customerRow) fields() []any {
	return append(programmestore.Customers.Fields(&r.Customer), &r.relationship, &r.agreement, &r.direct,
		&r.azure.ID, &r.azure.ProductType, &r.azure.OfferID, &r.azure.Status, (*store.Stamp)(&r.readAt))
}

// openFacts loads what decides whether the transfer may be opened, in two queries, in three where a reseller is to be credited, and when it was read by the database's
// clock.
func (s session) openFacts(ctx context.Context, r transfer.Request) (transfer.OpenFacts, time.Time, error) {
	found, err := programmestore.Partners(ctx, s.Tx, r.PartnerOnRecord, r.SourcePartnerTenantID, r.TargetPartnerTenantID)
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
	if f.PartnerOnRecord != nil {
		if f.Partnership, err = programmestore.WorkTogether(ctx, s.Tx, r.TargetPartnerTenantID, f.PartnerOnRecord.TenantID); err != nil {
			return f, read, err
		}
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
