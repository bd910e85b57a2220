package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/transfer"
)

// Customer is a customer as one of its partners sees it (wire-notes 12).
type Customer struct {
	ID                    string          `json:"id" doc:"Microsoft ID."`
	CompanyProfile        CompanyProfile  `json:"companyProfile"`
	BillingProfile        *BillingProfile `json:"billingProfile,omitempty" doc:"Only when one customer is read."`
	RelationshipToPartner string          `json:"relationshipToPartner" enum:"reseller,none" doc:"reseller once the customer accepted the partner; none when the partner only bills it."`
	Links                 transfer.Links  `json:"links"`
	Attributes            Attributes      `json:"attributes"`
}

// CompanyProfile names the customer's tenant.
type CompanyProfile struct {
	TenantID    string     `json:"tenantId" doc:"Microsoft ID."`
	Domain      string     `json:"domain" example:"contoso-bakery.example" doc:"Domain of the tenant."`
	CompanyName string     `json:"companyName" example:"Contoso Bakery" doc:"Name of the company."`
	Attributes  Attributes `json:"attributes"`
}

// BillingProfile is whom and where to bill.
type BillingProfile struct {
	CompanyName    string         `json:"companyName" doc:"Name on the bill."`
	Email          string         `json:"email" doc:"Where bills go."`
	Culture        string         `json:"culture" example:"en-US" doc:"Language and region."`
	DefaultAddress BillingAddress `json:"defaultAddress"`
	Attributes     Attributes     `json:"attributes"`
}

// BillingAddress says in which market the customer is.
type BillingAddress struct {
	Country string `json:"country" example:"US" doc:"Market of the customer, ISO 3166-1."`
}

// Customers is one page of a partner's customers.
type Customers struct {
	TotalCount        int        `json:"totalCount" doc:"How many customers there are in all."`
	Items             []Customer `json:"items" doc:"The customers of this page, by name."`
	ContinuationToken string     `json:"continuationToken,omitempty" doc:"For the header MS-ContinuationToken of the next request; absent on the last page."`
	Links             PageLinks  `json:"links"`
	Attributes        Attributes `json:"attributes"`
}

// Paging is how clients ask for one page after the other.
type Paging struct {
	Size         int    `query:"size" doc:"How many to answer with, 1 to 500." example:"100"`
	Seek         string `query:"seekOperation" doc:"Next: the page after the one whose token is given."`
	Continuation string `header:"MS-ContinuationToken" doc:"The continuationToken of the page before."`
	SeekToken    string `query:"seek" doc:"The same token, as links.next carries it."`
}

// after is the token of the page before, empty for the first page.
func (p Paging) after() (string, error) {
	if p.Seek != "" && !strings.EqualFold(p.Seek, "Next") {
		return "", kernel.Refuse(kernel.UnknownEnum, "seekOperation must be Next; pages are read in order.")
	}
	if p.Continuation != "" {
		return p.Continuation, nil
	}
	return p.SeekToken, nil
}

// next is the link to the next page.
func (p Paging) next(path, token string, kept url.Values) *transfer.Link {
	if token == "" {
		return nil
	}
	kept.Set("seek", token)
	if p.Size > 0 {
		kept.Set("size", strconv.Itoa(p.Size))
	}
	l := link(path, kept)
	l.Headers = []string{}
	return &l
}

var readers = []identity.Role{identity.AdminAgent, identity.SalesAgent, identity.HelpdeskAgent}

type listCustomers struct {
	Paging
	Filter string `query:"filter" doc:"JSON: {\"Field\": \"CompanyName\" or \"Domain\", \"Value\": \"…\", \"Operator\": \"starts_with\"}."`
}

func (a *API) registerCustomers() {
	register(a, route{
		id: "listCustomers", method: http.MethodGet, path: "/v1/customers", tag: "Customers", summary: "List your customers",
		description: "Customers that accepted the caller as reseller, and those that the caller bills, by name.",
		roles:       readers, causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, a.listCustomers)
	register(a, route{
		id: "getCustomer", method: http.MethodGet, path: "/v1/customers/{customerId}", tag: "Customers", summary: "Read a customer",
		roles: readers, causes: []kernel.Cause{programme.CustomerUnknown},
	}, a.getCustomer)
}

func (a *API) listCustomers(ctx context.Context, in *listCustomers) (*struct{ Body Customers }, error) {
	wanted := ledger.CustomerSearch{PartnerTenantID: requestOf(ctx).caller.TenantID}
	var err error
	if wanted.Limit, err = pageSize(in.Size, mostPage); err != nil {
		return nil, err
	}
	if wanted.After, err = in.after(); err != nil {
		return nil, err
	}
	if err := a.checkToken(ctx, wanted); err != nil {
		return nil, err
	}
	if err := customerFilter(in.Filter, &wanted); err != nil {
		return nil, err
	}
	found, err := a.Ledger.Customers(ctx, wanted)
	if err != nil {
		return nil, err
	}
	page := Customers{TotalCount: found.Total, Items: make([]Customer, len(found.Items)), Attributes: collection}
	for i, c := range found.Items {
		page.Items[i] = customer(c)
	}
	kept := url.Values{}
	if in.Filter != "" {
		kept.Set("filter", in.Filter)
	}
	page.Links.Self = link("/customers", kept)
	if found.More {
		page.ContinuationToken = found.Items[len(found.Items)-1].TenantID
	}
	page.Links.Next = in.next("/customers", page.ContinuationToken, kept)
	return &struct{ Body Customers }{page}, nil
}

// checkToken accepts as the end of the page before only a customer of the partner: where the others stand in the order of
// names is nothing to it.
func (a *API) checkToken(ctx context.Context, q ledger.CustomerSearch) error {
	if q.After == "" {
		return nil
	}
	_, err := a.Ledger.CustomerOf(ctx, q.PartnerTenantID, q.After)
	if errors.Is(err, programme.CustomerUnknown) {
		return noSuchToken()
	}
	return err
}

// fieldFilter is the filter of a collection.
type fieldFilter struct {
	Field    string
	Value    string
	Operator string
}

// readFilter reads a filter; an empty text is none. Field and operator are given back in lower case.
func readFilter(text string) (fieldFilter, error) {
	var f fieldFilter
	if text == "" {
		return f, nil
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Field == "" || f.Value == "" {
		return f, kernel.Refuse(kernel.InvalidInput, `filter must be JSON such as {"Field":"CompanyName","Value":"Contoso","Operator":"starts_with"}.`)
	}
	f.Field, f.Operator = strings.ToLower(f.Field), strings.ToLower(f.Operator)
	return f, nil
}

func customerFilter(text string, wanted *ledger.CustomerSearch) error {
	f, err := readFilter(text)
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

func (a *API) getCustomer(ctx context.Context, in *CustomerPath) (*struct{ Body Customer }, error) {
	found, err := a.Ledger.CustomerOf(ctx, requestOf(ctx).caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	c := customer(found)
	c.BillingProfile = &BillingProfile{
		CompanyName: found.Name, Email: found.Email, Culture: found.Locale, DefaultAddress: BillingAddress{Country: found.Market},
		Attributes: Attributes{ObjectType: "CustomerBillingProfile"},
	}
	return &struct{ Body Customer }{c}, nil
}

func customer(c ledger.Client) Customer {
	relationship := "none"
	if c.Relationship {
		relationship = "reseller"
	}
	return Customer{
		ID:                    c.TenantID,
		CompanyProfile:        CompanyProfile{TenantID: c.TenantID, Domain: c.Domain, CompanyName: c.Name, Attributes: Attributes{ObjectType: "CustomerCompanyProfile"}},
		RelationshipToPartner: relationship,
		Links:                 transfer.Links{Self: link("/customers/"+c.TenantID, nil)},
		Attributes:            Attributes{ObjectType: "Customer"},
	}
}
