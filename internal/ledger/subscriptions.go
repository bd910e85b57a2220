package ledger

import (
	"context"

	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

var subscriptions = store.Table[subscription.Subscription]{
	Name: "subscriptions",
	Columns: `id text, lineage_id text, customer_tenant_id text, partner_tenant_id text, product_type text, offer_id text,
		friendly_name text, quantity integer, unit_price_minor bigint, billing_cycle text, term_duration text,
		creation_date timestamptz, commitment_end_date timestamptz, status text, auto_renew boolean, parent_id text,
		partner_on_record text, cancel_at timestamptz, locked boolean, sandbox_fault text`,
	Fields: func(s *subscription.Subscription) []any {
		return []any{
			&s.ID, &s.LineageID, &s.CustomerTenantID, &s.PartnerTenantID, &s.ProductType, &s.OfferID,
			&s.FriendlyName, &s.Quantity, &s.UnitPriceMinor, &s.BillingCycle, &s.TermDuration,
			(*store.Stamp)(&s.CreationDate), (*store.Stamp)(&s.CommitmentEndDate), &s.Status, &s.AutoRenew, (*store.Optional)(&s.ParentID),
			&s.PartnerOnRecord, (*store.Stamp)(&s.CancelAt), &s.Locked, &s.SandboxFault,
		}
	},
}

var insertSubscriptions = subscriptions.Insert("")

// lockSubscriptions reads subscriptions in a fixed order and keeps them from changing until the transaction ends.
var lockSubscriptions = store.OverRows(`SELECT `+subscriptions.Columns.Of("s")+` FROM subscriptions s
	WHERE s.id IN (SELECT r.id FROM {rows}) ORDER BY s.id FOR UPDATE`, store.IDColumn)

// picked selects what a selection is decided by: of everything eligible all holdings of the customer at the source, of a list
// the family of what is listed, bases and add-ons, and whatever was picked elsewhere. A subscription never changes hands (the
// target gets a new one) or base, so the inner queries need no lock.
const (
	pickedHoldings = `SELECT h.id FROM subscriptions h WHERE h.customer_tenant_id = $1 AND h.partner_tenant_id = $2`
	pickedFamily   = `SELECT r.id FROM {rows}
		UNION SELECT a.id FROM subscriptions a WHERE a.parent_id IN (SELECT r.id FROM {rows})
		UNION SELECT p.parent_id FROM subscriptions p WHERE p.id IN (SELECT r.id FROM {rows}) AND p.parent_id IS NOT NULL`
)

var (
	selectHoldings = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s WHERE s.id IN (` + pickedHoldings + `) ORDER BY s.id`)
	lockHoldings   = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s WHERE s.id IN (` + pickedHoldings + `) ORDER BY s.id FOR UPDATE`)
	selectFamily   = store.OverRows(`SELECT `+subscriptions.Columns.Of("s")+` FROM subscriptions s WHERE s.id IN (`+pickedFamily+`) ORDER BY s.id`, store.IDColumn)
	lockListed     = store.OverRows(`SELECT `+subscriptions.Columns.Of("s")+` FROM subscriptions s WHERE s.id IN (`+pickedFamily+`) ORDER BY s.id FOR UPDATE`, store.IDColumn)
)

// holdings are what a selection of the transfer's is decided by; without picks, of everything eligible.
func (s session) holdings(ctx context.Context, t transfer.Transfer, picks []transfer.Pick) ([]subscription.Subscription, error) {
	return s.picked(ctx, t, picks, selectHoldings, selectFamily)
}

// lockedHoldings are the same, and stay as they are until the transaction ends. Every submit and every move locks the
// subscriptions it is about before it looks further; so no other transfer can take or move one meanwhile.
func (s session) lockedHoldings(ctx context.Context, t transfer.Transfer, picks []transfer.Pick) ([]subscription.Subscription, error) {
	return s.picked(ctx, t, picks, lockHoldings, lockListed)
}

func (s session) picked(ctx context.Context, t transfer.Transfer, picks []transfer.Pick, everything, listed store.Statement) ([]subscription.Subscription, error) {
	if len(picks) == 0 {
		return store.All(ctx, s, everything, subscriptions.Fields, t.State.CustomerTenantID, t.SourceTenantID)
	}
	ids := make([]string, len(picks))
	for i, pick := range picks {
		ids[i] = pick.SubscriptionID
	}
	return store.All(ctx, s, listed, subscriptions.Fields, store.IDRows(ids...))
}

// taken says which transfer is moving a subscription.
type taken struct{ subscription, transfer string }

// selectTaken finds the subscriptions of the customer at the source that some transfer is moving. What was picked
// elsewhere is refused for being elsewhere.
var selectTaken = store.Both(`SELECT i.subscription_id, i.transfer_id FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE (i.status = 'InProgress' OR i.held) AND s.customer_tenant_id = $1 AND s.partner_tenant_id = $2
	UNION ALL SELECT i.subscription_id, i.transfer_id FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE i.late_subscription_id IS NOT NULL AND s.customer_tenant_id = $1 AND s.partner_tenant_id = $2`)

// openIn says which of the customer's subscriptions at the source are being moved, and by which transfer.
func (s session) openIn(ctx context.Context, customer, source string) (map[string]string, error) {
	moving, err := store.All(ctx, s, selectTaken, func(t *taken) []any { return []any{&t.subscription, &t.transfer} }, customer, source)
	by := make(map[string]string, len(moving))
	for _, m := range moving {
		by[m.subscription] = m.transfer
	}
	return by, err
}
