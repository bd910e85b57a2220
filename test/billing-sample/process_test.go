package main

// The program as a user runs it, and as a machine kills it.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing/contract"
)

// program is the built program.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "billing-sample-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for the program:", err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "billing-sample")
	said, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	status := 1
	if err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, said)
	} else {
		status = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// process is a sample that serves.
type process struct {
	cmd     *exec.Cmd
	address *url.URL
}

// serving starts a sample on the file and waits until it answers. It is killed when the test ends.
func serving(file string, args ...string) (*process, error) {
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--data", file, "--token", token}, args...)
	p := &process{cmd: exec.Command(program, args...)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "The billing system answers at ")
	if err != nil || !found {
		return p, fmt.Errorf("it says no address but %q: %w", line, errors.Join(err, p.kill()))
	}
	p.address, err = url.Parse(address)
	return p, err
}

// kill is kill -9.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = p.cmd.Wait() // says that it was killed
	return nil
}

// house is a sample at one address, however often it is killed and started again.
type house struct {
	t       *testing.T
	file    string
	args    []string
	current atomic.Pointer[process]
	address string
}

func newHouse(t *testing.T, args ...string) *house {
	t.Helper()
	h := &house{t: t, file: filepath.Join(t.TempDir(), "moves.db"), args: args}
	first, err := serving(h.file, args...)
	require.NoError(t, err)
	h.current.Store(first)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(h.current.Load().address) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as if nobody were there
	})
	h.address = proxy.URL
	t.Cleanup(func() {
		proxy.Close()
		assert.NoError(t, h.current.Load().kill())
	})
	return h
}

// restart kills it and starts it again.
func (h *house) restart(context.Context) error {
	if err := h.current.Load().kill(); err != nil {
		return err
	}
	next, err := serving(h.file, h.args...)
	if err == nil {
		h.current.Store(next)
	}
	return err
}

// send sends one request and returns its status and body.
func (h *house) send(method, path, key, body string) (int, string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.address+path, strings.NewReader(body))
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	var content bytes.Buffer
	_, err = content.ReadFrom(response.Body)
	require.NoError(h.t, errors.Join(err, response.Body.Close()))
	return response.StatusCode, content.String()
}

// The whole contract, with a kill in the midst of it.
func TestAKillForgetsNothing(t *testing.T) {
	t.Parallel()
	for _, takes := range []string{"0s", "300ms"} {
		t.Run("takes "+takes, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, "--takes", takes)
			p, err := contract.NewPeer(contract.Settings{BaseURL: h.address, Token: token, Patience: time.Minute, Restart: h.restart})
			require.NoError(t, err)
			results, err := contract.Run(t.Context(), p)
			require.NoError(t, err)
			for _, r := range results {
				assert.NotEqual(t, contract.Broken, r.Outcome, "%s: %s", r.Clause.Name, r.Says)
			}
			assert.Equal(t, contract.Kept, results[len(results)-1].Outcome, "the restart was tried")
		})
	}
}

// What was accepted before a kill is done after it, without being asked for again; and Handover hears of it.
func TestWorkGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard <- r.URL.EscapedPath() + " " + r.Header.Get("Authorization")
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(listener.Close)
	h := newHouse(t, "--takes", "1s", "--callback", listener.URL, "--callback-token", "ring")
	o := sample(uuid.NewString())
	body, err := json.Marshal(o)
	require.NoError(t, err)
	status, _ := h.send(http.MethodPost, "/moves", o.Key, string(body))
	require.Equal(t, http.StatusAccepted, status)
	require.NoError(t, h.restart(t.Context()))

	assert.Equal(t, pathOf(o)+" Bearer ring", <-heard)
	status, told := h.send(http.MethodGet, pathOf(o), "", "")
	assert.Equal(t, http.StatusOK, status)
	require.NoError(t, h.restart(t.Context()))
	status, again := h.send(http.MethodPost, "/moves", o.Key, string(body))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, told, again)
}

// Ctrl-C ends it with status 0.
func TestItEndsWhenToldTo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.current.Load()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	assert.NoError(t, p.cmd.Wait())
}

// check runs the check command and returns its exit status and what it wrote.
func check(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"check"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

func TestCheckSaysWhatIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	status, out, _ := check(t, "--url", h.address, "--token", token, "--restart", "true")
	assert.Zero(t, status)
	assert.Contains(t, out, "POST and DELETE at once have one outcome    kept       When an item is given up\n")
	assert.Contains(t, out, "\nwhat is done stays done, not tried: it answers at once, so nothing is ever at work.\n")

	status, out, _ = check(t, "--url", h.address, "--token", token, "-o", "json")
	assert.Zero(t, status)
	var said []map[string]string
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	require.Len(t, said, len(contract.Clauses()))
	assert.Equal(t, "kept", said[0]["outcome"])
	assert.Equal(t, "How you answer", said[0]["section"])
}

// A system that moves nothing: the check names it and ends with status 1, also when it is broken in words only.
func TestCheckSaysWhatIsBroken(t *testing.T) {
	t.Parallel()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"subscriptionId": "4711\u001b[31m"}`)
	}))
	t.Cleanup(broken.Close)
	status, out, complaints := check(t, "--url", broken.URL, "--token", token, "--restart", "echo no power; exit 3")
	assert.Equal(t, 1, status)
	assert.Equal(t, "billing-sample: the billing system breaks the contract; the clauses are listed above\n", complaints)
	assert.Contains(t, out, "\na move gives a new subscription, broken: POST of a new move, and GET after a 202: "+
		`expected 200 with a subscriptionId within 2m0s, got 200 with subscriptionId "4711\x1b[31m", which is no GUID.`+"\n")
	assert.NotContains(t, out, "\x1b")

	h := newHouse(t)
	status, out, _ = check(t, "--url", h.address, "--token", token, "--restart", "echo no power; exit 3", "-o", "json")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, `"says": "the billing system could not be restarted: exit status 3: \"no power\\n\""`)
}

func TestCheckOfNobody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	server.Close()
	status, _, complaints := check(t, "--url", server.URL, "--patience", "200ms")
	assert.Equal(t, 1, status)
	assert.Contains(t, complaints, "the billing system gave no answer")
}
