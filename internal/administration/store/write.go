package administrationstore

import (
	"context"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/administration"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	subscriptionstore "handover/internal/subscription/store"
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
		func() error {
			records, err := recordsOf(ctx, tx, plan, by, f.Now)
			if err != nil {
				return err
			}
			return activitylogstore.NoteAll(ctx, tx, records...)
		},
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
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
