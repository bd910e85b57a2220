package webhook_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

var update = flag.Bool("update", false, "write the table into the documentation")

// every event that can be registered for is told on some occasion, and the table says which.
func TestEveryEventHasAnOccasion(t *testing.T) {
	t.Parallel()
	var told []webhook.EventName
	for _, o := range webhook.Occasions() {
		told = append(told, o.Event)
		assert.NotEmpty(t, o.When)
		assert.NotEmpty(t, o.Who)
	}
	assert.ElementsMatch(t, webhook.EventNames(), told)
}

// The table in docs/webhooks.md is printed from the one in the code. After a change: go test ./internal/webhook -run TestOccasionsDocument
// -update
func TestOccasionsDocument(t *testing.T) {
	t.Parallel()
	const document, begin, end = "../../docs/webhooks.md", "<!-- the table: printed by TestOccasionsDocument -->\n", "<!-- its end -->\n"
	have, err := os.ReadFile(document)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(have), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	var table strings.Builder
	table.WriteString("| Event | When | Who | Rules |\n|---|---|---|---|\n")
	for _, o := range webhook.Occasions() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", o.Event, o.When, o.Who, o.Rules)
	}
	want := before + begin + table.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o644))
		have = []byte(want)
	}
	assert.Equal(t, want, string(have), "docs/webhooks.md is stale; run this test with -update")
}
