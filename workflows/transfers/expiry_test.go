package transfers_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/transfer"
	transfermail "handover/internal/transfer/mail"
	transferstore "handover/internal/transfer/store"
)

const day = 24 * time.Hour

// R-20..R-22, R-461: a request that nobody answers expires at the midnight that ends its 30th day, after two reminders.
func TestNobodyAnswers(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.on(expires.Add(-time.Second), func() { w.shows(transfer.Pending) })
	w.becomes(transfer.Expired)
	require.Equal(t, expires, w.stored().LastModifiedTime)
	require.Equal(t, []string{"created", "expired"}, w.events())
	require.Equal(t, []string{"reminder-1 to source", "reminder-2 to source"}, w.mail()[2:])
	require.Equal(t, []timer{
		{expires.AddDate(0, 0, -7).Sub(created), "Reminder to the source"}, {6 * day, "Reminder to the source"}, {day, "Request expires"},
	}, w.seen.timersSet())
	require.Zero(t, w.seen.cancelled)
	require.Contains(t, w.details(), "nobody answered in 30 days")
}

// What asks the source to act, and waits for its mail server, is withdrawn when the request is answered; no reminder follows.
func TestRemindersAreWithdrawn(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.on(expires.AddDate(0, 0, -6), func() {
		w.submitted()
		w.nudgeOfSubmit()
	})
	w.becomes(transfer.Complete)
	require.Contains(t, w.mail(), "reminder-1 to source")
	require.NotContains(t, w.mail(), "reminder-2 to source")
	owed, err := w.ledger.ClaimMail(t.Context(), "relay", "", 50, 50, time.Minute)
	require.NoError(t, err)
	told, err := transfermail.New(w.ledger, "").Subjects(t.Context(), []string{w.id})
	require.NoError(t, err)
	reminders := 0
	for _, m := range owed {
		_, err := told[w.id].Letter(m.Notification)
		var withdrawn *notify.WithdrawnError
		asks := m.Event == "reminder-1" || m.Event == "created"
		require.Equal(t, asks, errors.As(err, &withdrawn), m.Event)
		if m.Event == "reminder-1" {
			reminders++
		}
	}
	require.Positive(t, reminders)
}

// A nudge without news costs a look and nothing else: the timer stays.
func TestNudgeWithoutNewsKeepsTheTimer(t *testing.T) {
	w := newWorld(t, 1).opened()
	for n := range 5 {
		w.at(time.Duration(n+1)*time.Hour, w.nudge)
	}
	w.at(day, func() {
		require.Len(t, w.seen.timersSet(), 1)
		require.Zero(t, w.seen.cancelled)
		require.Equal(t, 6, w.seen.count("local transfer.Look"))
		require.Len(t, w.seen.steps(), 6)
		require.Equal(t, int64(5), w.seen.metrics.count("handover_looks_without_news"))
		w.cancelled()
		w.nudge()
	})
	w.becomes(transfer.Cancelled)
}

// Row 15: what is said between the look and the wait ends the wait at once.
func TestRow15NudgeBetweenLookAndWait(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.faults.stand("Look", func(call int) error {
		if call == 1 { // the look answers as of now, and only then the ledger changes
			at, err := w.ledger.Look(t.Context(), w.id, transferstore.Watched{})
			w.cancelled()
			w.meanwhile(w.nudge)
			w.faults.answer(at)
			return err
		}
		return nil
	})
	w.becomes(transfer.Cancelled)
	require.Equal(t, created, w.Now().UTC(), "nothing was waited for")
	require.Equal(t, 2, w.seen.count("local transfer.Look"))
}

// Rows 16, 26: a submit that was committed just before the expiry counts, whatever the run was about to do; one at that time
// or later is refused.
func TestRow26ExpiryAgainstSubmit(t *testing.T) {
	for name, c := range map[string]struct {
		before  time.Duration
		becomes transfer.Status
	}{
		"1 ms before":  {time.Millisecond, transfer.Complete},
		"at that time": {0, transfer.Expired},
		"1 ms after":   {-time.Millisecond, transfer.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1).opened()
			w.faults.stand("Expire", func(int) error {
				err := w.submitAt(expires.Add(-c.before))
				if c.becomes == transfer.Expired {
					requireRefusal(t, transfer.RequestExpired, err)
				} else {
					require.NoError(t, err)
				}
				return nil
			})
			w.becomes(c.becomes)
			require.Equal(t, 1, w.faults.calls("Expire"))
		})
	}
}

// Row 27: the workers' clock differs from the ledger's; reminders and expiry come at the ledger's time.
func TestRow27SkewedClocks(t *testing.T) {
	for name, skew := range map[string]time.Duration{"workers are late": 10 * time.Minute, "workers are early": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, options{skew: skew}).opened()
			w.becomes(transfer.Expired)
			require.Equal(t, expires, w.stored().LastModifiedTime)
			require.Equal(t, expires, w.Now().UTC().Add(skew))
			require.Equal(t, 1, w.faults.calls("Expire"))
			require.Equal(t, 2, w.faults.calls("Remind"))
		})
	}
}

// A clock of the ledger that goes slower than the workers' makes a timer ring early: the run looks and waits for the rest.
func TestTimerRingsEarly(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.on(expires.Add(-time.Minute), func() { w.clock.skewBy(-90 * time.Second) })
	w.becomes(transfer.Expired)
	require.Equal(t, expires, w.stored().LastModifiedTime)
	require.Equal(t, 1, w.faults.calls("Expire"))
}

// of the reminders that a platform slept through, only the latest is sent.
func TestSleptThrough(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.enter(expires.Add(-time.Hour))
	w.becomes(transfer.Expired)
	require.NotContains(t, w.mail(), "reminder-1 to source")
	require.Contains(t, w.mail(), "reminder-2 to source")
}

// The run of a request that expired while nobody looked expires it with its first turn.
func TestExpiredMeanwhile(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.enter(expires.Add(10 * day))
	w.becomes(transfer.Expired)
	require.Equal(t, []string{"local transfer.Look", "local transfer.Expire", "local transfer.NotifyParties"}, w.seen.steps())
	require.False(t, slices.Contains(w.mail(), "reminder-2 to source"))
}
