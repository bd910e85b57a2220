package programme

import (
	"fmt"

	"handover/internal/kernel"
)

// Environment is where a tenant lives. What is one's in one environment does not exist in the other.
type Environment uint8

// The environments. Everything is in production that nobody made in the sandbox.
const (
	Production Environment = iota
	Sandbox
)

// String is the environment's name.
func (e Environment) String() string {
	if e == Sandbox {
		return "sandbox"
	}
	return "production"
}

// EnvironmentNamed is the environment with that name. Error: a text that is none.
func EnvironmentNamed(name string) (Environment, error) {
	for _, e := range []Environment{Production, Sandbox} {
		if kernel.SameName(name, e.String()) {
			return e, nil
		}
	}
	return Production, fmt.Errorf("must be %s or %s, not %q", Production, Sandbox, kernel.Clip(name))
}

// Only refuses what the partner's environment cannot do: accept relationships and legacy transfers in a sandbox, make
// relationships by itself in production. Refusal: WrongEnvironment.
func (e Environment) Only(p Partner, what string) error {
	if p.Environment == e {
		return nil
	}
	return kernel.Refuse(WrongEnvironment, "%s in the environment %s only; your tenant's is %s.", what, e, p.Environment)
}

// CheckSandboxOwner decides whether a partner has a sandbox, be it one that was made before: while it is in direct-bill, also when it is
// restricted there.
//
// Refusals: WrongEnvironment for the sandbox of a sandbox, PartnerNotEnabled.
func CheckSandboxOwner(owner Partner) error {
	switch {
	case owner.Environment == Sandbox:
		return kernel.Refuse(WrongEnvironment, "sandboxOf must name a partner in production; %s is in a sandbox itself.", owner.Name)
	case !owner.In(DirectBill):
		return kernel.Refuse(PartnerNotEnabled, "sandboxOf must name a partner in the programme %s; %s is in %s.", DirectBill, owner.Name, owner.Standings())
	}
	return nil
}

// CheckSandbox decides whether a partner, nil when it is not known, gets a sandbox: while it is active as a direct-bill partner. That
// there is one at most is the database's to hold.
//
// Refusals: PartnerUnknown, those of CheckSandboxOwner, ProgramNotActive.
func CheckSandbox(owner *Partner) error {
	if owner == nil {
		return kernel.Refuse(PartnerUnknown, "The partner whose sandbox it is to be is not known here. Check its Microsoft ID.")
	}
	if err := CheckSandboxOwner(*owner); err != nil {
		return err
	}
	if !owner.ActiveIn(DirectBill) {
		return kernel.Refuse(ProgramNotActive, "Only an active direct-bill partner gets a sandbox; one that it has already stays.")
	}
	return nil
}

// SandboxRelationshipFacts is what the ledger knows that decides whether a partner may make a relationship by itself.
type SandboxRelationshipFacts struct {
	Partner  *Partner  // who makes it; nil when unknown
	Customer *Customer // nil when unknown
}

// CheckSandboxRelationship decides whether the partner may make a reseller relationship with the customer, which nobody accepts
// in a sandbox. A customer in production is as unknown as one that does not exist.
//
// Refusals: PartnerUnknown, WrongEnvironment, ProgramNotActive, CustomerUnknown.
func CheckSandboxRelationship(customerTenantID string, f SandboxRelationshipFacts) error {
	if f.Partner == nil {
		return kernel.Refuse(PartnerUnknown, "The partner is not known here. Check its Microsoft ID.")
	}
	if err := Sandbox.Only(*f.Partner, "Relationships are made without the customer"); err != nil {
		return err
	}
	switch {
	case !f.Partner.TakesOn() && !f.Partner.ActiveIn(IndirectReseller):
		return kernel.Refuse(ProgramNotActive, "You are active in no programme; only an active partner can take on customers.")
	case f.Customer == nil || f.Customer.Environment != f.Partner.Environment:
		return NoSuchCustomer(customerTenantID)
	}
	return nil
}
