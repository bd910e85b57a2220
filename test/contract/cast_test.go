package contract

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

const adminAgent = "AdminAgent"

// demo names the parties of the sample's demonstration.
var demo = world.Demo()

// The callers of most tests. The stranger is a partner that takes no part, the reseller one that never does.
var (
	target   = client{tenant: demo.TargetTenantID, user: demo.TargetUserID, roles: []string{adminAgent}}
	source   = client{tenant: demo.SourceTenantID, user: demo.SourceUserID, roles: []string{adminAgent}}
	stranger = client{tenant: "aaaaaaaa-0000-4000-8000-000000000003", user: "eeeeeeee-0000-4000-8000-000000000301", roles: []string{adminAgent}}
	reseller = client{tenant: "aaaaaaaa-0000-4000-8000-000000000009", roles: []string{adminAgent}}
)

// customer makes a customer of its own for the test: a copy of the demonstration's, with all that it holds.
func customer(t testing.TB) string {
	t.Helper()
	copied, d := world.DemoCopy(uuid.NewString())
	require.NoError(t, stage.Ledger.Extend(t.Context(), copied))
	return d.CustomerTenantID
}

// request is the body of a create that is accepted.
func request() object {
	return object{
		"sourcePartnerTenantId": demo.SourceTenantID, "sourcePartnerName": demo.SourceName, "customerEmailId": demo.CustomerEmail,
		"customerName": demo.CustomerName, "transferType": 3,
	}
}

// with is the object with some fields changed; nil takes a field away.
func with(o object, changes object) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	for k, v := range changes {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

// transfers is where the transfers of a customer are.
func transfers(customer string) string { return "/v1/customers/" + customer + "/transfers" }

// created makes a Pending transfer and returns its path and itself.
func created(t testing.TB, customer string) (path string, transfer object) {
	t.Helper()
	transfer = as[object](t, target.post(t, transfers(customer), request()), http.StatusCreated)
	id, ok := transfer["id"].(string)
	require.True(t, ok)
	return transfers(customer) + "/" + id, transfer
}

// everything is a submit of everything eligible.
var everything = object{"status": "InProgress", "allEligible": true}

// moved makes a transfer of everything and waits until it is Complete.
func moved(t testing.TB, customer string) (path string) {
	t.Helper()
	path, _ = created(t, customer)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	eventually(t, "the transfer is complete", func() bool {
		return as[object](t, target.get(t, path), http.StatusOK)["status"] == "Complete"
	})
	return path
}
