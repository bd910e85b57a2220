package ledger

import (
	"context"

	"handover/internal/transfer"
)

var subscriptions = table[transfer.Subscription]{
	name: "subscriptions",
	columns: `id text, lineage_id text, customer_tenant_id text, partner_tenant_id text, product_type text, offer_id text,
		friendly_name text, quantity integer, unit_price_minor bigint, billing_cycle text, term_duration text,
		creation_date timestamptz, commitment_end_date timestamptz, status text, auto_renew boolean, parent_id text,
		partner_on_record text, cancel_at timestamptz, locked boolean, sandbox_fault text`,
	fields: func(s *transfer.Subscription) []any {
		return []any{
			&s.ID, &s.LineageID, &s.CustomerTenantID, &s.PartnerTenantID, &s.ProductType, &s.OfferID,
			&s.FriendlyName, &s.Quantity, &s.UnitPriceMinor, &s.BillingCycle, &s.TermDuration,
			(*stamp)(&s.CreationDate), (*stamp)(&s.CommitmentEndDate), &s.Status, &s.AutoRenew, (*optional)(&s.ParentID),
			&s.PartnerOnRecord, (*stamp)(&s.CancelAt), &s.Locked, &s.SandboxFault,
		}
	},
}

var insertSubscriptions = subscriptions.insert("")

// lockSubscriptions reads subscriptions in a fixed order and keeps them from changing until the transaction ends.
var lockSubscriptions = overRows(`SELECT `+subscriptions.columns.of("s")+` FROM subscriptions s
	WHERE s.id IN (SELECT r.id FROM {rows}) ORDER BY s.id FOR UPDATE`, idColumn)

// lockHoldings does the same for everything of the customer at the source, and for what was picked elsewhere. A
// subscription never changes hands (the target gets a new one), so the inner query needs no lock.
var lockHoldings = overRows(`SELECT `+subscriptions.columns.of("s")+` FROM subscriptions s WHERE s.id IN (
		SELECT h.id FROM subscriptions h WHERE h.customer_tenant_id = $2 AND h.partner_tenant_id = $3
		UNION SELECT r.id FROM {rows})
	ORDER BY s.id FOR UPDATE`, idColumn)

// taken says which transfer is moving a subscription.
type taken struct{ subscription, transfer string }

// selectTaken finds the subscriptions of the customer at the source that some transfer is moving. What was picked
// elsewhere is refused for being elsewhere.
var selectTaken = both(`SELECT i.subscription_id, i.transfer_id FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE i.status = 'InProgress' AND s.customer_tenant_id = $1 AND s.partner_tenant_id = $2`)

// selectionFacts loads what decides a submit. The subscriptions stay locked until the transaction ends, and every submit
// and every move locks those it is about before it looks further; so no other transfer can take or move one meanwhile.
func (s session) selectionFacts(ctx context.Context, t transfer.Transfer, picks []transfer.Pick) (transfer.SelectionFacts, error) {
	open, err := s.openFacts(ctx, t.Request)
	if err != nil {
		return transfer.SelectionFacts{}, err
	}
	ids := make([]string, len(picks))
	for i, pick := range picks {
		ids[i] = pick.SubscriptionID
	}
	customer, source := t.State.CustomerTenantID, t.SourceTenantID
	held, err := all(ctx, s, lockHoldings, subscriptions.fields, idRows(ids...), customer, source)
	if err != nil {
		return transfer.SelectionFacts{}, err
	}
	openIn, err := s.openIn(ctx, customer, source)
	return transfer.SelectionFacts{Open: open, Subscriptions: held, OpenIn: openIn}, err
}

// openIn says which of the customer's subscriptions at the source are being moved, and by which transfer.
func (s session) openIn(ctx context.Context, customer, source string) (map[string]string, error) {
	moving, err := all(ctx, s, selectTaken, func(t *taken) []any { return []any{&t.subscription, &t.transfer} }, customer, source)
	by := make(map[string]string, len(moving))
	for _, m := range moving {
		by[m.subscription] = m.transfer
	}
	return by, err
}
