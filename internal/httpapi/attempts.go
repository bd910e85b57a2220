package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"handover/internal/activitylog"
	"handover/internal/kernel"
)

// Why a partner's own log has what it tried and may not: a change that is refused leaves no other trace that its people could read.
// One rule serves all operations that change something. It is written once the answer is decided and before it is given, in a
// transaction of its own: a log that cannot be written keeps nobody from their answer, and says so in the program's.

// noteAttempt has it recorded that the write was refused for this reason, where that is an attempt of a partner.
func (a *API) noteAttempt(req *http.Request, r Route, why error) {
	known := RequestOf(req.Context())
	resource, operation, logged := activitylog.TriedBy(r.ID)
	if why == nil || !known.ofPartner || !logged || r.Rehearses && dryRun(req) {
		return
	}
	cause, message, is := refusedAttempt(why)
	if !is {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), keepIn)
	defer cancel()
	if err := a.options.Ledger.NoteAttempt(ctx, activitylog.Attempt{
		By: known.By(), RequestID: known.ID(), Operation: operation, Resource: resource, ResourceID: r.named(req),
		CustomerTenantID: idIn(req, customerInPath), Via: kernel.ByAPI, Cause: cause, Message: Clip(message),
	}); err != nil {
		a.log(req.Context()).Warn("A refused attempt could not be recorded.", errorField(err))
	}
}

// refusedAttempt is why somebody's attempt was refused, and whether it is one.
func refusedAttempt(why error) (cause kernel.Cause, message string, is bool) {
	var own *Error
	if refusal, refused := asRefusal(why); refused {
		return refusal.Cause, refusal.Message, activitylog.IsAttempt(refusal.Cause)
	}
	if !errors.As(why, &own) {
		return "", "", false
	}
	return kernel.Cause(own.ErrorName), own.Description, own.status == http.StatusForbidden
}

// customerInPath is how paths call the customer.
const customerInPath = "customerId"

// named is the id of what the path names last, besides the customer; empty when it names nothing.
func (r Route) named(req *http.Request) string {
	parts := strings.Split(r.Path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		name, isID := strings.CutPrefix(parts[i], "{")
		if name = strings.TrimSuffix(name, "}"); isID && name != customerInPath {
			return idIn(req, name)
		}
	}
	return ""
}

// idIn is an id of the path; empty for what is none.
func idIn(req *http.Request, name string) string {
	id, err := kernel.ParseID(name, req.PathValue(name))
	if err != nil {
		return ""
	}
	return id
}
