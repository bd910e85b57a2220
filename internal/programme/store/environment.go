package programmestore

// Production and sandbox, as they are kept, and the relationships that sandboxes make by themselves.

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/programme"
	"handover/internal/store"
	webhookstore "handover/internal/webhook/store"
)

// environment keeps a programme.Environment by its name.
type environment programme.Environment

// Value writes the name.
func (e environment) Value() (driver.Value, error) { return programme.Environment(e).String(), nil }

// MarshalJSON writes the name in a list of rows.
func (e environment) MarshalJSON() ([]byte, error) {
	return json.Marshal(programme.Environment(e).String())
}

// Scan reads the name.
func (e *environment) Scan(v any) error {
	for _, known := range []programme.Environment{programme.Production, programme.Sandbox} {
		if v == known.String() {
			*e = environment(known)
			return nil
		}
	}
	return fmt.Errorf("%v is no environment", v)
}

// endSandboxes marks the sandboxes among these whose owners are in direct-bill no more. It asks only where there are any.
func endSandboxes(ctx context.Context, tx store.Tx, among []programme.Partner) error {
	var owners []string
	for _, p := range among {
		if p.SandboxOf != "" {
			owners = append(owners, p.SandboxOf)
		}
	}
	if len(owners) == 0 {
		return nil
	}
	found, err := Partners(ctx, tx, "", owners...)
	standing := map[string]bool{}
	for _, owner := range found {
		standing[owner.TenantID] = owner.In(programme.DirectBill)
	}
	for i := range among {
		among[i].SandboxGone = among[i].SandboxOf != "" && !standing[among[i].SandboxOf]
	}
	return err
}

// ownersFirst are the partners in an order in which they can be written: a sandbox after whose it is.
func ownersFirst(all []programme.Partner) []programme.Partner {
	return slices.SortedStableFunc(slices.Values(all), func(a, b programme.Partner) int { return cmp.Compare(a.Environment, b.Environment) })
}

// CheckNewSandboxes checks those of new partners that are sandboxes, when they and their owners are planted. Refusals: those of
// programme.CheckSandbox.
func CheckNewSandboxes(ctx context.Context, tx store.Tx, planted []programme.Partner) error {
	for _, p := range planted {
		if p.SandboxOf == "" {
			continue
		}
		owners, err := Partners(ctx, tx, "", p.SandboxOf)
		if err != nil {
			return err
		}
		var owner *programme.Partner
		if len(owners) > 0 {
			owner = &owners[0]
		}
		if err := programme.CheckSandbox(owner); err != nil {
			return err
		}
	}
	return nil
}

// lockCustomer makes those who make a relationship with a customer take turns, as their records in the log need it. A customer in
// production it neither finds nor holds up.
var lockCustomer = store.Both(`SELECT ` + Customers.Columns.Of("c") + ` FROM customers c WHERE c.tenant_id = $1 AND c.environment = 'sandbox' FOR UPDATE`)

// MakeSandboxRelationship makes, under the terms, a reseller relationship of the partner that asks with a customer of the sandbox, as if
// the customer had accepted, which its webhook is told. One that there is stays as it is, and is answered again.
//
// Refusals: those of programme.CheckSandboxRelationship. Errors: those of command.Execute.
func (s *Store) MakeSandboxRelationship(
	ctx context.Context, terms command.Terms[programme.Relationship], by activitylog.By, customerTenantID string,
) (programme.Relationship, error) {
	store.Lower(&by.PartnerTenantID, &customerTenantID)
	return command.Execute(ctx, s.db, "make a relationship", terms, func(tx store.Tx) (programme.Relationship, error) {
		facts, err := sandboxFacts(ctx, tx, by.PartnerTenantID, customerTenantID)
		if err != nil {
			return programme.Relationship{}, err
		}
		if err := programme.CheckSandboxRelationship(customerTenantID, facts); err != nil {
			return programme.Relationship{}, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return programme.Relationship{}, err
		}
		made := programme.Relationship{
			PartnerTenantID: by.PartnerTenantID, CustomerTenantID: customerTenantID, Kind: facts.Partner.Kind(), Origin: programme.FromCreation, Since: now,
		}
		there, err := Lasting(ctx, tx, made.Pair())
		if err != nil {
			return made, err
		}
		for _, lasting := range there {
			if lasting.Kind == made.Kind {
				return lasting, nil
			}
		}
		if err := store.Insert(ctx, tx, relationships, insertRelationships, []programme.Relationship{made}); err != nil {
			return made, err
		}
		noted, err := activitylogstore.NoteAll(ctx, tx, activitylogstore.Record{
			By: by, CustomerTenantID: customerTenantID, Resource: activitylog.RelationshipResource, ResourceID: customerTenantID,
			Operation: activitylog.AuditCreateRelationship, After: LoggedRelationship(made), At: now,
		})
		if err != nil {
			return made, err
		}
		return made, webhookstore.Owe(ctx, tx, by.CorrelationID, Accepted(made, noted[0]))
	})
}

func sandboxFacts(ctx context.Context, tx store.Tx, partner, customer string) (programme.SandboxRelationshipFacts, error) {
	var f programme.SandboxRelationshipFacts
	partners, err := Partners(ctx, tx, "", partner)
	if err != nil {
		return f, err
	}
	if len(partners) > 0 {
		f.Partner = &partners[0]
	}
	found, known, err := store.One(ctx, tx, lockCustomer, Customers.Fields, customer)
	if known {
		f.Customer = &found
	}
	return f, err
}
