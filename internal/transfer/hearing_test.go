package transfer_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// The table of who hears what is that of domain section 6.1, with what add: E for e-mail, A for a record in the
// activity log, W for a webhook, O for a record of one's own attempt.
func TestRulesOfHearing(t *testing.T) {
	want := map[transfer.Event]string{
		transfer.EventCreated:    "EAW|AW|E",
		transfer.EventReminder:   "E||",
		transfer.EventSubmitted:  "AW|AW|",
		transfer.EventCancelled:  "AW|AW|",
		transfer.EventDeclined:   "AW|EAW|",
		transfer.EventExpired:    "AW|AW|",
		transfer.EventCompleted:  "EAW|EAW|E",
		transfer.EventPartly:     "EAW|EAW|E",
		transfer.EventFailed:     "AW|AW|",
		transfer.EventGivenUp:    "A|A|",
		transfer.EventResolved:   "A|A|",
		transfer.EventHeld:       "A|A|",
		transfer.EventResumed:    "A|A|",
		transfer.EventMailResent: "A|A|",
		transfer.EventForgotten:  "A|A|",
		transfer.EventRefused:    "O|O|",
	}
	have := map[transfer.Event]string{}
	for _, h := range transfer.Hearings() {
		assert.NotContains(t, have, h.Of, "one row for each event")
		var cells []string
		for _, a := range transfer.Audiences() {
			cells = append(cells, letters(h.By(a)))
		}
		have[h.Of] = strings.Join(cells, "|")
		assert.Equal(t, h, transfer.HearingOf(h.Of))
		assert.Equal(t, strings.ContainsAny(have[h.Of], "AO"), h.Operation != "", "%s: what is logged has an operation", h.Of)
		assert.Equal(t, strings.Contains(have[h.Of], "W"), h.Webhook != "", "%s: what subscribers are told has a name", h.Of)
	}
	assert.Equal(t, want, have)
	assert.Empty(t, transfer.HearingOf("anything else"))
	assert.Empty(t, transfer.HearingOf(transfer.EventCreated).By("anybody else"))
}

// what subscribers are told is called as production calls it.
func TestNamesOfWebhookEvents(t *testing.T) {
	names := map[transfer.Event]string{}
	for _, h := range transfer.Hearings() {
		if h.Webhook != "" {
			names[h.Of] = string(h.Webhook)
		}
	}
	assert.Equal(t, map[transfer.Event]string{
		transfer.EventCreated: "create-transfer", transfer.EventSubmitted: "update-transfer", transfer.EventCancelled: "update-transfer",
		transfer.EventDeclined: "update-transfer", transfer.EventExpired: "update-transfer", transfer.EventCompleted: "complete-transfer",
		transfer.EventPartly: "fail-transfer", transfer.EventFailed: "fail-transfer",
	}, names)
}

// each reminder is an event of its own, to the source alone and in no log.
func TestRemindersAreTold(t *testing.T) {
	assert.Equal(t, transfer.Effects{Event: "reminder-2", Mail: []transfer.Audience{transfer.ToSource}}, transfer.Reminder(2))
}

const hearingDocument = "../../docs/notifications.md"

// The table in docs/notifications.md is printed from the table in the code. After a change: go test ./internal/transfer -run
// TestHearingDocument -update
func TestHearingDocument(t *testing.T) {
	const begin, end = "<!-- the table: printed by TestHearingDocument -->\n", "<!-- its end -->\n"
	have, err := os.ReadFile(hearingDocument)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(have), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + hearingMarkdown() + end + after
	if *update {
		require.NoError(t, os.WriteFile(hearingDocument, []byte(want), 0o644))
		have = []byte(want)
	}
	assert.Equal(t, want, string(have), "docs/notifications.md is stale; run this test with -update")
}

func hearingMarkdown() string {
	said := map[transfer.Event]string{
		transfer.EventCreated: "the target asked for it", transfer.EventReminder: "7 days and 1 day before it expires, while it waits",
		transfer.EventSubmitted: "the source approved", transfer.EventCancelled: "the target withdrew it", transfer.EventDeclined: "the source declined",
		transfer.EventExpired: "nobody answered", transfer.EventCompleted: "it is `Complete`", transfer.EventPartly: "it is `PartiallyComplete`",
		transfer.EventFailed: "it is `Failed`", transfer.EventGivenUp: "an operator gave a line item up",
		transfer.EventResolved: "it became known what became of a held line item", transfer.EventHeld: "a line item moved that had ended otherwise",
		transfer.EventResumed: "an operator had its run look again", transfer.EventMailResent: "an operator had e-mails sent again that could not be delivered",
		transfer.EventForgotten: "an operator had forgotten what was personal about it", transfer.EventRefused: "a command was refused",
	}
	var b strings.Builder
	b.WriteString("| Event | When | Source | Target | Customer | In the log | Webhook | Rules |\n|---|---|---|---|---|---|---|---|\n")
	for _, h := range transfer.Hearings() {
		fmt.Fprintf(&b, "| %s | %s |", h.Of, said[h.Of])
		for _, a := range transfer.Audiences() {
			b.WriteString(cellOf(letters(h.By(a))))
		}
		b.WriteString(cellOf(code(string(h.Operation))) + cellOf(code(string(h.Webhook))) + cellOf(h.Rules) + "\n")
	}
	return b.String()
}

func cellOf(text string) string {
	if text == "" {
		return " |"
	}
	return " " + text + " |"
}

// letters are the channels, one letter for each.
func letters(channels []transfer.Channel) string {
	letter := map[transfer.Channel]string{transfer.ByMail: "E", transfer.InLog: "A", transfer.ByWebhook: "W", transfer.InOwnLog: "O"}
	var all strings.Builder
	for _, channel := range channels {
		all.WriteString(letter[channel])
	}
	return all.String()
}

func code(name string) string {
	if name == "" {
		return ""
	}
	return "`" + name + "`"
}
