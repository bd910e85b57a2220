package ledger_test

// What clients were told by an earlier commit is what they are told now, of everything that it wrote.

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/api"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/outbox"
	"handover/internal/pgtest"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var record = flag.Bool("record", false, "write a ledger of today's schema into testdata/written, before the schema changes")

// parties are the callers, by the tokens they bring.
var parties = map[string]identity.Caller{
	"source":   {TenantID: "a0000000-0000-4000-8000-000000000001", UserID: "agent@source.example"},
	"target":   {TenantID: "a0000000-0000-4000-8000-000000000002", UserID: "agent@target.example"},
	"stranger": {TenantID: "a0000000-0000-4000-8000-000000000003", UserID: "agent@stranger.example"},
}

type tokens struct{}

func (tokens) Verify(_ context.Context, raw string) (identity.Caller, error) {
	caller, known := parties[raw]
	if !known {
		return caller, &identity.InvalidTokenError{Reason: "Unknown."}
	}
	caller.Roles = identity.Roles()
	return caller, nil
}

func (tokens) Ready(context.Context) error { return nil }

// A ledger that an earlier commit wrote comes up with everything in it, and every answer about it is what it was.
func TestWrittenLedgers(t *testing.T) {
	t.Parallel()
	if *record {
		l, recorded := ledger.EveryLife(t)
		w := recorded()
		w.Answers = answers(t, l, w.At)
		w.Save(t)
	}
	for name, w := range ledger.WrittenLedgers(t) {
		for database, url := range map[string]func(*testing.T) string{
			"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "ledger.db") },
			"postgres": func(t *testing.T) string { return pgtest.Shared(t) },
		} {
			t.Run(name+"/"+database, func(t *testing.T) {
				t.Parallel()
				l := w.Reopened(t, url(t))
				holds(t, l)
				now := answers(t, l, w.At)
				require.NotEmpty(t, w.Answers)
				told := map[string]ledger.WrittenAnswer{}
				for _, a := range now {
					told[a.By+" "+a.Path] = a
				}
				for _, then := range w.Answers {
					same(t, then, told[then.By+" "+then.Path])
				}
				ledger.LivesOn(t, l)
				holds(t, l)
			})
		}
	}
}

// Of a ledger that an earlier commit wrote everything can be forgotten that is over: every invariant holds, whoever reads about it is
// answered as before, of what is left.
func TestWrittenLedgersAreForgotten(t *testing.T) {
	t.Parallel()
	for name, w := range ledger.WrittenLedgers(t) {
		for database, url := range map[string]func(*testing.T) string{
			"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "ledger.db") },
			"postgres": func(t *testing.T) string { return pgtest.Shared(t) },
		} {
			t.Run(name+"/"+database, func(t *testing.T) {
				t.Parallel()
				l := w.Reopened(t, url(t))
				ledger.LivesOn(t, l)
				later := l.At(w.At.AddDate(1, 0, 0))
				delivered(t, later)
				told := answers(t, l, w.At)
				anchor, err := l.Anchor(t.Context())
				require.NoError(t, err)
				done, err := later.Forget(t.Context(), ledger.Forgetting{OlderThan: 91 * 24 * time.Hour, Operator: kernel.Actor{Operator: true, UserID: "operator"}})
				require.NoError(t, err)
				require.Positive(t, done.Transfers*done.Mails*done.Records)
				holds(t, l)
				still, err := l.Holds(t.Context(), anchor)
				require.NoError(t, err)
				require.True(t, still)
				now := answers(t, l, w.At)
				require.Len(t, now, len(told))
				for i, then := range told {
					require.Equal(t, then.Status, now[i].Status, then.Path)
				}
				transfers, err := l.Transfers(t.Context(), transferstore.Filter{})
				require.NoError(t, err)
				known := 0
				for _, tr := range transfers {
					if !kernel.IsTombstone(tr.CustomerEmail) {
						known++
					}
				}
				require.Equal(t, len(transfers)-done.Transfers, known)
				require.Len(t, done.Left, known, "all that ended but what is held")
			})
		}
	}
}

// delivered has all mail sent that waits.
func delivered(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	for {
		owed, err := l.ClaimMail(t.Context(), "relay of all", "", 500, 500, time.Hour)
		require.NoError(t, err)
		if len(owed) == 0 {
			return
		}
		var results []outbox.MailResult
		for _, o := range owed {
			results = append(results, outbox.MailResult{ID: o.ID, Outcome: outbox.MailSent})
		}
		require.NoError(t, l.RecordMail(t.Context(), "relay of all", results))
	}
}

// holds asserts that every invariant holds.
func holds(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	findings, err := l.Verify(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		require.Empty(t, f.Broken, f.Invariant)
	}
}

// same asserts that an answer is what it was, but where a later rule changed what clients are told.
func same(t *testing.T, then, now ledger.WrittenAnswer) {
	t.Helper()
	about := then.By + " " + then.Path
	assert.Equal(t, then.Status, now.Status, about)
	var was, is any
	require.NoError(t, json.Unmarshal(then.Body, &was))
	require.NoError(t, json.Unmarshal(now.Body, &is))
	everyObject(was, toldOtherwise)
	assert.Equal(t, was, is, about)
}

// toldOtherwise makes of an object that a client was told what a later rule says of the same thing.
func toldOtherwise(o map[string]any) {
	if attributes, has := o["attributes"].(map[string]any); has && attributes["objectType"] == "PartnerRelationship" {
		o["state"] = "Active" // the state of the relationship, and not the other partner's programme status
	}
}

// everyObject changes every object of a JSON value, wherever it is.
func everyObject(value any, change func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		change(value)
		for _, member := range value {
			everyObject(member, change)
		}
	case []any:
		for _, item := range value {
			everyObject(item, change)
		}
	}
}

// answers are those of the API to every party about everything that is in the ledger.
func answers(t *testing.T, l *ledger.Ledger, now time.Time) []ledger.WrittenAnswer {
	t.Helper()
	served, err := api.New(api.Options{
		Ledger: l, Tokens: tokens{}, Policy: transfer.DefaultPolicy(), Rules: subscription.DefaultRules(), Logger: zap.NewNop(), Version: "1",
		Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	var all []ledger.WrittenAnswer
	for _, by := range []string{"source", "target", "stranger"} {
		for _, path := range paths(t, l, by) {
			all = append(all, answer(t, server.URL, by, path))
		}
	}
	return all
}

// paths are those of everything that the party can read, and of what it cannot.
func paths(t *testing.T, l *ledger.Ledger, by string) []string {
	t.Helper()
	all := []string{
		"/v1/customers", "/v1/transfers", "/v1/invoices", "/v1/invoices/unbilled/lineitems", "/v1/auditrecords?startDate=2031-02-01",
		"/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf",
		"/v1/compliance/csp/agreementstatus?tenantId=" + parties["source"].TenantID,
	}
	transfers, err := l.Transfers(t.Context(), transferstore.Filter{})
	require.NoError(t, err)
	require.NotEmpty(t, transfers)
	customer := "/v1/customers/" + transfers[0].Request.CustomerTenantID
	all = append(all, customer, customer+"/transfers", customer+"/subscriptions", customer+"/agreements", customer+"/relationships", customer+"/orders",
		customer+"/directSignedMicrosoftCustomerAgreementStatus", customer+"/profiles/company", customer+"/profiles/billing",
		customer+"/transferseligibility?transferType=3")
	for _, tr := range transfers {
		one := customer + "/transfers/" + tr.ID
		all = append(all, one, one+"/events", one+"/report")
	}
	held, err := l.Subscriptions(t.Context(), transfers[0].Request.CustomerTenantID, parties[by].TenantID)
	require.NoError(t, err)
	for _, s := range held {
		all = append(all, fmt.Sprintf("%s/subscriptions/%s", customer, s.ID))
	}
	return all
}

func answer(t *testing.T, url, by, path string) ledger.WrittenAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+by)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("MS-RequestId", "00000000-0000-4000-8000-000000000000")
	r.Header.Set("MS-CorrelationId", "00000000-0000-4000-8000-000000000001")
	got, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	require.True(t, json.Valid(body), "%s %s: %s", by, path, body)
	return ledger.WrittenAnswer{By: by, Path: path, Status: got.StatusCode, Body: body}
}
