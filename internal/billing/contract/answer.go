package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// kind is what an answer means for us.
type kind int

const (
	odd      kind = iota // nothing that the contract foresees
	done                 // 200, 201 with the new subscription
	atWork               // 202
	promised             // 204
	refused              // 409, 422 with a code of its own: never
	busy                 // 429, 5xx, 409 or 422 with a code that says "not now": ask again
	unknown              // 404
)

// notNow are the codes of a 409 or 422 that are no refusal.
var notNow = []string{"900103", "900278", "800082"}

// answer is one answer, read as the contract reads it.
type answer struct {
	kind     kind
	status   int
	id       string // of the new subscription, in lower case, when it is done
	code     string // of a refusal, or of not now
	flaw     string // why it is odd in spite of its status
	location string
	wait     time.Duration // what Retry-After asks for
}

func read(status int, header http.Header, body []byte) answer {
	a := answer{status: status, location: header.Get("Location"), wait: retryAfter(header.Get("Retry-After"))}
	switch {
	case status == http.StatusOK, status == http.StatusCreated:
		a.readDone(body)
	case status == http.StatusAccepted:
		a.kind = atWork
	case status == http.StatusNoContent:
		a.kind = promised
	case status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		a.readNo(body)
	case status == http.StatusNotFound:
		a.kind = unknown
	case status == http.StatusTooManyRequests, status >= 500 && status != http.StatusNotImplemented:
		a.kind = busy
	}
	return a
}

func (a *answer) readDone(body []byte) {
	var said struct {
		SubscriptionID string `json:"subscriptionId"`
	}
	if json.Unmarshal(body, &said) != nil {
		a.flaw = "a body that is not the JSON of the contract"
		return
	}
	id, err := uuid.Parse(said.SubscriptionID)
	if err != nil || len(said.SubscriptionID) != len(id.String()) {
		a.flaw = fmt.Sprintf("subscriptionId %s, which is no GUID", quote(said.SubscriptionID))
		return
	}
	a.kind, a.id = done, id.String()
}

// readNo takes a code that is a string or a number, as Handover does.
func (a *answer) readNo(body []byte) {
	var said struct {
		Code any `json:"code"`
	}
	switch err := json.Unmarshal(body, &said); code := said.Code.(type) {
	case string:
		a.code = code
	case float64:
		a.code = strconv.FormatFloat(code, 'f', -1, 64)
	default:
		a.flaw = "no code"
		if err != nil {
			a.flaw = "a body that is not the JSON of the contract"
		}
		return
	}
	switch {
	case a.code == "" || len([]rune(a.code)) > 32:
		a.flaw = fmt.Sprintf("code %s, which has not 1 to 32 characters", quote(a.code))
	case slices.Contains(notNow, a.code):
		a.kind = busy
	default:
		a.kind = refused
	}
}

// String completes "…, got".
func (a answer) String() string {
	switch {
	case a.flaw != "":
		return fmt.Sprintf("%d with %s", a.status, a.flaw)
	case a.kind == done:
		return fmt.Sprintf("%d with subscriptionId %s", a.status, a.id)
	case a.code != "":
		return fmt.Sprintf("%d with code %s", a.status, quote(a.code))
	default:
		return strconv.Itoa(a.status)
	}
}

// cannotPromise tells of a DELETE whose question the system does not know.
func (a answer) cannotPromise() bool {
	return slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, a.status)
}

// quote shows somebody else's text, short and without what a terminal would obey.
func quote(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.QuoteToGraphic(text)
}

// retryAfter reads the header in seconds or as a date; zero when it says nothing.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
