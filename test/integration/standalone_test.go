package integration

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
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

// B10, E7: a data folder may have any name, and whatever the umask is, and whatever an older version left, its files are its owner's alone.
func TestADataFolderOfAnyNameIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	const odd = "a?b=c #%41&mode=memory;'x' \"y\"\nü"
	content, err := os.ReadFile(worldFile(t, world.Large(1, 3)))
	require.NoError(t, err)
	seed := filepath.Join(parent, "w?#%41 'x'.yaml")
	require.NoError(t, os.WriteFile(seed, content, 0o600))
	for range 2 {
		p := launchBy(t, parent, []string{"sh", "-c", `umask 000; exec "$@"`, "sh"}, nil, "standalone",
			"--data-dir", odd, "--world", filepath.Base(seed), "--temporal-port", "0", "--ui-port", "0", "--http-port", "0")
		p.says(t, `Ctrl-C stops everything`)
		found := entries(t, filepath.Join(parent, odd))
		for path, mode := range found {
			assert.Equal(t, map[bool]fs.FileMode{true: fs.ModeDir | 0o700, false: 0o600}[mode.IsDir()], mode, path)
		}
		for _, name := range []string{"lock", "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "temporal.db", "temporal.db-wal", "temporal.db-shm", "development-issuer.pem", "mail"} {
			assert.Contains(t, found, name)
		}
		ours := starter{address: p.says(t, `(?m)^ +Temporal +(\S+)`)[1], ledger: "sqlite://" + filepath.Join(parent, odd, "ledger.db")}
		assert.Contains(t, ours.must(t, "verify"), "I-7")
		p.kill(t)
		for name, mode := range found {
			if err := os.Chmod(filepath.Join(parent, odd, name), mode.Perm()|0o077); !errors.Is(err, fs.ErrNotExist) {
				require.NoError(t, err)
			}
		}
	}
	assert.Len(t, entries(t, parent), 2+len(entries(t, filepath.Join(parent, odd))), "nothing was made beside it")
}

// entries are the folder and everything below it, with their modes.
func entries(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		about, err := e.Info()
		require.NoError(t, err)
		name, err := filepath.Rel(dir, path)
		found[name] = about.Mode()
		return err
	}))
	return found
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
	t.Run("a data folder that holds something else", func(t *testing.T) {
		home := filepath.Dir(file(t, "notes.txt", ""))
		oneLine(t, refusedStart(t, "--data-dir", home, "--temporal-port", "0", "--ui-port", "0", "--http-port", "0"), home, "--data-dir", "something else")
	})
	t.Run("a flag that it does not have", func(t *testing.T) {
		p := launch(t, nil, "standalone", "--colour")
		assert.Equal(t, 2, p.exit(t))
		oneLine(t, p.stderr.String(), "--colour")
	})
	t.Run("a data folder without a name", func(t *testing.T) {
		p := launch(t, nil, "standalone", "--data-dir", "")
		assert.Equal(t, 2, p.exit(t))
		oneLine(t, p.stderr.String(), "--data-dir")
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
