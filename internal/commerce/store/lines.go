package commercestore

import (
	"context"
	"strings"
	"time"

	"handover/internal/commerce"
	"handover/internal/store"
	"handover/internal/subscription"
)

// lineRow is a line as it is kept.
type lineRow struct {
	commerce.Line
	month string
}

// monthLayout is how the month of an invoice is kept.
const monthLayout = "200601"

var billingLines = store.Table[lineRow]{
	Name: "billing_lines",
	Columns: `id text, partner_tenant_id text, customer_tenant_id text, subscription_id text, from_day timestamptz, to_day timestamptz,
		quantity integer, amount_minor bigint, currency text, kind text, cause text, subject text, month text, created_at timestamptz`,
	Fields: func(l *lineRow) []any {
		return []any{
			&l.ID, &l.PartnerTenantID, &l.CustomerTenantID, &l.SubscriptionID, (*store.Stamp)(&l.From), (*store.Stamp)(&l.To),
			&l.Quantity, (*int64)(&l.Amount), &l.Currency, &l.Kind, &l.Cause, &l.Subject, &l.month, (*store.Stamp)(&l.CreatedAt),
		}
	},
}

// inItsCurrency inserts rows that say whose they are, in the currency that the partner is billed in; those that are there stay.
func inItsCurrency[T any](t store.Table[T]) store.Statement {
	all := t.Columns.Of("r")
	return store.OverRows(`INSERT INTO `+t.Name+` (`+strings.ReplaceAll(all, "r.", "")+`) SELECT `+strings.ReplaceAll(all, "r.currency", "p.currency")+`
		FROM {rows} JOIN partners p ON p.tenant_id = r.partner_tenant_id WHERE TRUE ON CONFLICT DO NOTHING`, t.Columns)
}

var insertLines = inItsCurrency(billingLines)

// write keeps the lines, each on the invoice of its month. Repeated, it writes nothing.
func write(ctx context.Context, tx store.Tx, lines []commerce.Line) error {
	rows := make([]lineRow, len(lines))
	for i, l := range lines {
		rows[i] = lineRow{Line: l, month: commerce.Month(l.CreatedAt).Format(monthLayout)}
	}
	return store.Insert(ctx, tx, billingLines, insertLines, rows)
}

// Move is a subscription that a transfer moved, and what it became at the target.
type Move struct{ Old, New subscription.Subscription }

// Moved writes what moves of a transfer cost and give back, and the target's orders, in three statements however many moves
// there are. Repeated, it writes nothing. Error: commerce.ErrTooMuch.
func Moved(ctx context.Context, tx store.Tx, transferID string, submitted, now time.Time, moves []Move) error {
	var lines []commerce.Line
	var orders []commerce.Order
	for _, m := range moves {
		of, err := commerce.OfMove(m.Old, m.New, transferID, submitted, now)
		if err != nil {
			return err
		}
		lines = append(lines, of...)
		orders = append(orders, commerce.OrderOfMove(transferID, m.New, now))
	}
	if err := write(ctx, tx, lines); err != nil {
		return err
	}
	return order(ctx, tx, orders)
}

// selectQuantities reads the lines of earlier changes of the quantity in the order in which they came, which their numbers tell.
var selectQuantities = store.Both(`SELECT ` + billingLines.Columns.Of("b") + ` FROM billing_lines b
	WHERE b.subscription_id = $1 AND b.cause = '` + string(commerce.ByQuantity) + `' ORDER BY LENGTH(b.subject), b.subject`)

var countQuantities = store.Both(`SELECT COUNT(*) FROM billing_lines b WHERE b.subscription_id = $1 AND b.cause = '` + string(commerce.ByQuantity) + `'`)

// earlierChanges counts the earlier changes of the quantity, and reads them where they are needed: there may be many.
func earlierChanges(ctx context.Context, tx store.Tx, old, next subscription.Subscription) (e commerce.Earlier, err error) {
	if !commerce.GivesAllBack(old, next) {
		e.Count, _, err = store.One(ctx, tx, countQuantities, store.Value[int], old.ID)
		return e, err
	}
	rows, err := store.All(ctx, tx, selectQuantities, billingLines.Fields, old.ID)
	for _, row := range rows {
		e.Lines = append(e.Lines, row.Line)
	}
	e.Count = len(rows)
	return e, err
}

// Changed writes what a change of a subscription, which is locked, costs or gives back. Error: commerce.ErrTooMuch.
func Changed(ctx context.Context, tx store.Tx, old, next subscription.Subscription, at time.Time) error {
	if old.Quantity == next.Quantity && old.Billed == next.Billed {
		return nil
	}
	earlier, err := earlierChanges(ctx, tx, old, next)
	if err != nil {
		return err
	}
	lines, err := commerce.OfChange(old, next, earlier, at)
	if err != nil {
		return err
	}
	return write(ctx, tx, lines)
}
