package integration

// Endpoints that do what they should not, and one that is away for days. The clock is the test's.

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/config"
	"handover/internal/command"
	"handover/internal/outbox"
	"handover/internal/platform"
	"handover/internal/runs"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
	"handover/internal/world"
)

// garbled answers with what is no HTTP.
func garbled(w http.ResponseWriter, _ *http.Request) bool {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = connection.Write([]byte("\x16\x03\x01 SSH-2.0-\xff\xfe nonsense\r\n\r\n"))
		_ = connection.Close()
	}
	return false
}

// talkative never stops answering what.
func talkative(head string, what string) fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		defer func() { _ = connection.Close() }()
		_ = connection.SetDeadline(time.Now().Add(patience))
		for _, err = io.WriteString(connection, head); err == nil; {
			_, err = io.WriteString(connection, what)
		}
		return strings.HasSuffix(head, "\r\n\r\n") // who called hung up after it had what it wanted
	}
}

// Whatever an endpoint answers, what came of it is kept in our own words, the event comes again when it should, under its id, and others
// are told meanwhile. What is bounded of an answer is its time and its bytes, so that a success without end is one.
func TestEndpointsThatMisbehave(t *testing.T) {
	t.Parallel()
	elsewhere := listens(t, bySecret(t, webhook.NewSecret()))
	cases := []struct {
		name    string
		does    fault
		status  int
		fault   string
		atLeast time.Duration // until the next attempt
		taken   bool          // at once
	}{
		{name: "500", does: answers(500), status: 500},
		{name: "hangs", does: func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }, fault: "There was no answer in time."},
		{name: "429 and a wish", does: answers(429, "Retry-After", "7200"), status: 429, atLeast: 2*time.Hour - time.Minute},
		{name: "503 and a wish that is none", does: answers(503, "Retry-After", "soon, I hope"), status: 503},
		{name: "a redirect", does: answers(308, "Location", elsewhere.URL), status: 308},
		{name: "garbage", does: garbled, fault: "The connection broke, or what came was no HTTP."},
		{name: "a header without end", does: talkative("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"), fault: "The connection broke, or what came was no HTTP."},
		{name: "a body without end", does: talkative("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", strings.Repeat("endless ", 512)), status: 200, taken: true},
		{name: "well", status: 200, taken: true},
	}
	w := world.Large(1, 1)
	for n := range cases {
		p := w.Partners[0]
		p.TenantID, p.Users = fmt.Sprintf("dddddddd-0000-4000-8000-%012d", n), nil
		w.Partners = append(w.Partners, p)
	}
	partners := w.Partners[len(w.Partners)-len(cases):]
	clock := &movable{}
	p := startWorking(t, platform.Options{Now: clock.now, Settings: func(c *config.Config) { c.Webhooks.Timeout = time.Second }}, w)
	endpoints := make([]*endpoint, len(cases))
	for n, c := range cases {
		secret := webhook.NewSecret()
		endpoints[n] = listens(t, bySecret(t, secret))
		endpoints[n].does(c.does)
		_, err := p.Ledger.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, partners[n].TenantID, webhook.Wish{
			URL: endpoints[n].URL, Events: []string{"test-created"}, Format: "standard", Secret: secret.Kept(),
		}, p.Settings.Webhooks.Addresses())
		require.NoError(t, err)
		_, err = p.Ledger.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, partners[n].TenantID, uuid.NewString())
		require.NoError(t, err)
	}
	for n, c := range cases {
		var d webhook.Delivery
		eventually(t, c.name+": what came of it is known", func() bool {
			d = owedTo(t, p.Ledger, partners[n].TenantID)[0]
			return d.Attempts > 0
		})
		assert.Equal(t, []any{c.status, c.fault}, []any{d.LastStatus, d.LastFault}, c.name)
		assert.Equal(t, c.taken, d.Status == webhook.Delivered, c.name)
		if !c.taken {
			now, err := p.Ledger.LookAtWebhook(t.Context(), partners[n].TenantID, 1)
			require.NoError(t, err)
			assert.Greater(t, now.Next.Sub(d.At), c.atLeast, c.name)
		}
	}
	assert.Zero(t, elsewhere.attempts(), "a redirect is not followed")

	clock.advance(3 * time.Hour)
	for n, c := range cases {
		endpoints[n].does(nil)
		looks(t, p, partners[n].TenantID)
		endpoints[n].tookAll(t, p.Ledger, partners[n].TenantID, 1)
		assert.Equal(t, !c.taken, endpoints[n].attempts() > 1, c.name)
	}
}

// looks has the run that delivers to the partner look, as an operator may.
func looks(t *testing.T, p *platform.Platform, partner string) {
	t.Helper()
	require.NoError(t, p.Ledger.WantRuns(t.Context(), runs.Wanted{
		WorkflowID: webhook.WorkflowID(partner), WorkflowType: webhook.WorkflowType, SubjectID: partner, FairKey: partner, Cause: runs.CauseResumed,
	}))
}

// An endpoint is away for 90 hours, longer than an event is tried whatever its luck, while transfers are asked for. None is tried more
// than ten times. What is tried a last time before it is back is a dead letter, which the owner is told of and asks for; in the end it has
// heard of everything, under the ids of the first attempts.
func TestAnEndpointIsAwayForDays(t *testing.T) {
	t.Parallel()
	const away, often = 90 * time.Hour, 6
	secret, address := webhook.NewSecret(), freeAddress(t)
	clock := &movable{}
	p := startWorking(t, platform.Options{Now: clock.now}, world.Large(often, 1))
	to := &endpoint{verify: func(body []byte, headers http.Header) error {
		return bySecret(t, secret)(body, headers)
	}, tried: map[string]int{}, taken: map[string]int{}, bodies: map[string]string{}}
	_, err := p.Ledger.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, world.LargeSource, webhook.Wish{
		URL: "http://" + address, Events: []string{"create-transfer"}, Format: "standard", Secret: secret.Kept(),
	}, p.Settings.Webhooks.Addresses())
	require.NoError(t, err)

	began, happened := clock.now(), 0
	for clock.now().Sub(began) < away {
		for ; happened < often && clock.now().Sub(began) >= time.Duration(happened)*away/often; happened++ {
			opened(t, p.Ledger, largeParties(happened))
		}
		clock.advance(quiet(t, p))
		looks(t, p, world.LargeSource)
	}
	require.Equal(t, often, happened)
	quiet(t, p)
	dead := 0
	for _, d := range owedTo(t, p.Ledger, world.LargeSource) {
		assert.LessOrEqual(t, d.Attempts, webhook.MostAttempts)
		assert.Positive(t, d.Attempts)
		if d.Status == webhook.Dead {
			dead++
			assert.Equal(t, webhook.MostAttempts, d.Attempts)
		}
	}
	alarmed, err := p.Ledger.Notifications(t.Context(), outbox.Subject{Kind: webhookstore.SubjectKind, ID: world.LargeSource})
	require.NoError(t, err)
	require.Positive(t, dead, "the first was tried for as long as any is")
	assert.NotEmpty(t, alarmed)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: to, ReadHeaderTimeout: patience}}
	server.Start()
	t.Cleanup(server.Close)
	clock.advance(25 * time.Hour)
	again, err := p.Ledger.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, world.LargeSource, time.Time{}, time.Time{})
	require.NoError(t, err)
	assert.Equal(t, dead, again.Count)
	looks(t, p, world.LargeSource)
	to.tookAll(t, p.Ledger, world.LargeSource, often)
	now, err := p.Ledger.LookAtWebhook(t.Context(), world.LargeSource, 1)
	require.NoError(t, err)
	assert.Equal(t, webhook.Health{}, now.Registration.Health, "it is well again")
}

// quiet waits until nothing is due to the source and tells how long it is until something is, an hour where nothing waits.
func quiet(t *testing.T, p *platform.Platform) (until time.Duration) {
	t.Helper()
	eventually(t, "what is due was tried", func() bool {
		now, err := p.Ledger.LookAtWebhook(t.Context(), world.LargeSource, 1)
		require.NoError(t, err)
		if until = time.Hour; now.Waiting > 0 {
			until = now.Next.Sub(now.At) + time.Millisecond
		}
		return len(now.Due) == 0
	})
	return until
}
