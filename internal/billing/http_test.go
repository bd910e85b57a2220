package billing_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

const newID = "7f000001-0000-4000-8000-00000000e001"

// settingsFor points at the server, with a clock that stands still at submit.
func settingsFor(server *httptest.Server) billing.HTTPSettings {
	return billing.HTTPSettings{
		BaseURL: server.URL, Token: "sesame", Timeout: time.Minute,
		Now: func() time.Time { return billingtest.Submitted },
	}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func connect(t *testing.T, s billing.HTTPSettings) *billing.HTTP {
	t.Helper()
	h, err := billing.NewHTTP(s)
	require.NoError(t, err)
	return h
}

// answering moves the sample against a server that always answers this.
func answering(t *testing.T, status int, header http.Header, body string) (string, error) {
	t.Helper()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the adapter may hang up on an oversize body
	})
	return connect(t, settingsFor(server)).Move(t.Context(), billingtest.Sample(0))
}

// documented is the example body of the contract that operators build against.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/billing-http.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```json\n")
	require.True(t, found)
	example, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	return example
}

func TestRequestIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var err error
		body, err = io.ReadAll(r.Body)
		assert.NoError(t, err)
		got = r
		_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, strings.ToUpper(newID))
	})
	settings := settingsFor(server)
	settings.BaseURL += "/billing/v2/"
	id, err := connect(t, settings).Move(t.Context(), billingtest.Sample(4))
	require.NoError(t, err)
	assert.Equal(t, newID, id, "ids are kept in lower case (R-105)")

	assert.Equal(t, "POST /billing/v2/moves", got.Method+" "+got.URL.Path)
	assert.Equal(t, "Bearer sesame", got.Header.Get("Authorization"))
	assert.Equal(t, billingtest.Sample(4).Key, got.Header.Get("Idempotency-Key"))
	assert.JSONEq(t, documented(t), string(body))
}

func TestAbsentFactsAreLeftOut(t *testing.T) {
	t.Parallel()
	var body map[string]any
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, newID)
	})
	m := billingtest.Sample(0)
	m.Transfer.PartnerOnRecord, m.Old.TermDuration, m.Old.CommitmentEndDate = "", "", time.Time{}
	_, err := connect(t, settingsFor(server)).Move(t.Context(), m)
	require.NoError(t, err)
	assert.NotContains(t, body, "partnerOnRecord")
	assert.NotContains(t, body, "environment")
	assert.NotContains(t, body["subscription"], "termDuration")
	assert.NotContains(t, body["subscription"], "commitmentEndDate")
}

// a billing system is told of what is not real.
func TestMovesOfASandboxSaySo(t *testing.T) {
	t.Parallel()
	var body map[string]any
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, newID)
	})
	m := billingtest.Sample(0)
	m.Sandbox = true
	_, err := connect(t, settingsFor(server)).Move(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "sandbox", body["environment"])
}

func TestAnswersThatAreTriedAgain(t *testing.T) {
	t.Parallel()
	done := fmt.Sprintf(`{"subscriptionId": %q}`, newID)
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		says   string
		after  time.Duration
	}{
		{"throttled, seconds", 429, http.Header{"Retry-After": {"120"}}, "", "429", 2 * time.Minute},
		{"down, date", 503, http.Header{"Retry-After": {"Sat, 15 Jun 2024 09:31:30 GMT"}}, "<html>", "503", 90 * time.Second},
		{"down for a day", 503, http.Header{"Retry-After": {"86400"}}, "", "503", time.Hour},
		{"down for ever", 503, http.Header{"Retry-After": {"99999999999999999999"}}, "", "503", time.Hour},
		{"down until yesterday", 503, http.Header{"Retry-After": {"Fri, 14 Jun 2024 09:30:00 GMT"}}, "", "503", 0},
		{"down, gibberish", 502, http.Header{"Retry-After": {"-5"}}, "", "502", 0},
		{"internal error", 500, nil, done, "500", 0},
		{"wrong token", 401, nil, "", "401 Unauthorized; give it the token it wants.", 0},
		{"not allowed", 403, nil, "", "403", 0},
		{"wrong address", 404, nil, "", "404", 0},
		{"redirect", 302, http.Header{"Location": {"/elsewhere"}}, "", "redirects are not followed", 0},
		{"never heard of", 299, nil, done, "299, which the contract does not foresee", 0},
		{"done without a body", 200, nil, "", "not the JSON", 0},
		{"done as text", 200, nil, "OK", "not the JSON", 0},
		{"done without an id", 201, nil, `{}`, "not a GUID", 0},
		{"done with a made-up id", 200, nil, `{"subscriptionId": "42"}`, "not a GUID", 0},
		{"done with the old id", 200, nil, `{"subscriptionId": "A1B2C3D4-0000-4000-8000-00000000D000"}`, "R-30", 0},
		{"done at length", 200, nil, done + strings.Repeat(" ", 1<<20), "larger than 1 MB", 0},
		{"refused without a code", 422, nil, `{"message": "no"}`, "no code", 0},
		{"refused as text", 409, nil, "Conflict", "not the JSON", 0},
		{"refused with an odd code", 409, nil, `{"code": ["x"]}`, "not the JSON", 0},
		{"busy (R-29)", 409, http.Header{"Retry-After": {"30"}}, `{"code": 900278, "message": "pending"}`, "busy", 30 * time.Second},
		{"busy with an order (R-29)", 409, nil, `{"code": "800082", "message": "pending"}`, "busy", 0},
		{"accepted, but elsewhere", 202, http.Header{"Location": {"https://evil.example/moves/1"}}, "", "another host (evil.example)", 0},
		{"accepted, but downgraded", 202, http.Header{"Location": {"ftp:///moves/1"}}, "", "another host", 0},
		{"accepted at gibberish", 202, http.Header{"Location": {"http://[::1"}}, "", "malformed Location", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, c.status, c.header, c.body)
			var failure *billing.Unavailable
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, transfer.ProviderUnavailable, failure.Cause)
			assert.Contains(t, failure.Reason, c.says)
			assert.Equal(t, c.after, failure.RetryAfter)
		})
	}
}

func TestRefusalsAreCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, code, says string }{
		{"plain", `{"code": "900146", "message": "Third party."}`, "900146", "refused to move the subscription: Third party."},
		{"number", `{"code": 900146}`, "900146", "it gave no reason"},
		{"long", `{"code": "` + strings.Repeat("9", 500) + `", "message": "` + strings.Repeat("é", 5000) + `"}`, strings.Repeat("9", 32) + "…", strings.Repeat("é", 300) + "…"},
		{"dirty", `{"code": " a\u0000b\n ", "message": "one\r\ntwo"}`, "a b", "one two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, http.StatusConflict, nil, c.body)
			var refusal *kernel.Refusal
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, transfer.ProviderRefused, refusal.Cause)
			assert.Equal(t, c.code, refusal.Code)
			assert.Contains(t, refusal.Message, c.says)
			assert.Less(t, len(refusal.Message), 1000)
		})
	}
}

func TestUnreachableIsTriedAgain(t *testing.T) {
	t.Parallel()
	gone := serve(t, nil)
	gone.Close()
	cutOff := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"subscriptionId"`)
	})
	for name, server := range map[string]*httptest.Server{"refused connection": gone, "cut answer": cutOff} {
		_, err := connect(t, settingsFor(server)).Move(t.Context(), billingtest.Sample(0))
		var failure *billing.Unavailable
		if assert.ErrorAs(t, err, &failure, name) {
			assert.Contains(t, failure.Reason, "cannot be reached", name)
			assert.NotContains(t, failure.Reason, "sesame", name)
		}
	}
}

func TestOwnTimeoutIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	settings := settingsFor(server)
	settings.Timeout = 20 * time.Millisecond
	_, err := connect(t, settings).Move(t.Context(), billingtest.Sample(0))
	var failure *billing.Unavailable
	assert.ErrorAs(t, err, &failure)
}

func TestRedirectsDoNotCarryTheToken(t *testing.T) {
	t.Parallel()
	var strangers atomic.Int32
	stranger := serve(t, func(http.ResponseWriter, *http.Request) { strangers.Add(1) })
	_, err := answering(t, http.StatusTemporaryRedirect, http.Header{"Location": {stranger.URL}}, "")
	assert.Error(t, err)
	_, err = answering(t, http.StatusAccepted, http.Header{"Location": {stranger.URL}}, "")
	assert.Error(t, err)
	assert.Zero(t, strangers.Load())
}

// The state of an accepted move may be in an operator's own place, and may wander; it is asked for where the system said last.
func TestAcceptedMovesAreAskedAboutOnTheSameHost(t *testing.T) {
	t.Parallel()
	var paths []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.URL.RequestURI())
		switch len(paths) {
		case 1:
			w.Header().Set("Location", "http://"+r.Host+"/jobs/1?full=yes")
			w.Header().Set("Retry-After", "7")
		case 2:
			w.Header().Set("Location", "2")
		case 3: // stays where it is
		default:
			_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, newID)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	h, m := connect(t, settingsFor(server)), billingtest.Sample(0)
	_, err := h.Move(t.Context(), m)
	accepted := requireAtWork(t, err)
	assert.Equal(t, billing.AtWork{Where: server.URL + "/jobs/1?full=yes", RetryAfter: 7 * time.Second}, accepted)
	question := billing.Question{Key: m.Key, SubscriptionID: m.Old.ID, Where: accepted.Where}
	_, err = h.Ask(t.Context(), question)
	question.Where = requireAtWork(t, err).Where
	_, err = h.Ask(t.Context(), question)
	assert.Empty(t, requireAtWork(t, err).Where)
	id, err := h.Ask(t.Context(), question)
	require.NoError(t, err)
	assert.Equal(t, newID, id)
	assert.Equal(t, []string{"POST /moves", "GET /jobs/1?full=yes", "GET /jobs/2", "GET /jobs/2"}, paths)
}

func requireAtWork(t *testing.T, err error) billing.AtWork {
	t.Helper()
	var accepted *billing.AtWork
	require.ErrorAs(t, err, &accepted)
	return *accepted
}

// What is kept of an address is bounded, and a billing system that moved to another host is asked at its new one.
func TestAddressesOfAcceptedMoves(t *testing.T) {
	t.Parallel()
	_, err := answering(t, http.StatusAccepted, http.Header{"Location": {"/" + strings.Repeat("x", 2000)}}, "")
	var failure *billing.Unavailable
	require.ErrorAs(t, err, &failure)

	system := &billingtest.System{}
	h, m := adapter(t, system, nil), billingtest.Sample(0)
	id, err := h.Move(t.Context(), m)
	require.NoError(t, err)
	again, err := h.Ask(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID, Where: "https://elsewhere.example/jobs/1"})
	require.NoError(t, err)
	assert.Equal(t, id, again)
}

func TestAcceptedMoveCanBeRefusedOrLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{http.StatusUnprocessableEntity, `{"code": "900146"}`, transfer.ProviderRefused},
		{http.StatusConflict, `{"code": "900103"}`, transfer.StillSyncing},
		{http.StatusNotFound, "", billing.ErrUnknown},
		{http.StatusBadGateway, "", transfer.ProviderUnavailable},
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		m := billingtest.Sample(0)
		_, err := connect(t, settingsFor(server)).Ask(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID})
		assert.ErrorIs(t, err, c.want, "%d", c.status)
	}
}

// a billing system that answers with the source's own id has moved nothing, however it is asked.
func TestTheOldIDIsNoAnswer(t *testing.T) {
	t.Parallel()
	m := billingtest.Sample(0)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, m.Old.ID)
	})
	_, err := connect(t, settingsFor(server)).Ask(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID})
	assert.ErrorIs(t, err, transfer.ProviderUnavailable)
}

// A place that a billing system has swept says nothing: it is asked at the usual one.
func TestAPlaceThatIsGone(t *testing.T) {
	t.Parallel()
	var paths []string
	m := billingtest.Sample(0)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.EscapedPath())
		if r.URL.Path == "/jobs/1" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprintf(w, `{"subscriptionId": %q}`, newID)
	})
	id, err := connect(t, settingsFor(server)).Ask(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID, Where: server.URL + "/jobs/1"})
	require.NoError(t, err)
	assert.Equal(t, newID, id)
	assert.Equal(t, []string{"/jobs/1", "/moves/" + url.PathEscape(m.Key)}, paths)
}

// What people read of another system's text turns no direction and hides nothing.
func TestReasonsAreReadable(t *testing.T) {
	t.Parallel()
	_, err := answering(t, http.StatusConflict, nil, `{"code": "x", "message": "no\u202e\u200b\u001b[31m\u0000 more"}`)
	var refusal *kernel.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, "The billing system refused to move the subscription: no [31m more", refusal.Message)
}

// Whose fault a failure is decides whether others would fail alike.
func TestFaults(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]billing.Fault{
		http.StatusTooManyRequests: billing.OfThePace, http.StatusInternalServerError: billing.OfTheSystem, http.StatusBadGateway: billing.OfTheSystem,
		http.StatusUnauthorized: billing.OfTheSystem, http.StatusNotFound: billing.OfTheSystem, http.StatusFound: billing.OfTheSystem,
		http.StatusBadRequest: billing.OfTheMove, http.StatusOK: billing.OfTheSystem, http.StatusNotImplemented: billing.OfTheMove, http.StatusConflict: billing.OfTheMove,
	} {
		_, err := answering(t, status, nil, "")
		var failure *billing.Unavailable
		require.ErrorAs(t, err, &failure, "%d", status)
		assert.Equal(t, want, failure.Of, "%d", status)
	}
	h, err := billing.NewHTTP(billing.HTTPSettings{BaseURL: "http://127.0.0.1:1", Timeout: time.Second})
	require.NoError(t, err)
	_, err = h.Move(t.Context(), billingtest.Sample(0))
	var failure *billing.Unavailable
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, billing.OfTheSystem, failure.Of)
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := billing.HTTPSettings{BaseURL: "https://billing.example/v1", Timeout: time.Second}
	_, err := billing.NewHTTP(good)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*billing.HTTPSettings){
		"empty":     func(s *billing.HTTPSettings) { s.BaseURL = "" },
		"relative":  func(s *billing.HTTPSettings) { s.BaseURL = "billing/v1" },
		"scheme":    func(s *billing.HTTPSettings) { s.BaseURL = "ftp://billing.example" },
		"gibberish": func(s *billing.HTTPSettings) { s.BaseURL = "http://[::1" },
		"secret":    func(s *billing.HTTPSettings) { s.BaseURL = "https://a:secret@billing.example" },
		"query":     func(s *billing.HTTPSettings) { s.BaseURL = "https://billing.example/?a=b" },
		"token":     func(s *billing.HTTPSettings) { s.Token = "sesame\n" },
		"timeout":   func(s *billing.HTTPSettings) { s.Timeout = 0 },
	} {
		s := good
		spoil(&s)
		_, err := billing.NewHTTP(s)
		if assert.Error(t, err, name) {
			assert.NotContains(t, err.Error(), "secret@", name)
		}
	}
}

// Connections go back to the pool, also after answers nobody reads.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, strings.Repeat("busy ", 10_000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	h := connect(t, settingsFor(server))
	for range 5 {
		_, err := h.Move(t.Context(), billingtest.Sample(0))
		require.Error(t, err)
	}
	assert.EqualValues(t, 1, dialled.Load())
}
