package programmehttp

import (
	"context"
	"net/http"
	"time"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/programme"
)

// Program is the caller's part in one programme.
type Program struct {
	Program      string             `json:"program" enum:"direct-bill,indirect-provider,indirect-reseller" doc:"Which programme."`
	Status       string             `json:"status" enum:"in-review,approved,rejected,active,restricted,inactive,ended,overridden" doc:"How the caller stands in it (R-251, R-410)."`
	Since        *time.Time         `json:"since,omitempty" doc:"Since when; absent when nobody said."`
	Contact      *ProgramContact    `json:"contact,omitempty" doc:"Whom the programme writes to; absent when nobody said."`
	RejectReason string             `json:"rejectReason,omitempty" doc:"Why it was rejected."`
	Agreement    *AcceptedAgreement `json:"agreement,omitempty" doc:"Acceptance of the programme's agreement; absent while there is none (R-251)."`
	AccessEndsOn string             `json:"accessEndsOn,omitempty" format:"date" doc:"Day on which the programme's functions end (R-253)."`
	Attributes   httpapi.Attributes `json:"attributes"`
}

// ProgramContact is whom a programme writes to.
type ProgramContact struct {
	Name  string `json:"name" doc:"Name."`
	Email string `json:"email" doc:"E-mail address."`
}

// AcceptedAgreement is the partner's acceptance of an agreement.
type AcceptedAgreement struct {
	TemplateID string     `json:"templateId,omitempty" doc:"The text that was accepted; absent when nobody said."`
	AcceptedAt *time.Time `json:"acceptedAt,omitempty" doc:"When; absent when nobody said."`
}

func (s *Service) registerPrograms(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listPrograms", Method: http.MethodGet, Path: "/v1/programs", Tag: "Partners", Extension: true,
		Summary: "List the programmes that you take part in", Description: "All side by side, each with its own status (R-410, R-412).",
		Roles: []identity.Role{identity.GlobalAdmin}, Right: httpapi.Everybody(), Users: true,
	}, s.listPrograms)
}

func (s *Service) listPrograms(ctx context.Context, _ *struct{}) (*struct{ Body []Program }, error) {
	held := partnerOf(ctx).Programs
	list := make([]Program, len(held))
	for i, e := range held {
		list[i] = programOf(e)
	}
	return &struct{ Body []Program }{list}, nil
}

func programOf(e programme.Enrolment) Program {
	p := Program{
		Program: string(e.Program), Status: string(e.Status), Since: told(e.Since), RejectReason: e.Decision.Reason,
		Attributes: httpapi.Attributes{ObjectType: "Program"},
	}
	if e.Contact != (programme.EnrolmentContact{}) {
		p.Contact = &ProgramContact{Name: e.Contact.Name, Email: e.Contact.Email}
	}
	if e.Agreement.Given {
		p.Agreement = &AcceptedAgreement{TemplateID: e.Agreement.TemplateID, AcceptedAt: told(e.Agreement.At)}
	}
	if !e.AccessEndsAt.IsZero() {
		p.AccessEndsOn = e.AccessEndsAt.Format(time.DateOnly)
	}
	return p
}

// told is the time, nil when nobody said it.
func told(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
