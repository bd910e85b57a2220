package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"handover/internal/kernel"
)

// applicationClaims name the application that a token was given to, where the settings do not.
var applicationClaims = []string{"azp", "appid"}

// principalClaims hold the name by which people know a user, in the tokens of either version.
var principalClaims = []string{"upn", "preferred_username"}

// longestPrincipal bounds that name, in characters.
const longestPrincipal = 320

// claims are what a token says, by name.
type claims map[string]json.RawMessage

func readClaims(payload []byte) (claims, error) {
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return nil, invalid("The token's claims are malformed.")
	}
	return c, nil
}

// has tells whether the token says anything under that name; null is nothing.
func (c claims) has(name string) bool {
	value, ok := c[name]
	return ok && string(value) != "null"
}

// text reads a claim that must be a string; it is false for a token without.
func (c claims) text(name string) (string, bool, error) {
	if !c.has(name) {
		return "", false, nil
	}
	var text string
	if json.Unmarshal(c[name], &text) != nil {
		return "", false, invalid("The token's claim %s is not text.", name)
	}
	return text, true, nil
}

// id reads a claim that must be a GUID; it is empty for a token without.
func (c claims) id(name string) (string, error) {
	text, ok, err := c.text(name)
	if err != nil || !ok {
		return "", err
	}
	id, err := kernel.ParseID(name, text)
	if err != nil {
		return "", invalid("The token's claim %s is not a GUID.", name)
	}
	return id, nil
}

// names reads a claim that is a list of names, or one text of them.
func (c claims) names(name string) ([]string, error) {
	if !c.has(name) {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(c[name], &list) == nil {
		return list, nil
	}
	text, _, err := c.text(name)
	if err != nil {
		return nil, invalid("The token's claim %s is neither text nor a list of names.", name)
	}
	return append(strings.Fields(text), text), nil // a single name may have spaces itself
}

// begins tells that the token is valid later only. Clocks may differ by the leeway.
func (c claims) begins(now time.Time) bool {
	var notBefore json.Number
	if json.Unmarshal(c["nbf"], &notBefore) != nil {
		return false // absent; go-oidc has refused what is no number
	}
	seconds, err := notBefore.Float64()
	return err == nil && seconds > float64(now.Add(leeway).Unix())
}

// checkTimes refuses a token that has expired, or begins later.
func (c claims) checkTimes(expiry, now time.Time) error {
	switch {
	case expiry.IsZero():
		return invalid("The token has no expiry (exp).")
	case expiry.Add(leeway).Before(now):
		return invalid("The token has expired (exp).")
	case c.begins(now):
		return notYet()
	}
	return nil
}

// caller reads who brings the token. A token of type "app", or without a user, is an application's own.
func (v *Verifier) caller(c claims) (Caller, error) {
	tenant, err := c.id(v.settings.TenantClaim)
	if err != nil {
		return Caller{}, err
	}
	if tenant == "" {
		return Caller{}, invalid("The token names no tenant (%s).", v.settings.TenantClaim)
	}
	user, err := v.user(c)
	if err != nil {
		return Caller{}, err
	}
	application, err := v.application(c)
	if err != nil {
		return Caller{}, err
	}
	names, err := c.names(v.settings.RolesClaim)
	if err != nil {
		return Caller{}, err
	}
	return Caller{
		TenantID: tenant, UserID: user, PrincipalName: c.principalName(user), ApplicationID: application,
		Roles: rolesAmong(names), OtherRoles: othersAmong(names),
	}, nil
}

// user is empty for an application: an issuer may put the application's own id where a user's would be.
func (v *Verifier) user(c claims) (string, error) {
	kind, _, err := c.text("idtyp")
	if err != nil || kind == "app" {
		return "", err
	}
	return c.id(v.settings.UserClaim)
}

// principalName is empty for an application. It is for people to read, so a token without, or with one that is no text, is as good.
func (c claims) principalName(user string) string {
	if user == "" {
		return ""
	}
	for _, name := range principalClaims {
		if text, _, err := c.text(name); err == nil && text != "" {
			return kernel.ShortLine(text, longestPrincipal)
		}
	}
	return ""
}

func (v *Verifier) application(c claims) (string, error) {
	candidates := applicationClaims
	if v.settings.ApplicationClaim != "" {
		candidates = []string{v.settings.ApplicationClaim}
	}
	for _, name := range candidates {
		if application, ok, err := c.text(name); ok || err != nil {
			return application, err
		}
	}
	return "", nil
}

// rolesAmong picks the names that are roles here.
func rolesAmong(names []string) []Role {
	var held []Role
	for _, role := range Roles() {
		if slices.ContainsFunc(names, func(name string) bool {
			named, ok := ParseRole(name)
			return ok && named == role
		}) {
			held = append(held, role)
		}
	}
	return held
}

// othersAmong picks the names that are no roles here.
func othersAmong(names []string) []string {
	var others []string
	for _, name := range names {
		if _, ok := ParseRole(name); !ok {
			others = append(others, name)
		}
	}
	return others
}
