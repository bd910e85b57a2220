package billing

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// FuzzDecodeResult throws answers at the decoder: whatever a billing system says ends as exactly one of an id, "accepted",
// a refusal or unavailable, each fit to be stored and logged.
func FuzzDecodeResult(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", `{"subscriptionId": "7F000001-0000-4000-8000-00000000e001"}`, `{"subscriptionId": 7}`,
		`{"code": "900146", "message": "no"}`, `{"code": 900103}`, `{"code": 1e999, "message": null}`, "{\"code\": \"\\u0000\xff\"}",
	} {
		for _, status := range []int{200, 202, 302, 401, 409, 422, 429, 503} {
			f.Add(status, "120", "/moves/1", []byte(body))
		}
	}
	f.Add(503, "Sat, 15 Jun 2024 09:31:30 GMT", "", []byte(nil))
	now := time.Date(2024, 6, 15, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, after, location string, body []byte) {
		header := http.Header{"Retry-After": {after}, "Location": {location}}
		a, err := decode(status, header, body, "old", now)
		var refusal *kernel.Refusal
		var failure *Unavailable
		switch {
		case errors.As(err, &refusal):
			fit(t, refusal.Code)
			fit(t, refusal.Message)
			if refusal.Cause != transfer.ProviderRefused || refusal.Code == "" || status != 409 && status != 422 {
				t.Fatalf("%d became the refusal %v", status, refusal)
			}
		case errors.As(err, &failure):
			fit(t, failure.Reason)
			within(t, failure.RetryAfter)
			if !failure.Cause.Retryable() {
				t.Fatalf("%v is not retryable", failure.Cause)
			}
		case err != nil:
			t.Fatalf("neither a refusal nor unavailable: %v", err)
		case a.accepted:
			within(t, a.retryAfter)
			if status != 202 || a.subscriptionID != "" {
				t.Fatalf("%d was accepted as %+v", status, a)
			}
		default:
			if id, err := kernel.ParseID("id", a.subscriptionID); err != nil || id != a.subscriptionID || status != 200 && status != 201 {
				t.Fatalf("%d gave the id %q", status, a.subscriptionID)
			}
		}
	})
}

func fit(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r\n") || utf8.RuneCountInString(text) > 500 {
		t.Fatalf("not fit to be stored: %q", text)
	}
}

func within(t *testing.T, wait time.Duration) {
	t.Helper()
	if wait < 0 || wait > maxRetryAfter {
		t.Fatalf("waits %s", wait)
	}
}
