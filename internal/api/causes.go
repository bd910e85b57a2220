package api

import (
	"fmt"
	"net/http"
	"time"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The causes that belong to HTTP and not to transfers. Each has a code of its own where the wire contract has one.
const (
	tokenMissing       kernel.Cause = "TokenMissing"
	tokenInvalid       kernel.Cause = "TokenInvalid"
	userRequired       kernel.Cause = "UserRequired"
	roleMissing        kernel.Cause = "RoleMissing"
	notAPartner        kernel.Cause = "NotAPartner"
	noSuchPath         kernel.Cause = "NoSuchPath"
	methodNotAllowed   kernel.Cause = "MethodNotAllowed"
	badRequest         kernel.Cause = "BadRequest"
	unsupportedPatch   kernel.Cause = "UnsupportedPatch"
	wrongMediaType     kernel.Cause = "WrongMediaType"
	tooLarge           kernel.Cause = "RequestTooLarge"
	tooSlow            kernel.Cause = "RequestTooSlow"
	changedMeanwhile   kernel.Cause = "ChangedMeanwhile"
	tooManyRequests    kernel.Cause = "TooManyRequests"
	unavailable        kernel.Cause = "Unavailable"
	unexpected         kernel.Cause = "Unexpected"
	legacyNotOffered   kernel.Cause = "LegacyNotOffered"
	partnerNotNamed    kernel.Cause = "PartnerNotNamed"
	partnerNotReadable kernel.Cause = "PartnerNotReadable"
)

// cause is what one of them looks like on the wire.
type cause struct {
	status int
	code   string
	rule   string
}

var httpCauses = map[kernel.Cause]cause{
	tokenMissing:       {http.StatusUnauthorized, "800001", "R-101"},
	tokenInvalid:       {http.StatusUnauthorized, "400", "R-101"},
	userRequired:       {http.StatusForbidden, "900329", "R-101"},
	roleMissing:        {http.StatusForbidden, "900150", "R-54, R-82, R-303"},
	notAPartner:        {http.StatusForbidden, "900137", "R-189"},
	noSuchPath:         {http.StatusNotFound, "404", "R-109"},
	methodNotAllowed:   {http.StatusMethodNotAllowed, "405", "R-109"},
	badRequest:         {http.StatusBadRequest, "800002", "R-140"},
	unsupportedPatch:   {http.StatusBadRequest, "800042", "R-151"},
	wrongMediaType:     {http.StatusUnsupportedMediaType, "415", "R-101"},
	tooLarge:           {http.StatusRequestEntityTooLarge, "413", "R-80"},
	tooSlow:            {http.StatusRequestTimeout, "408", "R-109"},
	changedMeanwhile:   {http.StatusPreconditionFailed, "2055", "extension"},
	tooManyRequests:    {http.StatusTooManyRequests, "429", "R-108"},
	unavailable:        {http.StatusServiceUnavailable, "503", "R-29"},
	unexpected:         {http.StatusInternalServerError, "800003", "R-109"},
	legacyNotOffered:   {http.StatusForbidden, "900137", "R-160"},
	partnerNotNamed:    {http.StatusBadRequest, "2001", "R-263"},
	partnerNotReadable: {http.StatusBadRequest, "2000", "R-263"},
}

// refuse makes the error for one of the causes above.
func refuse(c kernel.Cause, format string, args ...any) *Error {
	w := httpCauses[c]
	return &Error{status: w.status, Code: w.code, ErrorName: string(c), Description: fmt.Sprintf(format, args...), Source: source}
}

// again adds when the request may be repeated.
func (e *Error) again(after time.Duration) *Error {
	e.retryAfter, e.IsRetryable = max(after, time.Second), true
	return e
}

// What a create and a decision can be refused with, by the domain.
var (
	createCauses = []kernel.Cause{
		kernel.InvalidInput, kernel.UnknownEnum, transfer.SourceMissing, transfer.SourceIsTarget, kernel.OperatorOnly,
		programme.PartnerUnknown, programme.CustomerUnknown, programme.PartnerNotEnabled, kernel.NotAdminAgent,
		programme.ProgramNotActive, programme.MPAMissing, programme.RelationshipMissing, programme.AgreementMissing,
		programme.MarketMismatch, transfer.NotForDirectBill, transfer.ResellerUnknown, transfer.NotAReseller,
		transfer.ResellerInactive, transfer.ResellerMPAMissing, transfer.AzurePlanMissing, transfer.AzurePlanInactive,
		transfer.AzurePlanUnpurchasable, transfer.LegacyAzureAtTarget, legacyNotOffered,
	}
	decisionCauses = []kernel.Cause{
		transfer.NotFound, kernel.WrongParty, kernel.NotAdminAgent, kernel.BeingProcessed, transfer.AlreadyInProgress, transfer.AlreadyFinal,
		transfer.RequestExpired, transfer.DeclineDisabled, kernel.InvalidInput, kernel.UnknownEnum, transfer.NoLineItems,
		transfer.DuplicateLineItem, transfer.TooManyLineItems, subscription.Unknown, transfer.NotOwnedBySource,
		transfer.NotActive, transfer.AddonWithoutBase, subscription.InOtherTransfer, transfer.ProductTypeMismatch,
		transfer.OutsideTargetTypes, transfer.ProductNotMovable, transfer.ThirdPartyProduct, programme.RelationshipMissing,
		programme.AgreementMissing, programme.MPAMissing, programme.ProgramNotActive, programme.MarketMismatch,
		transfer.AzurePlanMissing, transfer.AzurePlanInactive, transfer.LegacyAzureAtTarget, unsupportedPatch, changedMeanwhile,
	}
)
