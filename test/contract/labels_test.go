package contract

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// labels are the labels in an answer.
func labels(o object) []any { return []any{o["externalReference"], o["tags"]} }

// Extension: each party labels a transfer for itself, when creating it or later, and never sees the other's labels.
func TestLabelsAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	const mine, theirs = "PO-4711", "Ticket 0815"
	made := as[object](t, target.post(t, transfers(customer), with(request(), object{"externalReference": mine, "tags": []string{"west", "2026", "west"}})), http.StatusCreated)
	assert.Equal(t, []any{mine, []any{"2026", "west"}}, labels(made))
	path := transfers(customer) + "/" + field[string](t, made, "id")
	assert.Equal(t, []any{nil, nil}, labels(as[object](t, source.get(t, path), http.StatusOK)))

	labelled := as[object](t, source.patch(t, path, object{"externalReference": theirs, "tags": []string{"leaving"}}), http.StatusOK)
	assert.Equal(t, []any{theirs, []any{"leaving"}}, labels(labelled))
	assert.Equal(t, "Pending", labelled["status"])
	for c, own := range map[*client][]any{&target: {mine, []any{"2026", "west"}}, &source: {theirs, []any{"leaving"}}} {
		for _, seen := range []object{
			as[object](t, c.get(t, path), http.StatusOK), as[[]object](t, c.get(t, transfers(customer)), http.StatusOK)[0], searched(t, *c, "customerId="+customer)[0],
		} {
			assert.Equal(t, own, labels(seen))
		}
	}
	neverSays(t, source, customer, path, mine, "west")
	neverSays(t, target, customer, path, theirs, "leaving")

	cancelled := as[object](t, target.patch(t, path, cancel), http.StatusOK)
	assert.Equal(t, []any{mine, []any{"2026", "west"}}, labels(cancelled), "a decision leaves labels alone")
	assert.Equal(t, []any{mine, nil}, labels(as[object](t, target.patch(t, path, object{"tags": []string{}}), http.StatusOK)), "labels of a final transfer, one at a time")
	assert.Equal(t, []any{nil, nil}, labels(as[object](t, target.patch(t, path, object{"externalReference": ""}), http.StatusOK)))
}

// Labels are found by their own party only.
func TestLabelsAreSearchable(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	reference, tag := "Ref & "+fresh(), "tag "+fresh()
	made := as[object](t, target.post(t, transfers(customer), with(request(), object{"externalReference": reference, "tags": []string{tag, "other"}})), http.StatusCreated)
	created(t, customer)
	for _, query := range []string{"externalReference=" + url.QueryEscape(reference), "tag=" + url.QueryEscape(tag), "tag=" + url.QueryEscape(tag) + "&status=Pending&direction=incoming"} {
		assert.Equal(t, []any{made["id"]}, values(searched(t, target, query), "id"))
		assert.Empty(t, searched(t, source, query))
	}
	assert.Empty(t, searched(t, target, "tag="+url.QueryEscape(tag)+"&status=Complete"))
	as[object](t, target.patch(t, transfers(customer)+"/"+field[string](t, made, "id"), object{"tags": []string{"other"}}), http.StatusOK)
	assert.Empty(t, searched(t, target, "tag="+url.QueryEscape(tag)))
}

// What is too long, too many or not printable is refused, on a create and on a change.
func TestRefusedLabels(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	many := make([]string, 21)
	for i := range many {
		many[i] = fresh()
	}
	for name, change := range map[string]object{
		"long reference": {"externalReference": strings.Repeat("ä", 257)}, "line break": {"externalReference": "a\nb"}, "many tags": {"tags": many},
		"long tag": {"tags": []string{strings.Repeat("x", 65)}}, "empty tag": {"tags": []string{" "}}, "no list": {"tags": "west"},
	} {
		refused(t, target.patch(t, path, change), http.StatusBadRequest, "800002")
		refused(t, target.post(t, transfers(customer), with(request(), change)), http.StatusBadRequest, "800002")
		t.Log(name)
	}
	assert.Equal(t, []object{made}, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK))
	as[object](t, target.patch(t, path, object{"externalReference": strings.Repeat("ä", 256), "tags": many[:20]}), http.StatusOK)
}
