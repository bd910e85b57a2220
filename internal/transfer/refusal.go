package transfer

import (
	"fmt"
	"net/http"
)

// Cause names why something was refused. It is an error itself, so that callers can ask errors.Is(err, transfer.NotFound).
type Cause string

func (c Cause) Error() string { return string(c) }

// Every cause a caller can meet; the catalogue below says which rule each enforces.
const (
	NotFound               Cause = "TransferNotFound"
	WrongParty             Cause = "WrongParty" // the command belongs to the other party
	NotAdminAgent          Cause = "NotAdminAgent"
	OperatorOnly           Cause = "OperatorOnly"
	AlreadyInProgress      Cause = "AlreadyInProgress"
	AlreadyFinal           Cause = "AlreadyFinal"
	RequestExpired         Cause = "RequestExpired"
	BeingProcessed         Cause = "BeingProcessed"
	NotYetExpired          Cause = "NotYetExpired"
	AlreadyOpened          Cause = "AlreadyOpened"
	NotSubmitted           Cause = "NotSubmitted"     // section 2.4: line items exist only after submit
	ItemNotFound           Cause = "LineItemNotFound" // section 2.3
	ItemEnded              Cause = "LineItemEnded"
	ItemNotHeld            Cause = "LineItemNotHeld"
	ItemsRunning           Cause = "LineItemsRunning"
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
	StillSyncing           Cause = "SubscriptionSyncing"
	ProviderUnavailable    Cause = "BillingUnavailable"
	ProviderRefused        Cause = "BillingRefused"
	GivenUp                Cause = "GivenUp"
	StaleETag              Cause = "StaleETag"
	NotForSalesAgents      Cause = "NotForSalesAgents"
	SubscriptionEnded      Cause = "SubscriptionEnded"
	NotActivated           Cause = "SubscriptionNotActivated"
	StatusNotPossible      Cause = "StatusNotPossible"
	AddonsActive           Cause = "AddonsActive"
	CancellationClosed     Cause = "CancellationClosed"
	QuantitySuspended      Cause = "QuantityWhileSuspended"
	QuantityOutOfRange     Cause = "QuantityOutOfRange"
	RenewalNotPossible     Cause = "RenewalNotPossible"
	RecordNotAllowed       Cause = "PartnerIdNotAllowed"
	RecordUnknown          Cause = "PartnerIdUnknown"
	RecordNotReseller      Cause = "PartnerIdNotReseller"
	AlreadyAttested        Cause = "AgreementAlreadyAttested"
	LogNotKept             Cause = "ActivityLogNotKept"
	LogEntryUnknown        Cause = "AuditRecordUnknown"
	DoorClosed             Cause = "TemporalCommandsClosed"
)

// wire is what a refusal looks like to a client of the REST contract, and the rule it enforces.
type wire struct {
	code   string
	status int
	rule   string
}

// catalogue gives each cause its code and HTTP status (domain section 4.6, decision OQ-10).
var catalogue = map[Cause]wire{
	NotFound:               {"900100", http.StatusNotFound, "R-17, R-110"},
	WrongParty:             {"900150", http.StatusForbidden, "R-12, R-54"},
	NotAdminAgent:          {"900150", http.StatusForbidden, "R-54, R-82"},
	OperatorOnly:           {"900150", http.StatusForbidden, "R-81"},
	AlreadyInProgress:      {"900101", http.StatusConflict, "R-17"},
	AlreadyFinal:           {"900102", http.StatusBadRequest, "R-17"},
	RequestExpired:         {"900102", http.StatusBadRequest, "R-22"},
	BeingProcessed:         {"900104", http.StatusConflict, "R-17"},
	NotYetExpired:          {"900102", http.StatusBadRequest, "R-22"},
	AlreadyOpened:          {"900102", http.StatusBadRequest, "T1"},
	NotSubmitted:           {"900102", http.StatusBadRequest, "section 2.4"},
	ItemNotFound:           {"20003", http.StatusNotFound, "section 2.3"},
	ItemEnded:              {"900102", http.StatusBadRequest, "R-27, I-2"},
	ItemNotHeld:            {"900102", http.StatusBadRequest, "R-26, R-76"},
	ItemsRunning:           {"900101", http.StatusConflict, "T5, T6"},
	ReasonMissing:          {"800002", http.StatusBadRequest, "R-26"},
	DeclineDisabled:        {"900137", http.StatusForbidden, "R-15"},
	InvalidInput:           {"800002", http.StatusBadRequest, "R-122, R-140, R-152"},
	RequestIDReused:        {"800002", http.StatusBadRequest, "R-103"},
	UnknownEnum:            {"900126", http.StatusBadRequest, "R-60, R-120"},
	NotForDirectBill:       {"3000", http.StatusBadRequest, "R-57"},
	ResellerUnknown:        {"800015", http.StatusNotFound, "R-58"},
	NotAReseller:           {"800016", http.StatusBadRequest, "R-58"},
	ResellerInactive:       {"900154", http.StatusBadRequest, "R-58"},
	ResellerMPAMissing:     {"900123", http.StatusForbidden, "R-58"},
	SourceMissing:          {"900136", http.StatusBadRequest, "R-53"},
	SourceIsTarget:         {"900148", http.StatusBadRequest, "R-42"},
	PartnerUnknown:         {"60003", http.StatusNotFound, "R-44"},
	CustomerUnknown:        {"60003", http.StatusNotFound, "R-44"},
	PartnerNotEnabled:      {"900137", http.StatusForbidden, "R-40, R-41"},
	ProgramNotActive:       {"900149", http.StatusForbidden, "R-46"},
	MarketMismatch:         {"900138", http.StatusForbidden, "R-45"},
	RelationshipMissing:    {"20002", http.StatusForbidden, "R-50"},
	AgreementMissing:       {"13605", http.StatusForbidden, "R-51, R-56"},
	MPAMissing:             {"900124", http.StatusForbidden, "R-52"},
	AzurePlanMissing:       {"900133", http.StatusBadRequest, "R-55"},
	AzurePlanInactive:      {"900132", http.StatusBadRequest, "R-55"},
	AzurePlanUnpurchasable: {"900134", http.StatusBadRequest, "R-55"},
	LegacyAzureAtTarget:    {"900131", http.StatusBadRequest, "R-55"},
	NoLineItems:            {"800002", http.StatusBadRequest, "R-79"},
	DuplicateLineItem:      {"800002", http.StatusBadRequest, "R-79"},
	TooManyLineItems:       {"800002", http.StatusBadRequest, "R-80"},
	SubscriptionUnknown:    {"20003", http.StatusNotFound, "R-70"},
	NotOwnedBySource:       {"800078", http.StatusBadRequest, "R-70"},
	NotActive:              {"800078", http.StatusBadRequest, "R-71"},
	AddonWithoutBase:       {"800078", http.StatusBadRequest, "R-74"},
	InOtherTransfer:        {"900101", http.StatusConflict, "R-76"},
	ProductTypeMismatch:    {"800002", http.StatusBadRequest, "R-130"},
	OutsideTargetTypes:     {"900400", http.StatusBadRequest, "R-61"},
	ProductNotMovable:      {"900400", http.StatusBadRequest, "R-60"},
	ThirdPartyProduct:      {"900146", http.StatusBadRequest, "R-62"},
	StillSyncing:           {"900103", http.StatusInternalServerError, "R-72"},
	ProviderUnavailable:    {"900103", http.StatusInternalServerError, "R-29"},
	ProviderRefused:        {"900103", http.StatusInternalServerError, "R-29"},
	GivenUp:                {"900103", http.StatusInternalServerError, "R-26"},
	StaleETag:              {"2055", http.StatusBadRequest, "section 4.1"},
	NotForSalesAgents:      {"900150", http.StatusForbidden, "R-289"},
	SubscriptionEnded:      {"800042", http.StatusBadRequest, "R-30, section 8.3"},
	NotActivated:           {"800081", http.StatusBadRequest, "R-286"},
	StatusNotPossible:      {"800042", http.StatusBadRequest, "R-74, section 8.3"},
	AddonsActive:           {"800042", http.StatusBadRequest, "R-74"},
	CancellationClosed:     {"900117", http.StatusBadRequest, "R-37, R-84, R-284"},
	QuantitySuspended:      {"2001", http.StatusBadRequest, "section 8.3"},
	QuantityOutOfRange:     {"2002", http.StatusBadRequest, "R-285"},
	RenewalNotPossible:     {"800093", http.StatusBadRequest, "section 8.3"},
	RecordNotAllowed:       {"800098", http.StatusBadRequest, "section 8.3"},
	RecordUnknown:          {"2072", http.StatusNotFound, "section 8.3"},
	RecordNotReseller:      {"2071", http.StatusBadRequest, "section 8.3"},
	AlreadyAttested:        {"600061", http.StatusBadRequest, "section 8.1"},
	LogNotKept:             {"800002", http.StatusBadRequest, "R-300"},
	LogEntryUnknown:        {"1000", http.StatusNotFound, "R-307"},
	DoorClosed:             {"900137", http.StatusForbidden, "R-101"},
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
func (r *Refusal) HTTPStatus() int { return r.Cause.HTTPStatus() }

// HTTPStatus is the status the REST contract answers with (section 4.6); 500 for a cause that is not in the catalogue.
func (c Cause) HTTPStatus() int {
	if w, ok := catalogue[c]; ok {
		return w.status
	}
	return http.StatusInternalServerError
}

// Code is the code of the REST contract (section 4.6). Several causes may share one.
func (c Cause) Code() string { return catalogue[c].code }

// Rule names what the cause enforces: rules (R-n), transitions (Tn), invariants (I-n) or decisions (OQ-n) of the domain.
func (c Cause) Rule() string { return catalogue[c].rule }

// Retryable tells whether another attempt may succeed without anybody changing anything.
func (c Cause) Retryable() bool { return c == StillSyncing || c == ProviderUnavailable }
