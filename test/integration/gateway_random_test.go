package integration

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/world"
)

// The gateway is killed again and again, at moments that nobody chose, while clients repeat what they asked until it is
// answered. Whatever it was doing, each request is answered rightly and done once.
func TestAGatewayKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const (
		kills   = 20
		sets    = 9
		longest = 60_000 // microseconds from sending to the kill; an undisturbed write takes about the half
		seed    = 3
	)
	onBoth(t, func(t *testing.T, ledgerURL string) {
		s := setScene(t, ledgerURL, world.Large(sets*kinds, 2))
		var writes []write
		for set := range sets {
			writes = append(writes, s.writes(t, set)...)
		}
		chance := rand.New(rand.NewPCG(seed, 0))
		chance.Shuffle(len(writes), func(i, j int) { writes[i], writes[j] = writes[j], writes[i] })
		answers := make([]chan reply, 0, len(writes))
		for round := range kills {
			for _, w := range writes[round*len(writes)/kills : (round+1)*len(writes)/kills] {
				answers = append(answers, s.keepAsking(w.ask))
			}
			time.Sleep(time.Duration(chance.IntN(longest)) * time.Microsecond)
			s.kill(t)
			s.start(t)
		}
		assert.NotZero(t, s.interrupted.Load(), "No kill met a request on its way.")
		for i, answered := range answers {
			select {
			case r := <-answered:
				writes[i].rightly(t, r)
				assert.Equal(t, r, s.hear(t, writes[i].ask), "%s: not the same answer again", writes[i].name)
			case <-time.After(patience):
				assert.Fail(t, "There is no answer.", writes[i].name)
			}
		}
		s.onceEach(t, writes)
		s.verified(t)
	})
}

// keepAsking sends the request until it is answered.
func (s *scene) keepAsking(a ask) chan reply {
	answered := make(chan reply, 1)
	go func() {
		if r, err := s.finally(a); err == nil {
			answered <- r
		}
	}()
	return answered
}
