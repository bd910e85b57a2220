package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	activities "handover/activities/transfers"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/transfer"
	"handover/internal/world"
)

// book is a ledger with customers whose subscriptions wait to be moved.
type book struct {
	*ledger.Ledger
	closings *closings

	mu        sync.Mutex
	customers map[int][]programme.Customer // not moved yet, by how many subscriptions they have

	neverTold int // runs that are behind for good
}

// crowd is a number of customers with the same number of subscriptions.
type crowd struct {
	customers int
	items     int
}

// newBook is a book without a ledger, and what that is to be seeded with. Large numbers its customers from 0, so each crowd
// is the tail of a larger one.
func newBook(crowds []crowd) (*book, ledger.World) {
	b := &book{closings: &closings{closed: map[string]chan struct{}{}}, customers: map[int][]programme.Customer{}}
	all := ledger.World{Partners: slices.Concat(world.Large(0, 0).Partners, subscribers())}
	for _, c := range crowds {
		first := len(all.Customers)
		w := world.Large(first+c.customers, c.items)
		held := len(w.Subscriptions) / len(w.Customers)
		all.Customers = append(all.Customers, w.Customers[first:]...)
		all.Relationships = append(all.Relationships, w.Relationships[first:]...)
		all.Agreements = append(all.Agreements, w.Agreements[first:]...)
		all.Subscriptions = append(all.Subscriptions, w.Subscriptions[first*held:]...)
		b.customers[c.items] = append(b.customers[c.items], w.Customers[first:]...)
	}
	return b, all
}

// request is a request for a customer with that many subscriptions, each customer once.
func (b *book) request(items int) (transfer.Request, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := b.customers[items]
	if len(waiting) == 0 {
		return transfer.Request{}, fmt.Errorf("no customer with %d subscriptions is left", items)
	}
	b.customers[items] = waiting[1:]
	return transfer.Request{
		RequestID: uuid.NewString(), TransferType: 3,
		Actor:            kernel.Actor{PartnerTenantID: world.LargeTarget, UserID: world.LargeTargetUser},
		CustomerTenantID: waiting[0].TenantID, CustomerEmail: waiting[0].Email, CustomerName: waiting[0].Name,
		SourcePartnerTenantID: world.LargeSource, SourcePartnerName: "Large Source", TargetPartnerTenantID: world.LargeTarget,
	}, nil
}

// approval submits everything there is.
func approval() transfer.Approval {
	return transfer.Approval{
		RequestID: uuid.NewString(), Selection: transfer.Selection{AllEligible: true},
		Actor: kernel.Actor{PartnerTenantID: world.LargeSource, UserID: world.LargeSourceUser},
	}
}

// askEvery is how often it is asked whether something that goes on beside is over.
const askEvery = 2 * time.Millisecond

// until asks again and again until the answer is yes.
func until(ctx context.Context, what string, ask func() (bool, error)) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		if yes, err := ask(); err != nil || yes {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
	}
}

// quiet returns when all e-mail was sent and every run was told that ever will be, and how many statements it took to find
// out.
func (b *book) quiet(ctx context.Context) (statements int64, err error) {
	err = until(ctx, "mail or runs still wait", func() (bool, error) {
		statements += 2
		mail, failed := b.MailWaiting(ctx)
		runs, _, err := b.RunsWaiting(ctx)
		return mail.Count == 0 && runs == b.neverTold, errors.Join(failed, err)
	})
	return statements, err
}

// verified checks the invariants of everything that was measured.
func (b *book) verified(ctx context.Context) error {
	findings, err := b.Verify(ctx)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Count > 0 {
			return fmt.Errorf("the ledger breaks %s (%s) %d times: %q", f.Invariant, f.Says, f.Count, f.Broken)
		}
	}
	return nil
}

// closings tells when a transfer is closed in the ledger, at the moment it is and without asking for it.
type closings struct {
	activities.Ledger

	mu     sync.Mutex
	closed map[string]chan struct{}
}

// on makes the steps close transfers here.
func (c *closings) on(steps *activities.Activities) { c.Ledger, steps.Ledger = steps.Ledger, c }

// CloseTransfer closes the transfer and tells of it if it is over.
func (c *closings) CloseTransfer(ctx context.Context, id string) (transfer.Standing, error) {
	now, err := c.Ledger.CloseTransfer(ctx, id)
	if err == nil && now.Status.Final() {
		c.tell(id)
	}
	return now, err
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
