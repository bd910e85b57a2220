package contract

// What the walk over the operations does not reach: tenants that are nobody here, tokens in other places, what is open to
// everybody, and answers that are kept.

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

// a customer's tenant hears the same as one that nobody knows, so that nobody learns who is a customer here.
func TestAccessOfTenantsThatAreNoPartners(t *testing.T) {
	m, s := openMint(t), &scene{troupe: newTroupe(t), reference: map[party]string{}}
	s.enter(t)
	path := "/v1/customers/" + s.customer
	ask := func(tenant string) answer {
		bearer := "Bearer " + m.good(t, client{tenant: tenant, roles: []string{"AdminAgent"}})
		return send(t, call{method: http.MethodGet, path: path, header: map[string]string{"Authorization": bearer}})
	}
	ofCustomer, ofNobody := ask(s.customer), ask(uuid.NewString())
	refused(t, ofCustomer, notPartner.status, notPartner.code)
	require.Equal(t, wording(call{path: path}, ofNobody), wording(call{path: path}, ofCustomer))
}

// A token counts in the header Authorization only: elsewhere it would end up in logs.
func TestAccessTokenElsewhere(t *testing.T) {
	token := source.token(t)
	for name, c := range map[string]call{
		"in the query":       {path: "/v1/customers?access_token=" + token},
		"in a cookie":        {path: "/v1/customers", header: map[string]string{"Cookie": "access_token=" + token}},
		"in another header":  {path: "/v1/customers", header: map[string]string{"X-Access-Token": token, "Proxy-Authorization": "Bearer " + token}},
		"without its scheme": {path: "/v1/customers", header: map[string]string{"Authorization": token}},
	} {
		t.Run(name, func(t *testing.T) {
			c.method = http.MethodGet
			got := send(t, c)
			refused(t, got, http.StatusUnauthorized, codeMissing)
			require.NotContains(t, got.text(), token)
		})
	}
}

// What is open to everybody tells nothing of anybody, and neither do methods that no operation has.
func TestAccessToWhatIsOpen(t *testing.T) {
	s := newScene(t, newTroupe(t))
	w := &watch{scene: s, told: map[string]bool{}}
	for _, path := range []string{"/openapi.json", "/docs", "/docs/errors", "/healthz", "/readyz", "/metrics", "/", "/v1", "/nothing/" + s.pending} {
		asked := call{method: http.MethodGet, path: path}
		w.look(t, path, isCustomer, asked, send(t, asked))
	}
	described, served := operations(t), map[string]bool{}
	for _, op := range described {
		served[op.method+" "+op.path] = true
	}
	for id, op := range described {
		path := strings.NewReplacer("{certificate}", webhook.CertificateID(aCertificate), "{customerId}", s.customer, "{transferId}", s.pending, "{subscriptionId}", s.spare, "{recordId}", s.records[isSource]).Replace(op.path)
		head := send(t, call{method: http.MethodHead, path: path})
		require.Empty(t, head.body)
		switch {
		case op.open:
			require.Equal(t, http.StatusOK, head.status, id)
		case op.method == http.MethodGet:
			require.Equal(t, http.StatusUnauthorized, head.status, id)
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions} {
			if served[method+" "+op.path] {
				continue
			}
			asked := call{method: method, path: path}
			got := send(t, asked)
			w.look(t, method+" "+path, isCustomer, asked, got)
			refused(t, got, http.StatusMethodNotAllowed, "405")
		}
	}
}

// an answer is kept for who got it. The same request by anybody else is one of its own.
func TestAccessToKeptAnswers(t *testing.T) {
	s := newScene(t, newTroupe(t))
	key := fresh()
	label := call{method: http.MethodPatch, path: transfers(s.customer) + "/" + s.pending, body: object{"tags": []string{"moving day"}}}
	ask := func(c client) answer {
		again := label
		again.header = map[string]string{"MS-RequestId": key}
		return c.do(t, again)
	}
	first := ask(s.act(isSource))
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	require.Equal(t, string(first.body), string(ask(s.act(isSource)).body))
	w := &watch{scene: s, told: map[string]bool{}}
	for _, p := range []party{isStranger, isOutsider, isReseller} {
		got, hears := ask(s.act(p)), noTransfer
		if p == isReseller {
			hears = neverResellers
		}
		refused(t, got, hears.status, hears.code)
		w.look(t, string(p), p, label, got)
	}
	got := ask(s.act(isTarget))
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	w.look(t, "target", isTarget, label, got)
	salesAgent := s.act(isSource)
	salesAgent.roles = []string{"SalesAgent"}
	refused(t, ask(salesAgent), roleMissing.status, roleMissing.code)
	colleague := s.act(isSource)
	colleague.user = s.of[isSource].Users[1].UserID
	require.Equal(t, "RequestIdReused", refused(t, ask(colleague), http.StatusBadRequest, "800002")["errorName"])
}
