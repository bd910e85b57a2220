// Command gateway serves the HTTP API on the ledger. It needs no Temporal: the workers make the runs follow.
//
// Settings come from the environment: HANDOVER_… (package config).
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/api"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/serving"
	"handover/internal/telemetry"
)

func main() { os.Exit(start()) }

// start runs the command and returns the exit status.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := &cobra.Command{
		Use:           "gateway",
		Short:         "Serve the HTTP API",
		Long:          "Serve the HTTP API on the ledger. Temporal is not needed: the workers make the runs follow.\n\nEverything is set by environment variables; docs/operations.md lists them.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run(cmd.Context()) },
	}
	command.AddCommand(&cobra.Command{
		Use:   "openapi",
		Short: "Print the description of the API (OpenAPI 3.1)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			described, err := api.Describe()
			if err == nil {
				_, err = cmd.OutOrStdout().Write(append(described, '\n'))
			}
			return err
		},
	})
	if err := command.ExecuteContext(ctx); err != nil {
		for _, line := range kernel.Lines("gateway: " + err.Error()) {
			fmt.Fprintln(os.Stderr, line)
		}
		return 1
	}
	return 0
}

// run serves until the context ends.
func run(ctx context.Context) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	if err := settings.NeedsIssuer(); err != nil {
		return err
	}
	if err := settings.NeedsLedger(); err != nil {
		return err
	}
	certificate, err := serving.Certificate(settings.API)
	if err != nil {
		return err
	}
	logger, err := telemetry.NewLogger(settings.LogLevel)
	if err != nil {
		return err
	}
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		return err
	}
	records, err := ledger.Open(ctx, settings.LedgerURL, ledger.Options{Policy: settings.Transfers.Policy(), Rules: settings.Transfers.Subscriptions()})
	if err != nil {
		return err
	}
	defer func() { _ = records.Close() }()
	parts := serving.Parts{Settings: settings, Ledger: records, Metrics: metrics, Logger: logger}
	handler, err := serving.NewAPI(parts)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.API.Listen)
	if err != nil {
		return fmt.Errorf("HANDOVER_API_LISTEN cannot be used: %w", err)
	}
	logger.Info("The gateway answers.", zap.Stringer("address", listener.Addr()))
	go handler.Housekeep(ctx)
	return serving.Serve(ctx, listener, parts, handler, certificate)
}
