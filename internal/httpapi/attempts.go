package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
)

// Why a partner's own log has what it tried and may not: a change that is refused leaves no other trace that its people could read.
// One rule serves all operations that change something. It is written once the answer is decided and before it is given, in a
// transaction of its own: a log that cannot be written keeps nobody from their answer, and says so in the program's.
//
// A client chooses its request ids, so what tells two attempts apart is what they ask for, too. Of a request that is refused before its
// body is read, the body is read for that alone, and kept nowhere.

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
	said := asked(known, req, r)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), keepIn)
	defer cancel()
	if err := a.options.Ledger.NoteAttempt(ctx, activitylog.Attempt{
		By: known.By(), RequestID: known.ID(), Asked: said, Operation: operation, Resource: resource, ResourceID: r.named(req),
		CustomerTenantID: idIn(req, customerInPath), Via: kernel.ByAPI, Cause: cause, Message: Clip(message),
	}); err != nil {
		a.log(req.Context()).Warn("A refused attempt could not be recorded.", errorField(err))
	}
}

// asked is the fingerprint of who asks for what: by method, path, query and body.
func asked(known *Request, req *http.Request, r Route) string {
	body := sha256.New()
	if read, is := req.Body.(*received); is {
		body.Write(read.whole)
	} else {
		_, _ = io.Copy(body, io.LimitReader(req.Body, r.MaxBody)) // of a body that breaks off, what came of it
	}
	return kernel.FingerprintOf([]byte(known.Caller.UserID), []byte(req.Method), []byte(strings.ToLower(req.URL.Path)), []byte(req.URL.RawQuery), body.Sum(nil))
}

// noteUnread is noteAttempt of a request whose body is not read yet. Who holds its body back is not waited for long.
func (a *API) noteUnread(w http.ResponseWriter, req *http.Request, r Route, why error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(keepIn)); err == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }() // the deadline was for the body, not for what comes of it
	}
	a.noteAttempt(req, r, why)
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
