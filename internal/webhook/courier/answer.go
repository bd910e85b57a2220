package courier

import (
	"errors"
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
	mostSeconds = 86_400  // of Retry-After: nobody is left alone for longer
)

// answerOf reads what an endpoint answered, as far as it counts, and hangs up where it says more. What switches to another protocol has
// nothing to say in this one: nothing of it is read, because nothing ends it.
func answerOf(response *http.Response, now time.Time) webhook.Answer {
	defer func() { _ = response.Body.Close() }() // nobody is there to be told
	answer := webhook.Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Values("Retry-After"), now)}
	switch {
	case answer.Status < http.StatusContinue:
		return webhook.Answer{Fault: broken}
	case answer.Status >= http.StatusOK:
		said, _ := io.ReadAll(io.LimitReader(response.Body, mostRead))
		answer.Excerpt = kernel.ShortLine(string(said), mostExcerpt)
	}
	return answer
}

// retryAfter is the longest of what is asked for, in seconds or as a date; whatever is neither asks for nothing.
func retryAfter(texts []string, now time.Time) time.Duration {
	var longest time.Duration
	for _, text := range texts {
		text = strings.TrimSpace(text)
		wish := time.Duration(0)
		if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
			wish = time.Duration(min(seconds, mostSeconds)) * time.Second
		} else if at, err := http.ParseTime(text); err == nil {
			wish = min(at.Sub(now), mostSeconds*time.Second)
		}
		longest = max(longest, wish)
	}
	return longest
}
