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
	Filter string `query:"filter" doc:"JSON: {\"Field\": \"CompanyName\", \"Domain\" or, with the Microsoft ID of one of your resellers, \"IndirectReseller\", \"Value\": \"…\", \"Operator\": \"starts_with\"}."`
}

func (s *Service) registerCustomers(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listCustomers", Method: http.MethodGet, Path: "/v1/customers", Tag: "Customers", Summary: "List your customers",
		Description: "Customers that accepted the caller as reseller, and those that the caller bills, by name.",
		Roles:       Readers(), Right: httpapi.Everybody(), Causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listCustomers)
	httpapi.Register(a, httpapi.Route{
		ID: "getCustomer", Method: http.MethodGet, Path: "/v1/customers/{customerId}", Tag: "Customers", Summary: "Read a customer",
		Roles: Readers(), Right: httpapi.Everybody(), Causes: []kernel.Cause{programme.CustomerUnknown},
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

const startsWith = "starts_with"

func customerFilter(text string, wanted *programmestore.CustomerSearch) error {
	f, err := httpapi.ReadFilter(text)
	if err != nil || f.Field == "" {
		return err
	}
	switch {
	case f.By("CompanyName", startsWith):
		wanted.NamePrefix = f.Value
	case f.By("Domain", startsWith):
		wanted.DomainPrefix = f.Value
	case f.By("IndirectReseller", startsWith):
		wanted.ResellerPrefix = f.Value
	default:
		return kernel.Refuse(kernel.UnknownEnum, "Customers can be filtered by CompanyName, Domain or IndirectReseller, each with the operator starts_with.")
	}
	return nil
}

func (s *Service) getCustomer(ctx context.Context, in *CustomerPath) (*struct{ Body Customer }, error) {
	found, err := s.records.CustomerOf(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	c := customer(found)
	bills := billing(found)
	c.BillingProfile = &bills
	return &struct{ Body Customer }{c}, nil
}

func customer(c programmestore.Client) Customer {
	relationship := "none"
	if c.Relationship {
		relationship = "reseller"
	}
	return Customer{
		ID:                    c.TenantID,
		CompanyProfile:        company(c),
		RelationshipToPartner: relationship,
		Links:                 kernel.Links{Self: httpapi.LinkTo("/customers/"+c.TenantID, nil)},
		Attributes:            httpapi.Attributes{ObjectType: "Customer"},
	}
}
