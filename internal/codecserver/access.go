package codecserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"

	"handover/internal/identity"
	"handover/internal/kernel"
)

// Tokens tells who a bearer token speaks for; *identity.Verifier is one.
type Tokens interface {
	Verify(ctx context.Context, raw string) (identity.Caller, error)
}

// Operators may read: those whose token comes from the tenant and names the role. The role alone would not do, because where an
// issuer serves many tenants each of them gives roles to its own people, and payloads are of all parties. Who reads is logged.
func Operators(tokens Tokens, tenantID, role string, logger *zap.Logger) Access {
	return func(r *http.Request) error {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
			return &refusal{http.StatusUnauthorized, "Send the header Authorization: Bearer <token>; the Web UI does once it is told to pass access tokens."}
		}
		caller, err := tokens.Verify(r.Context(), token)
		var invalid *identity.InvalidTokenError
		switch {
		case errors.As(err, &invalid):
			return &refusal{http.StatusUnauthorized, "Access denied: " + invalid.Error()}
		case errors.Is(err, identity.ErrUnavailable):
			return &refusal{http.StatusServiceUnavailable, "Tokens cannot be checked, because their issuer does not answer. Try again later."}
		case err != nil:
			return err
		case !kernel.SameID(caller.TenantID, tenantID) || !slices.Contains(caller.OtherRoles, role):
			return &refusal{http.StatusForbidden, "Payloads are shown to the operators of this platform only, with the role " + role + " in their own tenant."}
		}
		logger.Info("An operator has payloads shown.", zap.String("user", caller.UserID), zap.String("application", caller.ApplicationID))
		return nil
	}
}

// ThisMachine lets the page of the Web UI read without a token, for a server that nobody but this machine reaches and that gives
// out tokens to whoever asks anyway. A request that names no page is refused: no page can leave that out.
func ThisMachine(r *http.Request) error {
	if r.Header.Get("Origin") == "" {
		return &refusal{http.StatusForbidden, "Only the Web UI may ask here."}
	}
	return nil
}
