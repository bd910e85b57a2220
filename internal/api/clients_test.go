package api

// What unmodified clients send, each as its SDK writes it.

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/world"
)

// sample is a stage with the sample world, and with more partners.
func sample(t *testing.T, more ...programme.Partner) *stage {
	t.Helper()
	s := setStageOn(t, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), world.Sample())
	require.NoError(t, s.ledger.Extend(t.Context(), ledger.World{Partners: more}))
	return s
}

type object = map[string]any

// reads asks for the path and returns the answer as an object.
func (s *stage) reads(by, path string) object {
	s.Helper()
	var read object
	require.NoError(s, json.Unmarshal([]byte(s.gets(ask{by: by, method: http.MethodGet, path: path}, http.StatusOK).complete), &read))
	return read
}

// items are those of the collection at the path, by one of their members.
func (s *stage) items(by, path, member string) []string {
	s.Helper()
	found := []string{}
	for _, item := range s.reads(by, path)["items"].([]any) {
		value := item.(object)
		for _, name := range strings.Split(member, ".")[:strings.Count(member, ".")] {
			value = value[name].(object)
		}
		found = append(found, value[member[strings.LastIndexByte(member, '.')+1:]].(string))
	}
	return found
}

// no requires a refusal with that name.
func (s *stage) no(q ask, status int, cause string) string {
	s.Helper()
	r := s.gets(q, status)
	var e object
	require.NoError(s, json.Unmarshal([]byte(r.complete), &e))
	require.Equal(s, cause, e["errorName"], r.complete)
	return e["description"].(string)
}

func customerOf(number int) string {
	return fmt.Sprintf("/v1/customers/cccccccc-0000-4000-8000-0000000000%02d", number)
}

func filtered(field, operator, value string) string {
	return "filter=" + url.QueryEscape(fmt.Sprintf(`{"Field":%q,"Operator":%q,"Value":%q}`, field, operator, value))
}

// held is the subscription of the customer with that name, as the partner reads it.
func (s *stage) held(by string, customer int, name string) (path string, read object) {
	s.Helper()
	for _, item := range s.reads(by, customerOf(customer)+"/subscriptions")["items"].([]any) {
		if one := item.(object); one["friendlyName"] == name {
			return customerOf(customer) + "/subscriptions/" + one["id"].(string), one
		}
	}
	require.Fail(s, "nobody bills for this", name)
	return "", nil
}

// patched sends a body, as text or to be written as JSON, and returns the answer as an object.
func (s *stage) patched(by, path string, body any) object {
	s.Helper()
	var read object
	require.NoError(s, json.Unmarshal([]byte(s.gets(patching(by, path, body), http.StatusOK).complete), &read))
	return read
}

func patching(by, path string, body any) ask {
	text, isText := body.(string)
	if !isText {
		said, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		text = string(said)
	}
	return ask{by: by, method: http.MethodPatch, path: path, body: text}
}

func with(o object, changes object) object {
	all := maps.Clone(o)
	maps.Copy(all, changes)
	return all
}

// C1, C11: fields and operators of filters as Java, .NET and TypeScript write them; and the customers of a reseller.
func TestC1_C11_CustomerFilters(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for query, want := range map[string][]string{
		filtered("CompanyName", "StartsWith", "Contoso"):                                                         {"Contoso Bakery"},
		filtered("companyName", "starts_with", "contoso"):                                                        {"Contoso Bakery"},
		filtered("company_name", "STARTSWITH", "contoso"):                                                        {"Contoso Bakery"},
		filtered("IndirectReseller", "StartsWith", "AAAAAAAA-0000-4000-8000-000000000009"):                       {"Contoso Bakery", "Trey Research"},
		filtered("indirect_reseller", "starts_with", "aaaaaaaa-0000-4000-8000-000000000011"):                     {},
		filtered("IndirectReseller", "StartsWith", world.Demo().SourceTenantID):                                  {},
		filtered("IndirectReseller", "StartsWith", "%"):                                                          {},
		"FILTER=" + url.QueryEscape(`{"value":"contoso","OPERATOR":"startsWith","field":"Domain","extra":null}`): {"Contoso Bakery"},
	} {
		assert.Equal(t, want, s.items(byFabrikam, "/v1/customers?"+query, "companyProfile.companyName"), query)
	}
	for filter, says := range map[string]string{
		`{"Field":"CompanyName","Operator":"StartsWith","Value":"x","Limit":5}`:         "Limit",
		`{"Field":"CompanyName","Operator":"StartsWith","Value":"x","value":"y"}`:       "filter.Value twice",
		`{"Field":"CompanyName","Operator":"StartsWith","Value":["x"]}`:                 "filter.Value",
		`[{"Field":"CompanyName","Operator":"StartsWith","Value":"x"}]`:                 "filter",
		`{"Field":"CompanyName","Operator":"StartsWith","Value":"x"} {}`:                "filter",
		`{"Field":"CompanyName","Operator":"StartsWith","Valeu":"x","Value":"contoso"}`: "Valeu",
	} {
		assert.Contains(t, s.no(ask{by: byFabrikam, method: http.MethodGet, path: "/v1/customers?filter=" + url.QueryEscape(filter)}, 400, "InvalidInput"), says)
	}
}

// B2: several states, written either way.
func TestB2_SeveralStates(t *testing.T) {
	t.Parallel()
	s := setStage(t, 3, 1)
	s.pending(0)
	s.gets(deciding(byTarget, s.pending(1), cancelling, "c"), http.StatusOK)
	s.gets(deciding(bySource, s.pending(2), declining, "r"), http.StatusOK)
	for query, want := range map[string][]string{
		"status=Pending&status=Reject":        {"Pending", "Reject"},
		"status=pending,REJECT":               {"Pending", "Reject"},
		"Status=Pending&STATUS=Reject,Cancel": {"Pending", "Reject", "Cancel"},
		"status=partially_complete":           {},
	} {
		assert.ElementsMatch(t, want, s.items(byTarget, "/v1/transfers?"+query, "status"), query)
	}
}

// C2, C10: what matches, not everything.
func TestC2_C10_WhatMatches(t *testing.T) {
	t.Parallel()
	s := sample(t)
	trey, contoso := customerOf(8), customerOf(1)
	assert.Equal(t, []string{"Visio Plan 1"}, s.items(byLitware, trey+"/subscriptions?mpn_id=4000010", "friendlyName"))
	assert.Equal(t, []string{"Power BI Premium", "Project Plan 1"}, s.items(byLitware, trey+"/subscriptions?MPN_ID=4000009", "friendlyName"))
	assert.Empty(t, s.items(byLitware, trey+"/subscriptions?mpn_id=4000002", "friendlyName"))
	assert.Empty(t, s.items(byLitware, trey+"/subscriptions?order_id=4711", "friendlyName"))
	assert.NotEmpty(t, s.items(byNorthwind, contoso+"/agreements", "type"))
	assert.NotEmpty(t, s.items(byNorthwind, contoso+"/agreements?agreementType=microsoftcustomeragreement", "type"))
	assert.NotEmpty(t, s.items(byNorthwind, contoso+"/agreements?agreementType=*", "type"))
	assert.Empty(t, s.items(byNorthwind, contoso+"/agreements?agreementType=MicrosoftCloudAgreement", "type"))
}

// C3: the one relationship that is asked for.
func TestC3_OneRelationship(t *testing.T) {
	t.Parallel()
	s := sample(t)
	const all = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"
	assert.Len(t, s.items(byFabrikam, all, "name"), 4)
	assert.Equal(t, []string{"Alpine Resale"}, s.items(byFabrikam, all+"&"+filtered("Name", "substring", "alpine"), "name"))
	assert.Len(t, s.items(byFabrikam, all+"&"+filtered("Name", "Substring", "resale"), "name"), 3)
	assert.Empty(t, s.items(byFabrikam, all+"&"+filtered("Name", "substring", "Northwind"), "name"))
	for _, other := range []string{filtered("Name", "starts_with", "A"), filtered("MpnId", "substring", "4")} {
		s.no(ask{by: byFabrikam, method: http.MethodGet, path: all + "&" + other}, 400, "UnknownEnumValue")
	}
}

// C4: the entity tag of the body counts like the header.
func TestC4_TheTagInTheBody(t *testing.T) {
	t.Parallel()
	s := sample(t)
	path, read := s.held(byNorthwind, 1, "Power BI Pro")
	after := s.patched(byNorthwind, path, with(read, object{"quantity": 9}))
	s.no(patching(byNorthwind, path, with(read, object{"friendlyName": "Mine"})), 400, "StaleETag")
	s.no(patching(byNorthwind, path, `{"FriendlyName":"Mine","Attributes":{"Etag":"\"old\"","ObjectType":"Subscription"}}`), 400, "StaleETag")
	quoted := with(after, object{"friendlyName": "Mine", "attributes": object{"etag": `"` + after["attributes"].(object)["etag"].(string) + `"`}})
	assert.Equal(t, "Mine", s.patched(byNorthwind, path, quoted)["friendlyName"])
	s.gets(ask{by: byNorthwind, method: "PATCH", path: path, body: `{"quantity":3,"attributes":{"etag":"old"}}`, header: map[string]string{"If-Match": "*"}}, 200)
}

// C5: the token of the next page as a parameter, under its header's name, on every list that has pages.
func TestC5_TheTokenAsAParameter(t *testing.T) {
	t.Parallel()
	s := sample(t)
	path, _ := s.held(byNorthwind, 1, "Power BI Pro")
	for quantity := range 5 {
		s.patched(byNorthwind, path, object{"quantity": 20 + quantity})
	}
	for _, list := range []string{"/v1/auditrecords?", "/v1/customers?", customerOf(1) + "/subscriptions?"} {
		every := s.items(byNorthwind, list, "id")
		for _, parameter := range []string{"MS-ContinuationToken", "ms-continuationtoken", "continuationToken", "seek"} {
			var found []string
			for token := ""; ; {
				page := list + "size=2&seekOperation=First"
				if token != "" {
					page = list + "size=2&seekOperation=next&" + parameter + "=" + url.QueryEscape(token)
				}
				found = append(found, s.items(byNorthwind, page, "id")...)
				if token, _ = s.reads(byNorthwind, page)["continuationToken"].(string); token == "" {
					break
				}
				require.LessOrEqual(t, len(found), len(every), "an endless loop")
			}
			assert.Equal(t, every, found, "%s %s", list, parameter)
		}
		two := ask{by: byNorthwind, method: http.MethodGet, path: list + "seek=a", header: map[string]string{"MS-ContinuationToken": "b"}}
		assert.Contains(t, s.no(two, 400, "InvalidInput"), "MS-ContinuationToken")
		for query, says := range map[string]string{"seekOperation=Next": "seekOperation", "offset=5": "offset", "seekOperation=First&seek=a": "seekOperation"} {
			assert.Contains(t, s.no(ask{by: byNorthwind, method: http.MethodGet, path: list + query}, 400, "InvalidInput"), says)
		}
	}
}

// C6: the names that one SDK has for the parameters of the log.
func TestC6_TheNamesOfOneSDK(t *testing.T) {
	t.Parallel()
	s := sample(t)
	path, _ := s.held(byNorthwind, 1, "Power BI Pro")
	for quantity := range 3 {
		s.patched(byNorthwind, path, object{"quantity": 20 + quantity})
	}
	for _, query := range []string{"auditRequest.size=1", "Size=1", "auditrequest.size=1", "size=1"} {
		assert.Len(t, s.items(byNorthwind, "/v1/auditrecords?"+query, "id"), 1, query)
	}
	for _, query := range []string{"auditRequest.startDate=2020-01-01", "StartDate=2020-01-01", "startDate=2020-01-01"} {
		s.no(ask{by: byNorthwind, method: http.MethodGet, path: "/v1/auditrecords?" + query}, 400, "ActivityLogNotKept")
	}
	assert.Empty(t, s.items(byNorthwind, "/v1/auditrecords?auditRequest.filter="+url.QueryEscape(`{"Field":"ResourceType","Operator":"Equals","Value":"Agreement"}`), "id"))
}

// C7: what a model says that was filled in from scratch, and what the same words say otherwise.
func TestC7_AModelFilledIn(t *testing.T) {
	t.Parallel()
	s := sample(t)
	path, before := s.held(byNorthwind, 1, "Exchange Online Plan 1")
	require.Equal(t, true, before["autoRenewEnabled"])
	same := func(after object, changed object) {
		t.Helper()
		assert.Equal(t, with(with(before, changed), object{"attributes": after["attributes"]}), after)
		before = after
	}
	same(s.patched(byNorthwind, path, `{"Id":null,"FriendlyName":null,"Quantity":0,"Status":"suspended","AutoRenewEnabled":false}`), object{"status": "suspended"})
	same(s.patched(byNorthwind, path, `{"Quantity":0.0,"Status":"Active","BillingCycle":"unknown","AutoRenewEnabled":false}`), object{"status": "active"})
	same(s.patched(byNorthwind, path, `{"Quantity":0,"Status":"none","AutoRenewEnabled":false}`), object{"autoRenewEnabled": false})
	same(s.patched(byNorthwind, path, `{"Quantity":0,"AutoRenewEnabled":true}`), object{"autoRenewEnabled": true})
	same(s.patched(byNorthwind, path, `{"status":"suspended","autoRenewEnabled":false}`), object{"status": "suspended", "autoRenewEnabled": false})
	same(s.patched(byNorthwind, path, `{"status":"active","autoRenewEnabled":true}`), object{"status": "active", "autoRenewEnabled": true})
	same(s.patched(byNorthwind, path, `{"quantity":0,"autoRenewEnabled":false,"partnerId":"","status":"none","billingCycle":"unknown"}`), object{"autoRenewEnabled": false})
	same(s.patched(byNorthwind, path, `{"autoRenewEnabled":true}`), object{"autoRenewEnabled": true})
	s.no(patching(byNorthwind, path, `{"quantity":0}`), 400, "QuantityOutOfRange")
	s.no(patching(byNorthwind, path, with(before, object{"quantity": 0})), 400, "QuantityOutOfRange")
}

// C8, C14, D3: what cannot be changed is refused, states are read in any case, and the billing cycle is not ignored.
func TestC8_C14_D3_Subscriptions(t *testing.T) {
	t.Parallel()
	s := sample(t)
	path, read := s.held(byNorthwind, 1, "Power BI Pro")
	_, other := s.held(byNorthwind, 1, "Visio Plan 2")
	for member, value := range map[string]any{"id": other["id"], "offerId": "another", "termDuration": "P1M", "parentSubscriptionId": other["id"]} {
		assert.Contains(t, s.no(patching(byNorthwind, path, with(read, object{member: value, "friendlyName": "Mine"})), 400, "InvalidInput"), member)
	}
	s.no(patching(byNorthwind, path, with(read, object{"billingCycle": "Annual"})), 400, "BillingCycleNotOffered")
	s.no(patching(byNorthwind, path, with(read, object{"billingCycle": "weekly"})), 400, "UnknownEnumValue")
	assert.Equal(t, read, s.patched(byNorthwind, path, with(read, object{"billingCycle": "Monthly", "status": "ACTIVE"})), "no change")
	assert.Equal(t, "suspended", s.patched(byNorthwind, path, with(read, object{"status": "Suspended", "id": strings.ToUpper(read["id"].(string))}))["status"])
}

// C9: the quality of what a client accepts, over several lines too.
func TestC9_Accept(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	for accept, kind := range map[string]string{
		"application/json, application/problem+json;q=0.1": "application/json", "application/problem+json": "application/problem+json",
	} {
		got := s.hears(t.Context(), ask{by: byTarget, method: http.MethodGet, path: customerPath(9), header: map[string]string{"Accept": accept}})
		assert.Equal(t, kind, got.kind, accept)
	}
}

// C13: what attestations and SDKs ask for besides.
func TestC13_AskedForBesides(t *testing.T) {
	t.Parallel()
	s := sample(t)
	contoso := s.reads(byNorthwind, customerOf(1))
	assert.Equal(t, contoso["companyProfile"], any(s.reads(byNorthwind, customerOf(1)+"/profiles/company")))
	assert.Equal(t, contoso["billingProfile"], any(s.reads(byNorthwind, customerOf(1)+"/profiles/billing")))
	for _, profile := range []string{"company", "billing"} {
		s.no(ask{by: byNorthwind, method: http.MethodGet, path: customerOf(99) + "/profiles/" + profile}, 404, "CustomerUnknown")
		s.no(ask{by: bySource, method: http.MethodGet, path: customerOf(1) + "/profiles/" + profile}, 403, "NotAPartner")
	}
	path, base := s.held(byNorthwind, 1, "Microsoft 365 Business Premium")
	_, addon := s.held(byNorthwind, 1, "Teams Phone Standard")
	assert.Equal(t, base["id"], addon["parentSubscriptionId"])
	assert.Contains(t, s.reads(byNorthwind, path+"/addons")["items"], any(addon))
	power, _ := s.held(byNorthwind, 1, "Power BI Pro")
	assert.Equal(t, object{"totalCount": 0.0, "items": []any{}, "attributes": object{"objectType": "Collection"}}, s.reads(byNorthwind, power+"/addons"))
	s.no(ask{by: byLitware, method: http.MethodGet, path: path + "/addons"}, 404, "SubscriptionUnknown")

	template := s.items(byNorthwind, "/v1/agreements?agreementType=MicrosoftCustomerAgreement", "templateId")
	require.Len(t, template, 1)
	assert.Equal(t, template, s.items(byNorthwind, "/v1/agreements", "templateId"))
	assert.Empty(t, s.items(byNorthwind, "/v1/agreements?agreementType=MicrosoftCloudAgreement", "templateId"))
	attest := strings.Replace(attesting, "11111111-0000-4000-8000-000000000001", template[0], 1)
	s.gets(ask{by: byNorthwind, method: http.MethodPost, path: customerOf(1) + "/agreements", body: attest}, http.StatusCreated)
}

// D5: the same person with another telephone number is something new. C1: the type in any case.
func TestD5_AnotherTelephone(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	attest := func(body string) ask {
		return ask{by: byTarget, method: http.MethodPost, path: customerPath(0) + "/agreements", body: body}
	}
	called := strings.Replace(attesting, `"email"`, `"phoneNumber":"5550100","email"`, 1)
	s.gets(attest(attesting), http.StatusCreated)
	s.no(attest(attesting), 400, "AgreementAlreadyAttested")
	s.gets(attest(called), http.StatusCreated)
	s.no(attest(strings.Replace(called, "MicrosoftCustomerAgreement", "microsoft_customer_agreement", 1)), 400, "AgreementAlreadyAttested")
}

// D6: a provider credits a reseller of its own, who signed, and no other.
func TestD6_OnesOwnReseller(t *testing.T) {
	t.Parallel()
	stranger := programme.Partner{
		TenantID: "aaaaaaaa-0000-4000-8000-0000000000aa", Name: "Strange Resale", Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true),
		MPNID: "4000077", Market: "US", Currency: "USD", Locale: "en-US",
	}
	s := sample(t, stranger)
	path, read := s.held(byLitware, 8, "Power BI Premium")
	s.no(patching(byLitware, path, with(read, object{"partnerId": stranger.MPNID})), 400, "PartnerIdNotPartner")
	s.no(patching(byLitware, path, with(read, object{"partnerId": "4000010"})), 403, "PartnerIdMPAMissing")
	assert.Equal(t, "4000009", s.patched(byLitware, path, with(read, object{"partnerId": "4000009"}))["partnerId"])
	create := func(record string) ask {
		return ask{by: byFabrikam, method: http.MethodPost, path: customerOf(1) + "/transfers", body: fmt.Sprintf(
			`{"transferType":3,"sourcePartnerTenantId":%q,"sourcePartnerName":"N","customerEmailId":%q,"participants":[{"Key":"transaction_reseller","Value":%q}]}`,
			world.Demo().SourceTenantID, world.Demo().CustomerEmail, record)}
	}
	s.no(create(stranger.MPNID), 400, "PartnerOnRecordNotPartner")
	s.gets(create("4000009"), http.StatusCreated)
}

// A PATCH of a transfer does what it says, all of it, or nothing.
func TestNothingBesidesTheVerbIsIgnored(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 2)
	at := s.pending(0)
	some := strings.TrimSuffix(listing(0, 1), "}")
	for body, q := range map[string]ask{
		"reason":                     deciding(byTarget, at, `{"status":"Cancel","reason":"why"}`, ""),
		"reason says":                deciding(byTarget, at, `{"tags":["x"],"reason":"why"}`, ""),
		"reason says why":            deciding(bySource, at, some+`,"reason":"why"}`, ""),
		"productTypes":               deciding(byTarget, at, `{"tags":["x"],"productTypes":["SaaS"]}`, ""),
		"externalReference and tags": deciding(byTarget, at, `{"status":"Cancel","tags":["x"]}`, ""),
		"tags change":                deciding(bySource, at, some+`,"externalReference":"mine"}`, ""),
		"quantity":                   deciding(bySource, at, strings.Replace(listing(0, 1), `"productType"`, `"quantity":999,"productType"`, 1), ""),
	} {
		assert.Contains(t, s.no(q, 400, "InvalidInput"), body)
	}
	var read object
	require.NoError(t, json.Unmarshal([]byte(s.gets(ask{by: byTarget, method: http.MethodGet, path: at}, http.StatusOK).complete), &read))
	s.gets(patching(byTarget, at, with(read, object{"status": "Cancel"})), http.StatusOK)
}

// pascal writes the names of all members, and the names of enumerations, as .NET and Java do.
func pascal(read any) any {
	switch v := read.(type) {
	case object:
		all := object{}
		for name, value := range v {
			if text, isText := value.(string); isText && (name == "status" || name == "billingCycle") {
				value = strings.ReplaceAll(strings.Title(strings.ReplaceAll(text, "_", " ")), " ", "") //nolint:staticcheck // names are ASCII
			}
			all[strings.ToUpper(name[:1])+name[1:]] = pascal(value)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = pascal(v[i])
		}
		return all
	}
	return read
}

// wire-notes 13: whatever subscription a client reads, in whatever state, it may send it back as its SDK writes it: nothing
// changes.
func TestEverySubscriptionMayComeBack(t *testing.T) {
	t.Parallel()
	s := sample(t)
	back := 0
	for _, by := range []string{byNorthwind, byFabrikam, byLitware} {
		for _, customer := range s.items(by, "/v1/customers", "id") {
			for _, item := range s.reads(by, "/v1/customers/"+customer+"/subscriptions")["items"].([]any) {
				read := item.(object)
				path := "/v1/customers/" + customer + "/subscriptions/" + read["id"].(string)
				sdk := with(pascal(read).(object), object{
					"CommitmentEndDateTime": nil, "RefundOptions": []any{}, "IsTrial": false, "UnitType": "Licenses", "ContractType": "subscription",
					"BillingType": "License", "Actions": []string{"cancel"}, "ScheduledNextTermInstructions": object{"Product": object{"ProductId": "x"}},
					"CreationDate": "0001-01-01T00:00:00", "SuspensionReasons": nil, "OrderId": "x",
				})
				for _, written := range []any{read, pascal(read), sdk} {
					assert.Equal(t, read, s.patched(by, path, written), "%v", written)
					back++
				}
			}
		}
	}
	assert.Greater(t, back, 60)
}

// Bodies: the resource as it was read is taken, with what SDKs add to it; any other member is refused by its name, and so is
// one that is there twice.
func TestNoMemberIsIgnored(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 1)
	at := s.pending(0)
	read := s.gets(ask{by: bySource, method: http.MethodGet, path: at}, http.StatusOK).complete
	subscription := customerPath(1) + "/subscriptions/" + licence(1, 0)
	for says, q := range map[string]ask{
		`"Stauts"`:                             deciding(byTarget, at, `{"Stauts":"Cancel"}`, ""),
		"status twice":                         deciding(byTarget, at, `{"status":"Cancel","STATUS":"Reject"}`, ""),
		`lineItems has no member "productTyp"`: deciding(bySource, at, `{"lineItems":[{"subscriptionID":"x","productTyp":"y"}]}`, ""),
		`"quantiy"`:                            deciding(bySource, subscription, `{"quantiy":5}`, ""),
		"quantity twice":                       deciding(bySource, subscription, `{"quantity":5,"Quantity":6}`, ""),
		`"tag"`:                                {by: byTarget, method: "POST", path: customerPath(0) + "/transfers", body: `{"tag":["x"]}`},
	} {
		assert.Contains(t, s.gets(q, http.StatusBadRequest).complete, strings.ReplaceAll(says, `"`, `\"`))
	}
	var whole object
	require.NoError(t, json.Unmarshal([]byte(read), &whole))
	s.gets(patching(bySource, at, with(whole, object{
		"alternateId": "x", "Attributes": object{"objectType": "TransferEntity"},
		"lineItems": []object{{"id": 0, "subscriptionId": licence(0, 0), "productType": "onlineservicesnce", "status": "InProgress", "quantity": 10, "partnerIdOnRecord": nil}},
	})), http.StatusOK)
}
