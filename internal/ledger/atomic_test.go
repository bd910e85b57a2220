package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// mortal makes connections that end, when the time has come, at the n-th thing they are asked to do: beginning a
// transaction, a statement, the moment before a commit and the moment after it.
type mortal struct {
	driver driver.Driver
	name   string
	left   atomic.Int64 // things until the end; none when it is not positive
	end    func()       // what else happens then
}

// Connect opens a connection.
func (m *mortal) Connect(context.Context) (driver.Conn, error) {
	conn, err := m.driver.Open(m.name)
	return &mortalConn{Conn: conn, of: m}, err
}

// Driver is the driver underneath.
func (m *mortal) Driver() driver.Driver { return m.driver }

// mortalConn is one connection.
type mortalConn struct {
	driver.Conn
	of   *mortal
	dead bool
}

// lives counts one thing; at the last one the connection is gone.
func (c *mortalConn) lives() error {
	if c.of.left.Add(-1) != 0 {
		return nil
	}
	c.dead = true
	c.of.end()
	_ = c.Close()
	return fmt.Errorf("the connection ended: %w", io.ErrUnexpectedEOF)
}

// IsValid tells whether the connection can be used again.
func (c *mortalConn) IsValid() bool { return !c.dead }

// BeginTx begins a transaction.
func (c *mortalConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.lives(); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return &mortalTx{Tx: tx, on: c}, err
}

// ExecContext runs a statement.
func (c *mortalConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.lives(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// QueryContext runs a query.
func (c *mortalConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.lives(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// mortalTx is a transaction.
type mortalTx struct {
	driver.Tx
	on *mortalConn
}

// Commit commits, if it lives so long.
func (tx *mortalTx) Commit() error {
	if err := tx.on.lives(); err != nil {
		return err
	}
	if err := tx.Tx.Commit(); err != nil {
		return err
	}
	return tx.on.lives()
}

// Rollback undoes; what died is undone by the database.
func (tx *mortalTx) Rollback() error {
	if tx.on.dead {
		return nil
	}
	return tx.Tx.Rollback()
}

// another opens a second program's ledger on the same database.
func (f fixture) another(o Options) *Ledger {
	f.t.Helper()
	if o.Now == nil {
		o.Now = f.clock.Now
	}
	l, err := Open(f.t.Context(), f.url, o)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { require.NoError(f.t, l.Close()) })
	return l
}

// mortal opens another ledger whose writing connections can end.
func (f fixture) mortal() (*Ledger, *mortal) {
	f.t.Helper()
	l := f.another(Options{})
	m := &mortal{driver: l.Writer().Driver(), name: f.url, end: func() {}}
	if f.Dialect() == store.SQLite {
		m.name = store.SQLiteName(strings.TrimPrefix(f.url, "sqlite://"), "_txlock=immediate")
		require.NoError(f.t, l.Writer().Close())
	}
	l = l.on(l.Through(sql.OpenDB(m)))
	l.Writer().SetMaxOpenConns(1)
	return l, m
}

// fateful are the commands that are tried: each under a claim, with its only event in the source's log.
var fateful = []struct {
	event string
	run   func(ctx context.Context, l *Ledger) error
}{
	{"created", func(ctx context.Context, l *Ledger) error {
		r := request("r1")
		r.Labels = ours
		_, err := l.OpenTransfer(ctx, r, saying("create"))
		return err
	}},
	{"submitted", func(ctx context.Context, l *Ledger) error {
		_, err := l.Submit(ctx, idOf("r1"), everything("submit"), saying("submit"))
		return err
	}},
	{"given-up:1", func(ctx context.Context, l *Ledger) error {
		_, err := l.GiveUp(ctx, idOf("r1"), transferstore.GivingUp{RequestID: "g", Actor: asOperator, Ordinals: []int{1}, Reason: "enough"}, claiming[transferstore.GivenUp]("give up"))
		return err
	}},
}

// Race row 1, R-103: whenever the program dies or its caller goes, there is all of a command or nothing, and sending it
// again carries it out once or finds its answer.
func TestCommandsAreAllOrNothing(t *testing.T) {
	for what, leaves := range map[string]bool{"the connection ends": false, "the caller leaves": true} {
		t.Run(what, func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				l, m := f.mortal()
				for _, command := range fateful {
					points := f.dyingAt(l, m, command.run, leaves)
					require.Greater(t, points, int64(8), command.event)
					events := f.events(idOf("r1"), sourceID)
					require.Equal(t, command.event, events[len(events)-1])
					before := f.contents()
					repeats(t, command.run(t.Context(), l))
					require.Equal(t, before, f.contents())
				}
				require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(idOf("r1"), sourceID))
				require.Equal(t, []string{"3"}, f.rows("SELECT wanted FROM runs"), "each command wants one look")
				require.Equal(t, transfer.ItemCounts{InProgress: 1, Failed: 1}, f.stored(idOf("r1")).Items)
				f.holds()
			})
		})
	}
}

// dyingAt lets the command end at every point in turn, until it is carried out, and tells at how many it did.
func (f fixture) dyingAt(l *Ledger, m *mortal, run func(context.Context, *Ledger) error, leaves bool) (points int64) {
	f.t.Helper()
	before := f.contents()
	for points = 1; ; points++ {
		ctx, cancel := context.WithCancel(f.t.Context())
		m.end = func() {}
		if leaves {
			m.end = cancel
		}
		m.left.Store(points)
		err := run(ctx, l)
		cancel()
		require.LessOrEqual(f.t, m.left.Load(), int64(0), "the command has fewer points than %d", points)
		require.Error(f.t, err)
		if !leaves {
			require.ErrorIs(f.t, err, store.ErrUnavailable)
		}
		if f.contents() != before {
			return points // it was committed, and only nobody heard of it
		}
	}
}
