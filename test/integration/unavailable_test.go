package integration

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// Nobody answers: exit status 5, and how to repeat the command without doing it twice.
func TestSilenceIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	p, s := startPlatform(t, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), world.Large(1, 3))
	who := largeParties(0)

	t.Run("Temporal is down", func(t *testing.T) {
		for _, args := range [][]string{request(who), {"list"}, {"verify"}} {
			a := s.run(t, append(args, "--address", "127.0.0.1:1", "--timeout", "2s")...)
			assert.Equal(t, 5, a.status, a.err)
			oneLine(t, a.err, "127.0.0.1:1")
		}
	})
	t.Run("no worker is up", func(t *testing.T) {
		a := s.run(t, request(who, "--timeout", "2s")...)
		require.Equal(t, 5, a.status, a.err)
		repeat := regexp.MustCompile(`to repeat it safely, add --request-id ([0-9a-f-]{36})\n$`).FindStringSubmatch(a.err)
		require.NotNil(t, repeat, a.err)

		launchWorker(t, p)
		id := s.create(t, who, "--request-id", repeat[1])
		assert.Equal(t, id, s.create(t, who, "--request-id", repeat[1]))
		all, err := p.Ledger.Transfers(t.Context(), transferstore.Filter{})
		require.NoError(t, err)
		assert.Len(t, all, 1)
	})
}
