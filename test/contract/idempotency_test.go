package contract

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
)

// keyed is the request under a request id.
func (r call) keyed(id string) call { return r.with(map[string]string{requestID: id}) }

// same requires that both answers are the same, byte for byte.
func same(t testing.TB, first, again answer) {
	t.Helper()
	assert.Equal(t, first.status, again.status, "%s", again.body)
	assert.Equal(t, string(first.body), string(again.body))
	for _, header := range []string{"Content-Type", "ETag", "Location", "Retry-After"} {
		assert.Equal(t, first.header.Values(header), again.header.Values(header), header)
	}
}

// together sends a request several times at once.
func together(times int, send func() answer) []answer {
	answers := make([]answer, times)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = send() })
	}
	all.Wait()
	return answers
}

// the same request gets the same answer and has no second effect, whatever happened since.
func TestR103_TheSameRequestAgain(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	key := fresh() // for all of them: each route has keys of its own
	create := call{method: http.MethodPost, path: transfers(customer), body: request()}.keyed(key)
	first := target.do(t, create)
	path := first.header.Get("Location")
	as[object](t, first, http.StatusCreated)

	subscription := "/v1/customers/" + customer + "/subscriptions/" + field[string](t, held(t, source, customer, "Exchange Online Plan 1"), "id")
	rename := call{method: http.MethodPatch, path: subscription, body: object{"friendlyName": "Mail"}}.keyed(key)
	renamed := source.do(t, rename)
	as[object](t, renamed, http.StatusOK)

	submit := call{method: http.MethodPatch, path: path, body: everything}.keyed(key)
	submitted := source.do(t, submit)
	as[object](t, submitted, http.StatusOK)
	becomes(t, source, path, "Complete")

	same(t, first, target.do(t, create))
	same(t, renamed, source.do(t, rename))
	same(t, submitted, source.do(t, submit))
	assert.Len(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), 1)

	secondPath, _ := created(t, customer)
	withdraw := call{method: http.MethodPatch, path: secondPath, body: cancel}.keyed(key)
	withdrawn := target.do(t, withdraw)
	as[object](t, withdrawn, http.StatusOK)
	same(t, withdrawn, target.do(t, withdraw))
}

// ids of an answer are those of its own request, also where the answer was kept.
func TestR103_AKeptAnswerHasTheIdsOfTheRepetition(t *testing.T) {
	t.Parallel()
	create := call{method: http.MethodPost, path: transfers(customer(t)), body: request(), header: map[string]string{"Idempotency-Key": fresh()}}
	first := target.do(t, create)
	sent := map[string]string{requestID: fresh(), correlationID: fresh(), locale: "fr-FR"}
	again := target.do(t, create.with(sent))
	same(t, first, again)
	for header, value := range sent {
		assert.Equal(t, value, again.header.Get(header))
	}
	assert.Equal(t, "nosniff", again.header.Get("X-Content-Type-Options"))
}

// under one id there is one request. Another body, query or user is another request.
func TestR103_AnotherRequestUnderTheSameID(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	key := fresh()
	create := call{method: http.MethodPost, path: transfers(customer), body: request()}.keyed(key)
	first := target.do(t, create)
	colleague := target
	colleague.user = "eeeeeeee-0000-4000-8000-000000000202"
	for name, a := range map[string]answer{
		"another body":  target.do(t, call{method: http.MethodPost, path: transfers(customer), body: with(request(), object{"customerName": "Other"})}.keyed(key)),
		"another query": target.do(t, call{method: http.MethodPost, path: transfers(customer) + "?dryRun=false", body: request()}.keyed(key)),
		"another user":  colleague.do(t, create),
	} {
		assert.Equal(t, "RequestIdReused", refused(t, a, http.StatusBadRequest, "800002")["errorName"], name)
	}
	same(t, first, target.do(t, create))
	assert.Len(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), 1)
}

// keys are one caller's and one route's.
func TestR103_KeysAreTheCallersAndTheRoutes(t *testing.T) {
	t.Parallel()
	first, second := customer(t), customer(t)
	key := fresh()
	ids := map[string]bool{}
	for _, a := range []answer{
		target.do(t, call{method: http.MethodPost, path: transfers(first), body: request()}.keyed(key)),
		stranger.do(t, call{method: http.MethodPost, path: transfers(first), body: request()}.keyed(key)),
		target.do(t, call{method: http.MethodPost, path: transfers(second), body: request()}.keyed(key)),
	} {
		ids[field[string](t, as[object](t, a, http.StatusCreated), "id")] = true
	}
	assert.Len(t, ids, 3)
	again := target.do(t, call{method: http.MethodPost, path: transfers(strings.ToUpper(first)), body: request()}.keyed(key))
	assert.True(t, ids[field[string](t, as[object](t, again, http.StatusCreated), "id")], "the same path in another case is the same route (R-105)")
}

// Idempotency-Key takes the place of MS-RequestId; without either, every request is a new one.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	create := call{method: http.MethodPost, path: transfers(customer), body: request()}
	send := func(requestKey, idempotencyKey string) object {
		return as[object](t, target.do(t, create.with(map[string]string{requestID: requestKey, "Idempotency-Key": idempotencyKey})), http.StatusCreated)
	}
	key, id := "order 4711", fresh()
	assert.Equal(t, send(fresh(), key)["id"], send(fresh(), key)["id"])
	assert.NotEqual(t, send(id, "order 4712")["id"], send(id, "order 4713")["id"])
	assert.NotEqual(t, send("", "")["id"], send("", "")["id"])
}

// sixteen identical requests at once have one effect, and each is answered alike.
func TestR103_SixteenAtOnce(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Licence", atOnce))
	decided := func(r call, by client, success int) answer {
		r = r.keyed(fresh())
		answers := together(16, func() answer { return by.do(t, r) })
		first := answers[0]
		for _, a := range answers {
			same(t, first, a)
		}
		require.Equal(t, success, first.status, "%s", first.body)
		same(t, first, by.do(t, r))
		return first
	}
	made := decided(call{method: http.MethodPost, path: transfers(customer), body: request()}, target, http.StatusCreated)
	assert.Len(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), 1)

	path := made.header.Get("Location")
	decided(call{method: http.MethodPatch, path: path, body: everything}, source, http.StatusOK)
	assert.Len(t, becomes(t, source, path, "Complete")["lineItems"], 1)
	events := as[[]object](t, source.get(t, path+"/events"), http.StatusOK)
	assert.Equal(t, []any{"created", "submitted", "completed"}, values(events, "event"))
}

// A dry run is not kept: the create that follows under the same id is carried out, and another dry run looks again.
func TestADryRunIsNotKept(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	key := fresh()
	rehearse := call{method: http.MethodPost, path: transfers(customer) + "?dryRun=true", body: request()}.keyed(key)
	assert.Equal(t, true, as[object](t, target.do(t, rehearse), http.StatusOK)["wouldSucceed"])
	as[object](t, target.do(t, call{method: http.MethodPost, path: transfers(customer), body: request()}.keyed(key)), http.StatusCreated)
	rehearse.body = with(request(), object{"partnerOnRecord": "4999999"})
	assert.Equal(t, false, as[object](t, target.do(t, rehearse), http.StatusOK)["wouldSucceed"])
}

// A refusal is the request's answer too: it stays, even when the reason is gone. A new request gets a new answer.
func TestARefusalIsKept(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	project := held(t, source, customer, "Project Plan 3")
	submit := call{method: http.MethodPatch, path: path, body: picks(project)}.keyed(fresh())
	first := source.do(t, submit)
	refused(t, first, http.StatusBadRequest, "800078")
	resume := call{method: http.MethodPatch, path: "/v1/customers/" + customer + "/subscriptions/" + field[string](t, project, "id"), body: object{"status": "active"}}
	as[object](t, source.do(t, resume), http.StatusOK)
	same(t, first, source.do(t, submit))
	as[object](t, source.do(t, submit.keyed(fresh())), http.StatusOK)
}

// Wire notes 10: a call that was answered 401, and is repeated with a good token, had no effect before.
func TestWireNotes10_AfterUnauthorized(t *testing.T) {
	t.Parallel()
	create := call{method: http.MethodPost, path: transfers(customer(t)), body: request()}.keyed(fresh())
	refused(t, target.do(t, create.with(map[string]string{"Authorization": "Bearer expired"})), http.StatusUnauthorized, "400")
	as[object](t, target.do(t, create), http.StatusCreated)
}

// once the answers are forgotten, nothing is done a second time either: a create names what it made, a decision hears
// what became of the transfer. Not parallel: it forgets what others rely on.
func TestR103_TheAnswerIsForgotten(t *testing.T) {
	customer := customerWith(t, licence("Licence", atOnce))
	forget := func() {
		_, err := stage.Ledger.At(time.Now().Add(command.RequestsKept + time.Minute)).ForgetRequests(t.Context())
		require.NoError(t, err)
	}
	create := call{method: http.MethodPost, path: transfers(customer), body: request()}.keyed(fresh())
	first := target.do(t, create)
	path := first.header.Get("Location")
	submit := call{method: http.MethodPatch, path: path, body: picks(held(t, source, customer, "Licence"))}.keyed(fresh())
	as[object](t, source.do(t, submit), http.StatusOK)
	becomes(t, source, path, "Complete")
	forget()
	refused(t, source.do(t, submit), http.StatusBadRequest, "900102")
	e := refused(t, target.do(t, create), http.StatusBadRequest, "800002")
	assert.Equal(t, "RequestIdReused", e["errorName"])
	assert.Equal(t, []any{as[object](t, first, http.StatusCreated)["id"]}, e["data"])
	assert.Len(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), 1)
	events := as[[]object](t, source.get(t, path+"/events"), http.StatusOK)
	assert.Equal(t, []any{"created", "submitted", "completed"}, values(events, "event"))

	for by, body := range map[*client]object{&target: cancel, &source: decline} {
		path, _ = created(t, customer)
		decide := call{method: http.MethodPatch, path: path, body: body}.keyed(fresh())
		as[object](t, by.do(t, decide), http.StatusOK)
		forget()
		refused(t, by.do(t, decide), http.StatusBadRequest, "900102")
	}
}
