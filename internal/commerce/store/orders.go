package commercestore

import (
	"context"
	"time"

	"handover/internal/commerce"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
)

var orders = store.Table[commerce.Order]{
	Name: "orders",
	Columns: `id text, customer_tenant_id text, partner_tenant_id text, billing_cycle text, currency text, created timestamptz, status text,
		transaction_type text`,
	Fields: func(o *commerce.Order) []any {
		return []any{&o.ID, &o.CustomerTenantID, &o.PartnerTenantID, &o.BillingCycle, &o.Currency, (*store.Stamp)(&o.Created), &o.Status, &o.TransactionType}
	},
}

var orderLines = store.Table[commerce.OrderLine]{
	Name: "order_lines",
	Columns: `order_id text, number integer, offer_id text, subscription_id text, term_duration text, friendly_name text, quantity integer,
		partner_id_on_record text`,
	Fields: func(l *commerce.OrderLine) []any {
		return []any{&l.OrderID, &l.Number, &l.OfferID, &l.SubscriptionID, &l.TermDuration, &l.FriendlyName, &l.Quantity, &l.PartnerIDOnRecord}
	},
}

var (
	insertOrders     = inItsCurrency(orders)
	insertOrderLines = orderLines.Insert("ON CONFLICT DO NOTHING")
)

// order writes new orders.
func order(ctx context.Context, tx store.Tx, placed []commerce.Order) error {
	var lines []commerce.OrderLine
	for _, o := range placed {
		lines = append(lines, o.Lines...)
	}
	if err := store.Insert(ctx, tx, orders, insertOrders, placed); err != nil {
		return err
	}
	return store.Insert(ctx, tx, orderLines, insertOrderLines, lines)
}

// OrderSearch asks for what a partner ordered for a customer.
type OrderSearch struct {
	PartnerTenantID  string
	CustomerTenantID string
	Limit            int       // orders in the page, at least 1
	AfterTime        time.Time // of the last one of the page before; zero for the first page
	AfterID          string
}

// OrdersOf lists a page of what the partner ordered for the customer, by time. Refusal: CustomerUnknown, as
// programmestore.Store.CustomerOf says it.
func (s *Store) OrdersOf(ctx context.Context, q OrderSearch) (store.Page[commerce.Order], error) {
	store.Lower(&q.PartnerTenantID, &q.CustomerTenantID, &q.AfterID)
	var w store.Where
	w.And(q.PartnerTenantID, "o.partner_tenant_id = %s")
	w.And(q.CustomerTenantID, "o.customer_tenant_id = %s")
	count := store.Listing{Text: "SELECT COUNT(*) FROM orders o" + w.Clause(), Args: w.Args}
	if !q.AfterTime.IsZero() {
		w.Conditions = append(w.Conditions, "(o.created, o.id) > ("+w.Placeholder(store.Stamp(q.AfterTime))+", "+w.Placeholder(q.AfterID)+")")
	}
	rows := store.Listing{Text: "SELECT " + orders.Columns.Of("o") + " FROM orders o" + w.Clause() + " ORDER BY o.created, o.id", Args: w.Args}
	return store.Read(ctx, s.db, "list orders", func(tx store.Tx) (store.Page[commerce.Order], error) {
		if _, err := programmestore.ClientOf(ctx, tx, q.PartnerTenantID, q.CustomerTenantID); err != nil {
			return store.Page[commerce.Order]{}, err
		}
		page, err := store.PageOf(ctx, tx, count, rows, orders.Fields, q.Limit)
		if err != nil {
			return page, err
		}
		return page, withLines(ctx, tx, page.Items)
	})
}

var selectOrder = store.Both(`SELECT ` + orders.Columns.Of("o") + ` FROM orders o
	WHERE o.id = $3 AND o.partner_tenant_id = $1 AND o.customer_tenant_id = $2`)

// OrderOf reads an order of the partner for the customer. Refusal: OrderUnknown, for one of another partner or customer too.
func (s *Store) OrderOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (commerce.Order, error) {
	store.Lower(&partnerTenantID, &customerTenantID, &id)
	return store.Read(ctx, s.db, "read order", func(tx store.Tx) (commerce.Order, error) {
		found, err := store.Known(ctx, tx, commerce.NoSuchOrder(id), selectOrder, orders.Fields, partnerTenantID, customerTenantID, id)
		if err != nil {
			return found, err
		}
		one := []commerce.Order{found}
		err = withLines(ctx, tx, one)
		return one[0], err
	})
}

var selectOrderLines = store.OverRows(`SELECT `+orderLines.Columns.Of("l")+` FROM order_lines l
	WHERE l.order_id IN (SELECT r.id FROM {rows}) ORDER BY l.order_id, l.number`, store.IDColumn)

// withLines adds the lines to the orders.
func withLines(ctx context.Context, tx store.Tx, to []commerce.Order) error {
	at, ids := map[string]int{}, make([]string, len(to))
	for i, o := range to {
		at[o.ID], ids[i] = i, o.ID
	}
	lines, err := store.All(ctx, tx, selectOrderLines, orderLines.Fields, store.IDRows(ids...))
	for _, l := range lines {
		of := &to[at[l.OrderID]]
		of.Lines = append(of.Lines, l)
	}
	return err
}
