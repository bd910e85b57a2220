package kernel

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Cause names why something was refused. It is an error itself, so that callers can ask errors.Is(err, cause). Each context
// registers its own.
type Cause string

func (c Cause) Error() string { return string(c) }

// Meaning is what a cause is to a client of the REST contract (domain section 4.6, decision OQ-10), and what it enforces.
type Meaning struct {
	Code    string // several causes may share one
	Status  int    // of HTTP
	Rule    string // rules (R-n), transitions (Tn), invariants (I-n) or decisions (OQ-n) of the domain
	Passing bool   // another attempt may succeed without anybody changing anything

	Again time.Duration // after which the same request may be repeated, where that is another time than usual for its status
}

var meanings = map[Cause]Meaning{}

// Register makes causes known, once per program; a context does so in a package-level variable. A cause that is known already
// is a mistake of the programmer, and panics.
func Register(causes map[Cause]Meaning) struct{} {
	for cause, meaning := range causes {
		if _, known := meanings[cause]; known {
			panic(fmt.Sprintf("the cause %s is registered twice", cause))
		}
		meanings[cause] = meaning
	}
	return struct{}{}
}

// Causes lists every cause that is registered, in alphabetical order.
func Causes() []Cause { return slices.Sorted(maps.Keys(meanings)) }

// Refusal is a no with its reason. It travels as JSON inside Temporal failures and becomes the error body of R-106 at the API.
type Refusal struct {
	Cause   Cause    `json:"cause"`
	Code    string   `json:"code"`           // wire code, section 4.6
	Message string   `json:"message"`        // one sentence: what is wrong and what to do
	Data    []string `json:"data,omitempty"` // ids the message is about
}

// Refuse makes the refusal for a cause. The message must say what is wrong and what to do.
func Refuse(cause Cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Code: cause.Code(), Message: fmt.Sprintf(format, args...)}
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

// HTTPStatus is the status the REST contract answers with (section 4.6); 500 for a cause that nobody registered.
func (c Cause) HTTPStatus() int {
	if m, known := meanings[c]; known {
		return m.Status
	}
	return http.StatusInternalServerError
}

// Code is the code of the REST contract (section 4.6). Several causes may share one.
func (c Cause) Code() string { return meanings[c].Code }

// Rule names what the cause enforces: rules (R-n), transitions (Tn), invariants (I-n) or decisions (OQ-n) of the domain.
func (c Cause) Rule() string { return meanings[c].Rule }

// Again is after which time the same request may be repeated, where that is another than usual for its status; 0 otherwise.
func (c Cause) Again() time.Duration { return meanings[c].Again }

// Retryable tells whether another attempt may succeed without anybody changing anything.
func (c Cause) Retryable() bool { return meanings[c].Passing }
