package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"handover/activities/delivery"
	"handover/internal/command"
	"handover/internal/programme"
	"handover/internal/runs"
	"handover/internal/webhook"
	"handover/test/bench/naive"
)

// manySubscribers are the partners who are told over HTTP; one of them alone is one case.
const manySubscribers = 20

// slowReceiver is how long a receiver takes that takes its time.
const slowReceiver = 50 * time.Millisecond

func subscriber(n int) string { return fmt.Sprintf("aaaaaaaa-9999-4000-8000-%012d", n) }

// subscribers are the partners who are told.
func subscribers() []programme.Partner {
	partners := make([]programme.Partner, manySubscribers)
	for n := range partners {
		id := subscriber(n)
		partners[n] = programme.Partner{
			TenantID: id, Name: fmt.Sprintf("Subscriber %d", n), Programs: programme.Enrolled(programme.DirectBill, programme.Active, true),
			MPNID: fmt.Sprintf("99900%02d", n), Market: "US", Currency: "USD", Locale: "en-US",
			Users: []programme.User{programme.Agent("eeeeeeee"+id[8:], fmt.Sprintf("agent%d@subscribers.example", n))},
		}
	}
	return partners
}

// teller is one way to tell subscribers what they are owed.
type teller interface {
	name() string
	on() *book
	// tell has the subscribers told, and returns when that is begun or done.
	tell(ctx context.Context, subscribers []string) error
	// rest returns when nothing is being done for them any more.
	rest(ctx context.Context, subscribers []string) error
	// history is what runs did to tell the subscriber since tell was called; none of a teller that has no runs.
	history(ctx context.Context, subscriber string) ([]*historypb.HistoryEvent, error)
}

// ourTelling has the run of each subscriber look.
type ourTelling struct {
	*book
	stage  *stage
	before map[string]place // where the histories were when it last did, by subscriber
}

// place is a place in a history.
type place struct {
	run    string
	events int64
}

// at is where the history of the subscriber's run is now.
func (t ourTelling) at(ctx context.Context, subscriber string) (place, error) {
	run, err := t.stage.Connection.DescribeWorkflowExecution(ctx, webhook.WorkflowID(subscriber), "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return place{}, nil
	}
	info := run.GetWorkflowExecutionInfo()
	return place{info.GetExecution().GetRunId(), info.GetHistoryLength()}, err
}

func (ourTelling) name() string { return oursName }
func (t ourTelling) on() *book  { return t.book }

func (t ourTelling) tell(ctx context.Context, subscribers []string) error {
	wanted := make([]runs.Wanted, len(subscribers))
	for i, s := range subscribers {
		var err error
		if t.before[s], err = t.at(ctx, s); err != nil {
			return err
		}
		wanted[i] = runs.Wanted{WorkflowID: webhook.WorkflowID(s), WorkflowType: webhook.WorkflowType, SubjectID: s, FairKey: s, Cause: runs.CauseOpened}
	}
	return t.WantRuns(ctx, wanted...)
}

func (t ourTelling) rest(ctx context.Context, subscribers []string) error {
	for _, s := range subscribers {
		err := until(ctx, "the run of subscriber "+s+" does not come to rest", func() (bool, error) {
			run, err := t.stage.Connection.DescribeWorkflowExecution(ctx, webhook.WorkflowID(s), "")
			return err == nil && run.GetPendingWorkflowTask() == nil && len(run.GetPendingActivities()) == 0, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t ourTelling) history(ctx context.Context, subscriber string) ([]*historypb.HistoryEvent, error) {
	now, err := t.at(ctx, subscriber)
	if err != nil {
		return nil, err
	}
	events, err := t.stage.history(ctx, webhook.WorkflowID(subscriber))
	if before := t.before[subscriber]; err == nil && before.run == now.run {
		events = events[before.events:]
	}
	return events, err
}

// naiveTelling has one activity for each event.
type naiveTelling struct {
	*book
	stage *stage
	begun map[string]telling // by subscriber, the latest
}

// telling is a run with the id of the first of those that continue each other.
type telling struct {
	client.WorkflowRun
	first string
}

func (naiveTelling) name() string { return naiveName }
func (t naiveTelling) on() *book  { return t.book }

func (t naiveTelling) tell(ctx context.Context, subscribers []string) error {
	for _, s := range subscribers {
		run, err := naive.Client{Temporal: t.stage.Connection}.Tell(ctx, s)
		if err != nil {
			return err
		}
		t.begun[s] = telling{run, run.GetRunID()}
	}
	return nil
}

func (t naiveTelling) rest(ctx context.Context, subscribers []string) error {
	for _, s := range subscribers {
		if err := t.begun[s].Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// history follows the runs of the latest telling, one of which continues the other.
func (t naiveTelling) history(ctx context.Context, subscriber string) ([]*historypb.HistoryEvent, error) {
	var all []*historypb.HistoryEvent
	for id := t.begun[subscriber].first; id != ""; {
		run, err := t.stage.historyOf(ctx, naive.DeliveryID(subscriber), id)
		if err != nil {
			return nil, err
		}
		all = append(all, run...)
		id = run[len(run)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return all, nil
}

// bareTelling calls our step for each subscriber until nothing is left. It works on the naive ledger, where no run is begun.
type bareTelling struct {
	*book
	steps *delivery.Activities
}

func (bareTelling) name() string                         { return bareName }
func (t bareTelling) on() *book                          { return t.book }
func (bareTelling) rest(context.Context, []string) error { return nil }
func (bareTelling) history(context.Context, string) ([]*historypb.HistoryEvent, error) {
	return nil, nil
}

func (t bareTelling) tell(ctx context.Context, subscribers []string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range subscribers {
		group.Go(func() error {
			for {
				if round, err := t.steps.Deliver(ctx, s); err != nil || round.Waiting == 0 {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// startTelling registers the subscribers on both ledgers and makes the tellers.
func (s *stage) startTelling(ctx context.Context, naively *book, ours *delivery.Activities) error {
	var err error
	if s.receiver, err = startReceiver(); err != nil {
		return err
	}
	s.onClose(s.receiver.close)
	for _, b := range []*book{s.book, naively} {
		for n := range manySubscribers {
			wish := webhook.Wish{URL: s.receiver.url, Events: []string{string(webhook.CreateTransfer)}}
			if _, err := b.RegisterWebhook(ctx, command.Terms[webhook.Registration]{}, subscriber(n), wish, s.Settings.Webhooks.Addresses()); err != nil {
				return err
			}
		}
	}
	bare := &delivery.Activities{Ledger: naively.Ledger, Courier: ours.Courier, AtOnce: ours.AtOnce}
	s.tellers = []teller{ourTelling{s.book, s, map[string]place{}}, naiveTelling{naively, s, map[string]telling{}}, bareTelling{naively, bare}}
	return nil
}

// backlog is what is owed at once: to so many subscribers, so much each.
type backlog struct{ subscribers, each int }

func (b backlog) events() int { return b.subscribers * b.each }

func (b backlog) String() string {
	if b.subscribers == 1 {
		return fmt.Sprintf("%d to one", b.each)
	}
	return fmt.Sprintf("%d each to %d", b.each, b.subscribers)
}

func (b backlog) partners() []string {
	all := make([]string, b.subscribers)
	for n := range all {
		all[n] = subscriber(n)
	}
	return all
}

// owing writes {each} events, each about a transfer of its own, for each of the {subscribers}. The ids begin with {name}.
const owing = `INSERT INTO webhook_deliveries (id, partner_tenant_id, event, customer_tenant_id, resource_id, happened_at, status, attempts, attempts_before,
	next_at, ended_at, last_status, last_fault)
WITH RECURSIVE numbers (i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {each})
SELECT '{name}_' || w.partner_tenant_id || '_' || i, w.partner_tenant_id, 'create-transfer', 'customer', '{name}_' || i, stamp({now} - {each} + i), 'waiting', 0, 0,
	stamp({now} - {each} + i), NULL, 0, ''
FROM numbers CROSS JOIN webhook_registrations w WHERE w.partner_tenant_id IN ({partners})`

// owe writes the backlog into the teller's ledger, as a backlog is written that came by and by.
func (s *stage) owe(ctx context.Context, t teller, b backlog) error {
	s.owed++
	quoted := "'" + strings.Join(b.partners(), "', '") + "'"
	gaps := strings.NewReplacer("{each}", fmt.Sprint(b.each), "{name}", fmt.Sprintf("b%d", s.owed), "{now}", fmt.Sprint(time.Now().Unix()), "{partners}", quoted)
	return s.onDatabaseOf(t.on(), func(db *sql.DB, d dialect) error {
		_, err := db.ExecContext(ctx, stamps.ReplaceAllString(gaps.Replace(owing), d.stamp))
		if err == nil {
			_, err = db.ExecContext(ctx, d.settle)
		}
		return err
	})
}

// onDatabaseOf works on the ledger's database, unseen by what counts its statements.
func (s *stage) onDatabaseOf(b *book, work func(*sql.DB, dialect) error) error {
	d := dialects[string(b.Dialect())]
	db, err := sql.Open(d.driver, d.name(s.urls[b]))
	if err != nil {
		return err
	}
	return errors.Join(work(db, d), db.Close())
}

// drain is what it took to tell a backlog.
type drain struct {
	took       time.Duration
	statements int64
	repeated   int // events that were heard more than once
	events     int // of histories
	actions    int
}

// drains owes a backlog and has it told, until the last event is recorded as delivered. On a machine that is too busy some may be heard
// twice.
func (s *stage) drains(ctx context.Context, t teller, b backlog, takes time.Duration) (d drain, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.owe(ctx, t, b); err != nil {
		return d, err
	}
	s.receiver.begin(takes)
	statements, began := t.on().Statements(), time.Now()
	if err := t.tell(ctx, b.partners()); err != nil {
		return d, err
	}
	if err := s.receiver.heard(ctx, b.events()); err != nil {
		return d, err
	}
	if err := s.recorded(ctx, t); err != nil {
		return d, err
	}
	d.took, d.statements = time.Since(began), t.on().Statements()-statements
	if err := t.rest(ctx, b.partners()); err != nil {
		return d, err
	}
	heard, repeated := s.receiver.count()
	if heard != b.events() {
		return d, fmt.Errorf("the receiver heard %d events, not %d (%s)", heard, b.events(), t.name())
	}
	d.repeated = repeated
	d.events, d.actions, err = tally(ctx, t, b)
	return d, err
}

// recorded returns when nothing waits any more.
func (s *stage) recorded(ctx context.Context, t teller) error {
	return s.onDatabaseOf(t.on(), func(db *sql.DB, _ dialect) error {
		return until(ctx, "events are not recorded as delivered", func() (bool, error) {
			var waiting int
			err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'waiting'").Scan(&waiting)
			return waiting == 0, err
		})
	})
}

// tally counts the events and actions of the histories of all that are told.
func tally(ctx context.Context, t teller, b backlog) (events, actions int, err error) {
	for _, s := range b.partners() {
		history, err := t.history(ctx, s)
		if err != nil {
			return 0, 0, err
		}
		events, actions = events+len(history), actions+CountActions(history)
	}
	return events, actions, nil
}
