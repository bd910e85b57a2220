package api

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
)

const logOf = "/v1/auditrecords?"

// withALog is a stage on which Northwind's log has so many records, and one of what it was refused.
func withALog(t *testing.T, records int) *stage {
	t.Helper()
	s := sample(t)
	path, _ := s.held(byNorthwind, 1, "Power BI Pro")
	for n := range records - 1 {
		s.patched(byNorthwind, path, object{"quantity": 20 + n})
	}
	s.gets(ask{by: byNorthwind, method: http.MethodPost, path: "/v1/admin/worlds", body: "{}", key: "refused"}, http.StatusForbidden)
	return s
}

// the log as CSV is the log as JSON, under the same filters, whichever way it is asked for, and whole.
func TestTheLogAsCSV(t *testing.T) {
	t.Parallel()
	s := withALog(t, 6)
	for _, query := range []string{"", "filter=" + url.QueryEscape(`{"Field":"ResourceType","Value":"subscription","Operator":"equals"}`), "startDate=" + time.Now().UTC().Format(time.DateOnly)} {
		var want [][]string
		for _, item := range s.reads(byNorthwind, logOf+query)["items"].([]any) {
			item := item.(object)
			about := ""
			if data := item["customizedData"].([]any); len(data) > 0 && data[0].(object)["key"] == "ResourceId" {
				about = data[0].(object)["value"].(string)
			}
			user, _ := item["userPrincipalName"].(string)
			want = append(want, []string{
				item["operationDate"].(string), item["customerName"].(string), item["customerId"].(string), item["operationType"].(string), user,
				item["resourceType"].(string), about, item["operationStatus"].(string), item["id"].(string),
			})
		}
		require.NotEmpty(t, want)
		for _, asked := range []ask{
			{by: byNorthwind, method: http.MethodGet, path: logOf + query, header: map[string]string{"Accept": "text/csv"}},
			{by: byNorthwind, method: http.MethodGet, path: strings.TrimSuffix(logOf+"format=csv&"+query, "&")},
		} {
			got := s.gets(asked, http.StatusOK)
			assert.Equal(t, "text/csv; charset=utf-8", got.kind)
			rows, err := csv.NewReader(strings.NewReader(got.complete)).ReadAll()
			require.NoError(t, err)
			assert.Equal(t, "operationDate,customerName,customerId,operationType,userPrincipalName,resourceType,resourceId,operationStatus,id", strings.Join(rows[0], ","))
			assert.Equal(t, want, rows[1:], query)
		}
	}
	// I-6: another partner's file has nothing of it.
	other := s.gets(ask{by: byLitware, method: http.MethodGet, path: logOf + "format=csv"}, http.StatusOK)
	assert.Equal(t, 1, strings.Count(other.complete, "\r\n"))
}

// what CSV and JSON refuse alike, before anything is answered.
func TestSearchesOfTheLogThatAreRefused(t *testing.T) {
	t.Parallel()
	s := withALog(t, 2)
	back := func(days int) string { return time.Now().UTC().AddDate(0, 0, -days).Format(time.DateOnly) }
	for query, cause := range map[string]string{
		"startDate=" + back(91):                        "ActivityLogNotKept",
		"startDate=" + back(-2):                        "InvalidInput", // in the future, before the end of today
		"startDate=" + back(1) + "&endDate=" + back(2): "InvalidInput",
		"endDate=" + back(40):                          "InvalidInput", // before the usual start
		"startDate=05%2F06%2F2026":                     "InvalidInput",
		"startDate=yesterday":                          "InvalidInput",
		"startDate=2026-02-30":                         "InvalidInput",
		"startDate=2026-02-03T00:00:00+01:00":          "InvalidInput", // whose + is a space in a query
		"startDate=":                                   "EmptyParameter",
		"seek=nonsense":                                "InvalidInput",
		"seek=" + url.QueryEscape("MjAyNi0xMS0yNlQ"):   "InvalidInput",
		"offset=3":                                     "InvalidInput",
		"format=xml":                                   "UnknownEnumValue",
		"filters=x":                                    "UnknownParameter",
		"filter=" + strings.Repeat("x", 2000):          "BadRequest",
		"filter=" + url.QueryEscape(`{"Field":"UserPrincipalName","Value":"x","Operator":"equals"}`):            "UnknownEnumValue",
		"filter=" + url.QueryEscape(`{"Field":"CompanyName","Value":"x","Operator":"equals"}`):                  "UnknownEnumValue",
		"filter=" + url.QueryEscape(`{"Field":"CustomerId","Value":"","Operator":"equals"}`):                    "InvalidInput",
		"filter=" + url.QueryEscape(`{"Field":"CustomerId","Value":"x","Operator":"equals","Field":"Company"}`): "InvalidInput",
		"filter=" + url.QueryEscape(`{"Field":"CustomerId","Value":"x","Operator":"equals","More":1}`):          "InvalidInput",
		"filter=" + url.QueryEscape(`[{"Field":"CustomerId","Value":"x","Operator":"equals"}]`):                 "InvalidInput",
		"filter=" + url.QueryEscape(`{"Field":"CustomerId","Value":5,"Operator":"equals"}`):                     "InvalidInput",
		"filter=" + url.QueryEscape(`{"Field":"CustomerId","Value":"x","Operator":"equals"} x`):                 "InvalidInput",
		"filter=nonsense": "InvalidInput",
		"filter=null":     "InvalidInput",
	} {
		for _, accept := range []string{"application/json", "text/csv"} {
			s.no(ask{by: byNorthwind, method: http.MethodGet, path: logOf + query, header: map[string]string{"Accept": accept}}, http.StatusBadRequest, cause)
		}
	}
	said := s.no(ask{by: byNorthwind, method: http.MethodGet, path: logOf + "filter=" + url.QueryEscape(`{"Field":"Nothing","Value":"x","Operator":"equals"}`)}, 400, "UnknownEnumValue")
	assert.Contains(t, said, "CompanyName with substring, CustomerId with equals and ResourceType with equals")
	for _, size := range []string{"-1", "501", "1.5", "x"} {
		assert.Equal(t, http.StatusBadRequest, s.hears(t.Context(), ask{by: byNorthwind, method: http.MethodGet, path: logOf + "size=" + size}).status, size)
	}
}

// wire-notes 5: what clients send is read as they mean it.
func TestSearchesOfTheLog(t *testing.T) {
	t.Parallel()
	s := withALog(t, 4)
	today := time.Now().UTC()
	back := func(days int) string { return today.AddDate(0, 0, -days).Format(time.DateOnly) }
	filter := func(text string) string { return "filter=" + url.QueryEscape(text) }
	customer := path.Base(customerOf(1))
	for query, want := range map[string]int{
		"": 4, "startDate=" + back(90): 4, "startDate=" + back(0): 4, "startDate=" + back(0) + "&endDate=" + back(0): 4, "endDate=" + back(-365): 4,
		"startDate=" + back(9) + "&endDate=" + back(1):                                                            0,
		"startDate=" + url.QueryEscape(today.AddDate(0, 0, -1).Format("1/2/2006 15:04:05")):                       4,
		"startDate=" + url.QueryEscape(today.AddDate(0, 0, -1).Format("1/2/2006 3:04:05 PM")):                     4,
		"startDate=" + url.QueryEscape(today.Add(-time.Hour).In(time.FixedZone("", 5*3600)).Format(time.RFC3339)): 4,
		"endDate=" + url.QueryEscape(today.Add(-time.Hour).Format(time.RFC3339)):                                  0,
		filter(`{"Field":"CompanyName","Value":"CONTOSO","Operator":"substring"}`):                                3,
		filter(`{"field":"company_name","value":"o b","operator":"Substring"}`):                                   3,
		filter("\n {\"Operator\" : \"SUBSTRING\",\t\"Value\":\"\\u0063ontoso\",\"Field\":\"CompanyName\"} "):      3,
		filter(`{"Field":"CompanyName","Value":"c_ntoso","Operator":"substring"}`):                                0,
		filter(`{"Field":"CompanyName","Value":"%","Operator":"substring"}`):                                      0,
		filter(`{"Field":"CompanyName","Value":"'\"\\","Operator":"substring"}`):                                  0,
		filter(`{"Field":"CustomerId","Value":"` + strings.ToUpper(customer) + `","Operator":"equals"}`):          3,
		filter(`{"Field":"CustomerId","Value":"` + activitylog.NoCustomer + `","Operator":"equals"}`):             1,
		filter(`{"Field":"ResourceType","Value":"SUBSCRIPTION","Operator":"equals"}`):                             3,
		filter(`{"Field":"ResourceType","Value":"MpnAssociation","Operator":"equals"}`):                           1,
		filter(`{"Field":"ResourceType","Value":"license","Operator":"equals"}`):                                  0,
	} {
		found := s.reads(byNorthwind, logOf+query)
		assert.Len(t, found["items"], want, query)
		assert.EqualValues(t, want, found["totalCount"], query)
	}
}

// pages follow their links and tokens, in order, without a gap and without a record twice, also when records come meanwhile;
// a token of another's log is a place and no key.
func TestPagesOfTheLog(t *testing.T) {
	t.Parallel()
	s := withALog(t, 7)
	every := s.items(byNorthwind, logOf, "id")
	require.Len(t, every, 7)
	held, _ := s.held(byNorthwind, 1, "Power BI Pro")
	var found []string
	var tokens []string
	at := logOf + "size=2&filter=" + url.QueryEscape(`{"Field":"CompanyName","Value":"contoso","Operator":"substring"}`)
	for n := 0; at != ""; n++ {
		page := s.reads(byNorthwind, at)
		for _, item := range page["items"].([]any) {
			found = append(found, item.(object)["id"].(string))
		}
		links := page["links"].(object)
		assert.Equal(t, page["items"], s.reads(byNorthwind, "/v1"+links["self"].(object)["uri"].(string))["items"], "self is this page")
		at = ""
		if next, more := links["next"].(object); more {
			at = "/v1" + next["uri"].(string)
			tokens = append(tokens, page["continuationToken"].(string))
		}
		assert.Equal(t, at != "", page["continuationToken"] != nil)
		s.patched(byNorthwind, held, object{"quantity": 100 + n})
	}
	assert.Equal(t, every[1:], found, "the newest is the one that was refused, about no customer")
	assert.Len(t, tokens, 2)
	assert.Empty(t, s.items(byLitware, logOf+"seek="+url.QueryEscape(tokens[0]), "id"))
	assert.Equal(t, fmt.Sprint(every[3:]), fmt.Sprint(s.items(byNorthwind, logOf+"seek="+url.QueryEscape(tokens[0]), "id")), "the same place whenever it is asked for")
}

// The log has no entity tag and is never kept by anybody; HEAD has what GET has but the body.
func TestHeadOfTheLog(t *testing.T) {
	t.Parallel()
	s := withALog(t, 2)
	for _, form := range []string{"json", "csv"} {
		got := s.gets(ask{by: byNorthwind, method: http.MethodHead, path: logOf + "format=" + form}, http.StatusOK)
		assert.Empty(t, got.complete)
		assert.Empty(t, got.etag)
	}
}
