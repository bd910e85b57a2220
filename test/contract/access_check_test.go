package contract

// How an answer is looked at: what it tells, what it gives away by its words, and what became of the ledger meanwhile.

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
)

// watch looks at answers for what is secret of the scene.
type watch struct {
	*scene
	told map[string]bool // which party read which secret
}

// look requires that the answer has nothing that the party may not know and did not say itself.
func (w *watch) look(t testing.TB, who string, p party, asked call, got answer) {
	t.Helper()
	require.Equal(t, "no-store", got.header.Get("Cache-Control"), who)
	said, text := strings.ToLower(asked.text(t)), strings.ToLower(got.text())
	for _, s := range w.secrets {
		if !strings.Contains(text, strings.ToLower(s.text)) {
			continue
		}
		w.told[s.what+string(p)] = true
		if p != s.own && !slices.Contains(s.knownTo, p) && !strings.Contains(said, strings.ToLower(s.text)) {
			require.Fail(t, "a secret is told", "%s reads the %s, %s, in\n%s", who, s.what, s.text, got.text())
		}
	}
}

// everythingWasTold requires that every secret was read by who may know it: otherwise looking for it would prove nothing.
func (w *watch) everythingWasTold(t *testing.T) {
	for _, s := range w.secrets {
		for _, p := range s.knownTo {
			assert.True(t, w.told[s.what+string(p)], "the %s never read the %s", p, s.what)
		}
	}
}

// text is the whole request but its token.
func (c call) text(t testing.TB) string {
	t.Helper()
	path, err := url.PathUnescape(strings.ReplaceAll(c.path, "+", " "))
	require.NoError(t, err)
	body, err := json.Marshal(c.body)
	require.NoError(t, err)
	return fmt.Sprintf("%s %s\n%s\n%s", c.method, path, c.header["MS-RequestId"], body)
}

// text is the whole answer.
func (a answer) text() string {
	var out strings.Builder
	fmt.Fprintln(&out, a.status)
	_ = a.header.Write(&out) // a strings.Builder takes everything
	out.Write(a.body)
	return out.String()
}

// nameable is whatever names one thing: an id, or a PartnerID.
var nameable = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[1-9][0-9]{9}\b`)

// unknown is the text with a name in place of each that nothing has.
func unknown(text string) string {
	return nameable.ReplaceAllStringFunc(text, func(name string) string {
		if strings.Contains(name, "-") {
			return uuid.NewString()
		}
		return fmt.Sprint(1_000_000_000 + rand.Int64N(8_000_000_000))
	})
}

// about is the attempt about something that does not exist. Only what it names last is replaced, unless everything is to be.
func (a attempt) about(op describedOperation, everything bool) attempt {
	changed := a
	changed.path, changed.query = map[string]string{}, url.Values{}
	last := op.path[strings.LastIndex(op.path, "{")+1:]
	last, _, _ = strings.Cut(last, "}")
	inQuery := nameable.MatchString(a.query.Encode())
	for name, value := range a.path {
		if changed.path[name] = value; everything || (!inQuery && name == last) {
			changed.path[name] = unknown(value)
		}
	}
	for name, values := range a.query {
		changed.query.Set(name, unknown(values[0]))
	}
	return changed
}

// likeUnknown requires that the answer is word for word the one about something that does not exist.
func (w *watch) likeUnknown(t testing.TB, a attempt, op describedOperation, c caller, asked call, got answer) {
	t.Helper()
	for _, everything := range []bool{false, true} {
		if everything && c.party != isOutsider {
			continue // the others know the customer, and hear that another one is unknown
		}
		nowhere := a.about(op, everything).call(t, op, c.bearer)
		require.NotEqual(t, asked.path, nowhere.path)
		other := send(t, nowhere)
		require.Equal(t, wording(nowhere, other), wording(asked, got), "%s: it shows that this exists", c.name)
	}
}

// wording is the answer without what belongs to this one request: its ids, its time, and what it named.
func wording(asked call, got answer) string {
	got.header = got.header.Clone()
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId", "Date"} {
		got.header.Del(name)
	}
	text := got.text()
	named, err := url.QueryUnescape(asked.path) // in %22 before an id, the 22 would belong to it
	if err != nil {
		named = asked.path
	}
	for i, name := range slices.Compact(nameable.FindAllString(named, -1)) {
		text = strings.ReplaceAll(text, strings.ToLower(name), fmt.Sprintf("{%d}", i))
	}
	return text
}

// tenants are all partners of the scene.
func (s *scene) tenants() (all []string) {
	for _, p := range s.of {
		all = append(all, p.TenantID)
	}
	return all
}

// rows is everything that the ledger says of the customer, to see whether anything changed. What the triers were refused stands in their
// own logs and does not count; in another's it would.
func (s *scene) rows(t testing.TB, triers ...string) string {
	t.Helper()
	ctx := t.Context()
	transfers, err := stage.Ledger.Transfers(ctx, transferstore.Filter{CustomerTenantID: s.customer})
	require.NoError(t, err)
	subscriptions, err := stage.Ledger.Subscriptions(ctx, s.customer, "")
	require.NoError(t, err)
	everything := []any{transfers, subscriptions}
	tried := func(r activitylogstore.AuditEntry) bool {
		return r.Status == activitylog.Failed && slices.Contains(triers, r.PartnerTenantID)
	}
	for _, one := range transfers {
		audit, err := stage.Ledger.AuditOf(ctx, one.ID)
		require.NoError(t, err)
		audit = slices.DeleteFunc(audit, tried)
		items, err := stage.Ledger.Items(ctx, one.ID, 0, -1)
		require.NoError(t, err)
		everything = append(everything, audit, items)
		for _, p := range partners {
			labels, err := stage.Ledger.Labels(ctx, one.ID, s.of[p].TenantID)
			require.NoError(t, err)
			everything = append(everything, labels)
		}
	}
	for _, p := range []party{isSource, isTarget, isStranger, isReseller} {
		agreements, err := stage.Ledger.Agreements(ctx, s.of[p].TenantID, s.customer)
		require.NoError(t, err)
		log, err := stage.Ledger.AuditLog(ctx, activitylogstore.AuditSearch{PartnerTenantID: s.of[p].TenantID, CustomerID: s.customer, Limit: 500})
		require.NoError(t, err)
		everything = append(everything, agreements, append([]activitylogstore.AuditEntry(nil), slices.DeleteFunc(log.Items, tried)...))
	}
	for _, p := range partners {
		registered, err := stage.Ledger.Webhook(ctx, s.of[p].TenantID)
		if !errors.Is(err, webhook.NotRegistered) {
			require.NoError(t, err)
			everything = append(everything, registered)
		}
	}
	text, err := json.MarshalIndent(everything, "", " ")
	require.NoError(t, err)
	return string(text)
}
