package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// sampleAPI is an API with the sample world, for the target of the demo.
func sampleAPI(t testing.TB) *API {
	t.Helper()
	demo := world.Demo()
	a, err := New(Options{
		Ledger: sampleLedger(t), Policy: transfer.DefaultPolicy(), Rules: subscription.DefaultRules(), Logger: zap.NewNop(), Version: "1",
		Tokens: fakeTokens{caller: identity.Caller{TenantID: demo.TargetTenantID, UserID: demo.TargetUserID, Roles: identity.Roles()}},
	})
	require.NoError(t, err)
	return a
}

// send answers a write of that route with that body; ids in the path are those of nothing.
func send(a *API, r route, body string) *httptest.ResponseRecorder {
	path := strings.NewReplacer("{customerId}", world.Demo().CustomerTenantID, "{", "", "}", "").Replace(r.path)
	req := httptest.NewRequest(r.method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, req)
	return w
}

func scanned(s *shape, body string) error {
	scanner := scanner{in: bufio.NewReader(strings.NewReader(body)), policy: transfer.DefaultPolicy()}
	return scanner.scan(s)
}

// writes are the routes that take a body.
func writes(a *API) []route {
	var all []route
	for _, r := range a.routes {
		if r.write {
			all = append(all, r)
		}
	}
	return all
}

// place is a place in a body at which a value may stand.
type place struct {
	*shape
	before, after string
}

// with is a body that says nothing but the value at that place.
func (p place) with(value string) string { return p.before + value + p.after }

// places are all places of a body, lists and their elements included.
func places(s *shape, before, after string) []place {
	all := []place{{s, before, after}}
	if s.elements != nil {
		all = append(all, places(s.elements, before+"[", "]"+after)...)
	}
	for name, at := range s.fields {
		all = append(all, places(at, before+`{"`+name+`":`, "}"+after)...)
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
		for _, p := range places(r.body, "", "") {
			name := r.id + " " + p.path
			switch p.kind {
			case text, word, own:
				texts++
				require.Positive(t, p.bound.Most, name)
				longest := strings.Repeat("x", p.bound.Most)
				assert.NoError(t, scanned(r.body, p.with(quotedJSON(longest))), name)
				assert.NoError(t, scanned(r.body, p.with(escaped(longest))), name)
				for _, bad := range []string{quotedJSON(longest + "x"), escaped(longest + "x"), `"\u001b[2J"`, `"a\nb"`, `"\u202e"`, "\"\u202egpj\"", `"\u200b"`, "\"\xff\"", `"\u0000"`} {
					refusedBody(t, a, r, p.with(bad), p.path, p.bound.Most)
				}
			case list:
				lists++
				require.Positive(t, p.bound.Elements, name)
				most := "[" + strings.Repeat("null,", p.bound.Elements-1) + "null"
				assert.NoError(t, scanned(r.body, p.with(most+"]")), name)
				refusedBody(t, a, r, p.with(most+",null]"), strings.ReplaceAll(p.path, "lineItems", "line items"), p.bound.Elements)
			default: // holds no text of its own
			}
		}
	}
	assert.Greater(t, texts, 30)
	assert.Greater(t, lists, 5)
}

func refusedBody(t *testing.T, a *API, r route, body, field string, bound int) {
	t.Helper()
	w := send(a, r, body)
	require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", field, w.Body)
	var said Error
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said))
	assert.Equal(t, "800002", said.Code)
	assert.Contains(t, said.Description, field)
	assert.Contains(t, said.Description, fmt.Sprint(bound))
	assert.Less(t, len(said.Description), 300)
}

// The description says the same bounds, for every text and list of every body.
func TestDescriptionSaysTheBounds(t *testing.T) {
	a, err := New(Options{Version: "1"})
	require.NoError(t, err)
	doc := a.huma.OpenAPI()
	found := 0
	for _, r := range writes(a) {
		for _, p := range places(r.body, "", "") {
			if p.path == "" || strings.HasSuffix(p.before, "[") {
				continue
			}
			schema := operationOf(doc, r).RequestBody.Content["application/json"].Schema
			for _, name := range strings.Split(p.path, ".") {
				for schema != nil && (schema.Ref != "" || schema.Type == "array") {
					if schema.Ref != "" {
						schema = doc.Components.Schemas.SchemaFromRef(schema.Ref)
					} else {
						schema = schema.Items
					}
				}
				require.NotNil(t, schema, p.path)
				schema = schema.Properties[name]
			}
			if schema == nil {
				require.Equal(t, "createTransfer lineItems", r.id+" "+p.path, "only the list of legacy creates is not described")
				continue
			}
			found++
			want := kernel.BoundOf(p.path)
			switch schema.Type {
			case "string":
				require.NotNil(t, schema.MaxLength, p.path)
				assert.Equal(t, want.Most, *schema.MaxLength, p.path)
			case "array":
				require.NotNil(t, schema.MaxItems, p.path)
				assert.Equal(t, want.Elements, *schema.MaxItems, p.path)
				if schema.Items.Type == "string" {
					assert.Equal(t, want.Most, *schema.Items.MaxLength, p.path)
				}
			}
		}
	}
	assert.Greater(t, found, 30)
}

// a deployment bounds the listed line items itself; the body is refused by that number, and described with it.
func TestDeploymentBoundsLineItems(t *testing.T) {
	a, err := New(Options{Version: "1", Policy: transfer.Policy{MaxListedItems: 2}})
	require.NoError(t, err)
	for _, r := range writes(a) {
		if r.id != "updateTransfer" {
			continue
		}
		s := scanner{in: bufio.NewReader(strings.NewReader(`{"LINEITEMS":[{},{},{}]}`)), policy: a.Policy}
		require.ErrorIs(t, s.scan(r.body), transfer.TooManyLineItems)
		require.NoError(t, scanned(r.body, `{"lineItems":[{},{}]}`))
	}
}
