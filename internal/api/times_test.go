package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/world"
)

// The ends of .NET's time, as its clients write them.
const (
	minValue = "0001-01-01T00:00:00Z"
	maxValue = "9999-12-31T23:59:59.9999999-08:00"
)

// oddTimes are times that no ledger keeps, as texts and as tokens of pages.
func oddTimes() (all []string) {
	for _, at := range []string{"0000-01-01T00:00:00Z", "0001-01-01T00:00:01+14:00", "9999-12-31T12:00:00-14:00", minValue} {
		all = append(all, at, base64.RawURLEncoding.EncodeToString([]byte(at+" x")))
	}
	return append(all, "0000-01-01", "9999-12-31", "01/01/0000 00:00:00", maxValue)
}

// a time that a client names is that time on either database, or the request is refused: none is taken for one that was left out,
// and MinValue and MaxValue are before and after everything.
func TestTimesInQueries(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*stage{"SQLite": setStage(t, 1, 1), "PostgreSQL": setStageOn(t, pgtest.Shared(t), world.Large(1, 1))} {
		s.over(0)
		ended := ask{by: byTarget, method: http.MethodPost, path: registration, body: strings.Replace(registering, "create-transfer", "test-created", 1)}
		s.gets(ended, http.StatusOK)
		s.gets(ask{by: byTarget, method: http.MethodPost, path: registration + "/validationEvents"}, http.StatusOK)
		s.gets(ask{by: byTarget, method: http.MethodDelete, path: registration}, http.StatusNoContent)
		s.gets(ended, http.StatusOK) // under which its dead letter stays one
		count := func(by, path, parameter, value string) int {
			var page struct {
				TotalCount int
				Items      []object
			}
			answer := s.gets(ask{by: by, path: path + "?" + parameter + "=" + url.QueryEscape(value), method: http.MethodGet}, http.StatusOK)
			require.NoError(t, json.Unmarshal([]byte(answer.complete), &page))
			return max(page.TotalCount, len(page.Items))
		}
		logged := count(byTarget, "/v1/auditrecords", "size", "500")
		require.Positive(t, logged)
		for _, c := range []struct {
			by, path, parameter string
			first, last         int // how many are found, or the status of a refusal
		}{
			{byTarget, "/v1/auditrecords", "startDate", 400, 400},
			{byTarget, "/v1/auditrecords", "endDate", 400, logged},
			{byTarget, "/v1/transfers", "createdFrom", 1, 0},
			{byTarget, "/v1/transfers", "createdUntil", 0, 1},
			{byTarget, "/v1/transfers", "modifiedFrom", 1, 0},
			{byTarget, "/webhooks/v1/deliveries", "from", 1, 0},
			{byTarget, "/webhooks/v1/deliveries", "until", 0, 1},
		} {
			for value, want := range map[string]int{minValue: c.first, "0001-01-01T00:00:00+14:00": c.first, maxValue: c.last, "9999-12-31T23:59:59+14:00": c.last} {
				if want == http.StatusBadRequest {
					s.gets(ask{by: c.by, method: http.MethodGet, path: c.path + "?" + c.parameter + "=" + url.QueryEscape(value)}, want)
					continue
				}
				assert.Equal(t, want, count(c.by, c.path, c.parameter, value), "%s: %s %s=%s", name, c.path, c.parameter, value)
			}
			for _, value := range []string{"0000-01-01T00:00:00Z", "0001-01-01T00:00:01+14:00", "9999-12-31T12:00:00-14:00"} {
				refused := s.gets(ask{by: c.by, method: http.MethodGet, path: c.path + "?" + c.parameter + "=" + url.QueryEscape(value)}, http.StatusBadRequest)
				assert.Contains(t, refused.complete, c.parameter+" must lie in the years 1 to 9999", name)
			}
		}
		assert.Equal(t, logged, count(byTarget, "/v1/auditrecords", "endDate", "9999-12-31"), name)
		assert.Equal(t, logged, count(byTarget, "/v1/auditrecords", "auditRequest.endDate", "12/31/9999 23:59:59"), name)

		// what happened before the first time of all is nothing, and not everything.
		again := func(query string) string {
			return s.gets(ask{by: byTarget, method: http.MethodPost, path: "/webhooks/v1/deliveries/redeliver" + query}, http.StatusOK).complete
		}
		assert.Contains(t, again("?until="+url.QueryEscape(minValue)), `"count":0`, name)
		assert.Contains(t, again("?from="+url.QueryEscape(minValue)+"&until="+url.QueryEscape(maxValue)), `"count":1`, name)
	}
}
