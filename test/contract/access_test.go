package contract

// Who may do what, walked over every operation that the platform describes: each party in each role, with a user and
// without, and with every token that is no good. Whoever may not, hears the right refusal, reads nothing that is not theirs
// (R-110, R-180..R-190), and changes nothing.
//
//	access_table_test.go   what the answer must be
//	access_scene_test.go   what is asked about, and what is secret of it
//	access_tokens_test.go  tokens that nobody should accept
//	access_check_test.go   how an answer is looked at
//	access_around_test.go  what this walk does not reach

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/api/apitest"
)

// describedOperation is an operation as the description has it.
type describedOperation struct {
	method      string
	path        string
	open        bool
	description string
}

// operations are all that the running platform describes, by their ids.
func operations(t testing.TB) map[string]describedOperation {
	t.Helper()
	doc := as[struct {
		Paths map[string]map[string]struct {
			OperationID string
			Description string
			Security    []map[string][]string
		}
	}](t, send(t, call{method: http.MethodGet, path: "/openapi.json"}), http.StatusOK)
	all := map[string]describedOperation{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			require.NotContains(t, all, op.OperationID)
			require.Len(t, op.Security, 1, "%s %s", method, path)
			all[op.OperationID] = describedOperation{strings.ToUpper(method), path, len(op.Security[0]) == 0, op.Description}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// Every operation has a row in the table and every row an operation, and the description says of it what the table says.
func TestAccessTable(t *testing.T) {
	described, named := operations(t), map[string]bool{}
	for _, a := range access(&scene{troupe: &troupe{}}) {
		op, exists := described[a.operation]
		require.True(t, exists, "the table has a row for %s, which is no operation", a.operation)
		assert.False(t, named[a.name()], "two rows are %q", a.name())
		named[a.operation], named[a.name()] = true, true
		assert.Len(t, a.says, len(partners), a.name())
		assert.True(t, !a.changes || len(a.needs().Writes) > 0, "%s changes nothing, says apitest", a.operation)
		assert.Equal(t, op.open, a.needs().Roles == nil, "%s: does it need a token?", a.operation)
		if !op.open {
			assert.Contains(t, op.description, "Needs the role "+strings.Join(a.needs().Roles, " or "), a.operation)
			assert.Equal(t, a.needs().Users, strings.Contains(op.description, "application-only tokens are refused"), a.operation)
		}
	}
	for id := range described {
		assert.True(t, named[id], "write down in access_table_test.go who may call %s", id)
	}
}

// caller is somebody with a token that the issuer gave.
type caller struct {
	name   string
	party  party
	roles  []string
	user   bool
	agent  bool // the user is an admin agent in the ledger; true of an application
	bearer string
}

// callers are all who call: each partner in each role and in none, as an application and as an admin agent; users of the
// parties that are no admin agents; and two tenants that are no partners.
func callers(t testing.TB, s *scene, m *mint) []caller {
	t.Helper()
	var all []caller
	add := func(p party, who string, c client, agent bool) {
		as := "an application"
		if c.user != "" {
			as = "a user"
		}
		token := m.good(t, c)
		if len(c.roles) > 0 && who != "nobody" {
			token = c.token(t)
		}
		name := fmt.Sprintf("%s, %s with the role %s", who, as, strings.Join(append(c.roles, "none")[:1], ""))
		all = append(all, caller{name: name, party: p, roles: c.roles, user: c.user != "", agent: agent, bearer: "Bearer " + token})
	}
	for _, p := range partners {
		for _, role := range []string{"AdminAgent", "SalesAgent", "HelpdeskAgent", "BillingAdmin", "GlobalAdmin", ""} {
			for _, user := range []string{"", s.agent(p)} {
				c := client{tenant: s.of[p].TenantID, user: user}
				if role != "" {
					c.roles = []string{role}
				}
				add(p, string(p), c, true)
			}
		}
	}
	for _, p := range []party{isSource, isTarget} {
		add(p, string(p)+" (no agent)", client{tenant: s.of[p].TenantID, user: uuid.NewString(), roles: []string{"AdminAgent"}}, false)
	}
	for who, tenant := range map[string]string{"customer": s.customer, "nobody": uuid.NewString()} {
		for _, user := range []string{"", uuid.NewString()} {
			add(isCustomer, who, client{tenant: tenant, user: user, roles: []string{"AdminAgent", "GlobalAdmin"}}, true)
		}
	}
	return all
}

// expect is what the caller must hear; admitted tells whether the operation lets it in at all.
func (a attempt) expect(c caller) (want outcome, admitted bool) {
	switch {
	case a.needs().Roles == nil:
		return a.says[0], true
	case c.party == isCustomer:
		return notPartner, false
	case !slices.ContainsFunc(c.roles, func(r string) bool { return slices.Contains(a.needs().Roles, r) }):
		return roleMissing, false
	case a.needs().Users && !c.user:
		return userMissing, false
	}
	want = a.says[slices.Index(partners, c.party)]
	if a.agents && !c.agent && want.success() {
		return notTheirs, true
	}
	return want, true
}

func (o outcome) success() bool { return o.status < http.StatusBadRequest }

// needs is what whoever makes the attempt has to bring.
func (a attempt) needs() apitest.Operation {
	o, has := apitest.Named(a.operation)
	if !has {
		panic("write down in internal/api/apitest who may call " + a.operation)
	}
	return o
}

func (a attempt) name() string { return strings.TrimSpace(a.operation + " " + a.how) }

// call is the request of the attempt.
func (a attempt) call(t testing.TB, op describedOperation, bearer string) call {
	t.Helper()
	path := op.path
	for name, value := range a.path {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	require.NotContains(t, path, "{", "the table does not say what stands for a parameter of %s", a.operation)
	if len(a.query) > 0 {
		path += "?" + a.query.Encode()
	}
	c := call{method: op.method, path: path, body: a.body, header: map[string]string{"Authorization": bearer}}
	if op.method != http.MethodGet {
		c.header["MS-RequestId"] = fresh()
	}
	return c
}

func TestAccess(t *testing.T) {
	described, m := operations(t), openMint(t)
	s := newScene(t, newTroupe(t))
	everybody := callers(t, s, m)
	watch := &watch{scene: s, told: map[string]bool{}}
	for _, a := range access(s) {
		op, exists := described[a.operation]
		require.True(t, exists, a.operation)
		t.Run(a.name(), func(t *testing.T) {
			before := s.rows(t, s.tenants()...)
			for _, c := range everybody {
				watch.try(t, a, op, c)
			}
			for _, bad := range m.bad(t, s.act(a.entitled())) {
				watch.tryForged(t, a, op, bad)
			}
			s.endWebhooks(t)
			require.Equal(t, before, s.rows(t, s.tenants()...), "something changed that nobody may change")
		})
	}
	t.Run("what may be known is told", watch.everythingWasTold)
}

// entitled is the party whose token the forgeries stand for.
func (a attempt) entitled() party {
	if len(a.says) > 1 && a.says[1].success() && !a.says[1].unseen {
		return isTarget
	}
	return isSource
}

// try sends the attempt as the caller. What is to succeed in changing something does so on a scene of its own.
func (w *watch) try(t *testing.T, a attempt, op describedOperation, c caller) {
	t.Helper()
	want, admitted := a.expect(c)
	s := w.scene
	if a.changes && want.success() {
		s = w.fresh(t)
		for _, same := range access(s) {
			if same.name() == a.name() {
				a = same
			}
		}
	}
	writes := op.method != http.MethodGet
	var before string
	if writes {
		before = s.rows(t, s.of[c.party].TenantID)
	}
	asked := a.call(t, op, c.bearer)
	got := send(t, asked)
	require.Equal(t, want.status, got.status, "%s: %s", c.name, got.body)
	if !want.success() {
		refused(t, got, want.status, want.code)
	}
	if writes {
		after := s.rows(t, s.of[c.party].TenantID)
		require.Equal(t, a.changes && want.success(), before != after, "%s: does it change anything?\n%s", c.name, got.body)
	}
	knows := c.party
	if !admitted {
		knows = isCustomer // whom nothing is told
	}
	w.look(t, c.name, knows, asked, got)
	if want.unseen {
		w.likeUnknown(t, a, op, c, asked, got)
	}
}

// tryForged sends the attempt with a token that is no good, for an answer in either shape.
func (w *watch) tryForged(t *testing.T, a attempt, op describedOperation, bad badToken) {
	t.Helper()
	for _, accept := range []string{"application/json", "application/problem+json"} {
		asked := a.call(t, op, bad.header)
		asked.header["Accept"] = accept
		got := send(t, asked)
		w.look(t, bad.name, isCustomer, asked, got)
		for _, said := range bad.says {
			require.NotContains(t, strings.ToLower(got.text()), strings.ToLower(said), "%s: the answer repeats the token", bad.name)
		}
		if a.needs().Roles == nil {
			require.Equal(t, http.StatusOK, got.status, bad.name)
			continue
		}
		refusal := as[object](t, got, http.StatusUnauthorized)
		require.Equal(t, bad.code, refusal["code"], bad.name)
		require.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"), bad.name)
		require.Equal(t, accept, got.header.Get("Content-Type"), bad.name)
	}
}
