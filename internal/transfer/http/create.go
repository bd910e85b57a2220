package transferhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmehttp "handover/internal/programme/http"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// CreateTransfer is the body of a create. What else a transfer has is not read.
type CreateTransfer struct {
	SourcePartnerTenantID  string                     `json:"sourcePartnerTenantId" doc:"Microsoft ID of the partner who bills the customer today (R-53)." example:"aaaaaaaa-0000-4000-8000-000000000001"`
	SourcePartnerName      string                     `json:"sourcePartnerName" doc:"Name of that partner (R-122)." example:"Northwind Cloud"`
	CustomerEmailID        string                     `json:"customerEmailId" doc:"Where the customer is told about the transfer: the address that is known of it, or one in its domain." example:"it@contoso-bakery.example"`
	CustomerName           string                     `json:"customerName,omitempty" doc:"Name of the customer."`
	TargetPartnerTenantID  string                     `json:"targetPartnerTenantId,omitempty" doc:"The caller; may be left out (R-43)."`
	TargetPartnerEmailID   string                     `json:"targetPartnerEmailId,omitempty" doc:"Free text that is returned as it came (R-123)."`
	TargetProductTypes     []subscription.ProductType `json:"targetProductTypes,omitempty" nullable:"true" doc:"Limits what the source may submit; null or absent for everything (R-60)."`
	PartnerOnRecord        string                     `json:"partnerOnRecord,omitempty" doc:"PartnerID of the indirect reseller to credit; only for an indirect provider as target (R-57)."`
	Participants           []Participant              `json:"participants,omitempty" nullable:"true" doc:"Another spelling of partnerOnRecord: key TransactionReseller."`
	TransferType           TransferType               `json:"transferType" doc:"3 for new commerce; 5 means the same (R-120)."`
	IgnoreEligibilityCheck bool                       `json:"ignoreEligibilityCheck,omitempty" doc:"Reserved to operators: true is refused (R-81)."`
	ExternalReference      string                     `json:"externalReference,omitempty" doc:"Extension: your own reference, which only you see."`
	Tags                   []string                   `json:"tags,omitempty" nullable:"true" doc:"Extension: your own words to find the transfer by, which only you see."`

	LineItems []json.RawMessage `json:"lineItems,omitempty" hidden:"true"` // tells a legacy create
}

// Participant is a key and its value, as some clients name the reseller to credit.
type Participant struct {
	Key   string `json:"key" example:"TransactionReseller" doc:"TransactionReseller for the reseller to credit."`
	Value string `json:"value" example:"4000009" doc:"Its PartnerID."`
}

// TransferType is the number of a transfer type, written as a number or as text. -1 stands for anything else.
type TransferType int

// UnmarshalJSON accepts 3, 5, "3" and "5", and the numbers however they are written, such as 3.0. Everything else is kept as -1, to be refused with a reason.
func (t *TransferType) UnmarshalJSON(data []byte) error {
	data = bytes.Trim(data, `"`)
	if string(data) == "null" {
		return nil
	}
	n, err := kernel.ParseWhole(string(data))
	if err != nil || n == 0 {
		n = -1
	}
	*t = TransferType(n)
	return nil
}

// Schema describes what is accepted.
func (TransferType) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Enum: []any{3, 5}, Examples: []any{3}}
}

type createTransfer struct {
	programmehttp.CustomerPath
	DryRun bool `query:"dryRun" doc:"Extension: create nothing, and say what would be refused."`
	Body   CreateTransfer
}

// createCauses are what the domain refuses a create with.
var createCauses = []kernel.Cause{
	kernel.InvalidInput, kernel.UnknownEnum, transfer.SourceMissing, transfer.SourceIsTarget, kernel.OperatorOnly,
	programme.PartnerUnknown, programme.CustomerUnknown, programme.PartnerNotEnabled, kernel.NotAdminAgent,
	programme.ProgramNotActive, programme.MPAMissing, programme.RelationshipMissing, programme.AgreementMissing,
	programme.MarketMismatch, transfer.NotForDirectBill, transfer.ResellerUnknown, transfer.NotAReseller,
	transfer.ResellerInactive, transfer.ResellerNotPartner, transfer.ResellerMPAMissing, transfer.AzurePlanMissing, transfer.AzurePlanInactive,
	transfer.AzurePlanUnpurchasable, transfer.LegacyAzureAtTarget, legacyNotOffered,
	transfer.AddressNotCustomers, transfer.TooManyOfCustomer, transfer.TooManyInADay,
	programme.WrongEnvironment,
}

// createForms are the two answers of a create.
var createForms = []httpapi.Form{
	{Status: http.StatusCreated, Kind: "application/json", Body: reflect.TypeFor[Transfer](), Description: "The transfer, Pending."},
	{Status: http.StatusOK, Kind: "application/json", Body: reflect.TypeFor[DryRun](), Description: "What a dry run found."},
}

// createAnswer describes the created transfer, or what a dry run found.
type createAnswer struct {
	Status   int
	ETag     string `header:"ETag" doc:"Extension: for If-Match."`
	Location string `header:"Location" doc:"Where the transfer can be read."`
	Body     any
}

// DryRun says what a create would be refused for.
type DryRun struct {
	WouldSucceed bool     `json:"wouldSucceed" doc:"Whether the very same request would create a transfer now."`
	Refusals     []Reason `json:"refusals" doc:"Every reason why it would not, the one that a create would answer with first."`
}

// Reason is why something is refused.
type Reason struct {
	Code        string   `json:"code" doc:"Code of the wire contract." example:"900133"`
	ErrorName   string   `json:"errorName" doc:"The one cause." example:"AzurePlanMissing"`
	Description string   `json:"description" doc:"What is wrong and what to do about it."`
	Data        []string `json:"data,omitempty" doc:"The ids that the description speaks of."`
}

func reasons(refusals []*kernel.Refusal) []Reason {
	all := make([]Reason, len(refusals))
	for i, r := range refusals {
		all[i] = Reason{Code: r.Code, ErrorName: string(r.Cause), Description: r.Message, Data: r.Data}
	}
	return all
}

func (s *Service) createTransfer(ctx context.Context, in *createTransfer) (command.Answer, error) {
	if in.Body.legacy() {
		if err := programmehttp.ProductionOnly(ctx, "Legacy transfers are made"); err != nil {
			return command.Answer{}, err
		}
	}
	request, err := in.Body.request(in.CustomerID, httpapi.RequestOf(ctx))
	if err != nil {
		return command.Answer{}, err
	}
	if in.DryRun {
		return s.rehearse(ctx, request)
	}
	answer := httpapi.AnswerTo(ctx, transferAnswer(ctx, formCreated))
	opened, err := s.records.OpenTransfer(ctx, request, answer.Terms)
	return answer.Of(opened, err)
}

// rehearse answers a dry run. It asks the very rules that a create asks.
func (s *Service) rehearse(ctx context.Context, request transfer.Request) (command.Answer, error) {
	refusals, err := s.records.PreviewOpen(ctx, request)
	if err != nil {
		return command.Answer{}, err
	}
	return httpapi.JSON(http.StatusOK, DryRun{WouldSucceed: len(refusals) == 0, Refusals: reasons(refusals)})
}

// legacy tells a legacy transfer: the target lists what is to move, and says no type.
func (c CreateTransfer) legacy() bool { return c.TransferType == 0 && len(c.LineItems) > 0 }

// request is the domain's request that the body stands for.
func (c CreateTransfer) request(customer string, r *httpapi.Request) (transfer.Request, error) {
	if c.TransferType == 0 {
		if c.legacy() {
			return transfer.Request{}, httpapi.Refuse(legacyNotOffered, "Legacy transfers are not offered here. Send transferType 3, and leave the line items to the source.")
		}
		return transfer.Request{}, kernel.Refuse(kernel.InvalidInput, "transferType is required; send 3.")
	}
	if c.TransferType < 0 {
		return transfer.Request{}, kernel.Refuse(kernel.UnknownEnum, "transferType must be 3 (new commerce).")
	}
	credited, err := c.credited()
	if err != nil {
		return transfer.Request{}, err
	}
	return transfer.Request{
		RequestID: r.ID(), Actor: r.Actor(), CustomerTenantID: customer,
		CustomerEmail: c.CustomerEmailID, CustomerName: c.CustomerName,
		SourcePartnerTenantID: c.SourcePartnerTenantID, SourcePartnerName: c.SourcePartnerName,
		TargetPartnerTenantID: c.TargetPartnerTenantID, TargetPartnerEmailID: c.TargetPartnerEmailID,
		TargetProductTypes: c.TargetProductTypes, PartnerOnRecord: credited,
		TransferType: int(c.TransferType), IgnoreEligibilityCheck: c.IgnoreEligibilityCheck,
		Labels: transfer.Labels{ExternalReference: c.ExternalReference, Tags: c.Tags},
	}, nil
}

// credited is the PartnerID of the reseller, whichever way it was given.
func (c CreateTransfer) credited() (string, error) {
	given := c.PartnerOnRecord
	for _, p := range c.Participants {
		switch {
		case p.Value == "":
		case !kernel.SameName(p.Key, "TransactionReseller"):
			return "", kernel.Refuse(kernel.UnknownEnum, "participants knows TransactionReseller only, not %q.", kernel.Clip(p.Key))
		case given != "" && given != p.Value:
			return "", kernel.Refuse(kernel.InvalidInput, "partnerOnRecord and participants name two different resellers. Name one.")
		default:
			given = p.Value
		}
	}
	return given, nil
}
