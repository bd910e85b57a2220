package transfer_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// docs/states.md is printed from the answers of the state machine itself, so it cannot say anything else than the code
// does. After a change of the machine: go test ./internal/transfer -run TestStatesDocument -update

var update = flag.Bool("update", false, "write docs/states.md")

const statesDocument = "../../docs/states.md"

func TestStatesDocument(t *testing.T) {
	want := statesMarkdown()
	if *update {
		require.NoError(t, os.WriteFile(statesDocument, []byte(want), 0o644))
	}
	have, err := os.ReadFile(statesDocument)
	require.NoError(t, err)
	assert.Equal(t, want, string(have), "docs/states.md is stale; run this test with -update")
}

func statesMarkdown() string {
	return "# The states of a transfer\n\n" +
		"Generated from the state machine in `internal/transfer/machine.go` by `TestStatesDocument`; do not edit.\n\n" +
		"```mermaid\n" + diagram() + "```\n\n" +
		"## What each command does\n\n" +
		"Given by the role named at the top. A bold cell is the state that follows. Any other word is the cause of a refusal,\n" +
		"which changes nothing.\n\n" + outcomes() +
		"\n## Who may give it\n\n" +
		"What every command gets from every role. `above` stands for the column of the table above; everything else\n" +
		"is refused in all situations, with that cause.\n\n" + givers() +
		"\n## The refusals at the API\n\n" + answers()
}

// diagram is the Mermaid state diagram of every change that the machine allows.
func diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	arrow := func(from, to, label string) { fmt.Fprintf(&b, "    %s --> %s%s\n", from, to, label) }
	for _, c := range everyCell() {
		_, after, _, err := ask(c)
		if err != nil {
			continue
		}
		from, when := "[*]", ""
		if c.in.status != transfer.None {
			from = string(c.in.status)
		}
		if _, circumstance, ok := strings.Cut(c.in.name, ", "); ok {
			when = ", " + circumstance
		}
		arrow(from, string(after.Status), fmt.Sprintf(" : %s by the %s%s", c.command, c.role, when))
	}
	for _, status := range transfer.Statuses() {
		if status.Final() {
			arrow(string(status), "[*]", "")
		}
	}
	return b.String()
}

// outcomes has a row for each situation and a column for each command, given by the role it belongs to. Neighbours with
// the same answers share a row.
func outcomes() string {
	var b strings.Builder
	b.WriteString("| |")
	for _, o := range orders {
		fmt.Fprintf(&b, " %s (%s) |", o.name, giverOf(o.name))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(orders)) + "\n")
	for i := 0; i < len(situations); {
		same := []string{situations[i].name}
		row := outcomeRow(situations[i])
		for i++; i < len(situations) && outcomeRow(situations[i]) == row; i++ {
			same = append(same, situations[i].name)
		}
		fmt.Fprintf(&b, "| %s |%s\n", strings.Join(same, "; "), row)
	}
	return b.String()
}

func outcomeRow(in situation) string {
	var b strings.Builder
	for _, o := range orders {
		fmt.Fprintf(&b, " %s |", answer(cell{in, o.name, giverOf(o.name)}))
	}
	return b.String()
}

func answer(c cell) string {
	_, after, _, err := ask(c)
	if err == nil {
		return "**" + string(after.Status) + "**"
	}
	return string(causeOf(err))
}

func causeOf(err error) kernel.Cause {
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return refusal.Cause
	}
	return ""
}

// givers has a row for each role and a column for each command.
func givers() string {
	var b strings.Builder
	b.WriteString("| |")
	for _, o := range orders {
		b.WriteString(" " + o.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(orders)) + "\n")
	for _, role := range roles {
		b.WriteString("| " + string(role) + " |")
		for _, o := range orders {
			b.WriteString(" " + inAllSituations(o, role) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// inAllSituations is every answer that the role gets to the command, or "above" for the role it belongs to.
func inAllSituations(o order, role kernel.Role) string {
	if role == giverOf(o.name) {
		return "above"
	}
	var all []string
	for _, in := range situations {
		if a := answer(cell{in, o.name, role}); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return strings.Join(all, " or ")
}

// answers lists every cause that occurs in the tables with its code and HTTP status.
func answers() string {
	seen := map[kernel.Cause]bool{}
	var rows []string
	for _, c := range everyCell() {
		_, _, _, err := ask(c)
		if cause := causeOf(err); err != nil && !seen[cause] {
			seen[cause] = true
			r := kernel.Refuse(cause, "")
			rows = append(rows, fmt.Sprintf("| %s | %d | `%s` |\n", cause, r.HTTPStatus(), r.Code))
		}
	}
	slices.Sort(rows)
	return "| Cause | HTTP | Code |\n|---|---|---|\n" + strings.Join(rows, "")
}
