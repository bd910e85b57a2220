package contract

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

func promise() []Clause {
	const section = "When an item is given up"
	return []Clause{
		{"a key it never heard of is promised", section, "Promise for a key you never heard of, too", promisesUnknown},
		{"what is done is not promised", section, "| `200` with `{\"subscriptionId\": …}` | it is done |", withdrawsNothingDone},
		{"a second DELETE says the same", section, "A repeated `DELETE` gets the same answer.", withdrawsAgain},
		{"POST and DELETE at once have one outcome", section, "Decide between a `POST` and a `DELETE` at the same moment once", racesOnce},
		{"what is at work is done or never", section, "While you are at work, stop it and promise; or finish and answer `200`", withdrawsAtWork},
	}
}

var errNoPromise = &Note{"it cannot promise (404, 405 or 501 to a DELETE), so what is given up is held until an operator resolves it"}

// withdrawn asks for the promise until it is decided. Errors: errNoPromise.
func (p *Peer) withdrawn(ctx context.Context, key string) (answer, error) {
	ask := func(ctx context.Context) (answer, error) { return p.withdraw(ctx, key) }
	a, err := p.until(ctx, ask, func(a answer) bool { return a.kind != busy && a.kind != atWork && a.kind != refused })
	switch {
	case err != nil:
		return a, err
	case a.cannotPromise():
		return a, errNoPromise
	case a.kind != done && a.kind != promised:
		return a, wrong("DELETE of a key", fmt.Sprintf("204, or 200 with a subscriptionId, within %s", p.settings.Patience), a)
	}
	return a, nil
}

// staysPromised expects that a key that was promised is refused.
func (p *Peer) staysPromised(ctx context.Context, m move) error {
	for _, w := range []way{
		{"POST of a key that was promised", func(ctx context.Context) (answer, error) { return p.post(ctx, m) }},
		{"GET of a key that was promised", func(ctx context.Context) (answer, error) { return p.look(ctx, m.key) }},
	} {
		a, err := p.decided(ctx, w.ask)
		if err != nil {
			return err
		}
		if a.kind != refused {
			return wrong(w.did, "409 or 422 with a code", a)
		}
	}
	return nil
}

func promisesUnknown(ctx context.Context, p *Peer) error {
	m := newMove()
	a, err := p.withdrawn(ctx, m.key)
	if err != nil {
		return err
	}
	if a.kind != promised {
		return wrong("DELETE of a key that was never posted", "204", a)
	}
	return p.staysPromised(ctx, m)
}

func withdrawsNothingDone(ctx context.Context, p *Peer) error {
	m := newMove()
	id, err := p.moved(ctx, m)
	if err != nil {
		return err
	}
	a, err := p.withdrawn(ctx, m.key)
	if err != nil {
		return err
	}
	if a.kind != done || a.id != id {
		return wrong("DELETE of a move that is done", "200 with subscriptionId "+id, a)
	}
	return p.stays(ctx, m, id)
}

func withdrawsAgain(ctx context.Context, p *Peer) error {
	key := newMove().key
	first, err := p.withdrawn(ctx, key)
	if err != nil {
		return err
	}
	again, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.withdraw(ctx, key) })
	if err != nil {
		return err
	}
	if again.kind != first.kind || again.id != first.id {
		return wrong("DELETE again", first.String()+", as the first time", again)
	}
	return nil
}

// races is how often POST and DELETE are sent at once.
const races = 40

func racesOnce(ctx context.Context, p *Peer) error {
	if _, err := p.withdrawn(ctx, newMove().key); err != nil {
		return err
	}
	group, side := errgroup.WithContext(ctx)
	group.SetLimit(atOnce / 2)
	for range races {
		group.Go(func() error { return race(side, p) })
	}
	return group.Wait()
}

// race sends POST and DELETE of one key at once. What each of them says, and what is said afterwards, must agree.
func race(ctx context.Context, p *Peer) error {
	m := newMove()
	var posted, withdrawn answer
	pair, side := errgroup.WithContext(ctx)
	pair.Go(func() (err error) {
		posted, err = p.post(side, m)
		return err
	})
	pair.Go(func() (err error) {
		withdrawn, err = p.withdrawn(side, m.key)
		return err
	})
	if err := pair.Wait(); err != nil {
		return err
	}
	if posted.kind == done && (withdrawn.kind != done || withdrawn.id != posted.id) {
		return fmt.Errorf("POST and DELETE of one key at once: expected one outcome, got %s and %s", posted, withdrawn)
	}
	if withdrawn.kind == promised {
		return p.staysPromised(ctx, m)
	}
	if posted.kind == refused {
		return fmt.Errorf("POST and DELETE of one key at once: expected one outcome, got %s and %s", posted, withdrawn)
	}
	return p.stays(ctx, m, withdrawn.id)
}

// withdrawsAtWork asks for the promise while the move is at work. A twin that is posted later shows when it would have been
// done.
func withdrawsAtWork(ctx context.Context, p *Peer) error {
	m, _, err := p.accepted(ctx)
	if err != nil {
		return err
	}
	a, err := p.withdrawn(ctx, m.key)
	if err != nil {
		return err
	}
	if a.kind == done {
		return p.stays(ctx, m, a.id)
	}
	if _, err := p.moved(ctx, newMove()); err != nil {
		return err
	}
	return p.staysPromised(ctx, m)
}
