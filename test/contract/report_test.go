package contract

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// the source's report on everything that moved: what it was, how often it was tried, who pays which days.
func TestR32_ReportForTheSource(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := moved(t, customer)
	rows := as[[]object](t, source.get(t, path+"/report"), http.StatusOK)
	require.Len(t, rows, 12)
	today := time.Now().UTC().Format(time.DateOnly)
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	visio := find(t, rows, "Visio Plan 2")
	assert.Equal(t, object{
		"sourceSubscriptionId": held(t, source, customer, "Visio Plan 2")["id"], "productType": "OnlineServicesNCE", "offerId": "visio-plan-2:0001",
		"friendlyName": "Visio Plan 2", "quantity": 3.0, "billingCycle": "monthly", "outcome": "Complete", "attempts": 3.0,
		"lastError": visio["lastError"], "effectiveDate": today, "sourceFrom": "2026-07-01", "sourceUntil": yesterday, "targetFrom": today,
		"targetUntil": "2027-06-30", "refund": false,
	}, with(visio, object{"ordinal": nil}))
	assert.Contains(t, visio["lastError"], "503")
	assert.Equal(t, true, find(t, rows, "Exchange Online Plan 1")["refund"], "R-33: paid up front for the year")
	assert.NotContains(t, find(t, rows, "Azure - bakery web shop"), "targetUntil", "no term, no end")
}

// R-183..R-185: the target's report has the new ids and nothing of the source's side.
func TestR183_ReportForTheTarget(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path := moved(t, customer)
	rows := as[[]object](t, target.get(t, path+"/report"), http.StatusOK)
	require.Len(t, rows, 12)
	visio := find(t, rows, "Visio Plan 2")
	assert.Equal(t, held(t, target, customer, "Visio Plan 2")["id"], visio["targetSubscriptionId"])
	for _, row := range rows {
		for _, hidden := range []string{"sourceSubscriptionId", "attempts", "lastError", "transferError", "sourceFrom"} {
			assert.NotContains(t, row, hidden)
		}
	}
}

// The report as CSV, by query or by Accept: the same rows, a column for each field of the viewer.
func TestReportAsCSV(t *testing.T) {
	t.Parallel()
	formula := licence("=HYPERLINK(\"http://evil.example\")", atOnce)
	customer := customerWith(t, formula, licence("Licence, \"quoted\"", never))
	path, made := created(t, customer)
	as[object](t, source.patch(t, path, everything), http.StatusOK)
	becomes(t, source, path, "PartiallyComplete")
	for c, columns := range map[*client]int{&source: 17, &target: 13} {
		got := c.get(t, path+"/report?format=csv")
		assert.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
		assert.Equal(t, `attachment; filename="transfer-`+field[string](t, made, "id")+`.csv"`, got.header.Get("Content-Disposition"))
		byAccept := c.do(t, call{method: http.MethodGet, path: path + "/report", header: map[string]string{"Accept": "text/csv"}})
		assert.Equal(t, string(got.body), string(byAccept.body))

		lines, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		require.NoError(t, err)
		rows := as[[]object](t, c.get(t, path+"/report"), http.StatusOK)
		require.Len(t, lines, len(rows)+1)
		assert.Len(t, lines[0], columns)
		for i, row := range rows {
			for k, column := range lines[0] {
				cell := strings.TrimPrefix(lines[i+1][k], "'")
				if text, is := row[column].(string); is {
					assert.Equal(t, text, cell, column)
				}
			}
		}
		assert.Contains(t, string(got.body), `'=HYPERLINK`, "a spreadsheet must not run what a partner wrote")
	}
	refused(t, source.get(t, path+"/report?format=pdf"), http.StatusBadRequest, "900126")
}

// Extension: what happened, the oldest first, with actor, time and reason; users and request ids are the viewer's own.
func TestEvents(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	createdBy, submittedBy := fresh(), fresh()
	made := as[object](t, target.do(t, call{method: http.MethodPost, path: transfers(customer), body: request()}.keyed(createdBy)), http.StatusCreated)
	path := transfers(customer) + "/" + field[string](t, made, "id")
	as[object](t, source.do(t, call{method: http.MethodPatch, path: path, body: everything}.keyed(submittedBy)), http.StatusOK)
	becomes(t, source, path, "Complete")
	for c, own := range map[*client]int{&target: 0, &source: 1} {
		events := as[[]object](t, c.get(t, path+"/events"), http.StatusOK)
		require.Len(t, events, 3)
		assert.Equal(t, []any{"created", "submitted", "completed"}, values(events, "event"))
		assert.Equal(t, []any{"Pending", "InProgress", "Complete"}, values(events, "status"))
		roles, times := []any{}, []string{}
		for i, e := range events {
			actor := field[object](t, e, "actor")
			roles, times = append(roles, actor["role"]), append(times, field[string](t, e, "time"))
			assert.Equal(t, i == own, actor["userId"] != nil, "the viewer's own user alone")
			assert.Equal(t, i == own, e["requestId"] != nil)
		}
		assert.Equal(t, []any{"target", "source", "platform"}, roles)
		assert.IsNonDecreasing(t, times)
		assert.Equal(t, []any{createdBy, submittedBy}[own], events[own]["requestId"])
	}
}

// every fault of the sample in one transfer. What can be retried is, each by itself; what is refused for
// good fails alone, and the source reads why in the words of the wire.
func TestR25_EveryFault(t *testing.T) {
	t.Parallel()
	customer := copyOf(t, "03")
	path, _ := created(t, customer)
	submitted := as[object](t, source.patch(t, path, everything), http.StatusOK)
	require.Equal(t, 7.0, submitted["lineItemCount"])
	seen := becomes(t, source, path, "PartiallyComplete")
	assert.Equal(t, 6, count(values(objects(t, seen["lineItems"]), "status"), "Complete"))
	rows := as[[]object](t, source.get(t, path+"/report"), http.StatusOK)

	refusedItem := find(t, rows, "Azure - booking engine")
	assert.Equal(t, "Failed", refusedItem["outcome"])
	assert.Contains(t, refusedItem["transferError"], "The billing system refused to move the subscription")
	syncing := find(t, rows, "Entra ID P1")
	assert.Contains(t, syncing["lastError"], "Subscription SyncState must be SyncComplete for the Subscription to be a source in a Subscription Ownership Transfer. "+
		"Subscription: "+field[string](t, held(t, source, customer, "Entra ID P1"), "id")+", current state: None")
	assert.Equal(t, 4.0, find(t, rows, "Planner Plan 1")["attempts"])
	assert.Equal(t, 1.0, find(t, rows, "Dynamics 365 Digital Messaging")["attempts"], "R-74: an add-on waits for its base without failing")
	assert.Len(t, becomes(t, target, path, "PartiallyComplete")["lineItems"], 6)
}
