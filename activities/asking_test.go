package activities_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handover/activities"
	"handover/internal/billing"
	"handover/internal/transfer"
)

const lateID = "90000000-0000-4000-8000-000000000000"

// asker tells what became of moves.
type asker struct {
	*fencer
	questions []billing.Question
	id        string
	err       error
}

func (a *asker) Ask(_ context.Context, q billing.Question) (string, error) {
	a.questions = append(a.questions, q)
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
	require.Zero(t, w.postponed(w.MoveItem, w.id, 0), "the retry policy says when")
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
	never := transfer.Refuse(transfer.ProviderRefused, "the key was used for another move")
	for name, c := range map[string]struct {
		id     string
		err    error
		status transfer.ItemStatus
	}{
		"moved":           {lateID, nil, transfer.ItemComplete},
		"never heard of":  {"", billing.ErrUnknown, failed},
		"refused":         {"", never, failed},
		"cannot be asked": {"", &billing.Unavailable{Reason: "405"}, failed},
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
	var said bytes.Buffer
	w.log = slog.NewTextHandler(&said, nil)
	w.mover.bulk, w.Mover = false, &fencer{mover: w.mover}
	w.mover.script[0] = func(context.Context) (string, error) {
		w.givenUp(0)
		require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
		require.False(t, w.items()[0].Held, "it promised")
		return lateID, nil
	}
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 0))
	require.Contains(t, said.String(), "had ended as Failed")
	require.Contains(t, said.String(), lateID)
	item := w.items()[0]
	require.True(t, item.Held)
	require.Equal(t, lateID, item.LateID)
	w.holds(false)
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
		"refused": {"", transfer.Refuse(transfer.ProviderRefused, "never"), sourceID},
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
