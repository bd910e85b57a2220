package httpapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// C9: quality values count, and so do ranges.
func TestPrefers(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "application/json": false, "*/*": false, "application/*": false, "nonsense": false,
		"application/problem+json":                                             true,
		"APPLICATION/Problem+JSON":                                             true,
		"application/json, application/problem+json":                           true,
		"application/json, application/problem+json;q=0.1":                     false,
		"application/json;q=0.5, application/problem+json;q=0.6":               true,
		"application/problem+json;q=0":                                         false,
		"application/problem+json; q=0.5, */*":                                 false,
		"application/problem+json; q=0.5, */*; q=0.4":                          true,
		"application/json;q=0.2, application/problem+json;q=0.5, */*":          true,
		"text/html, application/xhtml+xml, application/problem+json;q=0.1":     true,
		"application/problem+json;q=nonsense":                                  true,
		"application/*;q=0.1, application/problem+json;q=0.9, text/plain;q=1":  true,
		"application/problem+json;q=0.9, application/json;charset=utf-8;q=0.9": true,
	} {
		assert.Equal(t, want, Prefers(accept, problemType, "application/json"), accept)
	}
}
