package contract

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Extension: the entity tag changes with whatever the viewer sees, and with nothing else.
func TestETagOfATransfer(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Quick", atOnce), licence("Waiting", stuck))
	answer := target.post(t, transfers(customer), request())
	path := answer.header.Get("Location")
	tag := func(c client) string {
		a := c.get(t, path)
		require.Equal(t, http.StatusOK, a.status)
		require.Regexp(t, `^"[0-9a-f]+"$`, a.header.Get("ETag"))
		return a.header.Get("ETag")
	}
	assert.Equal(t, answer.header.Get("ETag"), tag(target))
	assert.Equal(t, tag(target), tag(target))
	before := map[*client]string{&source: tag(source), &target: tag(target)}
	labelled := source.patch(t, path, object{"tags": []string{"leaving"}})
	assert.Equal(t, labelled.header.Get("ETag"), tag(source))
	assert.NotEqual(t, before[&source], tag(source))
	assert.Equal(t, before[&target], tag(target), "the other party's labels are nobody else's business")

	as[object](t, source.patch(t, path, everything), http.StatusOK)
	assert.NotEqual(t, before[&target], tag(target))
	eventually(t, "the quick one has moved", func() bool { return as[object](t, target.get(t, path), http.StatusOK)["lineItemCount"] == 1.0 })
	assert.NotEqual(t, before[&target], tag(target))
}

// If-None-Match: 304 without a body while nothing changed.
func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	path, _ := created(t, customer(t))
	read := func(match string) answer {
		return target.do(t, call{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": match}})
	}
	first := target.get(t, path)
	tag := first.header.Get("ETag")
	for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		again := read(match)
		assert.Equal(t, http.StatusNotModified, again.status, match)
		assert.Empty(t, again.body)
		assert.Equal(t, tag, again.header.Get("ETag"))
	}
	assert.Equal(t, first.body, read(`"other"`).body)
	as[object](t, target.patch(t, path, cancel), http.StatusOK)
	assert.Equal(t, "Cancel", as[object](t, read(tag), http.StatusOK)["status"])
}

// If-Match: a decision about a state that is no more is 412, and nothing happens.
func TestIfMatchOfTransfers(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	decide := func(c client, body object, match string) answer {
		return c.do(t, call{method: http.MethodPatch, path: path, body: body, header: map[string]string{"If-Match": match}})
	}
	stale := source.get(t, path).header.Get("ETag")
	as[object](t, decide(source, object{"externalReference": "4711"}, stale), http.StatusOK)
	for _, body := range []object{everything, decline, {"externalReference": "4712"}} {
		assert.Equal(t, "ChangedMeanwhile", refused(t, decide(source, body, stale), http.StatusPreconditionFailed, "2055")["errorName"])
	}
	refused(t, decide(target, cancel, stale), http.StatusPreconditionFailed, "2055")
	assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK))
	assert.Equal(t, "4711", as[object](t, source.get(t, path), http.StatusOK)["externalReference"])
	present := source.get(t, path).header.Get("ETag")
	assert.Equal(t, "Reject", as[object](t, decide(source, decline, `"other", `+present), http.StatusOK)["status"])
}
