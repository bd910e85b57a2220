package administrationstore

import (
	"context"
	"slices"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/administration"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	subscriptionstore "handover/internal/subscription/store"
)

// records are those of one command, each in the log of the partner that it concerns.
type records struct {
	by  activitylog.By
	at  time.Time
	all []activitylogstore.Record
}

// recordsOf says what was done, as the partners concerned read it.
func recordsOf(ctx context.Context, tx store.Tx, plan administration.Plan, by activitylog.By, at time.Time) ([]activitylogstore.Record, error) {
	r := &records{by: by, at: at}
	for _, s := range plan.Partners {
		r.partner(s)
	}
	if err := r.customers(ctx, tx, plan.Customers); err != nil {
		return nil, err
	}
	for _, s := range plan.Relationships {
		r.relationship(s)
	}
	for _, s := range plan.Agreements {
		r.add(s.Is.PartnerTenantID, activitylogstore.Record{
			CustomerTenantID: s.Is.CustomerTenantID, Resource: activitylog.AgreementResource, ResourceID: s.Is.CustomerTenantID,
			Operation: activitylog.AuditCreateAgreement, Before: before(s, programmestore.LoggedAgreement), After: programmestore.LoggedAgreement(s.Is),
		})
	}
	for _, s := range plan.Partnerships {
		r.partnership(s)
	}
	for _, s := range plan.Subscriptions {
		r.add(s.Is.PartnerTenantID, activitylogstore.Record{
			CustomerTenantID: s.Is.CustomerTenantID, Resource: activitylog.SubscriptionResource, ResourceID: s.Is.ID,
			Operation: activitylog.AuditUpdateSubscription, Before: before(s, subscriptionstore.Logged), After: subscriptionstore.Logged(s.Is),
		})
	}
	return r.all, nil
}

func (r *records) add(partner string, record activitylogstore.Record) {
	record.By, record.At = r.by, r.at
	record.By.PartnerTenantID, record.By.UserPrincipalName = partner, "" // nobody learns the names of others' people, operators' included
	r.all = append(r.all, record)
}

// before is what was said before, nothing of what is new.
func before[T any](s administration.Step[T], value func(T) any) any {
	if s.Outcome == administration.New {
		return nil
	}
	return value(s.Was)
}

// partner notes the partner itself and each of its users that came, changed or left.
func (r *records) partner(s administration.Step[programme.Partner]) {
	id := s.Is.TenantID
	operation := activitylog.AuditUpdateCompany
	if s.Outcome == administration.Changed && s.Was.MPNID != s.Is.MPNID {
		operation = activitylog.AuditUpdateMPNAssociation
	}
	was, is := s.Was, s.Is
	was.Users, is.Users = nil, nil
	if s.Outcome == administration.New || !programme.SamePartner(was, is) {
		r.add(id, activitylogstore.Record{Resource: activitylog.PartnerResource, ResourceID: id, Operation: operation, Before: before(s, programmestore.LoggedPartner), After: programmestore.LoggedPartner(s.Is)})
	}
	user := func(operation activitylog.AuditOperation, was, is any, userID string) {
		r.add(id, activitylogstore.Record{Resource: activitylog.PartnerUserResource, ResourceID: userID, Operation: operation, Before: was, After: is})
	}
	there := keyed(s.Was.Users, userID)
	for _, u := range s.Is.Users {
		switch old, known := there[u.UserID]; {
		case !known:
			user(activitylog.AuditCreatePartnerUser, nil, u, u.UserID)
		case old.Email != u.Email || !slices.Equal(old.Roles, u.Roles):
			user(activitylog.AuditUpdatePartnerUser, old, u, u.UserID)
		}
	}
	here := keyed(s.Is.Users, userID)
	for _, u := range s.Was.Users {
		if _, stays := here[u.UserID]; !stays {
			user(activitylog.AuditRemovePartnerUser, u, nil, u.UserID)
		}
	}
}

func userID(u programme.User) string { return u.UserID }

// customers notes a changed customer with each of its partners; a new one has none yet, and is noted with its relationships.
func (r *records) customers(ctx context.Context, tx store.Tx, steps []administration.Step[programme.Customer]) error {
	changed := map[string]administration.Step[programme.Customer]{}
	var ids []string
	for _, s := range steps {
		if s.Outcome == administration.Changed {
			changed[s.Is.TenantID] = s
			ids = append(ids, s.Is.TenantID)
		}
	}
	concerned, err := programmestore.PartnersOf(ctx, tx, ids...)
	for _, pair := range concerned {
		s := changed[pair.OtherID]
		r.add(pair.PartnerTenantID, activitylogstore.Record{
			CustomerTenantID: s.Is.TenantID, Resource: activitylog.CustomerResource, ResourceID: s.Is.TenantID,
			Operation: activitylog.AuditUpdateCustomer, Before: programmestore.LoggedCustomer(s.Was), After: programmestore.LoggedCustomer(s.Is),
		})
	}
	return err
}

func (r *records) relationship(s administration.Step[programme.Relationship]) {
	record := activitylogstore.Record{
		CustomerTenantID: s.Is.CustomerTenantID, Resource: activitylog.RelationshipResource, ResourceID: s.Is.CustomerTenantID,
		Operation: activitylog.AuditAddCustomer, After: programmestore.LoggedRelationship(s.Is),
	}
	switch s.Outcome {
	case administration.Ended:
		record.Operation, record.Before, record.After = activitylog.AuditRemoveCustomer, record.After, nil
	case administration.Changed:
		record.Operation, record.Before = activitylog.AuditUpdateCustomer, programmestore.LoggedRelationship(s.Was)
	default:
	}
	r.add(s.Is.PartnerTenantID, record)
}

// partnership is noted on both sides.
func (r *records) partnership(s administration.Step[programme.Partnership]) {
	sides := []string{s.Is.ProviderTenantID, s.Is.ResellerTenantID}
	for i, partner := range sides {
		record := activitylogstore.Record{
			Resource: activitylog.PartnershipResource, ResourceID: sides[1-i], Operation: activitylog.AuditCreatePartnerRelation, After: programmestore.LoggedPartnership(s.Is),
		}
		if s.Outcome == administration.Ended {
			record.Operation, record.Before, record.After = activitylog.AuditRemovePartnerRelation, record.After, nil
		}
		r.add(partner, record)
	}
}
