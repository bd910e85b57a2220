package subscriptionstore

// Subscriptions, as they are kept and locked.

import (
	"context"
	"strings"

	"handover/internal/store"
	"handover/internal/subscription"
)

// Table is how a subscription is kept, for whoever joins, locks or changes some.
var Table = store.Table[subscription.Subscription]{
	Name: "subscriptions",
	Columns: `id text, lineage_id text, customer_tenant_id text, partner_tenant_id text, product_type text, offer_id text,
		friendly_name text, quantity integer, unit_price_minor bigint, billing_cycle text, term_duration text,
		creation_date timestamptz, commitment_end_date timestamptz, billed_since timestamptz, cycles_from timestamptz, status text, billed boolean, listed boolean, auto_renew boolean, parent_id text,
		partner_on_record text, cancel_at timestamptz, locked boolean, sandbox_fault text`,
	Fields: func(s *subscription.Subscription) []any {
		return []any{
			&s.ID, &s.LineageID, &s.CustomerTenantID, &s.PartnerTenantID, &s.ProductType, &s.OfferID,
			&s.FriendlyName, &s.Quantity, &s.UnitPriceMinor, &s.BillingCycle, &s.TermDuration,
			(*store.Stamp)(&s.CreationDate), (*store.Stamp)(&s.CommitmentEndDate), (*store.Stamp)(&s.BilledSince), (*store.Stamp)(&s.CyclesFrom),
			&s.Status, &s.Billed, &s.Listed, &s.AutoRenew, (*store.Optional)(&s.ParentID),
			&s.PartnerOnRecord, (*store.Stamp)(&s.CancelAt), &s.Locked, &s.SandboxFault,
		}
	},
}

var (
	insertSubscriptions = Table.Insert("")
	// endMoved leaves what moved away with its old owner as domain rules have it.
	endMoved = store.OverRows(`UPDATE subscriptions SET status = 'deleted', billed = FALSE, listed = product_type NOT IN (`+azure()+`)
		WHERE id IN (SELECT r.id FROM {rows})`, store.IDColumn)
	lockSubscriptions = store.OverRows(`SELECT `+Table.Columns.Of("s")+` FROM subscriptions s
		WHERE s.id IN (SELECT r.id FROM {rows}) ORDER BY s.id FOR UPDATE`, store.IDColumn)
)

// Insert writes new subscriptions.
func Insert(ctx context.Context, tx store.Tx, subs []subscription.Subscription) error {
	return store.Insert(ctx, tx, Table, insertSubscriptions, subs)
}

// azure lists the product types that their old owner does not list any more, as SQL.
func azure() string {
	var types []string
	for _, t := range subscription.ProductTypes() {
		if t.Azure() {
			types = append(types, "'"+string(t)+"'")
		}
	}
	return strings.Join(types, ", ")
}

// EndMoved ends subscriptions that moved to somebody else: nobody pays for them any more.
func EndMoved(ctx context.Context, tx store.Tx, ids ...string) error {
	_, err := tx.Exec(ctx, endMoved, store.IDRows(ids...))
	return err
}

// Lock reads subscriptions in the order in which everybody locks them, by id, and keeps them from changing until the
// transaction ends. Unknown ids are left out.
func Lock(ctx context.Context, tx store.Tx, ids ...string) ([]subscription.Subscription, error) {
	return store.All(ctx, tx, lockSubscriptions, Table.Fields, store.IDRows(ids...))
}

// What holdings are: all of a customer at a partner, or the family of what is listed, bases and add-ons, whoever has it. A
// subscription never changes hands (the target gets a new one) or base, so the inner queries need no lock.
const (
	ofCustomer = `SELECT h.id FROM subscriptions h WHERE h.customer_tenant_id = $1 AND h.partner_tenant_id = $2 AND h.listed`
	ofFamilies = `SELECT r.id FROM {rows}
		UNION SELECT a.id FROM subscriptions a WHERE a.parent_id IN (SELECT r.id FROM {rows})
		UNION SELECT p.parent_id FROM subscriptions p WHERE p.id IN (SELECT r.id FROM {rows}) AND p.parent_id IS NOT NULL`
)

var (
	selectHoldings = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s WHERE s.id IN (` + ofCustomer + `) ORDER BY s.id`)
	lockHoldings   = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s WHERE s.id IN (` + ofCustomer + `) ORDER BY s.id FOR UPDATE`)
	selectFamilies = store.OverRows(`SELECT `+Table.Columns.Of("s")+` FROM subscriptions s WHERE s.id IN (`+ofFamilies+`) ORDER BY s.id`, store.IDColumn)
	lockFamilies   = store.OverRows(`SELECT `+Table.Columns.Of("s")+` FROM subscriptions s WHERE s.id IN (`+ofFamilies+`) ORDER BY s.id FOR UPDATE`, store.IDColumn)
)

// Holdings are everything that the partner bills, or billed, the customer for and still lists; with ids, those subscriptions with their bases
// and add-ons, whoever has them.
func Holdings(ctx context.Context, tx store.Tx, customer, partner string, ids []string) ([]subscription.Subscription, error) {
	if len(ids) == 0 {
		return store.All(ctx, tx, selectHoldings, Table.Fields, customer, partner)
	}
	return store.All(ctx, tx, selectFamilies, Table.Fields, store.IDRows(ids...))
}

// LockedHoldings are the same, and stay as they are until the transaction ends. Every submit and every move locks the
// subscriptions it is about before it looks further; so no other transfer can take or move one meanwhile.
func LockedHoldings(ctx context.Context, tx store.Tx, customer, partner string, ids []string) ([]subscription.Subscription, error) {
	if len(ids) == 0 {
		return store.All(ctx, tx, lockHoldings, Table.Fields, customer, partner)
	}
	return store.All(ctx, tx, lockFamilies, Table.Fields, store.IDRows(ids...))
}
