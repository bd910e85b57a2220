package ledger

// A billing system that is not there for anybody is one fact: one row, however many programs find out. Whoever finds it away
// says so now and then; the first one begins the outage, and whoever finds it there again ends it for all. The run that shows
// it is raised when it begins and when it ends.

import (
	"context"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

// BillingOutage is the name of the outage of the billing system.
const BillingOutage = "billing"

// BillingCrowd is the name under which it is known that line items wait for a slot at the billing system.
const BillingCrowd = "billing slots"

// Outage is how something that line items wait for has been away, and whether it still is.
type Outage struct {
	Name     string
	Since    time.Time // zero when it never was
	Failures int64     // calls in vain, as far as they were reported
	Status   int       // HTTP status of the latest answer; zero when there was none
	Said     string    // what it said, which may be anything
	NextAt   time.Time // when it is asked again
	EndedAt  time.Time // zero while it goes on
}

// Open tells whether the outage goes on.
func (o Outage) Open() bool { return !o.Since.IsZero() && o.EndedAt.IsZero() }

// Sighting is what a program says that found something away. Times are given as durations, because the ledger's clock counts.
type Sighting struct {
	Name     string
	Lasted   time.Duration // for how long this program has found it so
	Failures int64         // since its previous sighting
	Status   int
	Said     string
	Next     time.Duration // until it asks again
}

var outages = store.Table[Outage]{
	Name: "outages",
	Columns: `name text, since timestamptz, failures bigint, last_status integer, last_error text, next_at timestamptz,
		ended_at timestamptz`,
	Fields: func(o *Outage) []any {
		return []any{&o.Name, (*store.Stamp)(&o.Since), &o.Failures, &o.Status, &o.Said, (*store.Stamp)(&o.NextAt), (*store.Stamp)(&o.EndedAt)}
	},
}

// raiseOutage begins an outage, or goes on with the one there is.
var raiseOutage = outages.Insert(`ON CONFLICT (name) DO UPDATE SET
	since = CASE WHEN outages.ended_at IS NULL THEN outages.since ELSE excluded.since END,
	failures = CASE WHEN outages.ended_at IS NULL THEN outages.failures ELSE 0 END + excluded.failures,
	last_status = excluded.last_status, last_error = excluded.last_error, next_at = excluded.next_at, ended_at = NULL`)

// raiseCrowd brings the time up to date.
var raiseCrowd = outages.Insert(`ON CONFLICT (name) DO UPDATE SET since = excluded.since, next_at = excluded.next_at, ended_at = excluded.ended_at`)

var (
	selectOutage      = store.Both(`SELECT ` + outages.Columns.Of("o") + ` FROM outages o WHERE o.name = $1`)
	lockOutage        = store.Both(`SELECT ` + outages.Columns.Of("o") + ` FROM outages o WHERE o.name = $1 FOR UPDATE`)
	selectOpenOutages = store.Both(`SELECT ` + outages.Columns.Of("o") + ` FROM outages o WHERE o.ended_at IS NULL ORDER BY o.since`)
	endOutage         = store.Both(`UPDATE outages SET ended_at = $2 WHERE name = $1`)
	countOpenItems    = store.Both(`SELECT COUNT(*) FROM line_items WHERE status = 'InProgress'`)
)

// OutageGoesOn records that something was found away. The first such record begins the outage.
func (l *Ledger) OutageGoesOn(ctx context.Context, s Sighting) error {
	_, err := write(ctx, l, "record that a billing system is away", func(on session) (int, error) {
		now, err := l.Time(ctx, on)
		if err != nil {
			return 0, err
		}
		before, _, err := store.One(ctx, on, lockOutage, outages.Fields, s.Name)
		if err != nil {
			return 0, err
		}
		o := Outage{
			Name: s.Name, Since: now.Add(-s.Lasted), Failures: s.Failures, Status: s.Status, Said: s.Said, NextAt: now.Add(s.Next),
		}
		if err := store.Insert(ctx, on, outages, raiseOutage, []Outage{o}); err != nil || before.Open() {
			return 0, err
		}
		return 1, on.want(ctx, outageRun(s.Name, CauseOpened))
	})
	return err
}

// EndOutage records that something is there again, and tells whether it was away until now. With a time, only an outage ends
// that nobody has gone on with for as long since it should have been asked again.
func (l *Ledger) EndOutage(ctx context.Context, name string, quietFor time.Duration) (ended bool, err error) {
	if o, err := l.Outage(ctx, name); err != nil || !o.Open() {
		return false, err // most of the time there is nothing to write
	}
	return write(ctx, l, "record that a billing system is back", func(s session) (bool, error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return false, err
		}
		o, _, err := store.One(ctx, s, lockOutage, outages.Fields, name)
		if err != nil || !o.Open() || quietFor > 0 && now.Sub(o.NextAt) < quietFor {
			return false, err
		}
		if _, err := s.Exec(ctx, endOutage, name, store.Stamp(now)); err != nil {
			return false, err
		}
		return true, s.want(ctx, outageRun(name, CauseAnswered))
	})
}

// Crowded records that more waits for something than it takes at once, so that line items which have to wait are not taken for
// overdue. It is an outage that is over as soon as it is written.
func (l *Ledger) Crowded(ctx context.Context, name string) error {
	_, err := write(ctx, l, "record that line items wait for their turn", func(s session) (int, error) {
		now, err := l.Time(ctx, s)
		if err != nil {
			return 0, err
		}
		return 0, store.Insert(ctx, s, outages, raiseCrowd, []Outage{{Name: name, Since: now, NextAt: now, EndedAt: now}})
	})
	return err
}

// outageRun is the run that shows the outage. There is one name, and one run.
func outageRun(name string, cause Cause) Wanted {
	return Wanted{WorkflowID: transfer.OutageWorkflowID, WorkflowType: transfer.OutageWorkflowType, SubjectID: name, FairKey: name, Cause: cause}
}

// Outage is the latest outage of that name.
func (l *Ledger) Outage(ctx context.Context, name string) (Outage, error) {
	return read(ctx, l, "read an outage", func(s session) (Outage, error) {
		o, _, err := store.One(ctx, s, selectOutage, outages.Fields, name)
		return o, err
	})
}

// OpenItems counts the line items that are not over, of all transfers.
func (l *Ledger) OpenItems(ctx context.Context) (int, error) {
	return read(ctx, l, "count open line items", func(s session) (int, error) {
		n, _, err := store.One(ctx, s, countOpenItems, store.Value[int])
		return n, err
	})
}
