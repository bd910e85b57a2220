package devissuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// The error codes of OAuth 2 (RFC 6749, sections 4.1.2.1 and 5.2) that are used here.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	unsupportedGrantType = "unsupported_grant_type"
	accessDenied         = "access_denied"
	temporarily          = "temporarily_unavailable"
	serverError          = "server_error"
)

// failure is a refusal in OAuth's form.
type failure struct {
	status      int
	challenge   bool   // the client tried HTTP Basic, so it is told to try again
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (f *failure) Error() string { return f.Code + ": " + f.Description }

func badRequest(code, format string, args ...any) error {
	return &failure{status: http.StatusBadRequest, Code: code, Description: fmt.Sprintf(format, args...)}
}

// writeFailure answers with the refusal; any other error is ours and says nothing about itself.
func writeFailure(w http.ResponseWriter, err error) {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{status: http.StatusInternalServerError, Code: serverError, Description: "The token could not be made."}
	}
	if f.challenge {
		w.Header().Set("WWW-Authenticate", `Basic realm="handover development"`)
	}
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	write(w, f.status, f)
}

// write answers with JSON that nobody may keep: most of it is a token, or says why there is none.
func write(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content) // a client that is gone cannot be told so
}
