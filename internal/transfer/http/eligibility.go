package transferhttp

import (
	"context"
	"net/http"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmehttp "handover/internal/programme/http"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Eligible says of one subscription whether it can be transferred.
type Eligible struct {
	ID           string                   `json:"id" doc:"The subscription."`
	IsEligible   bool                     `json:"isEligible" doc:"Whether a submit that names it would be accepted now."`
	Reason       string                   `json:"reason,omitempty" doc:"The first reason why not (R-167)."`
	Reasons      []Reason                 `json:"reasons,omitempty" doc:"Extension: every reason why not, each with its code."`
	AddOns       []string                 `json:"addOns,omitempty" doc:"Extension: the add-ons that would travel along (R-74)."`
	Base         string                   `json:"baseSubscriptionId,omitempty" doc:"Extension: of an add-on, the subscription that it moves with."`
	FriendlyName string                   `json:"friendlyName,omitempty" doc:"Extension."`
	ProductType  subscription.ProductType `json:"productType" doc:"Extension: what to name it in a submit."`
	Quantity     int                      `json:"quantity" doc:"Extension."`
}

type eligibilityQuery struct {
	programmehttp.CustomerPath
	TransferType string `query:"transferType" doc:"3 for new commerce; 5 means the same (R-120)." example:"3"`
	TransferID   string `query:"transferId" doc:"Extension: a request that you may submit; then what its target asked for counts too (R-61)."`
}

func (s *Service) registerEligibility(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "getTransferEligibility", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transferseligibility", Tag: "Extensions", Extension: true,
		Summary: "What the source could transfer",
		Description: "Every subscription that the caller bills the customer for, eligible or with every reason why not. It asks the very rules that a submit asks, " +
			"and changes nothing. With `transferId` it also counts what the target must fulfil; without, that is for the target to try with `?dryRun=true` on a create.",
		Roles: transferRoles, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{programme.CustomerUnknown, kernel.UnknownEnum, transfer.NotFound, programme.WrongEnvironment},
	}, s.eligibility)
}

func (s *Service) eligibility(ctx context.Context, in *eligibilityQuery) (*struct{ Body []Eligible }, error) {
	if kernel.SameName(in.TransferType, "directtoindirect") {
		if err := programmehttp.ProductionOnly(ctx, "Legacy transfers are made"); err != nil {
			return nil, err
		}
	}
	if kind, err := kernel.ParseWhole(in.TransferType); err != nil || kind != 3 && kind != 5 {
		return nil, kernel.Refuse(kernel.UnknownEnum, "transferType must be 3 (new commerce).")
	}
	r := httpapi.RequestOf(ctx)
	customer, err := s.records.CustomerOf(ctx, r.Caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	found, err := s.records.SurveyHoldings(ctx, customer.TenantID, r.Caller.TenantID, in.TransferID)
	if err != nil {
		return nil, err
	}
	list := make([]Eligible, len(found))
	for i, e := range found {
		list[i] = Eligible{
			ID: e.Subscription.ID, IsEligible: e.Eligible, Reasons: reasons(e.Reasons), AddOns: e.AddOns, Base: e.Base,
			FriendlyName: e.Subscription.FriendlyName, ProductType: e.Subscription.ProductType, Quantity: e.Subscription.Quantity,
		}
		if len(e.Reasons) > 0 {
			list[i].Reason = e.Reasons[0].Message
		}
	}
	return &struct{ Body []Eligible }{list}, nil
}
