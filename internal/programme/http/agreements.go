package programmehttp

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// CustomerAgreement is the customer's acceptance of the Microsoft Customer Agreement with the caller.
type CustomerAgreement struct {
	PrimaryContact *programme.Contact `json:"primaryContact,omitempty" doc:"Who accepted; absent when nobody said."`
	DateAgreed     *time.Time         `json:"dateAgreed,omitempty" doc:"When the customer accepted it; absent when nobody said."`
	TemplateID     string             `json:"templateId,omitempty" format:"uuid" doc:"The text that was agreed to."`
	Type           string             `json:"type" example:"MicrosoftCustomerAgreement" doc:"The agreement."`
	UserID         string             `json:"userId,omitempty" doc:"Who attested it."`
	AcceptedBy     string             `json:"acceptedBy,omitempty" enum:"attestation,direct" doc:"Extension: attested by the partner, or accepted by the customer itself (R-56)."`
	Attributes     httpapi.Attributes `json:"attributes"`
}

// CustomerAgreements is a collection of them.
type CustomerAgreements struct {
	TotalCount int                 `json:"totalCount" doc:"How many there are."`
	Items      []CustomerAgreement `json:"items" doc:"One for each way in which it was accepted."`
	Attributes httpapi.Attributes  `json:"attributes"`
}

// AttestAgreement is the body of an attestation.
type AttestAgreement struct {
	PrimaryContact programme.Contact `json:"primaryContact" doc:"Who accepted the agreement at the customer."`
	DateAgreed     agreedOn          `json:"dateAgreed" doc:"When; not in the future."`
	TemplateID     string            `json:"templateId" format:"uuid" doc:"The text that was agreed to."`
	Type           string            `json:"type" example:"MicrosoftCustomerAgreement" doc:"MicrosoftCustomerAgreement; nothing else can be attested."`
}

// agreedOn is a day or a time, as clients send either.
type agreedOn struct{ time.Time }

// UnmarshalJSON reads 2026-11-21 and 2026-11-21T10:00:00Z, with or without a zone. .NET's MinValue is a day that nobody said.
func (d *agreedOn) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	at, err := kernel.ReadTime("dateAgreed", string(data), "a date such as 2026-11-21", `"`+time.RFC3339+`"`, `"2006-01-02T15:04:05"`, `"2006-01-02"`)
	if at != kernel.Earliest {
		d.Time = at
	}
	return err
}

// DirectSignStatus says whether the customer accepted the agreement itself.
type DirectSignStatus struct {
	IsSigned bool `json:"isSigned" doc:"Whether the customer accepted the agreement itself, with whichever partner (R-56)."`
}

func (s *Service) registerAgreements(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "listAgreements", Method: http.MethodGet, Path: "/v1/customers/{customerId}/agreements", Tag: "Customers",
		Summary: "List what a customer agreed to with you", Roles: Readers(), Right: Commerce(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.listAgreements)
	httpapi.RegisterWrite[attestAgreement, attested](a, httpapi.Route{
		ID: "attestAgreement", Method: http.MethodPost, Path: "/v1/customers/{customerId}/agreements", Tag: "Customers", Status: http.StatusCreated,
		Summary: "Attest that a customer accepted the Microsoft Customer Agreement", Roles: sellers, Right: Commerce(), Users: true,
		Resource: reflect.TypeFor[CustomerAgreement](), Echoes: []string{"agreementLink", "primaryContact.middleName"},
		Causes: []kernel.Cause{
			programme.RelationshipMissing, programme.PartnerNotEnabled, kernel.InvalidInput, kernel.UnknownEnum, programme.AlreadyAttested,
		},
	}, s.attestAgreement)
	httpapi.Register(a, httpapi.Route{
		ID: "getDirectSignStatus", Method: http.MethodGet, Path: "/v1/customers/{customerId}/directSignedMicrosoftCustomerAgreementStatus", Tag: "Customers",
		Summary: "Whether a customer accepted the agreement itself", Roles: Readers(), Right: Commerce(), Causes: []kernel.Cause{programme.CustomerUnknown},
	}, s.directSignStatus)
}

type listAgreements struct {
	CustomerPath
	OfAgreementType
}

func (s *Service) listAgreements(ctx context.Context, in *listAgreements) (*struct{ Body CustomerAgreements }, error) {
	found, err := s.records.Agreements(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	if !in.asks() {
		found = nil
	}
	list := CustomerAgreements{TotalCount: len(found), Items: make([]CustomerAgreement, len(found)), Attributes: httpapi.Collection}
	for i, f := range found {
		list.Items[i] = agreement(f)
	}
	return &struct{ Body CustomerAgreements }{list}, nil
}

type attestAgreement struct {
	CustomerPath
	Body AttestAgreement
}

// attested describes the answer to an attestation.
type attested struct{ Body CustomerAgreement }

func (s *Service) attestAgreement(ctx context.Context, in *attestAgreement) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(made programme.Agreement) (command.Answer, error) {
		return httpapi.JSON(http.StatusCreated, agreement(made))
	})
	made, err := s.records.AttestAgreement(ctx, answer.Terms, httpapi.RequestOf(ctx).By(), programme.AgreementAttestation{
		CustomerTenantID: in.CustomerID, Type: in.Body.Type, TemplateID: in.Body.TemplateID, DateAgreed: in.Body.DateAgreed.Time,
		Contact: in.Body.PrimaryContact,
	})
	return answer.Of(made, err)
}

func (s *Service) directSignStatus(ctx context.Context, in *CustomerPath) (*struct{ Body DirectSignStatus }, error) {
	signed, err := s.records.DirectSigned(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.CustomerID)
	return &struct{ Body DirectSignStatus }{DirectSignStatus{IsSigned: signed}}, err
}

func agreement(f programme.Agreement) CustomerAgreement {
	seen := CustomerAgreement{
		DateAgreed: httpapi.Given(f.DateAgreed), TemplateID: f.TemplateID, Type: programme.CustomerAgreement, UserID: f.AttestedBy,
		AcceptedBy: string(f.Mode), Attributes: httpapi.Attributes{ObjectType: "Agreement"},
	}
	if f.Contact != (programme.Contact{}) {
		seen.PrimaryContact = &f.Contact
	}
	return seen
}
