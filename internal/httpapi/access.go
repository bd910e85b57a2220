package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"handover/internal/identity"
	"handover/internal/kernel"
)

// Tokens tells who a bearer token speaks for; *identity.Verifier is one.
type Tokens interface {
	Verify(ctx context.Context, raw string) (identity.Caller, error)
	Ready(ctx context.Context) error
}

// admit is the one place that decides who may call an operation at all: a valid token, of a caller known here, with one of
// the operation's roles, as a user where a user is needed, and not more often than allowed. What of a thing the caller may
// then see is decided by the rules of its context, which know nothing of roles. The context that it returns has what the
// deployment's Admit put there.
func (a *API) admit(req *http.Request, r Route) (context.Context, error) {
	raw, ok := bearer(req.Header.Get("Authorization"))
	if !ok {
		return nil, Refuse(tokenMissing, "Partner Token missing in request context. Send the header Authorization: Bearer <token>.")
	}
	caller, err := a.options.Tokens.Verify(req.Context(), raw)
	var invalid *identity.InvalidTokenError
	switch {
	case errors.As(err, &invalid):
		return nil, Refuse(tokenInvalid, "Access denied: %s Get a new token and send the request again.", invalid.Error())
	case errors.Is(err, identity.ErrUnavailable):
		return nil, Refuse(unavailable, "Tokens cannot be checked, because their issuer does not answer. Repeat the same request later.").again(retryLedger)
	case err != nil:
		return nil, err
	}
	RequestOf(req.Context()).Caller = caller
	if err := a.limits.take(caller.TenantID, a.options.Now()); err != nil {
		return nil, err
	}
	if a.operates(caller) && slices.Contains(r.Roles, identity.Operator) {
		return req.Context(), nil
	}
	admitted, err := a.options.Admit(req.Context(), caller)
	if err != nil {
		return nil, err
	}
	RequestOf(req.Context()).ofPartner = true
	return admitted, permitted(r, caller)
}

// operates tells whether the caller runs the platform: the role alone would not do, because where an issuer serves many tenants each of
// them gives roles to its own people.
func (a *API) operates(caller identity.Caller) bool {
	return a.options.OperatorsTenant != "" && kernel.SameID(caller.TenantID, a.options.OperatorsTenant) &&
		slices.Contains(caller.OtherRoles, string(identity.Operator))
}

// permitted checks the caller against what the operation asks for.
func permitted(r Route, caller identity.Caller) error {
	switch {
	case !caller.Has(r.Roles...):
		return Refuse(roleMissing, "This needs the role %s.", strings.Join(names(r.Roles), " or "))
	case r.Users && caller.UserID == "":
		return Refuse(userRequired, "This needs a user: application-only tokens are refused. Sign a user in and use their token.")
	}
	return nil
}

func names(roles []identity.Role) []string {
	all := make([]string, len(roles))
	for i, r := range roles {
		all[i] = string(r)
	}
	return all
}

// bearer takes the token out of the Authorization header.
func bearer(header string) (string, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
