package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// TestGiveUp: what was never sent ends at once, of the rest the billing system is asked; the log says who wanted it.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.moving()
	_, err := b.Leave(t.Context(), id, []int{1})
	require.NoError(t, err)

	s := b.stage()
	require.Equal(t, 0, s.run(t, "give-up", id, "--item", "3", "--item", "1", "--item", "3", "--reason", "withdrawn", "--request-id", "g1"), s.stderr.String())
	assert.Regexp(t, `(?m)^Failed +line items 3$`, s.stdout.String())
	assert.Regexp(t, `(?m)^Being ended +line items 1; the billing system is asked`, s.stdout.String())
	assert.False(t, s.service.connected)
	assert.Equal(t, transfer.ItemFailed, b.item(id, 3).Status)
	assert.Equal(t, transfer.EndingAsked, b.item(id, 1).Ending)
	given := b.logged(id, transfer.EventGivenUp)
	require.Len(t, given, 2)
	assert.Equal(t, &kernel.Origin{Via: kernel.ByOperator, Operator: operatorName}, given[0].Origin)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "give-up", id, "--item", "1,3", "--reason", "withdrawn", "--request-id", "g1", "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"transferId": "`+id+`", "ended": [3], "fencing": [1], "requestId": "g1"}`, s.stdout.String())
	assert.Len(t, b.logged(id, transfer.EventGivenUp), 2, "a repetition does nothing")

	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{3, "used for another request", []string{id, "--item", "4", "--reason", "withdrawn", "--request-id", "g1"}},
		{3, "no line item 99", []string{id, "--item", "0", "--item", "99", "--reason", "r"}},
		{3, "There is no line item to give up", []string{id, "--failing", "--reason", "r"}},
		{4, "There is no such transfer", []string{transferID, "--item", "0", "--reason", "r"}},
	} {
		s = b.stage()
		assert.Equal(t, c.status, s.run(t, append([]string{"give-up"}, c.args...)...), c.args)
		assert.Contains(t, s.stderr.String(), c.says)
	}
	assert.Equal(t, transfer.ItemInProgress, b.item(id, 0).Status, "all or none")
}

func TestGiveUpEverythingThatFails(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.moving()
	_, err := b.RecordItems(t.Context(), id, []transferstore.ItemResult{{Ordinal: 0, Failure: "503"}, {Ordinal: 3, Failure: "503"}})
	require.NoError(t, err)
	s := b.stage()
	require.Equal(t, 0, s.run(t, "give-up", id, "--failing", "--reason", "gone", "--as", northwind+"/"+user, "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"transferId": "`+id+`", "ended": [0, 3], "fencing": [], "requestId": "`+freshID+`"}`, s.stdout.String())
	log, err := b.LogOf(t.Context(), id, northwind)
	require.NoError(t, err)
	assert.Equal(t, user, log[len(log)-1].UserID, "--as says which user it was")
}

// TestResolve: an operator says what became of line items of which the billing system did not say it; the log says who said so.
func TestResolve(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.moving()
	b.givesUp(id, 1, 3)
	b.unanswered(id, 1, 3)
	moved := b.item(id, 3).SubscriptionID
	const newID = "90000000-0000-4000-8000-00000000000a"

	s := b.stage()
	require.Equal(t, 0, s.run(t, "resolve", id, "--item", "1", "--not-moved", "--reason", "asked them", "--request-id", "r1"), s.stderr.String())
	assert.Regexp(t, `(?m)^Did not move +it is free`, s.stdout.String())
	assert.False(t, s.service.connected)
	for range 2 { // a repetition does nothing
		s = b.stage()
		require.Equal(t, 0, s.run(t, "resolve", id, "--item", "3", "--moved-to", strings.ToUpper(newID), "--reason", "asked them", "--request-id", "r3", "-o", "json"),
			s.stderr.String())
		assert.JSONEq(t, `{"transferId": "`+id+`", "item": 3, "subscriptionId": "`+moved+`", "movedTo": "`+newID+`", "requestId": "r3"}`, s.stdout.String())
	}
	s = b.stage()
	require.Equal(t, 0, s.run(t, "resolve", id, "--item", "3", "--moved-to", newID, "--reason", "asked them", "--request-id", "r3"))
	assert.Regexp(t, `(?m)^Moved to +`+newID, s.stdout.String())

	for n, wasMoved := range map[int]bool{1: false, 3: true} {
		assert.False(t, b.item(id, n).Held)
		assert.Equal(t, transfer.ItemFailed, b.item(id, n).Status)
		old, err := b.Subscription(t.Context(), b.item(id, n).SubscriptionID)
		require.NoError(t, err)
		assert.Equal(t, wasMoved, old.Status == subscription.Deleted)
	}
	successor, err := b.Subscription(t.Context(), newID)
	require.NoError(t, err)
	assert.Equal(t, fabrikam, successor.PartnerTenantID)
	logged := b.logged(id, transfer.EventResolved)
	require.Len(t, logged, 2)
	assert.Equal(t, &kernel.Origin{Via: kernel.ByOperator, Operator: operatorName}, logged[0].Origin)

	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{3, "used for another request", []string{id, "--item", "3", "--not-moved", "--reason", "asked them", "--request-id", "r3"}},
		{3, "Line item 1 is Failed and not held", []string{id, "--item", "1", "--not-moved", "--reason", "r"}},
		{3, "no line item 99", []string{id, "--item", "99", "--not-moved", "--reason", "r"}},
		{4, "There is no such transfer", []string{transferID, "--item", "0", "--not-moved", "--reason", "r"}},
	} {
		s = b.stage()
		assert.Equal(t, c.status, s.run(t, append([]string{"resolve"}, c.args...)...), c.args)
		assert.Contains(t, s.stderr.String(), c.says)
	}
	s = b.stage()
	assert.Equal(t, 0, s.run(t, "verify", "--ledger-only"), s.stdout.String())
	assert.NotContains(t, s.stdout.String(), "note: ")
}
