package contract

import (
	"context"
)

func later() []Clause {
	const section = "When it takes longer"
	return []Clause{
		{"what was accepted is told until it is done", section, "`202` while it is not done, then `200` or a refusal as above.", tellsWhileAtWork},
		{"what is done stays done", section, "Once it is done it stays done, under the same id", staysDone},
	}
}

var errAtOnce = &Note{"it answers at once, so nothing is ever at work"}

// accepted posts a move and returns it while it is at work. Errors: errAtOnce when it was done at once.
func (p *Peer) accepted(ctx context.Context) (move, answer, error) {
	m := newMove()
	a, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.post(ctx, m) })
	switch {
	case err != nil:
		return m, a, err
	case a.kind == done:
		return m, a, errAtOnce
	case a.kind != atWork:
		return m, a, wrong("POST of a new move", "200 with a subscriptionId, or 202", a)
	}
	return m, a, nil
}

// way is one of the ways to hear of a move that was accepted.
type way struct {
	did string
	ask asking
}

// tellsWhileAtWork looks at the usual place and where the 202 says, and posts again, until the move is done.
func tellsWhileAtWork(ctx context.Context, p *Peer) error {
	m, first, err := p.accepted(ctx)
	if err != nil {
		return err
	}
	where, err := p.where(m.key, nil, first)
	if err != nil {
		return err
	}
	ways := []way{
		{"GET of a move that was accepted", func(ctx context.Context) (answer, error) { return p.look(ctx, m.key) }},
		{"GET of the Location of a move that was accepted", func(ctx context.Context) (answer, error) { return p.lookAt(ctx, where) }},
		{"POST of a move that was accepted", func(ctx context.Context) (answer, error) { return p.post(ctx, m) }},
	}
	id := ""
	round := func(ctx context.Context) (last answer, err error) {
		for _, w := range ways {
			if last, err = w.ask(ctx); err != nil {
				return last, err
			}
			if id, err = w.heard(id, last); err != nil {
				return last, err
			}
		}
		return last, nil
	}
	last, err := p.until(ctx, round, func(answer) bool { return id != "" })
	switch {
	case err != nil:
		return err
	case id == "":
		return wrong("GET and POST of a move that was accepted", "200 with a subscriptionId within "+p.settings.Patience.String(), last)
	}
	_, err = round(ctx) // whoever said 202 in the last one says 200 now
	return err
}

// heard returns the id of the new subscription as it is known now, given what was known.
func (w way) heard(id string, a answer) (string, error) {
	switch {
	case a.kind == done && (id == "" || a.id == id):
		return a.id, nil
	case a.kind == busy, id == "" && a.kind == atWork:
		return id, nil
	case id != "":
		return "", wrong(w.did, "200 with subscriptionId "+id+", as just before", a)
	default:
		return "", wrong(w.did, "202, or 200 with a subscriptionId", a)
	}
}

func staysDone(ctx context.Context, p *Peer) error {
	m, _, err := p.accepted(ctx)
	if err != nil {
		return err
	}
	id, err := p.moved(ctx, m)
	if err != nil {
		return err
	}
	for range 3 {
		if err := p.stays(ctx, m, id); err != nil {
			return err
		}
	}
	return nil
}

// stays expects that a move that is done is told and posted again with its result.
func (p *Peer) stays(ctx context.Context, m move, id string) error {
	if err := p.staysTold(ctx, m, id); err != nil {
		return err
	}
	return p.staysPosted(ctx, m, id)
}
