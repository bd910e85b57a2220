package programmehttp

import (
	"context"
	"net/http"
	"reflect"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// ProductionOnly refuses a caller in a sandbox; what is what cannot be done there. Refusal: WrongEnvironment.
func ProductionOnly(ctx context.Context, what string) error {
	return programme.Production.Only(partnerOf(ctx), what)
}

// SandboxRelationship is a reseller relationship that a sandbox made by itself.
type SandboxRelationship struct {
	CustomerID string             `json:"customerId" doc:"Microsoft ID of the customer."`
	Attributes httpapi.Attributes `json:"attributes"`
}

// MakeSandboxRelationship is the body of that.
type MakeSandboxRelationship struct {
	CustomerID string `json:"customerId" doc:"Microsoft ID of a customer in the sandbox, in any case." example:"cccccccc-0000-4000-8000-000000000021"`
}

func (s *Service) registerSandbox(a *httpapi.API) {
	httpapi.RegisterWrite[makeSandboxRelationship, madeSandboxRelationship](a, httpapi.Route{
		ID: "makeSandboxRelationship", Method: http.MethodPost, Path: "/v1/sandbox/relationships", Tag: "Partners", Extension: true, Status: http.StatusCreated,
		Summary:     "Make a reseller relationship in a sandbox",
		Description: "With any customer of the sandbox, as if it had accepted: in a sandbox nobody can (R-271). One that there is stays, and is told again.",
		Roles:       sellers, Right: httpapi.Everybody(), Users: true, Resource: reflect.TypeFor[SandboxRelationship](),
		Causes: []kernel.Cause{programme.WrongEnvironment, programme.ProgramNotActive, programme.CustomerUnknown, kernel.InvalidInput},
	}, s.makeSandboxRelationship)
}

type makeSandboxRelationship struct{ Body MakeSandboxRelationship }

// madeSandboxRelationship describes the answer.
type madeSandboxRelationship struct{ Body SandboxRelationship }

func (s *Service) makeSandboxRelationship(ctx context.Context, in *makeSandboxRelationship) (command.Answer, error) {
	if err := programme.Sandbox.Only(partnerOf(ctx), "Relationships are made without the customer"); err != nil {
		return command.Answer{}, err
	}
	customer, err := kernel.ParseID("customerId", in.Body.CustomerID)
	if err != nil {
		return command.Answer{}, err
	}
	answer := httpapi.AnswerTo(ctx, func(made programme.Relationship) (command.Answer, error) {
		return httpapi.JSON(http.StatusCreated, SandboxRelationship{
			CustomerID: made.CustomerTenantID, Attributes: httpapi.Attributes{ObjectType: "SandboxRelationship"},
		})
	})
	made, err := s.records.MakeSandboxRelationship(ctx, answer.Terms, httpapi.RequestOf(ctx).By(), customer)
	return answer.Of(made, err)
}
