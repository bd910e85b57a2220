package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// PartnerRelationship is a partner that the caller works with (wire-notes 15).
type PartnerRelationship struct {
	ID               string     `json:"id" doc:"Microsoft ID of the other partner."`
	Name             string     `json:"name" doc:"Name of the other partner."`
	RelationshipType string     `json:"relationshipType" enum:"is_indirect_cloud_solution_provider_of,is_indirect_reseller_of" doc:"What the caller is to the other partner."`
	State            string     `json:"state" example:"active" doc:"Programme status of the other partner."`
	MPNID            string     `json:"mpnId" doc:"PartnerID of the other partner."`
	Location         string     `json:"location" doc:"Market of the other partner." example:"US"`
	Attributes       Attributes `json:"attributes"`
}

// PartnerRelationships is a collection of them.
type PartnerRelationships struct {
	TotalCount int                   `json:"totalCount" doc:"How many there are."`
	Items      []PartnerRelationship `json:"items" doc:"The partners, by Microsoft ID."`
	Attributes Attributes            `json:"attributes"`
}

// RelationshipRequest is the invitation that a customer accepts.
type RelationshipRequest struct {
	URL        string     `json:"url" doc:"Send it to the customer; their administrator accepts there."`
	Attributes Attributes `json:"attributes"`
}

// AgreementStatus says whether a partner signed the Microsoft Partner Agreement.
type AgreementStatus struct {
	IsAgreementSigned bool `json:"isAgreementSigned" doc:"Whether the partner signed the Microsoft Partner Agreement."`
}

// The names of a relationship, as queries and answers spell them.
var relationshipTypes = map[string]struct {
	as   programme.PartnerType
	name string
}{
	"isindirectcloudsolutionproviderof": {programme.IndirectProvider, "is_indirect_cloud_solution_provider_of"},
	"isindirectresellerof":              {programme.IndirectReseller, "is_indirect_reseller_of"},
}

var sellers = []identity.Role{identity.AdminAgent, identity.SalesAgent}

func (a *API) registerPartners() {
	register(a, route{
		id: "listRelationships", method: http.MethodGet, path: "/v1/relationships", tag: "Partners", summary: "List the partners you work with",
		description: "As an indirect provider its resellers, as an indirect reseller its providers (R-258).",
		roles:       sellers, causes: []kernel.Cause{kernel.UnknownEnum},
	}, a.listRelationships)
	register(a, route{
		id: "listCustomerRelationships", method: http.MethodGet, path: "/v1/customers/{customerId}/relationships", tag: "Partners",
		summary: "List your partners that a customer accepted too", roles: sellers, causes: []kernel.Cause{programme.CustomerUnknown},
	}, a.listCustomerRelationships)
	register(a, route{
		id: "getRelationshipRequest", method: http.MethodGet, path: "/v1/customers/relationshiprequests", tag: "Partners",
		summary:     "Get an invitation for customers",
		description: "The link with which a customer accepts a reseller relationship. Indirect resellers have none; their provider invites (R-311).",
		roles:       sellers, users: true, causes: []kernel.Cause{programme.PartnerNotEnabled, programme.ProgramNotActive},
	}, a.relationshipRequest)
	register(a, route{
		id: "getAgreementStatus", method: http.MethodGet, path: "/v1/compliance/csp/agreementstatus", tag: "Partners",
		summary:     "Whether a partner signed the Microsoft Partner Agreement",
		description: "Of the caller itself or, for an indirect provider, of an indirect reseller; exactly one of mpnId and tenantId (R-263).",
		roles:       []identity.Role{identity.AdminAgent, identity.SalesAgent, identity.GlobalAdmin},
		causes:      []kernel.Cause{partnerNotNamed, partnerNotReadable, programme.PartnerUnknown},
	}, a.agreementStatus)
}

func (a *API) listRelationships(ctx context.Context, in *struct {
	Type string `query:"relationship_type" doc:"IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf." example:"IsIndirectCloudSolutionProviderOf"`
}) (*struct{ Body PartnerRelationships }, error) {
	wanted, known := relationshipTypes[strings.ReplaceAll(strings.ToLower(in.Type), "_", "")]
	if !known {
		return nil, kernel.Refuse(kernel.UnknownEnum, "relationship_type must be IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf.")
	}
	found, err := a.Ledger.Partnerships(ctx, requestOf(ctx).caller.TenantID, wanted.as)
	return relationshipsOf(found, wanted.name), err
}

func (a *API) listCustomerRelationships(ctx context.Context, in *CustomerPath) (*struct{ Body PartnerRelationships }, error) {
	r := requestOf(ctx)
	found, err := a.Ledger.CustomerPartnerships(ctx, r.caller.TenantID, in.CustomerID)
	name := relationshipTypes["isindirectcloudsolutionproviderof"].name
	if r.partner.Type == programme.IndirectReseller {
		name = relationshipTypes["isindirectresellerof"].name
	}
	return relationshipsOf(found, name), err
}

func relationshipsOf(found []programme.Partner, name string) *struct{ Body PartnerRelationships } {
	list := PartnerRelationships{TotalCount: len(found), Items: make([]PartnerRelationship, len(found)), Attributes: collection}
	for i, p := range found {
		list.Items[i] = PartnerRelationship{
			ID: p.TenantID, Name: p.Name, RelationshipType: name, State: string(p.Status), MPNID: p.MPNID, Location: p.Market,
			Attributes: Attributes{ObjectType: "PartnerRelationship"},
		}
	}
	return &struct{ Body PartnerRelationships }{list}
}

func (a *API) relationshipRequest(ctx context.Context, _ *struct{}) (*struct{ Body RelationshipRequest }, error) {
	partner := requestOf(ctx).partner
	switch {
	case partner.Type == programme.IndirectReseller:
		return nil, kernel.Refuse(programme.PartnerNotEnabled, "An indirect reseller invites no customers of its own. Ask your indirect provider for an invitation.")
	case partner.Status != programme.Active:
		return nil, kernel.Refuse(programme.ProgramNotActive, "Your programme status is %s; only an active partner can take on customers.", partner.Status)
	}
	invitation := strings.ReplaceAll(a.InvitationURL, "{partnerId}", url.QueryEscape(partner.TenantID))
	return &struct{ Body RelationshipRequest }{RelationshipRequest{URL: invitation, Attributes: Attributes{ObjectType: "RelationshipRequest"}}}, nil
}

func (a *API) agreementStatus(ctx context.Context, in *struct {
	MPNID    string `query:"mpnId" doc:"PartnerID of the partner."`
	TenantID string `query:"tenantId" doc:"Microsoft ID of the partner."`
}) (*struct{ Body AgreementStatus }, error) {
	if (in.MPNID == "") == (in.TenantID == "") {
		return nil, refuse(partnerNotNamed, "Name the partner by exactly one of mpnId and tenantId.")
	}
	asked, err := a.partnerNamed(ctx, in.MPNID, in.TenantID)
	if err != nil {
		return nil, err
	}
	self := requestOf(ctx).partner
	itself := kernel.SameID(asked.TenantID, self.TenantID)
	if !itself && (self.Type != programme.IndirectProvider || asked.Type != programme.IndirectReseller) {
		return nil, noSuchPartner(in.MPNID + in.TenantID)
	}
	return &struct{ Body AgreementStatus }{AgreementStatus{IsAgreementSigned: asked.MPASigned}}, nil
}

// partnerNamed reads the partner by either of its ids. Whoever may not ask hears the same as about one that does not exist.
func (a *API) partnerNamed(ctx context.Context, mpnID, tenantID string) (programme.Partner, error) {
	if mpnID != "" {
		if strings.Trim(mpnID, "0123456789") != "" {
			return programme.Partner{}, refuse(partnerNotReadable, "mpnId must be a number.")
		}
		p, err := a.Ledger.PartnerByMPN(ctx, mpnID)
		return p, sameNo(err, mpnID)
	}
	id, err := kernel.ParseID("tenantId", tenantID)
	if err != nil {
		return programme.Partner{}, refuse(partnerNotReadable, "tenantId must be a GUID.")
	}
	p, err := a.Ledger.Partner(ctx, id)
	return p, sameNo(err, tenantID)
}

func sameNo(err error, id string) error {
	if refusal, ok := asRefusal(err); ok && refusal.Cause == programme.PartnerUnknown {
		return noSuchPartner(id)
	}
	return err
}

func noSuchPartner(id string) error {
	return kernel.Refuse(programme.PartnerUnknown, "There is no such partner for you to ask about. Check the id.").About(clip(id))
}
