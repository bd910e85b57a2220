package transfers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const lateID = "90000000-0000-4000-8000-000000000000"

// asker tells what became of moves.
type asker struct {
	*fencer
	questions []billing.Question
	id        string
	err       error
	then      func() // what happens after an answer; nil for nothing
}

func (a *asker) Ask(_ context.Context, q billing.Question) (string, error) {
	a.questions = append(a.questions, q)
	if a.then != nil {
		defer a.then()
	}
	return a.id, a.err
}

// accepting is a world whose one item the billing system accepted, and is at work on.
func accepting(t *testing.T) (*world, *asker) {
	t.Helper()
	w := moving(t, 1)
	w.mover.bulk = false
	a := &asker{fencer: &fencer{mover: w.mover}, err: &billing.AtWork{}}
	w.Mover = a
	w.mover.says(0, "", &billing.AtWork{Where: "https://billing.example/jobs/1", RetryAfter: 7 * time.Second})
	require.Equal(t, 7*time.Second, w.postponed(w.MoveItem, w.id, 0))
	return w, a
}

// postponed is how soon a step that failed wants to be made again.
func (w *world) postponed(step any, args ...any) time.Duration {
	w.t.Helper()
	_, err := w.does(step, args...)
	var app *temporal.ApplicationError
	require.ErrorAs(w.t, err, &app)
	require.False(w.t, app.NonRetryable())
	require.Equal(w.t, temporal.ApplicationErrorCategoryBenign, app.Category())
	return app.NextRetryDelay()
}

// An attempt that is accepted ends; the next one asks what became of it instead of posting it again, ever less often, and nothing of that
// counts as an attempt to move.
func TestAcceptedItemsAreAskedAbout(t *testing.T) {
	w, a := accepting(t)
	item := w.items()[0]
	require.Equal(t, w.clock.Now(), item.AcceptedAt.UTC())
	require.Equal(t, "https://billing.example/jobs/1", item.AcceptedWhere)
	for _, c := range []struct{ after, next time.Duration }{
		{7 * time.Second, 5 * time.Second},
		{13 * time.Second, 10 * time.Second},
		{time.Hour, 5 * time.Minute},
		{24 * time.Hour, 5 * time.Minute},
	} {
		w.clock.advance(c.after)
		require.Equal(t, c.next, w.postponed(w.MoveItem, w.id, 0))
	}
	require.Len(t, w.mover.asked, 1, "posted once")
	require.Equal(t, billing.Question{Key: w.id + "/" + subID(0), SubscriptionID: subID(0), Where: "https://billing.example/jobs/1"}, a.questions[0])

	a.id, a.err = lateID, nil
	w.clock.advance(5 * time.Minute)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Equal(t, lateID, w.items()[0].TargetSubscriptionID)
	require.Equal(t, 1, w.items()[0].Attempts)
}

// A run that begins afresh does not have all accepted items asked about at once.
func TestAcceptedItemsRest(t *testing.T) {
	w, a := accepting(t)
	w.clock.advance(2 * time.Second)
	require.Equal(t, 3*time.Second, w.postponed(w.MoveItem, w.id, 0))
	require.Empty(t, a.questions)
}

// The deployment says how soon it asks.
func TestAskEvery(t *testing.T) {
	w, _ := accepting(t)
	w.AskEvery = time.Minute
	w.clock.advance(time.Minute)
	require.Equal(t, time.Minute, w.postponed(w.MoveItem, w.id, 0))
}

// A billing system that forgot what it accepted is asked for it again.
func TestForgottenItemsArePostedAgain(t *testing.T) {
	w, a := accepting(t)
	a.err = billing.ErrUnknown
	w.clock.advance(time.Minute)
	require.Equal(t, time.Second, w.postponed(w.MoveItem, w.id, 0))
	require.Zero(t, w.items()[0].AcceptedAt)
	require.Empty(t, w.items()[0].AcceptedWhere)
	w.mover.says(0, lateID, nil)
	w.clock.advance(time.Minute)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Len(t, w.mover.asked, 2)
}

// A billing system that can no longer be asked, because another was configured, is asked for the move.
func TestAcceptedItemsOfAnotherAdapter(t *testing.T) {
	w, _ := accepting(t)
	w.Mover = w.mover
	w.mover.says(0, lateID, nil)
	w.clock.advance(time.Minute)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
}

// I-8: what this platform would refuse now, although a billing system was asked for it, ends by that system's word.
func TestSentItemsDoNotEndByThePlatformsWord(t *testing.T) {
	for name, c := range map[string]struct {
		id     string
		result activities.Moved
		held   bool
	}{
		"promised": {"", activities.Moved{Failed: 1}, false},
		"moved":    {lateID, activities.Moved{Failed: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 1)
			f := &fencer{mover: w.mover, id: c.id}
			w.mover.bulk, w.Mover = false, f
			w.mover.says(0, "", &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "no answer"})
			_, err := w.does(w.MoveItem, w.id, 0)
			require.Error(t, err)
			w.suspend(0)
			w.clock.advance(time.Minute)
			require.Equal(t, activities.Moved{Open: "0"}, w.moved(w.MoveItem, w.id, 0))
			item := w.items()[0]
			require.Equal(t, transfer.EndingRefused, item.Ending)
			require.Contains(t, item.EndingReason, "is in state: Suspended")
			require.Len(t, w.mover.asked, 1, "nobody asks for it any more")
			require.True(t, w.wanted() > 1, "its run has to fence it")

			require.Equal(t, c.result, w.moved(w.FenceItem, w.id, 0))
			item = w.items()[0]
			require.Equal(t, c.held, item.Held)
			require.Equal(t, c.id, item.LateID, "the billing system moved what is not to be moved")
			require.Contains(t, item.TransferError, "is in state: Suspended")
			w.holds(c.id == "")
		})
	}
}

// Row 24: a billing system that refuses a move which it has made under the key before, in other words, is not believed.
func TestRefusalsOfWhatMovedBefore(t *testing.T) {
	never := kernel.Refuse(transfer.ProviderRefused, "the key was used for another move")
	for name, c := range map[string]struct {
		id     string
		err    error
		status transfer.ItemStatus
	}{
		"moved":           {lateID, nil, transfer.ItemComplete},
		"never heard of":  {"", billing.ErrUnknown, failed},
		"refused":         {"", never, failed},
		"cannot be asked": {"", &billing.Unavailable{Reason: "405", Status: 405}, failed},
		"babbles":         {"", &billing.Unavailable{Reason: "200, but"}, goesOn},
		"at work":         {"", &billing.AtWork{}, goesOn},
		"away":            {"", &billing.Unavailable{Reason: "503", Of: billing.OfTheSystem}, goesOn},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 1)
			w.mover.bulk = false
			w.Mover = &asker{fencer: &fencer{mover: w.mover}, id: c.id, err: c.err}
			w.mover.says(0, "", never)
			_, err := w.does(w.MoveItem, w.id, 0)
			require.Equal(t, c.status == goesOn, err != nil)
			require.Equal(t, []transfer.ItemStatus{c.status}, w.statuses())
			w.holds(true)
		})
	}
}

// Row 32: what the billing system moved although it had promised not to is held again and reported.
func TestMoveItemTooLate(t *testing.T) {
	w := moving(t, 1)
	var told []transferstore.Contradiction
	w.Contradicted = func(c transferstore.Contradiction) { told = append(told, c) }
	w.mover.bulk, w.Mover = false, &fencer{mover: w.mover}
	w.mover.script[0] = func(context.Context) (string, error) {
		w.givenUp(0)
		require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
		require.False(t, w.items()[0].Held, "it promised")
		return lateID, nil
	}
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Equal(t, []transferstore.Contradiction{{TransferID: w.id, TargetSubscriptionID: lateID}}, told)
	item := w.items()[0]
	require.True(t, item.Held)
	require.Equal(t, lateID, item.LateID)
	w.holds(false)
}

// The server tells a worker that comes back late that nobody waits for its attempt; what the billing system answered to it counts
// all the same.
func TestMoveItemTooLateAndStopped(t *testing.T) {
	w := moving(t, 1)
	w.mover.bulk, w.Mover = false, &fencer{mover: w.mover}
	ctx, stop := context.WithCancel(t.Context())
	w.mover.script[0] = func(context.Context) (string, error) {
		w.givenUp(0)
		require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
		stop()
		return lateID, nil
	}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	env.RegisterActivity(w.Activities)
	_, err := env.ExecuteActivity(w.MoveItem, w.id, 0)
	require.NoError(t, err)
	require.Equal(t, lateID, w.items()[0].LateID)
	require.True(t, w.items()[0].Held)
}

// Where the ledger is the billing system, nothing has moved that it did not take.
func TestMoveItemTooLateWithoutABillingSystem(t *testing.T) {
	w := moving(t, 1)
	w.mover.script[0] = func(context.Context) (string, error) {
		w.givenUp(0)
		return lateID, nil
	}
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 0))
	require.False(t, w.items()[0].Held)
	w.holds(true)
}

// A late answer settles what is held: moved after all, or refused for good.
func TestLateAnswersSettleHeldItems(t *testing.T) {
	for name, c := range map[string]struct {
		id    string
		err   error
		owner string
	}{
		"moved":   {lateID, nil, targetID},
		"refused": {"", kernel.Refuse(transfer.ProviderRefused, "never"), sourceID},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 1)
			w.mover.bulk = false
			w.mover.script[0] = func(context.Context) (string, error) {
				w.givenUp(0)
				w.moved(w.FenceItem, w.id, 0) // without a promise
				require.True(t, w.items()[0].Held)
				return c.id, c.err
			}
			require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 0))
			require.False(t, w.items()[0].Held)
			require.Equal(t, c.owner, w.ownerOf(0))
			w.holds(true)
		})
	}
}

// I-8: a refusal is believed only when nothing else may have come of it: what is at work, or babbles, is asked again, and one that
// knows nothing of an earlier post that got no answer is fenced.
func TestRefusalsThatMayBeNone(t *testing.T) {
	w := moving(t, 1)
	w.mover.bulk = false
	a := &asker{fencer: &fencer{mover: w.mover}, err: billing.ErrUnknown}
	w.Mover = a
	w.mover.says(0, "", &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "no answer in time"})
	_, err := w.does(w.MoveItem, w.id, 0)
	require.Error(t, err)
	w.mover.says(0, "", kernel.Refuse(transfer.ProviderRefused, "the key is in use"))
	w.clock.advance(time.Minute)
	require.Equal(t, activities.Moved{Open: "0"}, w.moved(w.MoveItem, w.id, 0))
	require.Equal(t, transfer.EndingRefused, w.items()[0].Ending)
	a.fencer.id = lateID // it was at work on the first post all the time
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.FenceItem, w.id, 0))
	w.holds(true)
}

// forgetful is a ledger that cannot take the first late answer.
type forgetful struct {
	activities.Ledger
	forgot bool
}

func (f *forgetful) TakeLate(ctx context.Context, id string, results []transferstore.ItemResult, recorded []transfer.LineItem) ([]transferstore.Contradiction, error) {
	if !f.forgot {
		f.forgot = true
		return nil, store.ErrUnavailable
	}
	return f.Ledger.TakeLate(ctx, id, results, recorded)
}

// An answer that the ledger could not take is asked for again, although the item has ended, until the billing system says it once more.
func TestLateAnswersAreNotLost(t *testing.T) {
	w := moving(t, 1)
	w.Ledger = &forgetful{Ledger: w.ledger}
	w.mover.bulk = false
	a := &asker{fencer: &fencer{mover: w.mover}, err: &billing.Unavailable{Cause: transfer.ProviderUnavailable}}
	w.Mover = a
	w.mover.script[0] = func(ctx context.Context) (string, error) {
		w.givenUp(0)
		_, err := w.ledger.RecordItems(ctx, w.id, []transferstore.ItemResult{{Uncounted: true, Fence: transferstore.FencePromised}})
		return lateID, err
	}
	a.then = func() { a.id, a.err = lateID, nil }
	require.NoError(t, w.retried(w.MoveItem, w.id, 0))
	require.Len(t, a.questions, 2)
	require.Equal(t, lateID, w.items()[0].LateID)
	w.holds(false)
}

// I-8: a billing system that answers two attempts with two ids has moved the item twice.
func TestTwoAnswers(t *testing.T) {
	w := moving(t, 1)
	var told []transferstore.Contradiction
	w.Contradicted = func(c transferstore.Contradiction) { told = append(told, c) }
	w.mover.bulk = false
	w.mover.script[0] = func(ctx context.Context) (string, error) {
		_, err := w.ledger.RecordItems(ctx, w.id, []transferstore.ItemResult{{TargetSubscriptionID: "91000000-0000-4000-8000-000000000000"}})
		return lateID, err
	}
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Equal(t, []transferstore.Contradiction{{TransferID: w.id, TargetSubscriptionID: lateID}}, told)
	w.holds(false)
}

// A held item that is resolved by a late answer contradicts nothing.
func TestResolvedItemsAlarmNobody(t *testing.T) {
	w := moving(t, 1)
	w.Contradicted = func(c transferstore.Contradiction) { require.Fail(t, "an alarm", "%v", c) }
	w.mover.bulk = false
	w.mover.script[0] = func(context.Context) (string, error) {
		w.givenUp(0)
		w.moved(w.FenceItem, w.id, 0)
		return lateID, nil
	}
	w.moved(w.MoveItem, w.id, 0)
	require.False(t, w.items()[0].Held)
}

// Nobody is asked to move what this platform refuses, and so nobody has to promise anything.
func TestRefusedBeforeItWasSent(t *testing.T) {
	w := moving(t, 1)
	w.mover.bulk = false
	w.suspend(0)
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Empty(t, w.mover.asked)
	require.Zero(t, w.items()[0].SentAt)
	require.False(t, w.items()[0].Held)
}

// One failure among many looks costs no more than the next look would.
func TestAFailureAmongLooks(t *testing.T) {
	w, a := accepting(t)
	w.clock.advance(time.Minute)
	a.err = &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "502", Of: billing.OfTheSystem}
	require.Equal(t, 30*time.Second, w.postponed(w.MoveItem, w.id, 0))
	require.Equal(t, 1, w.items()[0].Attempts)
}
