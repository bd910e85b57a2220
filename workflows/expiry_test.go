package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// R-20..R-22: a request nobody answers expires at the midnight that ends its 30th day, after two reminders to the source.
func TestNobodyAnswers(t *testing.T) {
	w := newWorld(t, 1)
	w.on(expires.Add(-time.Second), func() { require.Equal(t, transfer.Pending, w.ledger.transfer.Status) })
	w.becomes(transfer.Expired)
	require.Equal(t, expires, w.ledger.transfer.ExpirationTime)
	require.Equal(t, expires, w.ledger.transfer.LastModifiedTime)
	require.Equal(t, []transfer.Event{transfer.EventCreated, transfer.EventExpired}, w.ledger.events)
	require.Equal(t, []string{"reminder-1 to source", "reminder-2 to source"}, w.mail.sent[2:])
	week := expires.AddDate(0, 0, -7)
	require.Equal(t, []time.Duration{week.Sub(created), 6 * 24 * time.Hour, 24 * time.Hour}, w.seen.timers)
	require.Contains(t, w.details(), "nobody answered in 30 days")
}

// expiry is inclusive; a decision at that very time is refused, be it before or after the run has expired it.
func TestDecisionsAtExpiry(t *testing.T) {
	w := newWorld(t, 1)
	var submit, cancel *answer
	w.during("Expire", func() { submit, cancel = submitting(w), cancelling(w) })
	w.becomes(transfer.Expired)
	w.refuses(transfer.RequestExpired, submit)
	w.refuses(transfer.RequestExpired, cancel)
}

// a submit in the last second counts.
func TestSubmitInTheLastSecond(t *testing.T) {
	w := newWorld(t, 1)
	w.on(expires.Add(-time.Second), func() { w.signal(everything("submit-1")) })
	w.becomes(transfer.Complete)
	require.Zero(t, w.ledger.calls["Expire"])
}

// the timer fires while a decision is being made. The ledger decides, by its own clock; the run waits for it.
func TestTimerDuringADecision(t *testing.T) {
	for name, c := range map[string]struct {
		lag     time.Duration
		becomes transfer.Status
	}{
		"the ledger's day is over":     {0, transfer.Expired},
		"the ledger's day is not over": {time.Hour, transfer.Complete},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.lags(c.lag)
			w.unreachable("Submit", 9) // for longer than the minute that is left
			var a *answer
			w.on(expires.Add(-time.Minute), func() { a = submitting(w) })
			w.on(expires, func() { require.Zero(t, w.ledger.calls["Expire"]) })
			w.becomes(c.becomes)
			if c.becomes == transfer.Expired {
				w.refuses(transfer.RequestExpired, a)
			} else {
				w.accepts(transfer.InProgress, a)
			}
		})
	}
}

// a ledger whose clock lags says that it is too early; the run asks again until it is time.
func TestLedgerClockLags(t *testing.T) {
	w := newWorld(t, 1)
	w.lags(90 * time.Second)
	w.becomes(transfer.Expired)
	require.Equal(t, expires, w.ledger.transfer.LastModifiedTime)
	require.Greater(t, w.ledger.calls["Expire"], 2)
}

// A reminder that the ledger no longer wants, because the source answered meanwhile, is dropped.
func TestReminderAfterTheAnswer(t *testing.T) {
	w := newWorld(t, 1)
	w.ledger.before["Remind"] = func(int) error {
		w.meanwhile(func() { w.signal(everything("submit-1")) })
		return transfer.Refuse(transfer.AlreadyInProgress, "The transfer was submitted.")
	}
	w.becomes(transfer.Complete)
	require.Equal(t, 1, w.ledger.calls["Remind"])
	require.NotContains(t, w.mail.sent, "reminder-1 to source")
}

// The reminders stop with the answer.
func TestNoReminderAfterSubmit(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 40, 24*time.Hour)
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.Zero(t, w.ledger.calls["Remind"])
}
