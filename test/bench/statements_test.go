package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How much is in the ledger decides nothing about how much is asked of it: a read takes the same number of SQL statements
// with 10 transfers as with 2,000, of which one customer has 1,990.
func TestReadsTakeTheSameStatementsHoweverMuchThereIs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := &subject{past: past{now: time.Now()}}
	var err error
	s.stage, err = newStage(ctx, "sqlite", crowd{customers: 1, items: smallItems})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.close()) })
	s.callers, err = s.signIn(ctx)
	require.NoError(t, err)
	s.Worker.Stop() // it asks the ledger every second whether there is news

	const few, many = 10, 1_990 // transfers of the first customer and of the second
	require.NoError(t, s.past.extend(ctx, s.stage, 1, few))
	small, most := transfersOf(pastCustomer(0)), map[string]int64{}
	complete := small + "/" + pastTransfer(0, 6)
	for path, statements := range map[string]int64{
		complete:               4,
		small:                  3,
		searchFrom(""):         2,
		s.secondPage(ctx, t):   2,
		complete + "/events":   4,
		complete + "/report":   4,
		"/v1/customers?size=5": 3,
		"/v1/customers/" + pastCustomer(0) + "/subscriptions": 4,
		"/v1/customers/" + pastCustomer(0) + "/orders":        5,
		"/v1/invoices":                    3,
		"/v1/invoices/unbilled/lineitems": 4,
		"/v1/auditrecords?size=5":         4,
	} {
		most[path] = s.asked(ctx, t, path)
		assert.LessOrEqual(t, most[path], statements, path)
	}
	require.NoError(t, s.past.extend(ctx, s.stage, 1, many))
	for path, before := range most {
		assert.Equal(t, before, s.asked(ctx, t, path), path)
	}
	assert.Equal(t, most[small], s.asked(ctx, t, transfersOf(pastCustomer(1))), "the list of 1,990")
	assert.Equal(t, most[searchFrom("")], s.asked(ctx, t, s.secondPage(ctx, t)), "a page that is not the first")
}

// secondPage is the search for what follows on the first five transfers.
func (s *subject) secondPage(ctx context.Context, t *testing.T) string {
	t.Helper()
	answer, _, err := s.reads("/v1/transfers?size=5").send(ctx, s.API)
	require.NoError(t, err)
	page, err := readAs[foundPage](answer)
	require.NoError(t, err)
	require.NotEmpty(t, page.ContinuationToken)
	return searchFrom(page.ContinuationToken)
}

// asked counts the SQL statements of a read. Nothing else goes on but the API's housekeeping, hourly and at first; so
// the least of three is the read's own.
func (s *subject) asked(ctx context.Context, t *testing.T, path string) int64 {
	t.Helper()
	var counted []int64
	for range 3 {
		before := s.Ledger.Statements()
		answer, _, err := call{by: s.target, method: http.MethodGet, path: path, want: http.StatusOK}.send(ctx, s.API)
		require.NoError(t, err)
		require.NotEmpty(t, answer)
		counted = append(counted, s.Ledger.Statements()-before)
	}
	return min(counted[0], counted[1], counted[2])
}
