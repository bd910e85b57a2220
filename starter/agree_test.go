package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/workflows"
)

// numbered is the id of a transfer.
func numbered(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// saying makes a workflow that answers the state query with the status.
func saying(status transfer.Status) workflows.Snapshot {
	return workflows.Snapshot{Transfer: transfer.Entity{ID: transferID, Status: status}}
}

// onePage is an index of the running workflows.
func onePage(open ...openRun) func([]byte) ([]openRun, []byte, error) {
	return func([]byte) ([]openRun, []byte, error) { return open, nil, nil }
}

func compared(t *testing.T, book *fakeRecords, service *fakeTransfers) ledger.Finding {
	t.Helper()
	a := newAgreement(book, service, betweenRounds)
	a.pause = 0
	f, err := a.check(t.Context())
	require.NoError(t, err)
	return f
}

// TestAgreement shows I-7 for one transfer: ledger, index, run and its own word, and what is wrong with that.
func TestAgreement(t *testing.T) {
	t.Parallel()
	notFound := transfer.Refuse(transfer.NotFound, "The request is still being checked.")
	cases := map[string]struct {
		inLedger transfer.Status // None: no row
		indexed  transfer.Status // None: the index does not hold it for running
		running  bool
		says     transfer.Status // of the state query; None: it knows no transfer
		broken   string
	}{
		"waiting":                              {transfer.Pending, transfer.Pending, true, transfer.Pending, ""},
		"over and closed":                      {transfer.Complete, transfer.None, false, transfer.None, ""},
		"over, e-mail on its way":              {transfer.Complete, transfer.Complete, true, transfer.Complete, ""},
		"over, the index lags":                 {transfer.Complete, transfer.InProgress, true, transfer.Complete, ""},
		"moving, the index lags":               {transfer.InProgress, transfer.Pending, true, transfer.InProgress, ""},
		"just begun, not in the index":         {transfer.Pending, transfer.None, true, transfer.Pending, ""},
		"ended since the index was read":       {transfer.Complete, transfer.InProgress, false, transfer.None, ""},
		"being opened":                         {transfer.None, transfer.Pending, true, transfer.None, ""},
		"refused since the index was read":     {transfer.None, transfer.Pending, false, transfer.None, ""},
		"workflow gone":                        {transfer.Pending, transfer.None, false, transfer.Pending, "is Pending in the ledger, and no workflow is running for it."},
		"workflow gone, the index lags":        {transfer.Pending, transfer.InProgress, false, transfer.InProgress, "is Pending in the ledger, and no workflow is running for it."},
		"workflow behind":                      {transfer.InProgress, transfer.Pending, true, transfer.Pending, "is InProgress in the ledger, and its workflow says Pending."},
		"ledger behind":                        {transfer.Pending, transfer.Cancelled, true, transfer.Cancelled, "is Pending in the ledger, and its workflow says Cancel."},
		"two different ends":                   {transfer.Complete, transfer.Failed, true, transfer.Failed, "is Complete in the ledger, and its workflow says Failed."},
		"row lost":                             {transfer.None, transfer.InProgress, true, transfer.InProgress, "says InProgress, and the ledger has no such transfer."},
		"row without an opening, for too long": {transfer.Pending, transfer.None, true, transfer.None, "is Pending in the ledger, and its workflow is still checking the request."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			book := &fakeRecords{rows: map[string]transfer.Status{}}
			if c.inLedger != transfer.None {
				book.rows[transferID] = c.inLedger
			}
			service := &fakeTransfers{running: map[string]bool{transferID: c.running}, get: func(context.Context, string) (workflows.Snapshot, error) {
				if c.says == transfer.None {
					return workflows.Snapshot{}, notFound
				}
				return saying(c.says), nil
			}}
			if c.indexed != transfer.None {
				service.openRuns = onePage(openRun{transferID, c.indexed})
			}
			f := compared(t, book, service)
			assert.Equal(t, 1, f.Checked)
			if c.broken == "" {
				assert.Empty(t, f.Broken)
				assert.Zero(t, f.Count)
				return
			}
			require.Len(t, f.Broken, 1)
			assert.Contains(t, f.Broken[0], c.broken)
			assert.Contains(t, f.Broken[0], transferID)
			assert.Equal(t, 1, f.Count)
		})
	}
}

// TestATransferThatChangesMeanwhileIsLookedAtAgain: a decision reaches the ledger first and the workflow a moment later.
func TestATransferThatChangesMeanwhileIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	var looks atomic.Int32
	service := &fakeTransfers{
		running: map[string]bool{transferID: true}, openRuns: onePage(openRun{transferID, transfer.Pending}),
		get: func(context.Context, string) (workflows.Snapshot, error) {
			if looks.Add(1) < rounds {
				return saying(transfer.Pending), nil
			}
			return saying(transfer.InProgress), nil
		},
	}
	f := compared(t, &fakeRecords{rows: map[string]transfer.Status{transferID: transfer.InProgress}}, service)
	assert.Empty(t, f.Broken)
	assert.EqualValues(t, rounds, looks.Load())
}

// TestAgreementAsksOnlyAboutTheDoubtful: what both lists say alike costs no call.
func TestAgreementAsksOnlyAboutTheDoubtful(t *testing.T) {
	t.Parallel()
	const waiting, pages = 2500, 5
	book := &fakeRecords{rows: map[string]transfer.Status{}, row: func(id string) (transfer.Status, error) {
		return transfer.Pending, fmt.Errorf("nobody should have asked for %s", id)
	}}
	for n := range waiting {
		book.rows[numbered(n)] = transfer.Pending
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
	assert.Equal(t, newestFinal, book.limits[transfer.Complete], "final transfers are not all loaded")
	assert.Zero(t, book.limits[transfer.Pending], "all that are open are")
}

func TestAgreementListsAFewOfManyViolations(t *testing.T) {
	t.Parallel()
	book := &fakeRecords{rows: map[string]transfer.Status{}}
	for n := range 50 {
		book.rows[numbered(n)] = transfer.InProgress
	}
	f := compared(t, book, &fakeTransfers{})
	assert.Equal(t, 50, f.Count)
	require.Len(t, f.Broken, mostListed)
	assert.Contains(t, f.Broken[0], numbered(0))
}

func findings(count int) []ledger.Finding {
	f := []ledger.Finding{{Invariant: "I-1", Says: "One owner.", Checked: 12}, {Invariant: "I-2", Says: "Ends once.", Checked: 12, Count: count}}
	for n := range min(count, 2) {
		f[1].Broken = append(f[1].Broken, fmt.Sprintf("Item %d ended twice.", n))
	}
	return f
}

func TestVerifyPrintsEveryInvariant(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{findings: findings(0), rows: map[string]transfer.Status{transferID: transfer.Complete}}}
	require.Equal(t, 0, s.run(t, "verify", "--ledger", "sqlite://x.db"), s.stderr.String())
	s.golden(t, "verify")
	assert.Equal(t, "sqlite://x.db", s.ledgerURL)
	assert.True(t, s.book.closed)
	assert.True(t, s.service.closed)
}

func TestVerifyFailsOnAViolation(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{findings: findings(3)}}
	assert.Equal(t, 1, s.run(t, "verify"))
	s.golden(t, "verify-violated")
	assert.Equal(t, "starter: the platform's invariants do not hold; the violations are listed above\n", s.stderr.String())

	s = stage{book: fakeRecords{findings: findings(1)}, connectErr: &unreachableError{errors.New("refused")}}
	assert.Equal(t, 1, s.run(t, "verify"), "a violation weighs more than silence")
}

func TestVerifySaysWhenTemporalIsSilent(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*stage{
		"no server": {connectErr: &unreachableError{errors.New("no Temporal server answers")}},
		"no worker": {service: fakeTransfers{err: fmt.Errorf("%w: no worker", transferclient.ErrUnavailable)}},
	} {
		s.book = fakeRecords{findings: findings(0), rows: map[string]transfer.Status{transferID: transfer.Pending}}
		assert.Equal(t, 5, s.run(t, "verify"), name)
		s.golden(t, "verify-silent")
	}
	s := stage{book: fakeRecords{findings: findings(0)}, connectErr: &unreachableError{errors.New("no Temporal server answers")}}
	assert.Equal(t, 5, s.run(t, "verify", "-o", "json"))
	var all []map[string]any
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &all))
	require.Len(t, all, 3)
	assert.Equal(t, "I-7", all[2]["invariant"])
	assert.Equal(t, "no Temporal server answers", all[2]["notChecked"])
	assert.Equal(t, []any{}, all[0]["violations"])
	assert.NotContains(t, all[0], "notChecked")
}

func TestVerifyCanLeaveTemporalAlone(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{findings: findings(0)}}
	require.Equal(t, 0, s.run(t, "verify", "--ledger-only"))
	assert.False(t, s.service.connected)
	assert.NotContains(t, s.stdout.String(), "I-7")
}

func TestVerifyPointsOutAnEmptyLedger(t *testing.T) {
	t.Parallel()
	s := stage{book: fakeRecords{empty: true}}
	require.Equal(t, 0, s.run(t, "verify"))
	assert.Contains(t, s.stderr.String(), "The ledger is empty")
}

func TestVerifyReportsALedgerThatFails(t *testing.T) {
	t.Parallel()
	for status, err := range map[int]error{1: errors.New("no such table"), 5: fmt.Errorf("verify: %w", ledger.ErrUnavailable)} {
		s := stage{book: fakeRecords{err: err}}
		assert.Equal(t, status, s.run(t, "verify"))
		assert.Contains(t, s.stderr.String(), err.Error())
		assert.True(t, s.book.closed)
	}
}
