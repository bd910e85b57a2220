package api

// A served API on a ledger of its own, and those who call it.

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/ledger"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// The callers of a stage, by the tokens they bring.
const (
	bySource = "source"
	byTarget = "target"

	// Of the sample world: the parties of its demonstration, and a second provider.
	byNorthwind = "northwind"
	byFabrikam  = "fabrikam"
	byLitware   = "litware"

	// Of the sample world, too: an indirect reseller, and a partner that is direct-bill besides.
	byAlpine    = "alpine"
	byProseware = "proseware"

	// Its sandboxes.
	bySandboxSource = "sandbox source"
	bySandboxTarget = "sandbox target"

	byOperator      = "operator"  // of the deployment's own tenant
	byPretender     = "pretender" // who has the role in another
	byVisitor       = "visitor"   // of that tenant without the role
	operatorsTenant = "00000000-0000-4000-8000-00000000000f"
)

// cast are the callers that have a token.
type cast map[string]identity.Caller

func (c cast) Verify(_ context.Context, raw string) (identity.Caller, error) {
	caller, known := c[raw]
	if !known {
		return caller, &identity.InvalidTokenError{Reason: "Unknown."}
	}
	return caller, nil
}

func (cast) Ready(context.Context) error { return nil }

// stage is an API that is served.
type stage struct {
	*testing.T
	ledger *ledger.Ledger
	api    *httpapi.API
	url    string
	file   string // of the ledger; empty when it is no file
}

// setStage serves a large world of customers with so many subscriptions each.
func setStage(t *testing.T, customers, subscriptions int) *stage {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ledger.db")
	s := setStageOn(t, "sqlite://"+file, world.Large(customers, subscriptions))
	s.file = file
	return s
}

func setStageOn(t *testing.T, ledgerURL string, w ledger.World) *stage {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledgerURL, ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	require.NoError(t, l.Seed(t.Context(), w))
	return serving(t, l)
}

// serving is a stage on the ledger.
func serving(t *testing.T, l *ledger.Ledger) *stage {
	t.Helper()
	a, err := New(Options{Ledger: l, Policy: transfer.DefaultPolicy(), Rules: subscription.DefaultRules(), Logger: zap.NewNop(), Version: "1", OperatorsTenant: operatorsTenant, Tokens: cast{
		bySource: {TenantID: world.LargeSource, UserID: world.LargeSourceUser, PrincipalName: "sam@source.example", ApplicationID: "crm", Roles: identity.Roles()},
		byTarget: {TenantID: world.LargeTarget, UserID: world.LargeTargetUser, Roles: identity.Roles()},

		byNorthwind: {TenantID: world.Demo().SourceTenantID, UserID: world.Demo().SourceUserID, Roles: identity.Roles()},
		byFabrikam:  {TenantID: world.Demo().TargetTenantID, UserID: world.Demo().TargetUserID, Roles: identity.Roles()},
		byLitware:   {TenantID: "aaaaaaaa-0000-4000-8000-000000000005", UserID: "eeeeeeee-0000-4000-8000-000000000501", Roles: identity.Roles()},
		byAlpine:    {TenantID: "aaaaaaaa-0000-4000-8000-000000000009", UserID: "eeeeeeee-0000-4000-8000-000000000901", Roles: identity.Roles()},
		byProseware: {TenantID: "aaaaaaaa-0000-4000-8000-000000000013", UserID: "eeeeeeee-0000-4000-8000-000000001301", Roles: identity.Roles()},

		bySandboxSource: {TenantID: "aaaaaaaa-0000-4000-8000-000000000021", UserID: "eeeeeeee-0000-4000-8000-000000002101", Roles: identity.Roles()},
		bySandboxTarget: {TenantID: "aaaaaaaa-0000-4000-8000-000000000022", UserID: "eeeeeeee-0000-4000-8000-000000002201", Roles: identity.Roles()},

		byOperator:  {TenantID: operatorsTenant, UserID: "eeeeeeee-0000-4000-8000-00000000000f", ApplicationID: "console", OtherRoles: []string{"Operator"}},
		byPretender: {TenantID: world.LargeSource, UserID: world.LargeSourceUser, Roles: identity.Roles(), OtherRoles: []string{"Operator"}},
		byVisitor:   {TenantID: operatorsTenant, Roles: identity.Roles()},
	}})
	require.NoError(t, err)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return &stage{T: t, ledger: l, api: a, url: server.URL}
}

// ask is one request.
type ask struct {
	by     string
	method string
	path   string
	body   string
	key    string
	header map[string]string
}

// reply is what a repetition must have in common with the first answer.
type reply struct {
	status                                     int
	kind, etag, location, retryAfter, complete string
}

// code is the wire contract's code of an error.
func (r reply) code(t *testing.T) string {
	t.Helper()
	var e httpapi.Error
	require.NoError(t, json.Unmarshal([]byte(r.complete), &e), r.complete)
	return e.Code
}

// hears sends the request until the context ends.
func (s *stage) hears(ctx context.Context, q ask) reply {
	r, err := http.NewRequestWithContext(ctx, q.method, s.url+q.path, strings.NewReader(q.body))
	if !assert.NoError(s, err) {
		return reply{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+q.by)
	r.Header.Set("MS-CorrelationId", correlationOf(q.key))
	if q.key != "" {
		r.Header.Set("MS-RequestId", q.key)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	got, err := http.DefaultClient.Do(r)
	if !assert.NoError(s, err) {
		return reply{}
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	assert.NoError(s, err)
	h := got.Header
	return reply{got.StatusCode, h.Get("Content-Type"), h.Get("ETag"), h.Get("Location"), h.Get("Retry-After"), string(body)}
}

// gets sends the request and requires the status.
func (s *stage) gets(q ask, status int) reply {
	s.Helper()
	r := s.hears(s.Context(), q)
	require.Equal(s, status, r.status, r.complete)
	return r
}

// together sends the request so many times at once.
func (s *stage) together(times int, q ask) []reply {
	replies := make([]reply, times)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() { replies[i] = s.hears(s.Context(), q) })
	}
	all.Wait()
	return replies
}

// correlationOf is the correlation id of a request with the key.
func correlationOf(key string) string {
	return "correlation-of-" + strings.NewReplacer(" ", "-", "'", "-").Replace(key)
}

// rows reads from the ledger's file: one text for each row.
func (s *stage) rows(query string, args ...any) []string {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+s.file+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	require.NoError(s, err)
	defer func() { require.NoError(s, db.Close()) }()
	found, err := db.QueryContext(s.Context(), query, args...)
	require.NoError(s, err)
	defer func() { require.NoError(s, found.Close()) }()
	columns, err := found.Columns()
	require.NoError(s, err)
	var rows []string
	for found.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		require.NoError(s, found.Scan(places...))
		rows = append(rows, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	require.NoError(s, found.Err())
	return rows
}

// What is asked on a stage.

func customerPath(number int) string {
	return fmt.Sprintf("/v1/customers/cccccccc-1111-4000-8000-%012x", number)
}

func licence(customer, number int) string {
	return fmt.Sprintf("%08x-1111-4000-8000-%012x", customer, number)
}

func creating(customer int, key string) ask {
	return ask{by: byTarget, method: http.MethodPost, path: customerPath(customer) + "/transfers", key: key, body: `{"transferType":3,"sourcePartnerTenantId":"` +
		world.LargeSource + `","sourcePartnerName":"Large Source","customerEmailId":"it@customer` + strconv.Itoa(customer) + `.example","tags":["a","b"]}`}
}

func deciding(by, path, body, key string) ask {
	return ask{by: by, method: http.MethodPatch, path: path, body: body, key: key}
}

// listing is a submit of the first licences of the customer.
func listing(customer, count int) string {
	items := make([]string, count)
	for i := range items {
		items[i] = `{"subscriptionId":"` + licence(customer, i) + `","productType":"OnlineServicesNCE"}`
	}
	return `{"status":"InProgress","lineItems":[` + strings.Join(items, ",") + `]}`
}

const (
	cancelling  = `{"status":"Cancel"}`
	declining   = `{"status":"Reject","reason":"not now"}`
	registering = `{"WebhookUrl":"https://hooks.example/","WebhookEvents":["create-transfer"]}`
	labelling   = `{"externalReference":"4711","tags":["x"]}`
	unknownVerb = `{"status":"Complete"}`
	attesting   = `{"type":"MicrosoftCustomerAgreement","templateId":"11111111-0000-4000-8000-000000000001","dateAgreed":"2026-01-02",` +
		`"primaryContact":{"firstName":"Ada","lastName":"Byron","email":"ada@customer0.example"}}`
)

// pending opens a transfer and returns its path.
func (s *stage) pending(customer int) string {
	s.Helper()
	return s.gets(creating(customer, fmt.Sprintf("open %d", customer)), http.StatusCreated).location
}
