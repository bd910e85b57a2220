package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/worker"

	activities "handover/activities/transfers"
	"handover/config"
	"handover/internal/app"
	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/platform"
	"handover/test/bench/naive"
)

// stage is a platform in this process with a worker for each contender that needs one. The naive contender has a ledger of
// its own, in the same database server or folder, so that the platform's relay leaves the e-mail to it.
type stage struct {
	*platform.Platform
	book       *book // the platform's ledger
	contenders []contender
	urls       map[*book]string // of the ledgers
	naiveBook  *book
	wakeRelay  func()    // tells the platform's relay that e-mail is owed
	receiver   *receiver // of what subscribers are told
	tellers    []teller
	owed       int // backlogs that were owed until now

	closers []func() error // in the order of starting
}

// newStage starts a platform on the database ("postgres" or "sqlite") with the customers, for all contenders.
func newStage(ctx context.Context, database string, crowds ...crowd) (*stage, error) {
	s := &stage{}
	if err := s.start(ctx, database, crowds); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, database string, crowds []crowd) error {
	dir, err := os.MkdirTemp("", "handover-bench-")
	if err != nil {
		return err
	}
	s.onClose(func() error { return os.RemoveAll(dir) })
	own, content := newBook(crowds)
	var steps app.Steps
	settings := platform.Options{
		DataDir: filepath.Join(dir, "data"), HTTP: true,
		Settings: func(c *config.Config) { // the limits of one partner are not what is measured
			c.API.RequestsPerSecond, c.Transfers.PerDay = 0, 0
		},
		World: func() (ledger.World, error) { return content, nil },
		Steps: func(a *app.Steps) {
			own.closings.on(a.Transfers)
			steps = *a
		},
	}
	naiveURL := "sqlite://" + filepath.Join(dir, "naive.db")
	if database == "postgres" {
		if settings.PostgresURL, naiveURL, err = s.startPostgres(ctx, dir); err != nil {
			return err
		}
		settings.LedgerURL = settings.PostgresURL
	}
	if s.Platform, err = platform.Start(ctx, settings); err != nil {
		return err
	}
	s.onClose(func() error { s.Stop(); return nil })
	own.Ledger, s.book = s.Ledger, own
	s.urls, s.wakeRelay = map[*book]string{own: s.Settings.LedgerURL}, steps.Transfers.HandOver
	s.contenders = []contender{ours{own, s.Connection}, barely{own, steps.Transfers}}
	return s.startNaive(ctx, naiveURL, crowds, steps)
}

// startPostgres starts a server with a database for the platform and one for the naive contender's ledger.
func (s *stage) startPostgres(ctx context.Context, dir string) (platform, naive string, err error) {
	// PostgreSQL runs as a user of its own, who has to reach its folder.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", "", err
	}
	server, err := pgtest.StartServer(ctx, filepath.Join(dir, "postgres"))
	if err != nil {
		return "", "", err
	}
	s.onClose(server.Stop)
	connection, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return "", "", err
	}
	_, err = connection.Exec(ctx, "CREATE DATABASE naive")
	at, unread := url.Parse(server.URL())
	if err := errors.Join(err, connection.Close(ctx), unread); err != nil {
		return "", "", err
	}
	at.Path = "/naive"
	return server.URL(), at.String(), nil
}

// startNaive hosts the naive workflow, sized like ours, on a ledger like ours.
func (s *stage) startNaive(ctx context.Context, ledgerURL string, crowds []crowd, like app.Steps) error {
	b, content := newBook(crowds)
	var err error
	if b.Ledger, err = ledger.Open(ctx, ledgerURL, ledger.Options{Policy: s.Settings.Transfers.Policy()}); err != nil {
		return err
	}
	s.onClose(b.Close)
	if err := b.Seed(ctx, content); err != nil {
		return err
	}
	items := &activities.Activities{Ledger: b.Ledger, Mover: like.Transfers.Mover}
	b.closings.on(items)
	s.urls[b], s.naiveBook = ledgerURL, b
	w := worker.New(s.Connection, naive.TaskQueue, worker.Options{MaxConcurrentActivityExecutionSize: s.Settings.Worker.Activities})
	naive.Register(w, &naive.Steps{Ledger: b.Ledger, Mailer: like.Mailer, Items: items})
	naive.RegisterDelivery(w, &naive.Tellers{Ledger: b.Ledger, Courier: like.Delivery.Courier})
	if err := w.Start(); err != nil {
		return fmt.Errorf("the naive worker did not start: %w", err)
	}
	s.onClose(func() error { w.Stop(); return nil })
	s.contenders = slices.Insert(s.contenders, 1, contender(naively{b, naive.Client{Temporal: s.Connection}}))
	return s.startTelling(ctx, b, like.Delivery)
}

func (s *stage) onClose(f func() error) { s.closers = append(s.closers, f) }

func (s *stage) close() error {
	var failures []error
	for _, f := range slices.Backward(s.closers) {
		failures = append(failures, f())
	}
	return errors.Join(failures...)
}

// verified checks the invariants of everything that was measured.
func (s *stage) verified(ctx context.Context) error {
	var failures []error
	for _, c := range s.contenders {
		failures = append(failures, c.on().verified(ctx))
	}
	return errors.Join(failures...)
}
