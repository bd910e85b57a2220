package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"handover/internal/kernel"
	"handover/internal/ledger"
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
	Attributes     Attributes         `json:"attributes"`
}

// CustomerAgreements is a collection of them.
type CustomerAgreements struct {
	TotalCount int                 `json:"totalCount" doc:"How many there are."`
	Items      []CustomerAgreement `json:"items" doc:"One for each way in which it was accepted."`
	Attributes Attributes          `json:"attributes"`
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

// UnmarshalJSON reads 2026-11-21 and 2026-11-21T10:00:00Z, with or without a zone.
func (d *agreedOn) UnmarshalJSON(data []byte) error {
	for _, layout := range []string{`"` + time.RFC3339 + `"`, `"2006-01-02T15:04:05"`, `"2006-01-02"`} {
		if at, err := time.Parse(layout, string(data)); err == nil {
			d.Time = at
			return nil
		}
	}
	if string(data) == "null" {
		return nil
	}
	return errors.New("dateAgreed must be a date such as 2026-11-21")
}

// DirectSignStatus says whether the customer accepted the agreement itself.
type DirectSignStatus struct {
	IsSigned bool `json:"isSigned" doc:"Whether the customer accepted the agreement itself, with whichever partner (R-56)."`
}

func (a *API) registerAgreements() {
	register(a, route{
		id: "listAgreements", method: http.MethodGet, path: "/v1/customers/{customerId}/agreements", tag: "Customers",
		summary: "List what a customer agreed to with you", roles: readers, causes: []kernel.Cause{programme.CustomerUnknown},
	}, a.listAgreements)
	registerWrite[attestAgreement, attested](a, route{
		id: "attestAgreement", method: http.MethodPost, path: "/v1/customers/{customerId}/agreements", tag: "Customers", status: http.StatusCreated,
		summary: "Attest that a customer accepted the Microsoft Customer Agreement", roles: sellers, users: true,
		causes: []kernel.Cause{
			programme.RelationshipMissing, programme.PartnerNotEnabled, kernel.InvalidInput, kernel.UnknownEnum, programme.AlreadyAttested,
		},
	}, a.attestAgreement)
	register(a, route{
		id: "getDirectSignStatus", method: http.MethodGet, path: "/v1/customers/{customerId}/directSignedMicrosoftCustomerAgreementStatus", tag: "Customers",
		summary: "Whether a customer accepted the agreement itself", roles: readers, causes: []kernel.Cause{programme.CustomerUnknown},
	}, a.directSignStatus)
}

func (a *API) listAgreements(ctx context.Context, in *CustomerPath) (*struct{ Body CustomerAgreements }, error) {
	found, err := a.Ledger.Agreements(ctx, requestOf(ctx).caller.TenantID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	list := CustomerAgreements{TotalCount: len(found), Items: make([]CustomerAgreement, len(found)), Attributes: collection}
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

func (a *API) attestAgreement(ctx context.Context, in *attestAgreement) (ledger.Answer, error) {
	answer := answerTo(ctx, func(made programme.Agreement) (ledger.Answer, error) {
		return jsonAnswer(http.StatusCreated, agreement(made))
	})
	made, err := a.Ledger.AttestAgreement(ctx, answer.terms, requestOf(ctx).by(), programme.AgreementAttestation{
		CustomerTenantID: in.CustomerID, Type: in.Body.Type, TemplateID: in.Body.TemplateID, DateAgreed: in.Body.DateAgreed.Time,
		Contact: in.Body.PrimaryContact,
	})
	return answer.of(made, err)
}

func (a *API) directSignStatus(ctx context.Context, in *CustomerPath) (*struct{ Body DirectSignStatus }, error) {
	signed, err := a.Ledger.DirectSigned(ctx, requestOf(ctx).caller.TenantID, in.CustomerID)
	return &struct{ Body DirectSignStatus }{DirectSignStatus{IsSigned: signed}}, err
}

func agreement(f programme.Agreement) CustomerAgreement {
	seen := CustomerAgreement{
		DateAgreed: given(f.DateAgreed), TemplateID: f.TemplateID, Type: programme.CustomerAgreement, UserID: f.AttestedBy,
		AcceptedBy: string(f.Mode), Attributes: Attributes{ObjectType: "Agreement"},
	}
	if f.Contact != (programme.Contact{}) {
		seen.PrimaryContact = &f.Contact
	}
	return seen
}

// asRefusal finds the domain's refusal in an error.
func asRefusal(err error) (*kernel.Refusal, bool) {
	var refusal *kernel.Refusal
	return refusal, errors.As(err, &refusal)
}
