package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/api"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// sampleAPI is an API with the sample world, for the target of the demo.
func sampleAPI(t testing.TB) *httpapi.API {
	t.Helper()
	demo := world.Demo()
	a, err := api.New(api.Options{
		Ledger: sampleLedger(t), Policy: transfer.DefaultPolicy(), Rules: subscription.DefaultRules(), Logger: zap.NewNop(), Version: "1",
		OperatorsTenant: demo.TargetTenantID,
		Tokens: fakeTokens{caller: identity.Caller{
			TenantID: demo.TargetTenantID, UserID: demo.TargetUserID, Roles: identity.Roles(), OtherRoles: []string{string(identity.Operator)},
		}},
	})
	require.NoError(t, err)
	return a
}

// send answers a write of that route with that body; ids in the path are those of nothing.
func send(a *httpapi.API, r httpapi.Route, body string) *httptest.ResponseRecorder {
	path := strings.NewReplacer("{customerId}", world.Demo().CustomerTenantID, "{", "", "}", "").Replace(r.Path)
	req := httptest.NewRequest(r.Method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, req)
	return w
}

// writes are the routes that take a body.
func writes(a *httpapi.API) []httpapi.Route {
	var all []httpapi.Route
	for _, r := range a.Routes() {
		if r.Writes() && r.TakesBody() {
			all = append(all, r)
		}
	}
	return all
}

func quotedJSON(text string) string {
	said, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(said)
}

// shouted is a name in another case.
func shouted(name string) string { return strings.ToUpper(name) }

// escaped spells every character in the longest way that JSON has.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}

// Every text and every list of every body has its bound: at the bound it is taken, beyond it is refused with 400, which
// names the field and the bound and repeats nothing.
func TestEveryFieldHasItsBound(t *testing.T) {
	a := sampleAPI(t)
	texts, lists := 0, 0
	for _, r := range writes(a) {
		for _, p := range r.Places() {
			name := r.ID + " " + p.Path
			switch {
			case p.Text:
				texts++
				require.Positive(t, p.Bound.Most, name)
				longest := strings.Repeat("x", p.Bound.Most)
				assert.NoError(t, r.Scan(p.With(quotedJSON(longest))), name)
				assert.NoError(t, r.Scan(p.With(escaped(longest))), name)
				for _, bad := range []string{quotedJSON(longest + "x"), escaped(longest + "x"), `"\u001b[2J"`, `"a\nb"`, `"\u202e"`, "\"\u202egpj\"", `"\u200b"`, "\"\xff\"", `"\u0000"`} {
					refusedBody(t, a, r, p.With(bad), p.Path, p.Bound.Most)
				}
			case p.List:
				lists++
				require.Positive(t, p.Bound.Elements, name)
				most := "[" + strings.Repeat("null,", p.Bound.Elements-1) + "null"
				assert.NoError(t, r.Scan(p.With(most+"]")), name)
				refusedBody(t, a, r, p.With(most+",null]"), strings.ReplaceAll(p.Path, "lineItems", "line items"), p.Bound.Elements)
			}
		}
	}
	assert.Greater(t, texts, 30)
	assert.Greater(t, lists, 5)
}

func refusedBody(t *testing.T, a *httpapi.API, r httpapi.Route, body, field string, bound int) {
	t.Helper()
	w := send(a, r, body)
	require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", field, w.Body)
	var said httpapi.Error
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said))
	assert.Equal(t, "800002", said.Code)
	assert.Contains(t, said.Description, field)
	assert.Contains(t, said.Description, fmt.Sprint(bound))
	assert.Less(t, len(said.Description), 300)
}

// The description says the same bounds, for every text and list of every body.
func TestDescriptionSaysTheBounds(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	doc := a.Description()
	found := 0
	for _, r := range writes(a) {
		for _, p := range r.Places() {
			if p.Path == "" || strings.HasSuffix(p.Before, "[") {
				continue
			}
			schema := httpapi.OperationOf(doc, r).RequestBody.Content["application/json"].Schema
			for _, name := range strings.Split(p.Path, ".") {
				for schema != nil && (schema.Ref != "" || schema.Type == "array") {
					if schema.Ref != "" {
						schema = doc.Components.Schemas.SchemaFromRef(schema.Ref)
					} else {
						schema = schema.Items
					}
				}
				require.NotNil(t, schema, p.Path)
				schema = schema.Properties[name]
			}
			if schema == nil {
				require.Equal(t, "createTransfer lineItems", r.ID+" "+p.Path, "only the list of legacy creates is not described")
				continue
			}
			found++
			want := kernel.BoundOf(p.Path)
			switch schema.Type {
			case "string":
				require.NotNil(t, schema.MaxLength, p.Path)
				assert.Equal(t, want.Most, *schema.MaxLength, p.Path)
			case "array":
				require.NotNil(t, schema.MaxItems, p.Path)
				assert.Equal(t, want.Elements, *schema.MaxItems, p.Path)
				if schema.Items.Type == "string" {
					assert.Equal(t, want.Most, *schema.Items.MaxLength, p.Path)
				}
			}
		}
	}
	assert.Greater(t, found, 30)
}

// a deployment bounds the listed line items itself; the body is refused by that number, and described with it.
func TestDeploymentBoundsLineItems(t *testing.T) {
	a, err := api.New(api.Options{Version: "1", Policy: transfer.Policy{MaxListedItems: 2}})
	require.NoError(t, err)
	for _, r := range writes(a) {
		if r.ID != "updateTransfer" {
			continue
		}
		require.ErrorIs(t, r.Scan(`{"LINEITEMS":[{},{},{}]}`), transfer.TooManyLineItems)
		require.NoError(t, r.Scan(`{"lineItems":[{},{}]}`))
	}
}
