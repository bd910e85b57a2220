package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logOf is what the client's activity log has about the customer, the newest first.
func logOf(t testing.TB, c client, customer string) []object {
	t.Helper()
	return objects(t, as[object](t, c.get(t, auditOf(customer)), http.StatusOK)["items"])
}

// both parties have a record of each event; its id names customer and transfer where consumers look.
func TestR203_RecordsOfATransfer(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := moved(t, customer)
	id := path[len(transfers(customer))+1:]
	for _, c := range []client{source, target} {
		records := logOf(t, c, customer)
		assert.Equal(t, []any{"complete_transfer", "update_transfer", "create_transfer"}, values(records, "operationType"))
		for _, r := range records {
			parts := strings.Split(field[string](t, r, "id"), "_")
			require.Len(t, parts, 5)
			assert.Equal(t, []string{c.tenant, customer, id, strings.ReplaceAll(field[string](t, r, "operationType"), "_", "")}, parts[:4])
			for name, value := range map[string]any{
				"partnerId": c.tenant, "participants": []any{source.tenant, target.tenant}, "customerId": customer, "customerName": "Contoso Bakery",
				"resourceType": "transfer", "operationStatus": "succeeded", "attributes": map[string]any{"objectType": "AuditRecord"},
			} {
				assert.Equal(t, value, r[name], name)
			}
			assert.True(t, strings.HasSuffix(field[string](t, r, "operationDate"), "Z"))
		}
		// A party hears which application of its own it was, never which of the other's.
		assert.Equal(t, map[string][]any{source.tenant: {"", "contract-tests", ""}, target.tenant: {"", "", "contract-tests"}}[c.tenant], values(records, "applicationId"))
	}
	assert.Equal(t, target.user, logOf(t, target, customer)[2]["userPrincipalName"])
	failed := customerWith(t, licence("Refused", never))
	path, _ = created(t, failed)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	becomes(t, target, path, "Failed")
	assert.Equal(t, "fail_transfer", logOf(t, target, failed)[0]["operationType"])
}

// a record can be read by its partner alone, at both addresses; to others it does not exist.
func TestR307_OneRecord(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	created(t, customer)
	record := logOf(t, target, customer)[0]
	id := field[string](t, record, "id")
	for _, path := range []string{"/v1/auditrecords/", "/auditactivity/v1/auditrecords/"} {
		assert.Equal(t, record, as[object](t, target.get(t, path+id), http.StatusOK))
		assert.Equal(t, record, as[object](t, target.get(t, path+strings.ToUpper(id)), http.StatusOK))
		unknown := refused(t, target.get(t, path+"unknown"), http.StatusNotFound, "1000")
		for _, c := range []client{source, stranger, reseller} {
			assert.Equal(t, unknown, refused(t, c.get(t, path+id), http.StatusNotFound, "1000"))
		}
	}
}

// the filters, values in any case; whatever else is refused.
func TestR301_Filters(t *testing.T) {
	t.Parallel()
	partner := newPartner(t, "Audit Cloud")
	clientsOf(t, partner, "Lumber Yard", "Other", "The LUMBERJACK", "Billed only")
	for _, c := range objects(t, as[object](t, partner.get(t, "/v1/customers"), http.StatusOK)["items"]) {
		if c["relationshipToPartner"] == "reseller" {
			as[object](t, partner.post(t, agreementsOf(field[string](t, c, "id")), attestation()), http.StatusCreated)
		}
	}
	billed := objects(t, as[object](t, partner.get(t, "/v1/customers?filter="+filter("CompanyName", "Billed", "starts_with")), http.StatusOK)["items"])[0]
	customer := field[string](t, billed, "id")
	as[object](t, partner.patch(t, at(t, customer, held(t, partner, customer, "Licence")), object{"quantity": 9}), http.StatusOK)
	found := func(f string) any {
		return as[object](t, partner.get(t, "/v1/auditrecords?filter="+f), http.StatusOK)["totalCount"]
	}
	for f, count := range map[string]float64{
		filter("CompanyName", "lumber", "substring"): 2, filter("companyname", "LUMBERJACK", "Substring"): 1, filter("CompanyName", "%", "substring"): 0,
		filter("CustomerId", strings.ToUpper(customer), "equals"): 1, filter("CustomerId", fresh(), "equals"): 0,
		filter("ResourceType", "Agreement", "equals"): 3, filter("ResourceType", "subscription", "equals"): 1, filter("ResourceType", "transfer", "equals"): 0,
	} {
		assert.Equal(t, count, found(f), f)
	}
	for f, code := range map[string]string{
		filter("CompanyName", "lumber", "equals"): "900126", filter("CustomerId", customer, "substring"): "900126",
		filter("OperationType", "create_transfer", "equals"): "900126", "lumber": "800002", filter("CustomerId", "", "equals"): "800002",
	} {
		refused(t, partner.get(t, "/v1/auditrecords?filter="+f), http.StatusBadRequest, code)
	}
}

// Wire notes 5: dates as the SDKs send them; what could mean two days is refused.
func TestWireNotes5_Dates(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	created(t, customer)
	now := time.Now().UTC()
	yesterday, tomorrow := now.AddDate(0, 0, -1), now.AddDate(0, 0, 1)
	total := func(from, until string) any {
		query := url.Values{}
		for name, value := range map[string]string{"startDate": from, "endDate": until} {
			if value != "" {
				query.Set(name, value)
			}
		}
		return as[object](t, target.get(t, auditOf(customer)+"&"+query.Encode()), http.StatusOK)["totalCount"]
	}
	const sdk, twelve = "1/2/2006 15:04:05", "01/02/2006 3:04:05 PM"
	for _, layout := range []string{time.DateOnly, sdk, "01/02/2006 15:04:05", twelve, time.RFC3339, "2006-01-02T15:04:05"} {
		assert.Equal(t, 1.0, total(yesterday.Format(layout), ""), layout)
		assert.Equal(t, 1.0, total(yesterday.Format(layout), tomorrow.Format(layout)), layout)
		if layout != time.DateOnly {
			assert.Equal(t, 0.0, total(yesterday.Format(layout), now.Add(-time.Hour).Format(layout)), layout)
		}
	}
	today := now.Format(time.DateOnly)
	assert.Equal(t, 1.0, total(today, today), "the end is a whole day")
	for _, bad := range []string{"11/12/2026", "12.11.2026", "2026-13-01", "2026-11-31", "yesterday", "1763700000", "2026-11-21 10:00:00"} {
		refused(t, target.get(t, "/v1/auditrecords?startDate="+url.QueryEscape(bad)), http.StatusBadRequest, "800002")
		refused(t, target.get(t, "/v1/auditrecords?endDate="+url.QueryEscape(bad)), http.StatusBadRequest, "800002")
	}
}

// 30 days when nothing is said, 90 at most.
func TestR300_NinetyDays(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	expired(t, customer) // 40 days ago; it expired just now
	back := func(days int) string { return time.Now().UTC().AddDate(0, 0, -days).Format(time.DateOnly) }
	assert.Equal(t, []any{"update_transfer"}, values(logOf(t, target, customer), "operationType"))
	longer := objects(t, as[object](t, target.get(t, auditOf(customer)+"&startDate="+back(90)), http.StatusOK)["items"])
	assert.Equal(t, []any{"update_transfer", "create_transfer"}, values(longer, "operationType"))
	assert.Equal(t, "ActivityLogNotKept", refused(t, target.get(t, "/v1/auditrecords?startDate="+back(91)), http.StatusBadRequest, "800002")["errorName"])
	refused(t, target.get(t, "/v1/auditrecords?startDate="+back(1)+"&endDate="+back(2)), http.StatusBadRequest, "800002")
}

// pages by seek; they neither skip nor repeat while records are added.
func TestR302_Pages(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	power := at(t, customer, held(t, source, customer, "Power BI Pro"))
	for n := range 7 {
		as[object](t, source.patch(t, power, object{"quantity": 100 + n}), http.StatusOK)
	}
	whole := logOf(t, source, customer)
	require.Len(t, whole, 7)
	for size := range 8 {
		path := fmt.Sprintf("%s&size=%d&startDate=%s", auditOf(customer), size+1, time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly))
		adding := 0
		read := pages(t, source, path, func(page object) (call, bool) {
			adding++
			as[object](t, source.patch(t, power, object{"quantity": 200 + 10*size + adding}), http.StatusOK)
			return byLink(page)
		})
		assert.Equal(t, logOf(t, source, customer)[adding:], read)
		assert.Len(t, read, len(whole))
		whole = logOf(t, source, customer)
	}
	first := as[object](t, source.get(t, auditOf(customer)+"&size=2"), http.StatusOK)
	assert.Equal(t, []string{"attributes", "continuationToken", "items", "links", "totalCount"}, fields(first))
	bySeek := as[object](t, source.get(t, auditOf(customer)+"&size=2&seek="+field[string](t, first, "continuationToken")), http.StatusOK)
	assert.Equal(t, []any{whole[2], whole[3]}, bySeek["items"])
}
