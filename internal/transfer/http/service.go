// Package transferhttp are the operations about transfers: what partners ask, decide and read, and what of it they see.
//
//	service.go      what they need, and the causes that only HTTP can say
//	transfers.go    list and get; create.go the target's request; decisions.go submit, cancel, decline and labels
//	answers.go      what a write is answered, also when it is repeated much later
//	search.go       find across customers; eligibility.go what could be transferred
//	report.go       the report and the history; progress.go the stream of events
package transferhttp

import (
	"context"
	"net/http"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	programmestore "handover/internal/programme/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Records is what the operations ask of the ledger.
type Records interface {
	Transfer(ctx context.Context, id string) (transfer.Transfer, error)
	Items(ctx context.Context, id string, from, to int) ([]transfer.LineItem, error)
	ItemsOf(ctx context.Context, ids []string) (map[string][]transfer.LineItem, error)
	Labels(ctx context.Context, transferID, partnerTenantID string) (transfer.Labels, error)
	SearchTransfers(ctx context.Context, q transferstore.Search) (found []transferstore.Listed, more *transferstore.Cursor, err error)
	ReportFacts(ctx context.Context, id string) (transfer.Transfer, []transfer.LineItem, map[string]subscription.Subscription, error)
	Timeline(ctx context.Context, id string, v transfer.Viewer) ([]transfer.TimelineEvent, error)

	CustomerOf(ctx context.Context, partnerTenantID, customerTenantID string) (programmestore.Client, error)
	PreviewOpen(ctx context.Context, r transfer.Request) ([]*kernel.Refusal, error)
	SurveyHoldings(ctx context.Context, customer, source, forTransfer string) ([]transfer.Eligibility, error)

	OpenTransfer(ctx context.Context, r transfer.Request, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Submit(ctx context.Context, id string, sub transfer.Approval, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Cancel(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Decline(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Relabel(ctx context.Context, transferID, partnerTenantID string, change func(transfer.Labels) transfer.Labels,
		terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
}

// Service answers requests about transfers.
type Service struct {
	records Records
	policy  transfer.Policy
	turns   *httpapi.Turns // of a party at a transfer
}

// New makes the service. Of the policy it takes how many line items one submit may list.
func New(records Records, policy transfer.Policy) *Service {
	return &Service{records: records, policy: policy, turns: httpapi.NewTurns()}
}

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	s.registerTransfers(a)
	s.registerDecisions(a)
	s.registerSearch(a)
	s.registerEligibility(a)
	s.registerReport(a)
	s.registerProgress(a)
}

var transferRoles = []identity.Role{identity.AdminAgent}

// lists are those of a body whose length is the deployment's to bound.
func (s *Service) lists() map[string]httpapi.List {
	return map[string]httpapi.List{"lineItems": {Most: s.policy.MaxListedItems, TooMany: s.policy.CheckListed}}
}

// viewerOf is the caller as somebody who looks.
func viewerOf(ctx context.Context) transfer.Viewer {
	return transfer.Viewer{PartnerTenantID: httpapi.RequestOf(ctx).Caller.TenantID}
}

// What only bodies can ask for.
const (
	legacyNotOffered kernel.Cause = "LegacyNotOffered"
	unsupportedPatch kernel.Cause = "UnsupportedPatch"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	legacyNotOffered: {Code: "900137", Status: http.StatusForbidden, Rule: "R-160"},
	unsupportedPatch: {Code: "800042", Status: http.StatusBadRequest, Rule: "R-151"},
})
