package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/httpapi"
	"handover/internal/world"
)

// B1, E3: every parameter of the description that is a text or a list has a bound, and the server refuses what exceeds it, naming the
// parameter and the bound. What is at the bound is refused for nothing of that kind.
func TestEveryParameterHasItsBound(t *testing.T) {
	a := sampleAPI(t)
	doc := a.Description()
	texts, lists := 0, 0
	for _, r := range a.Routes() {
		op := httpapi.OperationOf(doc, r)
		for _, p := range op.Parameters {
			name := r.ID + " " + p.In + " " + p.Name
			schema := p.Schema
			if schema.Type == huma.TypeArray {
				lists++
				require.NotNil(t, schema.MaxItems, name)
				values := strings.Repeat("&"+url.QueryEscape(p.Name)+"=x", *schema.MaxItems)
				refusesParameter(t, a, r, p, nil, values+"&"+url.QueryEscape(p.Name)+"=x", fmt.Sprint(*schema.MaxItems))
				schema = schema.Items
			}
			if schema.Type != huma.TypeString {
				continue
			}
			texts++
			require.NotNil(t, schema.MaxLength, name)
			longest := strings.Repeat("x", *schema.MaxLength)
			refusesParameter(t, a, r, p, &longest, "x", fmt.Sprint(*schema.MaxLength))
		}
	}
	assert.Greater(t, texts, 100)
	assert.Positive(t, lists)
}

// refusesParameter sends the parameter at its bound and beyond it.
func refusesParameter(t *testing.T, a *httpapi.API, r httpapi.Route, p *huma.Param, longest *string, more, bound string) {
	t.Helper()
	name := r.ID + " " + p.In + " " + p.Name
	if longest == nil {
		said := saysOfParameter(t, a, r, p, "", more)
		require.Equal(t, http.StatusBadRequest, said.status, name)
		require.Contains(t, said.Description, p.Name, name)
		require.Contains(t, said.Description, bound, name)
		return
	}
	at, beyond := saysOfParameter(t, a, r, p, *longest, ""), saysOfParameter(t, a, r, p, *longest+more, "")
	require.NotContains(t, at.Description, "at most "+bound, name)
	require.Equal(t, http.StatusBadRequest, beyond.status, name)
	require.Contains(t, beyond.Description, p.Name, name)
	require.Contains(t, beyond.Description, bound, name)
	require.Less(t, len(beyond.Description), 300, name)
}

type saidOf struct {
	status      int
	Description string
}

func saysOfParameter(t *testing.T, a *httpapi.API, r httpapi.Route, p *huma.Param, value, query string) saidOf {
	t.Helper()
	path := strings.ReplaceAll(r.Path, "{customerId}", world.Demo().CustomerTenantID)
	if p.In == "path" {
		path = strings.ReplaceAll(r.Path, "{"+p.Name+"}", value)
	}
	path = strings.NewReplacer("{", "", "}", "").Replace(path)
	req := httptest.NewRequest(r.Method, path, strings.NewReader("{}"))
	switch {
	case p.In == "query" && query != "":
		req.URL.RawQuery = strings.TrimPrefix(query, "&")
	case p.In == "query":
		req.URL.RawQuery = url.Values{p.Name: {value}}.Encode()
	case p.In == "header":
		req.Header.Set(p.Name, value)
	}
	req.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, req)
	said := saidOf{status: w.Code}
	if w.Code >= http.StatusBadRequest {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said), w.Body.String())
	}
	return said
}
