package devissuer

import (
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// redeem returns what a refresh token stands for. It is good for the client and the tenant that it was given to, and an
// access token is none: its type and its audience are others. Errors: *failure.
func (i *Issuer) redeem(q request) (grant, error) {
	g, err := i.readRefresh(q.refresh)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return grant{}, badRequest(invalidGrant, "The refresh token has expired; ask with client_credentials again.")
	case err != nil, g.Tenant != q.tenantID, g.Client != q.clientID:
		return grant{}, badRequest(invalidGrant, "The refresh token is not one that this issuer gave to this client for this tenant.")
	}
	return g, nil
}

func (i *Issuer) readRefresh(raw string) (grant, error) {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(i.public.Algorithm)})
	if err != nil {
		return grant{}, err
	}
	isRefresh := func(h jose.Header) bool { return h.ExtraHeaders[jose.HeaderType] == string(refreshType) }
	if !slices.ContainsFunc(token.Headers, isRefresh) {
		return grant{}, errors.New("not a refresh token")
	}
	var g grant
	var times jwt.Claims
	if err := token.Claims(i.public, &g, &times); err != nil {
		return grant{}, err
	}
	return g, times.ValidateWithLeeway(jwt.Expected{
		Issuer: i.settings.issuer(g.Tenant), AnyAudience: jwt.Audience{i.settings.refreshAudience()}, Time: i.settings.Now(),
	}, 0)
}
