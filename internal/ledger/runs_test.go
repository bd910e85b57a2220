package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// aRun is a run that has to look.
func aRun(id, key string, cause runs.Cause) runs.Wanted {
	return runs.Wanted{WorkflowID: id, WorkflowType: "Thing", SubjectID: "subject of " + id, FairKey: key, Cause: cause, CorrelationID: "c-" + string(cause)}
}

// runOf is the run of a transfer of the target's that has to look.
func runOf(id string, cause runs.Cause) runs.Wanted {
	return runs.Wanted{WorkflowID: transfer.WorkflowID(id), WorkflowType: transfer.WorkflowType, SubjectID: id, FairKey: targetID, Cause: cause}
}

func (f fixture) want(wanted ...runs.Wanted) {
	f.t.Helper()
	require.NoError(f.t, f.WantRuns(f.t.Context(), wanted...))
}

func (f fixture) claim(limit, perKey int) []runs.Run {
	f.t.Helper()
	claimed, err := f.ClaimRuns(f.t.Context(), limit, perKey)
	require.NoError(f.t, err)
	return claimed
}

func (f fixture) told(runs ...runs.Run) {
	f.t.Helper()
	require.NoError(f.t, f.RunsTold(f.t.Context(), runs))
}

// caughtUp makes all runs follow.
func (f fixture) caughtUp() { f.behind("UPDATE runs SET told = wanted") }

var everyRun = store.Both(`SELECT workflow_id, workflow_type, subject_id, fair_key, wanted, told, cause, due_at, attempts, last_error, since,
	correlation_id FROM runs ORDER BY workflow_id`)

// run is one run as it is kept.
func (f fixture) run(id string) runs.Run {
	f.t.Helper()
	found, err := store.Read(f.t.Context(), f.DB, "read runs", func(tx store.Tx) ([]runs.Run, error) {
		return store.All(f.t.Context(), tx, everyRun, func(r *runs.Run) []any {
			return []any{
				&r.WorkflowID, &r.WorkflowType, &r.SubjectID, &r.FairKey, &r.Wanted, &r.Told, &r.Cause, (*store.Stamp)(&r.DueAt), &r.Attempts,
				&r.LastError, (*store.Stamp)(&r.Since), &r.CorrelationID,
			}
		})
	})
	require.NoError(f.t, err)
	at := slices.IndexFunc(found, func(r runs.Run) bool { return r.WorkflowID == id })
	require.GreaterOrEqual(f.t, at, 0, "there is no run %s", id)
	return found[at]
}

func TestRunFallsBehindAndCatchesUp(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.want(aRun("a", "key", runs.CauseOpened))
		first := runs.Run{
			WorkflowID: "a", WorkflowType: "Thing", SubjectID: "subject of a", FairKey: "key", Wanted: 1, Cause: runs.CauseOpened,
			DueAt: start, Since: start, CorrelationID: "c-opened",
		}
		require.Equal(t, first, f.run("a"))

		f.clock.advance(time.Minute)
		f.want(aRun("a", "key", transferstore.CauseSubmitted))
		second := first
		second.Wanted, second.Cause, second.CorrelationID = 2, transferstore.CauseSubmitted, "c-submitted"
		require.Equal(t, second, f.run("a"), "it is due and behind since the first change")

		claimed := f.claim(10, 10)
		require.Len(t, claimed, 1)
		require.Equal(t, int64(2), claimed[0].Wanted)
		require.Equal(t, 1, claimed[0].Attempts)
		require.Equal(t, []string{"", "", "", ""}, claimed[0].About, "there is no such transfer")
		claimed[0].About = nil
		require.Equal(t, claimed[0], f.run("a"))
		f.told(claimed...)
		require.Equal(t, int64(2), f.run("a").Told)
		require.Zero(t, f.run("a").Attempts)
		f.clock.advance(time.Hour)
		require.Empty(t, f.claim(10, 10))

		f.want(aRun("a", "key", transferstore.CauseCancelled))
		require.Equal(t, start.Add(time.Hour+time.Minute), f.run("a").Since)
		require.Equal(t, start.Add(time.Hour+time.Minute), f.run("a").DueAt)
	})
}

// A change that comes while Temporal is told of an earlier one is told in the next round, and an answer that comes late
// takes nothing back.
func TestChangeWhileTheClaimIsAtWork(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.want(aRun("a", "key", runs.CauseOpened))
		slow := f.claim(10, 10)
		f.clock.advance(time.Second)
		f.want(aRun("a", "key", transferstore.CauseSubmitted))
		quick := f.claim(10, 10)
		require.Equal(t, int64(2), quick[0].Wanted)
		require.Equal(t, 1, quick[0].Attempts, "a change begins to count anew")
		f.told(quick...)
		f.told(slow...)
		require.Equal(t, int64(2), f.run("a").Told)

		f.want(aRun("a", "key", transferstore.CauseDeclined))
		slow = f.claim(10, 10)
		f.want(aRun("a", "key", transferstore.CauseAnswered))
		f.told(slow...)
		require.Equal(t, int64(3), f.run("a").Told)
		require.Equal(t, int64(4), f.claim(10, 10)[0].Wanted)
	})
}

// What a run brings itself needs no telling.
func TestRunThatBringsItsChange(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		own := aRun("a", "key", transferstore.CauseSubmitted)
		own.Told = true
		f.want(own)
		require.Equal(t, int64(1), f.run("a").Told)
		f.want(aRun("a", "key", transferstore.CauseAnswered))
		f.want(own)
		require.Equal(t, int64(3), f.run("a").Told, "it looks after it, and sees what came before too")
		require.Empty(t, f.claim(10, 10))
	})
}

// A thousand callbacks make a few nudges: none of them puts off what is due already.
func TestDelayedChanges(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		answered := aRun("a", "key", transferstore.CauseAnswered)
		answered.Delay = time.Second
		f.want(answered)
		require.Empty(t, f.claim(10, 10))
		for range 9 {
			f.clock.advance(100 * time.Millisecond)
			f.want(answered)
		}
		require.Empty(t, f.claim(10, 10))
		f.clock.advance(100 * time.Millisecond)
		require.Equal(t, int64(10), f.claim(10, 10)[0].Wanted)
	})
}

// A replacement is made by nothing but a new run, whatever happens before, and once.
func TestReplacementIsNotLost(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		own := aRun("a", "key", transferstore.CauseSubmitted)
		own.Told = true
		f.want(aRun("a", "key", runs.CauseReplaced))
		f.want(aRun("a", "key", transferstore.CauseCancelled))
		f.want(own)
		claimed := f.claim(10, 10)
		require.Equal(t, runs.CauseReplaced, claimed[0].Cause)
		require.Equal(t, int64(3), claimed[0].Wanted)

		f.want(aRun("a", "key", transferstore.CauseAnswered))
		f.told(claimed...)
		require.Equal(t, runs.CauseResumed, f.claim(10, 10)[0].Cause, "what came meanwhile does not end the new run")
		f.caughtUp()
		f.want(aRun("a", "key", transferstore.CauseSubmitted))
		require.Equal(t, transferstore.CauseSubmitted, f.claim(10, 10)[0].Cause)
	})
}

func TestClaimsAreFair(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		var merger []runs.Wanted
		for n := range 100 {
			merger = append(merger, aRun(fmt.Sprintf("m%03d", n), "merger", runs.CauseOpened))
		}
		f.want(merger...)
		f.clock.advance(time.Second)
		f.want(aRun("o1", "other", runs.CauseOpened), aRun("o2", "other", runs.CauseOpened))
		keys := func(claimed []runs.Run) map[string]int {
			count := map[string]int{}
			for _, r := range claimed {
				count[r.FairKey]++
			}
			return count
		}
		require.Equal(t, map[string]int{"merger": 16, "other": 2}, keys(f.claim(64, 16)))
		require.Equal(t, map[string]int{"merger": 16}, keys(f.claim(64, 16)))
		require.Equal(t, map[string]int{"merger": 5}, keys(f.claim(5, 16)))

		f.want(aRun("z", "later", runs.CauseOpened))
		longest := f.claim(2, 1)
		require.Equal(t, map[string]int{"merger": 1, "later": 1}, keys(longest))
		require.Equal(t, "merger", longest[0].FairKey, "the longest due first")
	})
}

// Whoever claimed and died is waited for, longer each time.
func TestLease(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.want(aRun("a", "key", runs.CauseOpened))
		for attempt := 1; attempt < 10; attempt++ {
			claimed := f.claim(10, 10)
			require.Len(t, claimed, 1)
			require.Equal(t, attempt, claimed[0].Attempts)
			lease := claimed[0].DueAt.Sub(f.clock.Now())
			f.clock.advance(lease - time.Microsecond)
			require.Empty(t, f.claim(10, 10))
			f.clock.advance(time.Microsecond)
		}
	})
}

func TestFailedAndReturnedRuns(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.want(aRun("a", "key", runs.CauseOpened), aRun("b", "key", runs.CauseOpened), aRun("c", "key", runs.CauseOpened))
		claimed := f.claim(10, 10)
		require.NoError(t, f.RunsFailed(t.Context(), map[string]string{"a": "InvalidArgument"}))
		f.clock.advance(time.Second)
		f.want(aRun("c", "key", transferstore.CauseSubmitted))
		changed := f.run("c")
		f.clock.advance(time.Second)
		require.NoError(t, f.RunsReturned(t.Context(), slices.DeleteFunc(claimed, func(r runs.Run) bool { return r.WorkflowID == "a" })))

		require.Equal(t, "InvalidArgument", f.run("a").LastError)
		require.Equal(t, 1, f.run("a").Attempts)
		require.Zero(t, f.run("b").Attempts)
		require.Equal(t, start.Add(2*time.Second), f.run("b").DueAt, "due at once, behind what was not tried")
		require.Equal(t, changed, f.run("c"), "a change meanwhile stands")
		require.ElementsMatch(t, []string{"b", "c"}, ids(f.claim(10, 10)))

		f.clock.advance(time.Minute)
		f.told(f.claim(10, 10)...)
		require.Empty(t, f.run("a").LastError)
		for _, err := range []error{f.RunsTold(t.Context(), nil), f.RunsFailed(t.Context(), nil), f.RunsReturned(t.Context(), nil), f.WantRuns(t.Context())} {
			require.NoError(t, err)
		}
	})
}

func ids(runs []runs.Run) []string {
	var all []string
	for _, r := range runs {
		all = append(all, r.WorkflowID)
	}
	return all
}

// Five programs claim at the same time: each run goes to one of them, and none is left.
func TestFiveClaimAtOnce(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		const count = 1000
		var wanted []runs.Wanted
		for n := range count {
			wanted = append(wanted, aRun(fmt.Sprintf("r%04d", n), fmt.Sprintf("key %d", n%7), runs.CauseOpened))
		}
		f.want(wanted...)
		var mu sync.Mutex
		claims := map[string]int{}
		var programs sync.WaitGroup
		for range 5 {
			l, err := Open(t.Context(), f.url, Options{Now: f.clock.Now})
			require.NoError(t, err)
			programs.Go(func() {
				defer func() { _ = l.Close() }()
				for t.Context().Err() == nil {
					claimed, err := l.ClaimRuns(t.Context(), 64, 16)
					mu.Lock()
					for _, r := range claimed {
						claims[r.WorkflowID]++
					}
					left := count - len(claims)
					mu.Unlock()
					if err != nil || left == 0 {
						return
					}
				}
			})
		}
		programs.Wait()
		require.Len(t, claims, count)
		for id, n := range claims {
			require.Equal(t, 1, n, id)
		}
	})
}

func TestWaitingAndStuckRuns(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		count, since, err := f.RunsWaiting(t.Context())
		require.NoError(t, err)
		require.Zero(t, count)
		require.Zero(t, since)

		f.want(aRun("old", "key", runs.CauseOpened), aRun("done", "key", runs.CauseOpened))
		f.told(f.run("done"))
		f.clock.advance(time.Minute)
		f.want(aRun("new", "key", runs.CauseOpened))
		count, since, err = f.RunsWaiting(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, count)
		require.Equal(t, start, since)
		stuck, err := f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, []runs.Run{f.run("old")}, stuck.Runs)
		stuck, err = f.Stuck(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, []string{"old", "new"}, ids(stuck.Runs))
	})
}

// Everything that is not over can be made to look, page by page; what was told everything should be open at Temporal.
func TestOpenRuns(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		open := []string{f.pending("r1").ID, f.moving("r2", 0).ID, f.moving("r3", 1).ID}
		over := f.pending("r4")
		_, err := f.Cancel(t.Context(), over.ID, transfer.Decision{RequestID: "c", Actor: asTarget})
		require.NoError(t, err)
		f.caughtUp()
		slices.Sort(open)
		followed := func(after string) (found []string) {
			page, err := f.FollowedRuns(t.Context(), after, 2)
			require.NoError(t, err)
			for _, w := range page {
				require.Equal(t, runOf(w.SubjectID, runs.CauseWatch), w)
				found = append(found, w.SubjectID)
			}
			return found
		}
		require.Equal(t, open[:2], followed(""))
		require.Equal(t, open[2:], followed(transfer.WorkflowID(open[1])))
		require.Empty(t, followed(transfer.WorkflowID(open[2])))

		r := transferstore.Resumption{Cause: runs.CauseResumed, Actor: kernel.Actor{Operator: true}}
		page := func(after string) (string, int) {
			t.Helper()
			last, resumed, err := f.ResumeOpen(t.Context(), r, after, 2)
			require.NoError(t, err)
			return last, resumed
		}
		last, resumed := page("")
		require.Equal(t, []any{open[1], 2}, []any{last, resumed})
		require.Equal(t, open[2:], followed(""), "what is behind is on its way")
		last, resumed = page(last)
		require.Equal(t, []any{open[2], 1}, []any{last, resumed})
		last, resumed = page(last)
		require.Equal(t, []any{"", 0}, []any{last, resumed})
		var claimed []string
		for _, r := range f.claim(10, 10) {
			require.Equal(t, runs.CauseResumed, r.Cause)
			require.Equal(t, "Transfer", r.WorkflowType)
			require.Equal(t, "transfer/"+r.SubjectID, r.WorkflowID)
			claimed = append(claimed, r.SubjectID)
		}
		require.ElementsMatch(t, open, claimed)
	})
}

// Subscribers are woken by what is committed, and by nothing else.
func TestSubscribersAreWoken(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		first, end := f.Subscribe()
		second, endSecond := f.At(start).Subscribe()
		defer endSecond()
		undone := errors.New("undone")
		_, err := store.Write(t.Context(), f.DB, "raise and fail", func(s store.Tx) (int, error) {
			return 0, errors.Join(runs.Want(t.Context(), s, aRun("a", "key", runs.CauseOpened)), undone)
		})
		require.ErrorIs(t, err, undone)
		require.Empty(t, f.rows("SELECT workflow_id FROM runs"))
		f.claim(10, 10)
		require.Empty(t, first)

		f.want(aRun("a", "key", runs.CauseOpened))
		f.want(aRun("a", "key", transferstore.CauseSubmitted))
		require.Len(t, first, 1, "however much was changed")
		require.Len(t, second, 1)
		<-first
		end()
		require.NoError(t, f.At(start).WantRuns(t.Context(), aRun("b", "key", runs.CauseOpened)))
		require.Empty(t, first)
		require.Len(t, second, 1)
	})
}

// The runs of the version before end, and new ones adopt what is under way.
func TestMigrationReplacesOpenRuns(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newURL(t)
			old := oldLedger(t, url, 1)
			for _, statement := range firstVersion {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), url, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			require.Equal(t, transfer.InProgress, f.stored("old-1").Status)
			claimed := f.claim(10, 10)
			require.Equal(t, []string{"transfer/old-1"}, ids(claimed))
			require.Equal(t, runs.CauseReplaced, claimed[0].Cause)
			require.Equal(t, targetID, claimed[0].FairKey)
			require.Equal(t, int64(1), claimed[0].Wanted)
		})
	}
}

// Row 25: an open run of a transfer that is over is to look, unless it is about to anyway.
func TestRunsOfWhatIsOver(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		open, over, behind := f.pending("r1"), f.pending("r2"), f.pending("r3")
		withdraw := func(tr transfer.Transfer) {
			_, err := f.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "c", Actor: asTarget})
			require.NoError(t, err)
		}
		withdraw(over)
		f.caughtUp()
		withdraw(behind)
		ids := []string{transfer.WorkflowID(open.ID), transfer.WorkflowID(over.ID), transfer.WorkflowID(behind.ID), "transfer/unknown"}
		found, err := f.OverRuns(t.Context(), ids)
		require.NoError(t, err)
		require.Equal(t, []runs.Wanted{runOf(over.ID, runs.CauseWatch)}, found)
	})
}
