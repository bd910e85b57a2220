package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/api/apitest"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/programme"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	"handover/internal/world"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// written is a write of each kind, with how often its effect stands in the ledger.
type written struct {
	ask
	status int
	runs   bool // a workflow run has to look
	effect func() []string
}

// run is the workflow run that has to look, given what was answered.
func (w written) run(t *testing.T, first reply) string {
	if tenant := registrants[w.by]; tenant != "" {
		return webhook.WorkflowID(tenant)
	}
	return transfer.WorkflowID(idOf(t, first))
}

// tagged tells whether the answer has an entity tag: it is a transfer, a subscription, or a registration.
func (w written) tagged() bool {
	return strings.Contains(w.path, "/transfers") || strings.Contains(w.path, "/subscriptions/") || w.path == registration && w.status == http.StatusOK
}

// everyWrite sets the scene for a write of each kind, each about a customer of its own.
func everyWrite(s *stage) map[string]written {
	effects := func(query string, args ...any) func() []string {
		return func() []string { return s.rows(query, args...) }
	}
	told := func(at, event string) func() []string {
		return effects("SELECT event_key FROM activity_log WHERE resource_id = ? AND event_key = ? AND partner_tenant_id = ?", path.Base(at), event, world.LargeSource)
	}
	submit, everything, cancel, decline, label := s.pending(1), s.pending(2), s.pending(3), s.pending(4), s.pending(5)
	s.withASandbox()
	idle := s.idle()
	dead := s.withRegistrants()
	deliveries := func(by, status string) func() []string {
		return effects("SELECT event FROM webhook_deliveries WHERE partner_tenant_id = ? AND status = ?", registrants[by], status)
	}
	subscription := customerPath(6) + "/subscriptions/" + licence(6, 0)
	all := map[string]written{
		"webhook": {ask{by: byTarget, method: http.MethodPost, path: registration, body: registering, key: "k"}, 200, false,
			effects("SELECT url FROM webhook_registrations WHERE partner_tenant_id = ?", world.LargeTarget)},
		"another webhook": {ask{by: byNorthwind, method: http.MethodPut, path: registration, body: registering, key: "k"}, 200, true,
			effects("SELECT url FROM webhook_registrations WHERE partner_tenant_id = ? AND events LIKE '%create-transfer%'", registrants[byNorthwind])},
		"no webhook": {ask{by: byFabrikam, method: http.MethodDelete, path: registration, key: "k"}, 204, true,
			effects("SELECT id FROM activity_log WHERE partner_tenant_id = ? AND operation = 'remove_webhook_registration'", registrants[byFabrikam])},
		"test of a webhook": {ask{by: byLitware, method: http.MethodPost, path: registration + "/validationEvents", key: "k"}, 200, true, deliveries(byLitware, "waiting")},
		"redelivery": {ask{by: byAlpine, method: http.MethodPost, path: "/webhooks/v1/deliveries/" + dead + "/redeliver", key: "k"}, 200, true,
			deliveries(byAlpine, "waiting")},
		"redelivery of dead letters": {ask{by: byProseware, method: http.MethodPost, path: "/webhooks/v1/deliveries/redeliver", key: "k"}, 200, true,
			deliveries(byProseware, "waiting")},
		"create":            {creating(0, "k"), 201, true, effects("SELECT id FROM transfers WHERE customer_tenant_id = ?", path.Base(customerPath(0)))},
		"submit":            {deciding(bySource, submit, listing(1, 2), "k"), 200, true, told(submit, "submitted")},
		"submit everything": {deciding(bySource, everything, `{"allEligible":true}`, "k"), 200, true, told(everything, "submitted")},
		"cancel":            {deciding(byTarget, cancel, cancelling, "k"), 200, true, told(cancel, "cancelled")},
		"decline":           {deciding(bySource, decline, declining, "k"), 200, true, told(decline, "declined")},
		"label":             {deciding(bySource, label, labelling, "k"), 200, false, effects("SELECT tag FROM transfer_tags WHERE tag = 'x'")},
		"subscription": {deciding(bySource, subscription, `{"friendlyName":"Mail"}`, "k"), 200, false,
			effects("SELECT id FROM activity_log WHERE resource_id = ?", path.Base(subscription))},
		"attestation": {ask{by: byTarget, method: http.MethodPost, path: customerPath(7) + "/agreements", body: attesting, key: "k"}, 201, false,
			effects("SELECT id FROM activity_log WHERE resource_type = 'agreement' AND customer_tenant_id = ?", path.Base(customerPath(7)))},
		"sandbox relationship": {ask{by: bySandboxTarget, method: http.MethodPost, path: "/v1/sandbox/relationships", body: `{"customerId":"` + boxedClient + `"}`, key: "k"}, 201, false,
			effects("SELECT id FROM activity_log WHERE customer_tenant_id = ?", boxedClient)},
		"world": {ask{by: byOperator, method: http.MethodPost, path: "/v1/admin/worlds", body: accepting(8), key: "k"}, 200, false,
			effects("SELECT partner_tenant_id FROM relationships WHERE partner_tenant_id = ? AND customer_tenant_id = ?", world.LargeSource, path.Base(customerPath(8)))},
		"endings": {ask{by: byOperator, method: http.MethodPost, path: "/v1/admin/endings", body: strings.ReplaceAll(accepting(0), path.Base(customerPath(0)), idle), key: "k"}, 200, false,
			effects("SELECT id FROM activity_log WHERE customer_tenant_id = ? AND operation = 'remove_partner_customer_relationship'", idle)},
	}
	require.ElementsMatch(s, apitest.Writes(func(apitest.Write) bool { return true }), slices.Collect(maps.Keys(all)), "there is one of each write of apitest")
	return all
}

// registration is where webhooks are registered.
const registration = "/webhooks/v1/registration"

// registrants are partners with a webhook, each for one write, by who acts for them.
var registrants = map[string]string{
	byNorthwind: world.Demo().SourceTenantID, byFabrikam: world.Demo().TargetTenantID, byLitware: "aaaaaaaa-0000-4000-8000-000000000005",
	byAlpine: "aaaaaaaa-0000-4000-8000-000000000009", byProseware: "aaaaaaaa-0000-4000-8000-000000000013",
}

// withRegistrants adds them. Some have an event that waits, others a dead letter, as of a registration that ended; the id is Alpine's.
func (s *stage) withRegistrants() (dead string) {
	s.Helper()
	var w ledger.World
	for i, by := range slices.Sorted(maps.Keys(registrants)) {
		w.Partners = append(w.Partners, programme.Partner{
			TenantID: registrants[by], Name: by, Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: fmt.Sprint(4_000_030 + i), Market: "US",
			Currency: "USD", Locale: "en-US", Users: []programme.User{programme.Agent(fmt.Sprintf("eeeeeeee-0000-4000-8000-0000000030%02d", i), "agent@registrant.example")},
		})
	}
	require.NoError(s, s.ledger.Extend(s.Context(), w))
	for by := range registrants {
		testing := ask{by: by, method: http.MethodPost, path: registration, body: strings.Replace(registering, "create-transfer", "test-created", 1)}
		s.gets(testing, http.StatusOK)
		if by == byLitware {
			continue
		}
		s.gets(ask{by: by, method: http.MethodPost, path: registration + "/validationEvents"}, http.StatusOK)
		if by == byAlpine || by == byProseware {
			s.gets(ask{by: by, method: http.MethodDelete, path: registration}, http.StatusNoContent)
			s.gets(testing, http.StatusOK)
		}
	}
	return s.rows("SELECT id FROM webhook_deliveries WHERE partner_tenant_id = ?", registrants[byAlpine])[0]
}

// withASandbox adds the source's sandbox, and a customer in it that it has no relationship with.
func (s *stage) withASandbox() {
	s.Helper()
	require.NoError(s, s.ledger.Extend(s.Context(), ledger.World{
		Partners: []programme.Partner{{
			TenantID: boxedTarget, Name: "Sandbox", Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: "4000022", Market: "US",
			Currency: "USD", Locale: "en-US", Environment: programme.Sandbox, SandboxOf: world.LargeSource,
			Users: []programme.User{programme.Agent("eeeeeeee-0000-4000-8000-000000002201", "eva@sandbox.example")},
		}},
		Customers: []programme.Customer{{
			TenantID: boxedClient, Name: "Bellows College", Domain: "bellows-college.example", Email: "it@bellows-college.example", Market: "US", Locale: "en-US",
			Environment: programme.Sandbox,
		}},
	}))
}

// whatever is asked for twice is done once and answered twice in the same words; under the same key with another body
// it is refused. A run that has to look is owed that in the same transaction, with the request's correlation id.
func TestEveryWriteIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := setStage(t, 9, 2)
	for name, w := range everyWrite(s) {
		t.Run(name, func(t *testing.T) {
			before := s.rows("SELECT workflow_id, wanted FROM runs")
			first := s.gets(w.ask, w.status)
			after := s.rows("SELECT workflow_id, wanted FROM runs")
			require.Equal(t, first, s.gets(w.ask, w.status))
			require.Len(t, w.effect(), 1)
			require.Equal(t, after, s.rows("SELECT workflow_id, wanted FROM runs"))
			require.Equal(t, w.runs, strings.Join(before, ",") != strings.Join(after, ","))
			if w.runs {
				require.Len(t, s.rows("SELECT workflow_id FROM runs WHERE told < wanted AND correlation_id = 'correlation-of-k' AND workflow_id = ?",
					w.run(t, first)), 1)
			}
			require.Equal(t, w.status != http.StatusNoContent, first.kind == "application/json", first.kind)
			require.Equal(t, w.tagged(), first.etag != "")

			other := w.ask
			other.body += " "
			require.Equal(t, "800002", s.gets(other, http.StatusBadRequest).code(t))
			require.Equal(t, first, s.gets(w.ask, w.status))
		})
	}
}

// idOf is the id in an answer.
func idOf(t *testing.T, r reply) string {
	t.Helper()
	var body struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(r.complete), &body), r.complete)
	return body.ID
}

// What a write answers is what a read says at once: the same entity tag, and the same transfer at the place that is named.
func TestAnAnswerIsWhatIsRead(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 3)
	made := s.gets(creating(0, "k"), http.StatusCreated)
	read := s.gets(ask{by: byTarget, method: http.MethodGet, path: made.location}, http.StatusOK)
	assert.JSONEq(t, read.complete, made.complete)
	assert.Equal(t, read.etag, made.etag)
	submitted := s.gets(deciding(bySource, made.location, listing(0, 3), "k"), http.StatusOK)
	read = s.gets(ask{by: bySource, method: http.MethodGet, path: made.location}, http.StatusOK)
	assert.JSONEq(t, read.complete, submitted.complete)
	assert.Equal(t, read.etag, submitted.etag)
}

// A transfer is read with one statement each for who asks, the transfer, the caller's labels and the line items.
func TestATransferIsReadOnce(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 3)
	at := s.pending(0)
	s.gets(deciding(bySource, at, listing(0, 3), "k"), http.StatusOK)
	least := s.ledger.Statements()
	for range 3 { // housekeeping asks for something, too, at times
		before := s.ledger.Statements()
		s.gets(ask{by: bySource, method: http.MethodGet, path: at}, http.StatusOK)
		least = min(least, s.ledger.Statements()-before)
	}
	require.EqualValues(t, 4, least)
}

// Fifty twins at once: one effect, and all hear the same.
func TestTwinsAtOnce(t *testing.T) {
	t.Parallel()
	s := setStage(t, 9, 2)
	for name, w := range everyWrite(s) {
		t.Run(name, func(t *testing.T) {
			replies := s.together(50, w.ask)
			require.Equal(t, w.status, replies[0].status, replies[0].complete)
			for _, r := range replies {
				require.Equal(t, replies[0], r)
			}
			require.Len(t, w.effect(), 1)
		})
	}
}

// On PostgreSQL twins meet at the claim, from as many connections as there are, and wait there.
func TestTwinsAtOnceOnPostgreSQL(t *testing.T) {
	t.Parallel()
	s := setStageOn(t, pgtest.Shared(t), world.Large(2, 200))
	made := s.together(50, creating(0, "k"))
	submitted := s.together(50, deciding(bySource, s.pending(1), listing(1, 200), "k"))
	for i := range made {
		require.Equal(t, http.StatusCreated, made[i].status, made[i].complete)
		require.Equal(t, made[0], made[i])
		require.Equal(t, http.StatusOK, submitted[i].status, submitted[i].complete)
		require.Equal(t, submitted[0], submitted[i])
	}
	both, err := s.ledger.Transfers(t.Context(), transferstore.Filter{})
	require.NoError(t, err)
	require.Len(t, both, 2)
}

// Without a key every request is a new one, and nothing is kept.
func TestWithoutAKey(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	first, second := s.gets(creating(0, ""), http.StatusCreated), s.gets(creating(0, ""), http.StatusCreated)
	require.NotEqual(t, idOf(t, first), idOf(t, second))
	s.gets(deciding(bySource, first.location, listing(0, 1), ""), http.StatusOK)
	require.Equal(t, "900101", s.gets(deciding(bySource, first.location, listing(0, 1), ""), http.StatusConflict).code(t))
	require.Equal(t, "2055", s.gets(ask{by: byTarget, method: http.MethodPatch, path: second.location, body: cancelling,
		header: map[string]string{"If-Match": `"old"`}}, http.StatusPreconditionFailed).code(t))
	require.Empty(t, s.rows("SELECT * FROM api_requests"))
	require.Equal(t, []string{"api crm correlation-of-"}, s.rows(`SELECT json_extract(new_value, '$.origin.via'), application_id,
		correlation_id FROM activity_log WHERE event_key = 'submitted' AND partner_tenant_id = ?`, world.LargeSource))
}

// A refusal is an answer like any other: it is kept, whoever refused, in the shape that was asked for, and nothing else is.
func TestRefusalsAreKept(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 2)
	at, over := s.pending(0), s.pending(1)
	s.gets(deciding(byTarget, over, cancelling, "over"), http.StatusOK)
	undated := strings.Replace(attesting, "2026-01-02", "yesterday", 1)
	stale := map[string]string{"If-Match": `"old"`}
	problem := map[string]string{"Accept": "application/problem+json"}
	before := s.rows("SELECT * FROM transfers")
	runs := s.rows("SELECT * FROM runs")
	for name, c := range map[string]struct {
		ask
		status int
		code   string
	}{
		"by the rules of a create":      {ask{by: bySource, method: "POST", path: creating(0, "").path, body: creating(0, "").body}, 400, "900148"},
		"by the rules of a submit":      {deciding(bySource, at, `{"lineItems":[{"subscriptionId":"`+licence(1, 0)+`","productType":"OnlineServicesNCE"}]}`, ""), 400, "800078"},
		"by the party":                  {deciding(byTarget, at, declining, ""), 403, "900150"},
		"by the state":                  {deciding(bySource, over, declining, ""), 400, "900102"},
		"as a problem":                  {ask{by: byTarget, method: "PATCH", path: at, body: declining, header: problem}, 403, "900150"},
		"for a stale tag":               {ask{by: byTarget, method: "PATCH", path: at, body: cancelling, header: stale}, 412, "2055"},
		"labels for a stale tag":        {ask{by: byTarget, method: "PATCH", path: at, body: labelling, header: stale}, 412, "2055"},
		"a body that cannot be read":    {ask{by: byTarget, method: "POST", path: customerPath(0) + "/agreements", body: undated}, 400, "800002"},
		"a verb that is none":           {deciding(byTarget, at, unknownVerb, ""), 400, "800042"},
		"a transfer of nobody":          {deciding(byTarget, customerPath(0)+"/transfers/"+licence(0, 0), cancelling, ""), 404, "900100"},
		"a subscription of another":     {deciding(byTarget, customerPath(0)+"/subscriptions/"+licence(0, 0), `{"friendlyName":"x"}`, ""), 404, "20003"},
		"an attestation by no reseller": {ask{by: bySource, method: "POST", path: customerPath(0) + "/agreements", body: attesting}, 403, "20002"},
		"a body about something else":   {deciding(byTarget, at, `{"id":"`+licence(0, 0)+`","status":"Cancel"}`, ""), 400, "800002"},
	} {
		t.Run(name, func(t *testing.T) {
			c.key = name
			first := s.hears(t.Context(), c.ask)
			require.Equal(t, c.status, first.status, first.complete)
			require.Equal(t, c.header["Accept"] != "", first.kind == "application/problem+json")
			require.Equal(t, c.code, first.code(t), first.complete)
			require.Equal(t, first, s.hears(t.Context(), c.ask))
			require.Len(t, s.rows("SELECT status FROM api_requests WHERE request_key = ? AND status = ?", name, first.status), 1)
			other := c.ask
			other.body += " "
			require.Equal(t, "800002", s.gets(other, http.StatusBadRequest).code(t))
		})
	}
	require.Equal(t, before, s.rows("SELECT * FROM transfers"))
	require.Equal(t, runs, s.rows("SELECT * FROM runs"))
	s.gets(deciding(byTarget, at, cancelling, "now"), http.StatusOK)
}

// However often a party is refused, nothing about the transfer changes and no run is made to look.
func TestRefusedAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	at := s.pending(0)
	before := s.rows("SELECT * FROM transfers")
	runs := s.rows("SELECT * FROM runs")
	for i := range 300 {
		body := `{"lineItems":[{"subscriptionId":"` + licence(9, i) + `","productType":"OnlineServicesNCE"}]}`
		require.Equal(t, http.StatusNotFound, s.hears(t.Context(), deciding(bySource, at, body, fmt.Sprint(i))).status)
	}
	require.Equal(t, before, s.rows("SELECT * FROM transfers"))
	require.Equal(t, runs, s.rows("SELECT * FROM runs"))
	require.Len(t, s.rows("SELECT request_key FROM api_requests WHERE form = '' AND length(body) < 500"), 300)
	s.gets(deciding(bySource, at, listing(0, 1), "good"), http.StatusOK)
}

// An answer that is too large to be kept is rendered again, as it was, whatever became of the transfer since.
func TestLargeAnswersAreRenderedAgain(t *testing.T) {
	t.Parallel()
	const many = 300
	s := setStage(t, 1, many)
	at := s.pending(0)
	submit, label := deciding(bySource, at, listing(0, many), "submit"), deciding(bySource, at, labelling, "label")
	submitted := s.gets(submit, http.StatusOK)
	require.Equal(t, many, strings.Count(submitted.complete, `"subscriptionId"`))
	require.Equal(t, []string{"submitted " + path.Base(at)}, s.rows("SELECT form, subject_id FROM api_requests WHERE request_key = 'submit' AND body IS NULL"))
	require.Equal(t, submitted, s.gets(submit, http.StatusOK))

	_, err := s.ledger.RecordItems(t.Context(), path.Base(at), []transferstore.ItemResult{
		{Ordinal: 0, TargetSubscriptionID: uuid.NewString()}, {Ordinal: 1, Refusal: kernel.Refuse(transfer.NotActive, "It is over.")},
	})
	require.NoError(t, err)
	require.Equal(t, submitted, s.gets(submit, http.StatusOK))

	labelled := s.gets(label, http.StatusOK)
	require.Contains(t, labelled.complete, `"externalReference":"4711"`)
	require.Len(t, s.rows("SELECT 1 FROM api_requests WHERE request_key = 'label' AND form = 'transfer' AND body IS NULL"), 1)
	require.Equal(t, labelled, s.gets(label, http.StatusOK))
}

// An answer that asks for a repetition is not kept: the ledger's one writer is held up until the client has gone, and the
// same request is carried out later.
func TestOutagesAreNotKept(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 1)
	at := s.pending(0)
	letGo := s.holdWriter()
	for _, q := range []ask{creating(1, "k"), deciding(bySource, at, listing(0, 1), "k"), deciding(byTarget, at, unknownVerb, "k")} {
		r := s.impatiently(q)
		require.Equal(t, http.StatusServiceUnavailable, r.Code, r.Body.String())
		require.NotEmpty(t, r.Header().Get("Retry-After"))
	}
	letGo()
	require.Empty(t, s.rows("SELECT 1 FROM api_requests WHERE request_key = 'k'"))
	s.gets(creating(1, "k"), http.StatusCreated)
	s.gets(deciding(bySource, at, listing(0, 1), "k"), http.StatusOK)
	s.gets(deciding(byTarget, at, unknownVerb, "k"), http.StatusBadRequest)
}

// A transfer that somebody holds locked is told as such; anything else that is locked is an outage. Neither is kept.
func TestLocksAreToldAndNotKept(t *testing.T) {
	t.Parallel()
	database, err := url.Parse(pgtest.Shared(t))
	require.NoError(t, err)
	query := database.Query()
	query.Set("lock_timeout", "50")
	database.RawQuery = query.Encode()
	s := setStageOn(t, database.String(), world.Large(1, 1))
	at := s.pending(0)
	change := deciding(bySource, customerPath(0)+"/subscriptions/"+licence(0, 0), `{"friendlyName":"Mail"}`, "k")
	cancel := deciding(byTarget, at, cancelling, "k")
	letGo := holdRows(t, database.String(), "SELECT 1 FROM transfers FOR UPDATE", "SELECT 1 FROM subscriptions FOR UPDATE")
	r := s.gets(cancel, http.StatusConflict)
	require.Equal(t, "900104", r.code(t))
	require.Equal(t, "1", r.retryAfter)
	r = s.gets(change, http.StatusServiceUnavailable)
	require.NotEmpty(t, r.retryAfter)
	letGo()
	s.gets(cancel, http.StatusOK)
	s.gets(change, http.StatusOK)
}

// R-103, A3: once an answer is forgotten, the same create is refused and names what it made, whatever became of that.
func TestAForgottenCreate(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	made := s.gets(creating(0, "order-77"), http.StatusCreated)
	s.gets(deciding(byTarget, made.location, cancelling, "k"), http.StatusOK)
	_, err := s.ledger.At(time.Now().Add(command.RequestsKept + time.Minute)).ForgetRequests(t.Context())
	require.NoError(t, err)
	again := s.gets(creating(0, "order-77"), http.StatusBadRequest)
	require.Equal(t, "800002", again.code(t))
	require.Contains(t, again.complete, idOf(t, made))
	require.Contains(t, again.complete, "Cancel")
}

// holdWriter keeps everybody else from writing until the result is called.
func (s *stage) holdWriter() (letGo func()) {
	s.Helper()
	held, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		claim := command.Claim{CallerTenantID: world.LargeSource, Route: "a test", Key: "hold", Fingerprint: "f"}
		_, err := s.ledger.Cancel(context.WithoutCancel(s.Context()), licence(0, 0), transfer.Decision{}, command.Terms[transferstore.Outcome]{
			Claim: claim, Answer: func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) {
				close(held)
				<-release
				return command.Answer{}, nil
			},
		})
		ended <- err
	}()
	<-held
	return func() {
		close(release)
		require.ErrorIs(s, <-ended, transfer.NotFound)
	}
}

// impatiently sends the request and goes away when it is not answered at once.
func (s *stage) impatiently(q ask) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(s.Context(), 200*time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, q.method, q.path, strings.NewReader(q.body))
	r.Header.Set("Authorization", "Bearer "+q.by)
	r.Header.Set("MS-RequestId", q.key)
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// holdRows runs the statements in a transaction that stays open until the result is called.
func holdRows(t *testing.T, databaseURL string, statements ...string) (letGo func()) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), databaseURL)
	require.NoError(t, err)
	for _, statement := range append([]string{"BEGIN"}, statements...) {
		_, err := connection.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	return func() { require.NoError(t, connection.Close(context.WithoutCancel(t.Context()))) }
}
