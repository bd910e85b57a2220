package contract

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// survey asks what the source could transfer; for one transfer, or for any.
func survey(t testing.TB, c client, customer, transferID string) []object {
	t.Helper()
	path := "/v1/customers/" + customer + "/transferseligibility?transferType=3"
	if transferID != "" {
		path += "&transferId=" + transferID
	}
	return as[[]object](t, c.get(t, path), http.StatusOK)
}

// alone is a submit of one surveyed subscription; an add-on comes with the base that it never moves without.
func alone(e object, all []object) object {
	items := []object{{"subscriptionId": e["id"], "productType": e["productType"]}}
	for _, base := range all {
		if base["id"] == e["baseSubscriptionId"] {
			items = append(items, object{"subscriptionId": base["id"], "productType": base["productType"]})
		}
	}
	return object{"lineItems": items}
}

// Extension: subscription by subscription, what is said to be eligible is submitted, and what is not is refused for the
// first of the reasons given. Each eligible one is tried on a copy of its own, because it moves.
func TestEligibilityAgreesWithTheSubmit(t *testing.T) {
	t.Parallel()
	for _, c := range []asking{
		between("Contoso to Fabrikam", "01", "01", "02", nil, 0, "", ""),
		between("Contoso to Fabrikam, reservations only", "01", "01", "02", object{"targetProductTypes": []string{"AzureReservation"}}, 0, "", ""),
		between("Woodgrove to Northwind", "02", "03", "01", nil, 0, "", ""),
		between("Margie's to Adatum, no Azure plan", "03", "01", "03", nil, 0, "", ""),
		between("Graphic Design to Lucerne", "04", "06", "07", nil, 0, "", ""),
		between("Fine Art to Fabrikam, legacy Azure", "05", "03", "02", nil, 0, "", ""),
		between("Fourth Coffee to Fabrikam, plan suspended", "06", "04", "02", nil, 0, "", ""),
		between("Trey to Northwind", "08", "05", "01", nil, 0, "", ""),
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := agent(c.source)
			ask := func(customer string) (path string, surveyed []object) {
				made := as[object](t, c.by().post(t, transfers(customer), c.body()), http.StatusCreated)
				id := field[string](t, made, "id")
				return transfers(customer) + "/" + id, survey(t, source, customer, id)
			}
			path, surveyed := ask(copyOf(t, c.customer))
			require.NotEmpty(t, surveyed)
			for _, e := range surveyed {
				name := field[string](t, e, "friendlyName")
				if e["isEligible"] == true {
					path, again := ask(copyOf(t, c.customer))
					submitted := as[object](t, source.patch(t, path, alone(find(t, again, name), again)), http.StatusOK)
					assert.Contains(t, values(objects(t, submitted["lineItems"]), "friendlyName"), name)
					assert.NotContains(t, e, "reason")
					continue
				}
				reasons := objects(t, e["reasons"])
				assert.Equal(t, reasons[0]["description"], e["reason"])
				refusal := source.patch(t, path, alone(e, surveyed))
				said := as[object](t, refusal, refusal.status)
				assert.Equal(t, reasons[0], with(said, object{"isRetryable": nil, "source": nil}), name)
			}
			assert.Equal(t, "Pending", as[object](t, source.get(t, path), http.StatusOK)["status"])
		})
	}
}

func find(t testing.TB, all []object, name string) object {
	t.Helper()
	for _, one := range all {
		if one["friendlyName"] == name {
			return one
		}
	}
	require.Fail(t, "missing", name)
	return nil
}

// the shape that clients know, with our additions.
func TestR167_Eligibility(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	all := survey(t, source, customer, "")
	require.Len(t, all, 19)
	premium := find(t, all, "Microsoft 365 Business Premium")
	addons := []any{find(t, all, "Teams Phone Standard")["id"], find(t, all, "Audio Conferencing")["id"]}
	assert.ElementsMatch(t, addons, premium["addOns"])
	assert.Equal(t, object{
		"id": premium["id"], "isEligible": true, "friendlyName": "Microsoft 365 Business Premium", "productType": "OnlineServicesNCE", "quantity": 25.0,
	}, with(premium, object{"addOns": nil}))
	assert.Equal(t, premium["id"], find(t, all, "Audio Conferencing")["baseSubscriptionId"])
	suspended := find(t, all, "Project Plan 3")
	assert.Equal(t, false, suspended["isEligible"])
	assert.Equal(t, "Subscription: "+field[string](t, suspended, "id")+" is in state: Suspended", suspended["reason"])
	assert.Len(t, find(t, survey(t, agent("03"), copyOf(t, "02"), ""), "Dynamics 365 Finance")["reasons"], 1)
}

// what another transfer moves is said to be so, and by which.
func TestR76_EligibilityOfWhatIsMoving(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Waiting", stuck))
	path, made := created(t, customer)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	waiting := survey(t, source, customer, "")[0]
	assert.Equal(t, "subscription is already part of another transfer request id : "+field[string](t, made, "id"), waiting["reason"])
	assert.Equal(t, "900101", objects(t, waiting["reasons"])[0]["code"])
}

// who may ask about what.
func TestRefusedEligibility(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, made := created(t, customer)
	base := "/v1/customers/" + customer + "/transferseligibility"
	for _, kind := range []string{"", "?transferType=4", "?transferType=directtoindirect"} {
		refused(t, source.get(t, base+kind), http.StatusBadRequest, "900126")
	}
	id := field[string](t, made, "id")
	refused(t, target.get(t, base+"?transferType=5&transferId="+id), http.StatusNotFound, "900100")
	refused(t, stranger.get(t, base+"?transferType=5&transferId="+id), http.StatusNotFound, "900100")
	refused(t, source.get(t, base+"?transferType=5&transferId="+fresh()), http.StatusNotFound, "900100")
	as[object](t, target.patch(t, path, cancel), http.StatusOK)
	refused(t, source.get(t, base+"?transferType=5&transferId="+id), http.StatusBadRequest, "900102")
}
