package integration

// What partners are told over HTTP: registered with a gateway, sent by a worker, each a process of its own, and heard by receivers
// that verify it as theirs do.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
	"handover/internal/world"
)

// receiver hears what one partner is told.
type receiver struct {
	*httptest.Server
	lock    sync.Mutex
	heard   map[string]int // how often, by id
	order   []string       // ids, the first time each was heard
	wrong   []string       // what did not verify
	answers func(w http.ResponseWriter, attempt int)
	calls   int
}

// receive listens for a partner that checks with verify. Until answers are given it takes everything.
func receive(t *testing.T, verify func(body []byte, headers http.Header) error) *receiver {
	t.Helper()
	r := &receiver{heard: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		err := verify(body, req.Header)
		r.lock.Lock()
		id := req.Header.Get("Webhook-Id")
		if r.calls++; err != nil {
			r.wrong = append(r.wrong, err.Error())
		}
		attempt, answers := r.calls, r.answers
		r.lock.Unlock()
		if answers != nil {
			answers(w, attempt)
			if attempt < 4 {
				return // it did not take that
			}
		}
		r.lock.Lock()
		defer r.lock.Unlock()
		if r.heard[id]++; r.heard[id] == 1 {
			r.order = append(r.order, id)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return len(r.order)
}

func (r *receiver) called() int {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.calls
}

// byCertificate verifies as receivers of Partner Center do: with the certificate from the address in the header.
func byCertificate(body []byte, headers http.Header) error {
	got, err := http.Get(headers.Get("X-MS-Certificate-Url"))
	if err != nil {
		return err
	}
	defer func() { _ = got.Body.Close() }()
	certificate, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/pkix-cert" {
		return fmt.Errorf("the certificate is answered %d %s %s", got.StatusCode, got.Header.Get("Content-Type"), certificate)
	}
	token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(headers.Get("Authorization"), "Signature "))
	if err != nil {
		return err
	}
	return webhook.Verify(certificate, body, token)
}

// hearing is a platform whose partners listen.
type hearing struct {
	*platform.Platform
	*gateway
	sends          []string // the worker's settings
	source, target caller
}

func setHearing(t *testing.T, w ledger.World) *hearing {
	t.Helper()
	p, _ := startPlatform(t, sqliteLedger(t), w)
	tokens := startIssuer(t)
	here := []string{"HANDOVER_WEBHOOKS_PLAIN_HTTP_ANYWHERE=true", "HANDOVER_WEBHOOKS_ALLOWED_NETWORKS=127.0.0.0/8"}
	g := launchGateway(t, append(tokens.trusted(), append(reaching(p), here...)...)...)
	return &hearing{
		Platform: p, gateway: g, sends: append(here, "HANDOVER_WEBHOOKS_PUBLIC_URL=http://"+g.address, "HANDOVER_WEBHOOKS_TIMEOUT=1s"),
		source: tokens.caller(t, world.LargeSource, world.LargeSourceUser), target: tokens.caller(t, world.LargeTarget, world.LargeTargetUser),
	}
}

func (h *hearing) asks(t *testing.T, by caller, method, path, body string, status int) reply {
	t.Helper()
	r := h.hear(t, ask{by: by, method: method, path: path, body: body})
	require.Equal(t, status, r.status, r.body)
	return r
}

func (h *hearing) registers(t *testing.T, by caller, method string, to *receiver, format string, secret webhook.Secret) {
	t.Helper()
	wish, err := json.Marshal(map[string]any{
		"WebhookUrl": to.URL, "WebhookEvents": []string{"create-transfer", "test-created"}, "Format": format, "Secret": secret.Kept(),
	})
	require.NoError(t, err)
	got := h.asks(t, by, method, "/webhooks/v1/registration", string(wish), http.StatusOK)
	require.NotContains(t, got.body, "whsec_")
}

// creates has the target ask for a transfer of each customer.
func (h *hearing) creates(t *testing.T, from, until int) {
	t.Helper()
	for n := from; n < until; n++ {
		who := largeParties(n)
		body, err := json.Marshal(map[string]any{
			"sourcePartnerTenantId": who.source, "sourcePartnerName": "The Source", "customerEmailId": who.email(), "transferType": 3,
		})
		require.NoError(t, err)
		h.asks(t, h.target, http.MethodPost, "/v1/customers/"+who.customer+"/transfers", string(body), http.StatusCreated)
	}
}

// The worker is killed while an endpoint hangs; the secret of another one changes in mid-stream. Whoever is well hears everything
// meanwhile; in the end everybody has heard every event, each under its own id, and could verify all of it.
func TestEveryEventIsHeardWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const customers = 6
	h := setHearing(t, world.Large(customers, 1))
	first, second := webhook.NewSecret(), webhook.NewSecret()
	old, err := standardwebhooks.NewWebhook(first.Kept())
	require.NoError(t, err)
	source := receive(t, byCertificate)
	hung := make(chan struct{})
	t.Cleanup(func() { close(hung) })
	source.answers = func(w http.ResponseWriter, attempt int) {
		switch attempt {
		case 1:
			<-hung
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			http.Redirect(w, nilRequest, "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
		}
	}
	target := receive(t, old.Verify)
	h.registers(t, h.source, http.MethodPost, source, "partner-center", webhook.Secret{})
	h.registers(t, h.target, http.MethodPost, target, "standard", first)

	worker := launchWorker(t, h.Platform, h.sends...)
	h.creates(t, 0, customers/2)
	eventually(t, "the well receiver has heard the first half while the other one hangs", func() bool { return target.count() == customers/2 && source.called() > 0 })
	worker.kill(t)
	h.registers(t, h.target, http.MethodPut, target, "standard", second)
	h.creates(t, customers/2, customers)
	launchWorker(t, h.Platform, h.sends...)
	eventually(t, "everybody has heard everything", func() bool { return target.count() == customers && source.count() == customers })

	for name, r := range map[string]*receiver{"source": source, "target": target} {
		r.lock.Lock()
		assert.Empty(t, r.wrong, "%s: everything verifies, after the new secret by the old one, too", name)
		assert.Len(t, r.heard, customers, name)
		r.lock.Unlock()
	}
	eventually(t, "everything is recorded", func() bool {
		log := h.asks(t, h.source, http.MethodGet, "/webhooks/v1/deliveries?status=delivered", "", http.StatusOK)
		return log.field("totalCount") == float64(customers)
	})
	log := h.asks(t, h.target, http.MethodGet, "/webhooks/v1/deliveries", "", http.StatusOK)
	require.InDelta(t, customers, log.field("totalCount"), 0)
}

// nilRequest is enough for a redirect to a whole address.
var nilRequest = &http.Request{Method: http.MethodPost}

// A test is asked for and its result read; an endpoint that is gone is switched off, its owner is told by e-mail, and what it missed
// is sent once it is registered again.
func TestAnEndpointThatIsGone(t *testing.T) {
	t.Parallel()
	h := setHearing(t, world.Large(2, 1))
	launchWorker(t, h.Platform, h.sends...)
	r := receive(t, byCertificate)
	h.registers(t, h.source, http.MethodPost, r, "partner-center", webhook.Secret{})
	sent := h.asks(t, h.source, http.MethodPost, "/webhooks/v1/registration/validationEvents", "", http.StatusOK)
	id, _ := sent.field("correlationId").(string)
	var result reply
	eventually(t, "the test is completed", func() bool {
		result = h.asks(t, h.source, http.MethodGet, "/webhooks/v1/registration/validationEvents/"+id, "", http.StatusOK)
		return result.field("status") == "completed"
	})
	assert.Contains(t, result.body, `"responseCode":"200"`)
	assert.Equal(t, 1, r.count())

	gone := receive(t, byCertificate)
	gone.answers = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusGone) }
	h.registers(t, h.source, http.MethodPut, gone, "partner-center", webhook.Secret{})
	h.creates(t, 0, 1)
	eventually(t, "the endpoint is switched off", func() bool {
		return h.asks(t, h.source, http.MethodGet, "/webhooks/v1/registration", "", http.StatusOK).field("SwitchedOff") == "gone"
	})
	h.creates(t, 1, 2)
	eventually(t, "its owner is told", func() bool {
		caught, err := h.Mail.Messages()
		require.NoError(t, err)
		for _, m := range caught {
			if strings.Contains(fmt.Sprint(m), "Your webhook was switched off") {
				return true
			}
		}
		return false
	})
	require.Equal(t, 1, gone.called())
	h.registers(t, h.source, http.MethodPut, r, "partner-center", webhook.Secret{})
	again := h.asks(t, h.source, http.MethodPost, "/webhooks/v1/deliveries/redeliver", "", http.StatusOK)
	require.InDelta(t, 2, again.field("count"), 0)
	eventually(t, "what was missed is heard", func() bool { return r.count() == 3 })
}

// One endpoint answers nothing, one refuses connections, and one takes its time for every answer: twenty others hear all that they are owed
// while the first attempt at the one that hangs goes on, and the slow one has heard something but not everything.
func TestADeadEndpointSlowsNobody(t *testing.T) {
	t.Parallel()
	const well, events = 20, 2 // as many as a partner may ask for in a minute
	w := world.Large(1, 1)
	for n := range well + 3 {
		p := w.Partners[0]
		p.TenantID, p.Users = fmt.Sprintf("dddddddd-0000-4000-8000-%012d", n), nil
		w.Partners = append(w.Partners, p)
	}
	owners := w.Partners[len(w.Partners)-well-3:]
	h := setHearing(t, w)
	launchWorker(t, h.Platform, append(h.sends, "HANDOVER_WEBHOOKS_CONCURRENT=4", "HANDOVER_WEBHOOKS_TIMEOUT=1m")...)
	owed := func(to int, url string) {
		_, err := h.Ledger.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, owners[to].TenantID,
			webhook.Wish{URL: url, Events: []string{"test-created"}}, h.Settings.Webhooks.Addresses())
		require.NoError(t, err)
		for range events {
			_, err := h.Ledger.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, owners[to].TenantID, uuid.NewString())
			require.NoError(t, err)
		}
	}
	hung, refusing, slow := listens(t, byCertificate), httptest.NewServer(nil), listens(t, byCertificate)
	refusing.Close()
	hung.does(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false })
	answers := make(chan struct{}, 1)
	slow.does(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-answers:
			return true
		case <-r.Context().Done():
			return false
		}
	})
	owed(0, hung.URL)
	owed(1, refusing.URL)
	owed(2, slow.URL)
	eventually(t, "each of the three was tried", func() bool {
		refused, err := h.Ledger.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: owners[1].TenantID, Limit: events})
		require.NoError(t, err)
		return hung.attempts() == 1 && slow.attempts() == 1 && slices.ContainsFunc(refused.Items, func(d webhook.Delivery) bool { return d.Attempts > 0 })
	})

	others := make([]*endpoint, well)
	for n := range others {
		others[n] = listens(t, byCertificate)
		owed(n+3, others[n].URL)
	}
	heard := func() (all int) {
		for _, one := range others {
			all += one.has()
		}
		return all
	}
	eventually(t, "some have heard something", func() bool { return heard() > 0 })
	answers <- struct{}{}
	eventually(t, "the slow one has heard one event, and all of the twenty have heard everything", func() bool { return slow.has() == 1 && heard() == well*events })
	assert.Equal(t, []int{0, 1}, []int{hung.has(), hung.attempts()}, "the first attempt at the one that hangs goes on")
	assert.Equal(t, 1, slow.has(), "the slow one has not heard everything")
	close(answers)
	eventually(t, "the slow one has heard everything", func() bool { return slow.has() == events })
	for n, one := range append(others, slow) {
		assert.Empty(t, one.wrong, n)
		assert.Equal(t, events, one.attempts(), "nothing came twice")
	}
}
