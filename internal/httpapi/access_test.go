package httpapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The forms of the header that carry a token (RFC 6750), and those that do not.
func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer a.b.c": "a.b.c", "BEARER  a.b.c ": "a.b.c", "Bearer a b": "a b",
		"": "", "Bearer": "", "Bearer ": "", "Bearer    ": "", "a.b.c": "", "Basic a.b.c": "", "Bearera.b.c": "", " Bearer a.b.c": "",
	} {
		token, ok := bearer(header)
		assert.Equal(t, want != "", ok, "%q", header)
		if ok {
			assert.Equal(t, want, token, "%q", header)
		}
	}
}

func assertCause(t *testing.T, want interface{ Error() string }, err error, who string) {
	t.Helper()
	var refused *Error
	if assert.ErrorAs(t, err, &refused, who) {
		assert.Equal(t, want.Error(), refused.ErrorName, who)
	}
}
