package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"handover/internal/kernel"
)

// received is the body of a write that was read, whole and within its bounds.
type received struct {
	bytes.Reader
	whole []byte
}

// Close does nothing: the body is in memory.
func (*received) Close() error { return nil }

// receivedBody is the body that receiveBody read.
func receivedBody(req *http.Request) []byte {
	if body, ok := req.Body.(*received); ok {
		return body.whole
	}
	return nil
}

// receiveBody reads the body of a write into the place of req.Body and holds it against its bounds while it arrives, before
// anything is claimed, decoded or kept of it. Call done when the request is answered: until then its bytes count as in
// flight. Errors: *kernel.Refusal for what is out of bounds, otherwise *Error.
func (a *API) receiveBody(w http.ResponseWriter, req *http.Request, r Route) (done func(), err error) {
	expected := req.ContentLength
	if expected > r.MaxBody {
		return nil, refuseLarge(r)
	}
	if expected < 0 {
		expected = r.MaxBody
	}
	done, err = a.bodies.enter(RequestOf(req.Context()).Caller.TenantID, expected)
	if err != nil {
		return nil, err
	}
	whole, err := a.readBody(w, req, r)
	if err != nil {
		done()
		return nil, err
	}
	body := &received{whole: whole}
	body.Reset(whole)
	req.Body = body
	return done, nil
}

// byteOrderMark begins the bodies of some clients, although JSON has no need of one (RFC 8259, section 8.1).
var byteOrderMark = []byte("\ufeff")

// readBody reads the body, without its byte order mark.
func (a *API) readBody(w http.ResponseWriter, req *http.Request, r Route) ([]byte, error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	var whole bytes.Buffer
	in := bufio.NewReader(io.TeeReader(http.MaxBytesReader(w, req.Body, r.MaxBody), &whole))
	if start, err := in.Peek(len(byteOrderMark)); err == nil && bytes.Equal(start, byteOrderMark) {
		_, _ = in.Discard(len(byteOrderMark)) // they are in the buffer
	}
	scanner := scanner{in: in}
	err := scanner.scan(r.body)
	_ = control.SetReadDeadline(time.Time{}) // the deadline was for the body, not for what comes of it
	if err != nil {
		return nil, readingFailed(r, err)
	}
	return bytes.TrimPrefix(whole.Bytes(), byteOrderMark), nil
}

// readingFailed tells what the body is refused for from what kept it from arriving.
func readingFailed(r Route, err error) error {
	var large *http.MaxBytesError
	var own *Error
	_, refused := asRefusal(err)
	switch {
	case refused, errors.As(err, &own):
		return err
	case errors.As(err, &large):
		return refuseLarge(r)
	default:
		return fromFramework(http.StatusRequestTimeout, "", nil)
	}
}

func refuseLarge(r Route) *Error {
	if r.Smaller == "" {
		return Refuse(tooLarge, "The body is larger than this operation takes.")
	}
	return Refuse(tooLarge, "The body is larger than this operation takes. %s", r.Smaller)
}

// The bodies that may be in memory at once, in bytes: of one partner and of all. A body takes several times its bytes until
// its request is answered.
const (
	mostBytesOfOne = 16 << 20
	mostBytesOfAll = 64 << 20
)

// inFlight counts the bytes of the bodies whose requests are not answered yet.
type inFlight struct {
	mu  sync.Mutex
	all int64
	of  map[string]int64 // by partner
}

func newInFlight() *inFlight { return &inFlight{of: map[string]int64{}} }

// enter counts a body of the partner until leave is called, or refuses it with when to come back: tooManyRequests when the
// partner's own bodies are in the way, unavailable when all others' are.
func (f *inFlight) enter(partner string, size int64) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.of[partner]+size > mostBytesOfOne:
		return nil, Refuse(tooManyRequests, "Your requests under way have %d MB already. Send this one again when they are answered.", mostBytesOfOne>>20).again(time.Second)
	case f.all+size > mostBytesOfAll:
		return nil, Refuse(unavailable, "Too many large requests are under way. Repeat the same request later.").again(retryLedger)
	}
	f.all += size
	f.of[partner] += size
	return func() { f.leave(partner, size) }, nil
}

func (f *inFlight) leave(partner string, size int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all -= size
	if f.of[partner] -= size; f.of[partner] == 0 {
		delete(f.of, partner)
	}
}

// WholeNumber is a number of a body that has no fraction, however it is written: 3 and 3.0 are the same.
type WholeNumber int

// UnmarshalJSON reads it. Error: *json.UnmarshalTypeError for what is no whole number.
func (n *WholeNumber) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	whole, err := kernel.ParseWhole(string(data))
	if err != nil {
		return &json.UnmarshalTypeError{Value: jsonType(data[0]), Type: reflect.TypeFor[int]()}
	}
	*n = WholeNumber(whole)
	return nil
}
