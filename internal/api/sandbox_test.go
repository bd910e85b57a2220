package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/programme"
)

const (
	boxedSource = "aaaaaaaa-0000-4000-8000-000000000021"
	boxedTarget = "aaaaaaaa-0000-4000-8000-000000000022"
	boxedClient = "cccccccc-0000-4000-8000-000000000021"
	realClient  = "cccccccc-0000-4000-8000-000000000001"
	nobodys     = "ffffffff-0000-4000-8000-0000000000ff"
)

func posting(by, path, body string) ask {
	return ask{by: by, method: http.MethodPost, path: path, body: body}
}

func creatingFrom(source, target, email string) string {
	return fmt.Sprintf(`{"customerEmailId":%q,"sourcePartnerTenantId":%q,"sourcePartnerName":"Source","targetPartnerTenantId":%q,"transferType":3}`, email, source, target)
}

// in a sandbox a transfer can be tried from end to end, and what needs a customer that accepts is said to be production's.
func TestATransferInASandbox(t *testing.T) {
	t.Parallel()
	s := sample(t)
	client := "/v1/customers/" + boxedClient
	create := posting(bySandboxTarget, client+"/transfers", creatingFrom(boxedSource, boxedTarget, "it@bellows-college.example"))

	require.Equal(t, "20002", s.gets(create, http.StatusForbidden).code(t), "no relationship yet")
	for range 2 {
		said := s.gets(posting(bySandboxTarget, "/v1/sandbox/relationships", `{"customerId":"`+strings.ToUpper(boxedClient)+`"}`), http.StatusCreated)
		require.Contains(t, said.complete, boxedClient)
	}
	attest := strings.Replace(attesting, "2026-01-02", "2026-01-03", 1)
	s.gets(posting(bySandboxTarget, client+"/agreements", attest), http.StatusCreated)
	id := idOf(t, s.gets(create, http.StatusCreated))
	s.gets(ask{by: bySandboxSource, method: http.MethodPatch, path: client + "/transfers/" + id, body: `{"allEligible":true}`}, http.StatusOK)
	read := s.reads(bySandboxTarget, client+"/transfers/"+id)
	require.Equal(t, "InProgress", read["status"])

	for _, q := range []ask{
		{by: bySandboxTarget, method: http.MethodGet, path: "/v1/customers/relationshiprequests"},
		{by: bySandboxTarget, method: http.MethodGet, path: "/v1/customers/relationshiprequests?dualRoleIndirectRelationship=true"},
		{by: bySandboxSource, method: http.MethodGet, path: client + "/transferseligibility?transferType=directtoindirect"},
		posting(bySandboxTarget, client+"/transfers", `{"customerEmailId":"it@bellows-college.example","sourcePartnerTenantId":"`+boxedSource+
			`","sourcePartnerName":"Source","lineItems":[{"subscriptionId":"55555555-2121-4000-8000-000000000001"}]}`),
	} {
		require.Equal(t, "900127", s.gets(q, http.StatusBadRequest).code(t), q.path)
	}
	for _, customer := range []string{boxedClient, realClient, nobodys} {
		require.Equal(t, "900127", s.gets(posting(byNorthwind, "/v1/sandbox/relationships", `{"customerId":"`+customer+`"}`), http.StatusBadRequest).code(t), customer)
	}
}

// whoever names a tenant of the other environment hears what is said of one that does not exist, word for word, on every route
// that takes one.
func TestTheOtherEnvironmentDoesNotExist(t *testing.T) {
	t.Parallel()
	s := sample(t, programme.Partner{
		TenantID: "aaaaaaaa-0000-4000-8000-000000000023", Name: "Boxed Resale", Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true),
		MPNID: "4000023", Market: "DE", Currency: "EUR", Locale: "de-DE", Environment: programme.Sandbox, SandboxOf: "aaaaaaaa-0000-4000-8000-000000000006",
	})
	for name, c := range map[string]struct {
		theirs, nobodys string
		ask             func(id string) ask
	}{
		"source of a create": {boxedSource, nobodys, func(id string) ask {
			return posting(byFabrikam, "/v1/customers/"+realClient+"/transfers", creatingFrom(id, "", "it@contoso-bakery.example"))
		}},
		"source of a dry run": {boxedSource, nobodys, func(id string) ask {
			return posting(byFabrikam, "/v1/customers/"+realClient+"/transfers?dryRun=true", creatingFrom(id, "", "it@contoso-bakery.example"))
		}},
		"customer of a create": {boxedClient, nobodys, func(id string) ask {
			return posting(byFabrikam, "/v1/customers/"+id+"/transfers", creatingFrom("aaaaaaaa-0000-4000-8000-000000000001", "", "it@contoso-bakery.example"))
		}},
		"customer of a dry run": {realClient, nobodys, func(id string) ask {
			return posting(bySandboxTarget, "/v1/customers/"+id+"/transfers?dryRun=true", creatingFrom(boxedSource, "", "it@contoso-bakery.example"))
		}},
		"source of a sandbox's create": {"aaaaaaaa-0000-4000-8000-000000000001", nobodys, func(id string) ask {
			return posting(bySandboxTarget, "/v1/customers/"+boxedClient+"/transfers", creatingFrom(id, "", "it@bellows-college.example"))
		}},
		"reseller of a create": {"4000023", "4999999", func(id string) ask {
			return posting(byFabrikam, "/v1/customers/"+realClient+"/transfers",
				strings.TrimSuffix(creatingFrom("aaaaaaaa-0000-4000-8000-000000000001", "", "it@contoso-bakery.example"), "}")+`,"partnerOnRecord":"`+id+`"}`)
		}},
		"reseller of a subscription": {"4000023", "4999999", func(id string) ask {
			path, _ := s.held(byFabrikam, 3, "Azure plan")
			return patching(byFabrikam, path, object{"partnerId": id})
		}},
		"customer":                 {boxedClient, nobodys, func(id string) ask { return ask{by: byNorthwind, method: "GET", path: "/v1/customers/" + id} }},
		"customer, from a sandbox": {realClient, nobodys, func(id string) ask { return ask{by: bySandboxSource, method: "GET", path: "/v1/customers/" + id} }},
		"eligibility": {boxedClient, nobodys, func(id string) ask {
			return ask{by: byNorthwind, method: "GET", path: "/v1/customers/" + id + "/transferseligibility?transferType=3"}
		}},
		"attestation": {boxedClient, nobodys, func(id string) ask { return posting(byNorthwind, "/v1/customers/"+id+"/agreements", attesting) }},
		"relationship of a sandbox": {realClient, nobodys, func(id string) ask {
			return posting(bySandboxTarget, "/v1/sandbox/relationships", `{"customerId":"`+id+`"}`)
		}},
		"agreement of a partner": {"aaaaaaaa-0000-4000-8000-000000000023", nobodys, func(id string) ask {
			return ask{by: byFabrikam, method: "GET", path: "/v1/compliance/csp/agreementstatus?tenantId=" + id}
		}},
		"agreement by the PartnerID": {"4000023", "4999999", func(id string) ask {
			return ask{by: byFabrikam, method: "GET", path: "/v1/compliance/csp/agreementstatus?mpnId=" + id}
		}},
	} {
		theirs, unknown := s.hears(t.Context(), c.ask(c.theirs)), s.hears(t.Context(), c.ask(c.nobodys))
		assert.Equal(t, unknown.status, theirs.status, name)
		assert.Equal(t, strings.ReplaceAll(unknown.complete, c.nobodys, c.theirs), theirs.complete, name)
		assert.True(t, theirs.status >= 400 || strings.Contains(c.ask("").path, "dryRun"), name)
	}
}

// no list of either environment shows what is in the other, whatever it is narrowed by.
func TestListsStayInTheirEnvironment(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for by, theirs := range map[string][]string{
		byNorthwind: {boxedSource, boxedTarget, boxedClient, "sandbox"}, byFabrikam: {boxedSource, boxedTarget, boxedClient, "sandbox"},
		bySandboxSource: {"Contoso Bakery", realClient, "Fabrikam"}, bySandboxTarget: {"Contoso Bakery", realClient, "Fabrikam", boxedClient},
	} {
		for _, path := range []string{
			"/v1/customers", "/v1/customers?" + filtered("CompanyName", "starts_with", "C"), "/v1/customers?" + filtered("Domain", "starts_with", "b"),
			"/v1/customers?" + filtered("IndirectReseller", "starts_with", "a"), "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf",
			"/v1/relationships?relationship_type=IsIndirectResellerOf", "/v1/transfers", "/v1/auditrecords?startDate=2026-11-01",
		} {
			said := s.hears(t.Context(), ask{by: by, method: http.MethodGet, path: path})
			for _, secret := range theirs {
				assert.NotContains(t, said.complete, secret, "%s %s", by, path)
			}
		}
	}
	assert.Len(t, s.reads(bySandboxSource, "/v1/customers")["items"], 1)
}

// the tokens of a sandbox open nothing once its owner is in direct-bill no more.
func TestASandboxWithoutItsOwner(t *testing.T) {
	t.Parallel()
	s := sample(t)
	read := ask{by: bySandboxTarget, method: http.MethodGet, path: "/v1/customers"}
	s.gets(read, http.StatusOK)
	_, err := s.ledger.Writer().ExecContext(t.Context(),
		"UPDATE program_enrolments SET status = 'ended' WHERE partner_tenant_id = 'aaaaaaaa-0000-4000-8000-000000000003'")
	require.NoError(t, err)
	require.Equal(t, "900137", s.gets(read, http.StatusForbidden).code(t))
	s.gets(ask{by: bySandboxSource, method: http.MethodGet, path: "/v1/customers"}, http.StatusOK)
}
