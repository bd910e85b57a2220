package courier

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/webhook"
)

const (
	mostRead    = 4 << 10 // bytes of an answer
	mostExcerpt = 500     // characters of it that are kept
)

// answerOf reads what an endpoint answered, as far as it counts, and hangs up where it says more.
func answerOf(response *http.Response, now time.Time) webhook.Answer {
	defer func() { _ = response.Body.Close() }() // nobody is there to be told
	said, _ := io.ReadAll(io.LimitReader(response.Body, mostRead))
	return webhook.Answer{
		Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"), now),
		Excerpt: kernel.ShortLine(string(said), mostExcerpt),
	}
}

// retryAfter reads seconds or a date, and is 0 for anything else.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(at.Sub(now), 0)
}
