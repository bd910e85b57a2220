package subscriptionstore

// Changes of a subscription by the partner who bills it.

import (
	"context"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

var (
	// lockFamily reads a subscription of a partner and customer with its base and its add-ons, in the order in which every
	// submit and move locks them, and keeps them from changing until the transaction ends.
	lockFamily = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s
		WHERE (s.id = $1 OR s.parent_id = $1 OR s.id = (SELECT b.parent_id FROM subscriptions b WHERE b.id = $1))
		AND s.partner_tenant_id = $2 AND s.customer_tenant_id = $3 ORDER BY s.id FOR UPDATE`)

	updateSubscription = store.Both(`UPDATE subscriptions SET friendly_name = $2, quantity = $3, auto_renew = $4, status = $5,
		partner_on_record = $6, billed = $7 WHERE id = $1`)
)

// ChangeSubscription changes a subscription that the partner bills the customer for, under the terms, and returns it as it
// is stored then; without a difference it writes nothing.
//
// Refusals: SubscriptionUnknown, in the same words for one of another partner or customer; that of terms.Match; those of
// subscription.Rules.ChangeSubscription. Errors: those of command.Execute.
func (s *Store) ChangeSubscription(ctx context.Context, terms command.Terms[subscription.Subscription], by activitylog.By, customerTenantID, id string,
	change subscription.Change,
) (subscription.Subscription, error) {
	store.Lower(&by.PartnerTenantID, &customerTenantID, &id)
	return command.Execute(ctx, s.db, "change subscription", terms, func(tx store.Tx) (subscription.Subscription, error) {
		facts, err := s.changeFacts(ctx, tx, by, customerTenantID, id, change)
		if err != nil {
			return subscription.Subscription{}, err
		}
		if facts.Now, err = s.db.Time(ctx, tx); err != nil {
			return subscription.Subscription{}, err
		}
		old := facts.Subscription
		if terms.Match != nil {
			if err := terms.Match(old); err != nil {
				return old, err
			}
		}
		next, err := s.rules.ChangeSubscription(facts, change)
		if err != nil || next == old {
			return next, err
		}
		return next, s.change(ctx, tx, by, old, next, facts.Now)
	})
}

// change writes what may be changed of a subscription, with what it costs and the record of it, and owes it to its owner's webhook.
func (s *Store) change(ctx context.Context, tx store.Tx, by activitylog.By, old, next subscription.Subscription, at time.Time) error {
	if _, err := tx.Exec(ctx, updateSubscription, old.ID, next.FriendlyName, next.Quantity, next.AutoRenew, next.Status, next.PartnerOnRecord, next.Billed); err != nil {
		return err
	}
	if err := s.bill(ctx, tx, old, next, at); err != nil {
		return err
	}
	noted, err := activitylogstore.NoteAll(ctx, tx, activitylogstore.Record{
		By: by, CustomerTenantID: old.CustomerTenantID, Resource: activitylog.SubscriptionResource, ResourceID: old.ID,
		Operation: activitylog.AuditUpdateSubscription, Before: changeable(old), After: changeable(next), At: at,
	})
	if err != nil {
		return err
	}
	return webhookstore.Owe(ctx, tx, by.CorrelationID, Told(noted[0]))
}

// Told is what the webhook of who bills a subscription is told of the record of a change.
func Told(change activitylogstore.AuditEntry) webhook.Event {
	return webhook.Event{
		ID: change.ID, PartnerTenantID: change.PartnerTenantID, Name: webhook.SubscriptionUpdated, CustomerTenantID: change.CustomerTenantID,
		ResourceID: change.ResourceID, At: change.At,
	}
}

// changeFacts loads what decides a change, or refuses a subscription that is not the caller's. The subscription is locked
// before it is asked who is moving it, so no transfer can take it meanwhile.
func (s *Store) changeFacts(ctx context.Context, tx store.Tx, by activitylog.By, customer, id string, change subscription.Change) (subscription.ChangeFacts, error) {
	f := subscription.ChangeFacts{SalesAgentOnly: by.SalesAgentOnly}
	family, err := store.All(ctx, tx, lockFamily, Table.Fields, id, by.PartnerTenantID, customer)
	if err != nil {
		return f, err
	}
	for _, member := range family {
		switch {
		case member.ID == id:
			f.Subscription = member
		case member.ParentID == id:
			f.Dependents = append(f.Dependents, member)
		default:
			f.Base = &member
		}
	}
	if f.Subscription.ID == "" {
		return f, subscription.NoSuch(id)
	}
	if f.OpenIn, err = s.movedBy(ctx, tx, id); err != nil {
		return f, err
	}
	var mpnID string
	if change.PartnerOnRecord != nil {
		mpnID = *change.PartnerOnRecord
	}
	parties, err := programmestore.Partners(ctx, tx, mpnID, by.PartnerTenantID)
	for _, p := range parties {
		if p.TenantID == by.PartnerTenantID {
			f.Owner = p
		}
	}
	if f.Record = programme.Credited(parties, mpnID, f.Owner.Environment); err != nil || f.Record == nil {
		return f, err
	}
	f.Partnership, err = programmestore.WorkTogether(ctx, tx, by.PartnerTenantID, f.Record.TenantID)
	return f, err
}

// subscriptionValue is what the log says of a subscription: the properties that can be changed, spelled as on the wire.
type subscriptionValue struct {
	ID               string              `json:"id"`
	FriendlyName     string              `json:"friendlyName"`
	Quantity         int                 `json:"quantity"`
	Status           subscription.Status `json:"status"`
	AutoRenewEnabled bool                `json:"autoRenewEnabled"`
	PartnerID        string              `json:"partnerId,omitempty"`
}

func changeable(s subscription.Subscription) subscriptionValue {
	return subscriptionValue{
		ID: s.ID, FriendlyName: s.FriendlyName, Quantity: s.Quantity, Status: s.Status, AutoRenewEnabled: s.AutoRenew, PartnerID: s.PartnerOnRecord,
	}
}
