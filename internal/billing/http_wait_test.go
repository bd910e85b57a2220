package billing

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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
