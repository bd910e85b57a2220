package billing

// Waiting for a move that the billing system accepted. A callback only ends the wait early: what is true is always read
// from the billing system itself, so a forged callback can cost one request and nothing else.

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// mostPatience bounds how long one attempt waits between two polls.
	mostPatience = time.Minute
	// lastWord is what an attempt keeps of its time to say that the move goes on.
	lastWord = 5 * time.Second
)

// pause waits until the next poll is due, a callback came, or the context ended. A wait that is too long for the attempt
// ends it as *Unavailable: the next one posts the same key again and finds the move where it is.
func (h *HTTP) pause(ctx context.Context, asked time.Duration, woken <-chan struct{}) error {
	if asked == 0 {
		asked = h.settings.Poll
	}
	deadline, bounded := ctx.Deadline()
	if asked > mostPatience || (bounded && time.Until(deadline) < asked+lastWord) {
		return unavailable(asked, "The billing system has accepted the move and is still working on it.")
	}
	due := time.NewTimer(asked)
	defer due.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-due.C:
		return nil
	case <-woken:
		return nil
	}
}

// Callback accepts POST /moves/{key} (the key URL-escaped) with the body of a finished move and the bearer token of the
// settings, and wakes the Move that waits for the key in this process.
//
// It answers 204, whether somebody waits or not, 401 without the token, 400 for a body that tells no result.
func (h *HTTP) Callback() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /moves/{key}", h.called)
	return mux
}

func (h *HTTP) called(w http.ResponseWriter, r *http.Request) {
	if !h.authentic(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "Send the callback token as a bearer token.", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || !tellsResult(body) {
		http.Error(w, "The body must be the result of the move: subscriptionId, or code and message.", http.StatusBadRequest)
		return
	}
	h.waiting.wake(r.PathValue("key"))
	w.WriteHeader(http.StatusNoContent)
}

func (h *HTTP) authentic(r *http.Request) bool {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	want := h.settings.CallbackToken
	return bearer && want != "" && subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1
}

func tellsResult(body []byte) bool {
	_, done := decodeDone(body)
	_, _, refused := decodeReason(body)
	return done == nil || refused == nil
}

// waiting knows who waits for which key. The zero value is ready.
type waiting struct {
	mu    sync.Mutex
	byKey map[string]map[chan struct{}]bool
}

// register returns a channel that receives when the key is woken, and a function that ends the registration. More than
// one call may wait for a key: an attempt that was given up may still run beside its successor.
func (w *waiting) register(key string) (woken <-chan struct{}, forget func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey == nil {
		w.byKey = map[string]map[chan struct{}]bool{}
	}
	if w.byKey[key] == nil {
		w.byKey[key] = map[chan struct{}]bool{}
	}
	w.byKey[key][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byKey[key], c)
		if len(w.byKey[key]) == 0 {
			delete(w.byKey, key)
		}
	}
}

func (w *waiting) wake(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.byKey[key] {
		select {
		case c <- struct{}{}:
		default: // woken already
		}
	}
}
