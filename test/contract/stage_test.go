// Package contract drives the HTTP API as clients do: over real HTTP against what standalone is made of, with tokens from
// its issuer. Tests are named after the rules of the domain that they show.
//
//	stage_test.go    the platform that all tests share, and a client of it
//	cast_test.go     who calls, and fresh customers to call about
//	scenery_test.go  customers made to measure, and what is read off answers
//
// Every other file is one theme.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/config"
	"handover/internal/devissuer"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/world"
)

// stage is the running platform; everything on it is reached over HTTP except its ledger, which sets scenes.
var stage *platform.Platform

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	started, err := platform.Start(context.Background(), platform.Options{
		HTTP:  true,
		World: func() (ledger.World, error) { return world.Sample(), nil },
		Settings: func(c *config.Config) {
			c.API.RequestsPerSecond = 0 // limits have tests of their own
			c.Transfers.AnyCustomerAddress, c.Transfers.PerCustomer, c.Transfers.PerDay = true, 0, 0
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "the platform did not start:", err)
		return 1
	}
	defer started.Stop()
	stage = started
	return m.Run()
}

// patience bounds every wait; machines are shared.
const patience = 2 * time.Minute

// client is somebody who calls the API.
type client struct {
	tenant string
	user   string // empty: an application alone
	roles  []string
}

// call is one request.
type call struct {
	method string
	path   string
	body   any // marshalled unless it is a string
	header map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends the request with the client's token.
func (c client) do(t testing.TB, r call) answer {
	t.Helper()
	if _, given := r.header["Authorization"]; !given {
		r = r.with(map[string]string{"Authorization": "Bearer " + c.token(t)})
	}
	return send(t, r)
}

// with is the request with more headers.
func (r call) with(headers map[string]string) call {
	all := map[string]string{}
	maps.Copy(all, r.header)
	maps.Copy(all, headers)
	r.header = all
	return r
}

func send(t testing.TB, r call) answer {
	t.Helper()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		require.NoError(t, err)
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, stage.API+r.path, body)
	require.NoError(t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		if value == "" {
			req.Header.Del(name)
			continue
		}
		req.Header.Set(name, value)
	}
	got, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return answer{status: got.StatusCode, header: got.Header, body: text}
}

func (c client) get(t testing.TB, path string) answer {
	t.Helper()
	return c.do(t, call{method: http.MethodGet, path: path})
}

func (c client) post(t testing.TB, path string, body any) answer {
	t.Helper()
	return c.do(t, call{method: http.MethodPost, path: path, body: body})
}

func (c client) patch(t testing.TB, path string, body any) answer {
	t.Helper()
	return c.do(t, call{method: http.MethodPatch, path: path, body: body})
}

// object is a JSON object of an answer.
type object = map[string]any

// as requires the status and reads the body.
func as[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	var read T
	require.Equal(t, status, a.status, "%s", a.body)
	require.NoError(t, json.Unmarshal(a.body, &read), "%s", a.body)
	return read
}

// refused requires an error of the wire contract's shape with this status and code and returns it.
func refused(t testing.TB, a answer, status int, code string) object {
	t.Helper()
	e := as[object](t, a, status)
	require.Equal(t, code, e["code"], "%s", a.body)
	require.NotEmpty(t, e["description"])
	require.NotEmpty(t, e["source"])
	require.NotEmpty(t, e["errorName"])
	return e
}

var tokens = struct {
	sync.Mutex
	of map[string]string
}{of: map[string]string{}}

// token gets the client's token from the issuer of the platform, once.
func (c client) token(t testing.TB) string {
	t.Helper()
	key := strings.Join(append([]string{c.tenant, c.user}, c.roles...), "|")
	tokens.Lock()
	defer tokens.Unlock()
	if token, known := tokens.of[key]; known {
		return token
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"contract-tests"}, "client_secret": {devissuer.ClientSecret}, "role": c.roles}
	if c.user != "" {
		form.Set("user", c.user)
	}
	got, err := http.PostForm(fmt.Sprintf("%s/%s/oauth2/v2.0/token", stage.API, c.tenant), form)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(got.Body).Decode(&granted))
	require.NotEmpty(t, granted.AccessToken)
	tokens.of[key] = granted.AccessToken
	return granted.AccessToken
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, patience, 20*time.Millisecond, what)
}

// fresh is a request id that nobody used.
func fresh() string { return uuid.NewString() }
