package contract

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R-258, wire notes 15: a provider lists its resellers, a reseller its providers.
func TestR258_Relationships(t *testing.T) {
	t.Parallel()
	list := as[object](t, target.get(t, "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"), http.StatusOK)
	assert.Equal(t, []string{"attributes", "items", "totalCount"}, fields(list))
	assert.Equal(t, 4.0, list["totalCount"])
	assert.Equal(t, object{
		"id": partnerID("09"), "name": "Alpine Resale", "relationshipType": "is_indirect_cloud_solution_provider_of", "state": "Active",
		"mpnId": "4000009", "location": "US", "attributes": object{"objectType": "PartnerRelationship"},
	}, objects(t, list["items"])[0])

	list = as[object](t, reseller.get(t, "/v1/relationships?relationship_type=is_indirect_reseller_of"), http.StatusOK)
	assert.Equal(t, []any{partnerID("02"), partnerID("05")}, values(objects(t, list["items"]), "id"))
	assert.Equal(t, "is_indirect_reseller_of", objects(t, list["items"])[0]["relationshipType"])

	// The state is that of the relationship, however the other partner stands in its programme.
	inactive := objects(t, as[object](t, target.get(t, "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"), http.StatusOK)["items"])[2]
	assert.Equal(t, []any{partnerID("11"), "Active"}, []any{inactive["id"], inactive["state"]})

	for _, none := range []answer{
		source.get(t, "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"),
		target.get(t, "/v1/relationships?relationship_type=IsIndirectResellerOf"),
	} {
		assert.Equal(t, []any{}, as[object](t, none, http.StatusOK)["items"], "nobody is an empty list")
	}
	refused(t, target.get(t, "/v1/relationships"), http.StatusBadRequest, "900126")
	refused(t, target.get(t, "/v1/relationships?relationship_type=IsFriendOf"), http.StatusBadRequest, "900126")
}

// Wire notes 15: the partners of the caller that a customer accepted too.
func TestWireNotes15_RelationshipsOfACustomer(t *testing.T) {
	t.Parallel()
	seen := func(c client, customer string) []any {
		return values(objects(t, as[object](t, c.get(t, "/v1/customers/"+customer+"/relationships"), http.StatusOK)["items"]), "id")
	}
	contoso, margies := customer(t), copyOf(t, "03")
	assert.Equal(t, []any{partnerID("09")}, seen(target, contoso))
	assert.Equal(t, []any{partnerID("02")}, seen(reseller, contoso))
	assert.Empty(t, seen(source, contoso))

	dual, fincher := agent("13"), customerID("11")
	list := objects(t, as[object](t, dual.get(t, "/v1/customers/"+fincher+"/relationships"), http.StatusOK)["items"])
	assert.Equal(t, []any{target.tenant}, values(list, "id"))
	assert.Equal(t, []any{"is_indirect_reseller_of"}, values(list, "relationshipType"), "what it is to its provider, whatever else it is")
	assert.Equal(t, []any{"Active"}, values(list, "state"))
	assert.Empty(t, seen(target, margies))
}

// an invitation is for a user of an active partner that is no reseller, and names that partner.
func TestR311_Invitations(t *testing.T) {
	t.Parallel()
	const path = "/v1/customers/relationshiprequests"
	got := as[object](t, target.get(t, path), http.StatusOK)
	assert.Equal(t, object{"objectType": "RelationshipRequest"}, got["attributes"])
	link, err := url.Parse(field[string](t, got, "url"))
	require.NoError(t, err)
	assert.Contains(t, link.RawQuery, target.tenant)
	alone := target
	alone.user = ""
	refused(t, alone.get(t, path), http.StatusForbidden, "900329")
	refused(t, target.get(t, path+"?dualRoleIndirectRelationship=True"), http.StatusForbidden, "900137")
	refused(t, agent("04").get(t, path), http.StatusForbidden, "900149")
}

// an indirect reseller's invitation names it and a provider that it works with.
func TestR417_JointInvitations(t *testing.T) {
	t.Parallel()
	const path = "/v1/customers/relationshiprequests"
	reseller := agent("09")
	link, err := url.Parse(field[string](t, as[object](t, reseller.get(t, path+"?dualRoleIndirectRelationship=true&indirectCSPId="+strings.ToUpper(target.tenant)), http.StatusOK), "url"))
	require.NoError(t, err)
	got := link.Query()
	assert.Equal(t, []string{"IndirectResellerRelationship", reseller.tenant, "4000009", target.tenant},
		[]string{got.Get("invType"), got.Get("partnerId"), got.Get("msppId"), got.Get("indirectCSPId")})
	refused(t, reseller.get(t, path), http.StatusBadRequest, "800002") // it works with two
	refused(t, reseller.get(t, path+"?indirectCSPId="+source.tenant), http.StatusNotFound, "60003")
	refused(t, reseller.get(t, path+"?indirectCSPId=Fabrikam"), http.StatusBadRequest, "800002")
}

// a global admin reads the programmes of its tenant side by side.
func TestR412_Programs(t *testing.T) {
	t.Parallel()
	dual := agent("13")
	dual.roles = []string{"GlobalAdmin"}
	got := objects(t, as[[]any](t, dual.get(t, "/v1/programs"), http.StatusOK))
	assert.Equal(t, []any{"direct-bill", "indirect-reseller"}, values(got, "program"))
	assert.Equal(t, []any{"restricted", "active"}, values(got, "status"))
	assert.Equal(t, object{"acceptedAt": "2026-02-20T00:00:00Z"}, got[1]["agreement"])
	refused(t, agent("13").get(t, "/v1/programs"), http.StatusForbidden, "900150")
	dual.user = ""
	refused(t, dual.get(t, "/v1/programs"), http.StatusForbidden, "900329")
}

// a partner that is restricted direct-bill and active reseller invites for its provider only.
func TestR410_InvitationsOfADualPartner(t *testing.T) {
	t.Parallel()
	const path = "/v1/customers/relationshiprequests"
	refused(t, agent("13").get(t, path), http.StatusForbidden, "900149")
	refused(t, agent("13").get(t, path+"?indirectCSPId="+target.tenant), http.StatusBadRequest, "800002")
	link := field[string](t, as[object](t, agent("13").get(t, path+"?dualRoleIndirectRelationship=true"), http.StatusOK), "url")
	assert.Contains(t, link, "indirectCSPId="+target.tenant)
}

// whether a partner signed, by exactly one of two ids; only about oneself or, for a provider, a reseller.
func TestR263_AgreementStatus(t *testing.T) {
	t.Parallel()
	ask := func(c client, query string) answer { return c.get(t, "/v1/compliance/csp/agreementstatus?"+query) }
	for query, signed := range map[string]bool{
		"tenantId=" + target.tenant: true, "mpnId=4000002": true, "mpnId=4000009": true, "mpnId=4000010": false, "mpnId=4000013": true, "tenantId=" + partnerID("10"): false,
	} {
		assert.Equal(t, object{"isAgreementSigned": signed}, as[object](t, ask(target, query), http.StatusOK), query)
	}
	assert.Equal(t, object{"isAgreementSigned": false}, as[object](t, ask(agent("05"), "mpnId=4000005"), http.StatusOK))
	for query, code := range map[string]string{
		"": "2001", "mpnId=&tenantId=": "2001", "mpnId=4000009&tenantId=" + partnerID("09"): "2001", "mpnId=Alpine": "2000", "tenantId=17": "2000",
	} {
		refused(t, ask(target, query), http.StatusBadRequest, code)
	}
	for name, c := range map[string]struct {
		by             client
		known, unknown string
	}{
		"a provider about another": {target, "4000005", "4999999"}, "a direct-bill partner about a reseller": {source, "4000009", "4999999"},
	} {
		known, unknown := refused(t, ask(c.by, "mpnId="+c.known), http.StatusNotFound, "60003"), refused(t, ask(c.by, "mpnId="+c.unknown), http.StatusNotFound, "60003")
		assert.Equal(t, []any{c.known}, known["data"])
		assert.Equal(t, with(unknown, object{"data": nil}), with(known, object{"data": nil}), name)
	}
}
