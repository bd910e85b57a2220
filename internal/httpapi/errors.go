package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
)

// source names this service in every error.
const source = "handover"

// Error is the body of every answer from 400 upwards.
type Error struct {
	Code        string   `json:"code" doc:"Code of the wire contract. Some causes share one; errorName tells them apart." example:"900100"`
	Description string   `json:"description" minLength:"1" maxLength:"1024" doc:"What is wrong and what to do about it."`
	Data        []string `json:"data,omitempty" doc:"The ids that the description speaks of."`
	Source      string   `json:"source" doc:"The service that answers." example:"handover"`
	ErrorName   string   `json:"errorName" doc:"The one cause of this error." example:"TransferNotFound"`
	IsRetryable bool     `json:"isRetryable" doc:"Whether the very same request may succeed later; Retry-After says when."`

	status     int
	retryAfter time.Duration
	asProblem  bool
}

// Problem is the same in the shape of RFC 9457, for clients that ask for application/problem+json.
type Problem struct {
	Type        string   `json:"type" format:"uri-reference" doc:"Where the cause is documented." example:"/docs/errors#TransferNotFound"`
	Title       string   `json:"title" doc:"The cause in one word." example:"TransferNotFound"`
	Status      int      `json:"status" doc:"The HTTP status." example:"404"`
	Detail      string   `json:"detail" doc:"What is wrong and what to do about it."`
	Code        string   `json:"code" doc:"Code of the wire contract." example:"900100"`
	Data        []string `json:"data,omitempty" doc:"The ids that the detail speaks of."`
	IsRetryable bool     `json:"isRetryable" doc:"Whether the very same request may succeed later."`
}

// throttled is the body of a 429, which some clients know by these two fields.
type throttled struct {
	*plainError
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
}

// plainError is an Error without its MarshalJSON.
type plainError Error

const problemType = "application/problem+json"

func (e *Error) Error() string { return e.Description }

// GetStatus is the HTTP status.
func (e *Error) GetStatus() int { return e.status }

// ContentType is what the body is sent as.
func (e *Error) ContentType(usual string) string {
	if e.asProblem {
		return problemType
	}
	return usual
}

// GetHeaders are the headers that belong to the error.
func (e *Error) GetHeaders() http.Header {
	h := http.Header{}
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.retryAfter.Seconds()))))
	}
	if e.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// MarshalJSON writes the shape that the client asked for.
func (e *Error) MarshalJSON() ([]byte, error) {
	switch {
	case e.asProblem:
		return json.Marshal(Problem{
			Type: "/docs/errors#" + e.ErrorName, Title: e.ErrorName, Status: e.status, Detail: e.Description,
			Code: e.Code, Data: e.Data, IsRetryable: e.IsRetryable,
		})
	case e.status == http.StatusTooManyRequests:
		return json.Marshal(throttled{plainError: (*plainError)(e), StatusCode: e.status, Message: e.Description})
	default:
		return json.Marshal((*plainError)(e))
	}
}

// inShape makes the error take the shape that the Accept header asks for.
func (e *Error) inShape(accept string) *Error {
	e.asProblem = Prefers(accept, problemType, "application/json")
	return e
}

// Refuse makes the error for a cause that is not the domain's: one about HTTP, or about what only HTTP can say. It ends the
// request without a trace where the domain's kernel.Refusal is an outcome of the command.
func Refuse(c kernel.Cause, format string, args ...any) *Error {
	return &Error{status: c.HTTPStatus(), Code: c.Code(), ErrorName: string(c), Description: fmt.Sprintf(format, args...), Source: source}
}

// again adds when the request may be repeated.
func (e *Error) again(after time.Duration) *Error {
	e.retryAfter, e.IsRetryable = max(after, time.Second), true
	return e
}

// explain classifies whatever went wrong, the one place where that is done for the API.
func (a *API) explain(ctx context.Context, err error) *Error {
	var known *Error
	var refusal *kernel.Refusal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return fromRefusal(refusal)
	case errors.Is(err, store.ErrLocked):
		return Refuse(unavailable, "Somebody else is changing the same thing. Repeat the same request in a moment.").again(time.Second)
	case errors.Is(err, store.ErrUnavailable):
		return Refuse(unavailable, "The ledger is not available. Repeat the same request later.").again(retryLedger)
	case errors.Is(err, context.Canceled):
		return Refuse(unavailable, "The request was not finished. Repeat the same request.").again(time.Second)
	case errors.Is(err, context.DeadlineExceeded):
		return Refuse(unavailable, "The answer took too long. Repeat the same request later; it is safe.").again(retryLedger)
	}
	a.log(ctx).Error("A request failed in a way nobody expected.", errorField(err))
	return Refuse(unexpected, "Something went wrong here. Repeat the same request; if it persists, give the operator the MS-RequestId.")
}

// retryLedger is when a request that met a silent ledger or issuer is worth repeating.
const retryLedger = 5 * time.Second

// retryBound is when a request is worth repeating that exceeded what a partner may ask for in a day.
const retryBound = time.Hour

// fromRefusal puts the domain's no on the wire.
func fromRefusal(r *kernel.Refusal) *Error {
	e := &Error{
		status: r.HTTPStatus(), Code: r.Code, ErrorName: string(r.Cause), Description: Clip(r.Message), Data: r.Data, Source: source,
	}
	switch {
	case r.Cause.Again() > 0:
		return e.again(r.Cause.Again())
	case e.status == http.StatusTooManyRequests: // a bound within a day
		return e.again(retryBound)
	case r.Cause == kernel.BeingProcessed || r.Cause.Retryable():
		return e.again(time.Second)
	}
	return e
}

// answer is the error in the shape that the Accept header asks for.
func (e *Error) answer(accept string) (command.Answer, error) {
	answer, err := JSON(e.status, e.inShape(accept))
	for name, value := range singles(e.GetHeaders()) {
		answer.Header[name] = value
	}
	answer.Header["Content-Type"] = e.ContentType("application/json")
	return answer, err
}

// write answers with the error.
func (e *Error) write(w http.ResponseWriter, r *http.Request) {
	answer, err := e.answer(acceptIn(r.Header))
	if err != nil {
		answer.Body = nil // the status says what is left to say
	}
	give(w, answer)
}

// useOwnErrors makes the framework's complaints look like ours. It complains of bodies and parameters only. It has one way for
// all APIs of a program.
var useOwnErrors = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, details ...error) huma.StatusError {
		return fromFramework(status, message, details)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, details ...error) huma.StatusError {
		return fromFramework(status, message, details).inShape(ctx.Header("Accept"))
	}
})

func fromFramework(status int, message string, details []error) *Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return Refuse(tooLarge, "The body is larger than this operation takes.")
	case http.StatusRequestTimeout:
		return Refuse(tooSlow, "The body did not arrive in time. Repeat the same request.")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Refuse(badRequest, "The request cannot be read: %s.", complaint(message, details))
	default:
		return Refuse(unexpected, "Something went wrong here. Repeat the same request; if it persists, give the operator the MS-RequestId.")
	}
}

// complaint names the places that are wrong, without repeating what the client sent there.
func complaint(message string, details []error) string {
	var said []string
	for _, d := range details {
		var detail *huma.ErrorDetail
		if errors.As(d, &detail) {
			said = append(said, fmt.Sprintf("%s: %s", detail.Location, Clip(detail.Message)))
		}
	}
	if len(said) == 0 {
		return message
	}
	return Clip(strings.Join(said, "; "))
}

// Clip keeps a text inside what a description may hold.
func Clip(text string) string {
	const most = 800
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
