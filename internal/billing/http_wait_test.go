package billing

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A long Retry-After must not look like a dead worker.
func TestLongWaitsKeepBeating(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		ctx := WithHeartbeat(t.Context(), func() { beats++ })
		h := &HTTP{settings: HTTPSettings{Poll: time.Hour}}
		start := time.Now()
		assert.NoError(t, h.pause(ctx, 35*time.Second, nil))
		assert.Equal(t, 35*time.Second, time.Since(start), "in the bubble's own time")
		assert.Equal(t, 3, beats)
	})
}

// What is registered is forgotten again; otherwise a worker that lives for years would grow with every move.
func TestNothingIsRememberedAfterTheWait(t *testing.T) {
	t.Parallel()
	var w waiting
	first, forgetFirst := w.register("key")
	second, forgetSecond := w.register("key")
	w.wake("key")
	w.wake("key")
	<-first
	<-second
	forgetFirst()
	assert.Len(t, w.byKey, 1)
	forgetSecond()
	assert.Empty(t, w.byKey)
	w.wake("key")
}
