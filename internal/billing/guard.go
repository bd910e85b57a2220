package billing

import "context"

// System is a billing system that can do all that there is.
type System interface {
	Mover
	Asker
	Fencer
}

// GuardSystem is Guard for a mover that can do everything.
func GuardSystem(s System, b *Breaker) System {
	return struct {
		guardedMover
		guardedAsker
		guardedFencer
	}{guardedMover{s, b}, guardedAsker{s, b}, guardedFencer{s, b}}
}

// Guard makes no call of the billing system that its breaker does not permit, and tells the breaker what became of the
// others. It can do what the mover can: it is an Asker and a Fencer only if the mover is one. Besides the mover's own, every
// call has the error *Away.
func Guard(m Mover, b *Breaker) Mover {
	asker, asks := m.(Asker)
	fencer, fences := m.(Fencer)
	moving := guardedMover{m, b}
	switch s, all := m.(System); {
	case all:
		return GuardSystem(s, b)
	case asks:
		return struct {
			guardedMover
			guardedAsker
		}{moving, guardedAsker{asker, b}}
	case fences:
		return struct {
			guardedMover
			guardedFencer
		}{moving, guardedFencer{fencer, b}}
	}
	return moving
}

type guardedMover struct {
	mover Mover
	by    *Breaker
}

func (g guardedMover) Move(ctx context.Context, m Move) (string, error) {
	return guarded(ctx, g.by, m.Key, func() (string, error) { return g.mover.Move(ctx, m) })
}

func (g guardedMover) Immediate() bool { return g.mover.Immediate() }

// Admits tells whether a call would be made now, for callers who have something to write before it. Error: *Away.
func (g guardedMover) Admits() error { return g.by.Admits() }

type guardedAsker struct {
	asker Asker
	by    *Breaker
}

func (g guardedAsker) Ask(ctx context.Context, q Question) (string, error) {
	return guarded(ctx, g.by, q.Key, func() (string, error) { return g.asker.Ask(ctx, q) })
}

type guardedFencer struct {
	fencer Fencer
	by     *Breaker
}

func (g guardedFencer) Fence(ctx context.Context, q Question) (string, error) {
	return guarded(ctx, g.by, q.Key, func() (string, error) { return g.fencer.Fence(ctx, q) })
}

// guarded makes a call that the breaker permits. One that panics or that our own side ended says nothing of the billing
// system.
func guarded(ctx context.Context, b *Breaker, key string, call func() (string, error)) (id string, err error) {
	if b.rooms != nil {
		select {
		case b.rooms <- struct{}{}:
			defer func() { <-b.rooms }()
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	p, err := b.enter()
	if err != nil {
		return "", err
	}
	ours := true
	defer func() { b.note(p, key, err, ours) }()
	id, err = call()
	ours = err != nil && ctx.Err() != nil
	return id, err
}

// Admits asks a mover that is guarded whether it would make a call now. Error: *Away.
func Admits(m Mover) error {
	if g, is := m.(interface{ Admits() error }); is {
		return g.Admits()
	}
	return nil
}
