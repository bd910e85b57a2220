package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Entity tags in the forms that RFC 9110 allows.
func TestMatches(t *testing.T) {
	for header, want := range map[string]bool{`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `*`: true, `"b"`: false, `a`: false, ``: false} {
		require.Equal(t, want, Matches(header, `"a"`), header)
	}
}

// An entity tag changes with each of its parts, and with nothing else.
func TestEntityTag(t *testing.T) {
	tag := EntityTag("id", 1, []string{"a"})
	require.Regexp(t, `^"[0-9a-f]{24}"$`, tag)
	require.Equal(t, tag, EntityTag("id", 1, []string{"a"}))
	require.NotEqual(t, tag, EntityTag("id", 1, []string{"b"}))
	require.NotEqual(t, tag, EntityTag("id", 2, []string{"a"}))
	require.Empty(t, EntityTag(func() {}))
}
