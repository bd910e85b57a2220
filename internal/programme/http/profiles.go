package programmehttp

import (
	"context"
	"net/http"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
)

// CompanyProfile names the customer's tenant.
type CompanyProfile struct {
	TenantID    string             `json:"tenantId" doc:"Microsoft ID."`
	Domain      string             `json:"domain" example:"contoso-bakery.example" doc:"Domain of the tenant."`
	CompanyName string             `json:"companyName" example:"Contoso Bakery" doc:"Name of the company."`
	Attributes  httpapi.Attributes `json:"attributes"`
}

// BillingProfile is whom and where to bill.
type BillingProfile struct {
	CompanyName    string             `json:"companyName" doc:"Name on the bill."`
	Email          string             `json:"email" doc:"Where bills go."`
	Culture        string             `json:"culture" example:"en-US" doc:"Language and region."`
	DefaultAddress BillingAddress     `json:"defaultAddress"`
	Attributes     httpapi.Attributes `json:"attributes"`
}

// BillingAddress says in which market the customer is.
type BillingAddress struct {
	Country string `json:"country" example:"US" doc:"Market of the customer, ISO 3166-1."`
}

func (s *Service) registerProfiles(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "getCompanyProfile", Method: http.MethodGet, Path: "/v1/customers/{customerId}/profiles/company", Tag: "Customers",
		Summary: "Read a customer's company profile", Description: "What the customer itself has as its companyProfile.",
		Roles: Readers(), Right: httpapi.Everybody(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.companyProfile)
	httpapi.Register(a, httpapi.Route{
		ID: "getBillingProfile", Method: http.MethodGet, Path: "/v1/customers/{customerId}/profiles/billing", Tag: "Customers",
		Summary: "Read a customer's billing profile", Description: "What the customer itself, read alone, has as its billingProfile.",
		Roles: Readers(), Right: httpapi.Everybody(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.billingProfile)
}

func (s *Service) companyProfile(ctx context.Context, in *CustomerPath) (*struct{ Body CompanyProfile }, error) {
	found, err := s.records.CustomerOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	return &struct{ Body CompanyProfile }{company(found)}, err
}

func (s *Service) billingProfile(ctx context.Context, in *CustomerPath) (*struct{ Body BillingProfile }, error) {
	found, err := s.records.CustomerOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	return &struct{ Body BillingProfile }{billing(found)}, err
}

func company(c programmestore.Client) CompanyProfile {
	return CompanyProfile{TenantID: c.TenantID, Domain: c.Domain, CompanyName: c.Name, Attributes: httpapi.Attributes{ObjectType: "CustomerCompanyProfile"}}
}

func billing(c programmestore.Client) BillingProfile {
	return BillingProfile{
		CompanyName: c.Name, Email: c.Email, Culture: c.Locale, DefaultAddress: BillingAddress{Country: c.Market},
		Attributes: httpapi.Attributes{ObjectType: "CustomerBillingProfile"},
	}
}
