package transfer

import (
	"fmt"
	"net/http"
)

// Cause names why something was refused. It is an error itself, so that callers can ask errors.Is(err, transfer.NotFound).
type Cause string

func (c Cause) Error() string { return string(c) }

// Every cause a caller can meet, with the rule it enforces.
const (
	NotFound               Cause = "TransferNotFound"
	WrongParty             Cause = "WrongParty"                 // the command belongs to the other party
	NotAdminAgent          Cause = "NotAdminAgent"
	OperatorOnly           Cause = "OperatorOnly"
	AlreadyInProgress      Cause = "AlreadyInProgress"
	AlreadyFinal           Cause = "AlreadyFinal"
	RequestExpired         Cause = "RequestExpired"
	BeingProcessed         Cause = "BeingProcessed"
	NotYetExpired          Cause = "NotYetExpired"
	AlreadyOpened          Cause = "AlreadyOpened"              // T1
	NotSubmitted           Cause = "NotSubmitted"               // section 2.4: line items exist only after submit
	ItemNotFound           Cause = "LineItemNotFound"           // section 2.3
	ItemEnded              Cause = "LineItemEnded"              // R-27, I-2
	ItemsRunning           Cause = "LineItemsRunning"           // T5, T6
	ReasonMissing          Cause = "ReasonMissing"
	DeclineDisabled        Cause = "DeclineDisabled"
	InvalidInput           Cause = "InvalidInput"
	RequestIDReused        Cause = "RequestIdReused"
	UnknownEnum            Cause = "UnknownEnumValue"
	NotForDirectBill       Cause = "PartnerOnRecordNotAllowed"
	ResellerUnknown        Cause = "PartnerOnRecordUnknown"
	NotAReseller           Cause = "PartnerOnRecordNotReseller"
	ResellerInactive       Cause = "PartnerOnRecordInactive"
	ResellerMPAMissing     Cause = "PartnerOnRecordWithoutMPA"
	SourceMissing          Cause = "SourcePartnerMissing"
	SourceIsTarget         Cause = "SourceIsTarget"
	PartnerUnknown         Cause = "PartnerUnknown"
	CustomerUnknown        Cause = "CustomerUnknown"
	PartnerNotEnabled      Cause = "PartnerNotEnabled"
	ProgramNotActive       Cause = "ProgramNotActive"
	MarketMismatch         Cause = "MarketMismatch"
	RelationshipMissing    Cause = "RelationshipMissing"
	AgreementMissing       Cause = "CustomerAgreementMissing"
	MPAMissing             Cause = "PartnerAgreementMissing"
	AzurePlanMissing       Cause = "AzurePlanMissing"
	AzurePlanInactive      Cause = "AzurePlanInactive"
	AzurePlanUnpurchasable Cause = "AzurePlanNotPurchasable"
	LegacyAzureAtTarget    Cause = "LegacyAzureAtTarget"
	NoLineItems            Cause = "NoLineItems"
	DuplicateLineItem      Cause = "DuplicateLineItem"
	TooManyLineItems       Cause = "TooManyLineItems"
	SubscriptionUnknown    Cause = "SubscriptionUnknown"
	NotOwnedBySource       Cause = "SubscriptionNotOwned"
	NotActive              Cause = "SubscriptionNotActive"
	AddonWithoutBase       Cause = "AddonWithoutBase"
	InOtherTransfer        Cause = "SubscriptionInTransfer"
	ProductTypeMismatch    Cause = "ProductTypeMismatch"
	OutsideTargetTypes     Cause = "OutsideTargetProductTypes"
	ProductNotMovable      Cause = "ProductTypeNotMovable"
	ThirdPartyProduct      Cause = "ThirdPartyProduct"
	StillSyncing           Cause = "SubscriptionSyncing"        // R-72, retryable
	ProviderUnavailable    Cause = "BillingUnavailable"         // R-29, retryable
	ProviderRefused        Cause = "BillingRefused"             // R-29, the billing system's own no
	GivenUp                Cause = "GivenUp"
)

// wire is what a refusal looks like to a client of the REST contract.
type wire struct {
	code   string
	status int
}

// catalogue gives each cause its code and HTTP status (domain section 4.6, decision OQ-10).
var catalogue = map[Cause]wire{
	NotFound:               {"900100", http.StatusNotFound},
	WrongParty:             {"900150", http.StatusForbidden},
	NotAdminAgent:          {"900150", http.StatusForbidden},
	OperatorOnly:           {"900150", http.StatusForbidden},
	AlreadyInProgress:      {"900101", http.StatusConflict},
	AlreadyFinal:           {"900102", http.StatusBadRequest},
	RequestExpired:         {"900102", http.StatusBadRequest},
	BeingProcessed:         {"900104", http.StatusConflict},
	NotYetExpired:          {"900102", http.StatusBadRequest},
	AlreadyOpened:          {"900102", http.StatusBadRequest},
	NotSubmitted:           {"900102", http.StatusBadRequest},
	ItemNotFound:           {"20003", http.StatusNotFound},
	ItemEnded:              {"900102", http.StatusBadRequest},
	ItemsRunning:           {"900101", http.StatusConflict},
	ReasonMissing:          {"800002", http.StatusBadRequest},
	DeclineDisabled:        {"900137", http.StatusForbidden},
	InvalidInput:           {"800002", http.StatusBadRequest},
	RequestIDReused:        {"800002", http.StatusBadRequest},
	UnknownEnum:            {"900126", http.StatusBadRequest},
	NotForDirectBill:       {"3000", http.StatusBadRequest},
	ResellerUnknown:        {"800015", http.StatusNotFound},
	NotAReseller:           {"800016", http.StatusBadRequest},
	ResellerInactive:       {"900154", http.StatusBadRequest},
	ResellerMPAMissing:     {"900123", http.StatusForbidden},
	SourceMissing:          {"900136", http.StatusBadRequest},
	SourceIsTarget:         {"900148", http.StatusBadRequest},
	PartnerUnknown:         {"60003", http.StatusNotFound},
	CustomerUnknown:        {"60003", http.StatusNotFound},
	PartnerNotEnabled:      {"900137", http.StatusForbidden},
	ProgramNotActive:       {"900149", http.StatusForbidden},
	MarketMismatch:         {"900138", http.StatusForbidden},
	RelationshipMissing:    {"20002", http.StatusForbidden},
	AgreementMissing:       {"13605", http.StatusForbidden},
	MPAMissing:             {"900124", http.StatusForbidden},
	AzurePlanMissing:       {"900133", http.StatusBadRequest},
	AzurePlanInactive:      {"900132", http.StatusBadRequest},
	AzurePlanUnpurchasable: {"900134", http.StatusBadRequest},
	LegacyAzureAtTarget:    {"900131", http.StatusBadRequest},
	NoLineItems:            {"800002", http.StatusBadRequest},
	DuplicateLineItem:      {"800002", http.StatusBadRequest},
	TooManyLineItems:       {"800002", http.StatusBadRequest},
	SubscriptionUnknown:    {"20003", http.StatusNotFound},
	NotOwnedBySource:       {"800078", http.StatusBadRequest},
	NotActive:              {"800078", http.StatusBadRequest},
	AddonWithoutBase:       {"800078", http.StatusBadRequest},
	InOtherTransfer:        {"900101", http.StatusConflict},
	ProductTypeMismatch:    {"800002", http.StatusBadRequest},
	OutsideTargetTypes:     {"900400", http.StatusBadRequest},
	ProductNotMovable:      {"900400", http.StatusBadRequest},
	ThirdPartyProduct:      {"900146", http.StatusBadRequest},
	StillSyncing:           {"900103", http.StatusInternalServerError},
	ProviderUnavailable:    {"900103", http.StatusInternalServerError},
	ProviderRefused:        {"900103", http.StatusInternalServerError},
	GivenUp:                {"900103", http.StatusInternalServerError},
}

// Causes lists every cause in the catalogue, in no particular order.
func Causes() []Cause {
	all := make([]Cause, 0, len(catalogue))
	for c := range catalogue {
		all = append(all, c)
	}
	return all
}

// Refusal is a no with its reason. It travels as JSON inside Temporal failures and becomes the error body of R-106 at the API.
type Refusal struct {
	Cause   Cause    `json:"cause"`
	Code    string   `json:"code"`           // wire code, section 4.6
	Message string   `json:"message"`        // one sentence: what is wrong and what to do
	Data    []string `json:"data,omitempty"` // ids the message is about
}

// Refuse makes the refusal for a cause. The message must say what is wrong and what to do.
func Refuse(cause Cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Code: catalogue[cause].code, Message: fmt.Sprintf(format, args...)}
}

// NoSuchTransfer is the answer about a transfer that does not exist, and word for word the same to whoever takes no part in
// one that does.
func NoSuchTransfer() *Refusal {
	return Refuse(NotFound, "There is no such transfer for you. Check the transfer id and the partner you act for.")
}

// About returns the refusal with the ids it is about.
func (r *Refusal) About(ids ...string) *Refusal {
	r.Data = append(r.Data, ids...)
	return r
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (%s)", r.Message, r.Code) }

// Is makes errors.Is(err, cause) true for the refusal's own cause.
func (r *Refusal) Is(target error) bool {
	c, ok := target.(Cause)
	return ok && c == r.Cause
}

// HTTPStatus is the status the REST contract answers with (section 4.6).
func (r *Refusal) HTTPStatus() int {
	if w, ok := catalogue[r.Cause]; ok {
		return w.status
	}
	return http.StatusInternalServerError
}

// Retryable tells whether another attempt may succeed without anybody changing anything.
func (c Cause) Retryable() bool { return c == StillSyncing || c == ProviderUnavailable }
