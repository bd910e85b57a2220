package billing

// The callback of a billing system that has moved what it accepted. It is a hint: what is true is always read from the billing
// system itself, so a forged callback can cost one request and nothing else.

import (
	"crypto/subtle"
	"io"
	"net/http"
	"strings"
)

// Callback accepts POST /moves/{key} (the key URL-escaped) with the body of a finished move and the bearer token of the
// settings, and tells take of the key, which is to ask the billing system what became of the move.
//
// It answers 204 whether the key is known or not, 401 without the token, 400 for a body that tells no result, 503 when take
// has too much to do.
func (h *HTTP) Callback(take func(key string) bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /moves/{key}", func(w http.ResponseWriter, r *http.Request) { h.called(w, r, take) })
	return mux
}

func (h *HTTP) called(w http.ResponseWriter, r *http.Request, take func(key string) bool) {
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
	if !take(r.PathValue("key")) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Too many results at once; send it again.", http.StatusServiceUnavailable)
		return
	}
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
