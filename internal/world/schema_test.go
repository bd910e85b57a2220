package world_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"handover/internal/world"
)

const schemaPath = "../../docs/world.schema.json"

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(schemaPath)
	require.NoError(t, err)
	return schema
}

// asEditorsSeeIt is the document as a YAML 1.2 editor hands it to a schema: days and times are text.
func asEditorsSeeIt(t testing.TB, text []byte) any {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	timesToText(&document)
	var value any
	require.NoError(t, document.Decode(&value))
	return value
}

func timesToText(node *yaml.Node) {
	if node.Tag == "!!timestamp" {
		node.Tag = "!!str"
	}
	for _, child := range node.Content {
		timesToText(child)
	}
}

func TestSampleFitsTheSchema(t *testing.T) {
	t.Parallel()
	assert.NoError(t, compiledSchema(t).Validate(asEditorsSeeIt(t, world.SampleYAML())))
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestExampleOfTheManualIsValid(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/world.md")
	require.NoError(t, err)
	example := yamlBlock.FindSubmatch(manual)
	require.NotNil(t, example)
	w, err := world.Parse("docs/world.md", example[1])
	require.NoError(t, err)
	requireSound(t, w)
	assert.NoError(t, compiledSchema(t).Validate(asEditorsSeeIt(t, example[1])))
}

// brief says the only programme of the first partner of the valid world.
const brief = "type: indirect-provider\n    status: active\n    mpaSigned: true"

// Schema and parser judge every change of the valid world alike.
func TestSchemaAndParserAgree(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	for _, c := range []struct {
		old   string
		good  []string
		wrong []string
	}{
		{"name: Northwind Cloud", []string{`name: "365"`, "name: Übergrößenträger", "name: NO", `name: "\u0645\u06CC\u200C\u062E"`},
			[]string{"name:", `name: ""`, `name: " "`, "name: 365", "name: true", "name: [x]", `name: "a\nb"`, `name: "a\0b"`, `name: "a\u202Eb"`, `name: "\u200B"`, `name: "a\eb"`, "nmae: x", "name: " + strings.Repeat("x", 201)}},
		{"type: indirect-provider", []string{"type: direct-bill", `type: "direct-bill"`}, []string{"type: direct", "type: Direct-Bill", "type: 1", "type:", "type: {}", "kind: direct-bill"}},
		{"status: active", []string{"status: restricted", "status: inactive"}, []string{"status: pending", "status: false"}},
		{"mpaSigned: true", []string{"mpaSigned: false"}, []string{"mpaSigned: yes", "mpaSigned: 1", `mpaSigned: "true"`, "mpaSigned:"}},
		{brief, []string{"programs: [{ program: indirect-provider, status: active }]",
			"programs: [{ program: indirect-provider, status: inactive, since: 2026-01-01 }, { program: indirect-reseller, status: in-review, contactName: Ana, contactEmail: ana@northwind.example }]",
			"programs: [{ program: indirect-provider, status: active, agreementAcceptedAt: 2026-01-01T10:00:00Z, agreementTemplateId: 99999999-0000-4000-8000-00000000000a, accessEndsAt: 2027-01-01 }]"},
			[]string{"programs: []", "programs:", "programs: [x]", "", "programs: [{ program: indirect-provider }]", "programs: [{ status: active }]", "programs: [{ program: isv, status: active }]",
				"programs: [{ program: indirect-provider, status: Active }]", "programs: [{ program: indirect-provider, status: active, since: now }]",
				"programs: [{ program: indirect-provider, status: active, contactEmail: Ana }]", "programs: [{ program: indirect-provider, status: active, mpaSigned: true }]",
				"programs: [{ program: indirect-provider, status: active, agreementTemplateId: 99999999-0000-4000-8000-00000000000a }]",
				"programs: [{ program: indirect-provider, status: active }]\n    type: indirect-provider", "programs: [{ program: indirect-provider, status: active }]\n    " + brief,
				"type: indirect-provider\n    status: active", "mpaSigned: true"}},
		{`mpnId: "4000001"`, []string{`mpnId: "0"`, `mpnId: '1234567890'`}, []string{"mpnId: 4000001", `mpnId: "12345678901"`, `mpnId: "x"`, `mpnId: "1 "`}},
		{"market: US", []string{"market: NO", "market: DE"}, []string{"market: us", "market: USA", "market:"}},
		{"currency: USD", []string{"currency: EUR"}, []string{"currency: usd", "currency: US"}},
		{"locale: en-US", []string{"locale: de", "locale: zh-Hans-CN"}, []string{"locale: en_US", "locale: english", "locale: EN"}},
		{"adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]",
			[]string{
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: [GlobalAdmin, AdminAgent] }]",
				"adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: a@b.example }]\n    users: [{ userId: eeeeeeee-0000-4000-8000-000000000102, email: s@b.example, roles: [SalesAgent] }]",
			},
			[]string{
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: [SalesAgent] }]",
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: [AdminAgent, AdminAgent] }]",
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: [] }]",
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: AdminAgent }]",
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example, roles: [Owner] }]",
				"users: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]",
			}},
		{"adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]", nil,
			[]string{"adminAgents: []", "adminAgents:", "adminAgents: [x]", "agents: []", "adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101 }]"}},
		{"email: ana@northwind.example", []string{"email: a.b+c@d-e.example", "email: o'neil@localhost", "email: it@bücher.example", "email: " + strings.Repeat("a", 64) + "@b.example"}, // B4
			[]string{"email: ana", "email: ana@", "email: a@b, c@d", "email: a..b@c.example", "email: a@b..c", "email: a@-b.example", "email: ä@b.example", `email: "a@b.example "`,
				"email: " + strings.Repeat("a", 65) + "@b.example", "email: a@192.0.2.1", `email: "a@[192.0.2.1]"`, "email: a@" + strings.Repeat("b", 64) + ".example", `email: '"a"@b.example'`}},
		{"domain: contoso.example", []string{"domain: a.b.c.example"}, []string{"domain: Contoso.example", "domain: contoso", "domain: -a.example", "domain: a..b"}},
		{"tenantId: cccccccc-0000-4000-8000-000000000002", []string{"tenantId: CCCCCCCC-0000-4000-8000-00000000000F"},
			[]string{"tenantId: cccccccc000040008000000000000002", "tenantId: '{cccccccc-0000-4000-8000-000000000002}'", "tenantId: gggggggg-0000-4000-8000-000000000002", "tenantId:"}},
		{"mode: direct", []string{"mode: attestation"}, []string{"mode: signed", "mode:", "how: direct"}},
		{", dateAgreed: 2026-02-27", []string{"", ", dateAgreed: 2026-02-27T10:00:00Z"}, []string{", dateAgreed: 27.02.2026", ", dateAgreed:", ", agreed: 2026-02-27"}},
		{"subscriptions:\n", []string{together + "subscriptions:\n"}, []string{
			"partnerships:\nsubscriptions:\n", "partnerships:\n  - { provider: aaaaaaaa-0000-4000-8000-000000000001 }\nsubscriptions:\n",
			strings.Replace(together, "reseller:", "partner:", 1) + "subscriptions:\n", strings.Replace(together, "-000000000009", "", 1) + "subscriptions:\n",
		}},
		{"productType: OnlineServicesNCE", []string{"productType: SaaS", "productType: AzurePlan", "productType: TermBased"}, []string{"productType: 5", "productType: saas"}},
		{"quantity: 25", []string{"quantity: 1", "quantity: 10000000"}, []string{"quantity: 0", "quantity: -1", "quantity: 2.5", `quantity: "25"`, "quantity: 10000001", "quantity:"}},
		{"unitPrice: 12.50", []string{"unitPrice: 0", "unitPrice: 1899", "unitPrice: 999999999.99"}, []string{"unitPrice: -1", `unitPrice: "12.50"`, "unitPrice: free", "unitPrice: 1000000000"}},
		{"billingCycle: monthly", []string{"billingCycle: one_time", "billingCycle: none"}, []string{"billingCycle: weekly", "billingCycle:"}},
		{"termDuration: P1Y", []string{"termDuration: P1M", "termDuration: P30D"}, []string{"termDuration: 1Y", "termDuration: P0Y", "termDuration: P1Y6M", "termDuration:", "autoRenews: true"}},
		{"creationDate: 2026-03-02\n", []string{"creationDate: 2024-02-29\n", "creationDate: \"2026-03-02\"\n", "creationDate: 2026-03-02T23:59:59.5-08:00\n"},
			[]string{"creationDate: 2026-02-30\n", "creationDate: 2026-3-2\n", "creationDate: 1999-01-01\n", "creationDate: 2026-03-02 10:00:00\n", "creationDate: 2026-03-02T10:00:00\n", "creationDate: 20260302\n", "creationDate:\n"}},
		{"    commitmentEndDate: 2027-03-01\n", nil, []string{""}},
		{"status: active\n    autoRenew", []string{"status: deleted\n    autoRenew", "status: pending\n    autoRenew"}, []string{"status: Active\n    autoRenew", "status: cancelled\n    autoRenew"}},
		{"autoRenew: true", []string{"autoRenew: false"}, []string{"autoRenew: 1", "autoRenew:"}},
		{"sandboxFault: transient:2", []string{"sandboxFault: transient:1000", "sandboxFault: sync:1h30m", "sandboxFault: slow:1.5s", "sandboxFault: refuse:900130"},
			[]string{"sandboxFault: transient", "sandboxFault: transient:0", "sandboxFault: transient:1001", "sandboxFault: sync:2", `sandboxFault: "refuse:"`, "sandboxFault: crash:1", "sandboxFault:"}},
		{"relationships:\n", nil, []string{"relationships:\n  - x\n", "relationships:\n  - { partner: aaaaaaaa-0000-4000-8000-000000000001 }\n", "relations:\n"}},
		{"customer: cccccccc-0000-4000-8000-000000000001 }\nagreements", []string{
			"customer: cccccccc-0000-4000-8000-000000000001, kind: provider, adminRights: true, since: 2026-01-01 }\nagreements",
			"customer: cccccccc-0000-4000-8000-000000000001, counterpart: AAAAAAAA-0000-4000-8000-000000000009 }\nagreements",
		}, []string{
			"customer: cccccccc-0000-4000-8000-000000000001, kind: csp }\nagreements", "customer: cccccccc-0000-4000-8000-000000000001, kind: }\nagreements",
			"customer: cccccccc-0000-4000-8000-000000000001, adminRights: 1 }\nagreements", "customer: cccccccc-0000-4000-8000-000000000001, counterpart: Alpine }\nagreements",
			"customer: cccccccc-0000-4000-8000-000000000001, localResellerOfRecord: often }\nagreements", "customer: cccccccc-0000-4000-8000-000000000001, since: x }\nagreements",
		}},
	} {
		for _, good := range c.good {
			text := change(t, c.old, good)
			_, err := world.Parse("w.yaml", []byte(text))
			assert.NoError(t, err, good)
			assert.NoError(t, schema.Validate(asEditorsSeeIt(t, []byte(text))), good)
		}
		for _, wrong := range c.wrong {
			text := change(t, c.old, wrong)
			_, err := world.Parse("w.yaml", []byte(text))
			assert.Error(t, err, "the parser accepts %q", wrong)
			assert.Error(t, schema.Validate(asEditorsSeeIt(t, []byte(text))), "the schema accepts %q", wrong)
		}
	}
}

// definition is what this test reads of one definition in the schema.
type definition struct {
	Description string
	Required    []string
	Properties  map[string]struct{ Description string }
}

// The parser itself tells which fields a record has and needs; the schema must say the same, with a description on each.
func TestSchemaAndParserHaveTheSameFields(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	var schema struct {
		definition
		Defs map[string]definition `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))

	const odd = "{ unheard-of-field: 1 }"
	for kind, document := range map[string]string{
		"world":        odd,
		"partner":      "partners: [" + odd + "]\ncustomers: []",
		"programme":    strings.Replace(valid, brief, "programs: ["+odd+"]", 1),
		"customer":     "partners: []\ncustomers: [" + odd + "]",
		"relationship": "partners: []\ncustomers: []\nrelationships: [" + odd + "]",
		"agreement":    "partners: []\ncustomers: []\nagreements: [" + odd + "]",
		"partnership":  "partners: []\ncustomers: []\npartnerships: [" + odd + "]",
		"subscription": "partners: []\ncustomers: []\nsubscriptions: [" + odd + "]",
		"user":         strings.Replace(valid, "adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]", "users: ["+odd+"]", 1),
		"adminAgent":   strings.Replace(valid, "[{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]", "["+odd+"]", 1),
	} {
		said := schema.Defs[kind]
		if kind == "world" {
			said = schema.definition
		}
		known, required := fieldsOf(t, document)
		assert.ElementsMatch(t, known, keys(said.Properties), kind)
		assert.ElementsMatch(t, required, said.Required, kind)
		assert.NotEmpty(t, said.Description, kind)
		for name, property := range said.Properties {
			assert.NotEmpty(t, property.Description, "%s.%s", kind, name)
		}
	}
}

var (
	knownFields  = regexp.MustCompile(`has no field "unheard-of-field"\. Its fields are (.*)\.$`)
	missingField = regexp.MustCompile(`^The field (\w+) is missing`)
)

func fieldsOf(t *testing.T, document string) (known, required []string) {
	t.Helper()
	for _, p := range problemsOf(t, document).Problems {
		if m := knownFields.FindStringSubmatch(p.Says); m != nil {
			known = strings.Split(m[1], ", ")
		}
		if m := missingField.FindStringSubmatch(p.Says); m != nil && !slices.Contains(required, m[1]) {
			required = append(required, m[1])
		}
	}
	return known, required
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}
