package httpapi

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"handover/internal/command"
	"handover/internal/identity"
	"handover/internal/kernel"
)

// Route declares one operation: what it is, who may call it and what it can be refused with. Everything about access and
// idempotency follows from it, and so does its description.
type Route struct {
	ID          string // of the operation, as generated clients call it
	Method      string
	Path        string
	Tag         string
	Summary     string
	Description string
	Status      int // of success; 0 for 200

	Roles     []identity.Role // the caller needs one of them
	Right     *Right          // and this
	Users     bool            // an application alone is refused (900329)
	Rehearses bool            // with ?dryRun=true it changes nothing
	Extension bool            // not part of the wire contract
	MaxBody   int64           // bytes; 0 for the usual limit
	Smaller   string          // what to do instead of sending a body that is larger
	Lists     map[string]List // of the body, by path, that have another bound than their field
	Forms     []Form          // of success, where the handler's type does not tell
	Causes    []kernel.Cause  // that the domain refuses it with; those about HTTP are known

	// Resource is what clients read, and send back as the body with what they want changed in it (wire-notes 13). Echoes are
	// the paths of more members that the models of their SDKs have in that body. Nobody reads either here; any other member
	// that is not of the body is refused.
	Resource reflect.Type
	Echoes   []string

	// Rerender is asked for the body of an answer that was too large to be kept, and has a form. Nil when there is none.
	Rerender func(ctx context.Context, before command.Answer) (command.Answer, error)

	open    bool   // no token needed. Set by RegisterOpen
	probe   bool   // asked by who runs the program, as often as it likes
	write   bool   // changes something: idempotent by its request id. Set by RegisterWrite
	streams bool   // goes on for as long as there is something to tell. Set by RegisterStream
	body    *shape // of the body, from the handler's type
	query   parameters
}

// Form is one form of an answer.
type Form struct {
	Status      int
	Kind        string       // media type
	Body        reflect.Type // nil for none
	Description string
}

// List bounds a list whose length is the deployment's to say.
type List struct {
	Most    int // elements; 0 for the bound of the field
	TooMany func(elements int) error
}

// usualBody bounds a request body, in bytes.
const usualBody = 64 << 10

// answerIn bounds every request: a ledger that accepts a question and never answers must not hold its caller.
const answerIn = 20 * time.Second

// bodyTimeout is how long a client may take to send a body.
const bodyTimeout = 30 * time.Second

// Register declares an operation that only reads, and its handler. The handler finds the caller in RequestOf(ctx); whatever
// error it returns becomes an answer: that of *Error and *kernel.Refusal says why, that of anything else only that it failed.
func Register[I, O any](a *API, r Route, handle func(context.Context, *I) (*O, error)) {
	if r.MaxBody == 0 {
		r.MaxBody = usualBody
	}
	r.body, r.query = r.shape(reflect.TypeFor[I]()), parametersOf(reflect.TypeFor[I]())
	if r.Right == nil && !r.open {
		a.faults = append(a.faults, fmt.Errorf("the operation %s does not say by which right it is called", r.ID))
		r.Right = everybody
	}
	a.routes = append(a.routes, r)
	huma.Register(a.huma, a.operation(r), func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		var unmodified notModified
		switch {
		case err == nil:
			return out, nil
		case errors.As(err, &unmodified):
			return nil, unmodified // an answer like any other, only that the framework wants it as an error
		}
		return nil, a.explain(ctx, err).inShape(acceptOf(ctx))
	})
}

// RegisterOpen declares an operation that reads what everybody may know: it needs no token. Of one address it is answered as often as
// operations of one partner are.
func RegisterOpen[I, O any](a *API, r Route, handle func(context.Context, *I) (*O, error)) {
	r.open = true
	Register(a, r, handle)
}

// operation is the route as the framework wants it.
func (a *API) operation(r Route) huma.Operation {
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path, Summary: r.Summary, Description: r.describe(), Tags: []string{r.Tag},
		DefaultStatus: r.Status, MaxBodyBytes: r.MaxBody + 1, BodyReadTimeout: bodyTimeout,
		SkipValidateBody: true, // the domain checks what bodies say, and says it better
		Responses:        r.answers(a.huma),
		Middlewares:      huma.Middlewares{a.through(r)},
	}
	op.Security = []map[string][]string{{securityScheme: {}}}
	if r.open {
		op.Security = []map[string][]string{{}} // an empty requirement: nothing is needed
	}
	return op
}

// through is the way of a request to its handler: who is it, may it, not too often, not twice.
func (a *API) through(r Route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req, w := humago.Unwrap(ctx)
		known := RequestOf(req.Context())
		known.route = r.Method + " " + r.Path
		within := context.WithValue(req.Context(), acceptKey{}, acceptIn(req.Header))
		if !r.streams {
			var cancel context.CancelFunc
			within, cancel = context.WithTimeout(within, answerIn)
			defer cancel()
		}
		req = req.WithContext(within)
		handle := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			next(humago.NewContext(ctx.Operation(), req, w))
		})
		admitted, err := a.admitted(ctx.Operation(), req, r)
		switch {
		case err != nil:
			if r.write {
				a.noteUnread(w, req, r, err)
			}
			a.explain(req.Context(), err).write(w, req)
		case r.write:
			a.receive(handle, r)(w, admitted)
		default:
			handle(w, admitted)
		}
	}
}

// admitted is the request of a caller who may call the operation, as it is understood. Errors: those of admit, of the operation's
// right and of understood.
func (a *API) admitted(op *huma.Operation, req *http.Request, r Route) (*http.Request, error) {
	if r.open {
		if !r.probe {
			if err := a.limits.take(peerOf(req), a.options.Now()); err != nil {
				return nil, err
			}
		}
		if err := checkParameters(op, req); err != nil {
			return nil, err
		}
		return r.understood(req)
	}
	admitted, err := a.admit(req, r)
	if err == nil {
		err = checkParameters(op, req)
	}
	if err != nil {
		return nil, err
	}
	req = req.WithContext(admitted)
	if err := r.Right.check(req); err != nil {
		return nil, err
	}
	return r.understood(req)
}

// receive is the way of a write: its body is read, and it is answered once.
func (a *API) receive(handle http.HandlerFunc, r Route) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if coded := req.Header.Get("Content-Encoding"); coded != "" && coded != "identity" {
			Refuse(wrongMediaType, "The body must come as it is, without a Content-Encoding.").write(w, req)
			return
		}
		if !readAsJSON(req) {
			Refuse(wrongMediaType, "The body must be application/json.").write(w, req)
			return
		}
		done, err := a.receiveBody(w, req, r)
		if err != nil {
			a.explain(req.Context(), err).write(w, req)
			return
		}
		defer done()
		a.once(handle, r)(w, req)
	}
}

// readAsJSON tells whether the body is JSON by its media type, or by the lack of one. The framework then sees a type that it
// knows: it tells no other complaint about a body from one about its type.
func readAsJSON(req *http.Request) bool {
	given := req.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	if given != "" && (err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json")) {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	return true
}

type acceptKey struct{}

func acceptOf(ctx context.Context) string {
	accept, _ := ctx.Value(acceptKey{}).(string)
	return accept
}
