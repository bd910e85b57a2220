package ledger

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
)

// cutter stands between a program and its PostgreSQL and cuts the next connection that commits: before the server hears of
// it, or before the program hears the answer.
type cutter struct {
	net.Listener
	server string

	mu    sync.Mutex
	armed bool
	heard bool // the server hears of the commit
}

// newCutter begins to listen.
func newCutter(t *testing.T, server string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{Listener: listener, server: server}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(client) })
		}
	})
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		serving.Wait()
	})
	return c
}

// arm makes the next commit the last thing of its connection.
func (c *cutter) arm(heard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.heard = true, heard
}

// cuts tells whether the message is the commit to cut at, and whether the server is to hear it.
func (c *cutter) cuts(message []byte) (cut, heard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cut = c.armed && bytes.Contains(message, []byte("commit\x00"))
	c.armed = c.armed && !cut
	return cut, c.heard
}

func (c *cutter) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	replies, quiet := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(replies)
		relayed(server, client, func([]byte) bool {
			select {
			case <-quiet:
				return false // the answer to the commit is lost
			default:
				return true
			}
		})
	}()
	relayed(client, server, func(message []byte) bool {
		cut, heard := c.cuts(message)
		if !cut {
			return true
		}
		close(quiet)
		if heard {
			_, _ = server.Write(message)
			<-replies // what the server said, and nobody else heard
		}
		return false
	})
	_ = server.Close()
	_ = client.Close()
	<-replies
}

// relayed hands messages on for as long as pass says so.
func relayed(from, to net.Conn, pass func([]byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || !pass(buffer[:n]) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// Race row 3: whoever does not hear how a commit ended is told to send the command again, and then gets its answer or, where
// the database did not hear of it, has it carried out: once.
func TestCommitWithUnknownOutcome(t *testing.T) {
	for name, heard := range map[string]bool{"the reply is lost": true, "the commit is lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := databases["postgres"](t)
			u, err := url.Parse(direct)
			require.NoError(t, err)
			c := newCutter(t, u.Host)
			u.Host = c.Addr().String()
			clock := &clock{now: start}
			l, err := Open(t.Context(), u.String(), Options{Now: clock.Now})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t, url: direct, clock: clock}
			require.NoError(t, f.Seed(t.Context(), worldOf(2)))

			for _, command := range fateful {
				c.arm(heard)
				require.ErrorIs(t, command.run(t.Context(), l), store.ErrUnavailable)
				err := command.run(t.Context(), l)
				if heard {
					repeats(t, err)
				} else {
					require.NoError(t, err)
					repeats(t, command.run(t.Context(), l))
				}
			}
			require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(idOf("r1"), sourceID))
			require.Equal(t, []string{"3"}, f.rows("SELECT wanted FROM runs"))
			require.Equal(t, transfer.ItemCounts{InProgress: 1, Failed: 1}, f.stored(idOf("r1")).Items)
			f.holds()
		})
	}
}
