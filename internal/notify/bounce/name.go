package bounce

import (
	"fmt"
	"strconv"
	"strings"
)

// AttemptHeader is the header of an e-mail that says which attempt at it this is, because an operator may have it sent again, under the same
// Message-ID (I-4).
const AttemptHeader = "X-Handover-Attempt"

// EnvelopeID is what mail servers are told that one attempt at an e-mail is called, and repeat in their reports (RFC 3461): the attempt's
// number, a full stop, the Message-ID.
func EnvelopeID(messageID string, attempt int) string {
	return fmt.Sprintf("%d.%s", attempt, strings.Trim(messageID, "<>"))
}

// envelope notes what an envelope id says; one of somebody else's says nothing.
func (r *reading) envelope(id string) {
	attempt, messageID, found := strings.Cut(strings.Trim(strings.TrimSpace(id), "<>"), ".")
	if !found {
		return
	}
	if _, err := strconv.Atoi(attempt); err != nil {
		return
	}
	r.names(messageID, false)
	if r.report.Attempt == 0 {
		r.numbers(attempt)
	}
}

// mostAttempts is more than an e-mail is ever tried.
const mostAttempts = 1_000_000

func (r *reading) numbers(attempt string) {
	if n, err := strconv.Atoi(strings.TrimSpace(attempt)); err == nil && n > 0 && n <= mostAttempts {
		r.report.Attempt = n
	}
}
