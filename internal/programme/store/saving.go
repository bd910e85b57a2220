package programmestore

// What operators have a ledger say of partners and customers that it knows, and of new ones.

import (
	"context"
	"slices"
	"time"

	"handover/internal/programme"
	"handover/internal/store"
)

var (
	savePartners   = partners.Insert(`ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name, mpn_id = excluded.mpn_id, market = excluded.market, currency = excluded.currency, locale = excluded.locale`)
	saveEnrolments = enrolments.Insert(`ON CONFLICT (partner_tenant_id, program) DO UPDATE SET status = excluded.status, since = excluded.since,
		contact_name = excluded.contact_name, contact_email = excluded.contact_email, applied_by = excluded.applied_by,
		decided_at = excluded.decided_at, decided_by = excluded.decided_by, reject_reason = excluded.reject_reason,
		agreement_accepted = excluded.agreement_accepted, agreement_template = excluded.agreement_template,
		agreement_accepted_at = excluded.agreement_accepted_at, agreement_accepted_by = excluded.agreement_accepted_by,
		access_ends_at = excluded.access_ends_at`)
	saveCustomers = newCustomers.Insert(`ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name, domain = excluded.domain, email = excluded.email,
		market = excluded.market, locale = excluded.locale, name_key = excluded.name_key`)
	endUsers = store.OverRows(`UPDATE partner_users SET ended_at = $2 WHERE ended_at IS NULL
		AND EXISTS (SELECT 1 FROM {rows} WHERE r.partner = partner_users.partner_tenant_id AND r.other = partner_users.user_id)`, PairColumns)
	selectPlaces = store.OverRows(`SELECT partner_tenant_id, MAX(position) FROM partner_users WHERE partner_tenant_id IN (SELECT r.id FROM {rows}) GROUP BY 1`, store.IDColumn)
	// saveRelationships changes what lasts, and lets what has ended be.
	saveRelationships = relationships.Insert(`ON CONFLICT (customer_tenant_id, partner_tenant_id, kind) WHERE ended_at IS NULL DO UPDATE SET
		counterpart_tenant_id = excluded.counterpart_tenant_id, admin_rights = excluded.admin_rights,
		local_reseller_of_record = excluded.local_reseller_of_record, since = excluded.since`)
	endRelationships = store.OverRows(`UPDATE relationships SET ended_at = $2 WHERE ended_at IS NULL AND EXISTS (SELECT 1 FROM {rows}
		WHERE r.partner_tenant_id = relationships.partner_tenant_id AND r.customer_tenant_id = relationships.customer_tenant_id
		AND r.kind = relationships.kind)`, relationships.Columns)
	endPartnerships = store.OverRows(`DELETE FROM partnerships WHERE EXISTS (SELECT 1 FROM {rows}
		WHERE r.partner = partnerships.provider_tenant_id AND r.other = partnerships.reseller_tenant_id)`, PairColumns)
)

// LockAdministration makes those take turns who change partners and customers, or seed; it is held until the transaction ends.
func LockAdministration(ctx context.Context, tx store.Tx) error {
	if tx.Dialect() != store.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, lockPartners)
	return err
}

// SavePartners writes new partners and changed ones; was says of each changed one what the ledger said.
func SavePartners(ctx context.Context, tx store.Tx, was map[string]programme.Partner, next []programme.Partner, now time.Time) error {
	if err := store.Insert(ctx, tx, partners, savePartners, ownersFirst(next)); err != nil {
		return err
	}
	_, programs := ofPartners(next)
	if err := store.Insert(ctx, tx, enrolments, saveEnrolments, programs); err != nil {
		return err
	}
	var gone []programme.Pair
	come := map[string][]programme.User{}
	var ids []string
	for _, p := range next {
		for _, u := range was[p.TenantID].Users {
			if !has(p.Users, u) {
				gone = append(gone, programme.Pair{PartnerTenantID: p.TenantID, OtherID: u.UserID})
			}
		}
		for _, u := range p.Users {
			if !has(was[p.TenantID].Users, u) {
				come[p.TenantID] = append(come[p.TenantID], u)
			}
		}
		ids = append(ids, p.TenantID)
	}
	if len(gone) > 0 {
		if _, err := tx.Exec(ctx, endUsers, PairRows(gone...), store.Stamp(now)); err != nil {
			return err
		}
	}
	return addUsers(ctx, tx, ids, come)
}

func has(users []programme.User, u programme.User) bool {
	return slices.ContainsFunc(users, func(o programme.User) bool {
		return o.UserID == u.UserID && o.Email == u.Email && slices.Equal(o.Roles, u.Roles)
	})
}

// addUsers gives each of the partners the users that have come, behind all that it ever had.
func addUsers(ctx context.Context, tx store.Tx, ids []string, come map[string][]programme.User) error {
	if len(come) == 0 {
		return nil
	}
	type place struct {
		partner string
		last    int
	}
	found, err := store.All(ctx, tx, selectPlaces, func(p *place) []any { return []any{&p.partner, &p.last} }, store.IDRows(ids...))
	if err != nil {
		return err
	}
	next := map[string]int{}
	for _, p := range found {
		next[p.partner] = p.last + 1
	}
	var rows []userOf
	for _, id := range ids {
		for _, u := range come[id] {
			rows = append(rows, rowOf(id, next[id], u))
			next[id]++
		}
	}
	return store.Insert(ctx, tx, users, insertUsers, rows)
}

// SaveCustomers writes new customers and changed ones.
func SaveCustomers(ctx context.Context, tx store.Tx, all []programme.Customer) error {
	return store.Insert(ctx, tx, newCustomers, saveCustomers, keyed(all))
}

// SaveAgreements writes new agreements and changed ones.
func SaveAgreements(ctx context.Context, tx store.Tx, all []programme.Agreement) error {
	return store.Insert(ctx, tx, agreements, upsertAgreement, all)
}

// SaveRelationships writes new relationships and changed ones, and ends others.
func SaveRelationships(ctx context.Context, tx store.Tx, said, ended []programme.Relationship, now time.Time) error {
	if len(ended) > 0 {
		if _, err := tx.Exec(ctx, endRelationships, relationships.Rows(ended), store.Stamp(now)); err != nil {
			return err
		}
	}
	return store.Insert(ctx, tx, relationships, saveRelationships, said)
}

// SavePartnerships writes new partnerships, and ends others.
func SavePartnerships(ctx context.Context, tx store.Tx, begun, ended []programme.Partnership) error {
	if len(ended) > 0 {
		if _, err := tx.Exec(ctx, endPartnerships, PairRows(pairsOf(ended)...)); err != nil {
			return err
		}
	}
	return store.Insert(ctx, tx, partnerships, insertPartnerships, begun)
}

func pairsOf[T interface{ Pair() programme.Pair }](all []T) []programme.Pair {
	pairs := make([]programme.Pair, len(all))
	for i, one := range all {
		pairs[i] = one.Pair()
	}
	return pairs
}
