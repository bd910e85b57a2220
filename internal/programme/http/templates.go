package programmehttp

import (
	"context"
	"net/http"

	"handover/internal/httpapi"
	"handover/internal/programme"
)

// AgreementTemplate is the text of an agreement that customers accept.
type AgreementTemplate struct {
	TemplateID    string `json:"templateId" format:"uuid" doc:"What an attestation names as its templateId."`
	AgreementType string `json:"agreementType" example:"MicrosoftCustomerAgreement" doc:"The agreement."`
	AgreementLink string `json:"agreementLink" doc:"Where the text can be read."`
	VersionRank   int    `json:"versionRank" doc:"The higher, the newer."`
}

// AgreementTemplates is a collection of them.
type AgreementTemplates struct {
	TotalCount int                 `json:"totalCount" doc:"How many there are."`
	Items      []AgreementTemplate `json:"items" doc:"The text that is in force, of each agreement."`
	Attributes httpapi.Attributes  `json:"attributes"`
}

// OfAgreementType narrows a list of agreements to one type.
type OfAgreementType struct {
	Type string `query:"agreementType" doc:"Only agreements of this type; * or nothing for all. Of types other than MicrosoftCustomerAgreement there are none." example:"MicrosoftCustomerAgreement"`
}

// asks tells whether the agreement that there is belongs to what is asked for.
func (q OfAgreementType) asks() bool {
	return q.Type == "" || q.Type == "*" || programme.IsCustomerAgreement(q.Type)
}

func (s *Service) registerTemplates(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listAgreementTemplates", Method: http.MethodGet, Path: "/v1/agreements", Tag: "Customers",
		Summary: "List the agreements that can be attested", Description: "With the templateId that an attestation needs.", Roles: Readers(), Right: httpapi.Everybody(),
	}, s.listTemplates)
}

func (s *Service) listTemplates(_ context.Context, in *OfAgreementType) (*struct{ Body AgreementTemplates }, error) {
	list := AgreementTemplates{Items: []AgreementTemplate{}, Attributes: httpapi.Collection}
	if in.asks() {
		list.TotalCount = 1
		list.Items = append(list.Items, AgreementTemplate{
			TemplateID: programme.CustomerAgreementTemplate, AgreementType: programme.CustomerAgreement, AgreementLink: programme.CustomerAgreementText,
		})
	}
	return &struct{ Body AgreementTemplates }{list}, nil
}
