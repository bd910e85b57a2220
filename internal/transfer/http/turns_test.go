package transferhttp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	programmehttp "handover/internal/programme/http"
	"handover/internal/transfer"
	"handover/internal/world"
)

// byTenant lets in as admin agents those who bring a tenant's id as their token.
type byTenant map[string]string // the users, by tenant

func (b byTenant) Verify(_ context.Context, raw string) (identity.Caller, error) {
	return identity.Caller{TenantID: raw, UserID: b[raw], Roles: identity.Roles()}, nil
}
func (byTenant) Ready(context.Context) error { return nil }

// desk is an API of this context alone, on a large world.
type desk struct {
	*testing.T
	*Service
	api *httpapi.API
}

func openDesk(t *testing.T, customers, subscriptions int) desk {
	t.Helper()
	l := ledgertest.Open(t, ledger.Options{})
	require.NoError(t, l.Seed(t.Context(), world.Large(customers, subscriptions)))
	s := New(l, transfer.DefaultPolicy())
	a, err := httpapi.New(httpapi.Options{
		Ledger: l, Admit: programmehttp.Admit(l), Logger: zap.NewNop(),
		Tokens: byTenant{world.LargeSource: world.LargeSourceUser, world.LargeTarget: world.LargeTargetUser},
	}, s)
	require.NoError(t, err)
	return desk{t, s, a}
}

func (d desk) asks(by, method, at, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(d.Context(), method, at, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+by)
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, r)
	return w
}

// pending opens a transfer of the customer and returns its path.
func (d desk) pending(customer int) string {
	d.Helper()
	made := d.asks(world.LargeTarget, http.MethodPost, fmt.Sprintf("/v1/customers/cccccccc-1111-4000-8000-%012x/transfers", customer),
		`{"transferType":3,"sourcePartnerTenantId":"`+world.LargeSource+`","sourcePartnerName":"Large Source","customerEmailId":"`+fmt.Sprintf("it@customer%d.example", customer)+`"}`)
	require.Equal(d, http.StatusCreated, made.Code, made.Body)
	return made.Header().Get("Location")
}

// A party's decisions about a transfer wait for one another, as many as may, and one more is asked to come back; the other
// party's do not wait for them, nor do those about another transfer.
func TestDecisionsTakeTurns(t *testing.T) {
	t.Parallel()
	const mayWait = 64
	d := openDesk(t, 2, 2)
	at, other := d.pending(0), d.pending(1)
	end, err := d.turns.Take(t.Context(), world.LargeSource+" "+path.Base(at))
	require.NoError(t, err)
	heard := make(chan *httptest.ResponseRecorder, mayWait+1)
	for range cap(heard) {
		go func() { heard <- d.asks(world.LargeSource, http.MethodPatch, at, `{"allEligible":true}`) }()
	}
	refused := <-heard // so all others are waiting
	require.Equal(t, http.StatusTooManyRequests, refused.Code, refused.Body)
	require.NotEmpty(t, refused.Header().Get("Retry-After"))

	require.Equal(t, http.StatusOK, d.asks(world.LargeSource, http.MethodPatch, other, `{"allEligible":true}`).Code)
	require.Equal(t, http.StatusOK, d.asks(world.LargeTarget, http.MethodPatch, at, `{"status":"Cancel"}`).Code)
	require.Empty(t, heard)
	end()
	for range mayWait {
		r := <-heard
		require.Equal(t, http.StatusBadRequest, r.Code, r.Body)
		require.Contains(t, r.Body.String(), `"900102"`)
	}
}
