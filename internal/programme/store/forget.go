package programmestore

// What is personal about customers' agreements, users who left and enrolments that are over is forgotten.

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/store"
)

// forgottenAtOnce bounds one transaction of what forgets here.
const forgottenAtOnce = 500

// forgets is one way to forget: which rows, by what tells them apart, and what changes in them. $1 is a tombstone, $2 the customer, if
// any, and $3 the time before which something ended.
type forgets struct{ table, key, which, set string }

const tombstoned = ` LIKE '` + kernel.TombstonePattern + `'`

// buried puts tombstones in the places of texts that are not empty.
func buried(columns ...string) string {
	var set string
	for i, column := range columns {
		if i > 0 {
			set += ", "
		}
		set += column + ` = CASE ` + column + ` WHEN '' THEN '' ELSE CAST($1 AS text) END`
	}
	return set
}

// unlessID does so with who acted, unless that is an id.
func unlessID(column string) string {
	return column + ` = CASE WHEN ` + column + ` = '' OR ` + column + ` LIKE '________-____-____-____-____________' THEN ` + column + ` ELSE CAST($1 AS text) END`
}

var (
	// contacts are those of agreements: of the customer's, and otherwise of those that were accepted before.
	contacts = forgets{
		table: "agreements", key: "customer_tenant_id, partner_tenant_id, mode",
		which: `first_name || last_name || email || phone_number <> '' AND NOT (first_name || last_name || email || phone_number` + tombstoned + `)
			AND (customer_tenant_id = $2 OR $2 = '' AND (date_agreed IS NULL OR date_agreed <= $3))`,
		set: buried("first_name", "last_name", "email", "phone_number") + ", " + unlessID("attested_by"),
	}
	// formerUsers are those who left before, or got another address.
	formerUsers = forgets{
		table: "partner_users", key: "partner_tenant_id, position",
		which: `$2 = '' AND ended_at <= $3 AND email <> '' AND NOT email` + tombstoned,
		set:   buried("email") + ", " + unlessID("user_id"),
	}
	// applications are those to programmes that came to nothing, or to an end, before.
	applications = forgets{
		table: "program_enrolments", key: "partner_tenant_id, program",
		which: `$2 = '' AND status IN ('rejected', 'ended', 'overridden') AND COALESCE(access_ends_at, decided_at, since) <= $3
			AND contact_name || contact_email || reject_reason <> '' AND NOT (contact_name || contact_email || reject_reason` + tombstoned + `)`,
		set: buried("contact_name", "contact_email", "reject_reason") + ", " + unlessID("applied_by") + ", " + unlessID("decided_by") + ", " + unlessID("agreement_accepted_by"),
	}
)

func (f forgets) counted() store.Statement {
	return store.Both(`SELECT COUNT(*) FROM ` + f.table + ` WHERE CAST($1 AS text) <> '' AND ` + f.which)
}

func (f forgets) some() store.Statement {
	return store.Both(`UPDATE ` + f.table + ` SET ` + f.set + ` WHERE (` + f.key + `) IN (SELECT ` + f.key + ` FROM ` + f.table + ` WHERE ` + f.which + ` LIMIT $4)`)
}

// ForgetContacts forgets who accepted agreements for customers: of the customer's agreements, or of those that are so old. The
// agreements stay. It takes five hundred at a time and tells how many; none when nothing was left. A dry run counts all of them.
func (s *Store) ForgetContacts(ctx context.Context, f kernel.Forgetting) (int, error) {
	return s.forget(ctx, "forget contacts of agreements", contacts, f)
}

// ForgetUsers forgets users who left before then, in the same way; of a customer none are. Those stay to whom a mail went that is not
// forgotten (I-6): mailed is the query for their addresses, with $3 for the time.
func (s *Store) ForgetUsers(ctx context.Context, f kernel.Forgetting, mailed string) (int, error) {
	which := formerUsers
	which.which += ` AND email NOT IN (` + mailed + `)`
	return s.forget(ctx, "forget users who left", which, f)
}

// ForgetApplications forgets who applied for programmes in vain, or for what is over, in the same way; of a customer none are.
func (s *Store) ForgetApplications(ctx context.Context, f kernel.Forgetting) (int, error) {
	return s.forget(ctx, "forget applications to programmes", applications, f)
}

func (s *Store) forget(ctx context.Context, what string, which forgets, f kernel.Forgetting) (int, error) {
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
		n, err := tx.Exec(ctx, which.some(), kernel.Tombstone(now), f.CustomerTenantID, store.Stamp(f.Before), forgottenAtOnce)
		return int(n), err
	})
}
