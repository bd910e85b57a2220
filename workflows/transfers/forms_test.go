package transfers

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/outage"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// Messages are read, and ids made, before a run has looked at the ledger and knows whose rules it follows. So their forms are
// a contract, not a rule: what replays a run must read them as the run did.
func TestFormsStay(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile("testdata/forms.golden")
	require.NoError(t, err)
	require.Equal(t, string(kept), forms(t), "workflows read a message, an id or a list otherwise than before, and runs that have read one would not "+
		"replay. Gate the change with workflow.GetVersion, record a history of it, and only then write it into testdata/forms.golden")
}

func forms(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	section := func(name string) { fmt.Fprintf(&b, "\n# %s\n", name) }
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	section("A signal: what becomes of it")
	for _, s := range signals() {
		line("%s: %s", s.name, reading([]byte(s.text)))
	}
	section("An input: what the run takes it for")
	for _, s := range inputs() {
		var in Input
		require.NoError(t, json.Unmarshal([]byte(s.text), &in))
		line("%s: transfer %q, request %t, unreadable %t", s.name, in.TransferID, in.Request != nil, in.Unreadable != "")
	}
	section("Names and ids")
	line("%s %s %s", transfer.WorkflowType, transfer.RangeWorkflowType, outage.WorkflowType)
	line("%s", []string{run.SignalLook, SignalSourceApproval, SignalTargetRequest, SignalTargetCancel, SignalSourceDecline, QueryState})
	line("%s %s %s", transfer.WorkflowID("t"), transfer.RangeWorkflowID("t", 250, 500), outage.WorkflowID)
	for _, id := range []string{"transfer/t", "transfer/", "transfer/t/items/0-5", "t", ""} {
		of, is := transfer.OfWorkflow(id)
		line("%q is of %q: %t", id, of, is)
	}
	for _, r := range []transfer.Request{{TargetPartnerTenantID: "a", CustomerTenantID: "b", RequestID: "c"}, {TargetPartnerTenantID: "A", CustomerTenantID: "B", RequestID: "C"}} {
		line("%s of %s, %s, %s", transfer.NewID(r), r.TargetPartnerTenantID, r.CustomerTenantID, r.RequestID)
	}
	section("Lists")
	for _, numbers := range [][]int{nil, {0}, {0, 1}, {0, 2, 3, 4, 9}} {
		line("%v: %q", numbers, transfer.OrdinalsOf(numbers))
	}
	for _, text := range []transfer.Ordinals{"", "7", "0-2,7", "2-1", "x,3", "1-x,4", "0-1048577,5"} {
		line("%q: %v", text, text.Numbers())
	}
	section("Words")
	for _, s := range []transfer.Status{
		transfer.None, transfer.Pending, transfer.InProgress, transfer.Complete, transfer.PartiallyComplete, transfer.Failed,
		transfer.Cancelled, transfer.Rejected, transfer.Expired,
	} {
		line("%q is final: %t", s, s.Final())
	}
	line("%q", []transfer.Due{transfer.NothingDue, transfer.DueReminder, transfer.DueExpiry, transfer.DueOverdue, transfer.DueDeadline})
	line("%s", []transfer.Verb{transfer.VerbCreate, transfer.VerbSubmit, transfer.VerbCancel, transfer.VerbDecline})
	line("%d line items", transfer.ItemCounts{Complete: 1, Failed: 2, InProgress: 4}.Total())
	return b.String()
}

// sent is what a client may send.
type sent struct{ name, text string }

func signals() []sent {
	approval := func(requestID, tenant, user string) string {
		return fmt.Sprintf(`{"requestId":%q,"actor":{"partnerTenantId":%q,"userId":%q}}`, requestID, tenant, user)
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	return []sent{
		{"a nudge", `{"n":3}`},
		{"a nudge with its cause", `{"n":3,"c":"corr"}`},
		{"a nudge of 832 bytes", `{"n":3,"c":"` + long(832-14) + `"}`},
		{"a nudge of 833 bytes", `{"n":3,"c":"` + long(833-14) + `"}`},
		{"a nudge that is a command too", `{"n":3,"requestId":"r"}`},
		{"nothing", ``},
		{"null", `null`},
		{"an empty object", `{}`},
		{"a text", `"approve"`},
		{"an approval", approval("r", "p", "u")},
		{"a request id of 128 characters", approval(long(128), "p", "u")},
		{"a request id of 129 characters", approval(long(129), "p", "u")},
		{"a partner of 128 characters", approval("r", long(128), "u")},
		{"a partner of 129 characters", approval("r", long(129), "u")},
		{"a user of 128 characters", approval("r", "p", long(128))},
		{"a user of 129 characters", approval("r", "p", long(129))},
		{"from the platform", `{"requestId":"r","actor":{"platform":true}}`},
		{"from an operator", `{"requestId":"r","actor":{"operator":true}}`},
		{"131072 bytes", sized(131072)},
		{"131073 bytes", sized(131073)},
	}
}

func inputs() []sent {
	return []sent{
		{"an id", `{"transferId":"t"}`},
		{"an id with what was known", `{"transferId":"t","known":"c","answers":[]}`},
		{"a request", `{"requestId":"r","customerTenantId":"c"}`},
		{"an empty object", `{}`},
		{"a text", `"t"`},
		{"131072 bytes", sized(131072)},
		{"131073 bytes", sized(131073)},
	}
}

// sized is a command of so many bytes.
func sized(bytes int) string {
	const around = `{"requestId":"r","reason":""}`
	return `{"requestId":"r","reason":"` + strings.Repeat("x", bytes-len(around)) + `"}`
}

// reading is what a run makes of a signal with an approval.
func reading(data []byte) string {
	if run.IsNudge(data) {
		return "a nudge"
	}
	l := open(data, readApproval)
	if l.refusal != nil {
		return fmt.Sprintf("refused under %.14s as %s", l.command.RequestID(), l.refusal.Cause)
	}
	return fmt.Sprintf("%s by %.3s…", l.command.Verb, l.command.Actor().PartnerTenantID)
}
