package delivery

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

const (
	unrecorded  = 20          // attempts that a crash may repeat
	recordEvery = time.Second // or as many as were made in that time
)

// tour brings what one look found due. An endpoint that takes things gets ever more of them at once, up to a bound; one that fails gets no
// more until the ledger has said what follows from it. Events of one look are about different things, so their order is free.
type tour struct {
	steps   *Activities
	partner string
	now     webhookstore.Standing
	looked  time.Time
	until   time.Time
	done    *Round

	heard    chan brought
	underway int
	taken    int   // that the endpoint took in this tour
	over     bool  // nothing more is begun
	err      error // why not, where it is not the endpoint's doing
	unsaid   map[string]*webhook.UnsaidError
	made     []brought // not recorded yet
	recorded time.Time // the latest time
}

// brought is an attempt that was made.
type brought struct {
	webhook.Attempt
	err error // there is no answer, and that is not the endpoint's doing
}

func (a *Activities) tour(partner string, now webhookstore.Standing, until time.Time, done *Round) *tour {
	began := time.Now()
	return &tour{steps: a, partner: partner, now: now, looked: began, recorded: began, until: until, done: done, heard: make(chan brought), unsaid: map[string]*webhook.UnsaidError{}}
}

// bring sends what is due until the endpoint fails, the time is over or the step is to end, and records all of it. Error: the first of what could not be sent or
// recorded; what was sent is recorded if it can be.
func (t *tour) bring(ctx context.Context) error {
	due := t.now.Due
	for {
		if len(due) > 0 && t.mayBegin(ctx) {
			t.begin(ctx, due[0])
			due = due[1:]
			continue
		}
		if t.underway == 0 {
			t.fail(t.record(ctx))
			t.fail(t.setAside(ctx))
			return t.err
		}
		t.hear(<-t.heard)
		if !t.over && (len(t.made)+t.width() > unrecorded || time.Since(t.recorded) >= recordEvery) {
			t.fail(t.record(ctx))
		}
	}
}

func (t *tour) mayBegin(ctx context.Context) bool {
	return !t.over && !leaving(ctx) && t.underway < t.width() && t.underway+len(t.made) < unrecorded && time.Now().Before(t.until)
}

// width is how many attempts may be under way. It grows with what is taken, so that an endpoint that is away is called in vain as seldom as if
// there were only one.
func (t *tour) width() int { return min(1+t.taken, max(t.steps.AtOnce, 1)) }

func (t *tour) begin(ctx context.Context, d webhook.Delivery) {
	t.underway++
	b := brought{Attempt: webhook.Attempt{
		DeliveryID: d.ID, N: d.Attempts + 1, At: t.now.At.Add(time.Since(t.looked)), Registered: t.now.Registration.ModifiedAt,
	}}
	go func() {
		b.Answer, b.err = t.steps.Courier.Bring(context.WithoutCancel(ctx), t.now.Registration, d.Event)
		t.heard <- b
	}()
}

func (t *tour) hear(b brought) {
	t.underway--
	var unsaid *webhook.UnsaidError
	switch {
	case errors.As(b.err, &unsaid):
		t.unsaid[b.DeliveryID] = unsaid
		return
	case b.err != nil:
		t.fail(b.err)
		return
	}
	if t.steps.Heard != nil {
		t.steps.Heard(b.Answer)
	}
	t.made = append(t.made, b)
	if b.Delivered() {
		t.taken++
		t.done.Sent++
	} else {
		t.over = true
		t.done.Failed++
	}
	if !b.Delivered() || !t.over {
		t.done.Answer = named(b.Answer)
	}
}

// fail lets nothing more begin.
func (t *tour) fail(err error) {
	if err != nil {
		t.err, t.over = cmp.Or(t.err, err), true
	}
}

// record writes what became of the attempts, in the order in which they were begun, although the step may be about to end.
func (t *tour) record(ctx context.Context) error {
	if len(t.made) == 0 {
		return nil
	}
	slices.SortStableFunc(t.made, func(a, b brought) int { return a.At.Compare(b.At) })
	attempts := make([]webhook.Attempt, len(t.made))
	for i, b := range t.made {
		attempts[i] = b.Attempt
	}
	recorded, err := t.steps.Ledger.RecordWebhookAttempts(context.WithoutCancel(ctx), t.partner, attempts...)
	t.steps.died(recorded.Dead)
	t.made, t.recorded = nil, time.Now()
	return err
}

// setAside leaves alone what cannot be said, so that others need not wait for it.
func (t *tour) setAside(ctx context.Context) error {
	if len(t.unsaid) == 0 {
		return nil
	}
	dead, err := t.steps.Ledger.SetWebhooksAside(context.WithoutCancel(ctx), t.partner, t.unsaid)
	t.steps.died(dead)
	if err == nil && activity.IsActivity(ctx) {
		activity.GetLogger(ctx).Error("Events of a partner cannot be told and are set aside.", "partner", t.partner, "events", slices.Sorted(maps.Keys(t.unsaid)), "deadLetters", dead)
	}
	return err
}
