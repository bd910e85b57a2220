package billing_test

import (
	"cmp"
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

func TestSandboxConforms(t *testing.T) {
	t.Parallel()
	billingtest.Run(t, func(_ *testing.T, _ string, now func() time.Time) billing.Mover {
		return billing.Sandbox{Now: now}
	})
}

func TestHTTPConforms(t *testing.T) {
	t.Parallel()
	for name, system := range map[string]func() *billingtest.System{
		"answering at once": func() *billingtest.System { return &billingtest.System{} },
		"answering later": func() *billingtest.System {
			return &billingtest.System{Accepts: true, Polls: 2}
		},
		"answering elsewhere": func() *billingtest.System {
			return &billingtest.System{Accepts: true, Polls: 1, Location: func(key string) string {
				return "/moves/" + url.PathEscape(key)
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			billingtest.Run(t, func(t *testing.T, fault string, now func() time.Time) billing.Mover {
				s := system()
				var err error
				s.Fault, err = subscription.ParseFault(fault)
				require.NoError(t, err)
				s.Now = now
				return patient{adapter(t, s, nil)}
			})
		})
	}
}

// patient asks about what was accepted until it is done, as others do with pauses in between.
type patient struct{ *billing.HTTP }

func (p patient) Move(ctx context.Context, m billing.Move) (string, error) {
	id, err := p.HTTP.Move(ctx, m)
	var accepted *billing.AtWork
	for where := ""; errors.As(err, &accepted); accepted = nil {
		where = cmp.Or(accepted.Where, where)
		id, err = p.Ask(ctx, billing.Question{Key: m.Key, SubscriptionID: m.Old.ID, Where: where})
	}
	return id, err
}

// adapter connects the HTTP adapter to the system; change may alter its settings first.
func adapter(t *testing.T, s *billingtest.System, change func(*billing.HTTPSettings)) *billing.HTTP {
	t.Helper()
	s.Token = "sesame"
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	settings := billing.HTTPSettings{
		BaseURL: server.URL + "/", Token: "sesame", Timeout: time.Minute,
	}
	if change != nil {
		change(&settings)
	}
	h, err := billing.NewHTTP(settings)
	require.NoError(t, err)
	return h
}

func TestAdaptersSayWhetherTheyAreQuick(t *testing.T) {
	t.Parallel()
	assert.True(t, billing.Sandbox{Now: time.Now}.Immediate())
	assert.False(t, adapter(t, &billingtest.System{}, nil).Immediate())
}

// The ledger is the sandbox's billing system, so both must agree on the id of a successor.
func TestSandboxGivesTheDerivedID(t *testing.T) {
	t.Parallel()
	m := billingtest.Sample(3)
	id, err := billing.Sandbox{Now: time.Now}.Move(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, transfer.TargetSubscriptionID(m.Transfer.ID, m.Item.SubscriptionID), id)
}

func TestSandboxTakesItsTime(t *testing.T) {
	t.Parallel()
	m := billingtest.Sample(0)
	m.Old.SandboxFault = "slow:1ms"
	_, err := billing.Sandbox{Now: time.Now}.Move(t.Context(), m)
	assert.NoError(t, err)
}

// A fault nobody can read is a mistake in the world file, which its author can mend: the item must not fail for good.
func TestSandboxKeepsTryingAnUnreadableFault(t *testing.T) {
	t.Parallel()
	m := billingtest.Sample(0)
	m.Old.SandboxFault = "explode:now"
	_, err := billing.Sandbox{Now: time.Now}.Move(t.Context(), m)
	var failure *billing.Unavailable
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Reason, "explode:now")
}

// R-27 on the far side: however often it is asked, the billing system moves once.
func TestRepeatedHTTPMovesMoveOnce(t *testing.T) {
	t.Parallel()
	s := &billingtest.System{Accepts: true, Polls: 1, Fault: subscription.Fault{Transient: 2}}
	h := patient{adapter(t, s, nil)}
	m := billingtest.Sample(0)
	for ; m.Attempts < 6; m.Attempts++ {
		_, err := h.Move(t.Context(), m)
		assert.Equal(t, m.Attempts < 2, err != nil, "attempt %d: %v", m.Attempts, err)
	}
	assert.Equal(t, 1, s.Moved())
}
