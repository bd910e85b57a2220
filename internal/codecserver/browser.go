package codecserver

import (
	"net/http"
	"slices"
)

// admitPage lets the page of the Web UI read the answer, and refuses every other one. Programs name no page.
func (s *server) admitPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	if !slices.Contains(s.Origins, origin) {
		return &refusal{http.StatusForbidden, "Pages from there may not ask. HANDOVER_CODEC_ORIGIN names the one that may."}
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	return nil
}

// preflight tells a browser what the page may send. It comes without a token, and says nothing of payloads.
func (s *server) preflight(w http.ResponseWriter, r *http.Request) {
	if err := s.admitPage(w, r); err != nil {
		s.refuse(w, err)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
