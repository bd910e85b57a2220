package world

import (
	"slices"
	"strings"
	"time"

	"handover/internal/administration"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// file is everything a world file says, each value with the place it stands at.
type file struct {
	partners      []entry[programme.Partner]
	customers     []entry[programme.Customer]
	relationships []entry[programme.Relationship]
	agreements    []entry[programme.Agreement]
	partnerships  []entry[programme.Partnership]
	subscriptions []entry[subscription.Subscription]
}

// The values that enumerations of the file allow.
var (
	standings         = []programme.Status{programme.Active, programme.Restricted, programme.Inactive} // of a partner with one programme
	relationshipKinds = programme.RelationshipKinds()
	agreementModes    = []programme.AgreementMode{programme.Attestation, programme.DirectSign}
	billingCycles     = []subscription.BillingCycle{subscription.Monthly, subscription.Annual, subscription.OneTime, subscription.NoCycle, subscription.UnknownCycle}
	statuses          = []subscription.Status{
		subscription.Active, subscription.Pending, subscription.Suspended,
		subscription.Expired, subscription.Disabled, subscription.Deleted,
	}
)

func readFields(root *record) *file {
	f := &file{
		partners:      list(root, "partners", "partner", partner),
		customers:     list(root, "customers", "customer", customer),
		relationships: list(root, "relationships", "relationship", relationship),
		agreements:    list(root, "agreements", "agreement", agreement),
		partnerships:  list(root, "partnerships", "partnership", partnership),
		subscriptions: list(root, "subscriptions", "subscription", billed),
	}
	root.done()
	return f
}

// world is what the file says, without the places.
func (f *file) world() administration.World {
	return administration.World{
		Partners:      values(f.partners),
		Customers:     values(f.customers),
		Relationships: values(f.relationships),
		Agreements:    values(f.agreements),
		Partnerships:  values(f.partnerships),
		Subscriptions: values(f.subscriptions),
	}
}

func values[T any](entries []entry[T]) []T {
	all := make([]T, len(entries))
	for i, e := range entries {
		all[i] = e.value
	}
	return all
}

func partner(r *record) programme.Partner {
	p := programme.Partner{
		TenantID: need(r, "tenantId", guid),
		Name:     need(r, "name", text),
		Programs: programsOf(r),
		MPNID:    need(r, "mpnId", mpnID),
		Market:   need(r, "market", market),
		Currency: need(r, "currency", currency),
		Locale:   need(r, "locale", locale),
	}
	p.Users = people(r)
	p.Environment = may(r, "environment", programme.Production, environment)
	p.SandboxOf = sandboxOf(r, p.Environment)
	return p
}

// sandboxOf is the owner of a sandbox; a partner in production has none.
func sandboxOf(r *record, in programme.Environment) string {
	owner := may(r, "sandboxOf", "", guid)
	switch told := r.fields["sandboxOf"] != nil; {
	case in == programme.Sandbox && !told:
		r.found.at(r.at("environment"), "A partner in a sandbox needs sandboxOf, the tenantId of the direct-bill partner whose sandbox it is.")
	case in == programme.Production && told:
		r.found.at(r.at("sandboxOf"), "sandboxOf needs environment: sandbox. Add it, or leave sandboxOf out.")
	}
	return owner
}

// briefly are the fields that say, instead of programs, the only programme of a partner.
var briefly = []string{"type", "status", "mpaSigned"}

// programsOf are the programmes of a partner, said one by one or, where there is but one and little to tell of it,
// briefly.
func programsOf(r *record) []programme.Enrolment {
	given := slices.DeleteFunc(slices.Clone(briefly), func(field string) bool { return r.fields[field] == nil })
	if r.fields["programs"] == nil && len(given) > 0 {
		only := programme.Enrolled(need(r, "type", oneOf(programme.Programs())), need(r, "status", oneOf(standings)), need(r, "mpaSigned", flag))
		r.known = append(r.known, "programs")
		return only
	}
	r.known = append(r.known, briefly...)
	if r.fields["programs"] == nil {
		r.known = append(r.known, "programs")
		r.found.at(r.node, "This partner is in no programme. Name each under programs or, of a partner with one, give type, status and mpaSigned.")
		return nil
	}
	for _, field := range given {
		r.found.at(r.at(field), "This partner has programs, which say what %s says. Remove one of the two.", field)
	}
	all := list(r, "programs", "programme", enrolment)
	if len(all) == 0 {
		r.found.at(r.at("programs"), "programs must name at least one programme.")
	}
	doubles(r.found, all, "program", func(e programme.Enrolment) string { return string(e.Program) })
	held := values(all)
	slices.SortFunc(held, func(a, b programme.Enrolment) int { return strings.Compare(string(a.Program), string(b.Program)) })
	return held
}

func enrolment(r *record) programme.Enrolment {
	e := programme.Enrolment{
		Program:      need(r, "program", oneOf(programme.Programs())),
		Status:       need(r, "status", oneOf(programme.Statuses())),
		Since:        may(r, "since", time.Time{}, moment),
		Contact:      programme.EnrolmentContact{Name: may(r, "contactName", "", text), Email: may(r, "contactEmail", "", email)},
		Agreement:    programme.Acceptance{At: may(r, "agreementAcceptedAt", time.Time{}, moment), TemplateID: may(r, "agreementTemplateId", "", guid)},
		AccessEndsAt: may(r, "accessEndsAt", time.Time{}, moment),
	}
	e.Agreement.Given = r.fields["agreementAcceptedAt"] != nil
	if !e.Agreement.Given && r.fields["agreementTemplateId"] != nil {
		r.found.at(r.at("agreementTemplateId"), "agreementTemplateId needs agreementAcceptedAt, when the partner accepted it.")
	}
	return e
}

// people are the users of a partner: those under adminAgents, who have that role and no other, and those under users.
func people(r *record) []programme.User {
	all := slices.Concat(list(r, "adminAgents", "admin agent", adminAgent), list(r, "users", "user", user))
	if !slices.ContainsFunc(all, func(u entry[programme.User]) bool { return u.value.Has(programme.AdminAgent) }) {
		r.found.at(r.at("adminAgents"), "This partner has no admin agent. Name at least one under adminAgents or users; nobody else can act for the partner.")
	}
	doubles(r.found, all, "userId", func(u programme.User) string { return u.UserID })
	return values(all)
}

func adminAgent(r *record) programme.User {
	return programme.Agent(need(r, "userId", guid), need(r, "email", email))
}

func user(r *record) programme.User {
	return programme.User{UserID: need(r, "userId", guid), Email: need(r, "email", email), Roles: need(r, "roles", someOf(programme.Roles()))}
}

func customer(r *record) programme.Customer {
	return programme.Customer{
		TenantID: need(r, "tenantId", guid),
		Name:     need(r, "name", text),
		Domain:   need(r, "domain", domain),
		Email:    need(r, "email", email),
		Market:   need(r, "market", market),
		Locale:   need(r, "locale", locale),

		Environment: may(r, "environment", programme.Production, environment),
	}
}

func relationship(r *record) programme.Relationship {
	return programme.Relationship{
		PartnerTenantID:  need(r, "partner", guid),
		CustomerTenantID: need(r, "customer", guid),
		Kind:             may(r, "kind", "", oneOf(relationshipKinds)),
		Counterpart:      may(r, "counterpart", "", guid),
		AdminRights:      may(r, "adminRights", false, flag),
		LocalReseller:    may(r, "localResellerOfRecord", false, flag),
		Since:            may(r, "since", time.Time{}, moment),
	}
}

func agreement(r *record) programme.Agreement {
	return programme.Agreement{
		CustomerTenantID: need(r, "customer", guid),
		PartnerTenantID:  need(r, "partner", guid),
		Mode:             need(r, "mode", oneOf(agreementModes)),
		DateAgreed:       may(r, "dateAgreed", time.Time{}, moment),
	}
}

func partnership(r *record) programme.Partnership {
	return programme.Partnership{ProviderTenantID: need(r, "provider", guid), ResellerTenantID: need(r, "reseller", guid)}
}

func billed(r *record) subscription.Subscription {
	s := subscription.Subscription{
		ID:                need(r, "id", guid),
		CustomerTenantID:  need(r, "customer", guid),
		PartnerTenantID:   need(r, "partner", guid),
		ProductType:       need(r, "productType", oneOf(subscription.ProductTypes())),
		OfferID:           need(r, "offerId", text),
		FriendlyName:      need(r, "friendlyName", text),
		Quantity:          may(r, "quantity", 1, quantity),
		UnitPriceMinor:    need(r, "unitPrice", price),
		BillingCycle:      need(r, "billingCycle", oneOf(billingCycles)),
		TermDuration:      may(r, "termDuration", "", term),
		CreationDate:      need(r, "creationDate", moment),
		CommitmentEndDate: may(r, "commitmentEndDate", time.Time{}, moment),
		Status:            may(r, "status", subscription.Active, oneOf(statuses)),
		AutoRenew:         may(r, "autoRenew", false, flag),
		ParentID:          may(r, "parentId", "", guid),
		PartnerOnRecord:   may(r, "partnerOnRecord", "", mpnID),
		SandboxFault:      may(r, "sandboxFault", "", fault),
	}
	s.LineageID = s.ID
	checkTerm(r, s)
	return s
}

// checkTerm notes what subscription.TermGiven finds wrong with the fields that were given, whether they could be read or not.
func checkTerm(r *record, s subscription.Subscription) {
	given := subscription.TermGiven{Duration: r.fields["termDuration"] != nil, End: r.fields["commitmentEndDate"] != nil}
	if field, says := given.Wrong(s); field != "" {
		r.found.at(r.at(field), "%s", says)
	}
}
