package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
)

// clients of a partner: customers with these names, the last of which it only bills.
func clientsOf(t testing.TB, c client, names ...string) {
	t.Helper()
	var w ledger.World
	for i, name := range names {
		id := uuid.NewString()
		w.Customers = append(w.Customers, programme.Customer{
			TenantID: id, Name: name, Domain: fmt.Sprintf("d%d-%s.example", i, id[:8]), Email: "it@" + id + ".example", Market: "US", Locale: "en-US",
		})
		if i < len(names)-1 {
			w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: c.tenant, CustomerTenantID: id})
			continue
		}
		s := licence("Licence", atOnce)
		s.CustomerTenantID, s.PartnerTenantID = id, c.tenant
		w.Subscriptions = append(w.Subscriptions, s)
	}
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
}

// Wire notes 11, 12: the list of customers, by name, those that the partner only bills included.
func TestWireNotes12_Customers(t *testing.T) {
	t.Parallel()
	partner := newPartner(t, "Clients' Cloud")
	clientsOf(t, partner, "Baker", "adler", "Ärzte am Platz", "Carpenter")
	list := as[object](t, partner.get(t, "/v1/customers"), http.StatusOK)
	assert.Equal(t, []string{"attributes", "items", "links", "totalCount"}, fields(list))
	assert.Equal(t, 4.0, list["totalCount"])
	assert.Equal(t, object{"objectType": "Collection"}, list["attributes"])
	assert.Equal(t, object{"self": object{"uri": "/customers", "method": "GET", "headers": []any{}}}, list["links"])
	items := objects(t, list["items"])
	require.Len(t, items, 4)
	var names []string
	for _, c := range items {
		assert.Equal(t, []string{"attributes", "companyProfile", "id", "links", "relationshipToPartner"}, fields(c))
		profile := field[object](t, c, "companyProfile")
		assert.Equal(t, c["id"], profile["tenantId"])
		names = append(names, field[string](t, profile, "companyName"))
	}
	assert.Equal(t, []string{"adler", "Baker", "Carpenter", "Ärzte am Platz"}, names)
	assert.Equal(t, []any{"reseller", "reseller", "none", "reseller"}, values(items, "relationshipToPartner"))

	one := as[object](t, partner.get(t, "/v1/customers/"+strings.ToUpper(field[string](t, items[0], "id"))), http.StatusOK)
	billing := field[object](t, one, "billingProfile")
	assert.Equal(t, items[0], with(one, object{"billingProfile": nil}), "a single read says more")
	assert.Equal(t, "adler", billing["companyName"])
	assert.Equal(t, "it@"+field[string](t, one, "id")+".example", billing["email"])
	assert.Equal(t, object{"country": "US"}, billing["defaultAddress"])
	assert.Equal(t, object{"objectType": "Customer"}, one["attributes"])
}

// Wire notes 11: pages by header and by link neither skip nor repeat a customer.
func TestWireNotes11_PagesOfCustomers(t *testing.T) {
	t.Parallel()
	partner := newPartner(t, "Pages Cloud")
	clientsOf(t, partner, "Same", "Same", "Same", "Other", "Another", "Same", "Last")
	whole := objects(t, as[object](t, partner.get(t, "/v1/customers"), http.StatusOK)["items"])
	require.Len(t, whole, 7)
	for size := 1; size <= 8; size++ {
		path := fmt.Sprintf("/v1/customers?size=%d", size)
		assert.Equal(t, whole, pages(t, partner, path, byLink), "by link, %d a page", size)
		assert.Equal(t, whole, pages(t, partner, path, byToken(path)), "by header, %d a page", size)
		assert.Equal(t, 7.0, as[object](t, partner.get(t, path), http.StatusOK)["totalCount"])
	}
	refused(t, partner.get(t, "/v1/customers?seekOperation=Previous"), http.StatusBadRequest, "900126")
	for _, token := range []string{"nonsense", fresh(), customerID("01")} { // neither do tokens tell about customers of others
		got := partner.do(t, call{method: http.MethodGet, path: "/v1/customers?size=2", header: map[string]string{"MS-ContinuationToken": token}})
		assert.Contains(t, refused(t, got, http.StatusBadRequest, "800002")["description"], "continuation token")
	}
}

// Wire notes 11: customers by the beginning of their name or domain, in any case, over pages too.
func TestWireNotes11_FilteredCustomers(t *testing.T) {
	t.Parallel()
	partner := newPartner(t, "Filters Cloud")
	clientsOf(t, partner, "Contoso Bakery", "CONTOSO Dairy", "The Contoso", "100% Contoso", "Contoso_Grain")
	find := func(by, value string) int {
		path := "/v1/customers?size=1&filter=" + filter(by, value, "starts_with")
		return len(pages(t, partner, path, byLink))
	}
	assert.Equal(t, 3, find("CompanyName", "contoso"))
	assert.Equal(t, 1, find("companyName", "contoso_"))
	assert.Equal(t, 1, find("CompanyName", "100%"))
	assert.Zero(t, find("CompanyName", "%"))
	assert.Equal(t, 1, find("Domain", "D1-"))
	for path, code := range map[string]string{
		filter("CompanyName", "c", "substring"): "900126", filter("Market", "US", "starts_with"): "900126", filter("", "c", "starts_with"): "800002",
		filter("CompanyName", "", "starts_with"): "800002", "%7B": "800002",
	} {
		refused(t, partner.get(t, "/v1/customers?filter="+path), http.StatusBadRequest, code)
	}
}

// a customer of others does not exist, like one that nobody has.
func TestR110_ForeignCustomers(t *testing.T) {
	t.Parallel()
	foreign, unknown := customer(t), fresh()
	partner := newPartner(t, "Foreign Cloud")
	for _, path := range []string{"", "/subscriptions", "/relationships", "/agreements", "/directSignedMicrosoftCustomerAgreementStatus", "/transferseligibility?transferType=3"} {
		var said [2]object
		for i, id := range []string{foreign, unknown} {
			said[i] = refused(t, partner.get(t, "/v1/customers/"+id+path), http.StatusNotFound, "60003")
			said[i]["description"] = strings.ReplaceAll(field[string](t, said[i], "description"), id, "it")
			delete(said[i], "data")
		}
		assert.Equal(t, said[1], said[0], path)
	}
}
