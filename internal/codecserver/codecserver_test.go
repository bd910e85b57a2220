package codecserver_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"handover/internal/codecserver"
	"handover/internal/identity"
	"handover/internal/payloads"
)

const (
	operators    = "0a1b2c3d-0000-4000-8000-000000000001"
	partner      = "0a1b2c3d-0000-4000-8000-000000000002"
	somebody     = "0a1b2c3d-0000-4000-8000-000000000003"
	role         = "PayloadReader"
	page         = "https://temporal.example"
	confidential = "Contoso, it@contoso.example"
)

// people are the callers that have a token, by the token.
type people map[string]identity.Caller

func (p people) Verify(_ context.Context, raw string) (identity.Caller, error) {
	switch raw {
	case "unchecked":
		return identity.Caller{}, identity.ErrUnavailable
	case "broken":
		return identity.Caller{}, errors.New("disk full at /secret/place")
	}
	caller, known := p[raw]
	if !known {
		return caller, &identity.InvalidTokenError{Reason: "The token has expired (exp)."}
	}
	return caller, nil
}

var everybody = people{
	"operator":         {TenantID: operators, UserID: somebody, ApplicationID: "temporal-ui", OtherRoles: []string{role}},
	"colleague":        {TenantID: operators, Roles: identity.Roles(), OtherRoles: []string{"Reader"}},
	"partner with all": {TenantID: partner, UserID: partner, Roles: identity.Roles(), OtherRoles: []string{role}},
}

func keys(t *testing.T, ids ...string) payloads.Keys {
	t.Helper()
	var all []string
	for _, id := range ids {
		all = append(all, id+":"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id[:1], 32))))
	}
	k, err := payloads.ParseKeys(strings.Join(all, ","))
	require.NoError(t, err)
	return k
}

// serve serves the codec as the gateway does, but for the changes.
func serve(t *testing.T, change func(*codecserver.Options)) string {
	t.Helper()
	o := codecserver.Options{
		Codec: keys(t, "a").Codec(), Access: codecserver.Operators(everybody, strings.ToUpper(operators), role, zap.NewNop()), Origins: []string{page},
	}
	if change != nil {
		change(&o)
	}
	mux := http.NewServeMux()
	codecserver.Register(mux, o)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + codecserver.Prefix
}

// question is a request as the Web UI makes it.
type question struct {
	method, path, token, origin string
	body                        []byte
}

// reply is how it was answered, apart from the text.
type reply struct {
	status int
	header http.Header
}

// asks sends the question; what is left out is as the Web UI has it.
func asks(t *testing.T, endpoint string, q question) (reply, string) {
	t.Helper()
	if q.method == "" {
		q.method = http.MethodPost
	}
	if q.path == "" {
		q.path = "/decode"
	}
	r, err := http.NewRequestWithContext(t.Context(), q.method, endpoint+q.path+"?preserveStorageRefs=true", bytes.NewReader(q.body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Namespace", "default")
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.origin != "" {
		r.Header.Set("Origin", q.origin)
	}
	got, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return reply{got.StatusCode, got.Header}, string(text)
}

// onWire are payloads as the Web UI sends them.
func onWire(t *testing.T, all ...*commonpb.Payload) []byte {
	t.Helper()
	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: all})
	require.NoError(t, err)
	return text
}

func offWire(t *testing.T, text string) []*commonpb.Payload {
	t.Helper()
	var all commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(text), &all), text)
	return all.GetPayloads()
}

func plain(t *testing.T) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(confidential)
	require.NoError(t, err)
	return p
}

func encrypted(t *testing.T, id string) *commonpb.Payload {
	t.Helper()
	all, err := keys(t, id).Codec().Encode([]*commonpb.Payload{plain(t)})
	require.NoError(t, err)
	return all[0]
}

func TestAnOperatorReads(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, nil)
	for _, origin := range []string{page, ""} { // the Web UI, and the CLI
		got, text := asks(t, endpoint, question{token: "operator", origin: origin, body: onWire(t, encrypted(t, "a"), plain(t))})
		require.Equal(t, http.StatusOK, got.status, text)
		assert.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "application/json", got.header.Get("Content-Type"))
		all := offWire(t, text)
		require.Len(t, all, 2)
		for _, p := range all {
			assert.True(t, proto.Equal(plain(t), p))
		}
	}
}

// Whose names were shown to whom can be asked later.
func TestWhoReadsIsLogged(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zapcore.InfoLevel)
	endpoint := serve(t, func(o *codecserver.Options) {
		o.Access = codecserver.Operators(everybody, operators, role, zap.New(core))
	})
	for _, token := range []string{"operator", "colleague"} {
		asks(t, endpoint, question{token: token, body: onWire(t, encrypted(t, "a"))})
	}
	require.Equal(t, 1, logged.Len())
	assert.Equal(t, map[string]any{"user": somebody, "application": "temporal-ui"}, logged.All()[0].ContextMap())
}

func TestNobodyElseReads(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, nil)
	for name, c := range map[string]struct {
		question
		status int
		says   string
	}{
		"no token":                        {question{}, http.StatusUnauthorized, "Authorization: Bearer"},
		"an expired token":                {question{token: "old"}, http.StatusUnauthorized, "expired"},
		"no role":                         {question{token: "colleague"}, http.StatusForbidden, "operators of this platform"},
		"the role from another's tenant":  {question{token: "partner with all"}, http.StatusForbidden, "operators of this platform"},
		"nobody can say":                  {question{token: "unchecked"}, http.StatusServiceUnavailable, "issuer does not answer"},
		"something broke":                 {question{token: "broken"}, http.StatusInternalServerError, "Try again"},
		"another page":                    {question{token: "operator", origin: "https://evil.example"}, http.StatusForbidden, "Pages from there"},
		"a page that is nearly the right": {question{token: "operator", origin: page + ".evil.example"}, http.StatusForbidden, "Pages from there"},
		"a page from nowhere":             {question{token: "operator", origin: "null"}, http.StatusForbidden, "Pages from there"},
	} {
		c.body = onWire(t, encrypted(t, "a"))
		got, text := asks(t, endpoint, c.question)
		assert.Equal(t, c.status, got.status, name)
		assert.Contains(t, text, c.says, name)
		assert.NotContains(t, text, "secret", name)
		assert.NotContains(t, text, "Contoso", name)
		assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), name)
		assert.Equal(t, c.status == http.StatusUnauthorized, got.header.Get("WWW-Authenticate") == "Bearer", name)
	}
}

func TestABrowserIsToldWhatItMaySend(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, nil)
	got, text := asks(t, endpoint, question{method: http.MethodOptions, origin: page})
	assert.Equal(t, http.StatusNoContent, got.status)
	assert.Empty(t, text)
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "POST", "Vary": "Origin",
		"Access-Control-Allow-Headers": "Authorization, Authorization-Extras, Content-Type, X-Namespace",
	} {
		assert.Equal(t, value, got.header.Get(name))
	}
	got, _ = asks(t, endpoint, question{method: http.MethodOptions, origin: "https://evil.example"})
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
}

func TestOnlyDecodingIsServedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	q := question{path: "/encode", token: "operator", body: onWire(t, plain(t))}
	got, _ := asks(t, serve(t, nil), q)
	assert.Equal(t, http.StatusNotFound, got.status)

	endpoint := serve(t, func(o *codecserver.Options) { o.Encode = true })
	got, text := asks(t, endpoint, q)
	require.Equal(t, http.StatusOK, got.status, text)
	hidden := offWire(t, text)
	assert.Equal(t, payloads.Encoding, string(hidden[0].GetMetadata()["encoding"]))
	_, text = asks(t, endpoint, question{token: "operator", body: onWire(t, hidden[0])})
	assert.True(t, proto.Equal(plain(t), offWire(t, text)[0]))
	got, _ = asks(t, endpoint, question{path: "/encode", body: q.body})
	assert.Equal(t, http.StatusUnauthorized, got.status)
}

func TestWhatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, nil)
	tampered := encrypted(t, "a")
	tampered.Data[20] ^= 1
	for name, c := range map[string]struct {
		question
		status int
		says   string
	}{
		"another method": {question{method: http.MethodGet}, http.StatusMethodNotAllowed, "Method"},
		"another path":   {question{path: "/download"}, http.StatusNotFound, "not found"},
		"nothing":        {question{}, http.StatusBadRequest, ""},
		"no JSON":        {question{body: []byte("payloads")}, http.StatusBadRequest, "invalid"},
		"other JSON":     {question{body: []byte(`{"payloads":{"a":1}}`)}, http.StatusBadRequest, ""},
		"a hole":         {question{body: []byte(`{"payloads":[null]}`)}, http.StatusBadRequest, ""},
		"no base64":      {question{body: []byte(`{"payloads":[{"data":"%%"}]}`)}, http.StatusBadRequest, "invalid"},
		"an unknown key": {question{body: onWire(t, encrypted(t, "b"))}, http.StatusBadRequest, `the key "b"`},
		"a tampered one": {question{body: onWire(t, tampered)}, http.StatusBadRequest, "it was changed on its way"},
		"more than 8 MB": {question{body: bytes.Repeat([]byte(" "), 8<<20+1)}, http.StatusRequestEntityTooLarge, "8 MB"},
	} {
		c.token = "operator"
		got, text := asks(t, endpoint, c.question)
		assert.Equal(t, c.status, got.status, "%s: %s", name, text)
		assert.Contains(t, text, c.says, name)
	}
	got, _ := asks(t, endpoint, question{token: "operator", body: []byte(`{}`)})
	assert.Equal(t, http.StatusOK, got.status)
}

// As large as Temporal lets it be, a payload can be read.
func TestALargePayloadIsRead(t *testing.T) {
	t.Parallel()
	p, err := converter.GetDefaultDataConverter().ToPayload(bytes.Repeat([]byte("x"), 2<<20))
	require.NoError(t, err)
	hidden, err := keys(t, "a").Codec().Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	got, text := asks(t, serve(t, nil), question{token: "operator", body: onWire(t, hidden...)})
	require.Equal(t, http.StatusOK, got.status)
	assert.True(t, proto.Equal(p, offWire(t, text)[0]))
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, func(o *codecserver.Options) { o.RequestsPerSecond, o.Burst = .001, 2 })
	q := question{token: "operator", origin: page, body: onWire(t, encrypted(t, "a"))}
	for range 2 {
		got, _ := asks(t, endpoint, q)
		require.Equal(t, http.StatusOK, got.status)
	}
	got, text := asks(t, endpoint, q)
	assert.Equal(t, http.StatusTooManyRequests, got.status)
	assert.Contains(t, text, "in a moment")
	got, _ = asks(t, endpoint, question{body: q.body})
	assert.Equal(t, http.StatusUnauthorized, got.status, "who may not read uses up nothing")
}

// A history is decoded event by event, all at once: what comes a little too fast waits instead of being shown undecoded.
func TestABurstWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, func(o *codecserver.Options) { o.RequestsPerSecond, o.Burst = 200, 1 })
	q := question{token: "operator", body: onWire(t, encrypted(t, "a"))}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			got, text := asks(t, endpoint, q)
			assert.Equal(t, http.StatusOK, got.status, text)
		})
	}
	all.Wait()
}

// On a machine that serves nobody else the Web UI needs no token, and nothing but the Web UI is let in.
func TestThisMachine(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, func(o *codecserver.Options) { o.Access = codecserver.ThisMachine })
	body := onWire(t, encrypted(t, "a"))
	for origin, status := range map[string]int{page: http.StatusOK, "": http.StatusForbidden, "https://evil.example": http.StatusForbidden} {
		got, _ := asks(t, endpoint, question{origin: origin, body: body})
		assert.Equal(t, status, got.status, origin)
	}
}
