package billing

import "context"

// System is a billing system that can do all that there is.
type System interface {
	Mover
	Asker
	Fencer
}

// Guard makes no call of the billing system that its breaker does not permit, and tells the breaker what became of the others. Besides
// the billing system's own, every call has the error *Away.
func Guard(s System, b *Breaker) System {
	return struct {
		guardedMover
		guardedAsker
		guardedFencer
	}{guardedMover{s, b}, guardedAsker{s, b}, guardedFencer{s, b}}
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
