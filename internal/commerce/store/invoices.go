package commercestore

import (
	"context"
	"time"

	"handover/internal/commerce"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// invoiceRow is what the lines of a month add up to.
type invoiceRow struct {
	month    string
	currency string
	total    int64
}

func invoiceFields(i *invoiceRow) []any { return []any{&i.month, &i.currency, &i.total} }

func (i invoiceRow) of(partner string) (commerce.Invoice, error) {
	month, err := time.Parse(monthLayout, i.month)
	return commerce.Invoice{PartnerTenantID: partner, Month: month, Currency: i.currency, Total: commerce.Minor(i.total)}, err
}

const (
	// added is the sum of lines. A database that cannot hold it fails.
	added = `CAST(SUM(CASE b.kind WHEN 'credit' THEN -b.amount_minor ELSE b.amount_minor END) AS bigint)`
	ended = ` FROM billing_lines b WHERE b.partner_tenant_id = $1 AND b.month < $2`
)

// madeAfter is how long after its month an invoice is made: longer than whatever was decided in it may take to be written.
const madeAfter = 5 * time.Minute

// open is the first month, as it is kept, whose invoice is not made yet.
func (s *Store) open(ctx context.Context, tx store.Tx) (string, error) {
	now, err := s.db.Time(ctx, tx)
	return commerce.Month(now.Add(-madeAfter)).Format(monthLayout), err
}

// InvoicesOf lists a page of the partner's invoices, the newest first: those of months that are over, so that none changes any more.
// After is the last one of the page before, or none.
func (s *Store) InvoicesOf(ctx context.Context, partnerTenantID string, after commerce.Invoice, limit int) (store.Page[commerce.Invoice], error) {
	store.Lower(&partnerTenantID)
	return store.Read(ctx, s.db, "list invoices", func(tx store.Tx) (store.Page[commerce.Invoice], error) {
		var page store.Page[commerce.Invoice]
		open, err := s.open(ctx, tx)
		if err != nil {
			return page, err
		}
		w := store.Where{Args: []any{partnerTenantID, open}}
		count := store.Listing{Text: `SELECT COUNT(*) FROM (SELECT DISTINCT b.month, b.currency` + ended + `) AS all_of_them`, Args: w.Args}
		further := ""
		if !after.Month.IsZero() {
			month := w.Placeholder(after.Month.Format(monthLayout))
			further = " AND (b.month < " + month + " OR b.month = " + month + " AND b.currency > " + w.Placeholder(after.Currency) + ")"
		}
		rows := store.Listing{
			Text: `SELECT b.month, b.currency, ` + added + ended + further + ` GROUP BY b.month, b.currency ORDER BY b.month DESC, b.currency`, Args: w.Args,
		}
		found, err := store.PageOf(ctx, tx, count, rows, invoiceFields, limit)
		page.Total, page.More = found.Total, found.More
		for _, row := range found.Items {
			one, bad := row.of(partnerTenantID)
			if bad != nil {
				return page, bad
			}
			page.Items = append(page.Items, one)
		}
		return page, err
	})
}

var selectInvoice = store.Both(`SELECT b.month, b.currency, ` + added + ended + ` AND b.month = $3 AND b.currency = $4 GROUP BY b.month, b.currency`)

// InvoiceOf reads an invoice with its total. Refusal: InvoiceUnknown, for one of a month that is not over too.
func (s *Store) InvoiceOf(ctx context.Context, wanted commerce.Invoice) (commerce.Invoice, error) {
	store.Lower(&wanted.PartnerTenantID)
	return store.Read(ctx, s.db, "read invoice", func(tx store.Tx) (commerce.Invoice, error) {
		open, err := s.open(ctx, tx)
		if err != nil {
			return wanted, err
		}
		found, err := store.Known(ctx, tx, commerce.NoSuchInvoice(wanted.ID()), selectInvoice, invoiceFields,
			wanted.PartnerTenantID, open, wanted.Month.Format(monthLayout), wanted.Currency)
		if err != nil {
			return wanted, err
		}
		return found.of(wanted.PartnerTenantID)
	})
}

// Item is a line with what it is about.
type Item struct {
	commerce.Line
	Subscription subscription.Subscription
	Customer     programme.Customer
	PartnerMPN   string
	OrderID      string // empty for what no order here brought
}

const (
	orderOf   = `COALESCE((SELECT MIN(l.order_id) FROM order_lines l WHERE l.subscription_id = s.id), '')`
	withWhose = ` JOIN customers c ON c.tenant_id = s.customer_tenant_id JOIN partners p ON p.tenant_id = s.partner_tenant_id`
)

// about are the columns of what a line is about, and where they are read into.
var about = subscriptionstore.Table.Columns.Of("s") + ", " + programmestore.Customers.Columns.Of("c") + ", p.mpn_id, " + orderOf

func (i *Item) aboutFields() []any {
	return append(append(subscriptionstore.Table.Fields(&i.Subscription), programmestore.Customers.Fields(&i.Customer)...), &i.PartnerMPN, &i.OrderID)
}

// itemRow is an item as it is read.
type itemRow struct {
	lineRow
	item Item
}

func itemFields(r *itemRow) []any {
	return append(billingLines.Fields(&r.lineRow), r.item.aboutFields()...)
}

// ItemSearch asks for items of a partner.
type ItemSearch struct {
	PartnerTenantID string
	Month           time.Time // zero for those that stand on no invoice yet
	Currency        string    // empty for any
	Limit           int       // items in the page, at least 1
	AfterTime       time.Time // of the last line of the page before; zero for the first page
	AfterID         string
}

// BillingLinesOf lists a page of what a partner was charged and credited, by time.
func (s *Store) BillingLinesOf(ctx context.Context, q ItemSearch) (store.Page[Item], error) {
	return store.Read(ctx, s.db, "list billing lines", func(tx store.Tx) (store.Page[Item], error) {
		if !q.Month.IsZero() {
			return q.items(ctx, tx, "b.month = %s", q.Month.Format(monthLayout))
		}
		open, err := s.open(ctx, tx)
		if err != nil {
			return store.Page[Item]{}, err
		}
		return q.items(ctx, tx, "b.month >= %s", open)
	})
}

func (q ItemSearch) items(ctx context.Context, tx store.Tx, condition, month string) (store.Page[Item], error) {
	store.Lower(&q.PartnerTenantID)
	var w store.Where
	w.And(q.PartnerTenantID, "b.partner_tenant_id = %s")
	w.And(month, condition)
	w.And(q.Currency, "b.currency = %s")
	count := store.Listing{Text: "SELECT COUNT(*) FROM billing_lines b" + w.Clause(), Args: w.Args}
	if !q.AfterTime.IsZero() {
		w.Conditions = append(w.Conditions, "(b.created_at, b.id) > ("+w.Placeholder(store.Stamp(q.AfterTime))+", "+w.Placeholder(q.AfterID)+")")
	}
	rows := store.Listing{
		Text: "SELECT " + billingLines.Columns.Of("b") + ", " + about + " FROM billing_lines b JOIN subscriptions s ON s.id = b.subscription_id" +
			withWhose + w.Clause() + " ORDER BY b.created_at, b.id",
		Args: w.Args,
	}
	found, err := store.PageOf(ctx, tx, count, rows, itemFields, q.Limit)
	page := store.Page[Item]{Total: found.Total, More: found.More}
	for _, row := range found.Items {
		row.item.Line = row.Line
		page.Items = append(page.Items, row.item)
	}
	return page, err
}

// comingRow is a subscription that is paid for, with what a line about it would say.
type comingRow struct {
	item     Item
	currency string
}

// selectPaid reads what the partner pays for, cycles or not.
var selectPaid = store.Both(`SELECT ` + about + `, p.currency FROM subscriptions s` + withWhose + `
	WHERE s.partner_tenant_id = $1 AND s.billed AND s.unit_price_minor > 0 AND s.id > $2 AND ($3 = '' OR p.currency = $3) ORDER BY s.id LIMIT $4`)

// Coming is a part of the charges that come.
type Coming struct {
	Items []Item
	After string // the subscription after which the rest begins; empty when there is none
}

// ComingOf derives the next charge of what the partner pays for, a number of subscriptions at a time, in the order of their ids: an item
// for each that has another cycle.
func (s *Store) ComingOf(ctx context.Context, partnerTenantID, currency, after string, limit int) (Coming, error) {
	store.Lower(&partnerTenantID, &after)
	return store.Read(ctx, s.db, "derive the charges to come", func(tx store.Tx) (Coming, error) {
		var coming Coming
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return coming, err
		}
		paid, err := store.All(ctx, tx, selectPaid, func(r *comingRow) []any { return append(r.item.aboutFields(), &r.currency) },
			partnerTenantID, after, currency, limit+1)
		if err != nil {
			return coming, err
		}
		if len(paid) > limit {
			paid = paid[:limit]
			coming.After = paid[limit-1].item.Subscription.ID
		}
		for _, row := range paid {
			next, begins, err := commerce.NextCharge(row.item.Subscription, now)
			if err != nil {
				return coming, err
			}
			if begins {
				row.item.Line, row.item.Currency = next, row.currency
				coming.Items = append(coming.Items, row.item)
			}
		}
		return coming, nil
	})
}
