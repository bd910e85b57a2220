package api

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// today is when the tests about bills are served: what moved on 15 June is invoiced, what moves today is not.
var (
	june  = time.Date(2026, 6, 15, 10, 0, 0, 0, time.UTC)
	today = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)
)

// billed is a stage of today on which two licences of the customer moved in June and two more today, of nine bought on 10 April.
func billed(t *testing.T) *stage {
	t.Helper()
	w := world.Large(1, 9)
	bought := time.Date(2026, 4, 10, 8, 0, 0, 0, time.UTC)
	for i := range w.Subscriptions {
		w.Subscriptions[i].CreationDate = bought
		if w.Subscriptions[i].TermDuration != "" {
			w.Subscriptions[i].CommitmentEndDate = bought.AddDate(1, 0, -1)
		}
	}
	seeded := setStageOn(t, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), w)
	then := serving(t, seeded.ledger.At(june))
	then.moves("june", 0, 1)
	now := serving(t, seeded.ledger.At(today))
	now.moves("july", 2, 3)
	return now
}

// moves has licences of the first customer moved by a transfer of their own, and ends it.
func (s *stage) moves(request string, licences ...int) {
	s.Helper()
	path := s.gets(creating(0, request), http.StatusCreated).location
	var items []string
	var results []transferstore.ItemResult
	for n, l := range licences {
		items = append(items, `{"subscriptionId":"`+licence(0, l)+`","productType":"OnlineServicesNCE"}`)
		results = append(results, transferstore.ItemResult{Ordinal: n, TargetSubscriptionID: brought(l)})
	}
	s.gets(deciding(bySource, path, `{"status":"InProgress","lineItems":[`+strings.Join(items, ",")+`]}`, "submit "+request), http.StatusOK)
	id := strings.Split(path, "/")[5]
	_, err := s.ledger.RecordItems(s.Context(), id, results)
	require.NoError(s, err)
	_, err = s.ledger.CloseTransfer(s.Context(), id)
	require.NoError(s, err)
}

// brought is what the target got for a licence.
func brought(number int) string { return fmt.Sprintf("bbbbbbbb-1111-4000-8000-%012x", number) }

// listed reads every page of a collection, so many at a time, by the links that lead on.
func (s *stage) listed(by, path string, size int) (all []object) {
	s.Helper()
	for next := fmt.Sprintf("%s?size=%d", path, size); next != ""; {
		page := s.reads(by, next)
		items := page["items"].([]any)
		require.LessOrEqual(s, len(items), size)
		for _, item := range items {
			all = append(all, item.(object))
		}
		links := page["links"].(object)
		next = ""
		if link, more := links["next"].(object); more {
			next = "/v1" + link["uri"].(string)
			require.NotEmpty(s, page["continuationToken"])
		}
	}
	return all
}

// sum adds a member of the items up, as the numbers that they are written as.
func sum(t *testing.T, items []object, member string) string {
	t.Helper()
	total := new(big.Rat)
	for _, item := range items {
		one, valid := new(big.Rat).SetString(item[member].(json.Number).String())
		require.True(t, valid)
		total.Add(total, one)
	}
	return total.FloatString(2)
}

// exactly reads an answer with its numbers as they are written.
func (s *stage) exactly(by, path string) object {
	s.Helper()
	decoder := json.NewDecoder(strings.NewReader(s.gets(ask{by: by, method: http.MethodGet, path: path}, http.StatusOK).complete))
	decoder.UseNumber()
	var read object
	require.NoError(s, decoder.Decode(&read))
	return read
}

func objectsOf(list any) []object {
	var all []object
	for _, one := range list.([]any) {
		all = append(all, one.(object))
	}
	return all
}

// F-11: the invoice of a month that is over, its line items, and what it adds up to, for either side.
func TestInvoicesAddUp(t *testing.T) {
	t.Parallel()
	s := billed(t)
	for by, total := range map[string]string{bySource: "-208.34", byTarget: "208.34"} {
		all := objectsOf(s.exactly(by, "/v1/invoices")["items"])
		require.Len(t, all, 1, "this month is not over")
		invoice := all[0]
		assert.Equal(t, total, invoice["totalCharges"].(json.Number).String())
		assert.Equal(t, []any{"2026-07-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-06-30T00:00:00Z", "USD", "invoice"}, []any{
			invoice["invoiceDate"], invoice["billingPeriodStartDate"], invoice["billingPeriodEndDate"], invoice["currencyCode"], invoice["documentType"],
		})
		path := "/v1/invoices/" + invoice["id"].(string)
		assert.Equal(t, invoice, s.exactly(by, path))
		assert.Equal(t, invoice, s.exactly(by, strings.ToUpper(path)))
		detail := objectsOf(invoice["invoiceDetails"])[0]
		lines := "/v1" + detail["links"].(object)["self"].(object)["uri"].(string)
		assert.Equal(t, path+"/lineitems/OneTime/BillingLineItems", lines)
		items := objectsOf(s.exactly(by, lines)["items"])
		require.Len(t, items, 2)
		assert.Equal(t, total, sum(t, items, "subtotal"))
		assert.Equal(t, total, sum(t, items, "totalForCustomer"))
		assert.Len(t, s.listed(by, lines, 1), 2)
		assert.Equal(t, s.reads(by, lines), s.reads(by, path+"/lineitems/ONE_TIME/billing_line_items"))
		for _, none := range []string{"/Azure/BillingLineItems", "/OneTime/UsageLineItems", "/office/usagelineitems"} {
			assert.Empty(t, s.reads(by, path+"/lineitems"+none)["items"], none)
		}
		for _, unknown := range []string{"/x/BillingLineItems", "/OneTime/x"} {
			s.no(ask{by: by, method: http.MethodGet, path: path + "/lineitems" + unknown}, http.StatusBadRequest, "UnknownEnumValue")
		}
		other := map[string]string{bySource: byTarget, byTarget: bySource}[by]
		for _, theirs := range []string{path, lines} {
			foreign := s.no(ask{by: other, method: http.MethodGet, path: theirs}, http.StatusNotFound, "InvoiceUnknown")
			assert.Contains(t, foreign, invoice["id"])
		}
	}
	line := s.listed(byTarget, "/v1/invoices/unbilled/lineitems", 1)[0]
	assert.Equal(t, []any{"new", 12.5, 10.0, "", "licence", "0001", "2026-07-20T00:00:00Z", "2026-08-09T00:00:00Z", "OneTimeInvoiceLineItem"}, []any{
		line["chargeType"], line["unitPrice"], line["quantity"], line["invoiceNumber"], line["productId"], line["skuId"], line["chargeStartDate"],
		line["chargeEndDate"], line["attributes"].(object)["objectType"],
	})
}

// What is unbilled are the lines of this month, and then the next charge of everything that is paid by the cycle, in pages of any size.
func TestUnbilledLineItems(t *testing.T) {
	t.Parallel()
	s := billed(t)
	const path = "/v1/invoices/unbilled/lineitems"
	kinds := func(items []object) (all []string) {
		for _, i := range items {
			all = append(all, i["chargeType"].(string)+" "+i["chargeStartDate"].(string)[:10])
		}
		return all
	}
	for by, want := range map[string][]string{
		bySource: slices.Concat(slices.Repeat([]string{"cancel 2026-07-20"}, 2), slices.Repeat([]string{"cycleCharge 2026-08-10"}, 5)),
		byTarget: slices.Concat(slices.Repeat([]string{"new 2026-07-20"}, 2), slices.Repeat([]string{"cycleCharge 2026-08-10"}, 4)),
	} {
		whole := s.listed(by, path, 500)
		assert.Equal(t, want, kinds(whole), by)
		for size := 1; size <= 8; size++ {
			assert.Equal(t, whole, s.listed(by, path, size), "%s by %d", by, size)
		}
		asked := s.reads(by, path+"?provider=onetime&invoicelineitemtype=billinglineitems&currencycode=usd&period=current")
		assert.Len(t, asked["items"], len(whole))
		assert.EqualValues(t, len(whole), asked["totalCount"])
		for _, none := range []string{"?currencyCode=EUR", "?period=previous", "?provider=Azure", "?invoiceLineItemType=UsageLineItems"} {
			assert.Empty(t, s.reads(by, path+none)["items"], none)
		}
	}
	s.no(ask{by: bySource, method: http.MethodGet, path: path + "?period=next"}, http.StatusBadRequest, "UnknownEnumValue")
}

// F-7: each subscription that a transfer brought has an order, by which it is found.
func TestOrders(t *testing.T) {
	t.Parallel()
	s := billed(t)
	path := customerPath(0) + "/orders"
	all := s.listed(byTarget, path, 3)
	require.Len(t, all, 4)
	assert.EqualValues(t, 4, s.reads(byTarget, path)["totalCount"])
	for _, order := range all {
		assert.Equal(t, []any{"completed", "SystemPurchase", "monthly", "USD"}, []any{order["status"], order["transactionType"], order["billingCycle"], order["currencyCode"]})
		assert.Equal(t, order, s.reads(byTarget, path+"/"+order["id"].(string)))
		line := objectsOf(order["lineItems"])[0]
		assert.Equal(t, []any{0.0, "licence:0001", 10.0, "P1Y"}, []any{line["lineItemNumber"], line["offerId"], line["quantity"], line["termDuration"]})
		found := s.items(byTarget, customerPath(0)+"/subscriptions?order_id="+order["id"].(string), "id")
		assert.Equal(t, []string{line["subscriptionId"].(string)}, found)
		assert.Empty(t, s.reads(bySource, customerPath(0)+"/subscriptions?order_id="+order["id"].(string))["items"])
		s.no(ask{by: bySource, method: http.MethodGet, path: path + "/" + order["id"].(string)}, http.StatusNotFound, "OrderUnknown")
	}
	assert.Empty(t, s.reads(bySource, path)["items"])
	s.no(ask{by: byLitware, method: http.MethodGet, path: path}, http.StatusForbidden, "NotAPartner")
}

// Amounts are written as they are kept, however large.
func TestAmountsAreExact(t *testing.T) {
	t.Parallel()
	s := billed(t)
	_, err := s.ledger.Writer().ExecContext(t.Context(), "UPDATE subscriptions SET unit_price_minor = 99999999999, quantity = 999999 WHERE id = ?", brought(0))
	require.NoError(t, err)
	var got []string
	for _, item := range objectsOf(s.exactly(byTarget, "/v1/invoices/unbilled/lineitems")["items"]) {
		if item["subscriptionId"] == brought(0) {
			got = append(got, item["subtotal"].(json.Number).String(), item["unitPrice"].(json.Number).String())
		}
	}
	assert.Equal(t, []string{"999998999990000.01", "999999999.99"}, got)
}
