package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"handover/internal/identity"
	"handover/internal/kernel"
)

// route declares one operation: what it is, who may call it and what it can be refused with. Everything about access and
// idempotency follows from it, and so does its description.
type route struct {
	id          string // of the operation, as generated clients call it
	method      string
	path        string
	tag         string
	summary     string
	description string
	status      int // of success; 0 for 200

	open      bool            // no token needed
	roles     []identity.Role // the caller needs one of them
	users     bool            // an application alone is refused (900329)
	write     bool            // changes something: idempotent by its request id. Set by registerWrite
	rehearses bool            // with ?dryRun=true it changes nothing
	streams   bool            // goes on for as long as there is something to tell
	extension bool            // not part of the wire contract
	maxBody   int64           // bytes; 0 for the usual limit
	body      *shape          // of the body, from the handler's type
	forms     []form          // of success, where the handler's type does not tell
	causes    []kernel.Cause
}

// form is one form of an answer.
type form struct {
	status      int
	kind        string       // media type
	body        reflect.Type // nil for none
	description string
}

// usualBody bounds a request body, in bytes; largeBody that of a submit, which may list 10,000 line items.
const (
	usualBody = 64 << 10
	largeBody = 4 << 20
)

// answerIn bounds every request: a ledger that accepts a question and never answers must not hold its caller.
const answerIn = 20 * time.Second

// bodyTimeout is how long a client may take to send a body.
const bodyTimeout = 30 * time.Second

// register declares the operation and its handler. The handler finds the caller in requestOf(ctx); whatever error it
// returns is classified by explain.
func register[I, O any](a *API, r route, handle func(context.Context, *I) (*O, error)) {
	if r.maxBody == 0 {
		r.maxBody = usualBody
	}
	r.body = a.shapeOf(typeOf[I]())
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

// operation is the route as the framework wants it.
func (a *API) operation(r route) huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.describe(), Tags: []string{r.tag},
		DefaultStatus: r.status, MaxBodyBytes: r.maxBody + 1, BodyReadTimeout: bodyTimeout,
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
func (a *API) through(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req, w := humago.Unwrap(ctx)
		known := requestOf(req.Context())
		known.route = r.method + " " + r.path
		within := context.WithValue(req.Context(), acceptKey{}, req.Header.Get("Accept"))
		if !r.streams {
			var cancel context.CancelFunc
			within, cancel = context.WithTimeout(within, answerIn)
			defer cancel()
		}
		req = req.WithContext(within)
		handle := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			next(humago.NewContext(ctx.Operation(), req, w))
		})
		if r.open {
			handle(w, req)
			return
		}
		if err := a.admit(req, r); err != nil {
			a.explain(req.Context(), err).write(w, req)
			return
		}
		if r.write && !readAsJSON(req) {
			refuse(wrongMediaType, "The body must be application/json.").write(w, req)
			return
		}
		if !r.write {
			handle(w, req)
			return
		}
		done, err := a.receive(w, req, r)
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

// typeOf is the type that the framework describes.
func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
