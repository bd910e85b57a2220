package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
)

// searched are the transfers that a search finds, all pages of it.
func searched(t testing.TB, c client, query string) []object {
	t.Helper()
	return pages(t, c, "/v1/transfers?"+query, byLink)
}

// newcomer is a target of its own with customers that it may take over from the demonstration's source.
func newcomer(t testing.TB, customers int) (c client, ids []string) {
	t.Helper()
	c = newPartner(t, "Newcomer Cloud")
	var w ledger.World
	for range customers {
		id := uuid.NewString()
		ids = append(ids, id)
		w.Customers = append(w.Customers, programme.Customer{
			TenantID: id, Name: "Litware Shop", Domain: id[:8] + ".shop.example", Email: "it@shop.example", Market: "US", Locale: "en-US",
		})
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: c.tenant, CustomerTenantID: id})
		w.Agreements = append(w.Agreements, programme.Agreement{PartnerTenantID: c.tenant, CustomerTenantID: id, Mode: programme.Attestation})
	}
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
	return c, ids
}

// Extension: thirty transfers across customers, read page by page while others are created, without gap or double.
func TestSearchPagesWhileOthersAreCreated(t *testing.T) {
	t.Parallel()
	partner, customers := newcomer(t, 3)
	create := func(i int) string {
		made := as[object](t, partner.post(t, transfers(customers[i%3]), request()), http.StatusCreated)
		return field[string](t, made, "id")
	}
	var made []any
	for i := range 30 {
		made = append([]any{create(i)}, made...) // the newest first
	}
	for _, size := range []int{4, 7, 30} {
		n := 0
		found := pages(t, partner, fmt.Sprintf("/v1/transfers?size=%d", size), func(page object) (call, bool) {
			if n++; n <= 3 {
				create(n)
			}
			return byLink(page)
		})
		assert.Equal(t, made, values(found, "id"), "%d a page", size)
		made = values(searched(t, partner, ""), "id")
	}
	assert.Len(t, made, 30+3+3+2)
}

// Each filter narrows; several narrow together. R-110: nobody finds what is not theirs.
func TestSearchFilters(t *testing.T) {
	t.Parallel()
	partner, customers := newcomer(t, 2)
	begin := time.Now().UTC()
	first := as[object](t, partner.post(t, transfers(customers[0]), request()), http.StatusCreated)
	second := as[object](t, partner.post(t, transfers(customers[1]), request()), http.StatusCreated)
	as[object](t, partner.patch(t, transfers(customers[0])+"/"+field[string](t, first, "id"), cancel), http.StatusOK)
	createdSecond := url.QueryEscape(field[string](t, second, "createdTime"))
	soon := url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339))
	both, one, other, none := []any{second["id"], first["id"]}, []any{first["id"]}, []any{second["id"]}, []any{}
	for query, want := range map[string][]any{
		"":                              both,
		"status=Cancel":                 one,
		"status=pending,cancel":         both,
		"status=Complete":               none,
		"direction=incoming":            both,
		"direction=Outgoing":            none,
		"customerId=" + customers[1]:    other,
		"customerId=" + fresh():         none,
		"createdFrom=" + createdSecond:  other,
		"createdUntil=" + createdSecond: one,
		"createdFrom=" + soon:           none,
		"modifiedFrom=" + soon:          none,
		"status=Cancel&customerId=" + customers[0] + "&direction=incoming&modifiedFrom=" + url.QueryEscape(begin.Format(time.RFC3339)): one,
		"status=Pending&customerId=" + customers[0]: none,
	} {
		assert.Equal(t, want, values(searched(t, partner, query), "id"), query)
	}
	for _, c := range []client{stranger, target} {
		assert.Empty(t, searched(t, c, "customerId="+customers[0]))
	}
	refused(t, reseller.get(t, "/v1/transfers?customerId="+customers[0]), http.StatusForbidden, "900137")
	seen := searched(t, source, "customerId="+customers[0]+"&direction=outgoing")
	assert.Equal(t, one, values(seen, "id"))
	assert.Equal(t, 2.0, seen[0]["transferDirection"])
	for query, code := range map[string]string{"status=Done": "900126", "direction=sideways": "900126", "size=501": "800002", "modifiedFrom=now": "800002"} {
		refused(t, partner.get(t, "/v1/transfers?"+query), http.StatusBadRequest, code)
	}
}

// A page has headers only; its links keep the search.
func TestSearchPage(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := moved(t, customer)
	created(t, customer)
	page := as[object](t, target.get(t, "/v1/transfers?size=1&status=Pending,Complete&customerId="+customer), http.StatusOK)
	assert.Equal(t, []string{"attributes", "continuationToken", "items", "links"}, fields(page))
	next, more := byLink(page)
	require.True(t, more)
	page = as[object](t, target.do(t, next), http.StatusOK)
	assert.Equal(t, []string{"attributes", "items", "links"}, fields(page), "the last page")
	done := as[object](t, target.get(t, path), http.StatusOK)
	assert.Equal(t, []object{with(done, object{"lineItems": nil})}, objects(t, page["items"]))
	again := as[object](t, target.get(t, "/v1"+page["links"].(object)["self"].(object)["uri"].(string)), http.StatusOK)
	assert.Equal(t, page, again)
}
