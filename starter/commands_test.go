package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

func createArgs(more ...string) []string {
	return append([]string{"create", "--customer", customer, "--email", "it@contoso.example", "--source", source,
		"--source-name", "Northwind Cloud", "--target", target}, more...)
}

// instead are the arguments with another value for the flag.
func instead(args []string, flag, value string) []string {
	args = slices.Clone(args)
	args[slices.Index(args, flag)+1] = value
	return args
}

func TestCreateAsksAsTheTarget(t *testing.T) {
	t.Parallel()
	s := stage{service: fakeTransfers{answer: transfer.Answer{Status: transfer.Pending, ExpirationTime: "2031-04-02T00:00:00Z"}}}
	require.Equal(t, 0, s.run(t, createArgs("--customer-name", "Contoso Bakery", "--product-type", "OnlineServicesNCE",
		"--product-type", "AzureSubscription", "--partner-on-record", "4711001")...), s.stderr.String())
	assert.Equal(t, transfer.Request{
		RequestID: freshID, Actor: kernel.Actor{PartnerTenantID: target}, CustomerTenantID: customer,
		CustomerEmail: "it@contoso.example", CustomerName: "Contoso Bakery", SourcePartnerTenantID: source,
		SourcePartnerName: "Northwind Cloud", TargetPartnerTenantID: target, PartnerOnRecord: "4711001", TransferType: 3,
		TargetProductTypes: []subscription.ProductType{subscription.OnlineServicesNCE, subscription.AzureSubscription},
	}, s.service.request)
	s.golden(t, "create")
	assert.Empty(t, s.stderr.String())
	assert.True(t, s.service.closed, "the connection is given back")
	assert.True(t, s.service.bounded, "--timeout bounds the call")
}

func TestCreateKeepsTheRequestIDAndTheActorItIsGiven(t *testing.T) {
	t.Parallel()
	var s stage
	require.Equal(t, 0, s.run(t, createArgs("--request-id", "mine", "--as", strings.ToUpper(target)+"/"+user,
		"--address", "temporal:7233", "--namespace", "prod", "-o", "json")...), s.stderr.String())
	assert.Equal(t, "mine", s.service.request.RequestID)
	assert.Equal(t, kernel.Actor{PartnerTenantID: target, UserID: user}, s.service.request.Actor)
	assert.Equal(t, "temporal:7233", s.address)
	assert.Equal(t, "prod", s.namespace)
	var answer map[string]any
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &answer))
	assert.Equal(t, "mine", answer["requestId"])
	opened := s.service.request
	assert.Equal(t, transfer.NewID(opened), answer["transferId"])
	assert.Contains(t, answer, "status")
}

func TestSubmitNamesWhatMoves(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "items.txt")
	require.NoError(t, os.WriteFile(file, []byte("# seats\n\n  "+subTwo+":AzureSubscription \n"), 0o600))
	one := transfer.Pick{SubscriptionID: subOne, ProductType: subscription.OnlineServicesNCE}
	two := transfer.Pick{SubscriptionID: subTwo, ProductType: subscription.AzureSubscription}
	cases := map[string]struct {
		args  []string
		stdin string
		want  transfer.Approval
	}{
		"listed":        {args: []string{"--item", strings.ToUpper(subOne) + ":OnlineServicesNCE", "--item", subTwo + ":AzureSubscription"}, want: transfer.Approval{Selection: transfer.Selection{LineItems: []transfer.Pick{one, two}}}},
		"without type":  {args: []string{"--item", subOne}, want: transfer.Approval{Selection: transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: subOne}}}}},
		"a file":        {args: []string{"--items-file", file}, want: transfer.Approval{Selection: transfer.Selection{LineItems: []transfer.Pick{two}}}},
		"standard in":   {args: []string{"--items-file", "-"}, stdin: subOne + ":OnlineServicesNCE\r\n", want: transfer.Approval{Selection: transfer.Selection{LineItems: []transfer.Pick{one}}}},
		"list and file": {args: []string{"--item", subOne + ":OnlineServicesNCE", "--items-file", file}, want: transfer.Approval{Selection: transfer.Selection{LineItems: []transfer.Pick{one, two}}}},
		"everything":    {args: []string{"--all-eligible"}, want: transfer.Approval{Selection: transfer.Selection{AllEligible: true}}},
		"everything of a type": {args: []string{"--all-eligible", "--product-type", "OnlineServicesNCE"},
			want: transfer.Approval{Selection: transfer.Selection{AllEligible: true, ProductTypes: []subscription.ProductType{subscription.OnlineServicesNCE}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage{stdin: c.stdin}
			require.Equal(t, 0, s.run(t, append([]string{"submit", transferID}, c.args...)...), s.stderr.String())
			c.want.RequestID, c.want.Actor = freshID, kernel.Actor{PartnerTenantID: source}
			assert.Equal(t, c.want, s.service.approval)
			assert.Contains(t, s.stderr.String(), "Acting as the source, Northwind Cloud ("+source+")")
		})
	}
}

func TestSubmitPrintsTheReceipt(t *testing.T) {
	t.Parallel()
	s := stage{service: fakeTransfers{answer: transfer.Answer{Status: transfer.InProgress, Items: transfer.ItemCounts{InProgress: 3}}}}
	require.Equal(t, 0, s.run(t, "submit", transferID, "--all-eligible", "--as", source+"/"+user))
	assert.Equal(t, kernel.Actor{PartnerTenantID: source, UserID: user}, s.service.approval.Actor)
	assert.Empty(t, s.stderr.String(), "nobody was looked up")
	s.golden(t, "submit")
}

func TestDecisionsBelongToAParty(t *testing.T) {
	t.Parallel()
	cases := []struct {
		args []string
		verb string
		role string
		want transfer.Decision
	}{
		{[]string{"cancel", transferID}, "cancel", "Acting as the target, Fabrikam Distribution (" + target + ")",
			transfer.Decision{RequestID: freshID, Actor: kernel.Actor{PartnerTenantID: target}}},
		{[]string{"decline", transferID, "--reason", "They stay."}, "decline", "Acting as the source, Northwind Cloud (" + source + ")",
			transfer.Decision{RequestID: freshID, Actor: kernel.Actor{PartnerTenantID: source}, Reason: "They stay."}},
		{[]string{"cancel", strings.ToUpper(transferID), "--as", source, "--request-id", "r1"}, "cancel", "",
			transfer.Decision{RequestID: "r1", Actor: kernel.Actor{PartnerTenantID: source}}},
	}
	for _, c := range cases {
		s := stage{service: fakeTransfers{answer: transfer.Answer{Status: transfer.Cancelled}}}
		require.Equal(t, 0, s.run(t, c.args...), s.stderr.String())
		assert.Equal(t, c.verb, s.service.verb)
		assert.Equal(t, c.want, s.service.decision)
		assert.Contains(t, s.stderr.String(), c.role)
	}
}

func TestGetShowsTheOperatorsView(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string]operatorview.Snapshot{
		"get-pending": waitingSnapshot(), "get-moving": movingSnapshot(), "get-complete": endedSnapshot(transfer.Complete),
	} {
		s := stage{service: fakeTransfers{get: answering(snapshot)}}
		require.Equal(t, 0, s.run(t, "get", transferID), s.stderr.String())
		s.golden(t, name)
	}
}

func TestGetAsJSONIsTheEntity(t *testing.T) { // section 4.2, and how much e-mail there is
	t.Parallel()
	s := stage{service: fakeTransfers{get: answering(movingSnapshot())}}
	require.Equal(t, 0, s.run(t, "get", transferID, "-o", "json"))
	var shown transferView
	decoder := json.NewDecoder(&s.stdout)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&shown))
	assert.Equal(t, transferView{movingSnapshot().Transfer, movingSnapshot().Owed}, shown)
}

func TestList(t *testing.T) {
	t.Parallel()
	created := time.Date(2031, 3, 2, 9, 15, 4, 0, time.FixedZone("", 3600))
	two := []transferclient.Summary{
		{TransferID: transferID, Status: transfer.InProgress, CustomerTenantID: customer, SourceTenantID: source, TargetTenantID: target, Overdue: true, Created: created},
		{TransferID: freshID, Status: transfer.Complete, CustomerTenantID: customer, SourceTenantID: source, TargetTenantID: target, Created: created.Add(-time.Hour)},
	}
	s := stage{service: fakeTransfers{summary: two}}
	require.Equal(t, 0, s.run(t, "list", "--customer", customer, "--partner", source, "--status", "InProgress", "--limit", "5"))
	assert.Equal(t, transferclient.Filter{CustomerTenantID: customer, PartnerTenantID: source, Status: transfer.InProgress, Limit: 6}, s.service.filter)
	s.golden(t, "list")

	s = stage{service: fakeTransfers{summary: two}}
	require.Equal(t, 0, s.run(t, "list", "--limit", "1", "-o", "json"))
	s.golden(t, "list.json")
	assert.Contains(t, s.stderr.String(), "There are more than these 1")

	s = stage{}
	require.Equal(t, 0, s.run(t, "list", "--limit", "0"))
	assert.Equal(t, transferclient.Filter{}, s.service.filter)
	assert.Empty(t, s.stdout.String())
	assert.Equal(t, "No transfers.\n", s.stderr.String())

	s = stage{}
	require.Equal(t, 0, s.run(t, "list", "-o", "json"))
	assert.Equal(t, "[]\n", s.stdout.String(), "an empty list is a list")
}

func TestSeed(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "internal", "world", "sample.yaml")
	s := stage{}
	require.Equal(t, 0, s.run(t, "seed", file, "--ledger", "sqlite://ledger.db"), s.stderr.String())
	assert.Equal(t, "sqlite://ledger.db", s.ledgerURL)
	assert.NotEmpty(t, s.book.seeded.Subscriptions)
	assert.True(t, s.book.closed)
	assert.Regexp(t, `(?m)^Partners +\d+$`, s.stdout.String())

	s = stage{}
	require.Equal(t, 0, s.run(t, "seed", file, "-o", "json"))
	var counts map[string]int
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &counts))
	assert.Equal(t, len(s.book.seeded.Subscriptions), counts["subscriptions"])

	s = stage{book: fakeRecords{err: ledger.ErrNotEmpty}}
	assert.Equal(t, 1, s.run(t, "seed", file))
	assert.Contains(t, s.stderr.String(), "only an empty ledger can be seeded")

	s = stage{}
	assert.Equal(t, 2, s.run(t, "seed", "no-such-file.yaml"))
	assert.Empty(t, s.ledgerURL)
	assert.Contains(t, s.stderr.String(), "no-such-file.yaml")
}

func TestHelpVersionAndCompletion(t *testing.T) {
	t.Parallel()
	var s stage
	require.Equal(t, 0, s.run(t, "--version"))
	assert.Contains(t, s.stdout.String(), "starter version ")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		s = stage{}
		require.Equal(t, 0, s.run(t, "completion", shell))
		assert.Contains(t, s.stdout.String(), "starter", shell)
	}
	s = stage{}
	require.Equal(t, 0, s.run(t, "__complete", "list", "--status", ""))
	assert.Contains(t, s.stdout.String(), "PartiallyComplete")
}

func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	for _, cmd := range (&cli{}).root().Commands() {
		var s stage
		require.Equal(t, 0, s.run(t, cmd.Name(), "--help"))
		assert.Contains(t, s.stdout.String(), "Examples:", cmd.Name())
		assert.Contains(t, s.stdout.String(), "--output", cmd.Name())
	}
}
