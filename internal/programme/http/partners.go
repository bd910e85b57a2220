package programmehttp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// PartnerRelationship is a partner that the caller works with (wire-notes 15).
type PartnerRelationship struct {
	ID               string             `json:"id" doc:"Microsoft ID of the other partner."`
	Name             string             `json:"name" doc:"Name of the other partner."`
	RelationshipType string             `json:"relationshipType" enum:"is_indirect_cloud_solution_provider_of,is_indirect_reseller_of" doc:"What the caller is to the other partner."`
	State            string             `json:"state" enum:"Active" doc:"State of the relationship."`
	MPNID            string             `json:"mpnId" doc:"PartnerID of the other partner."`
	Location         string             `json:"location" doc:"Market of the other partner." example:"US"`
	Attributes       httpapi.Attributes `json:"attributes"`
}

// PartnerRelationships is a collection of them.
type PartnerRelationships struct {
	TotalCount int                   `json:"totalCount" doc:"How many there are."`
	Items      []PartnerRelationship `json:"items" doc:"The partners, by Microsoft ID."`
	Attributes httpapi.Attributes    `json:"attributes"`
}

// AgreementStatus says whether a partner signed the Microsoft Partner Agreement.
type AgreementStatus struct {
	IsAgreementSigned bool `json:"isAgreementSigned" doc:"Whether the partner signed the Microsoft Partner Agreement."`
}

// The names of a relationship, by what the caller is in it, as queries and answers spell them.
var (
	relationshipTypes = map[string]programme.Program{
		"isindirectcloudsolutionproviderof": programme.IndirectProvider,
		"isindirectresellerof":              programme.IndirectReseller,
	}
	relationshipNames = map[programme.Program]string{
		programme.IndirectProvider: "is_indirect_cloud_solution_provider_of",
		programme.IndirectReseller: "is_indirect_reseller_of",
	}
)

// relationshipActive is the state of every relationship between partners that there is: what has ended is not listed.
const relationshipActive = "Active"

func (s *Service) registerPartners(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listRelationships", Method: http.MethodGet, Path: "/v1/relationships", Tag: "Partners", Summary: "List the partners you work with",
		Description: "As an indirect provider its resellers, as an indirect reseller its providers (R-258).",
		Roles:       sellers, Right: httpapi.Everybody(), Causes: []kernel.Cause{kernel.UnknownEnum, kernel.InvalidInput},
	}, s.listRelationships)
	httpapi.Register(a, httpapi.Route{
		ID: "listCustomerRelationships", Method: http.MethodGet, Path: "/v1/customers/{customerId}/relationships", Tag: "Partners",
		Summary: "List your partners that a customer accepted too", Roles: sellers, Right: httpapi.Everybody(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.listCustomerRelationships)
	httpapi.Register(a, httpapi.Route{
		ID: "getAgreementStatus", Method: http.MethodGet, Path: "/v1/compliance/csp/agreementstatus", Tag: "Partners",
		Summary: "Whether a partner signed the Microsoft Partner Agreement",
		Description: "Of the caller itself, for every programme that it was let into; or, for an indirect provider, of an indirect reseller as such. " +
			"Exactly one of mpnId and tenantId (R-263).",
		Roles: []identity.Role{identity.AdminAgent, identity.SalesAgent, identity.GlobalAdmin}, Right: httpapi.Everybody(),
		Causes: []kernel.Cause{partnerNotNamed, partnerNotReadable, programme.PartnerUnknown},
	}, s.agreementStatus)
}

type listRelationships struct {
	Type   string `query:"relationship_type" doc:"IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf." example:"IsIndirectCloudSolutionProviderOf"`
	Filter string `query:"filter" doc:"JSON: {\"Field\": \"Name\", \"Value\": \"…\", \"Operator\": \"substring\"}."`
}

func (s *Service) listRelationships(ctx context.Context, in *listRelationships) (*struct{ Body PartnerRelationships }, error) {
	wanted, known := relationshipTypes[strings.ReplaceAll(strings.ToLower(in.Type), "_", "")]
	if !known {
		return nil, kernel.Refuse(kernel.UnknownEnum, "relationship_type must be IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf.")
	}
	f, err := httpapi.ReadFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	if f.Field != "" && !f.By("Name", "substring") {
		return nil, kernel.Refuse(kernel.UnknownEnum, "Relationships can be filtered by Name with the operator substring.")
	}
	found, err := s.records.Partnerships(ctx, httpapi.RequestOf(ctx).Caller.TenantID, wanted)
	var named []programme.Colleague
	for _, p := range found {
		if strings.Contains(strings.ToLower(p.Name), strings.ToLower(f.Value)) {
			named = append(named, programme.Colleague{Partner: p, Asking: wanted})
		}
	}
	return relationshipsOf(named), err
}

func (s *Service) listCustomerRelationships(ctx context.Context, in *CustomerPath) (*struct{ Body PartnerRelationships }, error) {
	found, err := s.records.CustomerPartnerships(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	return relationshipsOf(found), err
}

func relationshipsOf(found []programme.Colleague) *struct{ Body PartnerRelationships } {
	list := PartnerRelationships{TotalCount: len(found), Items: make([]PartnerRelationship, len(found)), Attributes: httpapi.Collection}
	for i, p := range found {
		list.Items[i] = PartnerRelationship{
			ID: p.TenantID, Name: p.Name, RelationshipType: relationshipNames[p.Asking], State: relationshipActive, MPNID: p.MPNID, Location: p.Market,
			Attributes: httpapi.Attributes{ObjectType: "PartnerRelationship"},
		}
	}
	return &struct{ Body PartnerRelationships }{list}
}

func (s *Service) agreementStatus(ctx context.Context, in *struct {
	MPNID    string `query:"mpnId" empty:"absent" doc:"PartnerID of the partner."`
	TenantID string `query:"tenantId" empty:"absent" doc:"Microsoft ID of the partner."`
}) (*struct{ Body AgreementStatus }, error) {
	if (in.MPNID == "") == (in.TenantID == "") {
		return nil, httpapi.Refuse(partnerNotNamed, "Name the partner by exactly one of mpnId and tenantId.")
	}
	asked, err := s.partnerNamed(ctx, in.MPNID, in.TenantID)
	if err != nil {
		return nil, err
	}
	self := partnerOf(ctx)
	switch {
	case kernel.SameID(asked.TenantID, self.TenantID):
		return &struct{ Body AgreementStatus }{AgreementStatus{IsAgreementSigned: asked.SignedAll()}}, nil
	case self.In(programme.IndirectProvider) && asked.In(programme.IndirectReseller):
		return &struct{ Body AgreementStatus }{AgreementStatus{IsAgreementSigned: asked.SignedIn(programme.IndirectReseller)}}, nil
	}
	return nil, noSuchPartner(in.MPNID + in.TenantID)
}

// partnerNamed reads the partner by either of its ids. Whoever may not ask hears the same as about one that does not exist.
func (s *Service) partnerNamed(ctx context.Context, mpnID, tenantID string) (programme.Partner, error) {
	if mpnID != "" {
		if strings.Trim(mpnID, "0123456789") != "" {
			return programme.Partner{}, httpapi.Refuse(partnerNotReadable, "mpnId must be a number.")
		}
		p, err := s.records.PartnerByMPN(ctx, mpnID, partnerOf(ctx).Environment)
		return p, sameNo(err, mpnID)
	}
	id, err := kernel.ParseID("tenantId", tenantID)
	if err != nil {
		return programme.Partner{}, httpapi.Refuse(partnerNotReadable, "tenantId must be a GUID.")
	}
	p, err := s.records.Partner(ctx, id)
	if err == nil && p.Environment != partnerOf(ctx).Environment {
		return programme.Partner{}, noSuchPartner(tenantID)
	}
	return p, sameNo(err, tenantID)
}

func sameNo(err error, id string) error {
	if errors.Is(err, programme.PartnerUnknown) {
		return noSuchPartner(id)
	}
	return err
}

func noSuchPartner(id string) error {
	return kernel.Refuse(programme.PartnerUnknown, "There is no such partner for you to ask about. Check the id.").About(httpapi.Clip(id))
}
