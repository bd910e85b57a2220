// Command standalone is the whole platform in one process: Temporal server, its Web UI, the worker, the HTTP API, a ledger
// on SQLite and a mail server that keeps what it receives. For trying, developing and small installations.
//
//	main.go    the command line
//	banner.go  what is said when everything is up
//	demo.go    plays one transfer of the sample world
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/telemetry"
	"handover/internal/world"
)

func main() { os.Exit(execute()) }

// execute runs the command and returns the exit status.
func execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		for _, line := range kernel.Lines("standalone: " + err.Error()) {
			fmt.Fprintln(os.Stderr, line)
		}
		return exitStatus(err)
	}
	return 0
}

// exitStatus is 2 for a command line that cannot be used, 1 for everything else.
func exitStatus(err error) int {
	var usage *usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

type usageError struct{ error }

func command() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:   "standalone",
		Short: "The whole platform in one process",
		Long: "Temporal server, Web UI, worker, HTTP API, ledger and mail catcher in one process.\n" +
			"Data lives in --data-dir and survives restarts; Ctrl-C stops everything cleanly.",
		Example:       "  go run ./standalone\n  go run ./standalone demo --exit\n  go run ./standalone --ephemeral --temporal-port 0 --ui-port 0 --http-port 0",
		Args:          o.fit,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), o, cmd.OutOrStdout()) },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.dataDir, "data-dir", ".handover", "folder that keeps everything")
	flags.BoolVar(&o.ephemeral, "ephemeral", false, "keep nothing: data in a temporary folder that is removed at the end")
	flags.IntVar(&o.temporalPort, "temporal-port", 7233, "port of the Temporal server, 0 for any free one")
	flags.IntVar(&o.uiPort, "ui-port", 8233, "port of the Web UI, 0 for any free one")
	flags.IntVar(&o.httpPort, "http-port", 8080, "port of the HTTP API, 0 for any free one")
	flags.StringVar(&o.world, "world", "", "world file to load when the ledger is empty (default: the built-in sample)")
	flags.StringVar(&o.logLevel, "log-level", "error", "what is logged to standard error: debug, info, warn, error")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })

	var exit bool
	demo := &cobra.Command{
		Use:   "demo",
		Short: "Start everything and play one transfer of the sample world",
		Args:  o.fit,
		RunE:  func(cmd *cobra.Command, _ []string) error { return playDemo(cmd.Context(), o, exit, cmd.OutOrStdout()) },
	}
	demo.Flags().BoolVar(&exit, "exit", false, "end when the transfer is over instead of staying up")
	root.AddCommand(demo)
	return root
}

// options are the flags.
type options struct {
	dataDir      string
	ephemeral    bool
	temporalPort int
	uiPort       int
	httpPort     int
	world        string
	logLevel     string
}

// fit refuses a command line of which a part would be ignored. Error: *usageError.
func (o *options) fit(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 0:
		return &usageError{fmt.Errorf("%s takes flags only, and %q belongs to none", cmd.CommandPath(), args[0])}
	case o.ephemeral && cmd.Flags().Changed("data-dir"):
		return &usageError{errors.New("--ephemeral keeps nothing, so there is no --data-dir; leave one of them out")}
	}
	return nil
}

// serve runs the platform until it is told to stop or a part of it fails.
func serve(ctx context.Context, o options, out io.Writer) error {
	p, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer p.Stop()
	banner(out, p)
	if o.world != "" && !p.Seeded {
		fmt.Fprintf(out, "\nThe ledger is in use already, so %s was not loaded.\n", o.world)
	}
	return p.Wait(ctx)
}

func start(ctx context.Context, o options) (*platform.Platform, error) {
	if o.dataDir == "" && !o.ephemeral { // as an unset variable leaves it
		return nil, &usageError{errors.New("--data-dir must name a folder; --ephemeral keeps nothing")}
	}
	logger, err := telemetry.NewLogger(o.logLevel)
	if err != nil {
		return nil, &usageError{err}
	}
	settings := platform.Options{
		DataDir: o.dataDir, TemporalPort: o.temporalPort, UIPort: o.uiPort, UI: true, HTTP: true, HTTPPort: o.httpPort, Logger: logger,
		World: func() (ledger.World, error) {
			if o.world == "" {
				return world.Sample(), nil
			}
			return world.Load(o.world)
		},
	}
	if o.ephemeral {
		settings.DataDir = ""
	}
	return platform.Start(ctx, settings)
}
