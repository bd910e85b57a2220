package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"handover/internal/api"
	"handover/internal/identity"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// What a request says that no log may repeat.
const (
	secretToken   = "marker-token"
	secretQuery   = "marker-query"
	secretBody    = "marker-body"
	secretPath    = "marker-path"
	secretHeader  = "marker-header"
	secretAddress = "192.0.2.77"
)

// fakeTokens knows one token, and fails with the error when there is one, or worse.
type fakeTokens struct {
	caller identity.Caller
	err    error
	panics string
}

func (f fakeTokens) Verify(context.Context, string) (identity.Caller, error) {
	if f.panics != "" {
		panic(f.panics)
	}
	return f.caller, f.err
}
func (f fakeTokens) Ready(context.Context) error { return f.err }

// sampleLedger holds the sample world.
func sampleLedger(t testing.TB) *ledger.Ledger {
	t.Helper()
	l := ledgertest.Open(t, ledger.Options{})
	require.NoError(t, l.Seed(t.Context(), world.Sample()))
	return l
}

// logged answers the request and returns the answer and everything that was logged meanwhile.
func logged(t *testing.T, o api.Options, r *http.Request) (*httptest.ResponseRecorder, []observer.LoggedEntry) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	o.Logger, o.Policy, o.Rules, o.Version = zap.New(core), transfer.DefaultPolicy(), subscription.DefaultRules(), "1"
	a, err := api.New(o)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w, logs.All()
}

// asking is a request that says all the secrets that it can.
func asking(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = secretAddress + ":4711"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+secretToken)
	for _, name := range []string{"Cookie", "User-Agent", "X-Locale", "If-Match", "Referer", "X-Forwarded-For"} {
		r.Header.Set(name, secretHeader)
	}
	r.Header.Set("MS-RequestId", "a-request")
	return r
}

// Whatever becomes of a request, its log says what was asked, by whom and how it ended, in ids; never a token, a query, a
// body, a header or an address.
func TestNothingSecretIsLogged(t *testing.T) {
	demo := world.Demo()
	caller := identity.Caller{
		TenantID: demo.TargetTenantID, UserID: demo.TargetUserID, ApplicationID: "crm", Roles: identity.Roles(),
	}
	create := `{"sourcePartnerTenantId":"` + demo.SourceTenantID + `","sourcePartnerName":"` + secretBody + `","customerEmailId":"` + secretBody +
		`@contoso-bakery.example","customerName":"` + secretBody + `","transferType":3,"tags":["` + secretBody + `"]}`
	customers, transfers := "/v1/customers", "/v1/customers/"+demo.CustomerTenantID+"/transfers"
	agreements := "/v1/customers/" + demo.CustomerTenantID + "/agreements"
	attest := `{"type":"MicrosoftCustomerAgreement","templateId":"11111111-0000-4000-8000-000000000001","dateAgreed":"2026-01-02",` +
		`"primaryContact":{"firstName":"` + secretBody + `","lastName":"x","email":"` + secretBody + `@example.com"}}`
	for name, c := range map[string]struct {
		method, path, body string
		tokens             error
		panics             string
		status             int
	}{
		"a read":                      {path: customers + "?size=1&filter=" + secretQuery, status: 400},
		"a read that is answered":     {path: customers + `?filter={"Field":"Domain","Operator":"StartsWith","Value":"` + secretQuery + `"}`, status: 200},
		"a parameter that is none":    {path: customers + "?size=1&x=" + secretQuery, status: 400},
		"an id that is none":          {path: customers + "/" + secretPath, status: 404},
		"a path that is none":         {path: "/" + secretPath + "?q=" + secretQuery, status: 404},
		"a method that is none":       {method: "DELETE", path: customers + "/" + secretPath, status: 405},
		"a token that is no good":     {path: customers, tokens: &identity.InvalidTokenError{Reason: "No."}, status: 401},
		"an issuer that is away":      {path: customers, tokens: identity.ErrUnavailable, status: 503},
		"an error of the issuer":      {path: customers, tokens: errors.New("odd"), status: 500},
		"a create that panics":        {method: "POST", path: transfers, body: create, panics: "odd", status: 500},
		"a create":                    {method: "POST", path: transfers, body: create, status: 201},
		"a create that is refused":    {method: "POST", path: strings.Replace(transfers, "cccccccc", "00000000", 1), body: create, status: 404},
		"a dry run":                   {method: "POST", path: transfers + "?dryRun=true", body: create, status: 200},
		"a body that is no JSON":      {method: "POST", path: transfers, body: `{"customerName":` + secretBody, status: 400},
		"a body of another kind":      {method: "POST", path: transfers, body: `{"transferType":3,"sourcePartnerName":["` + secretBody + `"]}`, status: 400},
		"a body that is too large":    {method: "POST", path: transfers, body: `"` + strings.Repeat(secretBody, largeBody/len(secretBody)) + `"`, status: 413},
		"an attestation":              {method: "POST", path: agreements, body: attest, status: 201},
		"a log searched for somebody": {path: "/v1/auditrecords?startDate=" + secretQuery, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodGet
			}
			o := api.Options{Ledger: sampleLedger(t), Tokens: fakeTokens{caller, c.tokens, c.panics}}
			answer, entries := logged(t, o, asking(t, c.method, c.path, c.body))
			require.Equal(t, c.status, answer.Code, answer.Body.String())
			require.NotEmpty(t, entries)
			last := entries[len(entries)-1]
			assert.Equal(t, "Answered.", last.Message)
			assert.EqualValues(t, c.status, last.ContextMap()["status"])
			assert.Equal(t, "a-request", last.ContextMap()["requestId"])
			for _, e := range entries {
				text, err := json.Marshal([]any{e.Message, e.LoggerName, e.ContextMap()})
				require.NoError(t, err)
				for _, secret := range []string{secretToken, secretQuery, secretBody, secretPath, secretHeader, secretAddress, demo.TargetUserID, demo.CustomerTenantID} {
					assert.NotContains(t, strings.ToLower(string(text)), secret)
				}
			}
			assert.NotContains(t, answer.Body.String(), secretToken, "nor is the token in the answer")
		})
	}
}

// An answer that was not given is logged as one that the program failed to give, once, with what broke.
func TestWhatBreaksIsLogged(t *testing.T) {
	demo := world.Demo()
	caller := identity.Caller{TenantID: demo.TargetTenantID, Roles: identity.Roles()}
	body := `{"sourcePartnerTenantId":"` + demo.SourceTenantID + `","sourcePartnerName":"x","customerEmailId":"x@contoso-bakery.example","transferType":3}`
	for what, tokens := range map[string]fakeTokens{
		"the reason": {caller: caller, err: errors.New("the reason")},
		"the panic":  {caller: caller, panics: "the panic"},
	} {
		o := api.Options{Ledger: sampleLedger(t), Tokens: tokens}
		_, entries := logged(t, o, asking(t, http.MethodPost, "/v1/customers/"+demo.CustomerTenantID+"/transfers", body))
		var broken []observer.LoggedEntry
		for _, e := range entries {
			if e.Level == zapcore.ErrorLevel {
				broken = append(broken, e)
			}
		}
		require.Len(t, broken, 1, what)
		text, err := json.Marshal(broken[0].ContextMap())
		require.NoError(t, err)
		assert.Contains(t, string(text), what)
		assert.Contains(t, string(text), "POST /v1/customers/{customerId}/transfers", "it says where")
	}
}
