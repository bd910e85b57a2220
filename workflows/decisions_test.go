package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/notify"
	"handover/internal/transfer"
	"handover/workflows"
)

// holdOpen keeps a run from closing until the second day, so that something can still be said to it.
func (w *world) holdOpen() {
	w.mail.script = func(notify.Mail) error {
		if w.Now().Before(created.Add(24 * time.Hour)) {
			return errBusy
		}
		return nil
	}
}

// the target cancels; the source cannot submit any more.
func TestCancelByTarget(t *testing.T) {
	w := newWorld(t, 1)
	w.holdOpen()
	var cancelled, late *answer
	w.at(time.Hour, func() { cancelled = w.cancel(by(target1, "cancel-1")) })
	w.at(2*time.Hour, func() { late = w.submit(everything("submit-1")) })
	w.becomes(transfer.Cancelled)
	w.accepts(transfer.Cancelled, cancelled)
	w.refuses(transfer.AlreadyFinal, late)
	require.Equal(t, []transfer.Event{transfer.EventCreated, transfer.EventCancelled}, w.ledger.events)
}

// once submitted, a transfer can be neither cancelled, declined nor submitted again.
func TestAfterSubmitNothingElseIsDecided(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 3, time.Hour)
	w.approveAt(time.Hour)
	var cancel, decline, submit *answer
	w.at(2*time.Hour, func() {
		cancel, decline, submit = w.cancel(by(target1, "cancel-1")), w.decline(by(source1, "decline-1")), w.submit(everything("submit-2"))
	})
	w.becomes(transfer.Complete)
	for _, a := range []*answer{cancel, decline, submit} {
		w.refuses(transfer.AlreadyInProgress, a)
	}
}

// R-15, T7: the source declines with a reason and the target is told.
func TestDeclineBySource(t *testing.T) {
	w := newWorld(t, 1)
	d := by(source1, "decline-1")
	d.Reason = "We keep this customer."
	var a *answer
	w.at(time.Hour, func() { a = w.decline(d) })
	w.becomes(transfer.Rejected)
	w.accepts(transfer.Rejected, a)
	require.Equal(t, d.Reason, w.ledger.transfer.DeclineReason)
	require.Contains(t, w.mail.sent, "declined to target")
}

// a deployment may switch declining off.
func TestDeclineDisabled(t *testing.T) {
	w := newWorld(t, 1)
	w.ledger.policy.DeclineDisabled = true
	var a *answer
	w.at(time.Hour, func() { a = w.decline(by(source1, "decline-1")) })
	w.approveAt(2 * time.Hour)
	w.becomes(transfer.Complete)
	w.refuses(transfer.DeclineDisabled, a)
}

// each decision belongs to one party. R-110, I-6: to anybody else there is no transfer. Nothing reaches the ledger.
func TestDecisionsOfTheWrongParty(t *testing.T) {
	for name, c := range map[string]struct {
		actor transfer.Actor
		cause transfer.Cause
		say   func(*world, transfer.Actor) *answer
	}{
		"source cancels":      {source1, transfer.WrongParty, cancels},
		"target submits":      {target1, transfer.WrongParty, submits},
		"target declines":     {target1, transfer.WrongParty, declines},
		"operator submits":    {operator, transfer.WrongParty, submits},
		"platform cancels":    {transfer.Platform(), transfer.WrongParty, cancels},
		"stranger submits":    {stranger, transfer.NotFound, submits},
		"stranger cancels":    {stranger, transfer.NotFound, cancels},
		"stranger declines":   {stranger, transfer.NotFound, declines},
		"nobody submits":      {transfer.Actor{}, transfer.NotFound, submits},
		"customer's own no":   {transfer.Actor{PartnerTenantID: customer}, transfer.NotFound, declines},
		"target gives up":     {target1, transfer.WrongParty, givesUp},
		"stranger gives up":   {stranger, transfer.NotFound, givesUp},
		"gives up too early":  {operator, transfer.NotSubmitted, givesUp},
		"submit without id":   {source1, transfer.InvalidInput, func(w *world, a transfer.Actor) *answer { return w.cancel(by(a, "")) }},
		"submit without item": {source1, transfer.NoLineItems, func(w *world, _ transfer.Actor) *answer { return w.submit(picked("submit-2", 0)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			var a *answer
			w.at(time.Hour, func() { a = c.say(w, c.actor) })
			w.at(2*time.Hour, func() { require.Equal(t, transfer.Pending, w.snapshot().Transfer.Status) })
			w.approveAt(3 * time.Hour)
			w.becomes(transfer.Complete)
			w.refuses(c.cause, a)
			require.Zero(t, w.ledger.calls["Cancel"]+w.ledger.calls["Decline"]+w.ledger.calls["GiveUp"])
			require.Equal(t, 1, w.ledger.calls["Submit"])
		})
	}
}

func cancels(w *world, a transfer.Actor) *answer  { return w.cancel(by(a, "x-1")) }
func declines(w *world, a transfer.Actor) *answer { return w.decline(by(a, "x-1")) }

func submits(w *world, a transfer.Actor) *answer {
	approval := everything("x-1")
	approval.Actor = a
	return w.submit(approval)
}

func givesUp(w *world, a transfer.Actor) *answer {
	return w.giveUp(activities.GiveUp{RequestID: "x-1", Actor: a, Reason: "stuck"})
}

// while one decision is being made every other one is told so, and exactly one wins.
func TestDecisionsRace(t *testing.T) {
	for name, c := range map[string]struct {
		first, second func(*world) *answer
		step          string
		becomes       transfer.Status
	}{
		"cancel during submit":  {submitting, cancelling, "Submit", transfer.Complete},
		"decline during submit": {submitting, declining, "Submit", transfer.Complete},
		"submit during submit":  {submitting, submittingToo, "Submit", transfer.Complete},
		"submit during cancel":  {cancelling, submitting, "Cancel", transfer.Cancelled},
		"submit during decline": {declining, submitting, "Decline", transfer.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			var first, second *answer
			w.during(c.step, func() { second = c.second(w) })
			w.at(time.Hour, func() { first = c.first(w) })
			w.becomes(c.becomes)
			require.NoError(t, first.err)
			w.refuses(transfer.BeingProcessed, second)
		})
	}
}

func submitting(w *world) *answer    { return w.submit(everything("submit-1")) }
func submittingToo(w *world) *answer { return w.submit(everything("submit-2")) }
func cancelling(w *world) *answer    { return w.cancel(by(target1, "cancel-1")) }
func declining(w *world) *answer     { return w.decline(by(source1, "decline-1")) }

// decisions that came before the opening wait for it; then exactly one wins.
func TestDecisionsBeforeTheOpening(t *testing.T) {
	w := newWorld(t, 1)
	var submit, cancel *answer
	w.during("OpenTransfer", func() { submit, cancel = submitting(w), cancelling(w) })
	receipt, err := w.run()
	require.NoError(t, err)
	won, lost := submit, cancel
	if receipt.Status == transfer.Cancelled {
		won, lost = cancel, submit
	}
	require.NoError(t, won.err)
	w.refuses(transfer.BeingProcessed, lost)
	require.Equal(t, 1, w.ledger.calls["Submit"]+w.ledger.calls["Cancel"])
}

// a decision that the ledger refused leaves the way free for another.
func TestRefusedDecisionIsNoDecision(t *testing.T) {
	w := newWorld(t, 1)
	var unknown, cancel *answer
	w.at(time.Hour, func() { unknown = w.submit(picked("submit-1", 2)) })
	w.at(2*time.Hour, func() { cancel = cancelling(w) })
	w.becomes(transfer.Cancelled)
	w.refuses(transfer.SubscriptionUnknown, unknown)
	w.accepts(transfer.Cancelled, cancel)
}

// the same decision again gets the same answer, however it comes and whenever, and is made once.
func TestRepeatedSubmitIsMadeOnce(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 3, time.Hour)
	var first, meanwhile, later, shouted *answer
	w.during("Submit", func() {
		meanwhile = submitting(w)
		w.signal(everything("submit-1"))
	})
	w.at(time.Hour, func() { first = submitting(w) })
	w.at(2*time.Hour, func() {
		later = submitting(w)
		loud := everything("submit-1")
		loud.Actor.PartnerTenantID = strings.ToUpper(loud.Actor.PartnerTenantID)
		shouted = w.submit(loud)
		w.signal(everything("submit-1"))
	})
	w.becomes(transfer.Complete)
	w.accepts(transfer.InProgress, first)
	for _, again := range []*answer{meanwhile, later, shouted} {
		require.Equal(t, first, again)
	}
	require.Equal(t, 1, w.ledger.calls["Submit"])
	require.Empty(t, w.ledger.refused)
}

func TestRepeatedCancelIsMadeOnce(t *testing.T) {
	w := newWorld(t, 1)
	w.holdOpen()
	var first, again *answer
	w.at(time.Hour, func() { first = cancelling(w) })
	w.at(2*time.Hour, func() { again = cancelling(w) })
	w.becomes(transfer.Cancelled)
	w.accepts(transfer.Cancelled, first)
	require.Equal(t, first, again)
	require.Equal(t, 1, w.ledger.calls["Cancel"])
}

// A repeated decision that waited for one that failed is judged by itself.
func TestRepeatOfARefusedDecisionIsRefusedToo(t *testing.T) {
	w := newWorld(t, 1)
	var first, meanwhile *answer
	w.during("Submit", func() { meanwhile = w.submit(picked("submit-1", 2)) })
	w.at(time.Hour, func() { first = w.submit(picked("submit-1", 2)) })
	w.at(2*time.Hour, func() { cancelling(w) })
	w.becomes(transfer.Cancelled)
	w.refuses(transfer.SubscriptionUnknown, first)
	w.refuses(transfer.SubscriptionUnknown, meanwhile)
}

// I-6: the request id of one party's decision opens nothing to another, nor to another kind of decision.
func TestRequestIDBelongsToItsPartyAndVerb(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 3, time.Hour)
	w.approveAt(time.Hour)
	var byTarget, byStranger, otherVerb *answer
	w.at(2*time.Hour, func() {
		approval := everything("submit-1")
		approval.Actor = target1
		byTarget = w.submit(approval)
		approval.Actor = stranger
		byStranger = w.submit(approval)
		otherVerb = w.decline(by(source1, "submit-1"))
	})
	w.becomes(transfer.Complete)
	w.refuses(transfer.WrongParty, byTarget)
	w.refuses(transfer.NotFound, byStranger)
	w.refuses(transfer.AlreadyInProgress, otherVerb)
}

// a request id stands for one decision; the same id with other content is no repetition of it.
func TestRequestIDIsForOneContent(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 3, time.Hour)
	w.approveAt(time.Hour)
	var other *answer
	w.at(2*time.Hour, func() { other = w.submit(picked("submit-1", 0)) })
	w.becomes(transfer.Complete)
	w.refuses(transfer.RequestIDReused, other)
}

func TestRequestIDsAreBounded(t *testing.T) {
	w := newWorld(t, 1)
	var long *answer
	w.at(time.Hour, func() { long = w.submit(everything(strings.Repeat("x", 129))) })
	w.becomes(transfer.Expired)
	w.refuses(transfer.InvalidInput, long)
}

// A decision changes the ledger only once it stands in the history: as a regular activity, never inside the workflow task
// that brought it.
func TestDecisionsAreDurableBeforeTheirEffect(t *testing.T) {
	for name, decide := range map[string]func(w *world){
		"submit":  func(w *world) { submitting(w) },
		"cancel":  func(w *world) { cancelling(w) },
		"decline": func(w *world) { w.decline(by(source1, "decline-1")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			before := 0
			w.at(time.Hour, func() {
				before = len(w.seen.activities)
				decide(w)
			})
			_, err := w.run()
			require.NoError(t, err)
			require.Greater(t, len(w.seen.activities), before, "the decision was an activity")
			require.Empty(t, w.seen.activities[before], "and none of the named ones")
		})
	}
}

// A flood of refused decisions must not fill the history: the run begins afresh, opens the same transfer again and waits on.
func TestCrowdedHistoryBeginsAfresh(t *testing.T) {
	w := newWorld(t, 1)
	w.at(time.Hour, func() { w.signal("not an approval") })
	w.at(2*time.Hour, func() { w.SetContinueAsNewSuggested(true) })
	_, err := w.run()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &again)
	require.Equal(t, workflows.TransferType, again.WorkflowType.Name)
	require.Equal(t, transfer.Pending, w.ledger.transfer.Status)
	require.Len(t, w.ledger.refused, 1, "what came is answered first")

	t.Run("and waits on", func(t *testing.T) {
		next := newWorld(t, 1)
		next.ledger = w.ledger
		next.approveAt(3 * time.Hour)
		next.becomes(transfer.Complete)
		require.NotContains(t, strings.Join(next.mail.sent, ", "), "created", "nobody is told twice")
	})
}
