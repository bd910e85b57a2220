package administrationhttp

import (
	"context"
	"net/http"
	"time"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// PartnerRecord is a partner as the ledger has it.
type PartnerRecord struct {
	TenantID string          `json:"tenantId" doc:"Microsoft ID."`
	Name     string          `json:"name" doc:"Name."`
	Programs []ProgramRecord `json:"programs" doc:"The programmes that it takes part in (R-410)."`
	MPNID    string          `json:"mpnId" doc:"PartnerID."`
	Market   string          `json:"market" example:"US" doc:"Country."`
	Currency string          `json:"currency" example:"USD" doc:"Currency that it is billed in."`
	Locale   string          `json:"locale" example:"en-US" doc:"Language of its mail."`
	Users    []UserRecord    `json:"users" doc:"Its users, with their roles."`

	Environment string `json:"environment" example:"production" doc:"production or sandbox."`
	SandboxOf   string `json:"sandboxOf,omitempty" doc:"Whose sandbox it is."`
}

// ProgramRecord is a partner's part in one programme.
type ProgramRecord struct {
	Program           programme.Program `json:"program" example:"direct-bill" doc:"The programme."`
	Status            programme.Status  `json:"status" example:"active" doc:"The partner's standing in it."`
	AgreementAccepted bool              `json:"agreementAccepted" doc:"Whether the partner accepted its agreement."`
}

// UserRecord is a user of a partner.
type UserRecord struct {
	UserID string           `json:"userId" doc:"Microsoft ID."`
	Email  string           `json:"email" doc:"Where the user's mail goes."`
	Roles  []programme.Role `json:"roles" doc:"GlobalAdmin, AdminAgent, SalesAgent."`
}

// CustomerRecord is a customer as the ledger has it.
type CustomerRecord struct {
	TenantID string `json:"tenantId" doc:"Microsoft ID."`
	Name     string `json:"name" doc:"Name."`
	Domain   string `json:"domain" doc:"Domain."`
	Email    string `json:"email" doc:"Where its mail goes."`
	Market   string `json:"market" example:"US" doc:"Country."`
	Locale   string `json:"locale" example:"en-US" doc:"Language of its mail."`

	Environment string `json:"environment" example:"production" doc:"production or sandbox."`
}

// SubscriptionRecord is a subscription as the ledger has it.
type SubscriptionRecord struct {
	ID                string                    `json:"id" doc:"The subscription."`
	Customer          string                    `json:"customer" doc:"Microsoft ID of the customer."`
	Partner           string                    `json:"partner" doc:"Microsoft ID of the partner who bills it, or billed it last."`
	ProductType       subscription.ProductType  `json:"productType" doc:"What it is."`
	OfferID           string                    `json:"offerId" doc:"What was bought."`
	FriendlyName      string                    `json:"friendlyName" doc:"Name that the partner gave it."`
	Quantity          int                       `json:"quantity" doc:"Number of units."`
	BillingCycle      subscription.BillingCycle `json:"billingCycle" doc:"How often it is billed."`
	TermDuration      string                    `json:"termDuration,omitempty" doc:"Length of the term."`
	CreationDate      time.Time                 `json:"creationDate" doc:"When it was bought, or came by a transfer."`
	CommitmentEndDate *time.Time                `json:"commitmentEndDate,omitempty" doc:"Last day of the term."`
	Status            subscription.Status       `json:"status" doc:"Its state."`
	Billed            bool                      `json:"billed" doc:"Whether somebody pays for it."`
	AutoRenew         bool                      `json:"autoRenew" doc:"Whether it renews at the end of its term."`
	ParentID          string                    `json:"parentId,omitempty" doc:"Base of an add-on, or what a reservation is scoped to."`
	PartnerOnRecord   string                    `json:"partnerOnRecord,omitempty" doc:"PartnerID of the credited reseller."`
}

func (s *Service) registerReads(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "getPartnerAsOperator", Method: http.MethodGet, Path: "/v1/admin/partners/{partnerId}", Tag: tag, Extension: true, Roles: operators, Right: httpapi.Everybody(),
		Summary: "What the ledger says of a partner", Causes: []kernel.Cause{programme.PartnerUnknown},
	}, s.partner)
	httpapi.Register(a, httpapi.Route{
		ID: "getCustomerAsOperator", Method: http.MethodGet, Path: "/v1/admin/customers/{customerId}", Tag: tag, Extension: true, Roles: operators, Right: httpapi.Everybody(),
		Summary: "What the ledger says of a customer", Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.customer)
	httpapi.Register(a, httpapi.Route{
		ID: "getSubscriptionAsOperator", Method: http.MethodGet, Path: "/v1/admin/subscriptions/{subscriptionId}", Tag: tag, Extension: true, Roles: operators, Right: httpapi.Everybody(),
		Summary: "What the ledger says of a subscription", Causes: []kernel.Cause{subscription.Unknown},
	}, s.subscription)
}

func (s *Service) partner(ctx context.Context, in *struct {
	ID string `path:"partnerId" doc:"Microsoft ID of the partner."`
}) (*struct{ Body PartnerRecord }, error) {
	p, err := s.records.Partner(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	seen := PartnerRecord{
		TenantID: p.TenantID, Name: p.Name, MPNID: p.MPNID, Market: p.Market, Currency: p.Currency, Locale: p.Locale,
		Programs: make([]ProgramRecord, len(p.Programs)), Users: make([]UserRecord, len(p.Users)),
		Environment: p.Environment.String(), SandboxOf: p.SandboxOf,
	}
	for i, e := range p.Programs {
		seen.Programs[i] = ProgramRecord{e.Program, e.Status, e.Agreement.Given}
	}
	for i, u := range p.Users {
		seen.Users[i] = UserRecord{u.UserID, u.Email, u.Roles}
	}
	return &struct{ Body PartnerRecord }{seen}, nil
}

func (s *Service) customer(ctx context.Context, in *struct {
	ID string `path:"customerId" doc:"Microsoft ID of the customer."`
}) (*struct{ Body CustomerRecord }, error) {
	c, err := s.records.Customer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body CustomerRecord }{CustomerRecord{
		TenantID: c.TenantID, Name: c.Name, Domain: c.Domain, Email: c.Email, Market: c.Market, Locale: c.Locale, Environment: c.Environment.String(),
	}}, nil
}

func (s *Service) subscription(ctx context.Context, in *struct {
	ID string `path:"subscriptionId" doc:"The subscription."`
}) (*struct{ Body SubscriptionRecord }, error) {
	one, err := s.records.Subscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body SubscriptionRecord }{SubscriptionRecord{
		ID: one.ID, Customer: one.CustomerTenantID, Partner: one.PartnerTenantID, ProductType: one.ProductType, OfferID: one.OfferID,
		FriendlyName: one.FriendlyName, Quantity: one.Quantity, BillingCycle: one.BillingCycle, TermDuration: one.TermDuration,
		CreationDate: one.CreationDate, CommitmentEndDate: httpapi.Given(one.CommitmentEndDate), Status: one.Status, Billed: one.Billed,
		AutoRenew: one.AutoRenew, ParentID: one.ParentID, PartnerOnRecord: one.PartnerOnRecord,
	}}, nil
}
