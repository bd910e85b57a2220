package transfer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

var standingOpened = time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)

// what is due of a request that waits, and what comes next.
func TestStandingWhilePending(t *testing.T) {
	ends := transfer.ExpirationTime(standingOpened)
	first, second := ends.AddDate(0, 0, -7), ends.AddDate(0, 0, -1)
	for name, c := range map[string]struct {
		now      time.Time
		reminded int
		due      transfer.Due
		reminder int
		nextIs   transfer.Due
		nextAt   time.Time
	}{
		"opened":                    {standingOpened, 0, transfer.NothingDue, 0, transfer.DueReminder, first},
		"just before the first":     {first.Add(-time.Microsecond), 0, transfer.NothingDue, 0, transfer.DueReminder, first},
		"at the first":              {first, 0, transfer.DueReminder, 1, transfer.DueReminder, second},
		"after the first":           {first.Add(time.Hour), 1, transfer.NothingDue, 0, transfer.DueReminder, second},
		"at the second":             {second, 1, transfer.DueReminder, 2, transfer.DueExpiry, ends},
		"slept through the first":   {second, 0, transfer.DueReminder, 2, transfer.DueExpiry, ends},
		"reminded of all":           {second, 2, transfer.NothingDue, 0, transfer.DueExpiry, ends},
		"just before the end":       {ends.Add(-time.Microsecond), 2, transfer.NothingDue, 0, transfer.DueExpiry, ends},
		"at the end":                {ends, 2, transfer.DueExpiry, 0, transfer.NothingDue, time.Time{}},
		"slept through everything":  {ends.AddDate(1, 0, 0), 0, transfer.DueExpiry, 2, transfer.NothingDue, time.Time{}},
		"reminded more than needed": {standingOpened, 9, transfer.NothingDue, 0, transfer.DueExpiry, ends},
	} {
		t.Run(name, func(t *testing.T) {
			state := transfer.State{Status: transfer.Pending, CreatedTime: standingOpened, ExpirationTime: ends}
			s := transfer.DefaultPolicy().StandingOf(transfer.Transfer{State: state}, "record", c.reminded, c.now)
			assert.Equal(t, c.due, s.Due)
			assert.Equal(t, c.reminder, s.Reminder)
			assert.Equal(t, c.nextIs, s.NextIs)
			if c.nextIs == transfer.NothingDue {
				assert.Zero(t, s.NextIn)
			} else {
				assert.Equal(t, c.nextAt, c.now.Add(s.NextIn))
			}
			assert.Equal(t, "record", s.ChangeID)
		})
	}
}

// what is due of a transfer whose line items are moved.
func TestStandingWhileMoving(t *testing.T) {
	submitted := standingOpened.AddDate(0, 0, 2)
	for name, c := range map[string]struct {
		after    time.Duration
		flagged  bool
		deadline time.Duration
		due      transfer.Due
		nextIs   transfer.Due
		nextIn   time.Duration
	}{
		"submitted":                   {0, false, 0, transfer.NothingDue, transfer.DueOverdue, 72 * time.Hour},
		"overdue":                     {72 * time.Hour, false, 0, transfer.DueOverdue, transfer.NothingDue, 0},
		"flagged":                     {73 * time.Hour, true, 0, transfer.NothingDue, transfer.NothingDue, 0},
		"deadline first":              {time.Hour, false, 6 * time.Hour, transfer.NothingDue, transfer.DueDeadline, 5 * time.Hour},
		"deadline last":               {time.Hour, false, 80 * time.Hour, transfer.NothingDue, transfer.DueOverdue, 71 * time.Hour},
		"deadline after the flag":     {73 * time.Hour, true, 80 * time.Hour, transfer.NothingDue, transfer.DueDeadline, 7 * time.Hour},
		"deadline passed":             {6 * time.Hour, false, 6 * time.Hour, transfer.DueDeadline, transfer.DueOverdue, 66 * time.Hour},
		"both, of which the end wins": {100 * time.Hour, false, 6 * time.Hour, transfer.DueDeadline, transfer.NothingDue, 0},
	} {
		t.Run(name, func(t *testing.T) {
			policy := transfer.DefaultPolicy()
			policy.ItemDeadline = c.deadline
			of := transfer.Transfer{State: transfer.State{Status: transfer.InProgress, SubmittedTime: submitted}, Overdue: c.flagged}
			s := policy.StandingOf(of, "record", 0, submitted.Add(c.after))
			assert.Equal(t, c.due, s.Due)
			assert.Equal(t, c.nextIs, s.NextIs)
			assert.Equal(t, c.nextIn, s.NextIn)
		})
	}
}

// nothing is due of what is over, ever.
func TestStandingOfWhatIsOver(t *testing.T) {
	policy := transfer.DefaultPolicy()
	policy.ItemDeadline = time.Hour
	for _, status := range transfer.Statuses() {
		if !status.Final() {
			continue
		}
		of := transfer.Transfer{State: transfer.State{Status: status, SubmittedTime: standingOpened, ExpirationTime: transfer.ExpirationTime(standingOpened)}}
		s := policy.StandingOf(of, "record", 0, standingOpened.AddDate(1, 0, 0))
		assert.Equal(t, transfer.NothingDue, s.Due, status)
		assert.Zero(t, s.NextIn, status)
	}
}

func TestOrdinals(t *testing.T) {
	for text, numbers := range map[transfer.Ordinals][]int{
		"": nil, "0": {0}, "0-1": {0, 1}, "0-2,7": {0, 1, 2, 7}, "3,5,9-11": {3, 5, 9, 10, 11},
	} {
		assert.Equal(t, text, transfer.OrdinalsOf(numbers))
		assert.Equal(t, numbers, text.Numbers())
	}
	for _, text := range []transfer.Ordinals{"x", "-", "1-", "-1-", "1-x", "0-99999999999", "7-3", ","} {
		assert.Empty(t, text.Numbers(), text)
	}
	assert.Equal(t, []int{1, 4}, transfer.Ordinals("1,junk,4").Numbers())
}

// Any ascending numbers are read as they were written; whatever else is read unfolds to a bounded list.
func FuzzOrdinals(f *testing.F) {
	f.Add([]byte{0, 1, 1, 5}, "0-2,7")
	f.Add([]byte{}, "1-99999999999,3-")
	f.Fuzz(func(t *testing.T, gaps []byte, text string) {
		var numbers []int
		next := 0
		for _, gap := range gaps {
			next += int(gap)
			numbers = append(numbers, next)
			next++
		}
		require.Equal(t, numbers, transfer.OrdinalsOf(numbers).Numbers())
		if len(text) < 20 {
			require.LessOrEqual(t, len(transfer.Ordinals(text).Numbers()), 10*(1<<20+1))
		}
	})
}

func TestMailCounts(t *testing.T) {
	var m transfer.MailCounts
	m.Add(transfer.ToSource, 2)
	m.Add(transfer.ToSource, 1)
	m.Add(transfer.ToTarget, 4)
	m.Add(transfer.ToCustomer, 5)
	m.Add("nobody", 9)
	assert.Equal(t, transfer.MailCounts{Source: 3, Target: 4, Customer: 5}, m)
}

// The names of runs are read as they were written, and no other is taken for one.
func TestWorkflowIDs(t *testing.T) {
	id, ok := transfer.OfWorkflow(transfer.WorkflowID("t"))
	assert.True(t, ok)
	assert.Equal(t, "t", id)
	of, from, to, ok := transfer.ParseRangeWorkflowID(transfer.RangeWorkflowID("t", 250, 500))
	assert.True(t, ok)
	assert.Equal(t, []any{"t", 250, 500}, []any{of, from, to})
	for _, other := range []string{"", "t", "order/t", transfer.RangeWorkflowID("t", 0, 250)} {
		_, ok := transfer.OfWorkflow(other)
		assert.False(t, ok, other)
	}
	for _, other := range []string{"", "t", transfer.WorkflowID("t"), "transfer/t/items/", "transfer/t/items/5-5", "transfer/t/items/-1-5", "order/t/items/0-5"} {
		_, _, _, ok := transfer.ParseRangeWorkflowID(other)
		assert.False(t, ok, other)
	}
}
