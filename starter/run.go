package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/google/uuid"

	"handover/activities"
	"handover/config"
	"handover/internal/app"
	"handover/internal/ledger"
	"handover/internal/progress"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/workflows"
)

// transfers is what the commands need of Temporal. *service implements it; tests have a fake.
type transfers interface {
	Create(ctx context.Context, r transfer.Request) (workflows.Receipt, error)
	Submit(ctx context.Context, id string, a workflows.Approval) (workflows.Receipt, error)
	Cancel(ctx context.Context, id string, d activities.Decision) (workflows.Receipt, error)
	Decline(ctx context.Context, id string, d activities.Decision) (workflows.Receipt, error)
	GiveUp(ctx context.Context, id string, g activities.GiveUp) (transfer.ItemEntity, error)
	Get(ctx context.Context, id string) (workflows.Snapshot, error)
	List(ctx context.Context, f transferclient.Filter) ([]transferclient.Summary, error)
	runs
	Close()
}

// records is what the commands need of the ledger. *ledger.Ledger implements it.
type records interface {
	Empty(ctx context.Context) (bool, error)
	Seed(ctx context.Context, w ledger.World) error
	Verify(ctx context.Context) ([]ledger.Finding, error)
	Transfer(ctx context.Context, id string) (transfer.Transfer, error)
	Transfers(ctx context.Context, f ledger.Filter) ([]transfer.Transfer, error)
	Close() error
}

// environment is everything outside of the process's arguments and streams that a run touches.
type environment struct {
	connect    func(ctx context.Context, address, namespace string) (transfers, error) // empty: as TEMPORAL_… says
	openLedger func(ctx context.Context, url string) (records, error)                  // empty: as HANDOVER_LEDGER_URL says
	terminal   func(out io.Writer) bool                                                // somebody watches it
	variable   func(name string) (string, bool)                                        // NO_COLOR and TERM, the terminal's own; settings are package config's
	newID      func() string
}

// surroundings is the environment of the real program.
func surroundings() environment {
	return environment{
		connect: connect, openLedger: openLedger, terminal: progress.Terminal, variable: os.LookupEnv, newID: uuid.NewString,
	}
}

// run does what the arguments ask for and returns the exit status, see failure.go. It ends early when the context does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env environment) int {
	c := &cli{env: env, in: stdin, out: stdout, err: stderr}
	root := c.root()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusDone
	}
	if !c.working {
		err = &usageError{err}
	}
	return c.report(ending(ctx, err), called.CommandPath(), args)
}

// openLedger opens the ledger at the URL, or the one the environment names.
func openLedger(ctx context.Context, url string) (records, error) {
	settings, err := config.Load()
	if err != nil {
		return nil, &usageError{err}
	}
	if url != "" {
		settings.LedgerURL = url
	}
	if settings.NeedsLedger() != nil {
		return nil, &usageError{fmt.Errorf("name the ledger's database with --ledger or HANDOVER_LEDGER_URL: " +
			"postgres://user@host/handover or sqlite:///path/ledger.db")}
	}
	return app.OpenLedger(ctx, settings)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
