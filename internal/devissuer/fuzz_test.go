package devissuer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
)

// FuzzTokenForm: whatever the body is, it gets an answer, and no token without the secret.
func FuzzTokenForm(f *testing.F) {
	issuer, err := devissuer.New(devissuer.Settings{
		BaseURL: "http://127.0.0.1", KeyFile: filepath.Join(f.TempDir(), "key.pem"), Audience: audience, Known: known,
	})
	require.NoError(f, err)
	mux := http.NewServeMux()
	issuer.Register(mux)
	for _, body := range []string{"", "&", "=", "%", "client_secret=x", credentials(), credentials("role=SalesAgent", "user="+user),
		credentials("role=%00", "user=\xff"), refreshing("a.b.c"), refreshing("{}"), strings.ReplaceAll(credentials(), "=", ";")} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/"+partner+"/oauth2/v2.0/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		assert.Less(t, w.Code, http.StatusInternalServerError, w.Body.String())
		form, malformed := url.ParseQuery(body)
		if malformed != nil || form.Get("client_secret") != devissuer.ClientSecret {
			assert.NotEqual(t, http.StatusOK, w.Code)
			assert.NotContains(t, w.Body.String(), "access_token")
		}
	})
}
