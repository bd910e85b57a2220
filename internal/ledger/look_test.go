package ledger

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// look is how the transfer stands for a run that saw the known record last.
func (f fixture) look(id, known string) transfer.Standing {
	f.t.Helper()
	at, err := f.Look(f.t.Context(), id, transferstore.Watched{Known: known})
	require.NoError(f.t, err)
	return at
}

// size is how much a run is told at once, in bytes.
func (f fixture) size(id string) int {
	f.t.Helper()
	text, err := json.Marshal(f.look(id, f.newest(id)))
	require.NoError(f.t, err)
	return len(text)
}

// newest is the id of the newest record of the transfer as a whole in the source's log.
func (f fixture) newest(id string) string {
	f.t.Helper()
	log, err := f.LogOf(f.t.Context(), id, sourceID)
	require.NoError(f.t, err)
	newest := ""
	for _, r := range log {
		if r.Status == activitylog.Succeeded && r.EventKey[0] != 'g' {
			newest = r.ID
		}
	}
	return newest
}

// A look tells every state, with times by the ledger's clock and with what was handed over at the end.
func TestLookAtEveryState(t *testing.T) {
	for status, bring := range map[transfer.Status]func(f fixture) string{
		transfer.Pending:    func(f fixture) string { return f.pending("r1").ID },
		transfer.InProgress: func(f fixture) string { return f.moving("r1").ID },
		transfer.Cancelled: func(f fixture) string {
			tr, err := f.Cancel(f.t.Context(), f.pending("r1").ID, transfer.Decision{Actor: asTarget})
			require.NoError(f.t, err)
			return tr.ID
		},
		transfer.Rejected: func(f fixture) string {
			tr, err := f.Decline(f.t.Context(), f.pending("r1").ID, transfer.Decision{Actor: asSource})
			require.NoError(f.t, err)
			return tr.ID
		},
		transfer.Expired: func(f fixture) string {
			tr := f.pending("r1")
			f.clock.advance(tr.ExpirationTime.Sub(start))
			_, err := f.Expire(f.t.Context(), tr.ID)
			require.NoError(f.t, err)
			return tr.ID
		},
		transfer.Complete:          func(f fixture) string { return f.closed(f.moving("r1"), moved(0), moved(1)).ID },
		transfer.PartiallyComplete: func(f fixture) string { return f.closed(f.moving("r1"), moved(0), refused(1)).ID },
		transfer.Failed:            func(f fixture) string { return f.closed(f.moving("r1"), refused(0), refused(1)).ID },
	} {
		t.Run(string(status), func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				id := bring(f)
				before, statements := f.contents(), f.Statements()
				at := f.look(id, "")
				require.LessOrEqual(t, f.Statements()-statements, int64(3))
				require.Equal(t, before, f.contents(), "a look changes nothing")
				of := f.stored(id)
				require.Equal(t, status, at.Status)
				require.Equal(t, f.newest(id), at.ChangeID)
				require.Equal(t, of.Items, at.Items)
				require.Equal(t, []string{customerID, sourceID, targetID}, []string{at.Customer, at.Source, at.Target})
				require.Equal(t, []time.Time{of.CreatedTime, of.SubmittedTime, of.CompletedTime, of.LastModifiedTime, of.ExpirationTime},
					[]time.Time{at.CreatedTime, at.SubmittedTime, at.CompletedTime, at.ModifiedTime, at.ExpirationTime})
				require.False(t, at.Missing || at.Behind)
				require.Equal(t, transfer.NothingDue, at.Due)
				require.Equal(t, status.Final(), at.NextIn == 0)
				require.Equal(t, map[transfer.Status]transfer.MailCounts{
					transfer.Rejected: {Target: 1}, transfer.Complete: {Source: 2, Target: 1, Customer: 1},
					transfer.PartiallyComplete: {Source: 2, Target: 1, Customer: 1},
				}[status], at.Handed)
				if status == transfer.InProgress {
					require.Equal(t, []transfer.Ordinals{"0-1", "", ""}, []transfer.Ordinals{at.Open, at.Ending, at.Ranges})
				}
			})
		})
	}
}

// Race row 23: a run that has seen what the ledger does not have learns it, as it does when there is no such transfer; what
// others changed since is no such thing.
func TestLookAtARestoredLedger(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		opened := f.newest(tr.ID)
		_, err := f.Submit(t.Context(), tr.ID, picking("d1", 0))
		require.NoError(t, err)
		submitted := f.newest(tr.ID)
		require.NotEqual(t, opened, submitted)
		for known, behind := range map[string]bool{"": false, opened: false, submitted: false, "another": true} {
			statements := f.Statements()
			at := f.look(tr.ID, known)
			require.Equal(t, behind, at.Behind, known)
			require.Equal(t, submitted, at.ChangeID)
			require.LessOrEqual(t, f.Statements()-statements, int64(3))
		}

		// The ledger of before the submit comes back, and the source decides otherwise.
		f.dropGuards()
		f.behind("DELETE FROM line_items", "DELETE FROM activity_log WHERE event_key = 'submitted'",
			"UPDATE transfers SET status = 'Pending', submitted_time = NULL, change_id = '"+opened+"'")
		f.clock.advance(time.Minute)
		at := f.look(tr.ID, submitted)
		require.True(t, at.Behind)
		require.Equal(t, transfer.Pending, at.Status)
		_, err = f.Submit(t.Context(), tr.ID, picking("d2", 1))
		require.NoError(t, err)
		require.True(t, f.look(tr.ID, submitted).Behind, "as many changes, but not the same")
		require.False(t, f.look(tr.ID, opened).Behind)

		require.Equal(t, transfer.Standing{Missing: true}, f.look("b0000000-0000-4000-8000-000000000009", ""))
		require.Equal(t, transfer.Standing{Missing: true, Behind: true}, f.look("b0000000-0000-4000-8000-000000000009", submitted))
	})
}

// R-20..R-24, R-26: what is due and what comes next, as a run that does what it is told brings it about.
func TestWhatIsDue(t *testing.T) {
	policy := transfer.DefaultPolicy()
	policy.ItemDeadline = 100 * time.Hour
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.Ledger = f.another(Options{Policy: policy})
		due := func(id string, what transfer.Due, reminder int, next transfer.Due, in time.Duration) {
			t.Helper()
			at := f.look(id, "")
			require.Equal(t, []any{what, reminder, next, in}, []any{at.Due, at.Reminder, at.NextIs, at.NextIn})
		}
		did := func(at transfer.Standing, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, transfer.NothingDue, at.Due, "it is done")
		}
		const day = 24 * time.Hour
		tr := f.pending("r1")
		left := func() time.Duration { return tr.ExpirationTime.Sub(f.clock.Now()) }
		due(tr.ID, transfer.NothingDue, 0, transfer.DueReminder, left()-7*day)
		f.clock.advance(left() - 7*day)
		due(tr.ID, transfer.DueReminder, 1, transfer.DueReminder, 6*day)
		did(f.Remind(t.Context(), tr.ID, 1))
		due(tr.ID, transfer.NothingDue, 0, transfer.DueReminder, 6*day)
		f.clock.advance(6 * day)
		due(tr.ID, transfer.DueReminder, 2, transfer.DueExpiry, day)
		did(f.Remind(t.Context(), tr.ID, 2))
		due(tr.ID, transfer.NothingDue, 0, transfer.DueExpiry, day)
		f.clock.advance(day)
		due(tr.ID, transfer.DueExpiry, 0, transfer.NothingDue, 0)
		did(f.Expire(t.Context(), tr.ID))
		due(tr.ID, transfer.NothingDue, 0, transfer.NothingDue, 0)

		slept := f.pending("r2")
		f.clock.advance(slept.ExpirationTime.Sub(f.clock.Now()) - time.Hour)
		due(slept.ID, transfer.DueReminder, 2, transfer.DueExpiry, time.Hour)

		moving, err := f.Submit(t.Context(), slept.ID, everything("d1"))
		require.NoError(t, err)
		submitted := moving.SubmittedTime
		due(moving.ID, transfer.NothingDue, 0, transfer.DueOverdue, submitted.Add(transfer.OverdueAfter).Sub(f.clock.Now()))
		f.clock.advance(transfer.OverdueAfter + time.Second)
		due(moving.ID, transfer.DueOverdue, 0, transfer.DueDeadline, submitted.Add(policy.ItemDeadline).Sub(f.clock.Now()))
		did(f.FlagOverdue(t.Context(), moving.ID))
		f.clock.advance(policy.ItemDeadline - transfer.OverdueAfter)
		due(moving.ID, transfer.DueDeadline, 0, transfer.NothingDue, 0)
		at, err := f.GiveUpLate(t.Context(), moving.ID)
		require.NoError(t, err)
		require.Equal(t, transfer.ItemCounts{Failed: 1}, at.Items)
		did(f.CloseTransfer(t.Context(), moving.ID))
		f.holds()
	})
}

// A run sees the line items that it moves itself, or the ranges that others do, in 1 kB.
func TestLookAtLineItems(t *testing.T) {
	large := 2*rangeSize + 10
	onBoth(t, worldOf(large+rangeSize), func(t *testing.T, f fixture) {
		picks := make([]int, large+rangeSize)
		for n := range picks {
			picks[n] = n
		}
		small, big := f.moving("small", picks[:rangeSize]...), f.moving("big", picks[rangeSize:]...)
		fresh := f.size(small.ID)
		odd := make([]int, 0, rangeSize/2)
		var results []transferstore.ItemResult
		for n := 1; n < rangeSize; n += 2 {
			odd = append(odd, n)
			results = append(results, refused(n-1))
		}
		f.record(small.ID, results...)
		_, err := f.Leave(t.Context(), small.ID, []int{1, 3})
		require.NoError(t, err)
		_, err = f.giveUp(small.ID, "enough", 1, 3)
		require.NoError(t, err)
		at := f.look(small.ID, f.newest(small.ID))
		require.Equal(t, odd, at.Open.Numbers())
		require.Equal(t, transfer.Ordinals("1,3"), at.Ending)
		require.Empty(t, at.Ranges)
		t.Logf("a look at %d line items: %d B, with every other one ended: %d B, at %d: %d B",
			rangeSize, fresh, f.size(small.ID), large, f.size(big.ID))
		require.LessOrEqual(t, fresh, 1<<10)
		require.LessOrEqual(t, f.size(big.ID), 1<<10)
		require.LessOrEqual(t, f.size(small.ID), 2<<10, "at worst")

		at = f.look(big.ID, "")
		require.Equal(t, []transfer.Ordinals{"", "", "0-2"}, []transfer.Ordinals{at.Open, at.Ending, at.Ranges})

		results = results[:0]
		for n := range rangeSize {
			results = append(results, refused(rangeSize+n))
		}
		f.record(big.ID, results[1:]...)
		ranged := func(from, to int) transfer.Standing {
			t.Helper()
			at, err := f.Look(t.Context(), big.ID, transferstore.Watched{From: from, To: to})
			require.NoError(t, err)
			require.Empty(t, at.Ranges)
			return at
		}
		require.Equal(t, transfer.Ordinals("0-249"), ranged(0, 250).Open)
		require.Equal(t, transfer.Ordinals("250"), ranged(250, 500).Open)
		require.NoError(t, f.RangeMoved(t.Context(), big.ID, 250, 500))
		wanted := "SELECT wanted FROM runs WHERE workflow_id = '" + transfer.WorkflowID(big.ID) + "'"
		require.Equal(t, []string{"2"}, f.rows(wanted), "a range that moves is no news")
		f.record(big.ID, results[0])
		require.NoError(t, f.RangeMoved(t.Context(), big.ID, 250, 500))
		require.Equal(t, []string{"3"}, f.rows(wanted))
		require.Empty(t, ranged(250, 500).Open)
		require.Equal(t, transfer.Ordinals("0,2"), f.look(big.ID, "").Ranges)
		refuses(t, f.RangeMoved(t.Context(), newID(1), 0, 1), transfer.NotFound)
	})
}

// The change of a transfer is the newest record of it as a whole: what becomes of its line items, who is reminded and what
// is refused does not make another.
func TestChangeIsTheNewestRecord(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		seen := map[string]bool{}
		var id, last string
		changes := func(what string, change bool) {
			t.Helper()
			stored := f.rows("SELECT change_id FROM transfers WHERE id = '" + id + "'")[0]
			require.Equal(t, f.newest(id), stored, what)
			require.Equal(t, stored, f.look(id, last).ChangeID, what)
			require.False(t, f.look(id, last).Behind, what)
			require.Equal(t, change, !seen[stored], what)
			seen[stored], last = true, stored
			f.clock.advance(time.Second)
		}
		refuse := func(n int) {
			t.Helper()
			require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{
				TransferID: id, RequestID: fmt.Sprint(n), Actor: asSource, Refusal: kernel.Refuse(transfer.NotActive, "no"),
			}))
		}
		id = f.pending("r1").ID
		changes("open", true)
		refuse(1)
		changes("a refusal", false)
		_, err := f.Remind(t.Context(), id, 1)
		require.NoError(t, err)
		changes("a reminder", false)
		f.label(id, targetID, ours)
		changes("labels", false)
		_, err = f.Submit(t.Context(), id, everything("d1"))
		require.NoError(t, err)
		changes("submit", true)
		f.record(id, moved(0))
		changes("a line item that moved", false)
		_, err = f.giveUp(id, "enough", 1, 2)
		require.NoError(t, err)
		changes("line items that were given up", false)
		_, err = f.FlagOverdue(t.Context(), id)
		require.NoError(t, err)
		changes("overdue", false)
		at, err := f.CloseTransfer(t.Context(), id)
		require.NoError(t, err)
		changes("close", true)
		require.Equal(t, last, at.ChangeID)
		refuse(2)
		changes("a refusal at the end", false)

		for name, end := range map[string]func() error{
			"cancel": func() error {
				_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
				return err
			},
			"decline": func() error {
				_, err := f.Decline(t.Context(), id, transfer.Decision{Actor: asSource})
				return err
			},
			"expire": func() error {
				f.clock.advance(90 * 24 * time.Hour)
				_, err := f.Expire(t.Context(), id)
				return err
			},
		} {
			id = f.pending(name).ID
			changes(name, true)
			require.NoError(t, end())
			changes(name, true)
		}
	})
}
