package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	transferstore "handover/internal/transfer/store"
)

// looks are all ways to read about one transfer.
func looks(customer, path string) []string {
	return []string{
		path, transfers(customer), path + "/events", path + "/report", path + "/report?format=csv",
		"/v1/transfers?customerId=" + customer, auditOf(customer),
	}
}

// auditOf finds the caller's audit records about a customer.
func auditOf(customer string) string {
	return "/v1/auditrecords?filter=" + filter("CustomerId", customer, "equals")
}

// reads is everything that the client can read about the transfer, by where it stands.
func reads(t testing.TB, c client, customer, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, look := range looks(customer, path) {
		a := c.get(t, look)
		require.Equal(t, http.StatusOK, a.status, "%s: %s", look, a.body)
		found[look] = string(a.body)
	}
	progress := follow(t, c, path)
	found[path+"/progress"] = progress.next(t)
	return found
}

// neverSays requires that nothing the client can read contains any of these.
func neverSays(t testing.TB, c client, customer, path string, secrets ...string) {
	t.Helper()
	for where, said := range reads(t, c, customer, path) {
		for _, secret := range secrets {
			assert.NotContains(t, said, secret, where)
		}
	}
}

// moving makes a transfer of which one item is done, one was refused for good and one is tried again and again.
func moving(t testing.TB) (customer, path string, old map[string]string) {
	t.Helper()
	customer = customerWith(t, licence("Quick", atOnce), licence("Refused", never), licence("Waiting", stuck))
	old = map[string]string{}
	for _, s := range holdings(t, source, customer) {
		old[field[string](t, s, "friendlyName")] = field[string](t, s, "id")
	}
	made := as[object](t, target.post(t, transfers(customer), with(request(), object{"partnerOnRecord": "4000009"})), http.StatusCreated)
	path = transfers(customer) + "/" + field[string](t, made, "id")
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	eventually(t, "two line items have ended", func() bool {
		statuses := values(objects(t, as[object](t, source.get(t, path), http.StatusOK)["lineItems"]), "status")
		return len(statuses) == 3 && count(statuses, "InProgress") == 1
	})
	return customer, path, old
}

func count(all []any, one string) int {
	n := 0
	for _, v := range all {
		if v == one {
			n++
		}
	}
	return n
}

// while Pending both see the header and nobody line items.
func TestR181_Pending(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	for _, c := range []client{target, source} {
		seen := as[object](t, c.get(t, path), http.StatusOK)
		assert.Equal(t, headerFields, fields(seen))
		assert.JSONEq(t, "[]", string(c.get(t, path+"/report").body))
	}
	for _, s := range holdings(t, source, customer) {
		neverSays(t, target, customer, path, field[string](t, s, "id"))
	}
}

// the source sees every item that it tried to move, with its status, and never a new id.
func TestR182_TheSourceSeesEveryItem(t *testing.T) {
	t.Parallel()
	customer, path, old := moving(t)
	seen := as[object](t, source.get(t, path), http.StatusOK)
	assert.Equal(t, "InProgress", seen["status"])
	assert.Equal(t, 3.0, seen["lineItemCount"])
	for _, item := range objects(t, seen["lineItems"]) {
		name := field[string](t, item, "friendlyName")
		assert.Equal(t, old[name], item["subscriptionId"])
		assert.Equal(t, map[string]any{"Quick": "Complete", "Refused": "Failed", "Waiting": "InProgress"}[name], item["status"])
		assert.Equal(t, name == "Refused", item["transferError"] != nil)
	}
	neverSays(t, source, customer, path, field[string](t, held(t, target, customer, "Quick"), "id"))
}

// the target sees an item once it is done, under its new id; no other item and no old id.
func TestR183_TheTargetSeesWhatIsDone(t *testing.T) {
	t.Parallel()
	customer, path, old := moving(t)
	moved := held(t, target, customer, "Quick")
	seen := as[object](t, target.get(t, path), http.StatusOK)
	assert.Equal(t, "InProgress", seen["status"])
	assert.Equal(t, 1.0, seen["lineItemCount"])
	items := objects(t, seen["lineItems"])
	require.Len(t, items, 1)
	assert.Equal(t, moved["id"], items[0]["subscriptionId"])
	assert.NotEqual(t, old["Quick"], moved["id"])
	assert.Equal(t, "Complete", items[0]["status"])
	assert.Equal(t, 7.0, items[0]["quantity"])
	neverSays(t, target, customer, path, old["Quick"], old["Refused"], old["Waiting"], "Refused", "Waiting")
	require.Len(t, holdings(t, target, customer), 1)
}

// whoever takes no part sees nothing anywhere: another partner of the customer, the credited reseller, the
// customer itself.
func TestR180_OthersSeeNothing(t *testing.T) {
	t.Parallel()
	customer, path, _ := moving(t)
	id := path[len(transfers(customer))+1:]
	for name, c := range map[string]client{"stranger": stranger, "reseller": reseller} {
		for _, look := range append(looks(customer, path), path+"/progress") {
			a := c.get(t, look)
			assert.NotContains(t, string(a.body), id, "%s: %s", name, look)
			switch {
			case name == "reseller" && look != auditOf(customer):
				refused(t, a, http.StatusForbidden, "900137")
			case a.status != http.StatusOK:
				refused(t, a, http.StatusNotFound, "900100")
			}
		}
		assert.Empty(t, as[object](t, c.get(t, auditOf(customer)), http.StatusOK)["items"])
	}
	assert.JSONEq(t, "[]", string(stranger.get(t, transfers(customer)).body))
	itself := client{tenant: customer, user: fresh(), roles: []string{adminAgent}}
	for _, look := range append(looks(customer, path), path+"/progress", "/v1/customers", "/v1/customers/"+customer+"/subscriptions") {
		refused(t, itself.get(t, look), http.StatusForbidden, "900137")
	}
}

// an operator ends the last item; the transfer is PartiallyComplete and the target still hears of what
// it got alone.
func TestR184_PartiallyComplete(t *testing.T) {
	t.Parallel()
	customer, path, old := moving(t)
	id := path[len(transfers(customer))+1:]
	_, err := stage.Ledger.GiveUp(t.Context(), id, transferstore.GivingUp{
		RequestID: fresh(), Actor: kernel.Actor{Operator: true}, Failing: true, Reason: "Billing lost the order.",
	}, command.Terms[transferstore.GivenUp]{})
	require.NoError(t, err)
	seen := becomes(t, source, path, "PartiallyComplete")
	assert.Equal(t, 1, count(values(objects(t, seen["lineItems"]), "status"), "Complete"))
	assert.Equal(t, 2, count(values(objects(t, seen["lineItems"]), "status"), "Failed"))
	assert.NotContains(t, seen, "completedTime")
	said := reads(t, source, customer, path)
	assert.Contains(t, said[path+"/events"], "Billing lost the order.")
	assert.Contains(t, said[path+"/report"], old["Waiting"])

	assert.Len(t, becomes(t, target, path, "PartiallyComplete")["lineItems"], 1)
	neverSays(t, target, customer, path, old["Quick"], old["Refused"], old["Waiting"], "Refused", "Waiting", "Billing lost the order.")
	neverSays(t, source, customer, path, field[string](t, held(t, target, customer, "Quick"), "id"))
	assert.Equal(t, "active", held(t, source, customer, "Waiting")["status"], "what failed stays with the source")
}

// Failed: nothing moved, so the target has seen no item at any time.
func TestR184_Failed(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Refused", never), licence("Refused too", never))
	path, _ := created(t, customer)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	becomes(t, source, path, "Failed")
	seen := as[object](t, target.get(t, path), http.StatusOK)
	assert.Equal(t, "Failed", seen["status"])
	assert.Equal(t, headerFields, fields(seen))
	assert.Equal(t, 0.0, seen["lineItemCount"])
	assert.Empty(t, holdings(t, target, customer))
	neverSays(t, target, customer, path, "Refused")
}

// after completion the new subscriptions are the target's, with quantity and term unchanged, and
// the old ones are deleted.
func TestR187_Complete(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	before := map[string]object{}
	for _, s := range holdings(t, source, customer) {
		before[field[string](t, s, "friendlyName")] = s
	}
	path := moved(t, customer)
	seen := as[object](t, target.get(t, path), http.StatusOK)
	items := objects(t, seen["lineItems"])
	require.Len(t, items, 12)
	for _, item := range items {
		name := field[string](t, item, "friendlyName")
		gained, lost := held(t, target, customer, name), as[object](t, source.get(t, at(t, customer, before[name])), http.StatusOK)
		isAzure := strings.HasPrefix(field[string](t, field[object](t, lost, "productType"), "id"), "Azure")
		assert.Equal(t, !isAzure, slices.Contains(values(holdings(t, source, customer), "id"), lost["id"]), "Azure is not listed any more: %s", name)
		assert.Equal(t, gained["id"], item["subscriptionId"])
		assert.Equal(t, "active", gained["status"])
		assert.Equal(t, "deleted", lost["status"])
		for _, kept := range []string{"quantity", "commitmentEndDate", "termDuration", "billingCycle"} {
			assert.Equal(t, before[name][kept], gained[kept], "%s of %s", kept, name)
		}
		assert.NotEqual(t, lost["id"], gained["id"])
		neverSays(t, target, customer, path, fmt.Sprint(lost["id"]))
		neverSays(t, source, customer, path, fmt.Sprint(gained["id"]))
	}
}
