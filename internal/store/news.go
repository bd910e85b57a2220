package store

// Who waits for news is told at once that there is something to do: in this program by a channel, in others by PostgreSQL's
// NOTIFY. Nothing depends on it, because everybody also looks by themselves.

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// channelNews is what programs on one PostgreSQL listen to.
	channelNews = "handover_runs"
	// notifyEvery bounds how often a program notifies the others: PostgreSQL serialises the commits that do.
	notifyEvery = 10 * time.Millisecond
	// notifyWithin bounds one NOTIFY.
	notifyWithin = 2 * time.Second
	// The first and the longest wait before a lost connection is made again.
	listenAgainAfter  = 100 * time.Millisecond
	listenAgainWithin = 10 * time.Second
)

// wakes are the ways by which a change wakes those who wait for it.
type wakes struct {
	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}

	program  string          // by which a program knows its own notifications
	announce chan struct{}   // nil where no other program can be told
	listen   *pgx.ConnConfig // nil where no other program can be heard
	stop     func()
}

func newWakes() *wakes {
	return &wakes{subscribers: map[chan struct{}]struct{}{}, program: uuid.NewString(), stop: func() {}}
}

// Subscribe gives a channel that holds a value after every change that raised it, and a function that ends
// the subscription. Changes that nobody took yet are one value. With Listen running, changes of other programs count too.
func (db *DB) Subscribe() (<-chan struct{}, func()) {
	w, woken := db.wakes, make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subscribers[woken] = struct{}{}
	return woken, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.subscribers, woken)
	}
}

// poke wakes this program and the others. It never waits.
func (w *wakes) poke() {
	w.here()
	if w.announce != nil {
		raise(w.announce)
	}
}

func (w *wakes) here() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for woken := range w.subscribers {
		raise(woken)
	}
}

func raise(flag chan<- struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// overPostgres lets programs on one database wake each other.
func (w *wakes) overPostgres(ctx context.Context, db *sql.DB, config *pgx.ConnConfig) {
	w.announce, w.listen = make(chan struct{}, 1), config
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it lives as long as the ledger, not as its opening
	var ended sync.WaitGroup
	ended.Go(func() { w.announcing(ctx, db) })
	w.stop = func() {
		cancel()
		ended.Wait()
	}
}

// announcing tells the other programs, in a transaction of its own and not oftener than notifyEvery. One that fails is
// forgotten.
func (w *wakes) announcing(ctx context.Context, db *sql.DB) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.announce:
		}
		w.notify(ctx, db)
		select {
		case <-ctx.Done():
			return
		case <-time.After(notifyEvery):
		}
	}
}

func (w *wakes) notify(ctx context.Context, db *sql.DB) {
	ctx, cancel := context.WithTimeout(ctx, notifyWithin)
	defer cancel()
	_, _ = db.ExecContext(ctx, "SELECT pg_notify($1, $2)", channelNews, w.program)
}

// Listen wakes the subscribers when another program raised them, until the context ends. It has a connection of
// its own, which must not lead through a transaction pooler, and makes it again when it is lost: changes meanwhile may be
// missed, so the subscribers are woken then. On SQLite it returns at once: programs there do not hear of each other.
func (db *DB) Listen(ctx context.Context) {
	if db.wakes.listen == nil {
		return
	}
	wait := listenAgainAfter
	for ctx.Err() == nil {
		if db.wakes.hear(ctx) {
			wait = listenAgainAfter
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // nobody gains by guessing it
		}
		wait = min(2*wait, listenAgainWithin)
	}
}

// hear listens on one connection until it is lost, and tells whether there was one.
func (w *wakes) hear(ctx context.Context) bool {
	connection, err := pgx.ConnectConfig(ctx, w.listen.Copy())
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
	if _, err := connection.Exec(ctx, "LISTEN "+channelNews); err != nil {
		return false
	}
	w.here()
	for {
		heard, err := connection.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		if heard.Payload != w.program {
			w.here()
		}
	}
}
