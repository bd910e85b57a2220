package integration

import (
	"encoding/json"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/internal/world"
)

// kill -9, or a power cut: what was Pending can still be approved afterwards, what was moving goes on by itself, the
// attempt that was cut off too.
func TestAKilledStandaloneGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	dir, waiting, moving := t.TempDir(), largeParties(0), largeParties(1)
	content := withFaults(world.Large(2, 6), moving.customer, "", "sync:8s", "transient:2", "slow:2s")
	s := startStandalone(t, dir, "--world", worldFile(t, content))
	pending := s.create(t, waiting)
	inProgress := s.create(t, moving)
	s.must(t, "submit", inProgress, "--all-eligible")
	eventually(t, "the first line items are moved", func() bool { return moved(t, s.book(t), inProgress) > 0 })
	s.kill(t)

	s = startStandalone(t, dir)
	require.Equal(t, transfer.Pending, s.get(t, pending).Status)
	require.Equal(t, transfer.InProgress, s.get(t, inProgress).Status)
	s.must(t, "submit", pending, "--all-eligible")
	for _, id := range []string{pending, inProgress} {
		assert.Regexp(t, `Complete: 6 of 6 line items`, s.must(t, "watch", id))
		s.over(t, id)
		movedOnce(t, s.get(t, id).LineItems, 6)
	}
	mailedOnce(t, s.book(t), s.messages(t), pending, inProgress)
	eventually(t, "the list shows both as Complete", func() bool {
		var listed []transferclient.Summary
		require.NoError(t, json.Unmarshal([]byte(s.must(t, "list", "-o", "json", "--status", "Complete")), &listed))
		return len(listed) == 2 && listed[0].TransferID == inProgress && listed[1].TransferID == pending
	})
	s.verified(t)
}

// Ctrl-C leaves nothing locked; while it runs, its folder and its ports are its own.
func TestCtrlCStopsStandaloneCleanly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStandalone(t, dir)
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)

	t.Run("a second one on its folder is refused", func(t *testing.T) {
		oneLine(t, refusedStart(t, "--data-dir", dir, "--temporal-port", "0", "--ui-port", "0", "--http-port", "0"), dir, "in use", "--data-dir")
	})
	t.Run("a second one on its port is refused", func(t *testing.T) {
		oneLine(t, refusedStart(t, "--data-dir", t.TempDir(), "--temporal-port", port, "--ui-port", "0", "--http-port", "0"), port, "--temporal-port")
		oneLine(t, refusedStart(t, "--data-dir", t.TempDir(), "--temporal-port", "0", "--ui-port", port, "--http-port", "0"), port, "--ui-port")
		oneLine(t, refusedStart(t, "--data-dir", t.TempDir(), "--temporal-port", "0", "--ui-port", "0", "--http-port", port), port, "--http-port")
	})
	for range 2 {
		s.interrupt(t)
		require.Zero(t, s.exit(t))
		assert.Empty(t, s.stderr.String())
		s = startStandalone(t, dir)
	}
}

// What cannot be used is said in a line per mistake, and nothing starts.
func TestStandaloneSaysWhatItCannotUse(t *testing.T) {
	t.Parallel()
	t.Run("a world file with mistakes", func(t *testing.T) {
		path := file(t, "world.yaml", "partners:\n  - tenantId: nobody\n    nmae: Northwind\ncustomers: []\n")
		said := refusedStart(t, "--ephemeral", "--temporal-port", "0", "--ui-port", "0", "--http-port", "0", "--world", path)
		assert.Regexp(t, `world\.yaml:2:\d+: tenantId must be a GUID`, said)
		assert.Regexp(t, `world\.yaml:3:\d+: This partner has no field "nmae"\. Did you mean name\?`, said)
	})
	t.Run("a world file that is not there", func(t *testing.T) {
		said := refusedStart(t, "--ephemeral", "--temporal-port", "0", "--ui-port", "0", "--http-port", "0", "--world", filepath.Join(t.TempDir(), "missing.yaml"))
		oneLine(t, said, "missing.yaml")
	})
	t.Run("a data folder that cannot be made", func(t *testing.T) {
		inAFile := filepath.Join(file(t, "plain", ""), "data")
		oneLine(t, refusedStart(t, "--data-dir", inAFile, "--temporal-port", "0", "--ui-port", "0", "--http-port", "0"), inAFile, "--data-dir")
	})
	t.Run("a flag that it does not have", func(t *testing.T) {
		p := launch(t, nil, "standalone", "--colour")
		assert.Equal(t, 2, p.exit(t))
		oneLine(t, p.stderr.String(), "--colour")
	})
}

// refusedStart starts a standalone that must not start, and returns what it said.
func refusedStart(t *testing.T, args ...string) string {
	t.Helper()
	p := launch(t, nil, "standalone", args...)
	assert.Equal(t, 1, p.exit(t))
	assert.Empty(t, p.stdout.String())
	return p.stderr.String()
}
