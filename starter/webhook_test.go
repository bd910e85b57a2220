package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/webhook"
	"handover/internal/world"
)

// An operator registers a partner's endpoint, tests it and sees what became of that. The secret is shown once.
func TestWebhookCommands(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	s := b.stage()
	as := []string{"--as", world.Demo().SourceTenantID}
	run := func(status int, args ...string) (out, said string) {
		t.Helper()
		s = b.stage()
		require.Equal(t, status, s.run(t, append(append([]string{"webhook"}, args...), as...)...), s.stderr.String())
		return s.stdout.String(), s.stderr.String()
	}
	out, _ := run(0, "register", "--url", "https://hooks.example/", "--format", "standard", "--new-secret", "-o", "json")
	var made struct {
		Secret string
		Events []webhook.EventName
	}
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	assert.Equal(t, webhook.EventNames(), made.Events)
	kept, err := b.Webhook(t.Context(), world.Demo().SourceTenantID)
	require.NoError(t, err)
	assert.Equal(t, made.Secret, kept.Secret.Kept())

	_, said := run(3, "register", "--url", "https://hooks.example/other")
	assert.Contains(t, said, "already")
	_, said = run(3, "register", "--replace", "--url", "http://127.0.0.1/")
	assert.Contains(t, said, "https://")
	run(2, "register")
	run(2, "register", "--url", "https://hooks.example/", "--revoke-secrets")
	_, said = run(0, "register", "--replace", "--format", "standard")
	assert.Empty(t, said, "nothing is another one")
	out, said = run(0, "register", "--replace", "--url", "https://hooks.example/other")
	assert.Equal(t, 1, strings.Count(said, "Changed: "), said)
	assert.NotContains(t, out, "whsec_")
	kept, err = b.Webhook(t.Context(), world.Demo().SourceTenantID)
	require.NoError(t, err)
	assert.Equal(t, []any{webhook.Standard, made.Secret, webhook.EventNames()}, []any{kept.Format, kept.Secret.Kept(), kept.Events}, "what is not named stays")
	out, said = run(0, "register", "--replace", "--new-secret", "--ms-header", "--event", "test-created", "--format", "partner-center")
	for _, changed := range []string{"format, from standard to partner-center", "signature in x-ms-signature, from false to true", "the secret", "create-transfer is not sent any more"} {
		assert.Contains(t, said, "Changed: "+changed)
	}
	assert.NotContains(t, said, "whsec_")
	assert.Contains(t, out, "whsec_")
	run(0, "test")
	out, _ = run(0, "show")
	assert.Contains(t, out, "https://hooks.example/other")
	assert.NotContains(t, out, "whsec_")
	out, _ = run(0, "deliveries")
	assert.Contains(t, out, "test-created")
	assert.Contains(t, out, "waiting")
	out, _ = run(0, "deliveries", "-o", "json")
	var found struct{ Deliveries []deliveryView }
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	_, err = b.RecordWebhookAttempts(t.Context(), world.Demo().SourceTenantID, webhook.Attempt{
		DeliveryID: found.Deliveries[0].ID, N: 1, At: time.Now(), Answer: webhook.Answer{Status: 204},
	})
	require.NoError(t, err)
	run(0, "redeliver", found.Deliveries[0].ID)
	var answer struct {
		Count, Skipped, Total int
		ID, RequestID         string
		Status                string
		Deliveries            []deliveryView
		Results               []attemptView
	}
	reads := func(status int, args ...string) {
		t.Helper()
		out, _ := run(status, append(args, "-o", "json")...)
		answer.Deliveries, answer.Results = nil, nil
		require.NoError(t, json.Unmarshal([]byte(out), &answer), out)
	}
	reads(0, "redeliver", "--from", "2031-03-03T00:00:00Z")
	assert.Zero(t, answer.Count)
	assert.NotEmpty(t, answer.RequestID)
	run(2, "redeliver", "--from", "yesterday")
	run(2, "redeliver", "--from", "2031-03-03T00:00:00Z", "--until", "2031-03-02T00:00:00Z")
	id := found.Deliveries[0].ID
	reads(0, "redeliver", id)
	assert.Equal(t, []string{id, "waiting"}, []string{answer.ID, answer.Status})
	reads(0, "deliveries", id)
	assert.Equal(t, []int{1, 204}, []int{answer.Results[0].N, answer.Results[0].Status})
	out, _ = run(0, "deliveries", id)
	assert.Contains(t, out, "204")
	for filter, total := range map[string]int{
		"--event=test-created": 1, "--event=create-transfer": 0, "--status=waiting": 1, "--status=dead": 0, "--transfer=" + world.Demo().TargetTenantID: 0,
		"--from=2001-01-01T00:00:00Z": 1, "--until=2001-01-01T00:00:00Z": 0, "--limit=0": 1,
	} {
		reads(0, "deliveries", filter)
		assert.Equal(t, total, answer.Total, filter)
		assert.Len(t, answer.Deliveries, total, filter)
	}
	for _, wrong := range []string{"--limit=-1", "--status=lost", "--status=bogus", "--status=waiting,dead", "--event=made-up", "--transfer=x", "--from=x"} {
		run(2, "deliveries", wrong)
	}
	run(2, "deliveries", id, "--status=dead")
	run(3, "deliveries", "nothing")
	reads(0, "test", "--request-id", "once")
	first := answer
	reads(0, "test", "--request-id", "once")
	assert.Equal(t, first.ID, answer.ID, "the same request is the same test")
	reads(0, "deliveries")
	assert.Equal(t, 2, answer.Total)
	run(3, "redeliver", "nothing")
	_, said = run(0, "unregister", "--request-id", "end")
	assert.Empty(t, said)
	run(0, "unregister", "--request-id", "end")
	run(3, "unregister")
	run(3, "show")
	log, err := b.LogOf(t.Context(), webhook.Registration{PartnerTenantID: world.Demo().SourceTenantID}.SubscriberID(), world.Demo().SourceTenantID)
	require.NoError(t, err)
	assert.Equal(t, activitylog.AuditRemoveWebhook, log[len(log)-1].Operation)
	assert.Equal(t, operatorName, log[len(log)-1].UserID)
	as = nil
	_, said = run(2, "test")
	assert.Contains(t, said, "--as")
}

// The ledger of standalone takes what standalone calls, by the starter too; another one what the settings say.
func TestEndpointsOfStandalone(t *testing.T) {
	t.Parallel()
	for ledger, allowed := range map[string]bool{
		"sqlite://.handover/ledger.db": true, "sqlite://./.handover/ledger.db": true, "sqlite:///home/ann/.handover/ledger.db": true,
		"sqlite:///var/lib/handover/ledger.db": false, "sqlite://x.handover/ledger.db": false, "postgres://db/.handover/ledger.db": false,
	} {
		rules, err := surroundings().endpoints(ledger)
		require.NoError(t, err)
		for _, url := range []string{"http://127.0.0.1:8099/", "http://localhost:8099/", "http://[::1]:8099/"} {
			assert.Equal(t, allowed, rules.Check(url) == nil, "%s %s", ledger, url)
		}
	}
}

// An operator sees that an endpoint is left alone, until when, and since when it fails; and why it is switched off.
func TestShowOfAnEndpointInTrouble(t *testing.T) {
	t.Parallel()
	b, partner := newShelf(t, 0), world.Demo().SourceTenantID
	run := func(args ...string) string {
		t.Helper()
		s := b.stage()
		require.Equal(t, 0, s.run(t, append(append([]string{"webhook"}, args...), "--as", partner)...), s.stderr.String())
		return s.stdout.String()
	}
	answers := func(request string, a webhook.Answer) {
		t.Helper()
		run("test", "--request-id", request)
		now, err := b.LookAtWebhook(t.Context(), partner, 1)
		require.NoError(t, err)
		_, err = b.RecordWebhookAttempts(t.Context(), partner, webhook.Attempt{
			DeliveryID: now.Due[0].ID, N: 1, At: now.At, Registered: now.Registration.ModifiedAt, Answer: a,
		})
		require.NoError(t, err)
	}
	run("register", "--url", "https://hooks.example/")
	for _, trouble := range []string{"Fails since", "Rests until", "Switched off"} {
		assert.NotContains(t, run("show"), trouble)
	}
	answers("first", webhook.Answer{Status: 429, RetryAfter: time.Hour})
	for _, trouble := range []string{"Fails since", "Rests until"} {
		assert.Contains(t, run("show"), trouble)
	}
	answers("second", webhook.Answer{Status: 410})
	var shown registrationView
	require.NoError(t, json.Unmarshal([]byte(run("show", "-o", "json")), &shown))
	assert.Equal(t, webhook.WhyGone, shown.SwitchedOff)
	assert.NotZero(t, shown.OffAt)
	assert.Contains(t, run("show"), "gone")
}

// The receiver says of every attempt whether it is who it says.
func TestTheListenerVerifies(t *testing.T) {
	t.Parallel()
	signer, err := webhook.SelfSigned(time.Now())
	require.NoError(t, err)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(signer.Certificate()) }))
	t.Cleanup(gateway.Close)
	secret := webhook.NewSecret()
	happened := webhook.Event{ID: "p_c_t_createtransfer_1", Name: webhook.CreateTransfer, CustomerTenantID: "c", ResourceID: "t", At: time.Unix(1, 0)}
	hears := func(l *listener, certificates string, body string) string {
		r := webhook.Registration{Format: webhook.PartnerCenter, Secret: secret}
		bases := webhook.Bases{Resources: "https://api.example", Certificates: certificates}
		said, err := happened.Body(r.Format, bases)
		require.NoError(t, err)
		headers, err := r.Headers(happened, said, signer, bases, time.Now())
		require.NoError(t, err)
		if body == "" {
			body = string(said)
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		for name, value := range headers {
			request.Header.Set(name, value)
		}
		var out bytes.Buffer
		l.out, l.status = &out, http.StatusNoContent
		answer := httptest.NewRecorder()
		l.ServeHTTP(answer, request)
		if len(body) > mostReceived {
			assert.Equal(t, http.StatusRequestEntityTooLarge, answer.Code)
		}
		return out.String()
	}
	good := hears(&listener{secret: secret, gateway: gateway.URL}, gateway.URL, "")
	assert.Contains(t, good, "signed by the secret, signed by the certificate")
	assert.Contains(t, good, happened.ID)
	assert.Equal(t, 1, strings.Count(good, "\n"))
	forged := hears(&listener{secret: secret, gateway: gateway.URL}, gateway.URL, "forged\x1b[2J\n")
	assert.Contains(t, forged, "NOT SIGNED BY THE SECRET, NOT SIGNED BY THE CERTIFICATE")
	assert.NotContains(t, forged, "\x1b")
	assert.Contains(t, hears(&listener{gateway: "https://handover.example"}, gateway.URL, ""), "not at the gateway")
	assert.Contains(t, hears(&listener{secret: webhook.NewSecret(), gateway: gateway.URL}, gateway.URL, ""), "NOT SIGNED BY THE SECRET, signed")
	assert.Empty(t, hears(&listener{}, gateway.URL, strings.Repeat("x", mostReceived+1)))
	plain := &listener{}
	assert.Equal(t, "NOT VERIFIED", plain.verdict(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), nil))
}
