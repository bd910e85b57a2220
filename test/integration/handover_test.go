package integration

// The programs as the tests use them, and what must be true of everything they leave behind.

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/platform"
	"handover/internal/telemetry"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// standalone is a running standalone, as its banner describes it.
type standalone struct {
	*process
	starter
	mail string
}

// startStandalone starts one on free ports and waits until it says that it is up.
func startStandalone(t *testing.T, dir string, args ...string) *standalone {
	t.Helper()
	p := launch(t, nil, "standalone", append([]string{"--data-dir", dir, "--temporal-port", "0", "--ui-port", "0", "--http-port", "0"}, args...)...)
	p.says(t, `Ctrl-C stops everything`)
	return &standalone{
		process: p,
		starter: starter{address: p.says(t, `(?m)^ +Temporal +(\S+)`)[1], ledger: p.says(t, `(?m)^ +Ledger +(\S+)`)[1]},
		mail:    p.says(t, `(?m)^ +E-mail +(\S+)`)[1],
	}
}

// messages is the e-mail in the folder of a standalone.
func (s *standalone) messages(t *testing.T) []notify.Caught {
	t.Helper()
	reader, err := notify.StartCatcher(s.mail, "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	all, err := reader.Messages()
	require.NoError(t, err)
	return all
}

// startPlatform runs Temporal, a ledger and a mail catcher in this process, without a worker.
func startPlatform(t *testing.T, ledgerURL string, w ledger.World) (*platform.Platform, starter) {
	t.Helper()
	p, err := platform.Start(t.Context(), platform.Options{
		NoWorker: true, LedgerURL: ledgerURL, World: func() (ledger.World, error) { return w, nil },
	})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	return p, starter{address: p.Engine.Address(), ledger: p.Settings.LedgerURL}
}

// launchWorker starts the worker against the platform. Settings are more of its environment.
func launchWorker(t *testing.T, p *platform.Platform, settings ...string) *process {
	t.Helper()
	return launch(t, append([]string{
		"TEMPORAL_ADDRESS=" + p.Engine.Address(), "HANDOVER_LEDGER_URL=" + p.Settings.LedgerURL,
		"HANDOVER_SMTP_HOST=" + p.Settings.SMTP.Host, "HANDOVER_SMTP_PORT=" + strconv.Itoa(p.Settings.SMTP.Port), "HANDOVER_SMTP_TLS=none",
		"HANDOVER_WORKER_ACTIVITIES=20", "HANDOVER_LOG_LEVEL=warn", "HANDOVER_WEBHOOKS_PUBLIC_URL=https://handover.example",
	}, settings...), "worker")
}

// starter is the command line of somebody who works with one Temporal and one ledger.
type starter struct {
	address, ledger string
	settings        []string // more of its environment
}

// answer is how one command ended.
type answer struct {
	status   int
	out, err string
}

// run runs one command to its end.
func (s starter) run(t *testing.T, args ...string) answer {
	t.Helper()
	env := append([]string{"TEMPORAL_ADDRESS=" + s.address, "HANDOVER_LEDGER_URL=" + s.ledger}, s.settings...)
	p := launch(t, env, "starter", args...)
	status := p.exit(t)
	return answer{status: status, out: p.stdout.String(), err: p.stderr.String()}
}

// must runs a command that has to succeed and returns what it printed.
func (s starter) must(t *testing.T, args ...string) string {
	t.Helper()
	a := s.run(t, args...)
	require.Zero(t, a.status, "starter %s: %s", strings.Join(args, " "), a.err)
	return a.out
}

// request is the create command for these parties.
func request(p parties, more ...string) []string {
	return append([]string{
		"create", "--customer", p.customer, "--email", p.email(),
		"--source", p.source, "--source-name", "The Source", "--target", p.target,
	}, more...)
}

// create requests a transfer and returns its id.
func (s starter) create(t *testing.T, p parties, more ...string) string {
	t.Helper()
	var made struct {
		TransferID string          `json:"transferId"`
		Status     transfer.Status `json:"status"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.must(t, append(request(p, more...), "-o", "json")...)), &made))
	require.Equal(t, transfer.Pending, made.Status)
	return made.TransferID
}

// get reads a transfer as an operator.
func (s starter) get(t *testing.T, id string) transfer.Entity {
	t.Helper()
	var e transfer.Entity
	require.NoError(t, json.Unmarshal([]byte(s.must(t, "get", id, "-o", "json")), &e))
	return e
}

// verified shows that the invariants I-1 to I-10 hold.
func (s starter) verified(t *testing.T) {
	t.Helper()
	a := s.run(t, "verify")
	require.Zero(t, a.status, "starter verify: %s%s", a.out, a.err)
	for _, invariant := range []string{"I-1", "I-2", "I-3", "I-4", "I-5", "I-6", "I-7", "I-8", "I-9", "I-10"} {
		assert.Contains(t, a.out, invariant)
	}
}

// temporal is a plain Temporal client, as anybody else's program would have.
func (s starter) temporal(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.address, Logger: telemetry.ForTemporal(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// over waits until the transfer is over, its run has ended as it should, and everybody was told.
func (s starter) over(t *testing.T, id string) {
	t.Helper()
	c, book := s.temporal(t), s.book(t)
	eventually(t, "transfer "+id+" is over", func() bool {
		now, err := book.Transfer(t.Context(), id)
		require.NoError(t, err)
		return now.Status.Final()
	})
	eventually(t, "its run is over", func() bool { return runOf(t, c, id) == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED })
	told(t, book, id)
}

// told waits until everybody was told what they are to know of the transfer so far.
func told(t *testing.T, book *ledger.Ledger, id string) {
	t.Helper()
	eventually(t, "everybody was told of it", func() bool {
		owed, err := book.Notifications(t.Context(), transferstore.Subject(id))
		require.NoError(t, err)
		return !slices.ContainsFunc(owed, func(n outbox.Notification) bool { return n.SentAt.IsZero() && !n.Ended })
	})
}

// runOf is how the latest run of the transfer stands at Temporal; unspecified when there is none.
func runOf(t *testing.T, c client.Client, id string) enumspb.WorkflowExecutionStatus {
	t.Helper()
	return statusOf(t, c, transfer.WorkflowID(id))
}

// statusOf is how the latest run of a workflow stands at Temporal; unspecified when there is none.
func statusOf(t *testing.T, c client.Client, workflowID string) enumspb.WorkflowExecutionStatus {
	t.Helper()
	described, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	require.NoError(t, err)
	return described.GetWorkflowExecutionInfo().GetStatus()
}

// book opens the ledger beside the programs that use it.
func (s starter) book(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), s.ledger, ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// mailedOnce shows I-4 for these transfers, which are all there are: every event was mailed to each of its recipients under
// a Message-ID of its own, and nothing else was mailed, but for what the transfer had overtaken before it could be sent. After a crash a
// mail may be there twice, with the same Message-ID.
func mailedOnce(t *testing.T, book *ledger.Ledger, caught []notify.Caught, ids ...string) {
	t.Helper()
	type letter struct{ messageID, to string }
	due, events, overtaken := map[letter]bool{}, map[string]bool{}, 0
	for _, id := range ids {
		queued, err := book.Notifications(t.Context(), transferstore.Subject(id))
		require.NoError(t, err)
		require.NotEmpty(t, queued)
		about, err := book.Transfer(t.Context(), id)
		require.NoError(t, err)
		for _, n := range queued {
			told := strings.Join([]string{id, n.Event, n.Recipient}, " ")
			assert.False(t, events[told], "queued twice: %s", told)
			events[told] = true
			if n.SentAt.IsZero() && n.Ended && transfer.Overtaken(transfer.Event(n.Event), transfer.Audience(n.Audience), false, about, time.Now()) != "" {
				overtaken++
				continue
			}
			assert.False(t, n.SentAt.IsZero(), "not sent: %s", told)
			due[letter{strings.Trim(n.MessageID, "<>"), n.Recipient}] = true
		}
	}
	assert.Len(t, due, len(events)-overtaken, "two mails share a Message-ID")
	sent := map[letter]bool{}
	for _, m := range caught {
		sent[letter{strings.Trim(m.MessageID, "<>"), m.To}] = true
	}
	assert.Equal(t, due, sent)
}

// movedOnce shows I-2: every line item is Complete, and each has a subscription of its own at the target.
func movedOnce(t *testing.T, items []transfer.ItemEntity, count int) {
	t.Helper()
	require.Len(t, items, count)
	old, moved := map[string]bool{}, map[string]bool{}
	for _, item := range items {
		assert.Equal(t, transfer.ItemComplete, item.Status, "line item %d: %s", item.ID, item.LastError)
		old[item.SubscriptionID], moved[item.TargetSubscriptionID] = true, true
	}
	assert.Len(t, old, count)
	assert.Len(t, moved, count)
	assert.NotContains(t, moved, "")
}

// oneLine shows that what a program said on standard error is a single clear line with these words in it.
func oneLine(t *testing.T, said string, words ...string) {
	t.Helper()
	assert.Len(t, strings.Split(strings.TrimRight(said, "\n"), "\n"), 1, said)
	for _, word := range words {
		assert.Contains(t, said, word)
	}
}

// file writes a file of the test and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
