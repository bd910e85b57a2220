package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
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
	assert.Regexp(t, `(?m)^E-mail due +\d: created$`, s.stdout.String())
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

func TestResume(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want runs.Cause
	}{
		"look":          {nil, runs.CauseResumed},
		"replace":       {[]string{"--replace"}, runs.CauseReplaced},
		"accept ledger": {[]string{"--accept-ledger"}, runs.CauseReplaced},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newShelf(t, 0)
			id := b.pending("r")
			b.told()
			before, err := b.Look(t.Context(), id, transferstore.Watched{})
			require.NoError(t, err)

			s := b.stage()
			require.Equal(t, 0, s.run(t, append([]string{"resume", strings.ToUpper(id)}, c.args...)...), s.stderr.String())
			assert.Equal(t, "1 transfer resumed.\n", s.stdout.String())
			runs := b.told()
			require.Len(t, runs, 1)
			assert.Equal(t, transfer.WorkflowID(id), runs[0].WorkflowID)
			assert.Equal(t, c.want, runs[0].Cause)

			assert.Len(t, b.logged(id, transfer.EventResumed), 1)
			after, err := b.Look(t.Context(), id, transferstore.Watched{Known: before.ChangeID})
			require.NoError(t, err)
			assert.Equal(t, before.ChangeID, after.ChangeID, "nothing about the transfer changed")
			findings, err := b.Verify(t.Context())
			require.NoError(t, err)
			for _, f := range findings {
				assert.Empty(t, f.Broken, f.Invariant)
			}
		})
	}
}

func TestResumeSaysWhatCannotBeResumed(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	_, err := b.Cancel(t.Context(), id, transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: fabrikam}}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	b.told()
	s := b.stage()
	assert.Equal(t, 3, s.run(t, "resume", id))
	assert.Contains(t, s.stderr.String(), "The transfer is Cancel; there is nothing left to resume.")
	s = b.stage()
	assert.Equal(t, 4, s.run(t, "resume", transferID))
	assert.Contains(t, s.stderr.String(), "The ledger has no transfer "+transferID)
	assert.Empty(t, b.told())
}

func TestResumeAllThatAreOpen(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	ids := []string{b.pending("r1"), b.pending("r2"), b.pending("r3")}
	_, err := b.Cancel(t.Context(), ids[2], transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: fabrikam}}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	b.told()
	s := b.stage()
	require.Equal(t, 0, s.run(t, "resume", "--all-open", "-o", "json"), s.stderr.String())
	assert.JSONEq(t, `{"resumed": 2}`, s.stdout.String())
	assert.Equal(t, "2 transfers resumed.\n", s.stderr.String())
	assert.Len(t, b.told(), 2)
}

// TestResumeAllWaitsForDecisions: a page is tried again while one of its transfers is being decided, and not for ever.
func TestResumeAllWaitsForDecisions(t *testing.T) {
	t.Parallel()
	tries := 0
	s := stage{at: "sqlite://x.db"}
	s.book.open = func(after string) (string, int, error) {
		switch tries++; {
		case after != "":
			return "", 0, nil
		case tries < 3:
			return "", 0, store.ErrLocked
		}
		return transferID, 7, nil
	}
	require.Equal(t, 0, s.run(t, "resume", "--all-open", "--replace"), s.stderr.String())
	assert.Equal(t, "7 transfers resumed.\n", s.stdout.String())
	assert.Equal(t, 2, s.waited)
	assert.Equal(t, runs.CauseReplaced, s.book.how.Cause)

	s = stage{at: "sqlite://x.db"}
	s.book.open = func(string) (string, int, error) { return "", 0, store.ErrLocked }
	assert.Equal(t, 5, s.run(t, "resume", "--all-open"))
	assert.Contains(t, s.stderr.String(), "0 transfers were resumed, then: ")
}

func TestStuck(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	s := b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Empty(t, s.stdout.String())
	assert.Equal(t, "Nothing is stuck.\n", s.stderr.String())

	b = newShelf(t, 2*time.Hour)
	id := b.moving()
	b.givesUp(id, 1, 3)
	b.unanswered(id, 3)
	require.NoError(t, b.RunsFailed(t.Context(), map[string]string{transfer.WorkflowID(id): "PermissionDenied"}))

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	for _, line := range []string{
		`transfer/` + id + ` +given-up +0 +PermissionDenied`,
		id + ` +InProgress +nobody did what was due`,
		id + ` +1 +\S+ +being ended +enough`,
		id + ` +3 +\S+ +held +enough`,
		id + ` +created +customer +0`,
	} {
		assert.Regexp(t, line, s.stdout.String())
	}
	assert.NotContains(t, s.stdout.String(), "@", "no addresses")

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
	var found stuckView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &found))
	require.Len(t, found.Runs, 1)
	assert.Equal(t, "PermissionDenied", found.Runs[0].LastError)
	require.Len(t, found.Items, 2)
	require.Len(t, found.Transfers, 1)
	assert.True(t, found.Transfers[0].Idle)
	assert.Len(t, found.Mail, found.MailCount)
	assert.NotEmpty(t, found.Mail)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only"), s.stderr.String())
	assert.Contains(t, s.stdout.String(), "I-8, note: Line item 3 of transfer "+id+" is held")
}

// TestStuckWithoutTheBillingSystem: one cause is shown as one, before everything else, and not once it is over.
func TestStuckWithoutTheBillingSystem(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	require.NoError(t, b.OutageGoesOn(t.Context(), outage.Sighting{
		Name: outage.Billing, Lasted: time.Minute, Failures: 12, Status: 503, Said: "503\x1b[31m Service Unavailable", Next: time.Minute,
	}))
	b.told()
	s := b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Regexp(t, `^The billing system is away\nSINCE +CALLS IN VAIN +ERROR +ASKED AGAIN\n\S+ \S+Z +12 +503.* Service Unavailable +\S+ \S+Z\n$`, s.stdout.String())
	assert.NotContains(t, s.stdout.String(), "\x1b")

	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck", "-o", "json"), s.stderr.String())
	var found stuckView
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &found))
	require.Len(t, found.Outages, 1)
	assert.Equal(t, int64(12), found.Outages[0].Failures)
	assert.Equal(t, 2*time.Minute, found.Outages[0].NextAt.Sub(found.Outages[0].Since))

	_, err := b.EndOutage(t.Context(), outage.Billing, 0)
	require.NoError(t, err)
	b.told()
	s = b.stage()
	require.Equal(t, 0, s.run(t, "stuck"), s.stderr.String())
	assert.Equal(t, "Nothing is stuck.\n", s.stderr.String())
	s.service = fakeTransfers{running: map[string]bool{}}
	assert.Equal(t, 0, s.run(t, "verify"), s.stderr.String())
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
