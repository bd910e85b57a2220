package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/identity"
	"handover/internal/kernel"
)

// anybody is an issuer that lets everybody in.
type anybody struct{}

func (anybody) Verify(context.Context, string) (identity.Caller, error) {
	return identity.Caller{TenantID: "p", Roles: identity.Roles()}, nil
}
func (anybody) Ready(context.Context) error { return nil }

// declared are operations made for a test.
type declared func(*API)

func (d declared) Register(a *API) { d(a) }

// served is an API of these operations alone.
func served(t *testing.T, d declared) (*API, *httptest.Server) {
	t.Helper()
	a, err := New(Options{Tokens: anybody{}, Logger: zap.NewNop(), Admit: func(ctx context.Context, _ identity.Caller) (context.Context, error) {
		return ctx, nil
	}}, d)
	require.NoError(t, err)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, server
}

// heard is an answer, read to its end.
type heard struct {
	status int
	header http.Header
	body   string
}

func gets(t *testing.T, url string, header http.Header) heard {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.Header = header.Clone()
	r.Header.Set("Authorization", "Bearer x")
	got, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	return heard{got.StatusCode, got.Header, string(body)}
}

// tick is what the streams of these tests tell.
type tick struct {
	N int `json:"n"`
}

// streaming declares a stream of the path /stream.
func streaming(handle func(context.Context, *struct{}) (Look[tick], error)) declared {
	return func(a *API) {
		route := Route{ID: "followTicks", Method: http.MethodGet, Path: "/stream", Roles: identity.Roles(), Right: Everybody(), Causes: []kernel.Cause{NotAPartner}}
		RegisterStream(a, route, Events{Name: "tick", Of: "clocks"}, handle)
	}
}

// A stream tells what is new, in the words of the standard, and ends with the last word.
func TestStreamsTellWhatIsNew(t *testing.T) {
	t.Parallel()
	_, server := served(t, streaming(func(context.Context, *struct{}) (Look[tick], error) {
		looks := []tick{{1}, {1}, {2}}
		return func(context.Context) (tick, bool, error) {
			now := looks[0]
			looks = looks[1:]
			return now, len(looks) == 0, nil
		}, nil
	}))
	got := gets(t, server.URL+"/stream", http.Header{})
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "text/event-stream", got.header.Get("Content-Type"))
	require.Equal(t, "event: tick\ndata: {\"n\":1}\n\nevent: tick\ndata: {\"n\":2}\n\n", got.body)
}

// Who may not follow hears why, as of any other operation, before anything is streamed.
func TestStreamsAreRefusedLikeReads(t *testing.T) {
	t.Parallel()
	a, server := served(t, streaming(func(context.Context, *struct{}) (Look[tick], error) {
		return nil, kernel.Refuse(kernel.WrongParty, "No.")
	}))
	got := gets(t, server.URL+"/stream", http.Header{})
	require.Equal(t, http.StatusForbidden, got.status)
	require.Contains(t, got.body, `"WrongParty"`)
	require.Empty(t, a.limits.streams)

	a, server = served(t, streaming(func(context.Context, *struct{}) (Look[tick], error) { return nil, nil }))
	for range mostStreams {
		_, err := a.limits.enter("p", "clocks")
		require.NoError(t, err)
	}
	got = gets(t, server.URL+"/stream", http.Header{})
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Contains(t, got.body, "You have 50 clocks open already.")
}

// The program ends its streams before its requests.
func TestEndStreams(t *testing.T) {
	t.Parallel()
	var a *API
	a, server := served(t, streaming(func(context.Context, *struct{}) (Look[tick], error) {
		return func(context.Context) (tick, bool, error) {
			a.EndStreams()
			return tick{1}, false, nil
		}, nil
	}))
	got := gets(t, server.URL+"/stream", http.Header{})
	require.Equal(t, "event: tick\ndata: {\"n\":1}\n\n", got.body)
}

// deadlined is a recorder that takes deadlines, as connections do.
type deadlined struct{ *httptest.ResponseRecorder }

func (deadlined) SetWriteDeadline(time.Time) error { return nil }

// When nothing was new for long, a stream says so in a comment, which is no event to any client.
func TestStreamsStayAlive(t *testing.T) {
	t.Parallel()
	w := deadlined{httptest.NewRecorder()}
	s := stream{w: w, control: http.NewResponseController(w), event: "tick"}
	require.NoError(t, s.send(tick{1}))
	require.NoError(t, s.send(tick{1}))
	require.Equal(t, "event: tick\ndata: {\"n\":1}\n\n", w.Body.String())
	s.said = s.said.Add(-keepAlive)
	require.NoError(t, s.send(tick{1}))
	require.Equal(t, "event: tick\ndata: {\"n\":1}\n\n: still there\n\n", w.Body.String())
}
