package billing

// What an answer of the billing system means. Everything that is not clearly "done", "accepted" or "refused" is
// Unavailable: nothing is lost by asking again, and the operator reads why.

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"handover/internal/kernel"
)

const (
	maxBody       = 1 << 20 // bytes of an answer
	maxHeaders    = 64 << 10
	maxReason     = 300 // characters of somebody else's text that we keep
	maxCode       = 32
	maxRetryAfter = time.Hour
)

// The codes of a 409 or 422 that are no refusal: another attempt may succeed.
const codeSyncing = "900103"

var codesPending = []string{"900278", "800082"}

// answer is a move that is done, or accepted and to be asked for again.
type answer struct {
	subscriptionID string
	accepted       bool
	location       string        // of an accepted move, as sent
	retryAfter     time.Duration // of an accepted move; zero when it did not say
}

// decode reads an answer about the move of that subscription. Errors: *kernel.Refusal, *Unavailable.
func decode(status int, header http.Header, body []byte, subscriptionID string, now time.Time) (answer, error) {
	wait := retryAfter(header.Get("Retry-After"), now)
	switch status {
	case http.StatusAccepted:
		return answer{accepted: true, location: header.Get("Location"), retryAfter: wait}, nil
	case http.StatusOK, http.StatusCreated:
		id, err := decodeDone(body)
		if err != nil {
			return answer{}, away(wait, "The billing system answered %d, but %v.", status, err) // a page that says "come back later"
		}
		return answer{subscriptionID: id}, nil
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return answer{}, decodeNo(status, body, subscriptionID, wait)
	default:
		u := unavailable(wait, "The billing system answered %s", describe(status))
		u.Of, u.Status = faultOf(status), status
		return answer{}, u
	}
}

// faultOf tells whether other moves would be answered with that status too.
func faultOf(status int) Fault {
	switch {
	case status == http.StatusTooManyRequests:
		return OfThePace
	case status == http.StatusNotImplemented:
		return OfTheMove // it is there, and does not know the question
	case status >= 500, status >= 300 && status < 400,
		status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return OfTheSystem
	default:
		return OfTheMove
	}
}

// describe says what an operator can do about a status that is neither an answer nor a refusal.
func describe(status int) string {
	named := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return named + "; the move is tried again."
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return named + "; give it the token it wants."
	case status == http.StatusNotFound:
		return named + "; check its base URL, and whether it still knows the move."
	case status >= 300 && status < 400:
		return named + "; redirects are not followed, so give its final address as base URL."
	default:
		return named + ", which the contract does not foresee; correct the billing system."
	}
}

// decodeDone reads the new subscription's id. The error completes the sentence "it answered, but …".
func decodeDone(body []byte) (string, error) {
	var done struct {
		SubscriptionID string `json:"subscriptionId"`
	}
	if err := unmarshal(body, &done); err != nil {
		return "", err
	}
	id, err := kernel.ParseID("subscriptionId", done.SubscriptionID)
	if err != nil {
		return "", errors.New("its subscriptionId is not a GUID")
	}
	return id, nil
}

// decodeNo reads a 409 or 422, which is final unless its code says that the subscription is only busy.
func decodeNo(status int, body []byte, subscriptionID string, wait time.Duration) error {
	code, message, err := decodeReason(body)
	if err != nil {
		return unavailable(wait, "The billing system answered %d, but %v.", status, err)
	}
	switch {
	case code == codeSyncing:
		return syncing(subscriptionID, wait)
	case slices.Contains(codesPending, code):
		return unavailable(wait, "The billing system is busy with the subscription (%s): %s", code, message)
	default:
		return refused(subscriptionID, code, message)
	}
}

// decodeReason reads {"code", "message"}. The code may be a string or a number, as in the wild.
func decodeReason(body []byte) (code, message string, err error) {
	var no struct {
		Code    text   `json:"code"`
		Message string `json:"message"`
	}
	if err := unmarshal(body, &no); err != nil {
		return "", "", err
	}
	code, message = kernel.ShortLine(string(no.Code), maxCode), kernel.ShortLine(no.Message, maxReason)
	if code == "" {
		return "", "", errors.New("it gave no code")
	}
	if message == "" {
		message = "it gave no reason."
	}
	return code, message, nil
}

// text is a JSON string or number.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		*t = text(number)
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// unmarshal refuses what a longer body may have been cut from.
func unmarshal(body []byte, into any) error {
	if len(body) > maxBody {
		return errors.New("its body is larger than 1 MB")
	}
	if json.Unmarshal(body, into) != nil {
		return errors.New("its body is not the JSON of the contract")
	}
	return nil
}

// retryAfter reads the header in seconds or as a date (RFC 9110, section 10.2.3), at most an hour. Zero when it is absent,
// malformed or not in the future.
func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)
	seconds, err := strconv.ParseUint(header, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		wait = time.Duration(min(seconds, math.MaxInt32)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
