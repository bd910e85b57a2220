package programmehttp

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
)

// Customer is a customer as one of its partners sees it (wire-notes 12).
type Customer struct {
	ID                    string             `json:"id" doc:"Microsoft ID."`
	CompanyProfile        CompanyProfile     `json:"companyProfile"`
	BillingProfile        *BillingProfile    `json:"billingProfile,omitempty" doc:"Only when one customer is read."`
	RelationshipToPartner string             `json:"relationshipToPartner" enum:"reseller,none" doc:"reseller once the customer accepted the partner; none when the partner only bills it."`
	Links                 kernel.Links       `json:"links"`
	Attributes            httpapi.Attributes `json:"attributes"`
}

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

// Customers is one page of a partner's customers.
type Customers struct {
	TotalCount        int                `json:"totalCount" doc:"How many customers there are in all."`
	Items             []Customer         `json:"items" doc:"The customers of this page, by name."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

type listCustomers struct {
	httpapi.Paging
	Filter string `query:"filter" doc:"JSON: {\"Field\": \"CompanyName\" or \"Domain\", \"Value\": \"…\", \"Operator\": \"starts_with\"}."`
}

func (s *Service) registerCustomers(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listCustomers", Method: http.MethodGet, Path: "/v1/customers", Tag: "Customers", Summary: "List your customers",
		Description: "Customers that accepted the caller as reseller, and those that the caller bills, by name.",
		Roles:       Readers(), Causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listCustomers)
	httpapi.Register(a, httpapi.Route{
		ID: "getCustomer", Method: http.MethodGet, Path: "/v1/customers/{customerId}", Tag: "Customers", Summary: "Read a customer",
		Roles: Readers(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.getCustomer)
}

func (s *Service) listCustomers(ctx context.Context, in *listCustomers) (*struct{ Body Customers }, error) {
	wanted := programmestore.CustomerSearch{PartnerTenantID: httpapi.RequestOf(ctx).Caller.TenantID}
	var err error
	if wanted.Limit, err = httpapi.PageSize(in.Size, httpapi.MostPage); err != nil {
		return nil, err
	}
	if wanted.After, err = in.After(); err != nil {
		return nil, err
	}
	if err := s.checkToken(ctx, wanted); err != nil {
		return nil, err
	}
	if err := customerFilter(in.Filter, &wanted); err != nil {
		return nil, err
	}
	found, err := s.records.Customers(ctx, wanted)
	if err != nil {
		return nil, err
	}
	page := Customers{TotalCount: found.Total, Items: make([]Customer, len(found.Items)), Attributes: httpapi.Collection}
	for i, c := range found.Items {
		page.Items[i] = customer(c)
	}
	kept := url.Values{}
	if in.Filter != "" {
		kept.Set("filter", in.Filter)
	}
	page.Links.Self = httpapi.LinkTo("/customers", kept)
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].TenantID
	}
	page.Links.Next = in.Next("/customers", page.ContinuationToken, kept)
	return &struct{ Body Customers }{page}, nil
}

// checkToken accepts as the end of the page before only a customer of the partner: where the others stand in the order of
// names is nothing to it.
func (s *Service) checkToken(ctx context.Context, q programmestore.CustomerSearch) error {
	if q.After == "" {
		return nil
	}
	_, err := s.records.CustomerOf(ctx, q.PartnerTenantID, q.After)
	if errors.Is(err, programme.CustomerUnknown) {
		return httpapi.NoSuchToken()
	}
	return err
}

func customerFilter(text string, wanted *programmestore.CustomerSearch) error {
	f, err := httpapi.ReadFilter(text)
	if err != nil || f.Field == "" {
		return err
	}
	if f.Operator != "starts_with" {
		return kernel.Refuse(kernel.UnknownEnum, "The operator of a customer filter must be starts_with.")
	}
	switch f.Field {
	case "companyname":
		wanted.NamePrefix = f.Value
	case "domain":
		wanted.DomainPrefix = f.Value
	default:
		return kernel.Refuse(kernel.UnknownEnum, "Customers can be filtered by CompanyName or Domain.")
	}
	return nil
}

func (s *Service) getCustomer(ctx context.Context, in *CustomerPath) (*struct{ Body Customer }, error) {
	found, err := s.records.CustomerOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	c := customer(found)
	c.BillingProfile = &BillingProfile{
		CompanyName: found.Name, Email: found.Email, Culture: found.Locale, DefaultAddress: BillingAddress{Country: found.Market},
		Attributes: httpapi.Attributes{ObjectType: "CustomerBillingProfile"},
	}
	return &struct{ Body Customer }{c}, nil
}

func customer(c programmestore.Client) Customer {
	relationship := "none"
	if c.Relationship {
		relationship = "reseller"
	}
	return Customer{
		ID:                    c.TenantID,
		CompanyProfile:        CompanyProfile{TenantID: c.TenantID, Domain: c.Domain, CompanyName: c.Name, Attributes: httpapi.Attributes{ObjectType: "CustomerCompanyProfile"}},
		RelationshipToPartner: relationship,
		Links:                 kernel.Links{Self: httpapi.LinkTo("/customers/"+c.TenantID, nil)},
		Attributes:            httpapi.Attributes{ObjectType: "Customer"},
	}
}
