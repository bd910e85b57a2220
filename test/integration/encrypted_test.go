package integration

// What Temporal keeps of runs is encrypted: begun under a run that goes on, with a key that changes, and read again by those who
// have it.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"handover/config"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/payloads"
	"handover/internal/platform"
	"handover/internal/transfer"
	"handover/internal/world"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// personal are words of the tests' requests that nobody may find in Temporal.
var personal = []string{"it@customer", "The Source"}

// encrypting is the setting with these keys, each made of its id.
func encrypting(ids ...string) string {
	var keys []string
	for _, id := range ids {
		if id == "off" {
			keys = append(keys, id)
			continue
		}
		keys = append(keys, id+":"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id[:1], 32))))
	}
	return "HANDOVER_TEMPORAL_ENCRYPTION_KEYS=" + strings.Join(keys, ",")
}

// with is the same person with other settings.
func (s starter) with(settings ...string) starter {
	s.settings = settings
	return s
}

// history is everything that Temporal keeps of the transfer's latest run, as it lies there.
func history(t *testing.T, c client.Client, id string) *historypb.History {
	t.Helper()
	h := &historypb.History{}
	events := c.GetWorkflowHistory(t.Context(), transfer.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	return h
}

// raw is what a thief of the database would read of the transfer's run.
func raw(t *testing.T, c client.Client, id string) string {
	t.Helper()
	events, err := proto.Marshal(history(t, c, id))
	require.NoError(t, err)
	described, err := c.DescribeWorkflowExecution(t.Context(), transfer.WorkflowID(id), "")
	require.NoError(t, err)
	around, err := proto.Marshal(described)
	require.NoError(t, err)
	return string(events) + string(around)
}

// brought requests a transfer by starting its run with the request, as a program would that knows Temporal only.
func brought(t *testing.T, c client.Client, who parties) string {
	t.Helper()
	r := transfer.Request{
		RequestID: "by-temporal", Actor: kernel.Actor{PartnerTenantID: who.target, UserID: world.LargeTargetUser},
		CustomerTenantID: who.customer, CustomerEmail: who.email(), SourcePartnerTenantID: who.source, SourcePartnerName: personal[1],
		TargetPartnerTenantID: who.target, TransferType: 3,
	}
	id := transfer.NewID(r)
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: transfer.WorkflowID(id), TaskQueue: run.TaskQueue}, transfers.Type, r)
	require.NoError(t, err)
	return id
}

func TestNothingPersonalStandsInTemporal(t *testing.T) {
	t.Parallel()
	p, s := startPlatform(t, sqliteLedger(t), world.Large(4, 2))
	stranger := s.temporal(t)
	keyless, s := s, s.with(encrypting("first"))
	worker := launchWorker(t, p, encrypting("first"))

	id := s.create(t, largeParties(0))
	plain := brought(t, stranger, largeParties(1))
	eventually(t, "who has no key is heard too", func() bool { return s.run(t, "get", plain, "--ledger", s.ledger).status == 0 })
	for _, word := range personal {
		assert.NotContains(t, raw(t, stranger, id), word)
		assert.Contains(t, raw(t, stranger, plain), word, "what a client sends plain stays plain")
	}

	overTemporal := s
	overTemporal.ledger = ""
	assert.Contains(t, overTemporal.must(t, "get", id), string(transfer.Pending))
	keyless.ledger = ""
	without := keyless.run(t, "get", id)
	assert.NotZero(t, without.status)
	oneLine(t, without.err, `"first"`, "HANDOVER_TEMPORAL_ENCRYPTION_KEYS")

	worker.kill(t)
	launchWorker(t, p, encrypting("second", "first"))
	s = s.with(encrypting("second", "first"))
	for _, one := range []string{id, plain} {
		s.must(t, "submit", one, "--all-eligible")
		assert.Contains(t, s.must(t, "watch", one), string(transfer.Complete))
		s.over(t, one)
		movedOnce(t, s.get(t, one).LineItems, 2)
	}
	assert.Contains(t, s.must(t, "list"), id)
	all := raw(t, stranger, id)
	for _, word := range personal {
		assert.NotContains(t, all, word)
	}
	assert.Contains(t, all, "first", "the key that it began with")
	assert.Contains(t, all, "second", "the key that it went on with")
	s.verified(t)
}

// Encryption begins under a run that goes on; a worker that lacks the key holds the run up, and breaks nothing.
func TestEncryptionBeginsUnderARun(t *testing.T) {
	t.Parallel()
	p, s := startPlatform(t, sqliteLedger(t), world.Large(2, 2))
	c := s.temporal(t)
	worker := launchWorker(t, p)
	id := s.create(t, largeParties(0))
	require.NotContains(t, raw(t, c, id), payloads.Encoding)
	worker.kill(t)

	worker = launchWorker(t, p, encrypting("key"))
	s = s.with(encrypting("key"))
	other := s.create(t, largeParties(1))
	worker.kill(t)
	worker = launchWorker(t, p)
	require.NoError(t, c.SignalWorkflow(t.Context(), transfer.WorkflowID(other), "", run.SignalLook, run.Nudge{}))
	eventually(t, "the task fails", func() bool {
		for _, e := range history(t, c, other).Events {
			if strings.Contains(e.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage(), `encrypted with the key "key"`) {
				return true
			}
		}
		return false
	})
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, runOf(t, c, other))
	worker.kill(t)

	launchWorker(t, p, encrypting("key"))
	s.must(t, "submit", id, "--all-eligible")
	s.must(t, "submit", other, "--all-eligible")
	for _, one := range []string{id, other} {
		s.over(t, one)
		movedOnce(t, s.get(t, one).LineItems, 2)
	}
	assert.Contains(t, raw(t, c, id), payloads.Encoding)
	s.verified(t)
}

// On one machine the Web UI shows what is encrypted, without anything to set; nobody else may ask.
func TestTheWebUIShowsWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	keys, err := payloads.ParseKeys(strings.TrimPrefix(encrypting("key"), "HANDOVER_TEMPORAL_ENCRYPTION_KEYS="))
	require.NoError(t, err)
	p, err := platform.Start(t.Context(), platform.Options{
		UI: true, HTTP: true, World: func() (ledger.World, error) { return world.Large(1, 2), nil },
		Settings: func(c *config.Config) { c.Payloads.EncryptionKeys = keys },
	})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	s := starter{address: p.Engine.Address(), ledger: p.Settings.LedgerURL, settings: []string{encrypting("key")}}
	id := s.create(t, largeParties(0))

	said, err := http.Get(p.Engine.UIAddress() + "/api/v1/settings")
	require.NoError(t, err)
	defer func() { _ = said.Body.Close() }()
	var settings struct{ Codec struct{ Endpoint string } }
	require.NoError(t, json.NewDecoder(said.Body).Decode(&settings))
	require.Equal(t, p.API+"/codec", settings.Codec.Endpoint)

	signalled := &commonpb.Payloads{}
	for _, e := range history(t, s.temporal(t), id).Events {
		signalled.Payloads = append(signalled.Payloads, e.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads()...)
	}
	require.NotEmpty(t, signalled.Payloads)
	for origin, status := range map[string]int{p.Engine.UIAddress(): http.StatusOK, "http://evil.example": http.StatusForbidden, "": http.StatusForbidden} {
		asked, err := protojson.Marshal(signalled)
		require.NoError(t, err)
		r, err := http.NewRequest(http.MethodPost, settings.Codec.Endpoint+"/decode", bytes.NewReader(asked))
		require.NoError(t, err)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		got, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(got.Body)
		require.NoError(t, got.Body.Close())
		require.NoError(t, err)
		assert.Equal(t, status, got.StatusCode, origin)
		if status != http.StatusOK {
			continue
		}
		shown := &commonpb.Payloads{}
		require.NoError(t, protojson.Unmarshal(text, shown))
		for _, word := range personal {
			assert.Contains(t, string(shown.GetPayloads()[0].GetData()), word)
		}
	}
}
