package httpapi_test

import (
	"encoding/json"
	"fmt"
	"handover/internal/api"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// described is the part of the document that the tests look at.
type described struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Summary     string
		Description string
		Security    []map[string][]string
		Parameters  []struct{ Name, Description string }
		Responses   map[string]struct{ Description string }
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct {
				Ref         string `json:"$ref"`
				Description string
			}
		}
	}
}

func document(t *testing.T) described {
	t.Helper()
	text, err := api.Describe()
	require.NoError(t, err)
	var doc described
	require.NoError(t, json.Unmarshal(text, &doc))
	return doc
}

// Every operation, parameter, field and error says what it is.
func TestEverythingIsDescribed(t *testing.T) {
	doc := document(t)
	assert.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"), doc.OpenAPI)
	for path, operations := range doc.Paths {
		for method, op := range operations {
			name := method + " " + path
			assert.NotEmpty(t, op.OperationID, name)
			assert.NotEmpty(t, op.Summary, name)
			assert.NotEmpty(t, op.Description, name)
			assert.NotEmpty(t, op.Security, name)
			for _, p := range op.Parameters {
				assert.NotEmpty(t, p.Description, "%s: %s", name, p.Name)
			}
			for status, answer := range op.Responses {
				assert.NotEmpty(t, answer.Description, "%s: %s", name, status)
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		for field, property := range schema.Properties {
			assert.True(t, property.Ref != "" || property.Description != "", "%s.%s is not described", name, field)
		}
	}
}

// Every answer from 400 upwards names the causes that lead to it, each with its code and the rule it comes from.
func TestEveryErrorNamesItsRule(t *testing.T) {
	for path, operations := range document(t).Paths {
		for method, op := range operations {
			for status, answer := range op.Responses {
				if status < "400" {
					continue
				}
				lines := strings.Split(answer.Description, "\n")
				require.Greater(t, len(lines), 1, "%s %s: %s", method, path, status)
				for _, line := range lines[1:] {
					require.Regexp(t, "^\\* `[0-9]+` [A-Za-z]+ \\(.+\\)$", line, "%s %s: %s", method, path, status)
				}
			}
		}
	}
}

// Every operation that needs a token says which roles it needs, and those that change something are idempotent.
func TestEveryRouteDeclaresItsAccess(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	for _, r := range a.Routes() {
		assert.Equal(t, r.Open(), len(r.Roles) == 0, "%s %s", r.Method, r.Path)
		assert.Equal(t, r.Method != http.MethodGet, r.Writes(), fmt.Sprintf("%s %s", r.Method, r.Path))
	}
}
