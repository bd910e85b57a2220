package billing

// What the billing system calls when it has moved what it accepted. A callback is a hint: what is true is always read from the
// billing system itself, so a forged one can cost one request and nothing else. Whoever cannot show the token is turned away before any of what he sends is read.

import (
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// maxCallback bounds the body of a callback in bytes: a result, or a reason that is cut to 300 characters anyway.
const maxCallback = 64 << 10

// Callbacks accepts POST /moves/{key} (the key URL-escaped) with the body of a finished move and the bearer token, and tells
// the key. Nothing in the body is believed. An empty token refuses every callback.
//
// It answers 204 when the key was told; 503 with Retry-After when tell said false, because nobody can take it now; 401
// without the token, whatever was asked for, and closes the connection; 400 for a body that tells no result, 413 for one that
// is too long, 408 for one that does not come within the time that the server gives it.
func Callbacks(token string, tell func(key string) bool) http.Handler {
	c := callbacks{token: token, tell: tell, routes: http.NewServeMux()}
	c.routes.HandleFunc("POST /moves/{key...}", c.called) // a proxy may have unescaped the slash
	return c
}

type callbacks struct {
	token  string
	tell   func(key string) bool
	routes *http.ServeMux
}

func (c callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.authentic(r) {
		turnAway(w)
		return
	}
	c.routes.ServeHTTP(w, r)
}

func (c callbacks) authentic(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && c.token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) == 1
}

// turnAway answers 401 and has the connection closed at once.
func turnAway(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	// Even so the server reads on after the answer, for as long as a promised body does not come; unless its time is up. The
	// error says that there is no connection to wait on.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "Send the callback token as a bearer token.", http.StatusUnauthorized)
}

func (c callbacks) called(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		http.Error(w, "The body is longer than the result of a move can be.", http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		http.Error(w, "The body did not come in time.", http.StatusRequestTimeout)
	case err != nil || !tellsResult(body):
		http.Error(w, "The body must be the result of the move: subscriptionId, or code and message.", http.StatusBadRequest)
	case !c.tell(r.PathValue("key")):
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Too many callbacks are being looked after. Send this one again, or let us ask in our own time.", http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func tellsResult(body []byte) bool {
	_, done := decodeDone(body)
	_, _, refused := decodeReason(body)
	return done == nil || refused == nil
}
