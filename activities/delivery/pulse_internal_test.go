package delivery

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A step is heard of every five seconds, whatever it does meanwhile, and also while a heartbeat takes its time; not once it is over.
func TestPulse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		stop := pulse(func() { beats++ })
		<-time.After(time.Minute + time.Second)
		stop()
		assert.Equal(t, 12, beats)
		<-time.After(time.Minute)
		assert.Equal(t, 12, beats)

		var under atomic.Bool
		stop = pulse(func() { under.Store(true); <-time.After(4 * time.Second); under.Store(false); beats++ })
		<-time.After(31 * time.Second)
		assert.True(t, under.Load())
		stop()
		assert.False(t, under.Load(), "no heartbeat is left behind")
		assert.Equal(t, 12+6, beats)
	})
}
