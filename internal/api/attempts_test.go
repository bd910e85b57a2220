package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/world"
)

// every operation of the API that changes something has a row in the table of the log, and no row names one that there
// is not.
func TestEveryWriteHasARowInTheLog(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	writes := map[string]bool{}
	for _, op := range s.operations() {
		if op.method != http.MethodGet {
			writes[op.id] = true
		}
	}
	rows := map[string]bool{}
	for _, act := range activitylog.Acts() {
		for _, route := range act.Routes {
			rows[route] = true
		}
	}
	assert.Equal(t, slices.Sorted(maps.Keys(writes)), slices.Sorted(maps.Keys(rows)))
}

// what the table says is what is written, by every kind of write.
func TestEveryWriteIsLoggedAsTheTableSays(t *testing.T) {
	t.Parallel()
	s := setStage(t, 9, 2)
	routes := map[string]string{
		"webhook": "createWebhook", "another webhook": "replaceWebhook", "no webhook": "deleteWebhook", "redelivery": "redeliverWebhook",
		"redelivery of dead letters": "redeliverDeadWebhooks", "create": "createTransfer", "submit": "updateTransfer", "submit everything": "updateTransfer", "cancel": "updateTransfer",
		"decline": "updateTransfer", "subscription": "updateSubscription", "attestation": "attestAgreement",
		"sandbox relationship": "makeSandboxRelationship", "world": "applyWorld", "endings": "endTies",
	}
	for name, w := range everyWrite(s) {
		before := s.rows("SELECT id FROM activity_log")
		s.gets(w.ask, w.status)
		var written []string
		for _, row := range s.rows("SELECT id, resource_type || ' ' || operation || ' ' || status FROM activity_log") {
			id, says, _ := strings.Cut(row, " ")
			if !slices.Contains(before, id) && !slices.Contains(written, says) {
				written = append(written, says)
			}
		}
		var may []string
		for _, act := range activitylog.Acts() {
			if act.Operation != "" && slices.Contains(act.Routes, routes[name]) {
				may = append(may, fmt.Sprintf("%s %s %s", act.Resource, act.Operation, activitylog.Succeeded))
			}
		}
		assert.Subset(t, may, written, name)
		assert.Equal(t, len(may) == 0, len(written) == 0, name)
	}
}

// refusedAt are the attempts in the partner's log, each as what the log says of it.
func (s *stage) refusedAt(partner string) []string {
	return s.rows(`SELECT resource_type, operation, json_extract(new_value, '$.cause'), COALESCE(json_extract(new_value, '$.resourceId'), ''),
		COALESCE(customer_tenant_id, ''), user_id, application_id, correlation_id, json_extract(new_value, '$.origin.via'), participants
		FROM activity_log WHERE status = 'failed' AND partner_tenant_id = ? ORDER BY recorded_at`, partner)
}

// what a partner asked for and is refused stands in its own log and in no other, of every context, whether a role, a right or a
// rule refused it; once for each request, and with who it was.
func TestAttemptsAreLogged(t *testing.T) {
	t.Parallel()
	s := setStage(t, 9, 2)
	at := s.pending(0)
	customer, id := customerPath(0)[len("/v1/customers/"):], at[strings.LastIndexByte(at, '/')+1:]
	subscription := licence(1, 0)
	cases := []struct {
		ask
		status int
		says   string
	}{
		{deciding(byTarget, at, declining, "party"), 403, "transfer update_transfer WrongParty " + id + " " + customer},
		{deciding(byTarget, customerPath(0)+"/transfers/"+licence(0, 9), cancelling, "nobody's"), 404, "transfer update_transfer TransferNotFound " + licence(0, 9) + " " + customer},
		{deciding(byTarget, customerPath(1)+"/subscriptions/"+subscription, `{"friendlyName":"x"}`, "another's"), 404,
			"subscription update_subscription SubscriptionUnknown " + subscription + " " + customerPath(1)[len("/v1/customers/"):]},
		{ask{by: byTarget, method: "POST", path: "/v1/admin/worlds", body: accepting(8), key: "role"}, 403, "mpn_association update_company_info RoleMissing  "},
		{ask{by: byTarget, method: "POST", path: "/v1/sandbox/relationships", body: `{"customerId":"` + customer + `"}`, key: "sandbox"}, 0,
			"partner_customer_relationship create_partner_customer_relationship"},
	}
	want := len(s.refusedAt(world.LargeTarget))
	for _, c := range cases {
		first := s.hears(t.Context(), c.ask)
		if c.status != 0 {
			require.Equal(t, c.status, first.status, first.complete)
		}
		require.Equal(t, first.complete, s.hears(t.Context(), c.ask).complete)
		want++
		rows := s.refusedAt(world.LargeTarget)
		require.Len(t, rows, want, c.key)
		newest := rows[len(rows)-1]
		assert.Contains(t, newest, c.says)
		assert.Contains(t, newest, fmt.Sprintf("%s  %s api [%q]", world.LargeTargetUser, correlationOf(c.key), world.LargeTarget))
	}
	assert.Empty(t, s.refusedAt(world.LargeSource), "the other party learns nothing of it")

	// As its people read it.
	for _, record := range s.reads(byTarget, "/v1/auditrecords?filter=%7B%22Field%22:%22ResourceType%22,%22Value%22:%22Subscription%22,%22Operator%22:%22equals%22%7D")["items"].([]any) {
		record := record.(object)
		assert.Equal(t, "failed", record["operationStatus"])
		assert.Equal(t, subscription, record["customizedData"].([]any)[0].(object)["value"], "what it was about, not what it is chained by")
		one := s.reads(byTarget, "/v1/auditrecords/"+record["id"].(string))
		assert.Equal(t, record, one)
	}
	findings, err := s.ledger.Verify(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		assert.Empty(t, f.Broken, f.Invariant)
	}
}

// who tries chooses the request id, but not what is recorded: under one id each distinct thing that is asked for, by whatever it
// differs, is a record, and its repetition is none.
func TestAttemptsUnderOneRequestIDAreLogged(t *testing.T) {
	t.Parallel()
	s := setStage(t, 3, 2)
	tries := []ask{
		{by: byTarget, method: "POST", path: "/v1/admin/worlds", body: accepting(1), key: "one"}, // the role is missing: nobody reads the body
		{by: byTarget, method: "POST", path: "/v1/admin/worlds", body: accepting(2), key: "one"},
		{by: byTarget, method: "POST", path: "/v1/admin/worlds?dryRun=false", body: accepting(2), key: "one"},
		deciding(byTarget, s.pending(0), declining, "one"),
		deciding(byTarget, s.pending(1), declining, "one"), // for another customer
	}
	for range 2 {
		for _, try := range tries {
			s.gets(try, http.StatusForbidden)
		}
	}
	assert.Len(t, s.refusedAt(world.LargeTarget), len(tries))
}

// What is no attempt: a request that cannot be understood or is outdated, a rehearsal, one of nobody's who has a log here.
func TestWhatIsNoAttempt(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 2)
	at := s.pending(0)
	before := s.rows("SELECT id FROM activity_log")
	s.gets(deciding(byTarget, at, `{"id":"`+licence(0, 0)+`","status":"Cancel"}`, "misread"), 400)
	s.gets(deciding(byTarget, at, `{`, "unreadable"), 400)
	s.gets(ask{by: byTarget, method: "PATCH", path: at, body: cancelling, key: "stale", header: map[string]string{"If-Match": `"old"`}}, 412)
	s.gets(ask{by: "nobody", method: "PATCH", path: at, body: cancelling, key: "unknown"}, 401)
	s.gets(ask{by: byVisitor, method: "PATCH", path: at, body: cancelling, key: "no partner"}, 403)
	s.gets(ask{by: bySource, method: "GET", path: "/v1/auditrecords/x", key: "a read"}, 404)
	s.gets(ask{by: byTarget, method: "POST", path: "/v1/admin/worlds?dryRun=true", body: accepting(1), key: "a rehearsal"}, 403)
	assert.Equal(t, before, s.rows("SELECT id FROM activity_log"))
}

// R-307, I-6: a partner that names others' customers in what it is refused does not learn their names from its log.
func TestAttemptsTellNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := sample(t)
	strange := customerOf(1) // of Northwind, with whom Litware has nothing to do
	for n, path := range []string{strange + "/agreements", strange + "/transfers", "/v1/customers/" + licence(1, 1) + "/transfers"} {
		require.GreaterOrEqual(t, s.hears(t.Context(), ask{by: byLitware, method: "POST", path: path, body: attesting, key: fmt.Sprint(n)}).status, 400)
	}
	records := s.reads(byLitware, "/v1/auditrecords")["items"].([]any)
	require.NotEmpty(t, records)
	for _, record := range records {
		assert.Equal(t, activitylog.NoCustomer, record.(object)["customerId"])
		assert.Empty(t, record.(object)["customerName"])
	}
}

// A party that is refused thousands of times fills no log: of one operation a day takes a hundred, the last one says so, and the other
// party has none of them.
func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	at := s.pending(0)
	for n := range 3 * activitylog.MostAttempts {
		s.gets(deciding(byTarget, at, declining, fmt.Sprint(n)), http.StatusForbidden)
	}
	assert.Len(t, s.refusedAt(world.LargeTarget), activitylog.MostAttempts)
	assert.Equal(t, []string{"1"}, s.rows("SELECT COUNT(*) FROM activity_log WHERE json_extract(new_value, '$.last')"))
	assert.Empty(t, s.refusedAt(world.LargeSource))
	s.gets(ask{by: byTarget, method: "POST", path: "/v1/admin/worlds", body: "{}", key: "other"}, 403)
	assert.Len(t, s.refusedAt(world.LargeTarget), activitylog.MostAttempts+1, "another operation has its own bound")
	s.together(50, deciding(byTarget, at, declining, "more"))
	assert.Len(t, s.refusedAt(world.LargeTarget), activitylog.MostAttempts+1)
}
