package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// a submit lists line items; the answer is the source's view, InProgress, with all of them InProgress.
func TestR154_SubmitAnswersTheLineItems(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	visio, basic := held(t, source, customer, "Visio Plan 2"), held(t, source, customer, "Microsoft 365 Business Basic")
	submitted := as[object](t, source.patch(t, path, with(picks(visio, basic), object{
		"id": made["id"], "sourcePartnerTenantId": source.tenant, "targetPartnerTenantId": target.tenant, "customerTenantId": customer,
		"customerName": "Contoso Bakery",
	})), http.StatusOK)

	assert.Equal(t, "InProgress", submitted["status"])
	assert.Equal(t, 2.0, submitted["transferDirection"])
	assert.Equal(t, 2.0, submitted["lineItemCount"])
	assert.NotContains(t, submitted, "completedTime")
	items := objects(t, submitted["lineItems"])
	require.Len(t, items, 2)
	assert.Equal(t, object{
		"id": 0.0, "subscriptionId": visio["id"], "quantity": 3.0, "billingCycle": "monthly", "productType": "OnlineServicesNCE",
		"status": "InProgress", "friendlyName": "Visio Plan 2", "offerId": "visio-plan-2:0001",
	}, items[0])
	assert.Equal(t, []any{visio["id"], basic["id"]}, values(items, "subscriptionId"))
	becomes(t, source, path, "Complete")
}

// which bodies are a submit, and which are nothing.
func TestR151_Verbs(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	list := picks(held(t, source, customer, "Exchange Online Plan 1"))
	type verb struct {
		change object // to a submit with line items
		status int
		code   string
	}
	const bad = http.StatusBadRequest
	for name, c := range map[string]verb{
		"line items with Cancel":        {object{"status": "Cancel"}, bad, "800042"},
		"line items with Reject":        {object{"status": "Reject"}, bad, "800042"},
		"line items with Complete":      {object{"status": "Complete"}, bad, "800042"},
		"nothing":                       {object{"status": nil, "lineItems": nil}, bad, "800042"},
		"another status":                {object{"status": "Expired", "lineItems": nil}, bad, "800042"},
		"R-79 InProgress without items": {object{"lineItems": nil}, bad, "800002"},
		"R-79 Accept with no items":     {object{"status": "Accept", "lineItems": []object{}}, bad, "800002"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, made := created(t, customer)
			refused(t, source.patch(t, path, with(list, c.change)), c.status, c.code)
			assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK), "nothing changed")
		})
	}
	for i, status := range []any{nil, "InProgress", "inprogress", "Accept", "ACCEPT"} {
		t.Run(fmt.Sprintf("submit with status %v", status), func(t *testing.T) {
			t.Parallel()
			customer := customerWith(t, licence("Licence", atOnce))
			path, _ := created(t, customer)
			submitted := as[object](t, source.patch(t, path, with(picks(held(t, source, customer, "Licence")), object{"status": status})), http.StatusOK)
			assert.Equal(t, "InProgress", submitted["status"], i)
		})
	}
}

// ids in the body must be those of the transfer.
func TestR152_IdsInTheBody(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	for _, name := range []string{"id", "customerTenantId", "sourcePartnerTenantId", "targetPartnerTenantId"} {
		e := refused(t, source.patch(t, path, with(everything, object{name: fresh()})), http.StatusBadRequest, "800002")
		assert.Contains(t, e["description"], name)
	}
	assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK))
}

// one item that cannot move refuses the whole submit; each reason has its status and code. Names are those of the
// demonstration's customer.
func TestR153_AllOrNothing(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	good := picks(held(t, source, customer, "Power BI Pro"))["lineItems"].([]object)[0]
	item := func(name, kind string) object {
		return object{"subscriptionId": held(t, source, customer, name)["id"], "productType": kind}
	}
	const bad, nce = http.StatusBadRequest, "OnlineServicesNCE"
	adatum := held(t, stranger, customer, "Intune Plan 1")
	for name, c := range map[string]struct {
		item        object
		status      int
		code, cause string
	}{
		"R-60 software":            {item("SQL Server Standard two cores", "Software"), bad, "900400", "ProductTypeNotMovable"},
		"R-60 perpetual software":  {item("Office LTSC Standard", "PerpetualSoftware"), bad, "900400", "ProductTypeNotMovable"},
		"R-62 third-party product": {item("Backup by Proseware", "SaaS"), bad, "900146", "ThirdPartyProduct"},
		"R-70 unknown":             {object{"subscriptionId": fresh(), "productType": nce}, http.StatusNotFound, "20003", "SubscriptionUnknown"},
		"R-70 another partner's":   {object{"subscriptionId": adatum["id"], "productType": nce}, bad, "800078", "SubscriptionNotOwned"},
		"R-71 suspended":           {item("Project Plan 3", nce), bad, "800078", "SubscriptionNotActive"},
		"R-71 deleted":             {item("Defender for Business", nce), bad, "800078", "SubscriptionNotActive"},
		"R-74 add-on alone":        {item("Teams Phone Standard", nce), bad, "800078", "AddonWithoutBase"},
		"R-79 twice":               {good, bad, "800002", "DuplicateLineItem"},
		"R-79 twice in upper case": {with(good, object{"subscriptionId": strings.ToUpper(field[string](t, good, "subscriptionId"))}), bad, "800002", "DuplicateLineItem"},
		"R-130 no type":            {with(item("Visio Plan 2", ""), object{"productType": nil}), bad, "800002", "InvalidInput"},
		"R-130 another type":       {item("Visio Plan 2", "AzureSubscription"), bad, "800002", "ProductTypeMismatch"},
		"R-130 unknown type":       {item("Visio Plan 2", "Licence"), bad, "900126", "UnknownEnumValue"},
		"R-130 another number":     {item("Visio Plan 2", "6"), bad, "900126", "UnknownEnumValue"},
		"R-150 no subscription":    {object{"productType": nce}, bad, "800002", "InvalidInput"},
		"R-150 no GUID":            {object{"subscriptionId": "visio", "productType": nce}, bad, "800002", "InvalidInput"},
	} {
		e := refused(t, source.patch(t, path, object{"status": "InProgress", "lineItems": []object{good, c.item}}), c.status, c.code)
		assert.Equal(t, c.cause, e["errorName"], name)
	}
	assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK))
	assert.Equal(t, "active", held(t, source, customer, "Power BI Pro")["status"])
}

// the target's types limit what the source may submit. R-55: Azure items need the plan, whoever names them.
func TestR61_OutsideTheTypesAskedFor(t *testing.T) {
	t.Parallel()
	contoso := customer(t)
	made := as[object](t, target.post(t, transfers(contoso), with(request(), azure)), http.StatusCreated)
	path := transfers(contoso) + "/" + field[string](t, made, "id")
	refused(t, source.patch(t, path, picks(held(t, source, contoso, "Power BI Pro"))), http.StatusBadRequest, "900400")
	as[object](t, source.patch(t, path, picks(held(t, source, contoso, "Azure - bakery web shop"))), http.StatusOK)

	margies := copyOf(t, "03")
	made = as[object](t, stranger.post(t, transfers(margies), request()), http.StatusCreated)
	path = transfers(margies) + "/" + field[string](t, made, "id")
	refused(t, source.patch(t, path, picks(held(t, source, margies, "Azure - booking engine"))), http.StatusBadRequest, "900133")
}

// add-ons travel with their base, whether listed or not.
func TestR74_AddonsTravelAlong(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	base, phone := held(t, source, customer, "Microsoft 365 Business Premium"), held(t, source, customer, "Teams Phone Standard")
	submitted := as[object](t, source.patch(t, path, picks(phone, base)), http.StatusOK)
	names := values(objects(t, submitted["lineItems"]), "friendlyName")
	assert.Equal(t, "Microsoft 365 Business Premium", names[0], "the base first, although it was listed last")
	assert.ElementsMatch(t, []any{"Teams Phone Standard", "Audio Conferencing"}, names[1:])
	becomes(t, target, path, "Complete")
	moved := held(t, target, customer, "Microsoft 365 Business Premium")
	assert.Equal(t, moved["id"], held(t, target, customer, "Audio Conferencing")["parentSubscriptionId"])
}

// a subscription is in one open transfer at most.
func TestR76_OneOpenTransfer(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Stuck", stuck), licence("Free", atOnce))
	first, made := created(t, customer)
	second, _ := created(t, customer)
	as[object](t, source.patch(t, first, picks(held(t, source, customer, "Stuck"))), http.StatusOK)
	e := refused(t, source.patch(t, second, picks(held(t, source, customer, "Free"), held(t, source, customer, "Stuck"))), http.StatusConflict, "900101")
	assert.Equal(t, "SubscriptionInTransfer", e["errorName"])
	assert.Contains(t, e["description"], "subscription is already part of another transfer request id : "+field[string](t, made, "id"))
	as[object](t, source.patch(t, second, picks(held(t, source, customer, "Free"))), http.StatusOK)
}

// more line items than one submit may list; R-155 is the way out.
func TestR80_TooManyLineItems(t *testing.T) {
	t.Parallel()
	path, _ := created(t, customer(t))
	items := make([]object, 10_001)
	for i := range items {
		items[i] = object{"subscriptionId": fresh(), "productType": "OnlineServicesNCE"}
	}
	e := refused(t, source.patch(t, path, object{"lineItems": items}), http.StatusBadRequest, "800002")
	assert.Equal(t, "TooManyLineItems", e["errorName"])
}

// everything eligible, narrowed or not. The answer has the count, the transfer has the line items.
func TestR155_EverythingEligible(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	for name, c := range map[string]struct {
		body object
		code string
	}{
		"with line items":       {with(everything, picks(held(t, source, customer, "Visio Plan 2"))), "800002"},
		"unknown type":          {with(everything, object{"productTypes": []string{"Licences"}}), "900126"},
		"type that never moves": {with(everything, object{"productTypes": []string{"SaaS"}}), "900126"},
		"types with line items": {with(picks(held(t, source, customer, "Visio Plan 2")), object{"productTypes": []string{"OnlineServicesNCE"}}), "800002"},
	} {
		t.Log(name)
		refused(t, source.patch(t, path, c.body), http.StatusBadRequest, c.code)
	}
	narrow := as[object](t, source.patch(t, path, with(everything, object{"productTypes": []string{"AzureReservation"}})), http.StatusOK)
	assert.Equal(t, 1.0, narrow["lineItemCount"])

	path, _ = created(t, customer)
	rest := as[object](t, source.patch(t, path, object{"allEligible": true}), http.StatusOK)
	assert.Equal(t, 11.0, rest["lineItemCount"])
	assert.Equal(t, "InProgress", rest["status"])
	assert.NotContains(t, rest, "lineItems")
	items := objects(t, becomes(t, source, path, "Complete")["lineItems"])
	assert.Len(t, items, 11)

	path, _ = created(t, customer)
	refused(t, source.patch(t, path, everything), http.StatusBadRequest, "800002")
}

// R-55, OQ-24: what the target needs is asked again at the submit.
func TestR55_ThePlanEndedSince(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	made := as[object](t, target.post(t, transfers(customer), with(request(), azure)), http.StatusCreated)
	plan := held(t, target, customer, "Azure plan")
	as[object](t, target.patch(t, "/v1/customers/"+customer+"/subscriptions/"+field[string](t, plan, "id"), with(plan, object{"status": "suspended"})), http.StatusOK)
	path := transfers(customer) + "/" + field[string](t, made, "id")
	refused(t, source.patch(t, path, picks(held(t, source, customer, "Azure - bakery web shop"))), http.StatusBadRequest, "900132")
}
