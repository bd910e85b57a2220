package programme

import (
	"slices"
	"strings"
	"time"
)

// Program is one of the programmes that a partner can take part in (domain section 1.1). A partner holds a set of them, each
// with a standing of its own: rules ask for a programme, never for the kind of a partner.
type Program string

// The programmes. In the first two the platform bills the partner, so that it can be source or target of a transfer (R-40,
//
const (
	DirectBill       Program = "direct-bill"
	IndirectProvider Program = "indirect-provider"
	IndirectReseller Program = "indirect-reseller"
)

// Programs are all of them.
func Programs() []Program { return []Program{DirectBill, IndirectProvider, IndirectReseller} }

// Status is a partner's standing in one programme.
type Status string

// The standings. InReview, Approved and Rejected come before anything of the programme works, Ended and Overridden when
// nothing does any more; whoever is Restricted or Inactive takes on nothing new and keeps what it bills.
const (
	InReview   Status = "in-review"
	Approved   Status = "approved"
	Rejected   Status = "rejected"
	Active     Status = "active"
	Restricted Status = "restricted"
	Inactive   Status = "inactive"
	Ended      Status = "ended"
	Overridden Status = "overridden" // by an enrolment as direct-bill partner
)

// Statuses are all of them.
func Statuses() []Status {
	return []Status{Active, Restricted, Inactive, InReview, Approved, Rejected, Ended, Overridden}
}

// Enrolment is a partner's part in one programme. What nobody told is empty or zero.
type Enrolment struct {
	Program      Program
	Status       Status
	Since        time.Time
	Contact      EnrolmentContact
	AppliedBy    string // user id
	Decision     Decision
	Agreement    Acceptance
	AccessEndsAt time.Time // when the programme's functions end; zero for never
}

// EnrolmentContact is whom the programme writes to about an enrolment.
type EnrolmentContact struct{ Name, Email string }

// Decision is how an application was answered.
type Decision struct {
	At     time.Time
	By     string
	Reason string // of a rejection
}

// Acceptance is the partner's word to the agreement of the programme: the Microsoft Partner Agreement.
type Acceptance struct {
	Given      bool
	TemplateID string
	At         time.Time
	By         string // user id
}

// Enrolled is the part in one programme of a partner of whom no more is told.
func Enrolled(in Program, as Status, signed bool) []Enrolment {
	return []Enrolment{{Program: in, Status: as, Agreement: Acceptance{Given: signed}}}
}

// holds tells whether the partner takes part, in whatever standing.
func (e Enrolment) holds() bool { return e.is(Active, Restricted, Inactive) }

func (e Enrolment) is(anyOf ...Status) bool { return slices.Contains(anyOf, e.Status) }

func (e Enrolment) bills() bool { return e.Program == DirectBill || e.Program == IndirectProvider }

func (p Partner) some(is func(Enrolment) bool) bool {
	return !p.SandboxGone && slices.ContainsFunc(p.Programs, is)
}

// Standings names the programmes of the partner, each with its standing there, for sentences.
func (p Partner) Standings() string {
	if len(p.Programs) == 0 {
		return "none"
	}
	names := make([]string, len(p.Programs))
	for i, e := range p.Programs {
		names[i] = string(e.Program) + " (" + string(e.Status) + ")"
	}
	return strings.Join(names, " and ")
}

// In tells whether the partner takes part in the programme, in whatever standing.
func (p Partner) In(program Program) bool {
	return p.some(func(e Enrolment) bool { return e.Program == program && e.holds() })
}

// ActiveIn tells whether the partner is active in the programme.
func (p Partner) ActiveIn(program Program) bool {
	return p.some(func(e Enrolment) bool { return e.Program == program && e.is(Active) })
}

// SignedIn tells whether the partner accepted the agreement of the programme that it takes part in.
func (p Partner) SignedIn(program Program) bool {
	return p.some(func(e Enrolment) bool { return e.Program == program && e.holds() && e.Agreement.Given })
}

// Bills tells whether the platform bills the partner, in whatever standing: it can be a source.
func (p Partner) Bills() bool {
	return p.some(func(e Enrolment) bool { return e.bills() && e.holds() })
}

// TakesOn tells whether the partner can take on billing: it can be a target.
func (p Partner) TakesOn() bool {
	return p.some(func(e Enrolment) bool { return e.bills() && e.is(Active) })
}

// SignedToTakeOn tells whether the partner accepted the agreement of a programme by which it takes on billing.
func (p Partner) SignedToTakeOn() bool {
	return p.some(func(e Enrolment) bool { return e.bills() && e.is(Active) && e.Agreement.Given })
}

// SignedAll tells whether the partner accepted the agreement of every programme that it was let into.
func (p Partner) SignedAll() bool {
	admitted, signed := 0, 0
	for _, e := range p.Programs {
		if e.holds() || e.is(Approved) {
			admitted++
			if e.Agreement.Given {
				signed++
			}
		}
	}
	return admitted > 0 && signed == admitted
}

// Standing is how the partner stands where the platform bills it; empty when it does not.
func (p Partner) Standing() Status {
	var standing Status
	for _, e := range p.Programs {
		if e.bills() && e.holds() && standing != Active {
			standing = e.Status
		}
	}
	return standing
}
