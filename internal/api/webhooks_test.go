package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/world"
)

func registeringFor(url, events string) ask {
	return ask{by: bySource, method: http.MethodPut, path: registration, body: fmt.Sprintf(`{"WebhookUrl":%q,"WebhookEvents":%s}`, url, events)}
}

// What clients send of a registration is bounded, and no part of it is ignored; an event that is named twice is one.
func TestBoundsOfARegistration(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	at, one := "https://hooks.example/", `["create-transfer"]`
	first := registeringFor(at, `["create-transfer","CREATE-TRANSFER"]`)
	first.method = http.MethodPost
	assert.Contains(t, s.gets(first, http.StatusOK).complete, `"WebhookEvents":["create-transfer"]`)
	s.gets(registeringFor(at+strings.Repeat("x", webhook.LongestURL-len(at)), one), http.StatusOK)
	for what, q := range map[string]ask{
		"WebhookUrl":    registeringFor(at+strings.Repeat("x", webhook.LongestURL-len(at)+1), one),
		"WebhookEvents": registeringFor(at, "["+strings.TrimSuffix(strings.Repeat(`"create-transfer",`, 51), ",")+"]"),
		"Secrets":       {by: bySource, method: http.MethodPut, path: registration, body: `{"WebhookUrl":"https://hooks.example/","WebhookEvents":["create-transfer"],"Secrets":[]}`},
		"no such event": registeringFor(at, `["create-transfers"]`),
	} {
		assert.Contains(t, s.gets(q, http.StatusBadRequest).complete, what)
	}
	assert.NotContains(t, s.gets(registeringFor(at+strings.Repeat("x", 2<<20), one), http.StatusRequestEntityTooLarge).complete, "eligible")
	assert.Len(t, s.rows("SELECT id FROM activity_log WHERE resource_type = 'webhook_registration' AND user_principal_name = 'sam@source.example' AND application_id = 'crm' AND user_id = ?",
		world.LargeSourceUser), 2, "what was made and replaced")
}

// An operation that takes no body refuses one that says something, whichever it is, and takes one that says nothing.
func TestNoBodyIsIgnored(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	first := registeringFor("https://hooks.example/", `["test-created"]`)
	first.method = http.MethodPost
	s.gets(first, http.StatusOK)
	bare := 0
	for _, q := range []ask{
		{method: http.MethodPost, path: "/webhooks/v1/deliveries/nothing/redeliver"},
		{method: http.MethodPost, path: "/webhooks/v1/deliveries/redeliver"},
		{method: http.MethodPost, path: registration + "/validationEvents"},
		{method: http.MethodDelete, path: registration},
	} {
		q.by = bySource
		for body, status := range map[string]int{
			`{"x":1}`: http.StatusBadRequest, `[1]`: http.StatusBadRequest, `"x"`: http.StatusBadRequest, `{`: http.StatusBadRequest,
			`{"x":"` + strings.Repeat("x", 2<<20) + `"}`: http.StatusRequestEntityTooLarge,
		} {
			q.body = body
			got := s.gets(q, status)
			if status == http.StatusBadRequest && body != "{" {
				assert.Contains(t, got.complete, "takes n", body)
			}
		}
		for _, body := range []string{"", "null", "{}", `{"attributes":{"objectType":"x"}}`} {
			q.body = body
			got := s.hears(t.Context(), q)
			assert.NotEqual(t, http.StatusBadRequest, got.status, "%s %s", body, got.complete)
			bare++
		}
	}
	require.Equal(t, 16, bare)
}

// Two who change a registration at one time do not undo each other's changes, when they say what they read.
func TestIfMatchOfRegistrations(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	first := registeringFor("https://hooks.example/", `["test-created"]`)
	first.method = http.MethodPost
	made := s.gets(first, http.StatusOK)
	read := ask{by: bySource, method: http.MethodGet, path: registration}
	require.NotEmpty(t, made.etag)
	require.Equal(t, made.etag, s.gets(read, http.StatusOK).etag)
	matching := func(tag string) ask {
		q := registeringFor("https://hooks.example/other", `["test-created"]`)
		q.header = map[string]string{"If-Match": tag}
		return q
	}
	for _, stale := range []string{`"nope"`, "nope", "W/" + made.etag} {
		assert.Equal(t, "2055", s.gets(matching(stale), http.StatusPreconditionFailed).code(t), stale)
	}
	require.Equal(t, made.etag, s.gets(read, http.StatusOK).etag, "nothing happened")
	replaced := s.gets(matching(made.etag), http.StatusOK)
	require.NotEqual(t, made.etag, replaced.etag)
	require.Equal(t, replaced.etag, s.gets(read, http.StatusOK).etag)
	s.gets(matching(made.etag), http.StatusPreconditionFailed)
	s.gets(matching("*"), http.StatusOK)
	s.gets(registeringFor("https://hooks.example/third", `["test-created"]`), http.StatusOK)
	between := ask{by: bySource, method: http.MethodPost, path: "/webhooks/v1/deliveries/redeliver?from=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z"}
	assert.Contains(t, s.gets(between, http.StatusBadRequest).complete, "until")
}
