package webhookstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

// Search asks for events that a partner was told of, or is to be. Empty fields do not narrow.
type Search struct {
	PartnerTenantID string // never empty
	Status          webhook.Status
	Event           webhook.EventName
	ResourceID      string
	From, Until     time.Time // of when it happened; the second excluded
	Limit           int       // in the page, at least 1
	After           *Cursor   // nil for the first page
}

// Cursor is a place in the log: after this event. It allows nothing by itself.
type Cursor struct {
	At time.Time // in microseconds
	ID string
}

// WebhookDeliveries finds a page of the partner's events, the newest first.
func (s *Store) WebhookDeliveries(ctx context.Context, q Search) (store.Page[webhook.Delivery], error) {
	store.Lower(&q.PartnerTenantID, &q.ResourceID)
	w := store.Where{Args: []any{q.PartnerTenantID}, Conditions: []string{"d.partner_tenant_id = $1"}}
	w.And(string(q.Event), "d.event = %s")
	w.And(q.ResourceID, "d.resource_id = %s")
	w.At(q.From, "d.happened_at >= %s")
	w.At(q.Until, "d.happened_at < %s")
	return store.Read(ctx, s.db, "read what a partner was told", func(tx store.Tx) (store.Page[webhook.Delivery], error) {
		row, _, err := store.One(ctx, tx, selectRegistration, registrations.Fields, q.PartnerTenantID)
		if err != nil {
			return store.Page[webhook.Delivery]{}, err
		}
		r := row.read()
		withStatus(&w, q.Status)
		count := store.Listing{Text: "SELECT COUNT(*)" + underRegistration + w.Clause(), Args: w.Args}
		if q.After != nil {
			w.Conditions = append(w.Conditions, fmt.Sprintf("(d.happened_at, d.id) < (%s, %s)", w.Placeholder(store.Stamp(q.After.At)), w.Placeholder(q.After.ID)))
		}
		rows := store.Listing{
			Text: "SELECT " + deliveries.Columns.Of("d") + underRegistration + w.Clause() + " ORDER BY d.happened_at DESC, d.id DESC", Args: w.Args,
		}
		page, err := store.PageOf(ctx, tx, count, rows, deliveries.Fields, q.Limit)
		for i, d := range page.Items {
			page.Items[i] = d.Under(r)
		}
		return page, err
	})
}

// withStatus narrows to what has the status under the partner's registration.
func withStatus(w *store.Where, status webhook.Status) {
	switch status {
	case webhook.Waiting:
		w.Conditions = append(w.Conditions, isWaiting)
	case webhook.Dead:
		w.Conditions = append(w.Conditions, isDead)
	default:
		w.And(string(status), "d.status = %s")
	}
}

var (
	selectDelivery = store.Both(`SELECT ` + deliveries.Columns.Of("d") + ` FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.id = $2`)
	lockOwn        = store.Both(`SELECT ` + deliveries.Columns.Of("d") + ` FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.id = $2 FOR UPDATE`)
	selectAttempts = store.Both(`SELECT ` + attempts.Columns.Of("a") + ` FROM webhook_attempts a WHERE a.delivery_id = $1 ORDER BY a.n DESC LIMIT $2`)
)

// mostAttempts bounds the attempts of one event that are listed, the latest: its owner may ask for it without end.
const mostAttempts = 100

// WebhookDelivery is one event of the partner with its attempts, the latest first. Refusal: DeliveryUnknown, for another's too.
func (s *Store) WebhookDelivery(ctx context.Context, partner, id string) (webhook.Delivery, []webhook.Attempt, error) {
	store.Lower(&partner, &id)
	type found struct {
		of  webhook.Delivery
		all []webhook.Attempt
	}
	f, err := store.Read(ctx, s.db, "read what a partner was told", func(tx store.Tx) (f found, err error) {
		if f.of, err = store.Known(ctx, tx, noSuchDelivery(), selectDelivery, deliveries.Fields, partner, id); err != nil {
			return f, err
		}
		r, _, err := store.One(ctx, tx, selectRegistration, registrations.Fields, partner)
		if err != nil {
			return f, err
		}
		f.of = f.of.Under(r.read())
		rows, err := store.All(ctx, tx, selectAttempts, attempts.Fields, id, mostAttempts)
		for _, row := range rows {
			row.Took = time.Duration(row.millis) * time.Millisecond
			f.all = append(f.all, row.Attempt)
		}
		return f, err
	})
	return f.of, f.all, err
}

func noSuchDelivery() error {
	return kernel.Refuse(webhook.DeliveryUnknown, "There is no such delivery in your log, which keeps %d days. Check its id.", int(webhook.DeliveriesKept.Hours()/24))
}

// RedeliverWebhook sends an event again that was delivered or is a dead letter, with ten attempts more. One that waits is sent at once. An
// endpoint that rests is called. One that is sent now in any case stays as it is, and no record says that it was asked for.
//
// Refusals: NotRegistered; NothingToSend to an endpoint that is switched off, and of an event that the registration does not have;
// DeliveryUnknown. Errors: those of command.Execute.
func (s *Store) RedeliverWebhook(ctx context.Context, terms command.Terms[webhook.Delivery], partner, id string) (webhook.Delivery, error) {
	store.Lower(&partner, &id)
	return command.Execute(ctx, s.db, "send an event again", terms, func(tx store.Tx) (webhook.Delivery, error) {
		r, err := called(ctx, tx, partner)
		if err != nil {
			return webhook.Delivery{}, err
		}
		d, err := store.Known(ctx, tx, noSuchDelivery(), lockOwn, deliveries.Fields, partner, id)
		if err != nil {
			return d, err
		}
		if !r.Wants(d.Name) {
			return d, kernel.Refuse(webhook.NothingToSend, "Your registration does not have %s any more. PUT /webhooks/v1/registration with it; then ask again.", d.Name)
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return d, err
		}
		if stands := d.Under(r); stands.SentNow(r, now) {
			return stands, nil
		}
		if r, err = wake(ctx, tx, r, now); err != nil {
			return d, err
		}
		d = d.Again(r.ModifiedAt, now)
		if _, err := tx.Exec(ctx, updateDelivery, deliveries.Rows([]webhook.Delivery{d})); err != nil {
			return d, err
		}
		if err := noteRedelivery(ctx, tx, r, terms.Origin, loggedRedelivery{DeliveryID: d.ID, Count: 1}, now); err != nil {
			return d, err
		}
		return d, runs.Want(ctx, tx, delivering(partner, runs.CauseResumed, terms.Origin.Correlation, now))
	})
}

// called locks the partner's registration and refuses when its endpoint is not called.
func called(ctx context.Context, tx store.Tx, partner string) (webhook.Registration, error) {
	r, err := registered(ctx, tx, lockRegistration, partner)
	if err == nil && r.Health.Off() {
		err = kernel.Refuse(webhook.NothingToSend, "Your endpoint is switched off. PUT /webhooks/v1/registration switches it on; then ask again.")
	}
	return r, err
}
