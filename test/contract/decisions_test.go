package contract

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	transferstore "handover/internal/transfer/store"
)

// The bodies of the other decisions.
var (
	cancel  = object{"status": "Cancel"}
	decline = object{"status": "Reject", "reason": "The contract runs until May."}
)

// the target cancels, and only while Pending; the body may be what clients send. R-28: lastModifiedUser is who did.
func TestR12_TheTargetCancels(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	second := target
	second.user = "eeeeeeee-0000-4000-8000-000000000202"
	body := object{
		"id": made["id"], "status": "cancel", "targetPartnerTenantId": target.tenant, "sourcePartnerTenantId": source.tenant, "customerName": "Contoso Bakery",
	}
	cancelled := as[object](t, second.patch(t, path, body), http.StatusOK)
	assert.Equal(t, headerFields, fields(cancelled))
	assert.Equal(t, "Cancel", cancelled["status"])
	assert.Equal(t, second.user, cancelled["lastModifiedUser"])
	assert.Equal(t, cancelled, as[object](t, target.get(t, path), http.StatusOK))
}

// each decision is one partner's; the other's is refused and changes nothing.
func TestR12_WrongParty(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	for name, a := range map[string]answer{
		"the source cancels":  source.patch(t, path, cancel),
		"the target submits":  target.patch(t, path, everything),
		"the target declines": target.patch(t, path, decline),
	} {
		assert.Equal(t, "WrongParty", refused(t, a, http.StatusForbidden, "900150")["errorName"], name)
	}
	nobody := source
	nobody.user = target.user
	for name, body := range map[string]object{"submit": everything, "decline": decline} {
		assert.Equal(t, "NotAdminAgent", refused(t, nobody.patch(t, path, body), http.StatusForbidden, "900150")["errorName"], name)
	}
	nobody = target
	nobody.user = source.user
	assert.Equal(t, "NotAdminAgent", refused(t, nobody.patch(t, path, cancel), http.StatusForbidden, "900150")["errorName"])
	assert.Equal(t, made, as[object](t, target.get(t, path), http.StatusOK))
}

// an application alone may do all of it.
func TestR101_ApplicationsAlone(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Licence", atOnce))
	app, other := target, source
	app.user, other.user = "", ""
	made := as[object](t, app.post(t, transfers(customer), request()), http.StatusCreated)
	assert.Empty(t, made["lastModifiedUser"])
	path := transfers(customer) + "/" + field[string](t, made, "id")
	as[object](t, other.patch(t, path, everything), http.StatusOK)
	becomes(t, app, path, "Complete")
}

// the source declines with a reason, which the target finds in the events.
func TestR15_TheSourceDeclines(t *testing.T) {
	t.Parallel()
	path, made := created(t, customer(t))
	declined := as[object](t, source.patch(t, path, with(decline, object{"status": "REJECT", "id": made["id"]})), http.StatusOK)
	assert.Equal(t, "Reject", declined["status"])
	assert.Equal(t, 2.0, declined["transferDirection"])
	events := as[[]object](t, target.get(t, path+"/events"), http.StatusOK)
	assert.Equal(t, decline["reason"], events[len(events)-1]["reason"])
}

// what each state refuses, for good or because the transfer is on its way.
func TestR17_DecisionsTooLate(t *testing.T) {
	t.Parallel()
	customer := customerWith(t, licence("Stuck", stuck), licence("Done", atOnce), licence("Never", never))
	ended := func(c client, body object) string {
		path, _ := created(t, customer)
		as[object](t, c.patch(t, path, body), http.StatusOK)
		return path
	}
	complete := ended(source, picks(held(t, source, customer, "Done")))
	failed := ended(source, picks(held(t, source, customer, "Never")))
	becomes(t, source, complete, "Complete")
	becomes(t, source, failed, "Failed")
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"R-14 InProgress": {ended(source, picks(held(t, source, customer, "Stuck"))), http.StatusConflict, "900101"},
		"R-13 Cancel":     {ended(target, cancel), http.StatusBadRequest, "900102"},
		"R-17 Reject":     {ended(source, decline), http.StatusBadRequest, "900102"},
		"R-14 Complete":   {complete, http.StatusBadRequest, "900102"},
		"R-17 Failed":     {failed, http.StatusBadRequest, "900102"},
		"R-16 Expired":    {expired(t, customer), http.StatusBadRequest, "900102"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := as[object](t, target.get(t, c.path), http.StatusOK)
			refused(t, source.patch(t, c.path, everything), c.status, c.code)
			refused(t, target.patch(t, c.path, cancel), c.status, c.code)
			refused(t, source.patch(t, c.path, decline), c.status, c.code)
			assert.Equal(t, before, as[object](t, target.get(t, c.path), http.StatusOK))
		})
	}
}

// expired makes a request that nobody answered for 30 days, whose run Temporal has forgotten since.
func expired(t testing.TB, customer string) (path string) {
	t.Helper()
	r := demo.Request(fresh())
	r.CustomerTenantID = customer
	then := time.Now().AddDate(0, 0, -40)
	opened, err := stage.Ledger.At(then).OpenTransfer(t.Context(), r, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	_, err = stage.Ledger.Expire(t.Context(), opened.Transfer.ID)
	require.NoError(t, err)
	return transfers(customer) + "/" + opened.Transfer.ID
}

// an expired request stays listed, and the target asks anew.
func TestR16_ExpiredStaysListed(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := expired(t, customer)
	assert.Equal(t, "Expired", as[object](t, source.get(t, path), http.StatusOK)["status"])
	created(t, customer)
	assert.Equal(t, []any{"Pending", "Expired"}, values(as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), "status"))
}

// of decisions that race one wins; the others hear why.
func TestR18_Races(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			path, _ := created(t, customerWith(t, licence("Licence", atOnce)))
			answers := make(chan answer, 3)
			for _, decision := range []func() answer{
				func() answer { return source.patch(t, path, everything) },
				func() answer { return target.patch(t, path, cancel) },
				func() answer { return source.patch(t, path, decline) },
			} {
				go func() { answers <- decision() }()
			}
			won := 0
			for range 3 {
				a := <-answers
				if a.status == http.StatusOK {
					won++
					continue
				}
				code := as[object](t, a, a.status)["code"]
				assert.Contains(t, []any{"900101", "900102", "900104"}, code, "%s", a.body)
			}
			assert.Equal(t, 1, won)
		})
	}
}
