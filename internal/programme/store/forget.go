package programmestore

// What is personal about customers' agreements, users who left and enrolments that are over is forgotten.

import (
	"context"
	"strings"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
)

// forgottenAtOnce bounds one transaction of what forgets here.
const forgottenAtOnce = 500

// forgets is one way to forget: which rows, by what tells them apart, and what changes in them. $1 is a tombstone, $2 the customer, if
// any, and $3 the time before which something ended.
type forgets struct {
	table, key, which, set string
	about                  string // partner, customer if any, and id of what the log says it of
	resource               activitylog.ResourceType
	operation              activitylog.AuditOperation
}

// known is the condition that one of the texts is neither empty nor a tombstone.
func known(columns ...string) string {
	each := make([]string, len(columns))
	for i, column := range columns {
		each[i] = column + ` <> '' AND ` + column + ` NOT LIKE '` + kernel.TombstonePattern + `'`
	}
	return "(" + strings.Join(each, " OR ") + ")"
}

// named is the condition that one of those who acted is no id, and not forgotten.
func named(columns ...string) string {
	each := make([]string, len(columns))
	for i, column := range columns {
		each[i] = known(column) + ` AND ` + column + ` NOT LIKE '` + likeID + `'`
	}
	return "(" + strings.Join(each, " OR ") + ")"
}

// likeID is what every id is like.
const likeID = "________-____-____-____-____________"

// buried puts tombstones in the places of texts that are not empty.
func buried(columns ...string) string {
	each := make([]string, len(columns))
	for i, column := range columns {
		each[i] = column + ` = CASE ` + column + ` WHEN '' THEN '' ELSE CAST($1 AS text) END`
	}
	return strings.Join(each, ", ")
}

// unlessID does so with who acted, unless that is an id.
func unlessID(column string) string {
	return column + ` = CASE WHEN ` + column + ` = '' OR ` + column + ` LIKE '` + likeID + `' THEN ` + column + ` ELSE CAST($1 AS text) END`
}

var (
	// contacts are those of agreements: of the customer's, and otherwise of those that were accepted before.
	contacts = forgets{
		table: "agreements", key: "customer_tenant_id, partner_tenant_id, mode",
		which: "(" + known("first_name", "last_name", "email", "phone_number") + " OR " + named("attested_by") + `) AND (customer_tenant_id = $2 OR $2 = '' AND (date_agreed IS NULL OR date_agreed <= $3))`,
		set:   buried("first_name", "last_name", "email", "phone_number") + ", " + unlessID("attested_by"),
		about: "partner_tenant_id, customer_tenant_id, customer_tenant_id", resource: activitylog.AgreementResource, operation: activitylog.AuditUpdateCustomer,
	}
	// formerUsers are those who left before, or got another address.
	formerUsers = forgets{
		table: "partner_users", key: "partner_tenant_id, position",
		which: `$2 = '' AND ended_at <= $3 AND (` + known("email") + " OR " + named("user_id") + ")", set: buried("email") + ", " + unlessID("user_id"),
		about: "partner_tenant_id, NULL, user_id", resource: activitylog.PartnerUserResource, operation: activitylog.AuditUpdatePartnerUser,
	}
	// applications are those to programmes that came to nothing, or to an end, before.
	applications = forgets{
		table: "program_enrolments", key: "partner_tenant_id, program",
		which: `$2 = '' AND status IN ('rejected', 'ended', 'overridden') AND COALESCE(access_ends_at, decided_at, since) <= $3
			AND (` + known("contact_name", "contact_email", "reject_reason") + " OR " + named("applied_by", "decided_by", "agreement_accepted_by") + ")",
		set:   buried("contact_name", "contact_email", "reject_reason") + ", " + unlessID("applied_by") + ", " + unlessID("decided_by") + ", " + unlessID("agreement_accepted_by"),
		about: "partner_tenant_id, NULL, partner_tenant_id", resource: activitylog.PartnerResource, operation: activitylog.AuditUpdateCompany,
	}
)

func (f forgets) counted() store.Statement {
	return store.Both(`SELECT COUNT(*) FROM ` + f.table + ` WHERE CAST($1 AS text) <> '' AND ` + f.which)
}

func (f forgets) some() store.Statement {
	return store.Both(`UPDATE ` + f.table + ` SET ` + f.set + ` WHERE (` + f.key + `) IN (SELECT ` + f.key + ` FROM ` + f.table + ` WHERE ` + f.which + ` LIMIT $4) RETURNING ` + f.about)
}

// ForgetContacts forgets who accepted agreements for customers: of the customer's agreements, or of those that are so old. The
// agreements stay. It takes five hundred at a time and tells how many; none when nothing was left. In the partners' logs stands that it
// was done, and by whom. A dry run counts all of them.
func (s *Store) ForgetContacts(ctx context.Context, f kernel.Forgetting, by activitylog.By) (int, error) {
	return s.forget(ctx, "forget contacts of agreements", contacts, f, by)
}

// ForgetUsers forgets users who left before then, in the same way; of a customer none are. Those stay to whom a mail went that is not
// forgotten (I-6): mailed is the query for their addresses, with $3 for the time.
func (s *Store) ForgetUsers(ctx context.Context, f kernel.Forgetting, by activitylog.By, mailed string) (int, error) {
	which := formerUsers
	which.which += ` AND email NOT IN (` + mailed + `)`
	return s.forget(ctx, "forget users who left", which, f, by)
}

// ForgetApplications forgets who applied for programmes in vain, or for what is over, in the same way; of a customer none are.
func (s *Store) ForgetApplications(ctx context.Context, f kernel.Forgetting, by activitylog.By) (int, error) {
	return s.forget(ctx, "forget applications to programmes", applications, f, by)
}

func (s *Store) forget(ctx context.Context, what string, which forgets, f kernel.Forgetting, by activitylog.By) (int, error) {
	store.Lower(&f.CustomerTenantID)
	if f.DryRun {
		return store.Read(ctx, s.db, what, func(tx store.Tx) (int, error) {
			n, _, err := store.One(ctx, tx, which.counted(), store.Value[int], kernel.Tombstone(s.db.Now()), f.CustomerTenantID, store.Stamp(f.Before))
			return n, err
		})
	}
	return store.Write(ctx, s.db, what, func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		records, err := store.All(ctx, tx, which.some(), func(r *activitylogstore.Record) []any {
			return []any{&r.By.PartnerTenantID, (*store.Optional)(&r.CustomerTenantID), &r.ResourceID}
		}, kernel.Tombstone(now), f.CustomerTenantID, store.Stamp(f.Before), forgottenAtOnce)
		for i := range records {
			r := &records[i]
			r.By.UserID, r.By.ApplicationID = by.UserID, by.ApplicationID
			r.Resource, r.Operation, r.After, r.At = which.resource, which.operation, activitylogstore.WasForgotten{Event: activitylogstore.ForgottenEvent}, now
		}
		if err == nil {
			_, err = activitylogstore.NoteAll(ctx, tx, records...)
		}
		return len(records), err
	})
}
