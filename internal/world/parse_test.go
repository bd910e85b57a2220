package world_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/world"
)

func TestEveryFieldArrives(t *testing.T) {
	t.Parallel()
	w, err := world.Parse("w.yaml", []byte(valid+together))
	require.NoError(t, err)

	assert.Equal(t, programme.Partner{
		TenantID: "aaaaaaaa-0000-4000-8000-000000000001", Name: "Northwind Cloud", Programs: programme.Enrolled(programme.IndirectProvider, programme.Active, true),
		MPNID: "4000001", Market: "US", Currency: "USD", Locale: "en-US",
		Users: []programme.User{programme.Agent("eeeeeeee-0000-4000-8000-000000000101", "ana@northwind.example")},
	}, w.Partners[0])
	assert.Equal(t, programme.Customer{
		TenantID: "cccccccc-0000-4000-8000-000000000001", Name: "Contoso Bakery", Domain: "contoso.example",
		Email: "it@contoso.example", Market: "US", Locale: "en-US",
	}, w.Customers[0])
	assert.Equal(t, []programme.Relationship{{
		PartnerTenantID: "aaaaaaaa-0000-4000-8000-000000000001", CustomerTenantID: "cccccccc-0000-4000-8000-000000000001",
		Kind: programme.ProviderCustomer,
	}}, w.Relationships)
	assert.Equal(t, []programme.Agreement{{
		CustomerTenantID: "cccccccc-0000-4000-8000-000000000001", PartnerTenantID: "aaaaaaaa-0000-4000-8000-000000000001",
		Mode: programme.DirectSign, DateAgreed: day(2026, 2, 27),
	}}, w.Agreements)
	assert.Equal(t, []programme.Partnership{{
		ProviderTenantID: "aaaaaaaa-0000-4000-8000-000000000001", ResellerTenantID: "aaaaaaaa-0000-4000-8000-000000000009",
	}}, w.Partnerships)
	assert.Equal(t, []subscription.Subscription{{
		ID: "55555555-0101-4000-8000-000000000001", LineageID: "55555555-0101-4000-8000-000000000001",
		CustomerTenantID: "cccccccc-0000-4000-8000-000000000001", PartnerTenantID: "aaaaaaaa-0000-4000-8000-000000000001",
		ProductType: subscription.OnlineServicesNCE, OfferID: "base:0001", FriendlyName: "Base", Quantity: 25, UnitPriceMinor: 1250,
		BillingCycle: subscription.Monthly, TermDuration: "P1Y", CreationDate: day(2026, 3, 2), CommitmentEndDate: day(2027, 3, 1),
		Status: subscription.Active, AutoRenew: true, PartnerOnRecord: "4000009", SandboxFault: "transient:2",
	}, {
		ID: "55555555-0101-4000-8000-000000000002", LineageID: "55555555-0101-4000-8000-000000000002",
		CustomerTenantID: "cccccccc-0000-4000-8000-000000000001", PartnerTenantID: "aaaaaaaa-0000-4000-8000-000000000001",
		ProductType: subscription.OnlineServicesNCE, OfferID: "addon:0001", FriendlyName: "Add-on", Quantity: 1,
		BillingCycle: subscription.NoCycle, CreationDate: day(2026, 3, 2).Add(7*time.Hour + 30*time.Minute),
		Status: subscription.Active, ParentID: "55555555-0101-4000-8000-000000000001",
	}}, w.Subscriptions)
}

// A relationship of a partner in several programmes says which it means, and one of each kind can stand beside the others.
func TestEveryFieldOfARelationshipArrives(t *testing.T) {
	t.Parallel()
	text := strings.Replace(change(t, brief, "programs: [{ program: indirect-provider, status: active }, { program: indirect-reseller, status: active }]"),
		relatedTo+" }", relatedTo+", kind: reseller, counterpart: aaaaaaaa-0000-4000-8000-000000000001, adminRights: true, localResellerOfRecord: true, since: 2026-01-02 }\n  "+relatedTo+" }", 1)
	w, err := world.Parse("w.yaml", []byte(text))
	require.NoError(t, err)
	plain := programme.Relationship{
		PartnerTenantID: "aaaaaaaa-0000-4000-8000-000000000001", CustomerTenantID: "cccccccc-0000-4000-8000-000000000001", Kind: programme.ProviderCustomer,
	}
	resold := plain
	resold.Kind, resold.Counterpart, resold.AdminRights, resold.LocalReseller, resold.Since =
		programme.ResellerCustomer, plain.PartnerTenantID, true, true, day(2026, 1, 2)
	assert.Equal(t, []programme.Relationship{resold, plain}, w.Relationships)
}

// a partner in several programmes, and what is told of each.
func TestEveryFieldOfAProgrammeArrives(t *testing.T) {
	t.Parallel()
	w, err := world.Parse("w.yaml", []byte(change(t, brief, `programs:
      - { program: indirect-reseller, status: active, since: 2026-01-02, agreementAcceptedAt: 2026-01-03, agreementTemplateId: 99999999-0000-4000-8000-00000000000A }
      - { program: indirect-provider, status: restricted, contactName: Ana, contactEmail: ana@northwind.example, accessEndsAt: 2027-01-04 }`)))
	require.NoError(t, err)
	assert.Equal(t, []programme.Enrolment{
		{Program: programme.IndirectProvider, Status: programme.Restricted, AccessEndsAt: day(2027, 1, 4),
			Contact: programme.EnrolmentContact{Name: "Ana", Email: "ana@northwind.example"}},
		{Program: programme.IndirectReseller, Status: programme.Active, Since: day(2026, 1, 2),
			Agreement: programme.Acceptance{Given: true, At: day(2026, 1, 3), TemplateID: "99999999-0000-4000-8000-00000000000a"}},
	}, w.Partners[0].Programs)
}

func day(year, month, dayOfMonth int) time.Time {
	return time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC)
}

// ids compare without regard to case, so that a reference may be spelt otherwise than the id.
func TestIDsComeOutInLowerCase(t *testing.T) {
	t.Parallel()
	w, err := world.Parse("w.yaml", []byte(change(t, "id: 55555555-0101-4000-8000-000000000002\n    customer: cccccccc",
		"id: 55555555-0101-4000-8000-00000000ABCD\n    customer: CCCCCCCC")))
	require.NoError(t, err)
	assert.Equal(t, "55555555-0101-4000-8000-00000000abcd", w.Subscriptions[1].ID)
	assert.Equal(t, "cccccccc-0000-4000-8000-000000000001", w.Subscriptions[1].CustomerTenantID)
}

func TestPricesAreExact(t *testing.T) {
	t.Parallel()
	for text, minor := range map[string]int64{
		"0": 0, "7": 700, "0.1": 10, "0.29": 29, "1.15": 115, "4.35": 435, "1.10": 110, "999999999.99": 99_999_999_999,
	} {
		w, err := world.Parse("w.yaml", []byte(change(t, "unitPrice: 12.50", "unitPrice: "+text)))
		require.NoError(t, err, text)
		assert.Equal(t, minor, w.Subscriptions[0].UnitPriceMinor, text)
	}
}

func TestProblemsOfOneField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, replacement, want string }{
		{"name: Northwind", "nmae: Northwind", `w.yaml:3:5: This partner has no field "nmae". Did you mean name?`},
		{"mpnId: \"4000001\"", "mpn_id: \"4000001\"", `w.yaml:7:5: This partner has no field "mpn_id". Did you mean mpnId?`},
		{"name: Northwind Cloud", "colour: red", `w.yaml:3:5: This partner has no field "colour". Its fields are tenantId, name, type,`},
		{"    market: US\n", "", `w.yaml:2:5: The field market is missing from this partner.`},
		{"market: US", "market: US\n    market: CA", `w.yaml:9:5: The field "market" is given twice in this partner. Remove one.`},
		{"aaaaaaaa-0000-4000-8000-000000000001\n    name", "aaaaaaaa-1\n    name", `w.yaml:2:15: tenantId must be a GUID such as aaaaaaaa-0000-4000-8000-000000000001, not "aaaaaaaa-1".`},
		{"status: active", "status: actve", `w.yaml:5:13: status must be one of active, restricted, inactive, not "actve".`},
		{"mpaSigned: true", "mpaSigned: yes", `w.yaml:6:16: mpaSigned must be true or false.`},
		{`mpnId: "4000001"`, `mpnId: 4000001`, `w.yaml:7:12: mpnId must be text; put "4000001" in quotes.`},
		{"name: Northwind Cloud", "name: [Northwind]", `w.yaml:3:11: name must be text; give a value or remove the field.`},
		{"name: Northwind Cloud", `name: "two\nlines"`, `w.yaml:3:11: name must be one line of 1 to 200 characters, not "two\nlines".`},
		{"name: Northwind Cloud", `name: "  "`, `w.yaml:3:11: name must be one line of 1 to 200 characters, not "  ".`},
		{"currency: USD", "currency: dollar", `w.yaml:9:15: currency must be a currency of three capital letters (ISO 4217) such as USD, not "dollar".`},
		{"ana@northwind.example", "Ana <ana@northwind.example>", `w.yaml:11:74: email must be one plain e-mail address such as it@contoso.example, not "Ana <ana@northwind.example>".`},
		{"adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]", "adminAgents: []",
			`w.yaml:11:18: This partner has no admin agent. Name at least one under adminAgents or users;`},
		{"quantity: 25", "quantity: 2.5", `w.yaml:46:15: quantity must be a whole number from 1 to 10000000, without quotes.`},
		{"quantity: 25", "quantity: 10000001", `w.yaml:46:15: quantity must be a whole number`},
		{"unitPrice: 12.50", "unitPrice: 12.505", `w.yaml:47:16: unitPrice must be an amount such as 12.50: no sign, no quotes, at most nine digits and two decimals.`},
		{"unitPrice: 12.50", "unitPrice: -1", `w.yaml:47:16: unitPrice must be an amount`},
		{"unitPrice: 12.50", "unitPrice: 1e3", `w.yaml:47:16: unitPrice must be an amount`},
		{"unitPrice: 12.50", `unitPrice: "12.50"`, `w.yaml:47:16: unitPrice must be an amount`},
		{"termDuration: P1Y", "termDuration: 1 year", `w.yaml:49:19: termDuration must be a duration (ISO 8601) such as P1M, P1Y or P3Y, not "1 year".`},
		{"creationDate: 2026-03-02\n", "creationDate: 2026-02-30\n", `w.yaml:50:19: creationDate must be a day such as 2026-04-10 or a time such as 2026-04-10T08:00:00Z, from the years 2000 to 2199, not "2026-02-30".`},
		{"creationDate: 2026-03-02\n", "creationDate: 02.03.2026\n", `w.yaml:50:19: creationDate must be a day`},
		{"commitmentEndDate: 2027-03-01", "commitmentEndDate: 2026-03-01", `w.yaml:51:24: commitmentEndDate lies before creationDate. Correct one of them.`},
		{"    termDuration: P1Y\n", "", `w.yaml:50:24: commitmentEndDate needs termDuration, such as P1Y.`},
		{"    commitmentEndDate: 2027-03-01\n", "", `w.yaml:49:19: termDuration needs commitmentEndDate, the last day of the term.`},
		{"transient:2", "transient:0", `w.yaml:55:19: sandboxFault must be a fault such as transient:2, sync:2s, slow:2s or refuse:900130, not "transient:0".`},
		{"transient:2", "sync:-2s", `w.yaml:55:19: sandboxFault must be a fault`},
		{"friendlyName: Base", "friendlyName:", `w.yaml:45:18: friendlyName must be text; give a value or remove the field.`},
	} {
		t.Run(c.replacement, func(t *testing.T) {
			t.Parallel()
			invalid := problemsOf(t, change(t, c.old, c.replacement))
			assert.True(t, hasPrefix(invalid, c.want), "want %s\ngot  %v", c.want, invalid)
		})
	}
}

func hasPrefix(invalid *world.InvalidError, want string) bool {
	for _, p := range invalid.Problems {
		if strings.HasPrefix(p.String(), want) {
			return true
		}
	}
	return false
}

// relatedTo is the only relationship of the valid world, up to what may follow in it.
const relatedTo = "- { partner: aaaaaaaa-0000-4000-8000-000000000001, customer: cccccccc-0000-4000-8000-000000000001"

// boxed makes a sandbox of the partner that stands there.
const boxed = "    environment: sandbox\n    sandboxOf: aaaaaaaa-0000-4000-8000-000000000009"

func TestProblemsBetweenRecords(t *testing.T) {
	t.Parallel()
	const secondPartner = "tenantId: aaaaaaaa-0000-4000-8000-000000000009"
	for name, c := range map[string]struct{ old, replacement, want string }{
		"partner twice": {secondPartner, "tenantId: AAAAAAAA-0000-4000-8000-000000000001",
			"w.yaml:12:15: The tenantId aaaaaaaa-0000-4000-8000-000000000001 of this partner is given already in line 2. Remove or change one of the two."},
		"programme twice (R-410)": {brief, "programs:\n      - { program: indirect-provider, status: active }\n      - { program: indirect-provider, status: inactive }",
			"w.yaml:6:20: The program indirect-provider of this programme is given already in line 5. Remove or change one of the two."},
		"programmes said twice (R-410)": {brief, brief + "\n    programs: [{ program: indirect-provider, status: active }]",
			"w.yaml:4:11: This partner has programs, which say what type says. Remove one of the two."},
		"in no programme (R-410)": {"    " + brief + "\n", "",
			"w.yaml:2:5: This partner is in no programme. Name each under programs or, of a partner with one, give type, status and mpaSigned."},
		"who left as owner (R-401)": {brief, "programs: [{ program: indirect-provider, status: ended }]",
			"w.yaml:40:14: An indirect reseller bills nothing itself, nor does who left direct-bill."},
		"agreed to which text, but when": {brief, "programs: [{ program: indirect-provider, status: active, agreementTemplateId: 99999999-0000-4000-8000-00000000000a }]",
			"w.yaml:4:83: agreementTemplateId needs agreementAcceptedAt, when the partner accepted it."},
		"a sandbox of nobody (R-255)": {"    market: US\n    currency: USD", "    environment: sandbox\n    market: US\n    currency: USD",
			"w.yaml:8:18: A partner in a sandbox needs sandboxOf, the tenantId of the direct-bill partner whose sandbox it is."},
		"an owner in production (R-255)": {"    market: US\n    currency: USD", "    sandboxOf: aaaaaaaa-0000-4000-8000-000000000009\n    market: US\n    currency: USD",
			"w.yaml:8:16: sandboxOf needs environment: sandbox. Add it, or leave sandboxOf out."},
		"another environment": {"    market: US\n    currency: USD", "    environment: Sandbox\n    market: US\n    currency: USD",
			`w.yaml:8:18: environment must be one of production, sandbox, not "Sandbox".`},
		"a sandbox of a reseller (R-255)": {"    market: US\n    currency: USD", boxed + "\n    market: US\n    currency: USD",
			"w.yaml:9:16: sandboxOf must name a partner in the programme direct-bill; Alpine Resale is in indirect-reseller (active)."},
		"a sandbox of a sandbox": {"    market: US\n    currency: USD", strings.Replace(boxed, "9", "1", 1) + "\n    market: US\n    currency: USD",
			"w.yaml:9:16: sandboxOf must name a partner in production; Northwind Cloud is in a sandbox itself."},
		"a sandbox of a stranger": {"    market: US\n    currency: USD", strings.Replace(boxed, "9", "7", 1) + "\n    market: US\n    currency: USD",
			"w.yaml:9:16: There is no partner aaaaaaaa-0000-4000-8000-000000000007 in this file. Add it under partners or correct the id."},
		"a relationship between environments (R-271)": {"    market: US\n    currency: USD", boxed + "\n    market: US\n    currency: USD",
			"w.yaml:38:64: The customer is in production and partner Northwind Cloud is in sandbox, and these never mix. Correct one of them."},
		"mpnId twice":    {`mpnId: "4000009"`, `mpnId: "4000001"`, "w.yaml:17:12: The mpnId 4000001 of this partner is given already in line 7."},
		"customer twice": {"tenantId: cccccccc-0000-4000-8000-000000000002", "tenantId: cccccccc-0000-4000-8000-000000000001", "w.yaml:29:15: The tenantId cccccccc"},
		"agent twice": {"101, email: ana@northwind.example }", "101, email: ana@northwind.example }, { userId: eeeeeeee-0000-4000-8000-000000000101, email: b@northwind.example }",
			"w.yaml:11:109: The userId eeeeeeee-0000-4000-8000-000000000101 of this admin agent is given already in line 11."},
		"relationship twice": {"relationships:\n", "relationships:\n  - { partner: aaaaaaaa-0000-4000-8000-000000000001, customer: cccccccc-0000-4000-8000-000000000001 }\n",
			"w.yaml:37:64: The customer cccccccc-0000-4000-8000-000000000001 of partner aaaaaaaa-0000-4000-8000-000000000001 (provider) of this relationship is given already in line 36."},
		"relationship in no programme": {relatedTo, relatedTo + ", kind: direct",
			"w.yaml:36:108: Northwind Cloud cannot have a customer of kind direct; it is in indirect-provider (active)."},
		"counterpart that is nobody": {relatedTo, relatedTo + ", counterpart: aaaaaaaa-0000-4000-8000-000000000077",
			"w.yaml:36:115: There is no partner aaaaaaaa-0000-4000-8000-000000000077 in this file."},
		"counterpart that is no reseller": {relatedTo, relatedTo + ", counterpart: aaaaaaaa-0000-4000-8000-000000000001",
			"w.yaml:36:115: counterpart must name a partner in the programme indirect-reseller; Northwind Cloud is in indirect-provider (active)."},
		"local reseller that bills (R-419)": {relatedTo, relatedTo + ", localResellerOfRecord: true",
			"w.yaml:36:125: Only a relationship of kind reseller has a local reseller of record."},
		"partnership twice (R-258)": {"subscriptions:\n", together + "  - { provider: aaaaaaaa-0000-4000-8000-000000000001, reseller: aaaaaaaa-0000-4000-8000-000000000009 }\nsubscriptions:\n",
			"w.yaml:41:65: The reseller aaaaaaaa-0000-4000-8000-000000000009 of partner aaaaaaaa-0000-4000-8000-000000000001 of this partnership is given already in line 40."},
		"partnership under a reseller (R-258)": {"subscriptions:\n", strings.Replace(together, "000000000001", "000000000009", 1) + "subscriptions:\n",
			"w.yaml:40:17: provider must name a partner in the programme indirect-provider; Alpine Resale is in indirect-reseller (active)."},
		"partnership of a provider (R-258)": {"subscriptions:\n", strings.Replace(together, "000000000009", "000000000001", 1) + "subscriptions:\n",
			"w.yaml:40:65: reseller must name a partner in the programme indirect-reseller; Northwind Cloud is in indirect-provider (active)."},
		"partnership of nobody": {"subscriptions:\n", strings.Replace(together, "000000000009", "000000000077", 1) + "subscriptions:\n",
			"w.yaml:40:65: There is no partner aaaaaaaa-0000-4000-8000-000000000077 in this file. Add it under partners or correct the id."},
		"subscription twice": {"id: 55555555-0101-4000-8000-000000000002", "id: 55555555-0101-4000-8000-000000000001", "w.yaml:56:9: The id 55555555"},
		"unknown partner": {"partner: aaaaaaaa-0000-4000-8000-000000000001, customer", "partner: aaaaaaaa-0000-4000-8000-000000000077, customer",
			"w.yaml:36:16: There is no partner aaaaaaaa-0000-4000-8000-000000000077 in this file. Add it under partners or correct the id."},
		"unknown customer": {"agreements:\n  - { customer: cccccccc-0000-4000-8000-000000000001", "agreements:\n  - { customer: cccccccc-0000-4000-8000-000000000077",
			"w.yaml:38:17: There is no customer cccccccc-0000-4000-8000-000000000077 in this file."},
		"unknown base": {"parentId: 55555555-0101-4000-8000-000000000001", "parentId: 55555555-0101-4000-8000-000000000077",
			"w.yaml:65:15: There is no subscription 55555555-0101-4000-8000-000000000077 in this file. Add it or correct parentId."},
		"its own base": {"parentId: 55555555-0101-4000-8000-000000000001", "parentId: 55555555-0101-4000-8000-000000000002",
			"w.yaml:65:15: parentId must name a subscription that has no parentId itself."},
		"base of another customer (R-74)": {"000000000002\n    customer: cccccccc-0000-4000-8000-000000000001", "000000000002\n    customer: cccccccc-0000-4000-8000-000000000002",
			"w.yaml:65:15: parentId must name a subscription of the same customer at the same partner."},
		"reseller as owner (R-41)": {"000000000002\n    customer: cccccccc-0000-4000-8000-000000000001\n    partner: aaaaaaaa-0000-4000-8000-000000000001",
			"000000000002\n    customer: cccccccc-0000-4000-8000-000000000001\n    partner: aaaaaaaa-0000-4000-8000-000000000009",
			"w.yaml:58:14: An indirect reseller bills nothing itself, nor does who left direct-bill. Name its provider here and the reseller as partnerOnRecord."},
		"credited provider (R-58)": {`partnerOnRecord: "4000009"`, `partnerOnRecord: "4000001"`,
			"w.yaml:54:22: No indirect reseller in this file has the mpnId 4000001. Correct partnerOnRecord or add the reseller."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalid := problemsOf(t, change(t, c.old, c.replacement))
			assert.True(t, hasPrefix(invalid, c.want), "want %s\ngot  %v", c.want, invalid)
		})
	}
}

func TestProblemsOfTheDocument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "w.yaml:1:1: The world file is empty. It needs at least partners and customers."},
		"comments only":       {"# nothing\n", "w.yaml:1:1: The world file is empty."},
		"no mapping":          {"- 1\n", "w.yaml:1:1: This world must be a mapping of fields (name: value)."},
		"broken on line 1":    {"partners: [", "w.yaml:1:1: This is not valid YAML (did not find expected node content). Correct it at this line or after it."},
		"broken later":        {"partners: []\ncustomers: []\nagreements: {]\n", "w.yaml:2:1: This is not valid YAML (did not find expected node content)."},
		"not UTF-8":           {"partners: \xff\xfe\x00", "w.yaml:1:11: The byte 0xff is not UTF-8. Save the file as UTF-8, or as UTF-16 with a byte order mark."},
		"a name in Latin-1":   {"partners: []\r\n# caf\xe9\r\n", "w.yaml:2:6: The byte 0xe9 is not UTF-8."},
		"UTF-16, no mark":     {"p\x00a\x00", "w.yaml:1:2: The control character U+0000 cannot stand in a world file."},
		"second document":     {"partners: []\ncustomers: []\n---\npartners: []\n", "w.yaml:3:1: A second YAML document starts here. A world file holds one; remove the line ---."},
		"broken second":       {"partners: []\ncustomers: []\n---\na: [\n", "w.yaml:"},
		"anchor":              {"partners: &p []\ncustomers: []\n", "w.yaml:1:11: World files have no anchors and aliases (& and *). Write the value out."},
		"alias":               {"partners: &p []\ncustomers: *p\n", "w.yaml:2:12: World files have no anchors and aliases"},
		"tag":                 {"partners: !!set {}\ncustomers: []\n", `w.yaml:1:11: World files have no tags such as "!!set". Leave it out.`},
		"section of no list":  {"partners: {}\ncustomers: []\n", "w.yaml:1:11: partners must be a list; each partner starts with a dash."},
		"section left empty":  {"partners:\ncustomers: []\n", "w.yaml:1:10: partners must be a list; each partner starts with a dash."},
		"record of no fields": {"partners: []\ncustomers: [Contoso]\n", "w.yaml:2:13: This customer must be a mapping of fields (name: value)."},
		"field of no name":    {"partners: []\ncustomers: []\n? [a]\n: b\n", "w.yaml:3:3: The name of a field must be plain text."},
		"no customers":        {"partners: []\n", "w.yaml:1:1: The field customers is missing from this world."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalid := problemsOf(t, c.text)
			assert.True(t, hasPrefix(invalid, c.want), "want %s\ngot  %v", c.want, invalid)
		})
	}
}

// A document of nested aliases would have 10^9 values; it must be refused before it is expanded.
func TestAliasBombsAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	invalid := problemsOf(t, bomb)
	assert.Contains(t, invalid.Problems[0].Says, "no anchors and aliases")
}

func TestAllProblemsAreToldInOrderUpToFifty(t *testing.T) {
	t.Parallel()
	two := strings.Replace(change(t, "status: active", "status: wrong"), "market: US\n    locale", "market: usa\n    locale", 1)
	assert.Equal(t, []int{5, 27}, lines(problemsOf(t, two)))

	many := problemsOf(t, "customers: []\npartners:\n"+strings.Repeat("  - { tenantId: wrong }\n", 30))
	assert.Len(t, many.Problems, world.MaxProblems)
	assert.Equal(t, 30*8-world.MaxProblems, many.Omitted)
	assert.Contains(t, many.Error(), "w.yaml: 190 more problems are not shown. Correct these first.")
}

func lines(invalid *world.InvalidError) []int {
	var all []int
	for _, p := range invalid.Problems {
		all = append(all, p.Line)
	}
	return all
}

func TestLoad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "w.yaml")
	require.NoError(t, os.WriteFile(path, []byte(valid), 0o600))
	w, err := world.Load(path)
	require.NoError(t, err)
	assert.Len(t, w.Subscriptions, 2)

	_, err = world.Load(filepath.Join(folder, "none.yaml"))
	var invalid *world.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Contains(t, err.Error(), "none.yaml: The world file cannot be read (")

	_, err = world.Load(folder)
	require.ErrorAs(t, err, &invalid, "a folder is no world file")
}

func TestTooLargeFileIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large.yaml")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, world.MaxBytes+1))
	_, err := world.Load(path)
	require.EqualError(t, err, path+": The world file is larger than 64 MB. Split the world, or generate it in Go as world.Large does.")
}
