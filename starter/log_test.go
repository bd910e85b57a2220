package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/world"
)

// a partner's log as a table, as JSON and as CSV; of another partner nothing.
func TestLog(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	id := b.pending("r")
	d := world.Demo()
	require.NoError(t, b.NoteAttempt(t.Context(), activitylog.Attempt{
		By: activitylog.By{PartnerTenantID: d.TargetTenantID, UserID: d.TargetUserID}, RequestID: "refused", Operation: activitylog.AuditUpdate,
		Resource: activitylog.TransferResource, ResourceID: id, CustomerTenantID: d.CustomerTenantID, Via: kernel.ByAPI, Cause: kernel.WrongParty, Message: "It is not yours.",
	}))
	s := b.stage()
	require.Equal(t, 0, s.run(t, "log", "--partner", strings.ToUpper(d.TargetTenantID)), s.stderr.String())
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +\S.* update_transfer +\S+ +transfer `+id+` +failed *$`, s.stdout.String())
	assert.Regexp(t, `(?m) create_transfer +transfer `+id+` +succeeded *$`, s.stdout.String())
	assert.False(t, s.service.connected)

	s = b.stage()
	require.Equal(t, 0, s.run(t, "log", "--partner", d.TargetTenantID, "--customer", d.CustomerTenantID, "--type", "Transfer", "-o", "json"), s.stderr.String())
	var v struct{ Records []recordView }
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &v))
	require.Len(t, v.Records, 2)
	assert.Equal(t, []string{id, id}, []string{v.Records[0].ResourceID, v.Records[1].ResourceID})
	assert.Contains(t, string(v.Records[0].New), "It is not yours.")

	s = b.stage()
	require.Equal(t, 0, s.run(t, "log", "--partner", d.TargetTenantID, "-o", "csv"), s.stderr.String())
	rows, err := csv.NewReader(strings.NewReader(s.stdout.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	assert.Equal(t, []string{v.Records[0].ID, v.Records[1].ID}, []string{rows[1][8], rows[2][8]})

	for _, narrowed := range [][]string{{"--until", "2020-01-01"}, {"--since", "2199-01-01"}, {"--type", "Partner_User"}, {"--customer", d.TargetTenantID}} {
		s = b.stage()
		require.Equal(t, 0, s.run(t, append([]string{"log", "--partner", d.TargetTenantID}, narrowed...)...), s.stderr.String())
		assert.Contains(t, s.stderr.String(), "Nothing is found", narrowed)
	}
	s = b.stage()
	require.Equal(t, statusRefused, s.run(t, "log", "--partner", "99999999-0000-4000-8000-000000000001"), s.stderr.String())
}

// Pages follow one another up to the limit, and who reads fewer than there are is told so.
func TestLogIsReadInPages(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	d := world.Demo()
	for n := range 5 {
		require.NoError(t, b.NoteAttempt(t.Context(), activitylog.Attempt{
			By: activitylog.By{PartnerTenantID: d.TargetTenantID}, RequestID: fmt.Sprint(n), Operation: activitylog.AuditUpdate, Resource: activitylog.TransferResource, Cause: kernel.WrongParty,
		}))
	}
	for limit, want := range map[string]int{"1": 1, "4": 4, "5": 5, "6": 5} {
		s := b.stage()
		require.Equal(t, 0, s.run(t, "log", "--partner", d.TargetTenantID, "--limit", limit, "-o", "csv"), s.stderr.String())
		assert.Equal(t, want+1, strings.Count(s.stdout.String(), "\r\n"), limit)
		s = b.stage()
		require.Equal(t, 0, s.run(t, "log", "--partner", d.TargetTenantID, "--limit", limit), s.stderr.String())
		assert.Equal(t, want < 5, strings.Contains(s.stderr.String(), "There are more than these"), limit)
	}
}

func TestLogIsMisused(t *testing.T) {
	t.Parallel()
	b := newShelf(t, 0)
	partner := world.Demo().TargetTenantID
	for _, args := range [][]string{
		{"log"}, {"log", "--partner", "x"}, {"log", "--partner", ""}, {"log", "--partner", partner, "--customer", "x"}, {"log", "--partner", partner, "--since", "05/06/2026"},
		{"log", "--partner", partner, "--since", "2026-02-02", "--until", "2026-02-01"}, {"log", "--partner", partner, "--limit", "0"},
		{"log", "--partner", partner, "--limit", "10001"}, {"log", "--partner", partner, "-o", "xml"}, {"stuck", "-o", "csv"}, {"log", "--partner", partner, "more"},
	} {
		s := b.stage()
		assert.Equal(t, statusUsage, s.run(t, args...), args)
	}

	// over the API a type that there is not finds nothing; who types it here is told which there are.
	s := b.stage()
	assert.Equal(t, statusUsage, s.run(t, "log", "--partner", partner, "--type", "bogus"))
	for _, known := range activitylog.ResourceTypes() {
		assert.Contains(t, s.stderr.String(), string(known))
	}
}

// readers are the commands that change nothing.
var readers = []string{
	"starter get", "starter list", "starter watch", "starter stuck", "starter sent", "starter log", "starter mail undelivered", "starter verify", "starter webhook show", "starter webhook deliveries", "starter webhook listen",
	"starter token", "starter replay", "starter admin partner get", "starter admin customer get", "starter admin subscription get", "starter admin subscription list", "starter help",
	"starter completion bash", "starter completion zsh", "starter completion fish", "starter completion powershell",
}

// every command that changes something has a row in the table of what stands in the log, and no row names one that there is not.
func TestEveryCommandHasARowInTheLog(t *testing.T) {
	t.Parallel()
	var rows, commands []string
	for _, act := range activitylog.Acts() {
		for _, command := range act.Commands {
			command, _, _ = strings.Cut(command, " --")
			rows = append(rows, command)
		}
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			commands = append(commands, cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	root := (&cli{}).root()
	root.InitDefaultCompletionCmd()
	walk(root)
	for _, command := range commands {
		assert.True(t, slices.Contains(rows, command) || slices.Contains(readers, command), "%s changes something and has no row", command)
	}
	for _, command := range rows {
		assert.Contains(t, commands, command)
	}
}
