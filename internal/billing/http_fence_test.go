package billing_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/transfer"
)

// what is fenced before it moved never moves, whoever asks for it later.
func TestFencedMovesNeverMove(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]bool{"asked for before": true, "never heard of": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &billingtest.System{Accepts: true, Polls: 1000}
			h := adapter(t, s, nil)
			m := billingtest.Sample(0)
			if asked {
				_, err := h.Move(t.Context(), m)
				requireAtWork(t, err)
			}
			done, err := h.Fence(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID})
			require.NoError(t, err)
			assert.Empty(t, done, "a promise")
			again, err := h.Fence(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID})
			require.NoError(t, err)
			assert.Empty(t, again)
			_, err = h.Move(t.Context(), m)
			assert.ErrorIs(t, err, transfer.ProviderRefused)
			assert.Zero(t, s.Moved())
		})
	}
}

// What moved before the fence came is told as moved, with its id.
func TestAFenceThatComesTooLateHearsWhatMoved(t *testing.T) {
	t.Parallel()
	s := &billingtest.System{}
	h := adapter(t, s, nil)
	m := billingtest.Sample(0)
	moved, err := h.Move(t.Context(), m)
	require.NoError(t, err)
	done, err := h.Fence(t.Context(), billing.Question{Key: m.Key, SubscriptionID: m.Old.ID})
	require.NoError(t, err)
	assert.Equal(t, moved, done)
}

func TestASystemWithoutAFencePromisesNothing(t *testing.T) {
	t.Parallel()
	_, err := adapter(t, &billingtest.System{NoFence: true}, nil).Fence(t.Context(), billing.Question{Key: billingtest.Sample(0).Key})
	assert.ErrorIs(t, err, billing.ErrNoPromise)
}

func TestAnswersToAFenceThatAreAskedForAgain(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{500: "", 503: "", 202: "", 401: "", 409: `{"code": "x", "message": "no"}`, 200: `{}`} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, http.MethodDelete, r.Method)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
		_, err := connect(t, settingsFor(server)).Fence(t.Context(), billing.Question{Key: "key", SubscriptionID: billingtest.Sample(0).Old.ID})
		var again *billing.Unavailable
		assert.ErrorAs(t, err, &again, "%d", status)
	}
}
