package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// Row 1 of the races: the gateway is killed at each point between receiving and answering, every kind of write being at that
// point. Until a write is committed there is nothing of it, from then on all of it. After the gateway's next start the same
// requests get their right answers, each was done once, and asked again they say the same.
func TestAKilledGatewayAnswersTheSameRequest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(outer *testing.T, ledgerURL string) {
		points := []struct {
			name         string
			onlyPostgres bool // SQLite has one writer, which cannot be held up in the midst
			arrive       func(*ordeal)
		}{
			{"half of the request has arrived", false, (*ordeal).halfReceived},
			{"not yet claimed", false, (*ordeal).received},
			{"claimed, nothing decided", true, (*ordeal).claimed},
			{"done, the answer not kept", true, (*ordeal).done},
			{"all kept, the answer not heard", false, (*ordeal).answered},
		}
		s := setScene(outer, ledgerURL, world.Large(len(points)*kinds, 2), patient(outer, ledgerURL))
		in := reachInto(outer, ledgerURL)
		for i, point := range points {
			if point.onlyPostgres && !in.postgres {
				continue
			}
			outer.Run(point.name, func(t *testing.T) {
				o := &ordeal{T: t, scene: s, in: in, writes: s.writes(t, i)}
				point.arrive(o)
				s.kill(t)
				o.letGo()
				for i, heard := range o.heard() {
					assert.True(t, heard.err != nil || heard.again(), "%s was answered before the gateway died: %s", o.writes[i].name, heard.body)
				}
				s.start(outer) // for the points that follow too
				s.onceEach(t, o.writes)
			})
		}
		s.verified(outer)
	})
}

// ordeal brings a set of writes to a point and holds them there.
type ordeal struct {
	*testing.T
	*scene
	in     hand
	writes []write
	letGo  func()
	heard  func() []outcome // what the clients heard of it
}

// halfReceived: the gateway waits for the rest of each body.
func (o *ordeal) halfReceived() {
	for _, w := range o.writes {
		o.started(o.T, w.ask, w.ask.body[:len(w.ask.body)/2])
	}
	o.letGo, o.heard = func() {}, func() []outcome { return nil }
}

// received: the gateway has everything and cannot write to the ledger. Of SQLite's one writer only that is known, and it is
// enough: nothing of what it does can be there.
func (o *ordeal) received() {
	if o.in.postgres {
		o.heldUp("LOCK TABLE api_requests IN SHARE MODE")
	} else {
		o.letGo = o.in.holds(o.T, "BEGIN IMMEDIATE")
		for _, w := range o.writes {
			o.started(o.T, w.ask, w.ask.body)
		}
		o.heard = func() []outcome { return nil }
	}
	o.nothingThere()
}

// claimed: each request is claimed and waits for what it is about.
func (o *ordeal) claimed() {
	o.heldUp("LOCK TABLE transfers, transfer_labels, subscriptions, agreements IN EXCLUSIVE MODE")
	o.nothingThere()
}

// done: everything that the writes do is written, and the answer waits to be.
func (o *ordeal) done() {
	o.in.does(o.T, `CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$`,
		`CREATE TRIGGER no_answer BEFORE UPDATE OF status ON api_requests FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()`)
	o.heldUp("SELECT pg_advisory_xact_lock(1)")
	o.nothingThere()
}

// heldUp sends the writes and returns once each waits for this lock.
func (o *ordeal) heldUp(lock string) {
	o.letGo = o.in.holds(o.T, "BEGIN", lock)
	o.heard = o.begin(asks(o.writes)...)
	eventually(o.T, "all wait", func() bool { return o.in.waiting(o.T) >= len(o.writes) })
}

// nothingThere shows that nothing is committed: no answer and no effect.
func (o *ordeal) nothingThere() {
	require.Zero(o.T, o.in.answered(o.T, o.writes))
	for _, w := range o.writes {
		require.False(o.T, w.done(), w.name)
	}
}

// answered: every answer is kept, and its client has gone away without it.
func (o *ordeal) answered() {
	for _, w := range o.writes {
		o.started(o.T, w.ask, w.ask.body)
	}
	eventually(o.T, "all are answered", func() bool { return o.in.answered(o.T, o.writes) == len(o.writes) })
	o.letGo, o.heard = func() {}, func() []outcome { return nil }
}
