package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/pgtest"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// Row 2 of the races: the same request fifty times at once, at two gateways. It has one effect, and every one of them hears the
// same answer; another request under its id is refused.
func TestTwinsHaveOneEffect(t *testing.T) {
	t.Parallel()
	const twins = 50
	onBoth(t, func(t *testing.T, ledgerURL string) {
		s := setScene(t, ledgerURL, world.Large(kinds, 2))
		other := launchGateway(t, s.env...)
		for _, w := range s.writes(t, 0) {
			half := make([]ask, twins/2)
			for i := range half {
				half[i] = w.ask
			}
			here, there := s.begin(half...), other.begin(half...)
			first, err := s.finally(w.ask)
			require.NoError(t, err)
			w.rightly(t, first)
			for _, r := range append(here(), there()...) {
				require.NoError(t, r.err, w.name)
				assert.True(t, r.reply == first || r.again(), "%s: another answer: %d %s", w.name, r.status, r.body)
			}
			s.happenedOnce(t, w)

			changed := w.ask
			changed.body += " "
			refused := other.hear(t, changed)
			assert.Equal(t, http.StatusBadRequest, refused.status, refused.body)
			assert.Equal(t, "800002", refused.field("code"))
			assert.Equal(t, "RequestIdReused", refused.field("errorName"))
			assert.Equal(t, false, refused.field("isRetryable"))
			assert.Empty(t, refused.retry)
		}
		s.verified(t)
	})
}

// Row 6 of the races: the source submits and the target cancels at the same time, at two gateways. One of them wins, the
// other hears so, and the transfer is what the winner made of it.
func TestSubmitAgainstCancel(t *testing.T) {
	t.Parallel()
	const pairs = 200
	s := setScene(t, pgtest.Shared(t), world.Large(pairs, 1))
	other := launchGateway(t, s.env...)
	winners := map[string]int{}
	for i := range pairs {
		who := largeParties(i)
		id := s.opens(t, who)
		path := "/v1/customers/" + who.customer + "/transfers/" + id
		submit := ask{by: s.source, method: http.MethodPatch, path: path, key: key("submit", who), body: `{"status":"InProgress","allEligible":true}`}
		cancel := ask{by: s.target, method: http.MethodPatch, path: path, key: key("cancel", who), body: `{"status":"Cancel"}`}
		submitting, cancelling := s.begin(submit), other.begin(cancel)
		a, b := submitting()[0], cancelling()[0]
		require.NoError(t, a.err)
		require.NoError(t, b.err)
		winners[oneWon(t, a.reply, b.reply)]++
		now, err := s.Ledger.Transfer(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, b.status == http.StatusOK, now.Status == transfer.Cancelled, "%s is %s", id, now.Status)
	}
	t.Logf("won: %v", winners)
	s.followed(t)
	s.verified(t)
}

// oneWon shows that exactly one of the two was accepted and the other refused for it, and names the one.
func oneWon(t *testing.T, submit, cancel reply) string {
	t.Helper()
	won, lost, winner := submit, cancel, "submit"
	if cancel.status == http.StatusOK {
		won, lost, winner = cancel, submit, "cancel"
	}
	require.Equal(t, http.StatusOK, won.status, "%s\n%s", submit.body, cancel.body)
	assert.Contains(t, []any{"900101", "900102"}, lost.field("code"), lost.body)
	return winner
}

// opens requests a transfer at the ledger itself, for stories that begin with one.
func (s *scene) opens(t *testing.T, p parties) string {
	t.Helper()
	opened, err := s.Ledger.OpenTransfer(t.Context(), requestOf(p), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	return opened.Transfer.ID
}

// A gateway stands still in the middle of its transactions. The same requests at another one hear to repeat them, and once
// the first goes on everybody hears the same and each happened once.
func TestAGatewayThatStandsStill(t *testing.T) {
	t.Parallel()
	ledgerURL := pgtest.Shared(t)
	s := setScene(t, ledgerURL, world.Large(kinds, 2), patient(t, ledgerURL))
	in := reachInto(t, ledgerURL)
	other := launchGateway(t, append(s.env, "HANDOVER_LEDGER_URL="+ledgerURL)...)
	writes := s.writes(t, 0)
	letGo := in.holds(t, "BEGIN", "LOCK TABLE transfers, transfer_labels, subscriptions, agreements IN EXCLUSIVE MODE")
	heard := s.begin(asks(writes)...)
	eventually(t, "all are in their transactions", func() bool { return in.waiting(t) >= len(writes) })
	wakeUp := s.pause(t)
	letGo()
	for i, r := range other.begin(asks(writes)...)() {
		require.NoError(t, r.err)
		assert.True(t, r.again(), "%s was answered: %d %s", writes[i].name, r.status, r.body)
	}
	wakeUp()
	taken := other.allFinally(t, asks(writes))
	for i, r := range heard() {
		require.NoError(t, r.err)
		writes[i].rightly(t, taken[i])
		assert.Equal(t, taken[i], r.reply)
	}
	s.onceEach(t, writes)
	s.verified(t)
}
