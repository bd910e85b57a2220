package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"
	"go.temporal.io/sdk/worker"

	"handover/activities"
	"handover/config"
	"handover/internal/app"
	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/platform"
	"handover/internal/transfer"
	"handover/internal/world"
	"handover/test/bench/naive"
	"handover/workflows"
)

// stage is a platform in this process with a worker for each contender and customers whose subscriptions wait to be moved.
type stage struct {
	*platform.Platform
	contenders []contender
	closings   *closings

	mu        sync.Mutex
	customers map[int][]transfer.Customer // not moved yet, by how many subscriptions they have

	closers []func() error // in the order of starting
}

// crowd is a number of customers with the same number of subscriptions.
type crowd struct {
	customers int
	items     int
}

// newStage starts a platform on the database ("postgres" or "sqlite") with the customers.
func newStage(ctx context.Context, database string, crowds ...crowd) (*stage, error) {
	s := &stage{closings: newClosings(), customers: map[int][]transfer.Customer{}}
	if err := s.start(ctx, database, s.populate(crowds)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, database string, content ledger.World) error {
	dir, err := os.MkdirTemp("", "handover-bench-")
	if err != nil {
		return err
	}
	s.onClose(func() error { return os.RemoveAll(dir) })
	var steps *activities.Activities
	settings := platform.Options{
		DataDir: filepath.Join(dir, "data"), HTTP: true,
		Settings: func(c *config.Config) { c.API.RequestsPerSecond = 0 }, // the limit of one partner is not what is measured
		World:    func() (ledger.World, error) { return content, nil },
		Steps: func(a *app.Steps) {
			s.closings.Ledger, a.Ledger = a.Ledger, s.closings
			steps = a.Activities
		},
	}
	if database == "postgres" {
		// PostgreSQL runs as a user of its own, who has to reach its folder.
		if err := os.Chmod(dir, 0o711); err != nil {
			return err
		}
		server, err := pgtest.StartServer(ctx, filepath.Join(dir, "postgres"))
		if err != nil {
			return err
		}
		s.onClose(server.Stop)
		settings.PostgresURL, settings.LedgerURL = server.URL(), server.URL()
	}
	if s.Platform, err = platform.Start(ctx, settings); err != nil {
		return err
	}
	s.onClose(func() error { s.Stop(); return nil })
	return s.startNaive(steps)
}

// startNaive hosts the naive workflow on the same steps, sized like ours.
func (s *stage) startNaive(steps *activities.Activities) error {
	w := worker.New(s.Connection, naive.TaskQueue, worker.Options{MaxConcurrentActivityExecutionSize: s.Settings.Worker.Activities})
	naive.Register(w, steps)
	if err := w.Start(); err != nil {
		return fmt.Errorf("the naive worker did not start: %w", err)
	}
	s.onClose(func() error { w.Stop(); return nil })
	s.contenders = []contender{ours{s.Transfers}, naively{naive.Client{Temporal: s.Connection}}}
	return nil
}

func (s *stage) onClose(f func() error) { s.closers = append(s.closers, f) }

func (s *stage) close() error {
	var failures []error
	for _, f := range slices.Backward(s.closers) {
		failures = append(failures, f())
	}
	return errors.Join(failures...)
}

// populate makes the world of the crowds and remembers who is in it. Large numbers its customers from 0, so each crowd is
// the tail of a larger one.
func (s *stage) populate(crowds []crowd) ledger.World {
	var all ledger.World
	for _, c := range crowds {
		first := len(all.Customers)
		w := world.Large(first+c.customers, c.items)
		held := len(w.Subscriptions) / len(w.Customers)
		all.Partners = w.Partners
		all.Customers = append(all.Customers, w.Customers[first:]...)
		all.Relationships = append(all.Relationships, w.Relationships[first:]...)
		all.Agreements = append(all.Agreements, w.Agreements[first:]...)
		all.Subscriptions = append(all.Subscriptions, w.Subscriptions[first*held:]...)
		s.customers[c.items] = append(s.customers[c.items], w.Customers[first:]...)
	}
	return all
}

// request is a request for a customer with that many subscriptions, each customer once.
func (s *stage) request(items int) (transfer.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.customers[items]
	if len(waiting) == 0 {
		return transfer.Request{}, fmt.Errorf("no customer with %d subscriptions is left", items)
	}
	s.customers[items] = waiting[1:]
	return transfer.Request{
		RequestID: uuid.NewString(), TransferType: 3,
		Actor:            transfer.Actor{PartnerTenantID: world.LargeTarget, UserID: world.LargeTargetUser},
		CustomerTenantID: waiting[0].TenantID, CustomerEmail: waiting[0].Email, CustomerName: waiting[0].Name,
		SourcePartnerTenantID: world.LargeSource, SourcePartnerName: "Large Source", TargetPartnerTenantID: world.LargeTarget,
	}, nil
}

// approval submits everything there is.
func approval() workflows.Approval {
	return workflows.Approval{
		RequestID: uuid.NewString(), AllEligible: true,
		Actor: transfer.Actor{PartnerTenantID: world.LargeSource, UserID: world.LargeSourceUser},
	}
}

// closings tells when a transfer is closed in the ledger, at the moment it is and without asking for it.
type closings struct {
	activities.Ledger

	mu     sync.Mutex
	closed map[string]chan struct{}
}

func newClosings() *closings { return &closings{closed: map[string]chan struct{}{}} }

func (c *closings) CloseTransfer(ctx context.Context, id string) (transfer.Transfer, error) {
	t, err := c.Ledger.CloseTransfer(ctx, id)
	if err == nil {
		c.tell(id)
	}
	return t, err
}

// tell may be called again for a step that is repeated.
func (c *closings) tell(id string) {
	told := c.of(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-told:
	default:
		close(told)
	}
}

// of is closed when the transfer is.
func (c *closings) of(id string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	told, known := c.closed[id]
	if !known {
		told = make(chan struct{})
		c.closed[id] = told
	}
	return told
}

// await returns when the transfer is closed in the ledger.
func (c *closings) await(ctx context.Context, id string) error {
	select {
	case <-c.of(id):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("transfer %s was not closed: %w", id, context.Cause(ctx))
	}
}
