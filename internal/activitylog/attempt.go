package activitylog

import (
	"net/http"
	"slices"

	"handover/internal/kernel"
)

// MostAttempts bounds the refused attempts at one operation that a day adds to one partner's log, so that nobody fills it with them.
const MostAttempts = 100

// Attempt is a change that a partner asked for and was refused. Only the log of who tried it says so.
type Attempt struct {
	By               By
	RequestID        string // one record for each, of what was asked
	Asked            string // fingerprint of who asked for what: two attempts under one request id are two
	Operation        AuditOperation
	Resource         ResourceType
	ResourceID       string // of what was to be changed; empty where the request names nothing that there could be
	CustomerTenantID string // the customer that the request names; the log names it where the partner has to do with it
	Via              kernel.Door
	Cause            kernel.Cause
	Message          string // as the partner was told
}

// IsAttempt tells whether a refusal for the cause is one of an attempt: somebody asked for a change that they may not make, or that
// the rules do not allow. It is none when the request could not be understood, was outdated, or may succeed when it is repeated.
func IsAttempt(cause kernel.Cause) bool {
	if slices.Contains(noAttempts, cause) {
		return false
	}
	status := cause.HTTPStatus()
	return !cause.Retryable() && status != http.StatusPreconditionFailed && status < http.StatusTooManyRequests
}

// noAttempts are the causes that every context knows and that are none.
var noAttempts = []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum, kernel.RequestIDReused, kernel.StaleETag, kernel.BeingProcessed}

// Key tells the attempt from every other and is the same for its repetition. Clients choose request ids, so it says none.
func (a Attempt) Key() string { return kernel.FingerprintOf([]byte(a.RequestID), []byte(a.Asked))[:32] }

// NameInIDs is what the id of its record calls the operation: something else for each attempt, and than for what is done, so that no
// attempt takes the id of what happens at the same instant.
func (a Attempt) NameInIDs() string {
	return "refused_" + string(a.Operation) + "_" + a.Key()[:8]
}

// Tried is what the log says of an attempt besides its columns.
type Tried struct {
	Event      string        `json:"event"` // refused
	RequestID  string        `json:"requestId"`
	ResourceID string        `json:"resourceId,omitempty"`
	CustomerID string        `json:"customerId,omitempty"` // as the request named it
	Cause      kernel.Cause  `json:"cause"`
	Message    string        `json:"message"`
	Last       bool          `json:"last,omitempty"` // a day's bound is reached: more are not recorded
	Origin     kernel.Origin `json:"origin"`
}
