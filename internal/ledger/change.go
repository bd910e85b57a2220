package ledger

// Changes of a subscription by the partner who bills it.

import (
	"context"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
)

var (
	// lockFamily reads a subscription of a partner and customer with its base and its add-ons, in the order in which every
	// submit and move locks them, and keeps them from changing until the transaction ends.
	lockFamily = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s
		WHERE (s.id = $1 OR s.parent_id = $1 OR s.id = (SELECT b.parent_id FROM subscriptions b WHERE b.id = $1))
		AND s.partner_tenant_id = $2 AND s.customer_tenant_id = $3 ORDER BY s.id FOR UPDATE`)
	// selectMover finds the transfer that is moving a subscription.
	selectMover = store.Both(`SELECT transfer_id FROM line_items WHERE subscription_id = $1 AND (status = 'InProgress' OR held)
		UNION ALL SELECT transfer_id FROM line_items WHERE subscription_id = $1 AND late_subscription_id IS NOT NULL`)

	updateSubscription = store.Both(`UPDATE subscriptions SET friendly_name = $2, quantity = $3, auto_renew = $4, status = $5,
		partner_on_record = $6 WHERE id = $1`)
)

// ChangeSubscription changes a subscription that the partner bills the customer for, under the terms, and returns it as it
// is stored then; without a difference it writes nothing. ifMatch is the entity tag that the caller read, without quotes;
// empty for any.
//
// Refusals: SubscriptionUnknown, in the same words for one of another partner or customer; StaleETag; those of
// transfer.Policy.ChangeSubscription. Errors: those of command.
func (l *Ledger) ChangeSubscription(ctx context.Context, terms Terms[subscription.Subscription], by By, customerTenantID, id, ifMatch string,
	change subscription.Change,
) (subscription.Subscription, error) {
	lower(&by.PartnerTenantID, &customerTenantID, &id)
	return command(ctx, l, "change subscription", terms, func(s session) (subscription.Subscription, error) {
		facts, err := s.changeFacts(ctx, by, customerTenantID, id, change)
		if err != nil {
			return subscription.Subscription{}, err
		}
		if facts.Now, err = l.Time(ctx, s); err != nil {
			return subscription.Subscription{}, err
		}
		old := facts.Subscription
		if ifMatch != "" && ifMatch != old.ETag() {
			return old, kernel.Refuse(kernel.StaleETag, "Etag is no longer valid. Read the subscription again and repeat the change with its present ETag.").About(id)
		}
		next, err := l.change.ChangeSubscription(facts, change)
		if err != nil || next == old {
			return next, err
		}
		if _, err := s.Exec(ctx, updateSubscription, id, next.FriendlyName, next.Quantity, next.AutoRenew, next.Status, next.PartnerOnRecord); err != nil {
			return next, err
		}
		return next, s.note(ctx, activity{
			by: by, customerTenantID: customerTenantID, resource: activitylog.SubscriptionResource, resourceID: id,
			operation: activitylog.AuditUpdateSubscription, before: changeable(old), after: changeable(next), at: facts.Now,
		})
	})
}

// changeFacts loads what decides a change, or refuses a subscription that is not the caller's. The subscription is locked
// before it is asked who is moving it, so no transfer can take it meanwhile.
func (s session) changeFacts(ctx context.Context, by By, customer, id string, change subscription.Change) (subscription.ChangeFacts, error) {
	f := subscription.ChangeFacts{SalesAgentOnly: by.SalesAgentOnly}
	family, err := store.All(ctx, s, lockFamily, subscriptions.Fields, id, by.PartnerTenantID, customer)
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
		return f, noSuchSubscription(id)
	}
	if f.OpenIn, _, err = store.One(ctx, s, selectMover, store.Value[string], id); err != nil {
		return f, err
	}
	var mpnID string
	if change.PartnerOnRecord != nil {
		mpnID = *change.PartnerOnRecord
	}
	parties, err := s.partners(ctx, mpnID, by.PartnerTenantID)
	for _, p := range parties {
		if p.TenantID == by.PartnerTenantID {
			f.Owner = p
		}
	}
	f.Record = credited(parties, mpnID)
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
