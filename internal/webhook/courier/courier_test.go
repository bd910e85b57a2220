package courier_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/webhook/courier"
)

var (
	bases    = webhook.Bases{Resources: "https://api.example", Certificates: "https://handover.example"}
	loopback = webhook.Networks{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	happened = webhook.Event{
		ID: "p_c_t_createtransfer_1", PartnerTenantID: "p", Name: webhook.CreateTransfer, CustomerTenantID: "c", ResourceID: "t", At: time.Unix(1, 0),
	}
)

// newSigner makes one key for all tests, because that takes a while.
var newSigner = sync.OnceValues(func() (*webhook.Signer, error) { return webhook.SelfSigned(time.Now()) })

func signer(t *testing.T) *webhook.Signer {
	t.Helper()
	s, err := newSigner()
	require.NoError(t, err)
	return s
}

// always is the same one whenever.
func always(s *webhook.Signer) func(context.Context) (*webhook.Signer, error) {
	return func(context.Context) (*webhook.Signer, error) { return s, nil }
}

// brings has a courier call the endpoint once.
func brings(t *testing.T, s courier.Settings, r webhook.Registration) webhook.Answer {
	t.Helper()
	s.Bases = bases
	if s.Signer == nil {
		s.Signer = always(signer(t))
	}
	if r.Format == "" {
		r.Format = webhook.PartnerCenter
	}
	answer, err := courier.New(s).Bring(t.Context(), r, happened)
	require.NoError(t, err)
	return answer
}

func endpoint(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// A receiver gets what either of its ways of checking accepts.
func TestReceiversCanVerify(t *testing.T) {
	t.Parallel()
	s, before, after := signer(t), webhook.NewSecret(), webhook.NewSecret()
	for _, format := range []webhook.Format{webhook.PartnerCenter, webhook.Standard} {
		var body []byte
		var headers http.Header
		url := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			headers = r.Header
			w.WriteHeader(http.StatusAccepted)
		})
		answer := brings(t, courier.Settings{Networks: loopback, Signer: always(s)}, webhook.Registration{
			URL: url, Format: format, Secret: after, Previous: []webhook.Secret{before}, PreviousUntil: time.Now().Add(time.Hour),
		})
		assert.True(t, answer.Delivered())
		assert.Equal(t, "application/json", headers.Get("Content-Type"))
		for _, secret := range []webhook.Secret{before, after} {
			library, err := standardwebhooks.NewWebhook(secret.Kept())
			require.NoError(t, err)
			assert.NoError(t, library.Verify(body, headers))
		}
		if format == webhook.PartnerCenter {
			token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(headers.Get("Authorization"), "Signature "))
			require.NoError(t, err)
			require.NoError(t, webhook.Verify(s.Certificate(), body, token))
			assert.Contains(t, headers.Get("X-MS-Certificate-Url"), s.ID())
		}
	}
}

// The address is judged when it is called, whatever the registration was.
func TestAddressesAreJudgedWhenCalled(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	url := endpoint(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	port := url[strings.LastIndex(url, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::1]", "[::]",
		"[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::1]", "[2002:a9fe:a9fe::1]", "[2a00:1450::5efe:7f00:1]"} {
		answer := brings(t, courier.Settings{}, webhook.Registration{URL: "http://" + host + port})
		assert.Zero(t, answer.Status, host)
		assert.Contains(t, answer.Fault, "no address that may be called", host)
	}
	assert.Zero(t, calls.Load())
	for _, at := range []string{"8.8.8.8:25", "8.8.8.8:6379", "[::ffff:8.8.8.8]:22"} {
		assert.Contains(t, brings(t, courier.Settings{}, webhook.Registration{URL: "http://" + at}).Fault, "no address that may be called", at)
	}
	assert.True(t, brings(t, courier.Settings{Networks: loopback}, webhook.Registration{URL: "http://localhost" + port}).Delivered(), "where that is allowed")
}

// Where an endpoint points nobody goes.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int64
	there := endpoint(t, func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := endpoint(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, there, status) })
		answer := brings(t, courier.Settings{Networks: loopback}, webhook.Registration{URL: url})
		assert.Equal(t, status, answer.Status)
		assert.False(t, answer.Delivered())
	}
	assert.Zero(t, followed.Load())
}

func TestAnswersOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says  http.HandlerFunc
		check func(t *testing.T, a webhook.Answer)
	}{
		"an error": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of\norder\x1b[2J", http.StatusInternalServerError)
		},
			func(t *testing.T, a webhook.Answer) {
				assert.Equal(t, 500, a.Status)
				assert.Equal(t, "out of order [2J", a.Excerpt)
			}},
		"not now": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		},
			func(t *testing.T, a webhook.Answer) { assert.Equal(t, 2*time.Minute, a.RetryAfter) }},
		"not before": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		}, func(t *testing.T, a webhook.Answer) {
			assert.Greater(t, a.RetryAfter, 50*time.Minute)
			assert.LessOrEqual(t, a.RetryAfter, time.Hour)
		}},
		"never again, almost": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999999999999999")
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(t *testing.T, a webhook.Answer) { assert.Equal(t, 24*time.Hour, a.RetryAfter) }},
		"beyond 2^31": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2147483648")
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(t *testing.T, a webhook.Answer) { assert.Equal(t, 24*time.Hour, a.RetryAfter) }},
		"in another age": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(t *testing.T, a webhook.Answer) { assert.Equal(t, 24*time.Hour, a.RetryAfter) }},
		"two wishes": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Retry-After"] = []string{"nonsense", "60", "120", "1"}
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(t *testing.T, a webhook.Answer) { assert.Equal(t, 2*time.Minute, a.RetryAfter) }},
		"a bomb": {func(w http.ResponseWriter, r *http.Request) {
			assert.Empty(t, r.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Encoding", "gzip")
			bomb := gzip.NewWriter(w)
			_, _ = io.CopyN(bomb, endless{}, 64<<20)
			_ = bomb.Close()
		}, func(t *testing.T, a webhook.Answer) {
			assert.Equal(t, 200, a.Status)
			assert.NotContains(t, a.Excerpt, "xxxx", "it is not unpacked")
			assert.LessOrEqual(t, len([]rune(a.Excerpt)), 501)
		}},
		"trailers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "Retry-After")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "later")
			w.Header().Set("Retry-After", "120")
		}, func(t *testing.T, a webhook.Answer) {
			assert.Equal(t, webhook.Answer{Status: 503, Excerpt: "later", Took: a.Took}, a, "what comes after the body does not count")
		}},
		"nonsense": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "-5")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
			func(t *testing.T, a webhook.Answer) { assert.Zero(t, a.RetryAfter) }},
		"the past": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, func(t *testing.T, a webhook.Answer) { assert.Zero(t, a.RetryAfter) }},
		"gone": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
			func(t *testing.T, a webhook.Answer) { assert.True(t, a.Gone()) }},
		"without end": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat("ü", 4096))); err != nil {
					return
				}
			}
		}, func(t *testing.T, a webhook.Answer) {
			assert.Equal(t, 200, a.Status)
			assert.Equal(t, strings.Repeat("ü", 500)+"…", a.Excerpt)
		}},
		"bytes": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a\x00\xff\xfe\u202eb")) },
			func(t *testing.T, a webhook.Answer) { assert.Equal(t, "a �b", a.Excerpt) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t, brings(t, courier.Settings{Networks: loopback}, webhook.Registration{URL: endpoint(t, c.says)}))
		})
	}
}

// endless is the same byte for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// speaks answers every connection with these bytes, whatever is asked, and then hangs up unless it is to hang.
func speaks(t *testing.T, bytes string, hang bool) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				_, _ = connection.Read(make([]byte, 64<<10))
				_, _ = connection.Write([]byte(bytes))
				if hang {
					<-t.Context().Done()
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// No endpoint holds a courier for longer than its time, or feeds it more than it reads; its owner is told what was wrong.
func TestWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for name, c := range map[string]struct{ url, says string }{
		"silent":                {speaks(t, "", true), "in time"},
		"begins":                {speaks(t, "HTTP/1.1 200 OK\r\nX: ", true), "in time"},
		"hangs up":              {speaks(t, "", false), "broke"},
		"garbage":               {speaks(t, "\x16\x03\x01 250 OK\r\n\r\n", false), "broke"},
		"a status that is none": {speaks(t, "HTTP/1.1 000 X\r\n\r\n", false), "broke"},
		"large headers":         {speaks(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n", false), "broke"},
		"nobody":                {"http://" + closed.Addr().String(), "No connection"},
		"not HTTPS":             {strings.Replace(speaks(t, "HTTP/1.1 200 OK\r\n\r\n", false), "http:", "https:", 1), "does not speak HTTPS"},
		"no address":            {"http://[::1", "cannot be called"},
		"another scheme":        {"gopher://127.0.0.1", "broke"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			answer := brings(t, courier.Settings{Networks: loopback, Timeout: 500 * time.Millisecond}, webhook.Registration{URL: c.url})
			assert.Zero(t, answer.Status)
			assert.Contains(t, answer.Fault, c.says)
			assert.NotEmpty(t, answer.Fault)
			assert.Less(t, time.Since(began), 10*time.Second)
		})
	}
}

// An answer whose head comes in time and whose body never ends is one.
func TestASlowBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	url := speaks(t, "HTTP/1.1 204 No Content\r\n\r\n", true)
	assert.Equal(t, 204, brings(t, courier.Settings{Networks: loopback, Timeout: time.Minute}, webhook.Registration{URL: url}).Status)
	url = speaks(t, "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbegun", true)
	answer := brings(t, courier.Settings{Networks: loopback, Timeout: 500 * time.Millisecond}, webhook.Registration{URL: url})
	assert.Equal(t, 500, answer.Status)
	assert.Equal(t, "begun", answer.Excerpt)
}

// The end of the caller is nobody's failed attempt.
func TestTheEndOfTheCallerIsNoAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := courier.New(courier.Settings{Networks: loopback, Signer: always(signer(t))}).Bring(ctx, webhook.Registration{URL: url, Format: webhook.PartnerCenter}, happened)
	require.ErrorIs(t, err, context.Canceled)
	_, err = courier.New(courier.Settings{}).Bring(t.Context(), webhook.Registration{URL: url, Format: webhook.Standard}, webhook.Event{Name: "made-up"})
	require.ErrorContains(t, err, "made-up")
}

// What is wrong with one event is told from what is wrong with us: only the first is the event's alone.
func TestWhatIsTheEventsAlone(t *testing.T) {
	t.Parallel()
	over := func(context.Context) (*webhook.Signer, error) { return nil, io.ErrUnexpectedEOF }
	unknown, large := happened, happened
	unknown.Name, large.ResourceID = "made-up", strings.Repeat("x", webhook.MostBody)
	r := webhook.Registration{Format: webhook.PartnerCenter, URL: "http://127.0.0.1:1/"}
	for name, c := range map[string]struct {
		event webhook.Event
		alone bool
	}{"an unknown one": {unknown, true}, "a large one": {large, true}, "any": {happened, false}} {
		_, err := courier.New(courier.Settings{Bases: bases, Signer: over}).Bring(t.Context(), r, c.event)
		require.Error(t, err)
		var unsaid *webhook.UnsaidError
		assert.Equal(t, c.alone, errors.As(err, &unsaid), name)
	}
}
