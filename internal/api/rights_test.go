package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	programmehttp "handover/internal/programme/http"
)

// kept are the operations that are not about what is billed, for every partner.
var kept = map[string]bool{
	"listRelationships": true, "listCustomerRelationships": true, "getRelationshipRequest": true, "getAgreementStatus": true, "listPrograms": true,
	"listCustomers": true, "getCustomer": true, "getCompanyProfile": true, "getBillingProfile": true, "listAgreementTemplates": true,
	"makeSandboxRelationship": true, "getWebhookCertificate": true, "listAuditRecords": true, "getAuditRecord": true, "getAuditRecordByUri": true, "isAlive": true, "isReady": true,
}

// D7, R-416: every operation is for partners that bill, or is one of those that are for everybody.
func TestD7_EveryOperationIsForSomebody(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	seen := 0
	for _, op := range s.operations() {
		billing := strings.Contains(op.description, programmehttp.Commerce().Says)
		if op.operators() {
			assert.False(t, billing, op.id)
			continue
		}
		assert.NotEqual(t, kept[op.id], billing, op.id)
		seen++
	}
	assert.Greater(t, seen, len(kept))
}

// operators tells whether the operation is for operators alone, whom no right of a partner concerns.
func (op described) operators() bool { return strings.HasPrefix(op.path, "/v1/admin/") }

// about is the operation asked about a customer of the sample and what it holds there, with a body that nothing is said in.
func (s *stage) about(by string, op described, customer int) reply {
	path := strings.NewReplacer("/v1/customers/{customerId}", customerOf(customer), "{transferId}", "55555555-0000-4000-8000-000000000000",
		"{subscriptionId}", "55555555-0000-4000-8000-000000000000", "{recordId}", "x").Replace(op.path)
	return s.hears(s.Context(), ask{by: by, method: op.method, path: path + "?" + needed(op, ""), body: "{}"})
}

// D7, R-416: a reseller is refused whatever has to do with billing, and told whom to ask, with and without a customer; a partner
// in both programmes for the customers of its provider only, whoever may be in between.
func TestD7_ResellersAskTheirProvider(t *testing.T) {
	t.Parallel()
	s := sample(t)
	asked := 0
	refused := func(r reply, name string, says string) {
		assert.Equal(t, http.StatusForbidden, r.status, name)
		assert.Equal(t, "900137", r.code(t), name)
		assert.Contains(t, r.complete, says, name)
		asked++
	}
	for _, op := range s.operations() {
		if op.operators() {
			assert.Equal(t, "900150", codeOf(t, s.about(byAlpine, op, 1)), op.id)
			continue
		}
		ofCustomer := strings.Contains(op.path, "{customerId}")
		if kept[op.id] {
			assert.NotEqual(t, "900137", codeOf(t, s.about(byAlpine, op, 1)), op.id)
			assert.NotEqual(t, "900137", codeOf(t, s.about(byProseware, op, 11)), op.id)
			continue
		}
		refused(s.about(byAlpine, op, 9), op.id, "Fabrikam Distribution or Litware Distribution")
		refused(s.about(byAlpine, op, 1), op.id, "Ask your indirect provider Fabrikam Distribution")
		if ofCustomer {
			refused(s.about(byProseware, op, 11), op.id, "Ask your indirect provider Fabrikam Distribution")
		}
		assert.NotEqual(t, "900137", codeOf(t, s.about(byProseware, op, 10)), op.id)
	}
	assert.Greater(t, asked, 30)
	s.gets(ask{by: byProseware, method: http.MethodGet, path: customerOf(10) + "/subscriptions"}, http.StatusOK)
	s.gets(ask{by: byAlpine, method: http.MethodGet, path: customerOf(1)}, http.StatusOK)
}

// codeOf is the code of an error; empty for an answer that is none.
func codeOf(t *testing.T, r reply) string {
	t.Helper()
	if r.status < http.StatusBadRequest {
		return ""
	}
	return r.code(t)
}

// what a partner billed it goes on reading, also as no more than the customer's reseller, until its programme is over.
func TestD7_WhoBillsKeepsItsRights(t *testing.T) {
	t.Parallel()
	s := sample(t)
	behind := func(statement string) {
		_, err := s.ledger.Writer().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	subscriptions := ask{by: byProseware, method: http.MethodGet, path: customerOf(10) + "/subscriptions"}
	const proseware = "partner_tenant_id = 'aaaaaaaa-0000-4000-8000-000000000013'"
	behind(`UPDATE relationships SET kind = 'reseller' WHERE ` + proseware + ` AND kind = 'direct'`)
	s.gets(subscriptions, http.StatusOK)
	behind(`UPDATE program_enrolments SET status = 'inactive' WHERE program = 'direct-bill' AND ` + proseware)
	s.gets(subscriptions, http.StatusOK)
	behind(`UPDATE program_enrolments SET status = 'ended' WHERE program = 'direct-bill' AND ` + proseware)
	s.no(subscriptions, http.StatusForbidden, "PartnerNotEnabled")
	behind(`UPDATE program_enrolments SET status = 'ended' WHERE ` + proseware)
	require.Contains(t, s.no(subscriptions, http.StatusForbidden, "PartnerNotEnabled"), "no programme in which you bill")
	s.gets(ask{by: byProseware, method: http.MethodGet, path: "/v1/programs"}, http.StatusOK)
}
