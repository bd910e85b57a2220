// Package outagestore keeps the fact that a billing system is away, which programs share.
//
// A billing system that is not there for anybody is one fact: one row, however many programs find out. Whoever finds it away
// says so now and then; the first one begins the outage, and whoever finds it there again ends it for all. The run that shows
// it is raised when it begins and when it ends.
package outagestore

import (
	"context"
	"time"

	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/store"
)

// causeEnded is that the billing system is there again.
const causeEnded runs.Cause = "answered"

// Store is the outages in a database.
type Store struct{ db *store.DB }

// New is the outages in the database.
func New(db *store.DB) *Store { return &Store{db: db} }

var outages = store.Table[outage.Outage]{
	Name: "outages",
	Columns: `name text, since timestamptz, failures bigint, last_status integer, last_error text, next_at timestamptz,
		ended_at timestamptz`,
	Fields: func(o *outage.Outage) []any {
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
)

// OutageGoesOn records that something was found away. The first such record begins the outage.
func (s *Store) OutageGoesOn(ctx context.Context, seen outage.Sighting) error {
	_, err := store.Write(ctx, s.db, "record that a billing system is away", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		before, _, err := store.One(ctx, tx, lockOutage, outages.Fields, seen.Name)
		if err != nil {
			return 0, err
		}
		o := outage.Outage{
			Name: seen.Name, Since: now.Add(-seen.Lasted), Failures: seen.Failures, Status: seen.Status, Said: seen.Said, NextAt: now.Add(seen.Next),
		}
		if err := store.Insert(ctx, tx, outages, raiseOutage, []outage.Outage{o}); err != nil || before.Open() {
			return 0, err
		}
		return 1, runs.Want(ctx, tx, outageRun(seen.Name, runs.CauseOpened))
	})
	return err
}

// EndOutage records that something is there again, and tells whether it was away until now. With a time, only an outage ends
// that nobody has gone on with for as long since it should have been asked again.
func (s *Store) EndOutage(ctx context.Context, name string, quietFor time.Duration) (ended bool, err error) {
	if o, err := s.Outage(ctx, name); err != nil || !o.Open() {
		return false, err // most of the time there is nothing to write
	}
	return store.Write(ctx, s.db, "record that a billing system is back", func(tx store.Tx) (bool, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return false, err
		}
		o, _, err := store.One(ctx, tx, lockOutage, outages.Fields, name)
		if err != nil || !o.Open() || quietFor > 0 && now.Sub(o.NextAt) < quietFor {
			return false, err
		}
		if _, err := tx.Exec(ctx, endOutage, name, store.Stamp(now)); err != nil {
			return false, err
		}
		return true, runs.Want(ctx, tx, outageRun(name, causeEnded))
	})
}

// Crowded records that more waits for something than it takes at once, so that line items which have to wait are not taken for
// overdue. It is an outage that is over as soon as it is written.
func (s *Store) Crowded(ctx context.Context, name string) error {
	_, err := store.Write(ctx, s.db, "record that line items wait for their turn", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		return 0, store.Insert(ctx, tx, outages, raiseCrowd, []outage.Outage{{Name: name, Since: now, NextAt: now, EndedAt: now}})
	})
	return err
}

// outageRun is the run that shows the outage. There is one name, and one run.
func outageRun(name string, cause runs.Cause) runs.Wanted {
	return runs.Wanted{WorkflowID: outage.WorkflowID, WorkflowType: outage.WorkflowType, SubjectID: name, FairKey: name, Cause: cause}
}

// Outage is the latest outage of that name.
func (s *Store) Outage(ctx context.Context, name string) (outage.Outage, error) {
	return store.Read(ctx, s.db, "read an outage", func(tx store.Tx) (outage.Outage, error) {
		o, _, err := store.One(ctx, tx, selectOutage, outages.Fields, name)
		return o, err
	})
}

// Ongoing are those that go on, the first of them first.
func Ongoing(ctx context.Context, tx store.Tx) ([]outage.Outage, error) {
	return store.All(ctx, tx, selectOpenOutages, outages.Fields)
}
