package ledger

import (
	"context"
	"errors"
	"fmt"

	"handover/internal/store"
)

// ErrNoRoles says that the database has no roles: whoever can write a file of SQLite can write all of it.
var ErrNoRoles = errors.New("a ledger in a file has no roles; it is kept by the permissions of the file")

// ErrOwnerRole says that a role could give itself the rights back.
var ErrOwnerRole = errors.New("the role owns the ledger's tables, or may act as who does; give the programs a role of their own")

// ErrMayCreate says that a role could make things in the ledger's schema, which would run as the owner in the triggers of the log.
var ErrMayCreate = errors.New("the role may create in the ledger's schema, through PUBLIC or another role; revoke that as the owner of the schema")

var (
	mayCreate  = store.Both(`SELECT has_schema_privilege($1, current_schema(), 'CREATE')`)
	ownsTheLog = store.Both(`SELECT pg_has_role($1, tableowner, 'MEMBER') FROM pg_tables WHERE schemaname = current_schema() AND tablename = '` + theLog + `'`)
	quoted     = store.Both(`SELECT quote_ident(current_schema()), quote_ident($1)`)
)

// Grant gives a role of PostgreSQL the rights that worker, gateway and starter need at run time, and takes away all others on the
// ledger's schema: what stands in the log and in billing lines it may read and add to, the chain, its salts and tombstones and the version of
// the schema it may read: so it forgets nothing of the log. It is
// repeated after each change of the schema, by the owner of the tables.
//
// Errors: ErrNoRoles, ErrOwnerRole, ErrMayCreate, a role that does not exist.
func (l *Ledger) Grant(ctx context.Context, role string) error {
	if l.Dialect() != store.Postgres {
		return ErrNoRoles
	}
	_, err := store.Write(ctx, l.DB, "grant rights on the ledger", func(tx store.Tx) (bool, error) {
		owner, _, err := store.One(ctx, tx, ownsTheLog, store.Value[bool], role)
		switch {
		case err != nil:
			return false, err
		case owner:
			return false, ErrOwnerRole
		}
		names, _, err := store.One(ctx, tx, quoted, func(n *struct{ schema, role string }) []any { return []any{&n.schema, &n.role} }, role)
		if err != nil {
			return false, err
		}
		for _, statement := range rights(names.schema, names.role) {
			if _, err := tx.Exec(ctx, store.Both(statement)); err != nil {
				return false, err
			}
		}
		creates, _, err := store.One(ctx, tx, mayCreate, store.Value[bool], role)
		if err == nil && creates {
			err = ErrMayCreate
		}
		return true, err
	})
	return err
}

// rights are the statements that give a role what it needs and nothing else; both names are quoted.
func rights(schema, role string) []string {
	table := func(name string) string { return schema + "." + name }
	return []string{
		"GRANT USAGE ON SCHEMA " + schema + " TO " + role,
		"REVOKE CREATE ON SCHEMA " + schema + " FROM PUBLIC, " + role,
		"REVOKE ALL ON ALL TABLES IN SCHEMA " + schema + " FROM " + role,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema + " TO " + role,
		fmt.Sprintf("REVOKE UPDATE, DELETE ON %s, %s FROM %s", table(theLog), table("billing_lines"), role),
		fmt.Sprintf("REVOKE INSERT, UPDATE, DELETE ON %s, %s, %s, %s FROM %s",
			table("log_chain"), table("log_salts"), table(tombstones), table("goose_db_version"), role),
	}
}
