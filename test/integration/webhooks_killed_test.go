package integration

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	"handover/internal/world"
)

// While transfers are asked for, worker, gateway and database are killed, each while an endpoint has an event in its hands, and a partner
// changes its secret. Every event is heard, what is heard twice has the same id, everything verifies, by the certificates of both workers
// and by the old secret, too; every e-mail is sent once, as a mail server counts, and the invariants hold.
func TestNothingIsLostWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const customers = 24
	database := startPostgres(t)
	mail := opensPost(t, nil)
	mail.start(t)
	p, s := startPlatform(t, database.URL(), world.Large(customers, 1))
	tokens := startIssuer(t)
	g := launchGateway(t, append(append(tokens.trusted(), reaching(p)...), callingHere...)...)
	h := &hearing{
		Platform: p, gateway: g, source: tokens.caller(t, world.LargeSource, world.LargeSourceUser), target: tokens.caller(t, world.LargeTarget, world.LargeTargetUser),
		sends: append(append(mail.sends(), callingHere...), "HANDOVER_WEBHOOKS_PUBLIC_URL=http://"+g.address, "HANDOVER_WEBHOOKS_TIMEOUT=1m"), // nobody hangs here but by the test's word
	}
	var known certificates
	first, second := webhook.NewSecret(), webhook.NewSecret()
	byFirst, bySecond := bySecret(t, first), bySecret(t, second)
	var changed atomic.Int64 // events that verified by the second secret, too
	source, target := listens(t, known.verify), listens(t, func(body []byte, headers http.Header) error {
		if bySecond(body, headers) == nil {
			changed.Add(1)
		}
		return byFirst(body, headers)
	})
	h.registersAs(t, h.source, http.MethodPost, source, "partner-center", webhook.Secret{})
	h.registersAs(t, h.target, http.MethodPost, target, "standard", first)
	worker := launchWorker(t, p, h.sends...)

	created := make(chan []reply, 1)
	part := func(from, until int) { // of the transfers, asked for as often as it takes
		asked := make([]ask, 0, until-from)
		for n := from; n < until; n++ {
			asked = append(asked, h.creating(t, n))
		}
		go func() {
			replies := make([]reply, len(asked))
			for n, a := range asked {
				replies[n], _ = h.finally(a)
			}
			created <- replies
		}()
	}
	finish := func() {
		for _, r := range <-created {
			require.Equal(t, http.StatusCreated, r.status, r.body)
		}
	}

	called, letGo := source.holds(t)
	part(0, customers/3)
	called()
	worker.kill(t)
	launchWorker(t, p, h.sends...)
	letGo()
	finish()
	eventually(t, "the second worker's certificate is known", func() bool { return known.count() == 2 })

	called, letGo = target.holds(t)
	part(customers/3, 2*customers/3)
	called()
	h.kill(t)
	h.registersLater(t, target, second)
	letGo()
	finish()

	called, letGo = source.holds(t)
	part(2*customers/3, customers)
	called()
	require.NoError(t, database.Stop())
	letGo() // what the endpoint takes now cannot be recorded
	require.NoError(t, database.Start(t.Context()))
	finish()

	source.tookAll(t, p.Ledger, world.LargeSource, customers)
	target.tookAll(t, p.Ledger, world.LargeTarget, customers)
	assert.Positive(t, changed.Load(), "the new secret signs")
	assert.Equal(t, 2, known.count(), "each worker signs by a certificate of its own, and the gateway serves both")

	var ids []string
	all, err := p.Ledger.Transfers(t.Context(), transferstore.Filter{})
	require.NoError(t, err)
	require.Len(t, all, customers)
	for _, one := range all {
		require.Equal(t, transfer.Pending, one.Status)
		ids = append(ids, one.ID)
		told(t, p.Ledger, one.ID)
	}
	mailedOnce(t, p.Ledger, mail.caught(), ids...)
	s.verified(t)
}

// creating is the target's request for a transfer of the customer.
func (h *hearing) creating(t *testing.T, customer int) ask {
	t.Helper()
	who := largeParties(customer)
	body, err := json.Marshal(map[string]any{
		"sourcePartnerTenantId": who.source, "sourcePartnerName": "The Source", "customerEmailId": who.email(), "transferType": 3,
	})
	require.NoError(t, err)
	return ask{by: h.target, method: http.MethodPost, path: "/v1/customers/" + who.customer + "/transfers", body: string(body), key: key("create", who)}
}

// registersAs registers the endpoint through the gateway.
func (h *hearing) registersAs(t *testing.T, by caller, method string, to *endpoint, format string, secret webhook.Secret) {
	t.Helper()
	h.registers(t, by, method, &receiver{Server: to.Server}, format, secret)
}

// registersLater starts the gateway that was killed, and changes the target's secret.
func (h *hearing) registersLater(t *testing.T, to *endpoint, secret webhook.Secret) {
	t.Helper()
	h.start(t)
	h.registersAs(t, h.target, http.MethodPut, to, "standard", secret)
}
