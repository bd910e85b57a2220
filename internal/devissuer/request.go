package devissuer

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"handover/internal/identity"
	"handover/internal/kernel"
)

const (
	grantCredentials = "client_credentials"
	grantRefresh     = "refresh_token"

	maxBody     = 16 << 10 // bytes; a refresh token is the largest part of a request
	maxClientID = 200
)

// request is what a client asks for, once it has shown the secret.
type request struct {
	grant    string
	tenantID string
	clientID string
	refresh  string          // with grantRefresh
	roles    []identity.Role // with grantCredentials, from here on
	userID   string          // empty for an application's own token
}

// readRequest reads and checks a request for a token. Errors: *failure.
func (i *Issuer) readRequest(w http.ResponseWriter, r *http.Request) (request, error) {
	form, err := readForm(w, r)
	if err != nil {
		return request{}, err
	}
	q := request{grant: form.Get("grant_type"), refresh: form.Get("refresh_token")}
	if q.clientID, err = authenticate(r, form); err != nil {
		return q, err
	}
	if q.tenantID, err = i.tenant(r); err != nil {
		return q, err
	}
	switch q.grant {
	case grantCredentials:
		return q.forWhom(form)
	case grantRefresh:
		if q.refresh == "" {
			return q, badRequest(invalidRequest, "refresh_token is missing.")
		}
		return q, nil
	case "":
		return q, badRequest(invalidRequest, "grant_type is missing; it must be %s or %s.", grantCredentials, grantRefresh)
	default:
		return q, badRequest(unsupportedGrantType, "grant_type must be %s or %s.", grantCredentials, grantRefresh)
	}
}

// readForm reads the body, never the query: what stands there ends up in logs.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badRequest(invalidRequest, "The body must be a form (application/x-www-form-urlencoded).")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var tooLarge *http.MaxBytesError
	switch err := r.ParseForm(); {
	case errors.As(err, &tooLarge):
		return nil, &failure{status: http.StatusRequestEntityTooLarge, Code: invalidRequest, Description: "The body is larger than 16 kB."}
	case err != nil:
		return nil, badRequest(invalidRequest, "The form is malformed.")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 && name != "role" {
			return nil, badRequest(invalidRequest, "A parameter other than role is there twice.")
		}
	}
	return r.PostForm, nil
}

// authenticate checks the development secret, which comes in the form or by HTTP Basic, and returns the client's id.
func authenticate(r *http.Request, form url.Values) (string, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	basicID, basicSecret, basic := r.BasicAuth()
	if basic {
		if secret != "" {
			return "", badRequest(invalidRequest, "The client's secret comes in the form or by HTTP Basic, not both.")
		}
		basicID, errID := url.QueryUnescape(basicID) // RFC 6749, section 2.3.1
		basicSecret, errSecret := url.QueryUnescape(basicSecret)
		if errors.Join(errID, errSecret) != nil {
			return "", badRequest(invalidRequest, "The client's id and secret in HTTP Basic must be form-encoded.")
		}
		if id != "" && id != basicID {
			return "", badRequest(invalidRequest, "The form and HTTP Basic name different clients.")
		}
		id, secret = basicID, basicSecret
	}
	switch {
	case id == "":
		return "", badRequest(invalidRequest, "client_id is missing; any text will do.")
	case len(id) > maxClientID, strings.ContainsFunc(id, unicode.IsControl):
		return "", badRequest(invalidRequest, "client_id must have at most %d bytes and no control characters.", maxClientID)
	case subtle.ConstantTimeCompare([]byte(secret), []byte(ClientSecret)) != 1:
		return "", &failure{status: http.StatusUnauthorized, challenge: basic, Code: invalidClient,
			Description: "client_secret is not the development secret; docs/cli.md has it."}
	}
	return id, nil
}

// tenant is the tenant of the path. Errors: *failure, for one that is not known here and for a ledger that is silent.
func (i *Issuer) tenant(r *http.Request) (string, error) {
	id, err := kernel.ParseID("the tenant", r.PathValue("tenant"))
	if err != nil {
		return i.tenantInDomain(r)
	}
	known, err := i.settings.Known(r.Context(), id)
	switch {
	case err != nil:
		return "", noAnswer()
	case !known:
		return "", badRequest(invalidRequest, "Tenant %s is not a partner or customer here.", id)
	}
	return id, nil
}

// tenantInDomain is the tenant of the path that goes by its domain. Errors: those of tenant.
func (i *Issuer) tenantInDomain(r *http.Request) (string, error) {
	if domain := r.PathValue("tenant"); i.settings.InDomain != nil && strings.Contains(domain, ".") {
		switch id, err := i.settings.InDomain(r.Context(), domain); {
		case err != nil:
			return "", noAnswer()
		case id != "":
			return id, nil
		}
	}
	return "", badRequest(invalidRequest, "The tenant in the address must be a GUID, the id of a partner or customer, or the domain of one.")
}

func noAnswer() error {
	return &failure{status: http.StatusServiceUnavailable, Code: temporarily, Description: "The ledger gave no answer, so nobody knows the tenant; try again."}
}

// forWhom reads the roles and the user of the token to make: an admin agent's application, unless told otherwise.
func (q request) forWhom(form url.Values) (request, error) {
	names := form["role"]
	if len(names) == 0 {
		names = []string{string(identity.AdminAgent)}
	}
	for _, name := range names {
		role, ok := identity.ParseRole(name)
		if !ok {
			return q, badRequest(invalidRequest, "role must be one of %v.", identity.Roles())
		}
		if !slices.Contains(q.roles, role) {
			q.roles = append(q.roles, role)
		}
	}
	if !form.Has("user") {
		return q, nil
	}
	var err error
	if q.userID, err = kernel.ParseID("user", form.Get("user")); err != nil {
		return q, badRequest(invalidRequest, "user must be a GUID.")
	}
	return q, nil
}
