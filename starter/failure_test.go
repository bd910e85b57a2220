package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

func answering(s operatorview.Snapshot) func(context.Context, string) (operatorview.Snapshot, error) {
	return func(context.Context, string) (operatorview.Snapshot, error) { return s, nil }
}

// TestBadCommandLinesAreFoundBeforeConnecting: exit status 2, and nobody was asked anything.
func TestBadCommandLinesAreFoundBeforeConnecting(t *testing.T) {
	t.Parallel()
	submit := func(more ...string) []string { return append([]string{"submit", transferID}, more...) }
	cases := map[string]struct {
		args []string
		says string
	}{
		"no such command":            {[]string{"approve"}, `unknown command "approve"`},
		"no such flag":               {[]string{"list", "--colour"}, "unknown flag: --colour"},
		"no id":                      {[]string{"get"}, "takes one transfer id"},
		"two ids":                    {[]string{"cancel", transferID, transferID}, "takes one transfer id"},
		"malformed id":               {[]string{"get", "8c2e4d10"}, "the transfer id must be a GUID"},
		"malformed id, braces":       {[]string{"watch", "{" + transferID + "}"}, "the transfer id must be a GUID"},
		"a workflow id":              {[]string{"decline", "transfer/" + transferID}, "the transfer id must be a GUID"},
		"malformed partner":          {[]string{"get", transferID, "--as", "northwind"}, "the partner of --as must be a GUID"},
		"malformed user":             {[]string{"get", transferID, "--as", source + "/ann"}, "the user of --as must be a GUID"},
		"empty user":                 {[]string{"get", transferID, "--as", source + "/"}, "the user of --as must be a GUID"},
		"malformed customer":         {instead(createArgs(), "--customer", "x"), "--customer must be a GUID"},
		"malformed source":           {instead(createArgs(), "--source", "x"), "--source must be a GUID"},
		"malformed target":           {instead(createArgs(), "--target", "x"), "--target must be a GUID"},
		"create without":             {[]string{"create", "--customer", customer}, `required flag(s) "email", "source", "source-name", "target" not set`},
		"empty request id":           {append(createArgs(), "--request-id", " "), `invalid argument " " for "--request-id" flag: it is empty`},
		"long request id":            {submit("--all-eligible", "--request-id", strings.Repeat("x", 129)), "--request-id must have 1 to 128 characters"},
		"nothing to submit":          {submit(), "name line items with --item"},
		"list and everything":        {submit("--item", subOne, "--all-eligible"), "[all-eligible item]"},
		"types of a list":            {submit("--item", subOne, "--product-type", "OnlineServicesNCE"), "--product-type narrows --all-eligible"},
		"item: nothing":              {submit("--item", ""), `invalid argument "" for "--item" flag: it is empty`},
		"item: no id":                {submit("--item", ":OnlineServicesNCE"), "--item: the subscription id must be a GUID"},
		"item: not a GUID":           {submit("--item", "sub-1:OnlineServicesNCE"), "--item: the subscription id must be a GUID"},
		"item: empty type":           {submit("--item", subOne+":"), "must be SUB or SUB:TYPE"},
		"item: two types":            {submit("--item", subOne+":OnlineServicesNCE:AzurePlan"), "must be SUB or SUB:TYPE"},
		"item: two at once":          {submit("--item", subOne+","+subTwo), "--item: the subscription id must be a GUID"},
		"no items file":              {submit("--items-file", "no-such-file"), "--items-file: open no-such-file"},
		"no item number":             {[]string{"give-up", transferID, "--reason", "r"}, `at least one of the flags in the group [item failing] is required`},
		"items and all failing":      {[]string{"give-up", transferID, "--item", "1", "--failing", "--reason", "r"}, "[failing item]"},
		"an empty list of items":     {[]string{"give-up", transferID, "--item", "", "--reason", "r"}, `invalid argument "" for "--item"`},
		"give-up without a ledger":   {[]string{"give-up", transferID, "--item", "1", "--reason", "r"}, "name the ledger's database with --ledger"},
		"resolve in two ways":        {[]string{"resolve", transferID, "--item", "1", "--not-moved", "--moved-to", subOne, "--reason", "r"}, "[moved-to not-moved]"},
		"resolve in no way":          {[]string{"resolve", transferID, "--item", "1", "--reason", "r"}, "[not-moved moved-to]"},
		"resolve in no way, said so": {[]string{"resolve", transferID, "--item", "1", "--not-moved=false", "--reason", "r"}, "--moved-to must be a GUID"},
		"resolve to no id":           {[]string{"resolve", transferID, "--item", "1", "--moved-to", "x", "--reason", "r"}, "--moved-to must be a GUID"},
		"resolve without an item":    {[]string{"resolve", transferID, "--not-moved", "--reason", "r"}, `required flag(s) "item" not set`},
		"resolve no item":            {[]string{"resolve", transferID, "--item", "-1", "--not-moved", "--reason", "r"}, "--item must be the number of a line item"},
		"resolve without a reason":   {[]string{"resolve", transferID, "--item", "1", "--not-moved"}, `required flag(s) "reason" not set`},
		"resolve at length":          {[]string{"resolve", transferID, "--item", "1", "--not-moved", "--reason", strings.Repeat("x", 1001)}, "--reason: reason must be at most 1000"},
		"resolve without a ledger":   {[]string{"resolve", transferID, "--item", "1", "--not-moved", "--reason", "r"}, "name the ledger's database with --ledger"},
		"resume without a ledger":    {[]string{"resume", transferID}, "name the ledger's database with --ledger"},
		"stuck without a ledger":     {[]string{"stuck"}, "name the ledger's database with --ledger"},
		"verify without a ledger":    {[]string{"verify"}, "name the ledger's database with --ledger"},
		"resume nothing":             {[]string{"resume"}, "takes one transfer id"},
		"resume one and all":         {[]string{"resume", transferID, "--all-open"}, "belongs to none"},
		"repair without Temporal":    {[]string{"verify", "--repair", "--ledger-only"}, "[ledger-only repair]"},
		"no reason":                  {[]string{"give-up", transferID, "--item", "0"}, `required flag(s) "reason" not set`},
		"long reason":                {[]string{"decline", transferID, "--reason", strings.Repeat("x", 1001)}, "--reason: reason must be at most 1000 printable characters"},
		"reason with an ESC":         {[]string{"decline", transferID, "--reason", "a\x1b[2Jb"}, "--reason: reason must be one line of at most 1000 printable characters, and U+001B is not printable"},
		"long reason of an operator": {[]string{"give-up", transferID, "--item", "0", "--reason", strings.Repeat("x", 1001)}, "--reason: reason must be at most 1000"},
		"long source name":           {instead(createArgs(), "--source-name", strings.Repeat("x", 257)), "sourcePartnerName must be at most 256 printable characters"},
		"item: a long line":          {submit("--item", subOne+":"+strings.Repeat("x:", 200)), "must be SUB or SUB:TYPE"},
		"item number":                {[]string{"give-up", transferID, "--item", "-1", "--reason", "r"}, "--item must be the number of a line item"},
		"list: customer":             {[]string{"list", "--customer", "x"}, "--customer must be a GUID"},
		"list: partner":              {[]string{"list", "--partner", "x' OR 'a'='a"}, "--partner must be a GUID"},
		"list: status":               {[]string{"list", "--status", "Done"}, "--status must be one of [Pending InProgress"},
		"list: limit":                {[]string{"list", "--limit", "-1"}, "--limit must be 0 or more"},
		"output":                     {[]string{"list", "-o", "yaml"}, "--output must be table or json"},
		"timeout":                    {[]string{"list", "--timeout", "0s"}, "--timeout must be positive"},
		"every":                      {[]string{"watch", transferID, "--every", "0s"}, "--every must be at least 10ms"},
		"no world file":              {[]string{"seed"}, "takes one world file, not 0 arguments"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s stage
			assert.Equal(t, 2, s.run(t, c.args...))
			assert.Contains(t, s.stderr.String(), c.says)
			assert.Contains(t, s.stderr.String(), "--help' for usage.")
			assert.Empty(t, s.stdout.String())
			assert.False(t, s.service.connected)
		})
	}
}

func TestABadLineOfAnItemsFileIsNamed(t *testing.T) {
	t.Parallel()
	s := stage{stdin: subOne + "\n# comment\nnonsense\n"}
	assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"))
	assert.Contains(t, s.stderr.String(), "--items-file: line 3: the subscription id must be a GUID")

	s = stage{stdin: strings.Repeat("x", 1<<20)}
	assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"))
	assert.Contains(t, s.stderr.String(), "a line is longer than 65536 characters")

	s = stage{stdin: "\n# nothing\n"}
	assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"))
}

// TestEveryEndHasItsExitStatus holds for each way in which the service can answer.
func TestEveryEndHasItsExitStatus(t *testing.T) {
	t.Parallel()
	refusal := kernel.Refuse(transfer.NotActive, "Subscription: %s is in state: Suspended", subOne).About(subOne)
	cases := map[string]struct {
		err    error
		status int
		want   failure
	}{
		"refused":      {refusal, 3, failure{Code: "800078", Cause: "SubscriptionNotActive", Message: refusal.Message, Data: []string{subOne}}},
		"unknown":      {kernel.Refuse(transfer.NotFound, "None."), 4, failure{Code: "900100", Cause: "TransferNotFound", Message: "None.", Data: []string{}}},
		"other 404":    {kernel.Refuse(subscription.Unknown, "No."), 3, failure{Code: "20003", Cause: "SubscriptionUnknown", Message: "No.", Data: []string{}}},
		"no partner":   {kernel.Refuse(programme.PartnerUnknown, "No."), 3, failure{Code: "60003", Cause: "PartnerUnknown", Message: "No.", Data: []string{}}},
		"silent":       {fmt.Errorf("%w: x", transferclient.ErrUnavailable), 5, failure{Cause: "Unavailable", Message: "the transfer service gave no answer: x; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"out of time":  {context.DeadlineExceeded, 5, failure{Cause: "Unavailable", Message: "context deadline exceeded; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"anything":     {errors.New("boom"), 1, failure{Cause: "Failed", Message: "boom; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"wrapped":      {fmt.Errorf("create: %w", refusal), 3, failure{Code: "800078", Cause: "SubscriptionNotActive", Message: "create: " + refusal.Message, Data: []string{subOne}}},
		"closed door":  {kernel.Refuse(kernel.DoorClosed, "By its HTTP API only."), 3, failure{Code: kernel.Refuse(kernel.DoorClosed, "").Code, Cause: "TemporalCommandsClosed", Message: "By its HTTP API only.", Data: []string{}}},
		"locked":       {fmt.Errorf("x: %w", store.ErrLocked), 5, failure{Cause: "Unavailable", Message: "x: " + store.ErrLocked.Error() + "; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"not ready":    {serviceerror.NewWorkflowNotReady("task in failed state"), 5, failure{Cause: "Unavailable", Message: "task in failed state; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"no server":    {serviceerror.NewUnavailable("away"), 5, failure{Cause: "Unavailable", Message: "away; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
		"no namespace": {serviceerror.NewNamespaceNotFound("prod"), 1, failure{Cause: "Failed", Message: "Namespace prod is not found; to repeat it safely, add --request-id " + freshID, Data: []string{}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage{service: fakeTransfers{err: c.err}}
			assert.Equal(t, c.status, s.run(t, createArgs("-o", "json")...))
			var told failure
			decoder := json.NewDecoder(&s.stderr)
			decoder.DisallowUnknownFields()
			require.NoError(t, decoder.Decode(&told))
			assert.Equal(t, c.want, told)
			assert.Empty(t, s.stdout.String())
		})
	}
}

// TestEveryCommandReportsARefusal: none swallows what the service said.
func TestEveryCommandReportsARefusal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		createArgs(), {"submit", transferID, "--all-eligible"}, {"submit", transferID, "--all-eligible", "--as", source},
		{"cancel", transferID}, {"cancel", transferID, "--as", target}, {"decline", transferID, "--as", source},
		{"get", transferID}, {"list"}, {"watch", transferID},
	} {
		s := stage{service: fakeTransfers{err: kernel.Refuse(kernel.WrongParty, "Only the source may do this.")}}
		assert.Equal(t, 3, s.run(t, args...), args)
		assert.Equal(t, "starter: Only the source may do this. (900150)\n", s.stderr.String(), args)
		assert.True(t, s.service.closed, args)
	}
}

func TestAnUnreachableServerIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{createArgs(), {"get", transferID}, {"watch", transferID}} {
		s := stage{connectErr: &unreachableError{errors.New("no Temporal server answers at localhost:7233")}}
		assert.Equal(t, 5, s.run(t, args...))
		assert.Equal(t, "starter: no Temporal server answers at localhost:7233\n", s.stderr.String())
	}
}

func TestTheLedgerMayBeUnavailableToo(t *testing.T) {
	t.Parallel()
	s := stage{openErr: fmt.Errorf("open the ledger: %w", store.ErrUnavailable)}
	for _, args := range [][]string{
		{"verify"}, {"stuck"}, {"resume", transferID}, {"get", transferID}, {"watch", transferID}, {"give-up", transferID, "--failing", "--reason", "r"},
		{"resolve", transferID, "--item", "0", "--not-moved", "--reason", "r"},
	} {
		assert.Equal(t, 5, s.run(t, append(args, "--ledger", "postgres://db/handover")...), args)
	}
	assert.False(t, s.service.connected, "the ledger that was named is not passed over")
	s = stage{openErr: &usageError{errors.New("name the ledger's database with --ledger")}}
	assert.Equal(t, 2, s.run(t, "seed", filepath.Join("..", "internal", "world", "sample.yaml")))
}

func TestAnInterruptHasItsOwnStatus(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := stage{service: fakeTransfers{err: fmt.Errorf("%w: canceled", transferclient.ErrUnavailable)}}
	assert.Equal(t, 130, s.runUntil(ctx, createArgs("-o", "json")...))
	assert.Contains(t, s.stderr.String(), `"cause":"Interrupted"`)
	assert.Contains(t, s.stderr.String(), "--request-id "+freshID)
}

func TestAJSONErrorIsJSONWhateverIsWrong(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"bogus", "-o", "json"}, {"list", "--bogus", "-o", "json"}, {"list", "--output=json", "--limit", "x"},
		{"get", "not-an-id", "-ojson"}, {"submit", transferID, "--output", "json"},
	} {
		var s stage
		assert.Equal(t, 2, s.run(t, args...))
		var told failure
		assert.NoError(t, json.Unmarshal(s.stderr.Bytes(), &told), "%v: %s", args, s.stderr.String())
		assert.NotEmpty(t, told.Message)
	}
}

func TestOtherPeoplesControlCharactersStayOut(t *testing.T) {
	t.Parallel()
	s := stage{service: fakeTransfers{err: kernel.Refuse(kernel.InvalidInput, "bad \x1b]0;title\x07\nsecond line")}}
	assert.Equal(t, 3, s.run(t, "get", transferID))
	assert.Equal(t, "starter: bad ]0;title\nsecond line (800002)\n", s.stderr.String())
}

func TestWatchFollowsToTheEnd(t *testing.T) {
	t.Parallel()
	answers := []operatorview.Snapshot{waitingSnapshot(), waitingSnapshot(), movingSnapshot(), endedSnapshot(transfer.Complete)}
	s := stage{}
	s.service.get = func(context.Context, string) (operatorview.Snapshot, error) {
		next := answers[0]
		answers = answers[1:]
		return next, nil
	}
	require.Equal(t, 0, s.run(t, "watch", transferID, "--every", "10ms"), s.stderr.String())
	s.golden(t, "watch")
}

func TestWatchAsJSONPrintsTheEntityAtTheEnd(t *testing.T) {
	t.Parallel()
	s := stage{service: fakeTransfers{get: answering(endedSnapshot(transfer.Complete))}}
	require.Equal(t, 0, s.run(t, "watch", transferID, "-o", "json"))
	var shown transfer.Entity
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &shown))
	assert.Equal(t, transfer.Complete, shown.Status)
	assert.Equal(t, "Complete: 2 of 2 line items moved\n", s.stderr.String())
}

func TestWatchFailsForEveryOtherEnd(t *testing.T) {
	t.Parallel()
	for _, status := range transfer.Statuses() {
		if !status.Final() || status == transfer.Complete {
			continue
		}
		s := stage{service: fakeTransfers{get: answering(endedSnapshot(status))}}
		assert.Equal(t, 3, s.run(t, "watch", transferID))
		assert.Equal(t, fmt.Sprintf("starter: the transfer ended as %s, not as Complete\n", status), s.stderr.String())
		assert.Contains(t, s.stdout.String(), fmt.Sprintf("transfer %s %s: nothing was moved, 3s\n", transferID, status))
	}
}

func TestWatchEndsOnInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	s := stage{}
	s.service.get = func(context.Context, string) (operatorview.Snapshot, error) {
		if looks++; looks == 3 {
			cancel()
		}
		return waitingSnapshot(), nil
	}
	assert.Equal(t, 130, s.runUntil(ctx, "watch", transferID, "--every", "10ms"))
	assert.Equal(t, "starter: interrupted\n", s.stderr.String())
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		terminal  bool
		variables map[string]string
		coloured  bool
	}{
		"a terminal":   {true, map[string]string{"TERM": "xterm"}, true},
		"a pipe":       {false, map[string]string{"TERM": "xterm"}, false},
		"NO_COLOR":     {true, map[string]string{"NO_COLOR": "1"}, false},
		"NO_COLOR=0":   {true, map[string]string{"NO_COLOR": "0"}, false},
		"a dumb one":   {true, map[string]string{"TERM": "dumb"}, false},
		"empty is not": {true, map[string]string{"NO_COLOR": ""}, true},
	}
	for name, c := range cases {
		s := stage{terminal: c.terminal, variables: c.variables, service: fakeTransfers{get: answering(movingSnapshot())}}
		require.Equal(t, 0, s.run(t, "get", transferID))
		assert.Equal(t, c.coloured, strings.Contains(s.stdout.String(), "\x1b[33mInProgress\x1b[0m"), name)
		assert.Equal(t, c.coloured, strings.Contains(s.stdout.String(), "\x1b"), name)
	}
}

func TestLasted(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 3217100*time.Microsecond, lasted(endedSnapshot(transfer.Complete).Transfer))
	assert.Equal(t, 3*time.Second, lasted(endedSnapshot(transfer.Cancelled).Transfer))
	early := entity(transfer.Cancelled)
	early.CreatedTime = "2031-03-02T09:15:04.9000000Z"
	assert.Zero(t, lasted(early), "the last change has no fractions of a second")
}
