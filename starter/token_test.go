package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
	"handover/internal/identity"
)

// api is an HTTP API that carries the development issuer, for a ledger with the source in it.
func api(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	issuer, err := devissuer.New(devissuer.Settings{
		BaseURL: server.URL, KeyFile: filepath.Join(t.TempDir(), "key.pem"), Audience: "handover",
		Known: func(_ context.Context, tenant string) (bool, error) { return tenant == source, nil },
	})
	require.NoError(t, err)
	issuer.Register(mux)
	return server.URL
}

// answeringAPI is an HTTP API that says the same to everybody.
func answeringAPI(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, err := io.WriteString(w, body)
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestTokenPrintsATokenAlone: one line that the API takes.
func TestTokenPrintsATokenAlone(t *testing.T) {
	t.Parallel()
	at := api(t)
	verifier, err := identity.New(identity.Settings{Issuer: at + "/{tenantid}/v2.0", Audiences: []string{"handover"}})
	require.NoError(t, err)
	cases := map[string]struct {
		args []string
		want identity.Caller
	}{
		"an application": {[]string{"--partner", source, "--api", at}, identity.Caller{TenantID: source, ApplicationID: "starter", Roles: []identity.Role{identity.AdminAgent}}},
		"a user in two roles": {[]string{"--partner", source, "--api", at, "--user", user, "--role", "SalesAgent", "--role", "billing-admin"},
			identity.Caller{TenantID: source, UserID: user, ApplicationID: "starter", Roles: []identity.Role{identity.SalesAgent, identity.BillingAdmin}}},
		"capitals and a slash": {[]string{"--partner", strings.ToUpper(source), "--api", at + "/"},
			identity.Caller{TenantID: source, ApplicationID: "starter", Roles: []identity.Role{identity.AdminAgent}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s stage
			require.Equal(t, 0, s.run(t, append([]string{"token"}, c.args...)...), s.stderr.String())
			assert.Empty(t, s.stderr.String())
			token, rest, _ := strings.Cut(s.stdout.String(), "\n")
			assert.Empty(t, rest)
			caller, err := verifier.Verify(t.Context(), token)
			require.NoError(t, err)
			assert.Equal(t, c.want, caller)
			assert.False(t, s.service.connected, "Temporal is not asked")
		})
	}
}

func TestTokenAsJSONIsTheWholeAnswer(t *testing.T) {
	t.Parallel()
	var s stage
	require.Equal(t, 0, s.run(t, "token", "--partner", source, "--user", user, "--api", api(t), "-o", "json"), s.stderr.String())
	var answer map[string]any
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &answer))
	for _, field := range []string{"token_type", "expires_in", "ext_expires_in", "access_token", "refresh_token"} {
		assert.Contains(t, answer, field)
	}
}

func TestTokenFindsBadCommandLinesBeforeSending(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		says string
	}{
		"no partner":     {nil, `required flag(s) "partner" not set`},
		"partner's name": {[]string{"--partner", "northwind"}, "--partner must be a GUID"},
		"a path":         {[]string{"--partner", source + "/../" + source}, "--partner must be a GUID"},
		"user's name":    {[]string{"--partner", source, "--user", "ann"}, "--user must be a GUID"},
		"a role":         {[]string{"--partner", source, "--role", "Owner"}, "--role must be one of [AdminAgent SalesAgent"},
		"no scheme":      {[]string{"--partner", source, "--api", "127.0.0.1:8080"}, "--api must be an address like"},
		"another scheme": {[]string{"--partner", source, "--api", "ftp://127.0.0.1"}, "--api must be an address like"},
		"a password":     {[]string{"--partner", source, "--api", "http://u:hidden@127.0.0.1"}, "--api must be an address like http://127.0.0.1:8080 and nothing more"},
		"a query":        {[]string{"--partner", source, "--api", "http://127.0.0.1/?a"}, "--api must be an address like"},
		"an argument":    {[]string{"--partner", source, "x"}, `"x" belongs to none`},
	}
	for name, c := range cases {
		var s stage
		assert.Equal(t, 2, s.run(t, append([]string{"token"}, c.args...)...), name)
		assert.Contains(t, s.stderr.String(), c.says, name)
		assert.Empty(t, s.stdout.String(), name)
	}
}

// TestTokenEnds: every way to get none has its exit status, and a sentence.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	ofSource := []string{"--partner", source}
	cases := map[string]struct {
		api    string
		args   []string
		status int
		says   string
	}{
		"unreachable":     {gone.URL, ofSource, 5, "no HTTP API answers at " + gone.URL + "; start standalone with --http-port"},
		"out of time":     {api(t), append(ofSource, "--timeout", "1ns"), 5, "no HTTP API answers at"},
		"a stranger":      {api(t), []string{"--partner", target}, 3, target + " is not a partner or customer here. (60003)"},
		"silent ledger":   {answeringAPI(t, 503, `{"error":"temporarily_unavailable","error_description":"The ledger sleeps."}`), ofSource, 5, "cannot give a token now (503), try again: The ledger sleeps."},
		"too many":        {answeringAPI(t, 429, ""), ofSource, 5, "cannot give a token now (429)"},
		"another secret":  {answeringAPI(t, 401, `{"error":"invalid_client","error_description":"No."}`), ofSource, 1, "gives no token (401 invalid_client): No."},
		"no issuer there": {answeringAPI(t, 404, "not found"), ofSource, 1, "gives no tokens (404); only the HTTP API of standalone"},
		"a redirect":      {answeringAPI(t, 307, ""), ofSource, 1, "gives no tokens (307)"},
		"a page":          {answeringAPI(t, 200, "<html>"), ofSource, 1, "something else than a token"},
		"no token":        {answeringAPI(t, 200, "{}"), ofSource, 1, "something else than a token"},
		"a command":       {answeringAPI(t, 200, `{"access_token":"x; rm -rf ~\n"}`), ofSource, 1, "something else than a token"},
		"an endless one":  {answeringAPI(t, 200, `{"access_token":"`+strings.Repeat("x", 1<<20)+`"}`), ofSource, 1, "something else than a token"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s stage
			assert.Equal(t, c.status, s.run(t, append([]string{"token", "--api", c.api}, c.args...)...))
			assert.Contains(t, s.stderr.String(), c.says)
			assert.Equal(t, 1, strings.Count(s.stderr.String(), "\n"))
			assert.Empty(t, s.stdout.String())
		})
	}
}

func TestRolesAreCompleted(t *testing.T) {
	t.Parallel()
	var s stage
	require.Equal(t, 0, s.run(t, "__complete", "token", "--role", ""))
	assert.Contains(t, s.stdout.String(), "HelpdeskAgent")
}
