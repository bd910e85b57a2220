// Package programmehttp are the operations about partners: their customers, agreements and relationships; and who of those
// that have a token is a partner here at all.
//
//	service.go     what they need, and the causes that only HTTP can say
//	admission.go   which partner calls; rights.go what it may do as that
//	customers.go   a partner's customers; profiles.go each part of one by itself
//	agreements.go  what customers agreed to; templates.go what they can agree to
//	partners.go    relationships between partners, and what they signed
//	programs.go    the programmes that the caller takes part in
//	invitations.go the links with which customers accept them
//	sandbox.go     what only a sandbox can do, and what it cannot
package programmehttp

import (
	"context"
	"net/http"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
)

// Records is what the operations ask of the ledger.
type Records interface {
	Partners
	PartnerByMPN(ctx context.Context, mpnID string, in programme.Environment) (programme.Partner, error)
	Customers(ctx context.Context, q programmestore.CustomerSearch) (store.Page[programmestore.Client], error)
	CustomerOf(ctx context.Context, partnerTenantID, customerTenantID string) (programmestore.Client, error)
	Agreements(ctx context.Context, partnerTenantID, customerTenantID string) ([]programme.Agreement, error)
	DirectSigned(ctx context.Context, partnerTenantID, customerTenantID string) (bool, error)
	MakeSandboxRelationship(ctx context.Context, terms command.Terms[programme.Relationship], by activitylog.By, customerTenantID string) (programme.Relationship, error)
	AttestAgreement(ctx context.Context, terms command.Terms[programme.Agreement], by activitylog.By, a programme.AgreementAttestation) (programme.Agreement, error)
}

// Service answers requests about partners and their customers.
type Service struct {
	records     Records
	invitations Invitations
}

// New makes the service.
func New(records Records, invitations Invitations) *Service { return &Service{records, invitations} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	s.registerCustomers(a)
	s.registerProfiles(a)
	s.registerAgreements(a)
	s.registerTemplates(a)
	s.registerPartners(a)
	s.registerPrograms(a)
	s.registerInvitations(a)
	s.registerSandbox(a)
}

// CustomerPath is the parameter of a path that says which customer.
type CustomerPath struct {
	CustomerID string `path:"customerId" doc:"Microsoft ID of the customer, in any case." example:"cccccccc-0000-4000-8000-000000000001"`
}

// Readers are the roles that may read about customers.
func Readers() []identity.Role {
	return []identity.Role{identity.AdminAgent, identity.SalesAgent, identity.HelpdeskAgent}
}

// sellers are the roles that deal with customers.
var sellers = []identity.Role{identity.AdminAgent, identity.SalesAgent}

// What a question about a partner's signature is refused with.
const (
	partnerNotNamed    kernel.Cause = "PartnerNotNamed"
	partnerNotReadable kernel.Cause = "PartnerNotReadable"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	partnerNotNamed:    {Code: "2001", Status: http.StatusBadRequest, Rule: "R-263"},
	partnerNotReadable: {Code: "2000", Status: http.StatusBadRequest, Rule: "R-263"},
})
