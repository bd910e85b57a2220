package contract

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/world"
)

// Partners and customers of the sample world go by their two digits, as in sample.yaml.
func partnerID(number string) string  { return "aaaaaaaa-0000-4000-8000-0000000000" + number }
func customerID(number string) string { return "cccccccc-0000-4000-8000-0000000000" + number }

// agent is the first admin agent of a partner of the sample.
func agent(number string) client {
	return client{tenant: partnerID(number), user: "eeeeeeee-0000-4000-8000-00000000" + number + "01", roles: []string{adminAgent}}
}

// copyOf makes a customer of its own for the test: a copy of that customer of the sample, with all that it holds.
func copyOf(t testing.TB, number string) string {
	t.Helper()
	copied, id := world.Copy(customerID(number), uuid.NewString())
	for i := range copied.Subscriptions {
		if s := &copied.Subscriptions[i]; strings.HasPrefix(s.SandboxFault, "sync:") {
			s.SandboxFault = syncing
		}
	}
	require.NoError(t, stage.Ledger.Extend(t.Context(), copied))
	return id
}

// syncing lasts longer after a submit than a busy machine needs for the first attempt, which has to meet it.
const syncing = "sync:15s"

// The faults of licences: moved at once, refused for good, or tried again for longer than any test.
const (
	atOnce = ""
	never  = "refuse:900130"
	stuck  = "transient:1000"
)

// licence is a subscription that moves as the fault says.
func licence(name, fault string) subscription.Subscription {
	bought := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, -3, 0)
	return subscription.Subscription{
		ID: uuid.NewString(), ProductType: subscription.OnlineServicesNCE, OfferID: "licence:0001", FriendlyName: name, Quantity: 7,
		UnitPriceMinor: 12_50, BillingCycle: subscription.Monthly, TermDuration: "P1Y", CreationDate: bought,
		CommitmentEndDate: bought.AddDate(1, 0, -1), Status: subscription.Active, SandboxFault: fault,
	}
}

// customerWith makes a customer that accepted source and target and holds these subscriptions at the source.
func customerWith(t testing.TB, holdings ...subscription.Subscription) string {
	t.Helper()
	id := uuid.NewString()
	w := ledger.World{Customers: []programme.Customer{{
		TenantID: id, Name: "Lakeshore Books", Domain: id[:8] + ".lakeshore.example", Email: "it@lakeshore.example", Market: "US", Locale: "en-US",
	}}}
	for _, partner := range []string{source.tenant, target.tenant} {
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: partner, CustomerTenantID: id})
		w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: id, PartnerTenantID: partner, Mode: programme.Attestation})
	}
	for _, s := range holdings {
		s.CustomerTenantID, s.PartnerTenantID = id, source.tenant
		w.Subscriptions = append(w.Subscriptions, s)
	}
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
	return id
}

// objects is a list of an answer.
func objects(t testing.TB, list any) []object {
	t.Helper()
	all, ok := list.([]any)
	require.True(t, ok, "%v is no list", list)
	found := make([]object, len(all))
	for i, one := range all {
		found[i], ok = one.(object)
		require.True(t, ok, "%v is no object", one)
	}
	return found
}

// field is a field of an object.
func field[T any](t testing.TB, o object, name string) T {
	t.Helper()
	v, ok := o[name].(T)
	require.True(t, ok, "%s is %v", name, o[name])
	return v
}

// values are the values of one field in each of the objects.
func values(list []object, name string) []any {
	all := make([]any, len(list))
	for i, o := range list {
		all[i] = o[name]
	}
	return all
}

// holdings are the subscriptions that the partner bills the customer for.
func holdings(t testing.TB, c client, customer string) []object {
	t.Helper()
	return objects(t, as[object](t, c.get(t, "/v1/customers/"+customer+"/subscriptions"), http.StatusOK)["items"])
}

// held is the one of them with that name.
func held(t testing.TB, c client, customer, name string) object {
	t.Helper()
	for _, s := range holdings(t, c, customer) {
		if s["friendlyName"] == name {
			return s
		}
	}
	require.Fail(t, "the partner does not bill for this", name)
	return nil
}

// picks is a submit of these subscriptions.
func picks(subscriptions ...object) object {
	items := make([]object, len(subscriptions))
	for i, s := range subscriptions {
		kind, _ := s["productType"].(object)
		items[i] = object{"subscriptionId": s["id"], "productType": kind["id"]}
	}
	return object{"status": "InProgress", "lineItems": items}
}

// becomes waits until the transfer has the status and returns it as that client sees it then.
func becomes(t testing.TB, c client, path, status string) object {
	t.Helper()
	var seen object
	eventually(t, "the transfer is "+status, func() bool {
		seen = as[object](t, c.get(t, path), http.StatusOK)
		return seen["status"] == status
	})
	return seen
}

// filter is a filter of a collection, as clients write it into a query.
func filter(name, value, operator string) string {
	text, err := json.Marshal(object{"Field": name, "Value": value, "Operator": operator})
	if err != nil {
		panic(err) // texts can be written as JSON
	}
	return url.QueryEscape(string(text))
}

// newPartner makes a direct-bill partner of its own for the test and returns its admin agent.
func newPartner(t testing.TB, name string) client {
	t.Helper()
	c := client{tenant: uuid.NewString(), user: uuid.NewString(), roles: []string{adminAgent}}
	require.NoError(t, stage.Ledger.Extend(t.Context(), ledger.World{Partners: []programme.Partner{{
		TenantID: c.tenant, Name: name, Programs: programme.Enrolled(programme.DirectBill, programme.Active, true),
		MPNID: fmt.Sprint(1_000_000_000 + rand.Int64N(8_000_000_000)), Market: "US", Currency: "USD", Locale: "en-US",
		Users: []programme.User{programme.Agent(c.user, "agent@"+c.tenant+".example")},
	}}}))
	return c
}

// pages reads a collection page by page, each time with what next makes of the page before, and returns all items.
func pages(t testing.TB, c client, path string, next func(page object) (call, bool)) (all []object) {
	t.Helper()
	r := call{method: http.MethodGet, path: path}
	for more := true; more; {
		page := as[object](t, c.do(t, r), http.StatusOK)
		all = append(all, objects(t, page["items"])...)
		r, more = next(page)
	}
	return all
}

// byLink follows links.next, whose address is relative to the version of the API.
func byLink(page object) (call, bool) {
	links, _ := page["links"].(object)
	next, more := links["next"].(object)
	if !more {
		return call{}, false
	}
	return call{method: next["method"].(string), path: "/v1" + next["uri"].(string)}, true
}

// byToken sends the continuation token of a page of path in a header, as the SDKs do.
func byToken(path string) func(page object) (call, bool) {
	return func(page object) (call, bool) {
		token, more := page["continuationToken"].(string)
		return call{method: http.MethodGet, path: path + "&seekOperation=Next", header: map[string]string{"MS-ContinuationToken": token}}, more
	}
}
