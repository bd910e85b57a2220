package administrationstore

import (
	"context"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/administration"
	commercestore "handover/internal/commerce/store"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// write does what was decided, and notes it.
func write(ctx context.Context, tx store.Tx, plan administration.Plan, by activitylog.By, f administration.Facts) error {
	if !plan.Applied.Writes() {
		return nil
	}
	begun, ended := split(plan.Relationships)
	together, apart := split(plan.Partnerships)
	for _, do := range []func() error{
		func() error { return programmestore.SavePartners(ctx, tx, f.Partners, saved(plan.Partners), f.Now) },
		func() error { return programmestore.SaveCustomers(ctx, tx, saved(plan.Customers)) },
		func() error { return programmestore.SaveRelationships(ctx, tx, begun, ended, f.Now) },
		func() error { return programmestore.SaveAgreements(ctx, tx, saved(plan.Agreements)) },
		func() error { return programmestore.SavePartnerships(ctx, tx, together, apart) },
		func() error { return subscriptionstore.Save(ctx, tx, saved(plan.Subscriptions)) },
		func() error { return bill(ctx, tx, plan.Subscriptions, f.Now) },
		func() error {
			records, err := recordsOf(ctx, tx, plan, by, f.Now)
			if err != nil {
				return err
			}
			noted, err := activitylogstore.NoteAll(ctx, tx, records...)
			if err != nil {
				return err
			}
			return tell(ctx, tx, plan.Relationships, noted, by.CorrelationID)
		},
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// bill writes what the changes of subscriptions cost or give back, as for those of who bills them.
func bill(ctx context.Context, tx store.Tx, steps []administration.Step[subscription.Subscription], at time.Time) error {
	for _, s := range steps {
		if s.Outcome != administration.Changed {
			continue
		}
		if err := commercestore.Changed(ctx, tx, s.Was, s.Is, at); err != nil {
			return err
		}
	}
	return nil
}

// tell owes to webhooks what they are told of it: to who bills a subscription its changes, and to a partner that a customer accepted
// it. An operator who adds a relationship writes down what the customer decided. Relationships are noted in their order, once each.
func tell(ctx context.Context, tx store.Tx, relationships []administration.Step[programme.Relationship], noted []activitylogstore.AuditEntry, correlation string) error {
	var told []webhook.Event
	for _, entry := range noted {
		switch entry.Resource {
		case activitylog.SubscriptionResource:
			if entry.OldValue != "" {
				told = append(told, subscriptionstore.Told(entry))
			}
		case activitylog.RelationshipResource:
			step := relationships[0]
			relationships = relationships[1:]
			if step.Outcome == administration.New {
				told = append(told, programmestore.Accepted(step.Is, entry))
			}
		default:
		}
	}
	if len(told) == 0 {
		return nil
	}
	return webhookstore.Owe(ctx, tx, correlation, told...)
}

func saved[T any](steps []administration.Step[T]) []T {
	begun, _ := split(steps)
	return begun
}

// split parts what is over from the rest.
func split[T any](steps []administration.Step[T]) (rest, ended []T) {
	for _, s := range steps {
		if s.Outcome == administration.Ended {
			ended = append(ended, s.Is)
		} else {
			rest = append(rest, s.Is)
		}
	}
	return rest, ended
}
