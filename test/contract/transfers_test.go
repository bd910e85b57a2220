package contract

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The spelling of times on the wire (section 4.2).
const (
	sevenDigits  = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{7}Z$`
	wholeSeconds = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$`
)

// headerFields are the fields of every transfer (section 4.2), with lineItemCount, which is an extension.
var headerFields = []string{
	"createdTime", "customerEmailId", "customerName", "customerTenantId", "expirationTime", "id", "ignoreEligibilityCheck", "lastModifiedTime",
	"lastModifiedUser", "lineItemCount", "links", "partnertenantid", "sourcePartnerName", "sourcePartnerTenantId", "status", "targetPartnerEmailId",
	"targetPartnerName", "targetPartnerTenantId", "targetProductTypes", "transferDirection", "transferType",
}

func fields(o object) []string { return slices.Sorted(maps.Keys(o)) }

// the answer to a create is the transfer, Pending, in the exact spelling of section 4.2. R-3: without line items.
func TestR140_CreateAnswersTheEntity(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	answer := target.post(t, transfers(customer), request())
	made := as[object](t, answer, http.StatusCreated)
	id := field[string](t, made, "id")

	assert.Equal(t, headerFields, fields(made))
	want := object{
		"status": "Pending", "transferType": 3.0, "transferDirection": 1.0, "customerEmailId": demo.CustomerEmail, "customerName": demo.CustomerName,
		"customerTenantId": customer, "partnertenantid": target.tenant, "sourcePartnerName": demo.SourceName,
		"sourcePartnerTenantId": source.tenant, "targetPartnerName": "Fabrikam Distribution", "targetPartnerTenantId": target.tenant,
		"targetPartnerEmailId": target.tenant, "targetProductTypes": nil, "ignoreEligibilityCheck": false, "lastModifiedUser": target.user,
		"lineItemCount": 0.0,
		"links":         object{"self": object{"uri": "/customers/" + customer + "/transfers/" + id, "method": "GET", "headers": []any{}}},
	}
	for name, value := range want {
		assert.Equal(t, value, made[name], name)
	}
	assert.Equal(t, transfers(customer)+"/"+id, answer.header.Get("Location"))
	assert.Equal(t, "application/json", answer.header.Get("Content-Type"))
	assert.Equal(t, made, as[object](t, target.get(t, transfers(customer)+"/"+id), http.StatusOK), "a read answers the same")
}

// Times: createdTime with seven digits, lastModifiedTime in whole seconds. R-21: expirationTime is the midnight that ends the 30th day.
func TestR21_TimesOnTheWire(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	assert.Regexp(t, sevenDigits, made["createdTime"])
	assert.Regexp(t, wholeSeconds, made["lastModifiedTime"])
	createdAt, err := time.Parse(time.RFC3339, field[string](t, made, "createdTime"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), createdAt, time.Minute)
	assert.Equal(t, createdAt.UTC().Truncate(24*time.Hour).AddDate(0, 0, 31).Format(time.RFC3339), made["expirationTime"])

	as[object](t, source.patch(t, path, everything), http.StatusOK)
	done := becomes(t, source, path, "Complete")
	assert.Regexp(t, sevenDigits, done["completedTime"])
	assert.Regexp(t, wholeSeconds, done["lastModifiedTime"])
	assert.Equal(t, made["createdTime"], done["createdTime"])
}

// direction and partnertenantid are the viewer's, everything else is the same for both.
func TestR121_DirectionDependsOnTheViewer(t *testing.T) {
	t.Parallel()
	path, seenByTarget := created(t, customer(t))
	seenBySource := as[object](t, source.get(t, path), http.StatusOK)
	assert.Equal(t, 2.0, seenBySource["transferDirection"])
	assert.Equal(t, source.tenant, seenBySource["partnertenantid"])
	assert.Equal(t, seenByTarget, with(seenBySource, object{"transferDirection": 1.0, "partnertenantid": target.tenant}))
}

// 3 and 5 are accepted as number and as text, and echoed as a number.
func TestR120_TransferTypes(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for sent, echoed := range map[any]float64{3: 3, 5: 5, "3": 3, "5": 5} {
		made := as[object](t, target.post(t, transfers(customer), with(request(), object{"transferType": sent})), http.StatusCreated)
		assert.Equal(t, echoed, made["transferType"], "sent %v", sent)
	}
}

// targetPartnerEmailId is the target's own text, returned as it came.: so are the reseller and the types.
func TestR123_WhatTheTargetSaysIsEchoed(t *testing.T) {
	t.Parallel()
	said := object{
		"targetPartnerEmailId": "Order 4711 / Zürich", "targetProductTypes": []any{"OnlineServicesNCE", "AzureSubscription"},
		"partnerOnRecord": "4000009", "customerName": "Bäckerei Contoso", "targetPartnerTenantId": target.tenant,
	}
	made := as[object](t, target.post(t, transfers(customer(t)), with(request(), said)), http.StatusCreated)
	for name, want := range said {
		assert.Equal(t, want, made[name], name)
	}
}

// what a transfer has and a client cannot decide is not read in a create. What no transfer has is refused.
func TestR142_CreateIgnoresWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	body := with(request(), object{
		"id": fresh(), "status": "Complete", "createdTime": "1999-01-01T00:00:00Z", "expirationTime": "1999-01-01T00:00:00Z", "transferDirection": 2,
		"links": object{"self": object{"uri": "/elsewhere"}}, "lineItems": []object{{"subscriptionId": fresh(), "productType": "OnlineServicesNCE"}},
		"attributes": object{"objectType": "TransferEntity"}, "somethingElse": nil,
	})
	unknown := refused(t, target.post(t, transfers(customer(t)), with(body, object{"tag": []int{1}})), http.StatusBadRequest, "800002")
	assert.Contains(t, unknown["description"], `"tag"`)
	made := as[object](t, target.post(t, transfers(customer(t)), body), http.StatusCreated)
	assert.NotEqual(t, body["id"], made["id"])
	assert.Equal(t, "Pending", made["status"])
	assert.Equal(t, 1.0, made["transferDirection"])
	assert.NotContains(t, made, "lineItems")
	assert.NotContains(t, made["expirationTime"], "1999")
}

// Wire notes 1: property names are read in any case.
func TestWireNotes1_PascalCase(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	made := as[object](t, target.post(t, transfers(customer), object{
		"SourcePartnerTenantId": source.tenant, "SourcePartnerName": demo.SourceName, "CustomerEmailId": demo.CustomerEmail,
		"CustomerName": "Contoso", "TransferType": "3", "TargetProductTypes": []string{"OnlineServicesNCE"}, "TargetPartnerEmailId": "ours",
	}), http.StatusCreated)
	assert.Equal(t, headerFields, fields(made))
	assert.Equal(t, "ours", made["targetPartnerEmailId"])
	assert.Equal(t, []any{"OnlineServicesNCE"}, made["targetProductTypes"])

	visio := held(t, source, customer, "Visio Plan 2")
	submitted := as[object](t, source.patch(t, transfers(customer)+"/"+field[string](t, made, "id"), object{
		"Id": made["id"], "Status": "Accept", "LineItems": []object{{"Id": "0", "SubscriptionID": visio["id"], "ProductType": 5}},
	}), http.StatusOK)
	assert.Equal(t, []any{visio["id"]}, values(objects(t, submitted["lineItems"]), "subscriptionId"))
}

// Wire notes 3: participants name the reseller to credit, in either case; null means nobody, and another key is refused.
func TestWireNotes3_Participants(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for name, c := range map[string]struct {
		participants any
		credited     any
	}{
		"pascal":   {[]object{{"Key": "TransactionReseller", "Value": "4000009"}}, "4000009"},
		"camel":    {[]object{{"key": "transactionReseller", "value": "4000009"}}, "4000009"},
		"null":     {nil, nil},
		"snake":    {[]object{{"key": "transaction_reseller", "value": "4000009"}}, "4000009"},
		"no value": {[]object{{"Key": "TransactionReseller", "Value": ""}}, nil},
	} {
		body := request()
		body["participants"] = c.participants
		made := as[object](t, target.post(t, transfers(customer), body), http.StatusCreated)
		assert.Equal(t, c.credited, made["partnerOnRecord"], name)
	}
	other := with(request(), object{"participants": []object{{"Key": "Distributor", "Value": "4000005"}}})
	assert.Contains(t, refused(t, target.post(t, transfers(customer), other), http.StatusBadRequest, "900126")["description"], "Distributor")
}

// the list is a bare array of all transfers in which the caller takes part, final ones too, the newest first.
// several Pending ones may stand beside each other.
func TestR143_List(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	require.JSONEq(t, "[]", string(target.get(t, transfers(customer)).body), "an empty list is a list")
	first, _ := created(t, customer)
	second, _ := created(t, customer)
	third, _ := created(t, customer)
	as[object](t, target.patch(t, first, object{"status": "Cancel"}), http.StatusOK)
	for _, c := range []client{target, source} {
		list := as[[]object](t, c.get(t, transfers(customer)), http.StatusOK)
		require.Len(t, list, 3)
		for i, path := range []string{third, second, first} {
			assert.Equal(t, as[object](t, c.get(t, path), http.StatusOK), list[i])
		}
		assert.Equal(t, "Cancel", list[2]["status"])
	}
	assert.Empty(t, as[[]object](t, stranger.get(t, transfers(customer)), http.StatusOK))
}

// ids in a path are taken in any case and answered as stored.
func TestR105_IdsInAnyCase(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	upper := transfers(strings.ToUpper(customer)) + "/" + strings.ToUpper(field[string](t, made, "id"))
	assert.Equal(t, made, as[object](t, target.get(t, upper), http.StatusOK))
	assert.Equal(t, []object{made}, as[[]object](t, target.get(t, transfers(strings.ToUpper(customer))), http.StatusOK))
	assert.Equal(t, "Cancel", as[object](t, target.patch(t, upper, object{"id": strings.ToUpper(field[string](t, made, "id")), "status": "CANCEL"}), http.StatusOK)["status"])
	becomes(t, target, path, "Cancel")
}

// to whoever takes no part a transfer does not exist, word for word; under another customer neither.
func TestR110_ForeignTransfers(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	unknown := refused(t, target.get(t, transfers(customer)+"/"+fresh()), http.StatusNotFound, "900100")
	for name, a := range map[string]answer{
		"stranger reads":       stranger.get(t, path),
		"stranger submits":     stranger.patch(t, path, everything),
		"stranger cancels":     stranger.patch(t, path, object{"status": "Cancel"}),
		"stranger declines":    stranger.patch(t, path, object{"status": "Reject"}),
		"stranger labels":      stranger.patch(t, path, object{"externalReference": "mine"}),
		"stranger's bad body":  stranger.patch(t, path, object{"id": fresh(), "status": "Nonsense"}),
		"stranger's events":    stranger.get(t, path+"/events"),
		"stranger's report":    stranger.get(t, path+"/report"),
		"stranger's progress":  stranger.get(t, path+"/progress"),
		"another customer's":   target.get(t, transfers(customerID("01"))+"/"+field[string](t, made, "id")),
		"no GUID":              target.get(t, transfers(customer)+"/17"),
		"no such customer":     target.get(t, transfers(fresh())+"/"+field[string](t, made, "id")),
		"customer is no GUID":  target.get(t, transfers("contoso")+"/"+field[string](t, made, "id")),
		"cancel of an unknown": target.patch(t, transfers(customer)+"/"+fresh(), object{"status": "Cancel"}),
	} {
		assert.Equal(t, unknown, refused(t, a, http.StatusNotFound, "900100"), name)
	}
	// a reseller hears the same of every transfer, whether there is one or not.
	none := refused(t, reseller.get(t, transfers(customer)+"/"+fresh()), http.StatusForbidden, "900137")
	assert.Equal(t, none, refused(t, reseller.get(t, path), http.StatusForbidden, "900137"))
	assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK), "nothing happened to it")
}
