package httpapi

import (
	"context"
	"net/http"

	"handover/internal/kernel"
)

// Right says which of the callers that have the role may call an operation. Every operation that needs a token declares one, so
// that none is open to somebody because nobody thought of them; New refuses one without.
type Right struct {
	Says   string // whom the operation is for, for its description; empty for everybody
	Causes []kernel.Cause

	// Check refuses the caller whose request has this context, before anything of the body is read. The function gives the
	// parameters of the path by name; it is empty for one that the operation does not have. Nil lets everybody through.
	Check func(ctx context.Context, path func(name string) string) error
}

var everybody = &Right{}

// Everybody is the right of all who have the role.
func Everybody() *Right { return everybody }

// check asks the right. Errors: those of its Check.
func (r *Right) check(req *http.Request) error {
	if r.Check == nil {
		return nil
	}
	return r.Check(req.Context(), req.PathValue)
}
