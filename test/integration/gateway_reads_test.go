package integration

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// required are the parameters that some reads cannot do without.
var required = map[string]string{
	"/v1/customers/{customerId}/transferseligibility": "?transferType=3",
	"/v1/relationships":                  "?relationship_type=IsIndirectCloudSolutionProviderOf",
	"/v1/compliance/csp/agreementstatus": "?tenantId=",
}

// without are the parameters of reads about what the scene has none of: bills of months that are over, orders, what was sent to an endpoint.
var without = []string{"{invoiceId}", "{orderId}", "{deliveryId}", "{correlationId}", "{certificate}"}

// othersRead tells whether the path is not for a target as it is here: operators', or those of who registered an endpoint.
func othersRead(path string) bool {
	return path == "/readyz" || path == "/webhooks/v1/registration" || strings.HasPrefix(path, "/v1/admin/") ||
		slices.ContainsFunc(without, func(parameter string) bool { return strings.Contains(path, parameter) })
}

// reads are all reads that the API describes, by the target. They are about this customer, who gets a transfer that is over,
// so that following it ends.
func (s *scene) reads(t *testing.T, p parties) []ask {
	t.Helper()
	over := s.cancels(t, p)
	_, err := s.finally(over.ask)
	require.NoError(t, err)
	held, err := s.Ledger.Subscriptions(t.Context(), p.customer, p.target)
	require.NoError(t, err)
	var log struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.hear(t, ask{by: s.target, method: http.MethodGet, path: "/v1/auditrecords"}).body), &log))
	ids := strings.NewReplacer("{customerId}", p.customer, "{transferId}", over.transfer, "{subscriptionId}", held[0].ID, "{recordId}", log.Items[0].ID)

	var api struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.hear(t, ask{method: http.MethodGet, path: "/openapi.json"}).body), &api))
	var reads []ask
	for path, operations := range api.Paths {
		if operations["get"] == nil || othersRead(path) {
			continue
		}
		query := required[path]
		if strings.HasSuffix(query, "=") {
			query += p.target
		}
		reads = append(reads, ask{by: s.target, method: http.MethodGet, path: ids.Replace(path) + query})
	}
	require.Greater(t, len(reads), 15)
	return reads
}

// allAnswered shows that each of the reads gets what it asks for.
func (s *scene) allAnswered(t *testing.T, reads []ask) {
	t.Helper()
	for _, a := range reads {
		r := s.hear(t, a)
		assert.Equal(t, http.StatusOK, r.status, "%s: %s", a.path, r.body)
	}
}
