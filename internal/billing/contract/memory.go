package contract

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

func memory() []Clause {
	return []Clause{
		{"a restart forgets nothing", "Who must remember what, for how long", "Remember it in the transaction that moves the subscription.", remembers},
	}
}

// remembers restarts the system while it is asked for moves. Whatever it said before holds afterwards.
func remembers(ctx context.Context, p *Peer) error {
	if p.settings.Restart == nil {
		return &Note{"nobody said how to restart it"}
	}
	finished, given, moves := newMove(), newMove(), make([]move, 2*atOnce)
	id, err := p.moved(ctx, finished)
	if err != nil {
		return err
	}
	_, err = p.withdrawn(ctx, given.key)
	if err != nil && !errors.Is(err, errNoPromise) {
		return err
	}
	promises := err == nil
	said, err := p.restartAmid(ctx, moves)
	if err != nil {
		return err
	}
	if err := p.stays(ctx, finished, id); err != nil {
		return fmt.Errorf("after a restart: %w", err)
	}
	if promises {
		if err := p.staysPromised(ctx, given); err != nil {
			return fmt.Errorf("after a restart: %w", err)
		}
	}
	return p.standsBy(ctx, moves, said)
}

// restartAmid posts the moves while the system is killed, and returns what it said to those that it answered.
func (p *Peer) restartAmid(ctx context.Context, moves []move) ([]answer, error) {
	said := make([]answer, len(moves))
	var posts errgroup.Group
	posts.SetLimit(atOnce)
	restarted := make(chan error, 1)
	for i := range moves {
		moves[i] = newMove()
		if i == len(moves)/2 {
			go func() { restarted <- p.settings.Restart(ctx) }()
		}
		posts.Go(func() error {
			if a, err := p.post(ctx, moves[i]); err == nil {
				said[i] = a
			}
			return nil // a killed system need not answer
		})
	}
	_ = posts.Wait()
	if err := <-restarted; err != nil {
		return nil, fmt.Errorf("the billing system could not be restarted: %w", err)
	}
	return said, p.reach(ctx)
}

// standsBy asks for the moves again, and expects the ids that were said already.
func (p *Peer) standsBy(ctx context.Context, moves []move, said []answer) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, m := range moves {
		group.Go(func() error {
			id, err := p.moved(ctx, m)
			if err != nil {
				return fmt.Errorf("after a restart: %w", err)
			}
			if said[i].kind == done && said[i].id != id {
				return fmt.Errorf("POST of a move that was done before a restart: expected subscriptionId %s, got %s", said[i].id, id)
			}
			return p.stays(ctx, m, id)
		})
	}
	return group.Wait()
}
