package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
	"handover/internal/webhook"
)

// numbered is the id of a transfer.
func numbered(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// saying is what a run says that has seen this status.
func saying(status transfer.Status) operatorview.Snapshot {
	return operatorview.Snapshot{Transfer: transfer.Entity{ID: transferID, Status: status}}
}

// onePage is an index of the open runs.
func onePage(open ...openRun) func([]byte) ([]openRun, []byte, error) {
	return func([]byte) ([]openRun, []byte, error) { return open, nil, nil }
}

func compared(t *testing.T, book *fakeRecords, service *fakeTransfers) ledger.Finding {
	t.Helper()
	a := &agreement{book: book, service: service, patience: betweenRounds, wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	wrong, checked, err := a.check(t.Context())
	require.NoError(t, err)
	return findingOf(wrong, checked)
}

// following is a transfer whose run owes nothing.
func following(id string, status transfer.Status) transferstore.Follow {
	return transferstore.Follow{TransferID: id, Status: status, HasRun: true, Settled: time.Hour}
}

// TestAgreement shows I-7 for one transfer: what its run owes to the ledger, the index, the run, and what is wrong with that.
func TestAgreement(t *testing.T) {
	t.Parallel()
	f := func(status transfer.Status, change ...func(*transferstore.Follow)) *transferstore.Follow {
		row := following(transferID, status)
		for _, c := range change {
			c(&row)
		}
		return &row
	}
	behind := func(d time.Duration) func(*transferstore.Follow) {
		return func(f *transferstore.Follow) { f.Behind, f.Settled = d, 0 }
	}
	settled := func(d time.Duration) func(*transferstore.Follow) {
		return func(f *transferstore.Follow) { f.Settled = d }
	}
	overdue := func(f *transferstore.Follow) { f.Overdue = true }
	unknown := func(f *transferstore.Follow) { f.HasRun = false }
	restored := operatorview.Snapshot{Transfer: transfer.Entity{ID: transferID}, Restored: true}
	cases := map[string]struct {
		inLedger *transferstore.Follow // nil: no row
		indexed  transfer.Status
		running  bool
		says     operatorview.Snapshot
		broken   string
	}{
		"waiting":                          {f(transfer.Pending), transfer.Pending, true, saying(transfer.Pending), ""},
		"over and closed":                  {f(transfer.Complete), transfer.None, false, saying(transfer.Complete), ""},
		"over, closing":                    {f(transfer.Complete, settled(tellWithin)), transfer.Complete, true, saying(transfer.Complete), ""},
		"over, the index lags":             {f(transfer.Complete), transfer.InProgress, false, saying(transfer.Complete), ""},
		"over, open for too long":          {f(transfer.Complete, settled(tellWithin+1)), transfer.Complete, true, saying(transfer.Complete), "is Complete in the ledger, and its run is still open."},
		"moving, the index lags":           {f(transfer.InProgress), transfer.Pending, true, saying(transfer.InProgress), ""},
		"just begun, not in the index":     {f(transfer.Pending), transfer.None, true, saying(transfer.Pending), ""},
		"opening":                          {nil, transfer.Pending, true, saying(transfer.None), ""},
		"refused since":                    {nil, transfer.Pending, false, saying(transfer.None), ""},
		"no run":                           {f(transfer.Pending), transfer.None, false, saying(transfer.Pending), "is Pending in the ledger, and no run is open for it."},
		"no run, the index lags":           {f(transfer.InProgress), transfer.InProgress, false, saying(transfer.InProgress), ""},
		"no run, about to be told":         {f(transfer.Pending, behind(tellWithin)), transfer.None, false, saying(transfer.Pending), ""},
		"not told":                         {f(transfer.Pending, behind(tellWithin+time.Second)), transfer.None, false, saying(transfer.Pending), "its run has not been told for 1m1s."},
		"not told that it is over":         {f(transfer.Cancelled, behind(time.Hour)), transfer.Pending, true, saying(transfer.Pending), "is Cancel in the ledger, and its run has not been told for 1h0m0s."},
		"overdue":                          {f(transfer.Pending, overdue), transfer.Pending, true, saying(transfer.Pending), "its run has not done what is due."},
		"overdue, about to be told":        {f(transfer.Pending, overdue, behind(time.Second)), transfer.Pending, true, saying(transfer.Pending), ""},
		"a run that the ledger never knew": {f(transfer.Pending, unknown), transfer.Pending, true, saying(transfer.Pending), "which knows of no run, and one is open."},
		"transfer lost":                    {nil, transfer.InProgress, true, saying(transfer.InProgress), "the ledger has no such transfer."},
		"transfer lost in a restore":       {nil, transfer.InProgress, true, restored, "the ledger has no such transfer."},
		"restored to an earlier time":      {f(transfer.Pending), transfer.InProgress, true, restored, "starter resume " + transferID + " --accept-ledger"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			book := &fakeRecords{}
			if c.inLedger != nil {
				book.follows = append(book.follows, *c.inLedger)
			}
			service := &fakeTransfers{running: map[string]bool{transferID: c.running}, get: answering(c.says)}
			if c.indexed != transfer.None {
				service.openRuns = onePage(openRun{transferID, c.indexed})
			}
			f := compared(t, book, service)
			if c.broken == "" {
				assert.Empty(t, f.Broken)
				assert.Zero(t, f.Count)
				return
			}
			require.Len(t, f.Broken, 1)
			assert.Contains(t, f.Broken[0], c.broken)
			assert.Contains(t, f.Broken[0], transferID)
			assert.Equal(t, 1, f.Count)
			assert.Equal(t, 1, f.Checked)
		})
	}
}

// TestARunThatFailsIsNamed: it keeps nobody from seeing what is wrong with the others.
func TestARunThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	fails := fmt.Errorf("%w: %w", transferclient.ErrUnavailable, transferclient.ErrFailing)
	stranger, lost := numbered(1), numbered(2)
	book := &fakeRecords{follows: []transferstore.Follow{following(transferID, transfer.InProgress), following(lost, transfer.Pending)}}
	service := &fakeTransfers{
		running:  map[string]bool{transferID: true, stranger: true},
		openRuns: onePage(openRun{transferID, transfer.Pending}, openRun{stranger, transfer.Pending}),
		get:      func(context.Context, string) (operatorview.Snapshot, error) { return operatorview.Snapshot{}, fails },
	}
	f := compared(t, book, service)
	assert.ElementsMatch(t, []string{
		"The run of transfer " + transferID + " does not get on: its task fails, and the log of the workers says how.",
		"The run of transfer " + stranger + " does not get on: its task fails, and the log of the workers says how.",
		"Transfer " + lost + " is Pending in the ledger, and no run is open for it.",
	}, f.Broken)
}

// TestATransferThatChangesMeanwhileIsLookedAtAgain: it was opened when the ledger was read, and its run not yet listed.
func TestATransferThatChangesMeanwhileIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	book := &fakeRecords{follows: []transferstore.Follow{following(transferID, transfer.Pending)}, followOf: func(id string) (transferstore.Follow, error) {
		if looks.Add(1) < rounds {
			return following(id, transfer.Pending), nil
		}
		return following(id, transfer.Cancelled), nil
	}}
	f := compared(t, book, &fakeTransfers{})
	assert.Empty(t, f.Broken)
	assert.EqualValues(t, rounds, looks.Load())
}

// TestAgreementAsksOnlyAboutTheDoubtful: what both lists say alike costs no call.
func TestAgreementAsksOnlyAboutTheDoubtful(t *testing.T) {
	t.Parallel()
	const waiting, pages = 2500, 5
	book := &fakeRecords{followOf: func(id string) (transferstore.Follow, error) {
		return transferstore.Follow{}, fmt.Errorf("nobody should have asked for %s", id)
	}}
	for n := range waiting {
		book.follows = append(book.follows, following(numbered(n), transfer.Pending))
	}
	turned := 0
	service := &fakeTransfers{openRuns: func(page []byte) ([]openRun, []byte, error) {
		assert.Equal(t, turned == 0, len(page) == 0)
		var open []openRun
		for n := turned * waiting / pages; n < (turned+1)*waiting/pages; n++ {
			open = append(open, openRun{numbered(n), transfer.Pending})
		}
		if turned++; turned == pages {
			return open, nil, nil
		}
		return open, []byte{byte(turned)}, nil
	}}
	f := compared(t, book, service)
	assert.Equal(t, waiting, f.Checked)
	assert.Empty(t, f.Broken)
	assert.Equal(t, pages, turned)
	assert.Equal(t, 3, book.pages)
}

func TestAgreementListsAFewOfManyViolations(t *testing.T) {
	t.Parallel()
	book := &fakeRecords{}
	for n := range 50 {
		book.follows = append(book.follows, following(numbered(n), transfer.InProgress))
	}
	f := compared(t, book, &fakeTransfers{})
	assert.Equal(t, 50, f.Count)
	require.Len(t, f.Broken, mostListed)
	assert.Contains(t, f.Broken[0], numbered(0))
}

func findings(count int) []ledger.Finding {
	f := []ledger.Finding{
		{Invariant: "I-1", Says: "One owner.", Checked: 12}, {Invariant: "I-2", Says: "Ends once.", Checked: 12, Count: count},
		{Invariant: "I-8", Says: "Ends by its word.", Checked: 3, Notes: []string{"Line item 0 is held."}},
	}
	for n := range min(count, 2) {
		f[1].Broken = append(f[1].Broken, fmt.Sprintf("Item %d ended twice.", n))
	}
	return f
}

func TestVerifyPrintsEveryInvariant(t *testing.T) {
	t.Parallel()
	s := stage{
		book:    fakeRecords{findings: findings(0), follows: []transferstore.Follow{following(transferID, transfer.Pending)}},
		service: fakeTransfers{openRuns: onePage(openRun{transferID, transfer.Pending})},
	}
	require.Equal(t, 0, s.run(t, "verify", "--ledger", "sqlite://x.db"), s.stderr.String())
	s.golden(t, "verify")
	assert.Equal(t, "sqlite://x.db", s.ledgerURL)
	assert.True(t, s.book.closed)
	assert.True(t, s.service.closed)
}

func TestVerifyFailsOnAViolation(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{findings: findings(3)}}
	assert.Equal(t, 1, s.run(t, "verify", "--ledger", "sqlite://x.db"))
	s.golden(t, "verify-violated")
	assert.Equal(t, "starter: the platform's invariants do not hold; the violations are listed above\n", s.stderr.String())

	s = stage{book: fakeRecords{findings: findings(1)}, connectErr: &unreachableError{errors.New("refused")}}
	assert.Equal(t, 1, s.run(t, "verify", "--ledger", "sqlite://x.db"), "a violation weighs more than silence")
}

func TestVerifySaysWhenTemporalIsSilent(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*stage{
		"no server": {connectErr: &unreachableError{errors.New("no Temporal server answers")}},
		"no worker": {service: fakeTransfers{err: fmt.Errorf("%w: no worker", transferclient.ErrUnavailable)}},
	} {
		s.book = fakeRecords{findings: findings(0), follows: []transferstore.Follow{following(transferID, transfer.Pending)}}
		assert.Equal(t, 5, s.run(t, "verify", "--ledger", "sqlite://x.db"), name)
		s.golden(t, "verify-silent")
	}
	s := stage{book: fakeRecords{findings: findings(0)}, connectErr: &unreachableError{errors.New("no Temporal server answers")}}
	assert.Equal(t, 5, s.run(t, "verify", "--ledger", "sqlite://x.db", "-o", "json"))
	var all []map[string]any
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &all))
	require.Len(t, all, 4)
	assert.Equal(t, "I-7", all[2]["invariant"])
	assert.Equal(t, "no Temporal server answers", all[2]["notChecked"])
	assert.Equal(t, []any{}, all[0]["violations"])
	assert.NotContains(t, all[0], "notChecked")
}

func TestVerifyCanLeaveTemporalAlone(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{findings: findings(0)}}
	require.Equal(t, 0, s.run(t, "verify", "--ledger", "sqlite://x.db", "--ledger-only"))
	assert.False(t, s.service.connected)
	assert.NotContains(t, s.stdout.String(), "I-7")
}

func TestVerifyPointsOutAnEmptyLedger(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{empty: true}}
	require.Equal(t, 0, s.run(t, "verify", "--ledger", "sqlite://x.db"))
	assert.Contains(t, s.stderr.String(), "The ledger is empty")
}

func TestVerifyReportsALedgerThatFails(t *testing.T) {
	t.Parallel()
	for status, err := range map[int]error{1: errors.New("no such table"), 5: fmt.Errorf("verify: %w", store.ErrUnavailable)} {
		s := stage{book: fakeRecords{err: err}}
		assert.Equal(t, status, s.run(t, "verify", "--ledger", "sqlite://x.db"))
		assert.Contains(t, s.stderr.String(), err.Error())
		assert.True(t, s.book.closed)
	}
}

// TestVerifyRepairs: every transfer that is wrong is resumed by the operator, and then all is well, or not.
func TestVerifyRepairs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mended bool
		behind time.Duration
		status int
		says   string
	}{
		"mended":   {mended: true, status: 0},
		"not told": {behind: time.Second, status: 0, says: "Not every run is told yet."},
		"in vain":  {status: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage{book: fakeRecords{findings: findings(0), follows: []transferstore.Follow{following(transferID, transfer.Pending)}}}
			s.service.running = map[string]bool{}
			s.book.mend = func(ids []string) {
				assert.Equal(t, []string{transferID}, ids)
				s.service.running[transferID] = c.mended
				s.book.follows[0].Behind = c.behind
			}
			assert.Equal(t, c.status, s.run(t, "verify", "--repair", "--ledger", "sqlite://x.db"), s.stderr.String())
			assert.Equal(t, runs.CauseResumed, s.book.how.Cause)
			assert.Equal(t, kernel.Actor{Operator: true, UserID: operatorName}, s.book.how.Actor)
			assert.Equal(t, kernel.Origin{Via: kernel.ByOperator, Operator: operatorName}, s.book.how.Origin)
			assert.Contains(t, s.stderr.String(), "I-7: Transfer "+transferID+" is Pending in the ledger, and no run is open for it.\n"+
				"1 transfer of 1 resumed by "+operatorName+"; checking again.\n"+c.says)
		})
	}
	s := stage{book: fakeRecords{findings: findings(0)}}
	require.Equal(t, 0, s.run(t, "verify", "--repair", "--ledger", "sqlite://x.db"))
	assert.Empty(t, s.book.resumed, "nothing is wrong")
	assert.Zero(t, s.waited)
}

// that the run of a scheduled end is missing shows before its time has come, and --repair begins it again.
func TestAMissingRunOfAScheduledEnd(t *testing.T) {
	t.Parallel()
	ending := func(n int) runs.Wanted {
		return runs.Wanted{WorkflowID: fmt.Sprintf("subscription/%s/cancellation", numbered(n)), WorkflowType: "ScheduledCancellation", SubjectID: numbered(n)}
	}
	open, gone := ending(1), ending(2)
	transfers := runs.Wanted{WorkflowID: transfer.WorkflowID(transferID), WorkflowType: transfer.WorkflowType, SubjectID: transferID}
	book := &fakeRecords{scheduled: []runs.Wanted{open, gone, transfers}}
	f := compared(t, book, &fakeTransfers{running: map[string]bool{open.WorkflowID: true}})
	require.Equal(t, []string{"The run " + gone.WorkflowID + " should be open, and is not."}, f.Broken)
	require.Equal(t, []int{1, 2}, []int{f.Count, f.Checked})
	require.Empty(t, compared(t, book, &fakeTransfers{running: map[string]bool{open.WorkflowID: true, gone.WorkflowID: true}}).Broken)

	s := stage{book: fakeRecords{findings: findings(0), scheduled: []runs.Wanted{gone}}}
	s.service.running = map[string]bool{}
	s.book.mend = func(ids []string) {
		assert.Empty(t, ids)
		s.service.running[gone.WorkflowID] = true
	}
	require.Equal(t, 0, s.run(t, "verify", "--repair", "--ledger", "sqlite://x.db"), s.stderr.String())
	gone.Cause = runs.CauseResumed
	require.Equal(t, []runs.Wanted{gone}, s.book.wanted)
	require.Empty(t, s.book.resumed)

	s = stage{book: fakeRecords{findings: findings(0), scheduled: []runs.Wanted{ending(3)}}}
	require.Equal(t, 1, s.run(t, "verify", "--ledger", "sqlite://x.db"), "it is a violation")
}

// An open run whose task fails, or that no worker takes, delivers nothing either. One that fails is replaced, because it knows
// nothing that the ledger does not; and --repair says when nobody has told the runs yet.
func TestARunThatDeliversAndDoesNotGetOn(t *testing.T) {
	t.Parallel()
	delivering := func(partner string) runs.Wanted {
		return runs.Wanted{WorkflowID: webhook.WorkflowID(partner), WorkflowType: webhook.WorkflowType, SubjectID: partner, FairKey: partner}
	}
	fails, waits, gone, does := delivering(numbered(1)), delivering(numbered(2)), delivering(numbered(3)), delivering(numbered(4))
	s := stage{book: fakeRecords{findings: findings(0), scheduled: []runs.Wanted{fails, waits, gone, does}, behind: 1}}
	s.service.health = map[string]runHealth{
		fails.WorkflowID: runFailing, waits.WorkflowID: runUntaken, gone.WorkflowID: runClosed, does.WorkflowID: runWell,
	}
	require.Equal(t, 1, s.run(t, "verify", "--repair", "--ledger", "sqlite://x.db"))
	for _, says := range []string{
		"The run " + fails.WorkflowID + " does not get on: its task fails, and the log of the workers says how.",
		"The run " + waits.WorkflowID + " does not get on: no worker takes its task.",
		"The run " + gone.WorkflowID + " should be open, and is not.",
	} {
		assert.Contains(t, s.stdout.String(), says)
		assert.Contains(t, s.stderr.String(), says)
	}
	assert.NotContains(t, s.stdout.String(), does.WorkflowID)
	assert.Contains(t, s.stderr.String(), "Not every run is told yet.")
	fails.Cause, waits.Cause, gone.Cause = runs.CauseReplaced, runs.CauseResumed, runs.CauseResumed
	assert.Equal(t, []runs.Wanted{fails, waits, gone}, s.book.wanted)
}
