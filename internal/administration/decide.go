package administration

import (
	"errors"
	"fmt"
	"strings"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// mostTold is how much of what is in the way is told at once; more would only hide the first of it.
const mostTold = 50

// Decide is what has to be written so that the ledger says what the changes say: all of it, or nothing. Both are as Normal has them.
//
// Refusals: the one thing that is in the way, as the rules of its context refuse it; Contradicts for several, whose message
// and data tell every one of them, up to 50.
func Decide(c Changes, f Facts, rules subscription.Rules, in Place) (Plan, error) {
	d := decision{Changes: c, there: f, rules: rules}
	for _, p := range Contradictions(c.World, f, in) {
		d.inTheWay(p.Kind, p.Index, kernel.Refuse(kernel.InvalidInput, "%s.", strings.TrimSuffix(p.Says, ".")))
	}
	if len(d.found) > 0 {
		return Plan{}, d.err()
	}
	d.partners()
	d.customers()
	d.relationships()
	d.agreements()
	d.partnerships()
	d.subscriptions()
	return d.plan, d.err()
}

// decision is one on its way.
type decision struct {
	Changes
	there Facts
	rules subscription.Rules
	plan  Plan
	found []told
	more  int
}

// told is one thing that is in the way.
type told struct {
	where   string
	refusal *kernel.Refusal
}

// inTheWay notes what keeps the record of that kind from being written, if anything does.
func (d *decision) inTheWay(kind Kind, index int, err error) bool {
	var refusal *kernel.Refusal
	switch {
	case !errors.As(err, &refusal):
		return false
	case len(d.found) == mostTold:
		d.more++
	default:
		d.found = append(d.found, told{fmt.Sprintf("%s[%d]", kind, index), refusal})
	}
	return true
}

func (d *decision) err() error {
	switch len(d.found) {
	case 0:
		return nil
	case 1:
		return d.found[0].refusal
	}
	all := kernel.Refuse(Contradicts, "%d things are in the way, so nothing was changed.", len(d.found)+d.more)
	for _, one := range d.found {
		sentence := one.where + ": " + one.refusal.Message
		all.Message += "\n" + sentence
		all.Data = append(all.Data, sentence)
	}
	if d.more > 0 {
		all.Message += fmt.Sprintf("\n%d more are not shown.", d.more)
	}
	return all
}

// written adds the step that one record needs to those of its kind.
func written[T any](d *decision, steps *[]Step[T], kind Kind, was T, known bool, is T, same bool) {
	switch {
	case known && same:
		d.plan.Applied.note(kind, Same)
		return
	case known:
		*steps = append(*steps, Step[T]{Changed, was, is})
		d.plan.Applied.note(kind, Changed)
	default:
		*steps = append(*steps, Step[T]{New, was, is})
		d.plan.Applied.note(kind, New)
	}
}

func (d *decision) partners() {
	all := d.there.with(d.World)
	byMPN := partnersBy(all, func(p programme.Partner) string { return p.MPNID })
	sandboxes := partnersBy(all, func(p programme.Partner) string { return p.SandboxOf })
	for i, next := range d.Partners {
		was, known := d.there.Partners[next.TenantID]
		use := d.there.Use
		facts := programme.PartnerFacts{
			Bills: use.Billing[next.TenantID], OpenIn: use.Open[next.TenantID], Credited: use.Credited[was.MPNID],
			Provides: use.Provides[next.TenantID], Resells: use.Resells[next.TenantID],
		}
		if known {
			facts.Was = &was
			next = next.Over(was)
		}
		if owner, has := all.Partners[next.SandboxOf]; has {
			facts.Owner = &owner
		}
		for _, other := range sandboxes[next.SandboxOf] {
			if other.TenantID != next.TenantID {
				facts.Sandbox = &other
			}
		}
		for _, other := range byMPN[next.MPNID] {
			if other.TenantID != next.TenantID {
				facts.SameMPN = &other
			}
		}
		if !d.inTheWay(Partners, i, programme.AdmitPartner(next, facts)) {
			written(d, &d.plan.Partners, Partners, was, known, next, programme.SamePartner(was, next))
		}
	}
}

// partnersBy are the partners by a key that they have.
func partnersBy(f Facts, key func(programme.Partner) string) map[string][]programme.Partner {
	by := map[string][]programme.Partner{}
	for _, p := range f.Partners {
		if k := key(p); k != "" {
			by[k] = append(by[k], p)
		}
	}
	return by
}

func (d *decision) customers() {
	for i, next := range d.Customers {
		was, known := d.there.Customers[next.TenantID]
		facts := programme.CustomerFacts{Billed: d.there.Use.Billing[next.TenantID], OpenIn: d.there.Use.Open[next.TenantID]}
		if known {
			facts.Was = &was
		}
		if !d.inTheWay(Customers, i, programme.AdmitCustomer(next, facts)) {
			written(d, &d.plan.Customers, Customers, was, known, next, was == next)
		}
	}
}

func (d *decision) subscriptions() {
	all := d.there.with(d.World)
	dependents := map[string][]subscription.Subscription{}
	for _, s := range all.Subscriptions { // as they will be: the world is decided as one
		if s.ParentID != "" {
			dependents[s.ParentID] = append(dependents[s.ParentID], s)
		}
	}
	byMPN, together := partnersBy(all, func(p programme.Partner) string { return p.MPNID }), d.together()
	for i, next := range d.Subscriptions {
		was, known := d.there.Subscriptions[next.ID]
		facts := subscription.ChangeFacts{
			Subscription: was, Dependents: dependents[next.ID], Owner: all.Partners[next.PartnerTenantID], OpenIn: d.there.Use.Moving[next.ID],
			Now: d.there.Now,
		}
		facts.Record = programme.Credited(byMPN[next.PartnerOnRecord], next.PartnerOnRecord, facts.Owner.Environment)
		if !known {
			facts.OpenIn = d.there.Use.Moving[next.ParentID]
		}
		if base, has := all.Subscriptions[next.ParentID]; has {
			facts.Base = &base
		}
		facts.Partnership = facts.Record != nil && together[programme.Pair{PartnerTenantID: next.PartnerTenantID, OtherID: facts.Record.TenantID}]
		admitted, err := d.rules.Admit(next, facts)
		if !d.inTheWay(Subscriptions, i, err) {
			written(d, &d.plan.Subscriptions, Subscriptions, was, known, admitted, was == admitted)
		}
	}
}
