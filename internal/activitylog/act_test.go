package activitylog_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
)

var update = flag.Bool("update", false, "write docs/activity-log.md")

// shownBy are the tests that show that what a row says is written, by what happens. Each row of the table has one, in the room that is
// named first.
var shownBy = map[string]string{
	"a transfer is asked for":             "internal/ledger TestAuditRecord",
	"it is approved":                      "internal/ledger TestTransitions",
	"it is withdrawn":                     "internal/ledger TestTransitions",
	"it is declined":                      "internal/ledger TestTransitions",
	"it expires":                          "internal/ledger TestTransitions",
	"it is complete":                      "internal/ledger TestLogOf",
	"it failed, altogether or partly":     "internal/ledger TestAuditDetailObeysVisibility",
	"line items are given up":             "internal/ledger TestAuditIDsDiffer",
	"its run is made to look again":       "internal/ledger TestResume",
	"a subscription is changed":           "internal/ledger TestChangeSubscription",
	"a subscription ends as scheduled":    "internal/ledger TestR37ScheduledCancellation",
	"a customer agreement is attested":    "internal/ledger TestAttestAgreement",
	"a customer of a sandbox is taken on": "internal/ledger TestRelationshipsOfASandbox",
	"it is said, or answered late, what became of a held line item":  "internal/ledger TestLateAnswerResolvesWhatIsHeld",
	"a line item is held that moved although it had ended otherwise": "internal/ledger TestLateAnswerThatBreaksAPromise",
	"undelivered e-mails about it are sent again":                    "internal/ledger TestUndeliveredMailIsSentAgain",
	"a decision that came through Temporal is refused":               "internal/ledger TestRefusedDecisionsAreAudited",
	"a change that a partner asked for over the API is refused":      "internal/api TestAttemptsAreLogged",
	"a partner is added or changed, its programmes included":         "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a partner gets another PartnerID":                               "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a user is added":                                                "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a user is changed":                                              "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a user leaves":                                                  "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a customer is changed":                                          "internal/ledger TestAdministrationIsLogged",
	"a relationship begins":                                          "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a relationship is changed":                                      "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a relationship ends":                                            "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a customer agreement is recorded":                               "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a partnership begins":                                           "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a partnership ends":                                             "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a subscription is added or changed by an operator":              "internal/ledger TestEveryActOfOperatorsIsLogged",
	"a webhook is registered":                                        "internal/ledger TestWhatIsDoneToWebhooksIsLogged",
	"it is changed, or switched on again":                            "internal/ledger TestWhatIsDoneToWebhooksIsLogged",
	"it is ended":                                                    "internal/ledger TestWhatIsDoneToWebhooksIsLogged",
	"it is switched off, and why":                                    "internal/ledger TestWhatIsDoneToWebhooksIsLogged",
	"events are sent again":                                          "internal/ledger TestWhatIsDoneToWebhooksIsLogged",
	"what is personal of a transfer is forgotten":                    "internal/ledger TestACustomerIsForgotten",
	"contacts of a customer agreement are forgotten":                 "internal/ledger TestACustomerIsForgotten",
	"a user who left is forgotten":                                   "internal/ledger TestWhatIsOlderIsForgotten",
	"contacts of an application to a programme are forgotten":        "internal/ledger TestWhatIsOlderIsForgotten",
}

// each row says either what is written, and in whose logs, or why nothing is; and what is written is shown.
func TestActsAreLoggedOrSayWhyNot(t *testing.T) {
	seen := map[string]bool{}
	for _, act := range activitylog.Acts() {
		assert.False(t, seen[act.What], act.What)
		seen[act.What] = true
		if act.Unlogged != "" {
			assert.Empty(t, string(act.Resource)+string(act.Operation)+act.In+shownBy[act.What], act.What)
			continue
		}
		assert.NotEmpty(t, act.In, act.What)
		assert.Equal(t, act.Resource == "", act.Operation == "", act.What)
		assert.True(t, act.Failed || act.Operation != "", act.What)
		assert.True(t, act.Itself || len(act.Routes)+len(act.Commands) > 0 || act.Failed, act.What)
		room, test, _ := strings.Cut(shownBy[act.What], " ")
		assert.True(t, declares(t, room, test), "%s: no test of %s is called %q", act.What, room, test)
	}
	for what := range shownBy {
		assert.True(t, seen[what], "%s is no row any more", what)
	}
}

// declares tells whether a test of the room has the name.
func declares(t *testing.T, room, test string) bool {
	t.Helper()
	if test == "" {
		return false
	}
	files, err := filepath.Glob(filepath.Join("../..", room, "*_test.go"))
	require.NoError(t, err)
	name := regexp.MustCompile(`(?m)^func ` + test + `\(t \*testing\.T\)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if name.Match(text) {
			return true
		}
	}
	return false
}

// an attempt at an operation of the API is called what the operation is.
func TestTriedBy(t *testing.T) {
	for route, want := range map[string]string{
		"createTransfer": "transfer create_transfer", "updateTransfer": "transfer update_transfer", "updateSubscription": "subscription update_subscription",
		"attestAgreement": "agreement create_agreement", "makeSandboxRelationship": "partner_customer_relationship create_partner_customer_relationship",
		"applyWorld": "mpn_association update_company_info", "endTies": "partner_customer_relationship remove_partner_customer_relationship",
		"redeliverWebhook": "webhook_registration redeliver_webhook_events", "testWebhook": " ", "listTransfers": " ",
	} {
		resource, operation, logged := activitylog.TriedBy(route)
		assert.Equal(t, want, string(resource)+" "+string(operation), route)
		assert.Equal(t, want != " ", logged, route)
	}
}

const logDocument = "../../docs/activity-log.md"

// The table in docs/activity-log.md is printed from the table in the code. After a change: go test ./internal/activitylog -run
// TestLogDocument -update
func TestLogDocument(t *testing.T) {
	const begin, end = "<!-- the table: printed by TestLogDocument -->\n", "<!-- its end -->\n"
	have, err := os.ReadFile(logDocument)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(have), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + actsMarkdown() + end + after
	if *update {
		require.NoError(t, os.WriteFile(logDocument, []byte(want), 0o644))
		have = []byte(want)
	}
	assert.Equal(t, want, string(have), "docs/activity-log.md is stale; run this test with -update")
}

func actsMarkdown() string {
	var b strings.Builder
	b.WriteString("| What | By | `resourceType` | `operationType` | Status | In the log of |\n|---|---|---|---|---|---|\n")
	for _, act := range activitylog.Acts() {
		if act.Unlogged == "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", act.What, by(act), coded(string(act.Resource)), coded(string(act.Operation)), status(act), act.In)
		}
	}
	b.WriteString("\nIn no log, and why:\n\n| What | By | Why |\n|---|---|---|\n")
	for _, act := range activitylog.Acts() {
		if act.Unlogged != "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", act.What, by(act), act.Unlogged)
		}
	}
	return b.String()
}

func status(act activitylog.Act) string {
	if act.Failed {
		return activitylog.Failed
	}
	return activitylog.Succeeded
}

// by is through what an act is done.
func by(act activitylog.Act) string {
	var ways []string
	for _, name := range append(append([]string{}, act.Routes...), act.Commands...) {
		ways = append(ways, "`"+name+"`")
	}
	if act.Itself {
		ways = append(ways, "the platform")
	}
	if len(ways) == 0 {
		return "every write of the API"
	}
	return strings.Join(ways, ", ")
}

func coded(name string) string {
	if name == "" {
		return "as of what was tried"
	}
	return "`" + name + "`"
}
