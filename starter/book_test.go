package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// The commands on a real ledger, without Temporal. The parties are those of the sample world's demonstration.
const (
	bakery    = "cccccccc-0000-4000-8000-000000000001"
	northwind = "aaaaaaaa-0000-4000-8000-000000000001"
	fabrikam  = "aaaaaaaa-0000-4000-8000-000000000002"
)

// shelf is a ledger that another program has open, and whose clock is behind.
type shelf struct {
	*ledger.Ledger
	t   *testing.T
	url string
}

func newShelf(t *testing.T, age time.Duration) shelf {
	t.Helper()
	url := "sqlite://" + filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), url, ledger.Options{Now: func() time.Time { return time.Now().Add(-age) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	require.NoError(t, book.Seed(t.Context(), world.Sample()))
	return shelf{book, t, url}
}

// stage is a run of the program on this ledger. Its Temporal knows nothing.
func (b shelf) stage() *stage {
	return &stage{real: true, at: b.url, service: fakeTransfers{err: transfer.NoSuchTransfer()}}
}

func (b shelf) pending(requestID string) string {
	b.t.Helper()
	made, err := b.OpenTransfer(b.t.Context(), transfer.Request{
		RequestID: requestID, Actor: kernel.Actor{PartnerTenantID: fabrikam}, CustomerTenantID: bakery, CustomerEmail: "it@contoso-bakery.example",
		SourcePartnerTenantID: northwind, SourcePartnerName: "Northwind Cloud", TargetPartnerTenantID: fabrikam, TransferType: newCommerce,
	}, command.Terms[transferstore.Outcome]{})
	require.NoError(b.t, err)
	return made.Transfer.ID
}

func (b shelf) moving() string {
	b.t.Helper()
	id := b.pending("moving")
	_, err := b.Submit(b.t.Context(), id, transfer.Approval{
		RequestID: "s", Actor: kernel.Actor{PartnerTenantID: northwind}, Selection: transfer.Selection{AllEligible: true},
	}, command.Terms[transferstore.Outcome]{})
	require.NoError(b.t, err)
	return id
}

// told has every run told what there is to tell, and gives the runs as they were.
func (b shelf) told() []runs.Run {
	b.t.Helper()
	claimed, err := b.ClaimRuns(b.t.Context(), 100, 100)
	require.NoError(b.t, err)
	require.NoError(b.t, b.RunsTold(b.t.Context(), claimed))
	return claimed
}

func (b shelf) item(id string, ordinal int) transfer.LineItem {
	b.t.Helper()
	items, err := b.Items(b.t.Context(), id, ordinal, ordinal+1)
	require.NoError(b.t, err)
	require.Len(b.t, items, 1)
	return items[0]
}

// givesUp ends line items that a billing system was asked to move.
func (b shelf) givesUp(id string, ordinals ...int) {
	b.t.Helper()
	_, err := b.Leave(b.t.Context(), id, ordinals)
	require.NoError(b.t, err)
	_, err = b.GiveUp(b.t.Context(), id, transferstore.GivingUp{
		RequestID: "g", Actor: kernel.Actor{Operator: true}, Ordinals: ordinals, Reason: "enough",
	}, command.Terms[transferstore.GivenUp]{})
	require.NoError(b.t, err)
}

// unanswered makes line items that were given up held ones.
func (b shelf) unanswered(id string, ordinals ...int) {
	b.t.Helper()
	var results []transferstore.ItemResult
	for _, n := range ordinals {
		results = append(results, transferstore.ItemResult{Ordinal: n, Fence: transferstore.FenceUnanswered})
	}
	_, err := b.RecordItems(b.t.Context(), id, results)
	require.NoError(b.t, err)
}

// logged are the details of the events of that kind in the source's log.
func (b shelf) logged(id string, event transfer.Event) []transfer.AuditDetail {
	b.t.Helper()
	log, err := b.LogOf(b.t.Context(), id, northwind)
	require.NoError(b.t, err)
	var found []transfer.AuditDetail
	for _, record := range log {
		var detail transfer.AuditDetail
		require.NoError(b.t, json.Unmarshal([]byte(record.NewValue), &detail))
		if detail.Event == event {
			found = append(found, detail)
		}
	}
	return found
}

func TestGetReadsTheLedgerAtHand(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.moving()
	_, err := b.RecordItems(t.Context(), id, []transferstore.ItemResult{{Ordinal: 1, Failure: "503 busy"}})
	require.NoError(t, err)

	s := b.stage()
	require.Equal(t, 0, s.run(t, "get", id, "-o", "json"), s.stderr.String())
	var shown transfer.Entity
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &shown))
	require.Greater(t, len(shown.LineItems), 2)
	assert.Equal(t, 1, *shown.LineItems[1].Attempts)
	assert.Equal(t, "503 busy", shown.LineItems[1].LastError)
	assert.Equal(t, "Fabrikam Distribution", shown.TargetPartnerName)
	assert.False(t, s.service.connected)
	assert.Empty(t, s.stderr.String())

	s = b.stage()
	require.Equal(t, 0, s.run(t, "get", id))
	assert.Regexp(t, `(?m)^E-mail due +created$`, s.stdout.String())
	assert.Contains(t, s.stdout.String(), "503 busy")
}

func TestGetAsksTheRunWhereTheLedgerDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	s := b.stage()
	s.service = fakeTransfers{get: answering(waitingSnapshot())}
	require.Equal(t, 0, s.run(t, "get", transferID), s.stderr.String())
	assert.True(t, s.service.closed)
	assert.Contains(t, s.stdout.String(), "Pending")
	assert.Contains(t, s.stderr.String(), "name it with --ledger")

	s = b.stage()
	assert.Equal(t, 4, s.run(t, "get", transferID), "nobody knows it")
}

func TestWatchReadsTheLedgerAtHand(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	_, err := b.Cancel(t.Context(), id, transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: fabrikam}}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	s := b.stage()
	assert.Equal(t, 3, s.run(t, "watch", id))
	assert.Contains(t, s.stderr.String(), "the transfer ended as Cancel")
	assert.False(t, s.service.connected)
}

// TestVerifyRepairsALedger: nobody watched for two hours and the run is gone. The worker tells the runs meanwhile.
func TestVerifyRepairsALedger(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 2*time.Hour)
	id := b.moving()
	b.told()
	s := b.stage()
	s.service = fakeTransfers{running: map[string]bool{}}
	assert.Equal(t, 1, s.run(t, "verify"), s.stderr.String())
	assert.Contains(t, s.stdout.String(), "I-7: Transfer "+id+" is InProgress in the ledger, and no run is open for it.")
	assert.Empty(t, b.logged(id, transfer.EventResumed), "verify alone changes nothing")

	now, err := ledger.Open(t.Context(), b.url, ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, now.Close()) })
	s = b.stage()
	s.service = fakeTransfers{running: map[string]bool{}, openRuns: onePage(openRun{id, transfer.InProgress}), get: answering(saying(transfer.InProgress))}
	s.meanwhile = func() { // the run begins and tries every line item
		if s.service.running[id] {
			return
		}
		if told := (shelf{now, t, b.url}).told(); len(told) == 0 {
			return
		}
		s.service.running[id] = true
		items, err := now.Items(t.Context(), id, 0, -1)
		require.NoError(t, err)
		var tried []transferstore.ItemResult
		for _, item := range items {
			tried = append(tried, transferstore.ItemResult{Ordinal: item.Ordinal, Failure: "503"})
		}
		_, err = now.RecordItems(t.Context(), id, tried)
		require.NoError(t, err)
	}
	require.Equal(t, 0, s.run(t, "verify", "--repair"), s.stdout.String()+s.stderr.String())
	assert.Contains(t, s.stderr.String(), "1 transfer of 1 resumed by "+operatorName)
	resumed := b.logged(id, transfer.EventResumed)
	require.Len(t, resumed, 1)
	assert.Equal(t, &kernel.Origin{Via: kernel.ByOperator, Operator: operatorName}, resumed[0].Origin)
}
