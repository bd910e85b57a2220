package httpapi

import (
	"context"
	"handover/internal/identity"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Entity tags in the forms that RFC 9110 allows, and without quotes, as clients copy them out of a body. Only who reads may have a
// weak one.
func TestMatches(t *testing.T) {
	for header, want := range map[string]bool{
		`"a"`: true, `"b", "a"`: true, `*`: true, `a`: true, ` b , a `: true, `"b",*`: true,
		`"b"`: false, `b`: false, ``: false, `""`: false, `,`: false, `"aa"`: false, `A`: false, `"a" "b"`: false, `W/"b"`: false,
	} {
		for _, tag := range []string{`"a"`, `a`} {
			require.Equal(t, want, Matches(header, tag), header)
			require.Equal(t, want, Known(header, tag), header)
		}
	}
	require.False(t, Matches(`W/"a"`, `"a"`))
	require.True(t, Known(`"b", W/"a"`, `"a"`))
	require.False(t, Matches(``, ``), "what has no tag matches none")
	require.False(t, Known(``, ``))
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

// A reader who has the present state gets the entity tag again, and no body.
func TestNotModified(t *testing.T) {
	t.Parallel()
	_, server := served(t, func(a *API) {
		route := Route{ID: "getThing", Method: http.MethodGet, Path: "/thing", Roles: identity.Roles(), Right: Everybody()}
		Register(a, route, func(_ context.Context, in *struct {
			IfNoneMatch string `header:"If-None-Match"`
		}) (*struct{ Body tick }, error) {
			if Known(in.IfNoneMatch, `"a"`) {
				return nil, NotModified(`"a"`)
			}
			return &struct{ Body tick }{tick{1}}, nil
		})
	})
	got := gets(t, server.URL+"/thing", http.Header{"If-None-Match": {`"b", "a"`}})
	require.Equal(t, http.StatusNotModified, got.status)
	require.Equal(t, `"a"`, got.header.Get("ETag"))
	require.Empty(t, got.body)
	got = gets(t, server.URL+"/thing", http.Header{"If-None-Match": {`"b"`}})
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, `{"n":1}`, got.body)
}
