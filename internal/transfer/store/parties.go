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
func (tx session) parties(ctx context.Context, t transfer.Transfer) (source, target programme.Partner, err error) {
	found, err := programmestore.Partners(ctx, tx.Tx, "", t.SourceTenantID, t.TargetTenantID)
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
		EXISTS (SELECT 1 FROM relationships WHERE customer_tenant_id = c.tenant_id AND partner_tenant_id = $2 AND ` + programmestore.AcceptedAsBiller + `),
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
func (tx session) openFacts(ctx context.Context, r transfer.Request) (transfer.OpenFacts, time.Time, error) {
	found, err := programmestore.Partners(ctx, tx.Tx, r.PartnerOnRecord, r.SourcePartnerTenantID, r.TargetPartnerTenantID)
	if err != nil {
		return transfer.OpenFacts{}, time.Time{}, err
	}
	return tx.openFactsOf(ctx, r, found)
}

// openFactsOf loads the same when the partners are known.
func (tx session) openFactsOf(ctx context.Context, r transfer.Request, partners []programme.Partner) (f transfer.OpenFacts, read time.Time, err error) {
	f.Source, f.Target = partnerWith(r.SourcePartnerTenantID, partners), partnerWith(r.TargetPartnerTenantID, partners)
	if f.Target != nil {
		f.PartnerOnRecord = programme.Credited(partners, r.PartnerOnRecord, f.Target.Environment)
	}
	if f.PartnerOnRecord != nil {
		if f.Partnership, err = programmestore.WorkTogether(ctx, tx.Tx, r.TargetPartnerTenantID, f.PartnerOnRecord.TenantID); err != nil {
			return f, read, err
		}
	}
	rows, err := store.All(ctx, tx, selectTied, (*customerRow).fields,
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

// lockAsking makes the requests of one target take turns until each has ended, so that everyone counts those before it. Other targets
// go on meanwhile: Normalize refuses who asks in the name of another.
var lockAsking = store.Both(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`)

// takeTurn waits for the requests of the same target that are being opened, where the rules bound them; SQLite has one writer anyway.
func (tx session) takeTurn(ctx context.Context, r transfer.Request, bounds transfer.Asking) error {
	if tx.Dialect() != store.Postgres || !bounds.Counts() {
		return nil
	}
	_, err := tx.Exec(ctx, lockAsking, "asking "+r.TargetPartnerTenantID)
	return err
}

// countAsked counts no further than the bounds.
var countAsked = store.Both(`SELECT
	(SELECT COUNT(*) FROM (SELECT t.id FROM transfers t WHERE t.target_tenant_id = $1 AND t.customer_tenant_id = $2 AND t.source_tenant_id = $3
		AND (t.status = 'Pending' OR t.created_time > $4) LIMIT $5) AS near),
	(SELECT COUNT(*) FROM (SELECT t.id FROM transfers t WHERE t.target_tenant_id = $1 AND t.created_time > $4 LIMIT $6) AS late)`)

// addAsked adds how often the target asked before, where the rules bound it.
func (tx session) addAsked(ctx context.Context, f *transfer.OpenFacts, r transfer.Request, bounds transfer.Asking, now time.Time) (err error) {
	if f.Customer == nil || !bounds.Counts() {
		return nil
	}
	f.Asked, _, err = store.One(ctx, tx, countAsked, func(a *transfer.Asked) []any { return []any{&a.OfCustomer, &a.OfAll} },
		r.TargetPartnerTenantID, r.CustomerTenantID, r.SourcePartnerTenantID, store.Stamp(now.Add(-transfer.AskedWithin)), bounds.PerCustomer, bounds.PerDay)
	return err
}

// partnerWith is the partner of that id among these; nil when there is none.
func partnerWith(id string, among []programme.Partner) *programme.Partner {
	for i, p := range among {
		if p.TenantID == id {
			return &among[i]
		}
	}
	return nil
}
