package integration

// A partner's endpoint as the stories of webhooks need it: it verifies by itself, and takes what it is sent or does what it should not.

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// fault is what an endpoint does instead of simply taking an event. It tells whether it took it after all.
type fault func(w http.ResponseWriter, r *http.Request) bool

// endpoint is the server of one partner.
type endpoint struct {
	*httptest.Server
	verify func(body []byte, headers http.Header) error
	fault  atomic.Pointer[fault] // nil while it is well

	lock   sync.Mutex
	tried  map[string]int    // attempts by id
	taken  map[string]int    // of those, the ones it was well for
	bodies map[string]string // by id
	wrong  []string          // what did not verify, or said another thing under the same id
}

// listens starts an endpoint that is well.
func listens(t *testing.T, verify func(body []byte, headers http.Header) error) *endpoint {
	t.Helper()
	e := &endpoint{verify: verify, tried: map[string]int{}, taken: map[string]int{}, bodies: map[string]string{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(func() {
		e.CloseClientConnections()
		e.Close()
	})
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = e.verify(body, r.Header)
	}
	id, does := r.Header.Get("Webhook-Id"), e.fault.Load()
	var away *certificateAwayError
	if errors.As(err, &away) {
		cannot := answers(http.StatusServiceUnavailable) // what nobody can verify is not taken
		err, does = nil, &cannot
	}
	e.lock.Lock()
	if e.tried[id]++; err != nil {
		e.wrong = append(e.wrong, id+": "+err.Error())
	}
	if e.tried[id] > 1 && e.bodies[id] != string(body) {
		e.wrong = append(e.wrong, id+" came with another body")
	}
	e.bodies[id] = string(body)
	e.lock.Unlock()
	if does != nil && !(*does)(w, r) {
		return
	}
	e.lock.Lock()
	defer e.lock.Unlock()
	e.taken[id]++
}

// does makes the endpoint do that with everything from now on; nil makes it well.
func (e *endpoint) does(f fault) {
	if f == nil {
		e.fault.Store(nil)
		return
	}
	e.fault.Store(&f)
}

// has tells how many events the endpoint has taken, and attempts how many were made.
func (e *endpoint) has() int {
	e.lock.Lock()
	defer e.lock.Unlock()
	return len(e.taken)
}

func (e *endpoint) attempts() (all int) {
	e.lock.Lock()
	defer e.lock.Unlock()
	for _, n := range e.tried {
		all += n
	}
	return all
}

// answers is the fault of an endpoint that always answers that.
func answers(status int, headers ...string) fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for n := 0; n+1 < len(headers); n += 2 {
			w.Header().Set(headers[n], headers[n+1])
		}
		w.WriteHeader(status)
		return false
	}
}

// holds has the endpoint keep who calls waiting, and returns how to wait for a caller, and how to let all of them go.
func (e *endpoint) holds(t *testing.T) (called func(), letGo func()) {
	t.Helper()
	came, gone := make(chan struct{}, 1), make(chan struct{})
	e.does(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case came <- struct{}{}:
		default:
		}
		select {
		case <-gone:
			return true
		case <-r.Context().Done(): // whoever called is dead
			return false
		}
	})
	letGo = sync.OnceFunc(func() {
		e.does(nil)
		close(gone)
	})
	t.Cleanup(letGo)
	return func() {
		t.Helper()
		eventually(t, "the endpoint is called", func() bool {
			select {
			case <-came:
				return true
			default:
				return false
			}
		})
	}, letGo
}

// bySecret verifies with the Standard Webhooks library, as long as one of the secrets does.
func bySecret(t *testing.T, secrets ...webhook.Secret) func(body []byte, headers http.Header) error {
	t.Helper()
	var all []*standardwebhooks.Webhook
	for _, secret := range secrets {
		one, err := standardwebhooks.NewWebhook(secret.Kept())
		require.NoError(t, err)
		all = append(all, one)
	}
	return func(body []byte, headers http.Header) (err error) {
		for _, one := range all {
			if err = one.Verify(body, headers); err == nil {
				return nil
			}
		}
		return err
	}
}

// certificates are what a receiver keeps of those it has fetched: one never changes under its address.
type certificates struct {
	lock sync.Mutex
	kept map[string][]byte
}

// certificateAwayError says that the certificate cannot be had now.
type certificateAwayError struct{ error }

func (c *certificates) of(address string) ([]byte, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if der, known := c.kept[address]; known {
		return der, nil
	}
	got, err := http.Get(address)
	if err != nil {
		return nil, &certificateAwayError{err}
	}
	defer func() { _ = got.Body.Close() }()
	der, err := io.ReadAll(got.Body)
	switch {
	case err != nil:
		return nil, &certificateAwayError{err}
	case got.StatusCode >= http.StatusInternalServerError:
		return nil, &certificateAwayError{errors.New(got.Status)}
	case got.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the certificate is answered %d %s", got.StatusCode, der)
	}
	if c.kept == nil {
		c.kept = map[string][]byte{}
	}
	c.kept[address] = der
	return der, nil
}

func (c *certificates) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.kept)
}

// verify does what a receiver does who has nothing but a cryptography library.
func (c *certificates) verify(body []byte, headers http.Header) error {
	der, err := c.of(headers.Get("X-MS-Certificate-Url"))
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	key, is := certificate.PublicKey.(*rsa.PublicKey)
	if !is || headers.Get("X-MS-Signature-Algorithm") != "rsa-sha256" {
		return fmt.Errorf("it is signed by %T, %s", certificate.PublicKey, headers.Get("X-MS-Signature-Algorithm"))
	}
	token, kind := strings.CutPrefix(headers.Get("Authorization"), "Signature ")
	signature, err := base64.StdEncoding.DecodeString(token)
	if err != nil || !kind {
		return fmt.Errorf("the header says %q", headers.Get("Authorization"))
	}
	sum := sha256.Sum256(body)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

// owedTo are all events of the partner in the ledger.
func owedTo(t *testing.T, book *ledger.Ledger, partner string) []webhook.Delivery {
	t.Helper()
	found, err := book.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: partner, Limit: 10_000})
	require.NoError(t, err)
	return found.Items
}

// tookAll waits until the endpoint has taken every event that the ledger owes the partner, and shows that it heard of no other, that
// everything verified, and that the ledger knows all of that.
func (e *endpoint) tookAll(t *testing.T, book *ledger.Ledger, partner string, events int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events are delivered to %s", events, partner), func() bool {
		owed := owedTo(t, book, partner)
		return len(owed) == events && !slices.ContainsFunc(owed, func(d webhook.Delivery) bool { return d.Status != webhook.Delivered })
	})
	ids := map[string]bool{}
	for _, d := range owedTo(t, book, partner) {
		ids[d.ID] = true
	}
	e.lock.Lock()
	defer e.lock.Unlock()
	assert.Empty(t, e.wrong)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(e.taken)), "every event, and no other id")
	for id := range e.tried {
		assert.True(t, ids[id], "%s is no event", id)
	}
}

// registersAt registers the partner's endpoint at the ledger itself, for what happens to transfers.
func registersAt(t *testing.T, book *ledger.Ledger, rules webhook.Addresses, partner string, e *endpoint, secret webhook.Secret) {
	t.Helper()
	_, err := book.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, partner, webhook.Wish{
		URL: e.URL, Events: []string{"create-transfer", "update-transfer"}, Format: "standard", Secret: secret.Kept(),
	}, rules)
	require.NoError(t, err)
}

// callingHere are the settings of programs that may call this machine.
var callingHere = []string{"HANDOVER_WEBHOOKS_PLAIN_HTTP_ANYWHERE=true", "HANDOVER_WEBHOOKS_ALLOWED_NETWORKS=127.0.0.0/8"}

// movable is a clock that tests move on.
type movable struct{ ahead atomic.Int64 }

func (m *movable) now() time.Time          { return time.Now().Add(time.Duration(m.ahead.Load())) }
func (m *movable) advance(d time.Duration) { m.ahead.Add(int64(d)) }
