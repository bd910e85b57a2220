package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/httpapi"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/world"
)

// accepting is a world in which the numbered customer accepted the source, too.
func accepting(customer int) string {
	return fmt.Sprintf(`{"relationships": [{"partner": %q, "customer": %q}]}`, world.LargeSource, path.Base(customerPath(customer)))
}

// idle adds a customer that accepted the source and is billed for nothing, and returns its id.
func (s *stage) idle() string {
	s.Helper()
	c := world.Large(1, 0).Customers[0]
	c.TenantID = "cccccccc-1111-4000-8000-0000000000ff"
	require.NoError(s, s.ledger.Extend(s.Context(), ledger.World{
		Customers: []programme.Customer{c}, Relationships: []programme.Relationship{{PartnerTenantID: world.LargeSource, CustomerTenantID: c.TenantID}},
	}))
	return c.TenantID
}

// operations are all that operators may call, each with a body that does something.
func operatorsOperations() map[string]ask {
	return map[string]ask{
		"worlds":       {method: http.MethodPost, path: "/v1/admin/worlds", body: accepting(0)},
		"endings":      {method: http.MethodPost, path: "/v1/admin/endings", body: fmt.Sprintf(`{"partnerships": [{"provider": %q, "reseller": %q}]}`, world.LargeTarget, world.LargeSource)},
		"partner":      {method: http.MethodGet, path: "/v1/admin/partners/" + world.LargeSource},
		"customer":     {method: http.MethodGet, path: "/v1/admin" + strings.TrimPrefix(customerPath(0), "/v1")},
		"subscription": {method: http.MethodGet, path: "/v1/admin/subscriptions/" + licence(0, 0)},
	}
}

// Only the deployment's own operators are let in: not a partner that gives its people that role, nor others of the operators' tenant.
func TestOnlyOperatorsAdminister(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	before := s.rows("SELECT * FROM relationships")
	for name, q := range operatorsOperations() {
		for by, code := range map[string]string{bySource: "900150", byPretender: "900150", byVisitor: "900137"} {
			q.by = by
			require.Equal(t, code, s.gets(q, http.StatusForbidden).code(t), "%s by %s", name, by)
		}
		q.by = "nobody"
		require.Equal(t, http.StatusUnauthorized, s.hears(t.Context(), q).status)
	}
	require.Equal(t, before, s.rows("SELECT * FROM relationships"))
	for name, q := range operatorsOperations() {
		q.by = byOperator
		require.Equal(t, http.StatusOK, s.hears(t.Context(), q).status, name)
	}
	for _, place := range []string{customerPath(0), customerPath(0) + "/transfers", "/v1/relationships?relationship_type=IsIndirectResellerOf", "/v1/auditrecords"} {
		require.Equal(t, "900137", s.gets(ask{by: byOperator, method: http.MethodGet, path: place}, http.StatusForbidden).code(t), place)
	}
}

// What is rehearsed is told, not written and not remembered; what is done tells the same and is in the log with the operator.
func TestApplyAWorldOverTheAPI(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	q := ask{by: byOperator, method: http.MethodPost, path: "/v1/admin/worlds", body: accepting(0), key: "k"}
	rehearsed := q
	rehearsed.path += "?dryRun=true"
	var told, done administration.Applied
	require.NoError(t, json.Unmarshal([]byte(s.gets(rehearsed, http.StatusOK).complete), &told))
	require.True(t, told.Rehearsed)
	require.Empty(t, s.rows("SELECT * FROM api_requests"))
	require.Len(t, s.rows("SELECT * FROM relationships"), 1)

	require.NoError(t, json.Unmarshal([]byte(s.gets(q, http.StatusOK).complete), &done))
	require.Equal(t, []administration.Count{{Kind: administration.Relationships, New: 1}}, done.Counts)
	require.Equal(t, told.Counts, done.Counts)
	require.Equal(t, []string{world.LargeSource + " add_customer eeeeeeee-0000-4000-8000-00000000000f console"},
		s.rows("SELECT partner_tenant_id, operation, user_id, application_id FROM activity_log"))
}

// Whatever is wrong with a world is told, all of it, and nothing is written.
func TestAWorldThatCannotBe(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	before := s.rows("SELECT * FROM customers")
	for name, c := range map[string]struct {
		body, says string
		data       int
	}{
		"no world":           {`[]`, "must be a mapping", 1},
		"an unknown member":  {`{"people": []}`, "has no field", 1},
		"two things":         {`{"customers": [{"tenantId": "x", "name": "a\u202eb", "domain": "d.example", "email": "a@d.example", "market": "US", "locale": "en-US"}]}`, "2 things", 2},
		"nobody's customers": {"{\n\t\"relationships\": [{\"partner\": \"" + licence(0, 0) + "\", \"customer\": \"" + licence(0, 0) + "\"}]}", "2 things are in the way", 2},
		"half a surrogate":   {`{"customers": [{"name": "\ud83d"}]}`, "", 1},
		"a merge of YAML":    {`{"<<": {"customers": []}}`, "", 1},
		"a deep nothing":     {strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "nested deeper", 0},
		"text of 2 MB":       {`{"customers": [{"name": "` + strings.Repeat("x", 2<<20) + `"}]}`, "", 1},
		"more than 8 MB":     {`{"customers": [{"name": "` + strings.Repeat("x", 9<<20) + `"}]}`, "larger than", 0},
	} {
		r := s.hears(t.Context(), ask{by: byOperator, method: http.MethodPost, path: "/v1/admin/worlds", body: c.body})
		assert.GreaterOrEqual(t, r.status, 400, name)
		assert.Less(t, r.status, 500, name)
		assert.Contains(t, r.complete, c.says, name)
		assert.Less(t, len(r.complete), 8<<10, name)
		var e httpapi.Error
		require.NoError(t, json.Unmarshal([]byte(r.complete), &e))
		assert.GreaterOrEqual(t, len(e.Data), c.data, name)
	}
	require.Equal(t, before, s.rows("SELECT * FROM customers"))
}
