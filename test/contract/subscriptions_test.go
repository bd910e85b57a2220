package contract

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at is where a subscription is read and changed.
func at(t testing.TB, customer string, subscription object) string {
	t.Helper()
	return "/v1/customers/" + customer + "/subscriptions/" + field[string](t, subscription, "id")
}

// Wire notes 12: a subscription as its billing owner reads it.
func TestWireNotes12_Subscriptions(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	list := as[object](t, source.get(t, "/v1/customers/"+customer+"/subscriptions"), http.StatusOK)
	assert.Equal(t, []string{"attributes", "items", "links", "totalCount"}, fields(list))
	assert.Equal(t, 19.0, list["totalCount"])
	premium := held(t, source, customer, "Microsoft 365 Business Premium")
	got := source.get(t, at(t, customer, premium))
	assert.Equal(t, premium, as[object](t, got, http.StatusOK))
	tag := field[string](t, field[object](t, premium, "attributes"), "etag")
	assert.Equal(t, `"`+tag+`"`, got.header.Get("ETag"))
	want := object{
		"offerId": "m365-business-premium:0001", "friendlyName": "Microsoft 365 Business Premium", "quantity": 25.0, "status": "active",
		"billingCycle": "monthly", "termDuration": "P1Y", "creationDate": "2026-03-02T00:00:00Z", "effectiveStartDate": "2026-03-02T00:00:00Z",
		"commitmentEndDate": "2027-03-01T00:00:00Z", "autoRenewEnabled": true, "isMicrosoftProduct": true,
		"productType":                  object{"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
		"cancellationAllowedUntilDate": "2026-03-05T00:00:00Z", "attributes": object{"objectType": "Subscription", "etag": tag},
		"links": object{"self": object{"uri": strings.TrimPrefix(at(t, customer, premium), "/v1"), "method": "GET", "headers": []any{}}},
	}
	assert.Equal(t, want, with(premium, object{"id": nil}))
	assert.Equal(t, premium["id"], held(t, source, customer, "Teams Phone Standard")["parentSubscriptionId"])
	assert.Equal(t, false, held(t, source, customer, "Backup by Proseware")["isMicrosoftProduct"])
	assert.NotContains(t, held(t, source, customer, "Azure - bakery web shop"), "commitmentEndDate")

	path := "/v1/customers/" + customer + "/subscriptions?size=5"
	assert.Equal(t, objects(t, list["items"]), pages(t, source, path, byLink))
	assert.Equal(t, objects(t, list["items"]), pages(t, source, path, byToken(path)))
}

// a partner reads what it bills itself, nothing else of the same customer.
func TestR180_SubscriptionsOfOthers(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	intune := held(t, stranger, customer, "Intune Plan 1")
	assert.NotContains(t, values(holdings(t, source, customer), "id"), intune["id"])
	for _, c := range []client{source, target} {
		refused(t, c.get(t, at(t, customer, intune)), http.StatusNotFound, "20003")
		refused(t, c.patch(t, at(t, customer, intune), object{"friendlyName": "Mine"}), http.StatusNotFound, "20003")
	}
	refused(t, stranger.get(t, at(t, customerID("01"), intune)), http.StatusNotFound, "20003")
	assert.Equal(t, intune, held(t, stranger, customer, "Intune Plan 1"))
}

// Wire notes 13: clients send the whole subscription back with one field changed.
func TestWireNotes13_TheWholeResourceBack(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for name, change := range map[string]object{
		"Power BI Pro":                 {"friendlyName": "Reports für alle"},
		"Exchange Online Plan 1":       {"quantity": 17.0},
		"Microsoft 365 Business Basic": {"autoRenewEnabled": false},
		"Visio Plan 2":                 {"status": "suspended"},
		"Project Plan 3":               {"status": "active"},
		"Azure - bakery web shop":      {"status": "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := held(t, source, customer, name)
			assert.Equal(t, before, as[object](t, source.patch(t, at(t, customer, before), before), http.StatusOK), "as it was read: no change")
			got := source.patch(t, at(t, customer, before), with(before, change))
			after := as[object](t, got, http.StatusOK)
			assert.NotEqual(t, before["attributes"], after["attributes"], "another entity tag")
			assert.Equal(t, with(before, with(change, object{"attributes": after["attributes"]})), after)
			assert.Equal(t, after, as[object](t, source.get(t, at(t, customer, before)), http.StatusOK))
		})
	}
}

// Section 4.1: If-Match with a stale entity tag is 400 2055; the present one, or *, is let through.
func TestIfMatchOfSubscriptions(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := at(t, customer, held(t, source, customer, "Power BI Pro"))
	change := func(name, match string) answer {
		return source.do(t, call{method: http.MethodPatch, path: path, body: object{"friendlyName": name}, header: map[string]string{"If-Match": match}})
	}
	first := source.get(t, path).header.Get("ETag")
	as[object](t, change("One", first), http.StatusOK)
	refused(t, change("Two", first), http.StatusBadRequest, "2055")
	refused(t, change("Two", `"nonsense"`), http.StatusBadRequest, "2055")
	second := source.get(t, path)
	assert.Equal(t, "One", as[object](t, second, http.StatusOK)["friendlyName"])
	as[object](t, change("Two", strings.Trim(second.header.Get("ETag"), `"`)), http.StatusOK)
	as[object](t, change("Three", "*"), http.StatusOK)
}

// while a transfer moves it nothing about a subscription changes; sending it back unchanged is no change.
func TestR76_LockedWhileMoving(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Waiting", stuck))
	path, made := created(t, customer)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	waiting := held(t, source, customer, "Waiting")
	for _, change := range []object{{"friendlyName": "Other"}, {"quantity": 1}, {"autoRenewEnabled": true}, {"status": "suspended"}, {"status": "deleted"}} {
		e := refused(t, source.patch(t, at(t, customer, waiting), with(waiting, change)), http.StatusConflict, "900101")
		assert.Contains(t, e["description"], made["id"])
	}
	assert.Equal(t, waiting, as[object](t, source.patch(t, at(t, customer, waiting), waiting), http.StatusOK))
}

// Section 8.3: each change that is not possible has its code.
func TestRefusedChangesOfSubscriptions(t *testing.T) {
	t.Parallel()
	contoso, woodgrove, trey := customer(t), copyOf(t, "02"), copyOf(t, "08")
	litware := agent("05")
	const bad = http.StatusBadRequest
	for name, c := range map[string]struct {
		by             client
		customer, name string
		change         object
		status         int
		code           string
	}{
		"empty name":                {source, contoso, "Power BI Pro", object{"friendlyName": " "}, bad, "800002"},
		"R-285 no units":            {source, contoso, "Power BI Pro", object{"quantity": 0}, bad, "2002"},
		"R-285 too many units":      {source, contoso, "Power BI Pro", object{"quantity": 1_000_001}, bad, "2002"},
		"quantity while suspended":  {source, contoso, "Project Plan 3", object{"quantity": 5}, bad, "2001"},
		"renewal without a term":    {source, contoso, "Azure - bakery web shop", object{"autoRenewEnabled": true}, bad, "800093"},
		"unknown status":            {source, contoso, "Power BI Pro", object{"status": "paused"}, bad, "900126"},
		"status that just happens":  {source, contoso, "Power BI Pro", object{"status": "expired"}, bad, "800042"},
		"R-74 base of add-ons":      {source, contoso, "Microsoft 365 Business Premium", object{"status": "deleted"}, bad, "800042"},
		"R-84 window closed":        {source, contoso, "Power BI Pro", object{"status": "deleted"}, bad, "900117"},
		"reseller of a direct-bill": {source, contoso, "Power BI Pro", object{"partnerId": "4000009"}, bad, "800098"},
		"unknown reseller":          {litware, trey, "Power BI Premium", object{"partnerId": "4999999"}, http.StatusNotFound, "2072"},
		"provider as reseller":      {litware, trey, "Power BI Premium", object{"partnerId": "4000002"}, bad, "2071"},
		"inactive reseller":         {litware, trey, "Power BI Premium", object{"partnerId": "4000011"}, bad, "2071"},
		"R-286 not activated":       {stranger, woodgrove, "Microsoft 365 E5", object{"quantity": 6}, bad, "800081"},
		"R-30 deleted":              {stranger, woodgrove, "Office 365 E1", object{"status": "active"}, bad, "800042"},
		"R-289 sales agent on SaaS": {sales(stranger), woodgrove, "Patient scheduling by Lamna", object{"quantity": 2}, http.StatusForbidden, "900150"},
		"a number that is none":     {source, contoso, "Power BI Pro", object{"quantity": "many"}, bad, "800002"},
		"a fraction":                {source, contoso, "Power BI Pro", object{"quantity": 1.5}, bad, "800002"},
		"R-30 disabled":             {stranger, woodgrove, "Windows 365 Business", object{"status": "active"}, bad, "800042"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := held(t, c.by, c.customer, c.name)
			refused(t, c.by.patch(t, at(t, c.customer, before), with(before, c.change)), c.status, c.code)
			assert.Equal(t, before, held(t, c.by, c.customer, c.name))
		})
	}
}

func sales(c client) client {
	c.roles = []string{"SalesAgent"}
	return c
}

// a sales agent changes what is not a marketplace product. R-57: a provider credits another reseller.
func TestR289_ASalesAgentChangesALicence(t *testing.T) {
	t.Parallel()
	contoso, trey := customer(t), copyOf(t, "08")
	power := held(t, source, contoso, "Power BI Pro")
	assert.Equal(t, 9.0, as[object](t, sales(source).patch(t, at(t, contoso, power), object{"quantity": 9}), http.StatusOK)["quantity"])
	litware := agent("05")
	visio := held(t, litware, trey, "Visio Plan 1")
	require.Equal(t, "4000010", visio["partnerId"])
	assert.Equal(t, "4000009", as[object](t, litware.patch(t, at(t, trey, visio), with(visio, object{"partnerId": "4000009"})), http.StatusOK)["partnerId"])
}

// Section 7: each change is in the activity log, with both values, the application and the correlation id.
func TestR306_ChangesAreLogged(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	power := held(t, source, customer, "Power BI Pro")
	correlation := fresh()
	change := call{method: http.MethodPatch, path: at(t, customer, power), body: object{"quantity": 12}}.with(map[string]string{correlationID: correlation})
	as[object](t, source.do(t, change.keyed(fresh())), http.StatusOK)
	as[object](t, source.patch(t, at(t, customer, power), object{"quantity": 12}), http.StatusOK)
	log := objects(t, as[object](t, source.get(t, auditOf(customer)), http.StatusOK)["items"])
	require.Len(t, log, 1, "what changes nothing is not logged")
	record := log[0]
	for name, value := range map[string]any{
		"operationType": "update_subscription", "resourceType": "subscription", "operationStatus": "succeeded", "partnerId": source.tenant,
		"userPrincipalName": source.user, "applicationId": "contract-tests", "originalCorrelationId": correlation, "customerName": "Contoso Bakery",
	} {
		assert.Equal(t, value, record[name], name)
	}
	assert.Contains(t, record["resourceOldValue"], `"quantity":8`)
	assert.Contains(t, record["resourceNewValue"], `"quantity":12`)
	assert.Equal(t, []any{map[string]any{"key": "ResourceId", "value": power["id"]}}, record["customizedData"])
}
