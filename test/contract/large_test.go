package contract

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/world"
)

// largeCustomer makes a customer of its own for the test that holds as much as one submit may list, and tells what. The
// partners of large worlds come with the first one.
func largeCustomer(t testing.TB) (customer string, held []object) {
	t.Helper()
	w := world.Large(1, mostItems)
	customer = uuid.NewString()
	w.Customers[0].TenantID, w.Relationships[0].CustomerTenantID, w.Agreements[0].CustomerTenantID = customer, customer, customer
	for i := range w.Subscriptions {
		s := &w.Subscriptions[i]
		s.ID, s.CustomerTenantID = uuid.NewString(), customer
		s.LineageID = s.ID
		if s.PartnerTenantID == world.LargeSource {
			held = append(held, object{"subscriptionId": s.ID, "productType": s.ProductType})
		}
	}
	largePartners.Do(func() { require.NoError(t, stage.Ledger.Extend(t.Context(), ledger.World{Partners: w.Partners})) })
	w.Partners = nil
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
	return customer, held
}

var largePartners sync.Once

// one submit lists 10,000 line items and is answered with all of them; all are moved. Not parallel: whoever
// writes to SQLite meanwhile waits.
func TestR80_TenThousandLineItems(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 10,000 subscriptions")
	}
	source := client{tenant: world.LargeSource, user: world.LargeSourceUser, roles: []string{adminAgent}}
	target := client{tenant: world.LargeTarget, user: world.LargeTargetUser, roles: []string{adminAgent}}
	customer, held := largeCustomer(t)
	made := as[object](t, target.post(t, transfers(customer), with(request(), object{"sourcePartnerTenantId": world.LargeSource})), http.StatusCreated)
	path := transfers(customer) + "/" + field[string](t, made, "id")

	began := time.Now()
	submitted := as[object](t, source.patch(t, path, object{"status": "InProgress", "lineItems": held}), http.StatusOK)
	t.Logf("answered after %s", time.Since(began))
	items := objects(t, submitted["lineItems"])
	require.Len(t, items, mostItems)
	for i, item := range items {
		require.Equal(t, held[i]["subscriptionId"], item["subscriptionId"], "in the order of the list")
		require.Equal(t, "InProgress", item["status"])
	}

	stream := follow(t, target, path)
	var last stand
	for s, more := stream.stand(t); more; s, more = stream.stand(t) {
		last = s
	}
	t.Logf("complete after %s", time.Since(began))
	assert.Equal(t, "Complete", last.Status)
	assert.Equal(t, mostItems, last.LineItems.Complete)
	gained := objects(t, as[object](t, target.get(t, path), http.StatusOK)["lineItems"])
	require.Len(t, gained, mostItems)
	assert.Equal(t, mostItems, count(values(gained, "status"), "Complete"))
}
