package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	argument   = regexp.MustCompile(`"([^"]*)"|(\S+)`)
)

// road are the commands of docs/administration.md, each as its arguments.
func road(t *testing.T) (commands [][]string) {
	t.Helper()
	manual, err := os.ReadFile("../docs/administration.md")
	require.NoError(t, err)
	for _, block := range shellBlock.FindAllStringSubmatch(string(manual), -1) {
		for line := range strings.Lines(block[1]) {
			var args []string
			for _, m := range argument.FindAllStringSubmatch(line, -1) {
				args = append(args, m[1]+m[2])
			}
			if args[0] == "starter" {
				commands = append(commands, args[1:])
			}
		}
	}
	require.Greater(t, len(commands), 10)
	return commands
}

// anew runs a command under a request id of its own, unless it names one, and forgets what was said before.
func (s *stage) anew(t *testing.T, args ...string) int {
	t.Helper()
	s.stdout.Reset()
	s.stderr.Reset()
	if args[0] == "admin" && !slices.Contains([]string{"get", "list"}, args[2]) && !slices.Contains(args, "--request-id") {
		args = append(args[:len(args):len(args)], "--request-id", uuid.NewString())
	}
	return s.run(t, args...)
}

// squeezed is standard output with single blanks.
func (s *stage) squeezed() string { return strings.Join(strings.Fields(s.stdout.String()), " ") }

// realLedger is a stage whose ledger is a file that migrate makes.
func realLedger(t *testing.T) *stage {
	t.Helper()
	s := &stage{real: true, at: "sqlite://" + filepath.Join(t.TempDir(), "ledger.db")}
	require.Equal(t, statusDone, s.anew(t, "migrate", "--ledger", s.at), s.stderr.String())
	return s
}

// The road of docs/administration.md, up to what goes over Temporal: then the ledger opens and approves the transfer. Every command
// that changes something may be given twice.
func TestTheRoadFromAnEmptyLedger(t *testing.T) {
	s := realLedger(t)
	for _, args := range road(t) {
		if args[0] == "create" || args[0] == "submit" || args[0] == "watch" || args[0] == "migrate" {
			continue
		}
		require.Equal(t, statusDone, s.anew(t, args...), "%v: %s", args, s.stderr.String())
		if args[0] == "admin" && args[2] == "put" {
			require.Equal(t, statusDone, s.anew(t, args...), s.stderr.String())
			require.Contains(t, s.stderr.String(), "says so already")
		}
	}
	opened, err := ledger.Open(t.Context(), s.at, ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, opened.Close()) })
	made, err := opened.OpenTransfer(t.Context(), transfer.Request{
		RequestID: "road", Actor: kernel.Actor{PartnerTenantID: "aaaaaaaa-2222-4000-8000-000000000002", UserID: "eeeeeeee-2222-4000-8000-000000000201"},
		CustomerTenantID: "cccccccc-2222-4000-8000-000000000001", CustomerEmail: "it@contoso.example", CustomerName: "Contoso Bakery",
		SourcePartnerTenantID: "aaaaaaaa-2222-4000-8000-000000000001", SourcePartnerName: "Northwind Cloud", TransferType: 3,
	}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	submitted, err := opened.Submit(t.Context(), made.Transfer.ID, transfer.Approval{
		RequestID: "s", Actor: kernel.Actor{PartnerTenantID: "aaaaaaaa-2222-4000-8000-000000000001"}, Selection: transfer.Selection{AllEligible: true},
	}, command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	require.Equal(t, transfer.InProgress, submitted.Transfer.Status)
}

// What a command says may be partial: the fields that are not given stay.
func TestPutChangesWhatIsGiven(t *testing.T) {
	s := realLedger(t)
	for _, args := range road(t)[1:8] {
		require.Equal(t, statusDone, s.anew(t, args...), "%v: %s", args, s.stderr.String())
	}
	const partner, sub = "aaaaaaaa-2222-4000-8000-000000000001", "55555555-2222-4000-8000-000000000001"
	require.Equal(t, statusDone, s.anew(t, "admin", "partner", "put", partner, "--program", "direct-bill=restricted", "--request-id", "r"), s.stderr.String())
	require.Contains(t, s.squeezed(), "partners 0 1 0 0")
	require.Equal(t, statusDone, s.anew(t, "admin", "partner", "put", partner, "--program", "direct-bill=restricted", "--request-id", "r"), s.stderr.String())
	require.Contains(t, s.squeezed(), "partners 0 1 0 0", "the same answer")
	require.Equal(t, statusDone, s.anew(t, "admin", "partner", "get", partner))
	for _, says := range []string{"Northwind Cloud", "direct-bill, restricted, agreement accepted", "ana@northwind.example", "sam@northwind.example", "SalesAgent"} {
		require.Contains(t, s.stdout.String(), says)
	}
	require.Equal(t, statusDone, s.anew(t, "admin", "subscription", "put", sub, "--quantity", "30"), s.stderr.String())
	require.Equal(t, statusDone, s.anew(t, "admin", "subscription", "get", sub, "-o", "json"))
	require.Contains(t, s.stdout.String(), `"Quantity": 30`)
	require.Contains(t, s.stdout.String(), `"UnitPriceMinor": 2200`)
	require.Equal(t, statusDone, s.anew(t, "admin", "subscription", "put", sub, "--status", "suspended"), s.stderr.String())
	require.Equal(t, statusDone, s.anew(t, "admin", "user", "remove", partner, "eeeeeeee-2222-4000-8000-000000000102"), s.stderr.String())
}

// Refusals and command lines that cannot be used have their exit statuses; nothing is written.
func TestAdminSaysNo(t *testing.T) {
	s := realLedger(t)
	for _, args := range road(t)[1:8] {
		require.Equal(t, statusDone, s.anew(t, args...), "%v: %s", args, s.stderr.String())
	}
	const partner, other, sub = "aaaaaaaa-2222-4000-8000-000000000001", "aaaaaaaa-2222-4000-8000-000000000002", "55555555-2222-4000-8000-000000000001"
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"another owner":        {[]string{"subscription", "put", sub, "--partner", other}, statusRefused, "a transfer alone"},
		"the last admin agent": {[]string{"user", "remove", other, "eeeeeeee-2222-4000-8000-000000000201"}, statusRefused, "needs an admin agent"},
		"a partner of nobody":  {[]string{"user", "put", sub, sub, "--email", "a@b.example", "--role", "AdminAgent"}, statusRefused, "not known here"},
		"no role at all":       {[]string{"user", "put", partner, sub, "--email", "a@b.example"}, statusRefused, "needs a role"},
		"an unheard-of role":   {[]string{"user", "put", partner, sub, "--email", "a@b.example", "--role", "Owner"}, statusUsage, "--role: must be one of"},
		"an incomplete one":    {[]string{"customer", "put", sub, "--name", "x"}, statusRefused, "domain must be"},
		"a price of words":     {[]string{"subscription", "put", sub, "--unit-price", "free"}, statusUsage, "--unit-price: must be"},
		"a day of words":       {[]string{"agreement", "put", "--partner", partner, "--customer", sub, "--date-agreed", "today"}, statusUsage, "--date-agreed: must be"},
		"nobody's customer":    {[]string{"relationship", "put", "--partner", partner, "--customer", sub}, statusRefused, "There is no customer"},
		"half a pair":          {[]string{"relationship", "put", "--partner", partner}, statusUsage, "customer"},
		"no such file":         {[]string{"apply", "nowhere.yaml"}, statusUsage, "cannot be read"},
	} {
		require.Equal(t, c.status, s.anew(t, append([]string{"admin"}, c.args...)...), "%s: %s", name, s.stderr.String())
		require.Contains(t, s.stderr.String(), c.says, name)
	}
}

// A world file goes onto a ledger in use: rehearsed, then done, then the same. It may name what only the ledger has.
func TestApplyAWorldFile(t *testing.T) {
	s := realLedger(t)
	for _, args := range road(t)[1:8] {
		require.Equal(t, statusDone, s.anew(t, args...), "%v: %s", args, s.stderr.String())
	}
	file := filepath.Join(t.TempDir(), "more.yaml")
	write := func(content string) {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	write("relationships:\n  - { partner: aaaaaaaa-2222-4000-8000-000000000001, customer: cccccccc-2222-4000-8000-000000000001 }\n")
	for _, c := range []struct{ args, row, says string }{
		{"--dry-run", "relationships 1 0 0 0", "Nothing was written."},
		{"--timeout=30s", "relationships 1 0 0 0", ""},
		{"--timeout=30s", "relationships 0 0 0 1", "says so already"},
	} {
		require.Equal(t, statusDone, s.anew(t, "admin", "apply", file, c.args), s.stderr.String())
		require.Contains(t, s.squeezed(), c.row)
		require.Contains(t, s.stderr.String(), c.says)
	}
	write("relationships:\n  - { partner: aaaaaaaa-2222-4000-8000-000000000007, customer: cccccccc-2222-4000-8000-000000000001 }\n" +
		"  - { partner: aaaaaaaa-2222-4000-8000-000000000001, customer: cccccccc-2222-4000-8000-000000000007 }\n")
	require.Equal(t, statusRefused, s.anew(t, "admin", "apply", file))
	for _, says := range []string{"2 things are in the way", "relationships[0]: There is no partner", "relationships[1]: There is no customer", "in this file or the ledger"} {
		require.Contains(t, s.stderr.String(), says)
	}
}
