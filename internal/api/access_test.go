package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/identity"
)

// The forms of the header that carry a token (RFC 6750), and those that do not.
func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer a.b.c": "a.b.c", "BEARER  a.b.c ": "a.b.c", "Bearer a b": "a b",
		"": "", "Bearer": "", "Bearer ": "", "Bearer    ": "", "a.b.c": "", "Basic a.b.c": "", "Bearera.b.c": "", " Bearer a.b.c": "",
	} {
		token, ok := bearer(header)
		assert.Equal(t, want != "", ok, "%q", header)
		if ok {
			assert.Equal(t, want, token, "%q", header)
		}
	}
}

// of every route, whom it lets in.
func TestPermitted(t *testing.T) {
	a, err := New(Options{Version: "1"})
	require.NoError(t, err)
	for _, r := range a.routes {
		if r.open {
			continue
		}
		for _, user := range []string{"", "eeeeeeee-0000-4000-8000-000000000101"} {
			assertCause(t, roleMissing, permitted(r, identity.Caller{UserID: user}), r.id)
			for _, role := range identity.Roles() {
				refused := permitted(r, identity.Caller{UserID: user, Roles: []identity.Role{role}})
				who := fmt.Sprintf("%s as %s, user %q", r.id, role, user)
				switch {
				case !slices.Contains(r.roles, role):
					assertCause(t, roleMissing, refused, who)
				case r.users && user == "":
					assertCause(t, userRequired, refused, who)
				default:
					assert.NoError(t, refused, who)
				}
			}
		}
	}
}

func assertCause(t *testing.T, want interface{ Error() string }, err error, who string) {
	t.Helper()
	var refused *Error
	if assert.ErrorAs(t, err, &refused, who) {
		assert.Equal(t, want.Error(), refused.ErrorName, who)
	}
}

// Nothing is served around the table of routes: what is described is in it, once, and only probes are open.
func TestTheTableOfRoutesIsComplete(t *testing.T) {
	a, err := New(Options{Version: "1"})
	require.NoError(t, err)
	routes, open := map[string]bool{}, []string{}
	for _, r := range a.routes {
		require.False(t, routes[r.id], "two routes are %s", r.id)
		routes[r.id] = true
		if r.open {
			open = append(open, r.id)
			assert.False(t, r.write || r.users, r.id)
			continue
		}
		assert.NotEmpty(t, r.roles, r.id)
		for _, role := range r.roles {
			assert.Contains(t, identity.Roles(), role, r.id)
		}
	}
	assert.ElementsMatch(t, []string{"isAlive", "isReady"}, open)
	text, err := a.OpenAPI()
	require.NoError(t, err)
	var doc described
	require.NoError(t, json.Unmarshal(text, &doc))
	operations := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			operations++
			assert.True(t, routes[op.OperationID], "%s %s is described and no route", method, path)
		}
	}
	assert.Len(t, routes, operations)
}
