// Package delivery holds the steps about what partners are told over HTTP.
//
//	delivery.go  the step, and what became of it
//	tour.go      what is due now is brought, some of it at once
package delivery

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/activities/failing"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// Prefix begins the name of every activity of this room.
const Prefix = "delivery."

// Ledger is what the steps of this room need of the system of record. *ledger.Ledger implements it.
type Ledger interface {
	LookAtWebhook(ctx context.Context, partner string, limit int) (webhookstore.Standing, error)
	RecordWebhookAttempts(ctx context.Context, partner string, made ...webhook.Attempt) (webhookstore.Recorded, error)
	SetWebhooksAside(ctx context.Context, partner string, unsaid map[string]*webhook.UnsaidError) (dead int, err error)
	DeadWebhooks(ctx context.Context, partner string) (int, error)
}

// Courier brings events to endpoints. *courier.Courier is one.
type Courier interface {
	Bring(ctx context.Context, r webhook.Registration, e webhook.Event) (webhook.Answer, error)
}

// Activities are the steps with what they act on. A nil value serves workflows as type-checked method references.
type Activities struct {
	Ledger  Ledger
	Courier Courier
	Lingers time.Duration // how long a run stays that has nothing to tell, so that the next event finds it there
	AtOnce  int           // attempts under way at once to one partner, about different things; 0 for one after the other

	Heard func(webhook.Answer) // is told of every answer; nil for nobody
	Died  func(events int)     // is told of events that became dead letters, after an attempt or by being buried; nil for nobody
}

// Round is what became of one step, and how delivering to the partner stands: counts and times, and nothing of what was said.
type Round struct {
	Sent         int           `json:"sent"`                  // in this step
	Failed       int           `json:"failed,omitempty"`      // attempts of this step
	Waiting      int           `json:"waiting"`               // events that are still to be sent, up to one more than webhook.MostCounted
	Oldest       time.Time     `json:"oldest,omitzero"`       // when the first of them happened
	More         bool          `json:"more,omitempty"`        // some of them are due already
	Next         time.Time     `json:"next,omitzero"`         // when the next one is due; zero when none waits
	NextIn       time.Duration `json:"nextIn,omitempty"`      // how long that is from now, by the ledger's clock; when none waits, how long the run stays
	FailingSince time.Time     `json:"failingSince,omitzero"` // the endpoint's first failure since it last took something
	Off          webhook.Why   `json:"off,omitempty"`         // why the endpoint is not called any more
	Dead         int           `json:"dead,omitempty"`        // dead letters that there are, counted like Waiting
	Answer       string        `json:"answer,omitempty"`      // status of the latest attempt of this step, or why there was no answer, in our words
}

const (
	lookedUp  = 100             // events that are looked up at once
	longest   = time.Minute     // after which the step leaves its place to others
	beatEvery = 5 * time.Second // heartbeats
	soonest   = 10 * time.Millisecond
)

// Deliver sends the partner what is due, what is about one thing in its order, and records what came of it. It ends when nothing is due, when
// the endpoint wants to be left alone, after a minute, or with what is under way when the worker stops or is cut off from the server. A worker that dies in it has made at most twenty attempts that are made again, with
// the same ids.
func (a *Activities) Deliver(ctx context.Context, partner string) (Round, error) {
	defer beating(ctx)()
	lasting := context.WithoutCancel(ctx) // what is begun is ended: an attempt that is cut off may have been heard
	var done Round
	for until := time.Now().Add(longest); ; {
		now, err := a.Ledger.LookAtWebhook(lasting, partner, lookedUp)
		a.died(now.Buried) // also by a look that failed after it
		if err != nil {
			return done, failing.Classified(err)
		}
		if len(now.Due) == 0 || time.Now().After(until) || leaving(ctx) {
			if dead, err := a.Ledger.DeadWebhooks(lasting, partner); err == nil { // what was sent is sent, whoever cannot be told of others
				done.Dead = dead
			}
			return done.standing(now, a.Lingers), nil
		}
		if err := a.tour(partner, now, until, &done).bring(ctx); err != nil {
			return done, failing.Classified(err)
		}
	}
}

// died tells of events that became dead letters.
func (a *Activities) died(events int) {
	if events > 0 && a.Died != nil {
		a.Died(events)
	}
}

// named is an answer without a word that an endpoint wrote.
func named(a webhook.Answer) string {
	if a.Status == 0 {
		return a.Fault
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
}

func (r Round) standing(now webhookstore.Standing, lingers time.Duration) Round {
	health := now.Registration.Health
	r.Waiting, r.Oldest, r.More, r.FailingSince, r.Off = now.Waiting, now.Oldest, len(now.Due) > 0, health.FailingSince, health.Why
	switch r.Next = now.Next; {
	case !r.Next.IsZero():
		r.NextIn = max(r.Next.Sub(now.At), soonest)
	case r.Waiting > 0:
		r.NextIn = longest // the ledger always says when; a run that it did not tell looks again, because nothing else may ever wake it
	case !health.Off():
		r.NextIn = lingers
	}
	return r
}

// leaving tells that nothing more should be begun: the worker stops, or the server wants the step ended, or may do so because a heartbeat
// did not reach it.
func leaving(ctx context.Context) bool {
	if ctx.Err() != nil || !activity.IsActivity(ctx) {
		return ctx.Err() != nil
	}
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return true
	default:
		return false
	}
}

// beating tells Temporal that the step lives, until it is stopped: an endpoint may take longer than anybody waits for a dead worker. One
// heartbeat that is not answered ends the context of the step, but not the heartbeats: the server may well hear the next one.
func beating(ctx context.Context) (stop func()) {
	if !activity.IsActivity(ctx) {
		return func() {}
	}
	return pulse(func() { activity.RecordHeartbeat(context.WithoutCancel(ctx)) })
}

// pulse beats every five seconds until it is stopped, which waits for a beat that is under way.
func pulse(beat func()) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				beat()
			}
		}
	}()
	return func() { close(over); <-ended }
}
