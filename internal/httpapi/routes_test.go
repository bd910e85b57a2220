package httpapi_test

// What holds for every route that there is, whichever context declares it.

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/api"
	"handover/internal/httpapi"
	"handover/internal/identity"
)

// of every route, whom it lets in.
func TestPermitted(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	for _, r := range a.Routes() {
		if r.Open() {
			continue
		}
		for _, user := range []string{"", "eeeeeeee-0000-4000-8000-000000000101"} {
			assertCause(t, "RoleMissing", httpapi.Permitted(r, identity.Caller{UserID: user}), r.ID)
			for _, role := range identity.Roles() {
				refused := httpapi.Permitted(r, identity.Caller{UserID: user, Roles: []identity.Role{role}})
				who := fmt.Sprintf("%s as %s, user %q", r.ID, role, user)
				switch {
				case !slices.Contains(r.Roles, role):
					assertCause(t, "RoleMissing", refused, who)
				case r.Users && user == "":
					assertCause(t, "UserRequired", refused, who)
				default:
					assert.NoError(t, refused, who)
				}
			}
		}
	}
}

func assertCause(t *testing.T, want string, err error, who string) {
	t.Helper()
	var refused *httpapi.Error
	if assert.ErrorAs(t, err, &refused, who) {
		assert.Equal(t, want, refused.ErrorName, who)
	}
}

// Nothing is served around the table of routes: what is described is in it, once, and only probes are open, and the
// certificates that receivers of webhooks fetch.
func TestTheTableOfRoutesIsComplete(t *testing.T) {
	a, err := api.New(api.Options{Version: "1"})
	require.NoError(t, err)
	routes, open := map[string]bool{}, []string{}
	for _, r := range a.Routes() {
		require.False(t, routes[r.ID], "two routes are %s", r.ID)
		routes[r.ID] = true
		if r.Open() {
			open = append(open, r.ID)
			assert.False(t, r.Writes() || r.Users, r.ID)
			continue
		}
		assert.NotEmpty(t, r.Roles, r.ID)
		for _, role := range r.Roles {
			assert.Contains(t, append(identity.Roles(), identity.Operator), role, r.ID)
		}
	}
	assert.ElementsMatch(t, []string{"isAlive", "isReady", "getWebhookCertificate"}, open)
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
