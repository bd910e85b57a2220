package api

import (
	"errors"
	"net/http"
	"strings"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/transfer"
)

// admit is the one place that decides who may call an operation at all: a valid token, of a partner known here, with one of
// the operation's roles, as a user where a user is needed, and not more often than allowed. What of a transfer or customer
// the partner may then see is decided by transfer.View and by the ledger's searches, which know nothing of roles.
func (a *API) admit(req *http.Request, r route) error {
	known := requestOf(req.Context())
	raw, ok := bearer(req.Header.Get("Authorization"))
	if !ok {
		return refuse(tokenMissing, "Partner Token missing in request context. Send the header Authorization: Bearer <token>.")
	}
	caller, err := a.Tokens.Verify(req.Context(), raw)
	var invalid *identity.InvalidTokenError
	switch {
	case errors.As(err, &invalid):
		return refuse(tokenInvalid, "Access denied: %s Get a new token and send the request again.", invalid.Error())
	case errors.Is(err, identity.ErrUnavailable):
		return refuse(unavailable, "Tokens cannot be checked, because their issuer does not answer. Repeat the same request later.").again(retryLedger)
	case err != nil:
		return err
	}
	known.caller = caller
	if err := a.limits.take(caller.TenantID, a.Now()); err != nil {
		return err
	}
	partner, err := a.Ledger.Partner(req.Context(), caller.TenantID)
	if errors.Is(err, programme.PartnerUnknown) {
		return refuse(notAPartner, "Your tenant is not a partner here.")
	}
	if err != nil {
		return err
	}
	known.partner = partner
	return permitted(r, caller)
}

// permitted checks the caller against what the operation asks for.
func permitted(r route, caller identity.Caller) error {
	switch {
	case !caller.Has(r.roles...):
		return refuse(roleMissing, "This needs the role %s.", strings.Join(names(r.roles), " or "))
	case r.users && caller.UserID == "":
		return refuse(userRequired, "This needs a user: application-only tokens are refused. Sign a user in and use their token.")
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

// actor is the caller as the domain knows it.
func (r *request) actor() kernel.Actor {
	return kernel.Actor{PartnerTenantID: r.caller.TenantID, UserID: r.caller.UserID}
}

// viewer is the caller as somebody who looks.
func (r *request) viewer() transfer.Viewer {
	return transfer.Viewer{PartnerTenantID: r.caller.TenantID}
}
