package ledger

// Everything that only asks. Reads never wait for writers and never start a transaction.

import (
	"context"
	"fmt"
	"math"
	"strings"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Transfer reads one transfer with the counts of its line items. Refusal: NotFound.
func (l *Ledger) Transfer(ctx context.Context, id string) (transfer.Transfer, error) {
	lower(&id)
	return read(ctx, l, "read transfer", func(s session) (transfer.Transfer, error) {
		t, err := store.Known(ctx, s, transfer.NoSuchTransfer(), selectTransfer, countedFields, id)
		return t.whole().Transfer, err
	})
}

// Transfers lists transfers with the counts of their line items, the newest first.
func (l *Ledger) Transfers(ctx context.Context, f Filter) ([]transfer.Transfer, error) {
	lower(&f.CustomerTenantID, &f.PartnerTenantID)
	var w where
	w.and(f.CustomerTenantID, "t.customer_tenant_id = %s")
	w.and(f.PartnerTenantID, "(t.source_tenant_id = %[1]s OR t.target_tenant_id = %[1]s)")
	w.and(string(f.Status), "t.status = %s")
	limit := math.MaxInt32
	if f.Limit > 0 {
		limit = f.Limit
	}
	list := store.Both(fmt.Sprintf("SELECT %s, %s FROM transfers t%s ORDER BY t.created_time DESC, t.id LIMIT %d",
		transfers.Columns.Of("t"), counted, w.clause(), limit))
	return read(ctx, l, "list transfers", func(s session) ([]transfer.Transfer, error) {
		records, err := store.All(ctx, s, list, countedFields, w.args...)
		found := make([]transfer.Transfer, len(records))
		for i, r := range records {
			found[i] = r.whole().Transfer
		}
		return found, err
	})
}

var selectItems = store.Both(`SELECT ` + lineItems.Columns.Of("i") + ` FROM line_items i
	WHERE i.transfer_id = $1 AND i.ordinal >= $2 AND i.ordinal < $3 ORDER BY i.ordinal`)

// Items reads the line items with ordinals from (included) to (excluded), in ordinal order; to < 0 means all that follow.
// Refusal: NotFound.
func (l *Ledger) Items(ctx context.Context, id string, from, to int) ([]transfer.LineItem, error) {
	lower(&id)
	if to < 0 {
		to = math.MaxInt32
	}
	return read(ctx, l, "read line items", func(s session) ([]transfer.LineItem, error) {
		items, err := store.All(ctx, s, selectItems, lineItems.Fields, id, from, to)
		if err == nil && len(items) == 0 {
			_, err = s.header(ctx, id)
		}
		return bare(items), err
	})
}

// Subscriptions lists what the partner bills the customer for, ended ones included, by id. An empty customer or partner
// does not narrow.
func (l *Ledger) Subscriptions(ctx context.Context, customer, partner string) ([]subscription.Subscription, error) {
	lower(&customer, &partner)
	var w where
	w.and(customer, "s.customer_tenant_id = %s")
	w.and(partner, "s.partner_tenant_id = %s")
	list := store.Both("SELECT " + subscriptions.Columns.Of("s") + " FROM subscriptions s" + w.clause() + " ORDER BY s.id")
	return read(ctx, l, "list subscriptions", func(s session) ([]subscription.Subscription, error) {
		return store.All(ctx, s, list, subscriptions.Fields, w.args...)
	})
}

var selectSubscription = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s WHERE s.id = $1`)

// Subscription reads one subscription. Refusal: SubscriptionUnknown.
func (l *Ledger) Subscription(ctx context.Context, id string) (subscription.Subscription, error) {
	lower(&id)
	return read(ctx, l, "read subscription", func(s session) (subscription.Subscription, error) {
		return store.Known(ctx, s, noSuchSubscription(id), selectSubscription, subscriptions.Fields, id)
	})
}

// Partner reads one partner with its admin agents. Refusal: PartnerUnknown.
func (l *Ledger) Partner(ctx context.Context, id string) (programme.Partner, error) {
	lower(&id)
	return read(ctx, l, "read partner", func(s session) (programme.Partner, error) {
		found, err := s.partners(ctx, "", id)
		switch {
		case err != nil:
			return programme.Partner{}, err
		case len(found) == 0:
			return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "Partner %s is not known here. Check its Microsoft ID.", id).About(id)
		}
		return found[0], nil
	})
}

// Customer reads one customer. Refusal: CustomerUnknown.
func (l *Ledger) Customer(ctx context.Context, id string) (programme.Customer, error) {
	lower(&id)
	return read(ctx, l, "read customer", func(s session) (programme.Customer, error) {
		return store.Known(ctx, s, noSuchCustomer(id), selectCustomer, customers.Fields, id)
	})
}

// where collects the conditions of a list and their arguments.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition on the argument, unless that is empty. The condition's verb stands for the placeholder.
func (w *where) and(arg, condition string) {
	if arg == "" {
		return
	}
	w.conditions = append(w.conditions, fmt.Sprintf(condition, w.placeholder(arg)))
}

// placeholder adds an argument and returns what stands for it.
func (w *where) placeholder(arg any) string {
	w.args = append(w.args, arg)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) clause() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}
