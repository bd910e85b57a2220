package integration

// One standalone, and the people who work with it on the command line.

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
	"handover/internal/world"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	content := withFaults(world.Large(8, 3), largeParties(stuckCustomer).customer, "", "transient:1000", "")
	s := startStandalone(t, t.TempDir(), "--world", worldFile(t, both(world.Sample(), content)))
	for _, story := range []struct {
		name string
		plot func(*testing.T, *standalone)
	}{
		{"a transfer from request to complete", requestToComplete},
		{"the target withdraws", targetWithdraws},
		{"the source declines", sourceDeclines},
		{"an approval by signal", approvalBySignal},
		{"a stuck line item is given up", stuckItemGivenUp},
		{"too many line items lose nothing", tooManyLineItems},
		{"the answer is no", answerIsNo},
		{"the command line cannot be used", unusableCommandLine},
	} {
		t.Run(story.name, func(t *testing.T) { story.plot(t, s) })
	}
	s.verified(t)
}

// The customers of world.Large, by story.
const (
	withdrawnCustomer = iota
	declinedCustomer
	signalCustomer
	stuckCustomer
	manyCustomer
	refusedCustomer
	unusedCustomer
)

// requestToComplete is the README's way, with the sample's demonstration.
func requestToComplete(t *testing.T, s *standalone) {
	who := sampleParties(1, 1, 2)
	id := s.create(t, who)
	assert.Equal(t, transfer.Pending, s.get(t, id).Status)
	assert.Regexp(t, `Line items +12`, s.must(t, "submit", id, "--all-eligible"))
	assert.Regexp(t, `transfer `+id+` Complete: 12 of 12 line items, 2 retries`, s.must(t, "watch", id))
	s.over(t, id)

	e := s.get(t, id)
	movedOnce(t, e.LineItems, 12)
	retried := e.LineItems[11]
	assert.Equal(t, 3, *retried.Attempts)
	assert.Contains(t, retried.LastError, "503")
	assert.Contains(t, s.must(t, "get", id), retried.TargetSubscriptionID)
	eventually(t, "the list shows it as Complete", func() bool {
		var listed []transferclient.Summary
		require.NoError(t, json.Unmarshal([]byte(s.must(t, "list", "--customer", who.customer, "-o", "json")), &listed))
		return len(listed) == 1 && listed[0].TransferID == id && listed[0].Status == transfer.Complete
	})
	mailedOnce(t, s.book(t), s.messages(t), id)
	s.verified(t)
}

// targetWithdraws: afterwards nobody can approve (T3, R-11).
func targetWithdraws(t *testing.T, s *standalone) {
	id := s.create(t, largeParties(withdrawnCustomer))
	assert.Regexp(t, `Status +Cancel`, s.must(t, "cancel", id))
	s.over(t, id)
	no(t, s.run(t, "submit", id, "--all-eligible"), 3, "(900102)")
	assert.Equal(t, transfer.Cancelled, s.get(t, id).Status)
}

// sourceDeclines: the target is told by e-mail (T7, R-15), and whoever watches sees that it did not become Complete.
func sourceDeclines(t *testing.T, s *standalone) {
	who := largeParties(declinedCustomer)
	id := s.create(t, who)
	no(t, s.run(t, "decline", id, "--as", who.target), 3, "(900150)")
	assert.Regexp(t, `Status +Reject`, s.must(t, "decline", id, "--reason", "The customer stays."))
	watched := s.run(t, "watch", id)
	assert.Equal(t, 3, watched.status)
	assert.Contains(t, watched.out, "Reject")
	s.over(t, id)
	told, err := s.book(t).Notifications(t.Context(), transferstore.Subject(id))
	require.NoError(t, err)
	assert.True(t, told[len(told)-1].Audience == string(transfer.ToTarget) && !told[len(told)-1].SentAt.IsZero())
}

// approvalBySignal is what any Temporal client can do, or somebody in the Web UI. What is refused leaves the request
// Pending, is shown to whoever asks the run, and is audited once however often it comes.
func approvalBySignal(t *testing.T, s *standalone) {
	who, workflow := largeParties(signalCustomer), s.temporal(t)
	id := s.create(t, who)
	signal := func(requestID, partner string) {
		payload := map[string]any{"requestId": requestID, "actor": map[string]any{"partnerTenantId": partner}, "allEligible": true}
		require.NoError(t, workflow.SignalWorkflow(t.Context(), "transfer/"+id, "", "source-approval", payload))
	}
	signal("by-the-target", who.target)
	signal("by-the-target", who.target)
	overTemporal := starter{address: s.address}
	eventually(t, "the refusal is shown, once for one request id", func() bool {
		return strings.Count(overTemporal.must(t, "get", id), "(900150)") == 1
	})
	assert.Equal(t, transfer.Pending, s.get(t, id).Status)

	signal("by-the-source", who.source)
	assert.Regexp(t, `Complete: 3 of 3 line items`, s.must(t, "watch", id))
	records, err := s.book(t).AuditOf(t.Context(), id)
	require.NoError(t, err)
	var refused []activitylogstore.AuditEntry
	for _, r := range records {
		if r.Status == "failed" {
			refused = append(refused, r)
		}
	}
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0].NewValue, `"requestId":"by-the-target"`)
	assert.Equal(t, who.target, refused[0].PartnerTenantID)
}

// stuckItemGivenUp: an operator ends the one line item that never succeeds; its subscription stays with the source.
func stuckItemGivenUp(t *testing.T, s *standalone) {
	who := largeParties(stuckCustomer)
	id := s.create(t, who)
	s.must(t, "submit", id, "--all-eligible")
	eventually(t, "two are moved and one is retried", func() bool {
		items := s.get(t, id).LineItems
		return moved(t, s.book(t), id) == 2 && len(items) == 3 && *items[1].Attempts > 1
	})
	no(t, s.run(t, "give-up", id, "--item", "7", "--reason", "Nobody knows it."), 3, "(20003)")
	assert.Regexp(t, `Failed +line items 1`, s.must(t, "give-up", id, "--item", "1", "--reason", "The offer was withdrawn."))
	assert.Contains(t, s.run(t, "watch", id).out, "PartiallyComplete: 2 of 3 line items, 1 failed")
	assert.Contains(t, s.get(t, id).LineItems[1].TransferError, "The offer was withdrawn.")
	assert.Equal(t, 1, activeAt(t, s.book(t), who.customer, who.source))
}

// tooManyLineItems: refused by size, before Temporal has to carry them, however many they are. The request still waits.
func tooManyLineItems(t *testing.T, s *standalone) {
	id := s.create(t, largeParties(manyCustomer))
	no(t, s.run(t, "submit", id, "--items-file", listOf(t, 10_001)), 3, "too large for Temporal")
	no(t, s.run(t, "submit", id, "--items-file", listOf(t, 30_000)), 3, "too large for Temporal")
	no(t, s.run(t, "submit", id, "--items-file", listOf(t, 80_000)), 3, "too large for Temporal")
	assert.Equal(t, transfer.Pending, s.get(t, id).Status)
	s.must(t, "submit", id, "--all-eligible")
	assert.Regexp(t, `Complete: 3 of 3 line items`, s.must(t, "watch", id))
}

// listOf is a file that names that many subscriptions.
func listOf(t *testing.T, count int) string {
	t.Helper()
	var list strings.Builder
	for n := range count {
		fmt.Fprintf(&list, "%08x-2222-4000-8000-000000000000:%s\n", n, subscription.OnlineServicesNCE)
	}
	return file(t, "items.txt", list.String())
}

// answerIsNo: every refusal prints the wire code that the REST contract has for it.
func answerIsNo(t *testing.T, s *standalone) {
	who := largeParties(refusedCustomer)
	id := s.create(t, who)
	licence := fmt.Sprintf("%08x-1111-4000-8000-000000000000", refusedCustomer)
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no relationship with the target (R-50)":    {request(sampleParties(2, 3, 2)), 3, "(20002)"},
		"a restricted target (R-46)":                {request(sampleParties(6, 2, 4)), 3, "(900149)"},
		"a source that is the target (R-42)":        {request(parties{who.customer, who.target, who.target}), 3, "(900148)"},
		"somebody who is not the target (R-54)":     {request(who, "--as", who.source), 3, "(800002)"},
		"a line item twice (R-79)":                  {[]string{"submit", id, "--item", licence, "--item", strings.ToUpper(licence)}, 3, "listed twice. (800002)"},
		"a subscription nobody has (R-70)":          {[]string{"submit", id, "--item", uuid.NewString()}, 3, "(20003)"},
		"the target approves for itself (R-12)":     {[]string{"submit", id, "--all-eligible", "--as", who.target}, 3, "(900150)"},
		"a stranger approves (R-110)":               {[]string{"submit", id, "--all-eligible", "--as", uuid.NewString()}, 4, "(900100)"},
		"giving up what was never submitted":        {[]string{"give-up", id, "--item", "0", "--reason", "No."}, 3, "(900102)"},
		"getting what is not there (R-110)":         {[]string{"get", uuid.NewString()}, 4, "(900100)"},
		"watching what is not there (R-110)":        {[]string{"watch", uuid.NewString()}, 4, "(900100)"},
		"submitting what is not there (R-110)":      {[]string{"submit", uuid.NewString(), "--all-eligible"}, 4, "(900100)"},
		"cancelling what is not there, as JSON":     {[]string{"cancel", uuid.NewString(), "-o", "json"}, 4, `"code":"900100"`},
		"an unknown product type to ask for (R-60)": {request(who, "--product-type", "Cheese"), 3, "(900126)"},
	} {
		t.Run(name, func(t *testing.T) { no(t, s.run(t, c.args...), c.status, c.says) })
	}
	assert.Equal(t, transfer.Pending, s.get(t, id).Status)
}

// unusableCommandLine: nothing is sent, and the line says what to write instead.
func unusableCommandLine(t *testing.T, s *standalone) {
	id := s.create(t, largeParties(unusedCustomer))
	badList := file(t, "items.txt", "# subscriptions\n\nnot-an-id\n")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no command that there is":   {[]string{"sumbit", id}, "submit"},
		"no id":                      {[]string{"get"}, "one transfer id"},
		"a malformed id":             {[]string{"get", "8c2e4d10"}, "GUID"},
		"a malformed customer":       {request(parties{"nobody", world.LargeSource, world.LargeTarget}), "--customer"},
		"flags missing":              {[]string{"create"}, "customer"},
		"no line items":              {[]string{"submit", id}, "--all-eligible"},
		"an empty list":              {[]string{"submit", id, "--items-file", file(t, "empty.txt", "\n# nothing\n")}, "--all-eligible"},
		"a list with a mistake":      {[]string{"submit", id, "--items-file", badList}, "line 3"},
		"a list that is not there":   {[]string{"submit", id, "--items-file", badList + ".gone"}, "--items-file"},
		"a list and everything":      {[]string{"submit", id, "--all-eligible", "--items-file", badList}, "items-file"},
		"an output there is not":     {[]string{"get", id, "-o", "xml"}, "json"},
		"a state there is not":       {[]string{"list", "--status", "Done"}, "Complete"},
		"an actor that is no id":     {[]string{"submit", id, "--all-eligible", "--as", "me"}, "--as"},
		"a ledger there is not":      {[]string{"verify", "--ledger", "oracle://x"}, "sqlite:///absolute/path.db"},
		"a world file with mistakes": {[]string{"seed", file(t, "w.yaml", "partners: 3\n")}, "w.yaml:1:"},
	} {
		t.Run(name, func(t *testing.T) { no(t, s.run(t, c.args...), 2, c.says) })
	}
	assert.Equal(t, transfer.Pending, s.get(t, id).Status)
}

// no shows that a command ended with the exit status and said why on standard error, and nothing on standard output.
func no(t *testing.T, a answer, status int, says string) {
	t.Helper()
	assert.Equal(t, status, a.status, a.err)
	assert.Contains(t, a.err, says)
	assert.Empty(t, a.out)
	assert.NotContains(t, a.err, "goroutine")
}
