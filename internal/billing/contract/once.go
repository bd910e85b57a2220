package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

func once() []Clause {
	const serve, answer = "What you serve", "How you answer"
	return []Clause{
		{"a move gives a new subscription", answer, "the target's new subscription, never the old id", givesNewID},
		{"a repetition gives the same subscription", serve, "Answer a repetition with the first result.", repeats},
		{"twenty at once give one subscription", serve, "perhaps twice at the same time", repeatsAtOnce},
		{"another key is another move", serve, "Move once per key.", movesOthers},
		{"another move under a used key is refused", serve, "Another move under a key that was used is refused", refusesReuse},
		{"GET tells what was done", serve, "after a `202` or a callback, until it is done or refused", tellsDone},
		{"GET of an unknown key is 404", serve, "`404` for a key you never heard of", tellsUnknown},
		{"the key is read as a whole", serve, "In the path, the key is URL-escaped", readsWholeKeys},
	}
}

func givesNewID(ctx context.Context, p *Peer) error {
	m := newMove()
	id, err := p.moved(ctx, m)
	switch {
	case err != nil:
		return err
	case id == m.old:
		return fmt.Errorf("POST of a new move: expected the id of a new subscription, got that of the old one, %s", id)
	case id == uuid.Nil.String():
		return fmt.Errorf("POST of a new move: expected the id of a new subscription, got %s", id)
	}
	return nil
}

// repeats also gives the line item another number, as a restored ledger may.
func repeats(ctx context.Context, p *Peer) error {
	m := newMove()
	id, err := p.moved(ctx, m)
	if err != nil {
		return err
	}
	for _, again := range []move{m, m, m.with("ordinal", 7)} {
		if err := p.staysPosted(ctx, again, id); err != nil {
			return err
		}
	}
	return nil
}

// staysPosted expects that a repetition of a move that is done gives its result.
func (p *Peer) staysPosted(ctx context.Context, m move, id string) error {
	again, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.post(ctx, m) })
	if err != nil {
		return err
	}
	if again.kind != done || again.id != id {
		return wrong("POST of a move that is done", "200 with subscriptionId "+id, again)
	}
	return nil
}

// staysTold expects that a look at a move that is done gives its result.
func (p *Peer) staysTold(ctx context.Context, m move, id string) error {
	told, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.look(ctx, m.key) })
	if err != nil {
		return err
	}
	if told.kind != done || told.id != id {
		return wrong("GET of a move that is done", "200 with subscriptionId "+id, told)
	}
	return nil
}

func repeatsAtOnce(ctx context.Context, p *Peer) error {
	m := newMove()
	ids, err := p.movedAll(ctx, slices.Repeat([]move{m}, atOnce)...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != ids[0] {
			return fmt.Errorf("%d POSTs of one move at once: expected one subscriptionId, got %s and %s", atOnce, ids[0], id)
		}
	}
	return p.staysPosted(ctx, m, ids[0])
}

func movesOthers(ctx context.Context, p *Peer) error {
	ids, err := p.movedAll(ctx, newMove(), newMove())
	if err != nil {
		return err
	}
	if ids[0] == ids[1] {
		return fmt.Errorf("POST of two moves: expected two subscriptionIds, got %s for both", ids[0])
	}
	return nil
}

func refusesReuse(ctx context.Context, p *Peer) error {
	m := newMove()
	id, err := p.moved(ctx, m)
	if err != nil {
		return err
	}
	for _, other := range []move{m.withSubscription("quantity", 26), m.with("targetPartnerTenantId", uuid.NewString())} {
		a, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.post(ctx, other) })
		if err != nil {
			return err
		}
		if a.kind != refused {
			return wrong("POST of another move under a key that was used", "409 or 422 with a code", a)
		}
	}
	return p.staysPosted(ctx, m, id)
}

func tellsDone(ctx context.Context, p *Peer) error {
	m := newMove()
	id, err := p.moved(ctx, m)
	if err != nil {
		return err
	}
	for range 3 {
		if err := p.staysTold(ctx, m, id); err != nil {
			return err
		}
	}
	return nil
}

func tellsUnknown(ctx context.Context, p *Peer) error {
	a, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.look(ctx, newMove().key) })
	if err != nil {
		return err
	}
	if a.kind != unknown {
		return wrong("GET of a key that was never posted", "404", a)
	}
	return nil
}

// readsWholeKeys moves two subscriptions of one transfer, whose keys differ only after the slash.
func readsWholeKeys(ctx context.Context, p *Peer) error {
	one := newMove()
	transferID, _, _ := strings.Cut(one.key, "/")
	other := newMoveOf(transferID)
	if _, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.post(ctx, one) }); err != nil {
		return err
	}
	a, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.look(ctx, other.key) })
	if err != nil {
		return err
	}
	if a.kind != unknown {
		return wrong("GET of a key that differs from a used one only after the slash (%2F)", "404", a)
	}
	ids, err := p.movedAll(ctx, one, other)
	if err != nil {
		return err
	}
	return p.staysTold(ctx, one, ids[0])
}
