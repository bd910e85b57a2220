// Package engine runs a Temporal server and its Web UI inside this process, on loopback only and without reaching the
// network. It is the only package that links the Temporal server.
//
// Start does everything an operator would do by hand, in this order: check the ports, prepare the database, write the
// namespace with its search attributes, start the server, start the Web UI, and see that all of it answers.
//
//	engine.go     starting and stopping
//	ports.go      which ports are taken
//	stores.go     where the server keeps its data: sqlite.go in a file or in memory, postgres.go in a PostgreSQL
//	namespace.go  the namespace and its search attributes
//	config.go     the server's settings; logging.go what it says
//	webui.go      the Web UI; ready.go waiting until the server answers
package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"

	"handover/internal/httpserver"
)

// stopTimeout bounds Stop: a server that has not stopped by then is left behind. Nothing is lost, because whatever the
// server answered to a caller is committed.
const stopTimeout = 15 * time.Second

// Options say where the server keeps its data, where it listens, and what it must know when it is up.
type Options struct {
	// File is the SQLite file of Temporal's own data, made when it is missing, together with its folder. Empty keeps the
	// data in memory.
	File string
	// PostgresURL puts Temporal's data on a PostgreSQL server instead (postgres://user:password@host:port/database). The
	// databases "temporal" and "temporal_visibility" are made there when they are missing; the one in the URL is only
	// connected to for making them. Not together with File.
	PostgresURL string

	TemporalPort int  // of the gRPC frontend; 0 for any free port
	UIPort       int  // of the Web UI; 0 for any free port
	UI           bool // serve the Web UI
	// UIHosts are names that the Web UI is reached under, beside this machine's own (httpserver.OnlyHosts).
	UIHosts []string
	// CodecEndpoint is where the Web UI has payloads decrypted; empty for nowhere.
	CodecEndpoint string

	// Namespace is made when it is missing.
	Namespace string
	// Retention is how long closed workflows are kept. Zero keeps what the namespace has; a new one gets three days.
	Retention time.Duration
	// SearchAttributes are added to the namespace when they are missing.
	SearchAttributes map[string]enumspb.IndexedValueType

	Logger  *zap.Logger // gets the server's warnings and errors; nil for none
	Version string      // of this program, part of what the Web UI reports about itself
}

// Engine is a running Temporal server.
type Engine struct {
	options Options
	ports   ports
	logger  log.Logger
	said    zap.AtomicLevel // from which level the server's log is passed on
	server  temporal.Server
	ui      *httpserver.Server // nil without one

	done     chan struct{} // closed when the server is no longer of use
	err      error         // why; written before done is closed
	finished sync.Once
	stopped  sync.Once
}

// Start returns when the frontend answers, the namespace exists and workflows can set and be listed by the search
// attributes. Starting again on the same File or PostgresURL continues every workflow that was running, however the
// last process ended. Errors: *PortTakenError before anything was touched; the context's error; anything else says what
// could not be prepared or started.
func Start(ctx context.Context, options Options) (*Engine, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	ports, err := choosePorts(ctx, options)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: options, ports: ports, done: make(chan struct{}), said: zap.NewAtomicLevelAt(zap.FatalLevel)}
	e.logger = serverLogger(options.Logger, e.said, e.finish)
	if err := e.start(ctx); err != nil {
		e.Stop()
		return nil, err
	}
	e.said.SetLevel(zap.WarnLevel)
	return e, nil
}

func (o Options) check() error {
	switch {
	case o.Namespace == "":
		return errors.New("the Temporal server needs the name of a namespace: set Namespace")
	case o.File != "" && o.PostgresURL != "":
		return errors.New("the Temporal server keeps its data in one place: set File or PostgresURL, not both")
	}
	return nil
}

func (e *Engine) start(ctx context.Context) error {
	stores, err := prepareStores(ctx, e.options, e.logger)
	if err != nil {
		return err
	}
	if err := ensureNamespace(ctx, stores.workflows, e.options, e.logger); err != nil {
		return err
	}
	if err := e.startServer(stores); err != nil {
		return fmt.Errorf("the Temporal server did not start: %w", err)
	}
	if err := e.awaitFrontend(ctx); err != nil {
		return fmt.Errorf("the Temporal server does not answer on %s: %w", e.Address(), err)
	}
	if !e.options.UI {
		return nil
	}
	if e.ui, err = startWebUI(ctx, e.ports.ui, e.Address(), e.options); err != nil {
		return fmt.Errorf("the Web UI did not start: %w", err)
	}
	return nil
}

// startServer builds and starts the server apart from the caller's goroutine, because the server ends the goroutine in
// which it meets a fatal error (see serverLogger).
func (e *Engine) startServer(stores stores) error {
	var server temporal.Server
	err := e.unlessDead(func() (err error) {
		server, err = newServer(e.ports, stores, e.logger)
		return err
	})
	if err != nil {
		return err
	}
	e.server = server
	return e.unlessDead(server.Start)
}

func (e *Engine) unlessDead(step func() error) error {
	result := make(chan error, 1)
	go func() { result <- step() }()
	select {
	case err := <-result:
		return err
	case <-e.done:
		return e.err
	}
}

// Address is the host:port of the gRPC frontend.
func (e *Engine) Address() string { return hostPort(e.ports.frontend) }

// UIAddress is the base URL of the Web UI, empty without one.
func (e *Engine) UIAddress() string {
	if !e.options.UI {
		return ""
	}
	return "http://" + hostPort(e.ports.ui)
}

// Done is closed when the server has died by itself or Stop was called.
func (e *Engine) Done() <-chan struct{} { return e.done }

// Err says why the server died by itself. It is nil while the server runs and after Stop.
func (e *Engine) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// finish records the first reason for the end; later ones are its consequences.
func (e *Engine) finish(reason error) {
	e.finished.Do(func() {
		e.err = reason
		close(e.done)
	})
}

// Stop ends the Web UI and the server. It returns within seconds, and may be called more than once. Workflows continue
// with the next Start.
func (e *Engine) Stop() {
	e.finish(nil)
	e.said.SetLevel(zap.FatalLevel)
	e.stopped.Do(func() {
		if e.ui != nil {
			e.ui.Stop()
		}
		if e.server != nil {
			e.stopServer()
		}
	})
}

func (e *Engine) stopServer() {
	result := make(chan error, 1)
	go func() { result <- e.server.Stop() }()
	select {
	case err := <-result:
		if err != nil {
			e.logger.Warn("The Temporal server did not stop cleanly: " + err.Error())
		}
	case <-time.After(stopTimeout):
		e.logger.Warn("The Temporal server did not stop within " + stopTimeout.String() + " and is left behind.")
	}
}
