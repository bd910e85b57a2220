package programmehttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// Invitations are where customers accept a relationship: with one partner, or with an indirect reseller and its provider at
// once. In both {partnerId} stands for the partner who invites; in the joint one {mpnId} stands for its PartnerID and
// {providerId} for the provider.
type Invitations struct{ Plain, Joint string }

// RelationshipRequest is the invitation that a customer accepts.
type RelationshipRequest struct {
	URL        string             `json:"url" doc:"Send it to the customer; their administrator accepts there."`
	Attributes httpapi.Attributes `json:"attributes"`
}

type askInvitation struct {
	Joint      bool   `query:"dualRoleIndirectRelationship" doc:"Whether the link is the joint one of reseller and provider (R-418). An indirect reseller has no other."`
	ProviderID string `query:"indirectCSPId" doc:"The provider of the joint link, by Microsoft ID; may be left out by a reseller with one."`
}

func (s *Service) registerInvitations(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "getRelationshipRequest", Method: http.MethodGet, Path: "/v1/customers/relationshiprequests", Tag: "Partners",
		Summary: "Get an invitation for customers",
		Description: "The link with which a customer accepts a reseller relationship (R-311). An indirect reseller's is the joint one, with which the customer " +
			"accepts the provider too (R-417).",
		Roles: sellers, Right: httpapi.Everybody(), Users: true,
		Causes: []kernel.Cause{
			kernel.InvalidInput, kernel.UnknownEnum, programme.PartnerNotEnabled, programme.PartnerUnknown, programme.ProgramNotActive, programme.WrongEnvironment,
		},
	}, s.relationshipRequest)
}

func (s *Service) relationshipRequest(ctx context.Context, in *askInvitation) (*struct{ Body RelationshipRequest }, error) {
	partner := partnerOf(ctx)
	if err := programme.Production.Only(partner, "Customers accept relationships"); err != nil {
		return nil, err
	}
	provider, err := givenProvider(in.ProviderID)
	if err != nil {
		return nil, err
	}
	joint := partner.In(programme.IndirectReseller) && (in.Joint || !partner.Bills())
	if err := mayInvite(partner, joint, in.Joint || provider != ""); err != nil {
		return nil, err
	}
	link := strings.ReplaceAll(s.invitations.Plain, "{partnerId}", url.QueryEscape(partner.TenantID))
	if joint {
		if provider, err = s.jointProvider(ctx, partner, provider); err != nil {
			return nil, err
		}
		link = strings.NewReplacer("{partnerId}", url.QueryEscape(partner.TenantID), "{mpnId}", url.QueryEscape(partner.MPNID),
			"{providerId}", url.QueryEscape(provider)).Replace(s.invitations.Joint)
	}
	return &struct{ Body RelationshipRequest }{RelationshipRequest{URL: link, Attributes: httpapi.Attributes{ObjectType: "RelationshipRequest"}}}, nil
}

// mayInvite refuses an invitation that the partner's programmes do not allow. A partner that is both, direct-bill and reseller,
// says which it wants; what keeps it from taking on customers of its own does not keep it from inviting for its provider
// . Refusals: PartnerNotEnabled, ProgramNotActive, InvalidInput.
func mayInvite(partner programme.Partner, joint, asksJoint bool) error {
	switch {
	case joint && !partner.ActiveIn(programme.IndirectReseller):
		return kernel.Refuse(programme.ProgramNotActive, "You are not active as an indirect reseller; only an active one can invite customers.")
	case joint:
		return nil
	case asksJoint && partner.In(programme.IndirectReseller):
		return kernel.Refuse(kernel.InvalidInput, "indirectCSPId belongs to the joint invitation. Ask for that with dualRoleIndirectRelationship=true, or leave indirectCSPId out.")
	case asksJoint:
		return kernel.Refuse(programme.PartnerNotEnabled, "A joint invitation is an indirect reseller's. Leave dualRoleIndirectRelationship and indirectCSPId out.")
	case !partner.Bills():
		return kernel.Refuse(programme.PartnerNotEnabled, "You take part in no programme in which customers can be invited.")
	case !partner.TakesOn():
		return kernel.Refuse(programme.ProgramNotActive, "Your programme status is %s; only an active partner can take on customers.", partner.Standing())
	}
	return nil
}

// givenProvider is the id that was given, in lower case; empty when none was. Refusal: InvalidInput.
func givenProvider(id string) (string, error) {
	if id == "" {
		return "", nil
	}
	return kernel.ParseID("indirectCSPId", id)
}

// jointProvider is the provider whom the customer is to accept with the reseller: the one that was named, which must be
// among those that the reseller works with, or the only one of these.
func (s *Service) jointProvider(ctx context.Context, reseller programme.Partner, named string) (string, error) {
	providers, err := s.records.Partnerships(ctx, reseller.TenantID, programme.IndirectReseller)
	switch {
	case err != nil:
		return "", err
	case named == "" && len(providers) == 1:
		return providers[0].TenantID, nil
	case named == "" && len(providers) == 0:
		return "", kernel.Refuse(programme.PartnerNotEnabled, "No indirect provider works with you yet. Arrange that with a provider first; then invite customers for both of you.")
	case named == "":
		return "", kernel.Refuse(kernel.InvalidInput, "You work with %d indirect providers. Name the one that the customer is to accept with you as indirectCSPId.", len(providers))
	}
	for _, p := range providers {
		if p.TenantID == named {
			return named, nil
		}
	}
	return "", noSuchPartner(named)
}
