package devissuer

import (
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"handover/internal/identity"
)

// The types of the tokens, as their headers name them.
const (
	accessType  jose.ContentType = "JWT"
	refreshType jose.ContentType = "refresh+jwt"
)

// grant is what a token says beside its times.
type grant struct {
	Tenant string          `json:"tid"`
	User   string          `json:"oid,omitempty"`
	Client string          `json:"azp"`
	Roles  []identity.Role `json:"roles"`
	Kind   string          `json:"idtyp"` // app or user
}

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"` // with a user only
}

// answerToken is the token endpoint.
func (i *Issuer) answerToken(w http.ResponseWriter, r *http.Request) (any, error) {
	return i.grantToken(w, r)
}

// grantToken gives an access token, and a refresh token when a user is in it. Errors: *failure.
func (i *Issuer) grantToken(w http.ResponseWriter, r *http.Request) (tokenAnswer, error) {
	q, err := i.readRequest(w, r)
	if err != nil {
		return tokenAnswer{}, err
	}
	g := grant{Tenant: q.tenantID, User: q.userID, Client: q.clientID, Roles: q.roles, Kind: "app"}
	if g.User != "" {
		g.Kind = "user"
	}
	if q.grant == grantRefresh {
		if g, err = i.redeem(q); err != nil {
			return tokenAnswer{}, err
		}
	}
	return i.issue(g)
}

func (i *Issuer) issue(g grant) (tokenAnswer, error) {
	left := int(i.settings.Lifetime/time.Second) - 1 // a client that counts on it is never late
	answer := tokenAnswer{TokenType: "Bearer", ExpiresIn: left, ExtExpiresIn: left}
	var err error
	if answer.AccessToken, err = i.sign(i.access, i.settings.Audience, i.settings.Lifetime, g); err != nil {
		return answer, err
	}
	if g.User != "" {
		answer.RefreshToken, err = i.sign(i.refresh, i.settings.refreshAudience(), refreshLifetime, g)
	}
	return answer, err
}

// sign makes a token of the grant, for that audience, good for that long from now.
func (i *Issuer) sign(signer jose.Signer, audience string, life time.Duration, g grant) (string, error) {
	now := i.settings.Now()
	subject := g.User
	if subject == "" {
		subject = g.Client
	}
	return jwt.Signed(signer).Claims(g).Claims(jwt.Claims{
		Issuer: i.settings.issuer(g.Tenant), Subject: subject, Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(life)),
	}).Serialize()
}
