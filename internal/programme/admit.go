package programme

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"handover/internal/kernel"
)

// Check tells whether a ledger can be given the partner, as far as that alone tells. Refusals: InvalidInput for a field of another
// form, for two users with one id, and for a partner without an admin agent; UnknownEnum.
func (p Partner) Check() error {
	if err := checkID("tenantId", p.TenantID); err != nil {
		return err
	}
	if err := checkForms(
		said{"name", p.Name, kernel.AnyLine}, said{"mpnId", p.MPNID, MPNIDForm}, said{"market", p.Market, MarketForm},
		said{"currency", p.Currency, CurrencyForm}, said{"locale", p.Locale, LocaleForm},
	); err != nil {
		return err
	}
	if err := checkPrograms(p); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, u := range p.Users {
		if err := u.check(); err != nil {
			return err
		}
		if known[u.UserID] {
			return kernel.Refuse(kernel.InvalidInput, "The user %s is given twice. Leave one out.", u.UserID)
		}
		known[u.UserID] = true
	}
	if len(p.AdminAgents()) == 0 {
		return kernel.Refuse(kernel.InvalidInput, "The partner needs an admin agent; nobody else can act for it. Give another user the role %s first.", AdminAgent)
	}
	return nil
}

// checkPrograms refuses a partner in no programme, twice in one, or in none of those that there are.
func checkPrograms(p Partner) error {
	known := map[Program]bool{}
	for _, e := range p.Programs {
		switch {
		case !slices.Contains(Programs(), e.Program):
			return kernel.Refuse(kernel.UnknownEnum, "The programme must be one of %v, not %q.", Programs(), kernel.Clip(string(e.Program)))
		case !slices.Contains(Statuses(), e.Status):
			return kernel.Refuse(kernel.UnknownEnum, "The status in a programme must be one of %v, not %q.", Statuses(), kernel.Clip(string(e.Status)))
		case known[e.Program]:
			return kernel.Refuse(kernel.InvalidInput, "The programme %s is given twice. Leave one out.", e.Program)
		}
		known[e.Program] = true
	}
	if len(known) == 0 {
		return kernel.Refuse(kernel.InvalidInput, "The partner is in no programme. Name at least one of %v.", Programs())
	}
	return nil
}

func (u User) check() error {
	if err := checkID("userId", u.UserID); err != nil {
		return err
	}
	if err := checkAddress("email", u.Email); err != nil {
		return err
	}
	for _, r := range u.Roles {
		if !slices.Contains(Roles(), r) {
			return kernel.Refuse(kernel.UnknownEnum, "A role must be one of %v, not %q.", Roles(), kernel.Clip(string(r)))
		}
	}
	if len(u.Roles) == 0 {
		return kernel.Refuse(kernel.InvalidInput, "The user %s needs a role, one of %v. Take who has left from the partner instead.", u.UserID, Roles())
	}
	return nil
}

// PartnerFacts is what the ledger knows that decides a change of a partner.
type PartnerFacts struct {
	Was      *Partner // nil for a new one
	SameMPN  *Partner // another partner with the MPN id; nil for nobody
	Bills    bool     // it bills something
	Credited bool     // something credits it
	Provides bool     // resellers work under it
	Resells  bool     // it works under a provider
	Owner    *Partner // whose sandbox it is to be; nil for nobody who is known
	Sandbox  *Partner // another sandbox of that partner; nil for none
	OpenIn   string   // id of a transfer that is open and has it for a party; empty for none
}

// AdmitPartner tells whether the ledger may say this of the partner from now on. Whatever hangs on what it said before stays
// possible: a status may change at any time.
//
// Refusals: those of Partner.Check; InvalidInput for the MPN id of another and for a second sandbox; those of CheckSandbox for a new one
// InUse for another environment, and for another currency or region, a programme that is left or another MPN id while
// something hangs on it.
func AdmitPartner(next Partner, f PartnerFacts) error {
	if err := next.Check(); err != nil {
		return err
	}
	if f.SameMPN != nil {
		return kernel.Refuse(kernel.InvalidInput, "The mpnId %s is that of %s (%s). Correct it.", next.MPNID, f.SameMPN.Name, f.SameMPN.TenantID).About(f.SameMPN.TenantID)
	}
	if err := f.checkSandbox(next); err != nil || f.Was == nil {
		return err
	}
	return f.keep(*f.Was, next)
}

// checkSandbox refuses a second sandbox of one partner, and a new one of who gets none.
func (f PartnerFacts) checkSandbox(next Partner) error {
	switch {
	case next.SandboxOf == "":
		return nil
	case f.Sandbox != nil:
		return kernel.Refuse(kernel.InvalidInput, "Partner %s has a sandbox already, %s (%s). Use that one.", next.SandboxOf, f.Sandbox.Name, f.Sandbox.TenantID).About(f.Sandbox.TenantID)
	case f.Was == nil:
		return CheckSandbox(f.Owner)
	}
	return nil
}

// broken is a change that something which is stands in the way of.
type broken struct {
	is        bool
	what, why string
}

// keep refuses a change that would break what hangs on the partner: InUse.
func (f PartnerFacts) keep(was, next Partner) error {
	everywhere := []broken{{was.Environment != next.Environment || was.SandboxOf != next.SandboxOf, "environment", "what is in production and what is in a sandbox never mix; add a partner of its own"}}
	for _, b := range slices.Concat(everywhere, f.billing(was, next), f.reselling(was, next)) {
		if b.is {
			return kernel.Refuse(InUse, "The %s of %s (%s) cannot change: %s.", b.what, was.Name, was.TenantID, b.why).About(was.TenantID)
		}
	}
	return nil
}

// billing is what a partner keeps that bills something, or is about to.
func (f PartnerFacts) billing(was, next Partner) []broken {
	if !f.Bills && f.OpenIn == "" {
		return nil
	}
	return []broken{
		{was.Currency != next.Currency, "currency", "it bills subscriptions in it, or a transfer is open; have those moved or cancelled first, or add a partner of its own for the other currency"},
		{Region(was.Market) != Region(next.Market), "market", "it bills subscriptions there, or a transfer is open; have those moved or cancelled first"},
		{was.Bills() && !next.Bills(), "programme", "it bills subscriptions, or a transfer is open; have those moved or cancelled first, or make it restricted or inactive there"},
	}
}

// reselling is what a provider keeps under whom resellers work, and what a reseller does.
func (f PartnerFacts) reselling(was, next Partner) []broken {
	return []broken{
		{f.Provides && was.In(IndirectProvider) && !next.In(IndirectProvider), "programme", "resellers work under it; end those partnerships first"},
		{(f.Resells || f.Credited) && was.In(IndirectReseller) && !next.In(IndirectReseller), "programme",
			"it works under a provider or is credited for subscriptions; end its partnerships and have the subscriptions credit another first"},
		{f.Credited && was.MPNID != next.MPNID, "mpnId", "subscriptions credit it by that; have them credit another first"},
	}
}

// Over is the partner as said, where what was not told of its programmes is as it was: a programme that is not named, who is written to,
// when it was decided and accepted. Nobody leaves a programme by not being named in it.
func (p Partner) Over(was Partner) Partner {
	known := map[Program]Enrolment{}
	for _, e := range was.Programs {
		known[e.Program] = e
	}
	var programs []Enrolment
	for _, e := range p.Programs {
		programs = append(programs, e.over(known[e.Program]))
		delete(known, e.Program)
	}
	for _, e := range known {
		programs = append(programs, e)
	}
	slices.SortFunc(programs, func(a, b Enrolment) int { return strings.Compare(string(a.Program), string(b.Program)) })
	p.Programs, p.SandboxGone = programs, was.SandboxGone
	return p
}

func (e Enrolment) over(was Enrolment) Enrolment {
	next := was
	next.Program, next.Status = e.Program, e.Status
	if !e.Since.IsZero() {
		next.Since = e.Since
	}
	if e.Contact != (EnrolmentContact{}) {
		next.Contact = e.Contact
	}
	if e.Agreement.Given != was.Agreement.Given || !e.Agreement.At.IsZero() {
		next.Agreement = e.Agreement
	}
	if !e.AccessEndsAt.IsZero() {
		next.AccessEndsAt = e.AccessEndsAt
	}
	return next
}

// SamePartner tells whether both say the same; the order of users does not matter.
func SamePartner(a, b Partner) bool {
	byID := func(users []User) map[string]User {
		all := make(map[string]User, len(users))
		for _, u := range users {
			all[u.UserID] = u
		}
		return all
	}
	usersOfA, usersOfB := byID(a.Users), byID(b.Users)
	a.Users, b.Users = nil, nil
	return reflect.DeepEqual(a, b) && reflect.DeepEqual(usersOfA, usersOfB)
}

// Check tells whether a ledger can be given the customer, as far as that alone tells. Refusal: InvalidInput.
func (c Customer) Check() error {
	if err := checkID("tenantId", c.TenantID); err != nil {
		return err
	}
	if err := checkForms(
		said{"name", c.Name, kernel.AnyLine}, said{"domain", c.Domain, DomainForm}, said{"market", c.Market, MarketForm}, said{"locale", c.Locale, LocaleForm},
	); err != nil {
		return err
	}
	return checkAddress("email", c.Email)
}

// CustomerFacts is what the ledger knows that decides a change of a customer.
type CustomerFacts struct {
	Was    *Customer // nil for a new one
	Billed bool      // somebody bills it for something
	OpenIn string    // id of a transfer of its subscriptions that is open; empty for none
}

// AdmitCustomer tells whether the ledger may say this of the customer from now on. Refusals: those of Customer.Check; InUse for
// another environment, and for another region while it is billed, or a transfer is open.
func AdmitCustomer(next Customer, f CustomerFacts) error {
	if err := next.Check(); err != nil {
		return err
	}
	if f.Was != nil && f.Was.Environment != next.Environment {
		return kernel.Refuse(InUse, "The environment of %s (%s) cannot change: what is in production and what is in a sandbox never mix. Add a customer of its own.",
			f.Was.Name, f.Was.TenantID).About(f.Was.TenantID)
	}
	if f.Was != nil && (f.Billed || f.OpenIn != "") && Region(f.Was.Market) != Region(next.Market) {
		return kernel.Refuse(InUse, "The market of %s (%s) cannot change: partners bill it there, or a transfer is open. Have its subscriptions cancelled first, or add a customer of its own for the other market.",
			f.Was.Name, f.Was.TenantID).About(f.Was.TenantID)
	}
	return nil
}

// CheckEndOfRelationship tells whether the customer and the partner may part. Refusal: InUse while the partner bills the customer,
// or a transfer between them is open.
func CheckEndOfRelationship(r Relationship, bills bool, openIn string) error {
	switch {
	case bills:
		return kernel.Refuse(InUse, "Partner %s bills customer %s. Have its subscriptions moved or cancelled first.", r.PartnerTenantID, r.CustomerTenantID).
			About(r.PartnerTenantID, r.CustomerTenantID)
	case openIn != "":
		return kernel.Refuse(InUse, "Transfer %s between partner %s and customer %s is open. Wait for its end, or have it cancelled or declined first.", openIn, r.PartnerTenantID, r.CustomerTenantID).
			About(openIn)
	}
	return nil
}

// CheckEndOfPartnership tells whether the reseller may leave the provider. Refusal: InUse while the provider's subscriptions credit
// it.
func CheckEndOfPartnership(p Partnership, credited bool) error {
	if !credited {
		return nil
	}
	return kernel.Refuse(InUse, "Subscriptions of provider %s credit reseller %s. Have them credit another first.", p.ProviderTenantID, p.ResellerTenantID).
		About(p.ProviderTenantID, p.ResellerTenantID)
}

// Check tells whether a ledger can be given the agreement, as far as that alone tells. Refusals: InvalidInput for a date to come,
// UnknownEnum.
func (a Agreement) Check(now time.Time) error {
	switch {
	case a.Mode != Attestation && a.Mode != DirectSign:
		return kernel.Refuse(kernel.UnknownEnum, "The mode must be %s or %s, not %q.", Attestation, DirectSign, kernel.Clip(string(a.Mode)))
	case a.DateAgreed.After(now):
		return kernel.Refuse(kernel.InvalidInput, "dateAgreed lies in the future. Record an agreement once the customer has accepted it.")
	}
	return nil
}
