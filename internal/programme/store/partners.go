package programmestore

// Partners, with their users and the programmes that they take part in.

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
)

var partners = store.Table[programme.Partner]{
	Name:    "partners",
	Columns: `tenant_id text, name text, mpn_id text, market text, currency text, locale text, environment text, sandbox_of text`,
	Fields: func(p *programme.Partner) []any {
		return []any{
			&p.TenantID, &p.Name, &p.MPNID, &p.Market, &p.Currency, &p.Locale, (*environment)(&p.Environment), (*store.Optional)(&p.SandboxOf),
		}
	},
}

// enrolmentOf is one enrolment's row.
type enrolmentOf struct {
	partner string
	programme.Enrolment
}

var enrolments = store.Table[enrolmentOf]{
	Name: "program_enrolments",
	Columns: `partner_tenant_id text, program text, status text, since timestamptz, contact_name text, contact_email text, applied_by text,
		decided_at timestamptz, decided_by text, reject_reason text, agreement_accepted boolean, agreement_template text,
		agreement_accepted_at timestamptz, agreement_accepted_by text, access_ends_at timestamptz`,
	Fields: func(e *enrolmentOf) []any {
		return []any{
			&e.partner, &e.Program, &e.Status, (*store.Stamp)(&e.Since), &e.Contact.Name, &e.Contact.Email, &e.AppliedBy,
			(*store.Stamp)(&e.Decision.At), &e.Decision.By, &e.Decision.Reason, &e.Agreement.Given, &e.Agreement.TemplateID,
			(*store.Stamp)(&e.Agreement.At), &e.Agreement.By, (*store.Stamp)(&e.AccessEndsAt),
		}
	},
}

// partnerRow is a partner beside one of its enrolments and one of its users, or beside none.
type partnerRow struct {
	programme.Partner
	enrolment enrolmentOf
	user      userOf
}

func (r *partnerRow) fields() []any {
	return append(append(partners.Fields(&r.Partner), enrolments.Fields(&r.enrolment)...), &r.user.id, &r.user.email,
		&r.user.globalAdmin, &r.user.adminAgent, &r.user.salesAgent)
}

var (
	selectPartnersWhere = `SELECT ` + partners.Columns.Of("p") + `, COALESCE(e.partner_tenant_id, ''), COALESCE(e.program, ''),
		COALESCE(e.status, ''), e.since, COALESCE(e.contact_name, ''), COALESCE(e.contact_email, ''), COALESCE(e.applied_by, ''),
		e.decided_at, COALESCE(e.decided_by, ''), COALESCE(e.reject_reason, ''), COALESCE(e.agreement_accepted, FALSE),
		COALESCE(e.agreement_template, ''), e.agreement_accepted_at, COALESCE(e.agreement_accepted_by, ''), e.access_ends_at,
		COALESCE(u.user_id, ''), COALESCE(u.email, ''), COALESCE(u.global_admin, FALSE), COALESCE(u.admin_agent, FALSE), COALESCE(u.sales_agent, FALSE)
	FROM partners p LEFT JOIN program_enrolments e ON e.partner_tenant_id = p.tenant_id
		LEFT JOIN partner_users u ON u.partner_tenant_id = p.tenant_id AND u.ended_at IS NULL
	WHERE p.tenant_id IN (SELECT r.id FROM {rows})`
	selectPartners = store.OverRows(selectPartnersWhere+` OR (p.mpn_id = $2 AND p.mpn_id <> '') ORDER BY p.tenant_id, e.program, u.position`, store.IDColumn)
)

// Partners loads partners with their users and programmes: those with the ids and, unless it is empty, those with the
// MPN id.
func Partners(ctx context.Context, tx store.Tx, mpnID string, ids ...string) ([]programme.Partner, error) {
	return whole(ctx, tx, selectPartners, store.IDRows(ids...), mpnID)
}

// whole loads the partners that the query finds, each beside its programmes and users.
func whole(ctx context.Context, tx store.Tx, which store.Statement, args ...any) ([]programme.Partner, error) {
	rows, err := store.All(ctx, tx, which, (*partnerRow).fields, args...)
	if err != nil {
		return nil, err
	}
	var found []programme.Partner
	for _, row := range rows {
		if len(found) == 0 || found[len(found)-1].TenantID != row.TenantID {
			found = append(found, row.Partner)
		}
		row.addTo(&found[len(found)-1])
	}
	return found, endSandboxes(ctx, tx, found)
}

// addTo adds what stands beside the partner. Beside each of its programmes stand the same users.
func (r *partnerRow) addTo(p *programme.Partner) {
	if n := len(p.Programs); r.enrolment.Program != "" && (n == 0 || p.Programs[n-1].Program != r.enrolment.Program) {
		p.Programs = append(p.Programs, r.enrolment.Enrolment)
	}
	if len(p.Programs) <= 1 && r.user.id != "" {
		p.Users = append(p.Users, r.user.user())
	}
}

// Partner reads one partner with its users and programmes. Refusal: PartnerUnknown.
func (s *Store) Partner(ctx context.Context, id string) (programme.Partner, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read partner", func(tx store.Tx) (programme.Partner, error) {
		found, err := Partners(ctx, tx, "", id)
		switch {
		case err != nil:
			return programme.Partner{}, err
		case len(found) == 0:
			return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "Partner %s is not known here. Check its Microsoft ID.", id).About(id)
		}
		return found[0], nil
	})
}

// PartnerByMPN reads the partner with the MPN id in the environment; where several share it, a reseller is meant. Refusal:
// PartnerUnknown.
func (s *Store) PartnerByMPN(ctx context.Context, mpnID string, in programme.Environment) (programme.Partner, error) {
	return store.Read(ctx, s.db, "read partner", func(tx store.Tx) (programme.Partner, error) {
		found, err := Partners(ctx, tx, mpnID)
		if err != nil {
			return programme.Partner{}, err
		}
		if p := programme.Credited(found, mpnID, in); p != nil {
			return *p, nil
		}
		return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "No partner has the PartnerID %s. Correct it.", mpnID).About(mpnID)
	})
}

// ofPartners are the rows that stand under these partners.
func ofPartners(all []programme.Partner) (people []userOf, programs []enrolmentOf) {
	for _, p := range all {
		for i, u := range p.Users {
			people = append(people, rowOf(p.TenantID, i, u))
		}
		for _, e := range p.Programs {
			programs = append(programs, enrolmentOf{partner: p.TenantID, Enrolment: e})
		}
	}
	return people, programs
}
