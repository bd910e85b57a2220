package integration

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/outage"
	"handover/internal/world"
)

// Row 39 of the races: nobody is where the billing system should be, and two hundred line items wait for it. That is one fact,
// which operators see in three places, and costs a few connections. When it is back everything goes on by itself.
func TestTheBillingSystemIsAway(t *testing.T) {
	t.Parallel()
	const items, atOnce, probes = 200, 20, 3
	s := startBilled(t, world.Large(2, items/2))
	s.settings = append(s.settings, "HANDOVER_BILLING_URL="+s.system.url()) // without a wire
	s.system.kill(t)
	empty := shutDoor(t, s.system.address)
	metrics := freeAddress(t)
	ids := []string{submitted(t, s.Ledger, largeParties(0)), submitted(t, s.Ledger, largeParties(1))}
	s.work(t, "HANDOVER_WORKER_METRICS_LISTEN="+metrics)
	c := s.temporal(t)

	eventually(t, "it is asked again and again", func() bool {
		made, err := strconv.Atoi(measured(t, metrics, "handover_billing_probes_total"))
		return err == nil && made >= probes
	})
	assert.Equal(t, "1", measured(t, metrics, "handover_billing_away"))
	assert.Less(t, int(empty.connections.Load()), atOnce+2*probes+1, "connections for %d line items", items)
	outages := s.outages(t)
	require.Len(t, outages, 1)
	assert.Equal(t, "billing", outages[0].Name)
	assert.Contains(t, outages[0].LastError, "cannot be reached")
	eventually(t, "the Web UI shows it", func() bool {
		return statusOf(t, c, outage.WorkflowID) == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING &&
			regexp.MustCompile(`The billing system is away.*did not answer[^$]*Line items that wait: 200`).MatchString(details(t, c, outage.WorkflowID))
	})

	empty.close(t)
	s.system.start(t)
	for _, id := range ids {
		s.over(t, id)
		movedOnce(t, s.get(t, id).LineItems, items/2)
	}
	eventually(t, "its run is over", func() bool {
		return statusOf(t, c, outage.WorkflowID) == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	assert.Empty(t, s.outages(t))
	assert.Equal(t, "0", measured(t, metrics, "handover_billing_away"))
	assert.Contains(t, details(t, c, outage.WorkflowID), "The billing system is back.")
	s.agrees(t, ids...)
}

// shownOutage is one that "starter stuck" shows.
type shownOutage struct {
	Name      string `json:"name"`
	LastError string `json:"lastError"`
}

func (s starter) outages(t *testing.T) []shownOutage {
	t.Helper()
	var stuck struct {
		Outages []shownOutage `json:"outages"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.must(t, "stuck", "-o", "json")), &stuck))
	return stuck.Outages
}

// details is the text that the Web UI shows above the history of a run.
func details(t *testing.T, c client.Client, workflowID string) string {
	t.Helper()
	said, err := c.QueryWorkflow(t.Context(), workflowID, "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(t, said.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// measured reads a number from a metrics port; it is empty while the port does not have it.
func measured(t *testing.T, address, name string) string {
	t.Helper()
	got, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return ""
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^` + name + `(?:\{[^}]*\})? (\S+)$`).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// door is where nobody is: it counts who comes, and sends them away.
type door struct {
	listener    net.Listener
	connections atomic.Int64
}

func shutDoor(t *testing.T, address string) *door {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	d := &door{listener: listener}
	t.Cleanup(func() { _ = listener.Close() }) // the test may have closed it
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			d.connections.Add(1)
			_ = connection.Close()
		}
	}()
	return d
}

func (d *door) close(t *testing.T) {
	t.Helper()
	require.NoError(t, d.listener.Close())
}
