package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// The gateway is killed at each point between receiving and answering, every kind of write being at that point. After its
// next start the same requests get their right answers, each was done once, and asked again they say the same.
func TestAKilledGatewayAnswersTheSameRequest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(outer *testing.T, ledgerURL string) {
		points := []struct {
			name   string
			arrive func(*ordeal)
		}{
			{"half of the request has arrived", (*ordeal).halfReceived},
			{"not yet claimed", (*ordeal).received},
			{"claimed, nothing done", (*ordeal).claimed},
			{"done, the answer not kept", (*ordeal).done},
			{"the answer kept, not heard", (*ordeal).answered},
		}
		s := setScene(outer, ledgerURL, world.Large(len(points)*kinds, 2))
		in := reachInto(outer, ledgerURL)
		for i, point := range points {
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
		o.letGo = o.in.holds(o.T, "BEGIN", "LOCK TABLE api_requests IN SHARE MODE")
		o.heard = o.begin(asks(o.writes)...)
		eventually(o.T, "all wait to claim", func() bool { return o.in.waiting(o.T) >= len(o.writes) })
	} else {
		o.letGo = o.in.holds(o.T, "BEGIN IMMEDIATE")
		for _, w := range o.writes {
			o.started(o.T, w.ask, w.ask.body)
		}
		o.heard = func() []outcome { return nil }
	}
	require.Zero(o.T, o.in.claimed(o.T, o.writes))
}

// claimed: what a write does has begun and is not committed. PostgreSQL holds every transaction that would do it; on SQLite
// the worker is stopped, and the writes that do without it are left to the test that kills at random.
func (o *ordeal) claimed() {
	if o.in.postgres {
		o.letGo = o.in.holds(o.T, "BEGIN", "LOCK TABLE transfers, transfer_labels, subscriptions, agreements IN SHARE MODE")
	} else {
		o.writes = durable(o.writes)
		o.letGo = o.pauseWorker(o.T, o.in)
	}
	o.heard = o.begin(asks(o.writes)...)
	eventually(o.T, "all are claimed", func() bool { return o.in.claimed(o.T, o.writes) == len(o.writes) })
	if o.in.postgres {
		eventually(o.T, "all wait to do it", func() bool { return o.in.waiting(o.T) >= len(o.writes) })
	}
	for _, w := range o.writes {
		require.False(o.T, w.done(), w.name)
	}
}

// done: what the writes do is committed, and no answer is kept. PostgreSQL holds every answer; SQLite refuses it, and the
// gateway tells its client to ask again.
func (o *ordeal) done() {
	if o.in.postgres {
		o.in.does(o.T, `CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$`,
			`CREATE TRIGGER no_answer BEFORE UPDATE OF status ON api_requests FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()`)
		o.letGo = o.in.holds(o.T, "BEGIN", "SELECT pg_advisory_xact_lock(1)")
	} else {
		o.in.does(o.T, `CREATE TRIGGER no_answer BEFORE UPDATE OF status ON api_requests BEGIN SELECT RAISE(ABORT, 'not now'); END`)
		o.letGo = func() { o.in.does(o.T, "DROP TRIGGER no_answer") }
	}
	o.heard = o.begin(asks(o.writes)...)
	for _, w := range o.writes {
		eventually(o.T, w.name+" is done", w.done)
	}
	require.Zero(o.T, o.in.answered(o.T, o.writes))
}

// answered: every answer is kept, and its client has gone away without it.
func (o *ordeal) answered() {
	for _, w := range o.writes {
		o.started(o.T, w.ask, w.ask.body)
	}
	eventually(o.T, "all are answered", func() bool { return o.in.answered(o.T, o.writes) == len(o.writes) })
	o.letGo, o.heard = func() {}, func() []outcome { return nil }
}

// durable are those of the writes that go through Temporal.
func durable(writes []write) []write {
	var found []write
	for _, w := range writes {
		if w.durable {
			found = append(found, w)
		}
	}
	return found
}
