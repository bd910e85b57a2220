// Command worker hosts the transfer workflows and their steps against a Temporal cluster.
//
// Settings come from the environment: HANDOVER_… (package config) and Temporal's own TEMPORAL_… .
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/app"
	"handover/internal/kernel"
	"handover/internal/payloads"
	"handover/internal/telemetry"
)

func main() { os.Exit(start()) }

// start runs the command and returns the exit status.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := &cobra.Command{
		Use:           "worker",
		Short:         "Host the transfer workflows against a Temporal cluster",
		Long:          "Host the transfer workflows against a Temporal cluster.\n\nEverything is set by environment variables; docs/operations.md lists them.",
		Args:          cobra.NoArgs,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run(cmd.Context()) },
	}
	if err := command.ExecuteContext(ctx); err != nil {
		for _, line := range kernel.Lines("worker: " + err.Error()) {
			fmt.Fprintln(os.Stderr, line)
		}
		return 1
	}
	return 0
}

// run works until the context ends or the worker meets an error it cannot live with.
func run(ctx context.Context) error {
	settings, err := config.Load()
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
	records, err := app.OpenLedger(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { _ = records.Close() }()
	steps, err := app.NewSteps(settings, records, logger)
	if err != nil {
		return err
	}
	ports, err := app.OpenPorts(ctx, settings, steps, metrics, logger)
	if err != nil {
		return err
	}
	defer ports.Close()
	return work(ctx, settings.Payloads.EncryptionKeys.ForWorkers(), app.Surroundings{Settings: settings.Worker, Billing: settings.Billing, Webhooks: settings.Webhooks, Steps: steps, Ledger: records, Metrics: metrics, Logger: logger})
}

// work takes transfers until the context ends.
func work(ctx context.Context, converters payloads.Converters, s app.Surroundings) error {
	options, err := config.Temporal()
	if err != nil {
		return err
	}
	if s.Temporal, err = app.Dial(ctx, options, converters, s.Logger, s.Metrics); err != nil {
		return err
	}
	defer s.Temporal.Close()
	if err := app.EnsureSearchAttributes(ctx, s.Temporal, options.Namespace); err != nil {
		return err
	}
	worker, err := app.NewWorker(s)
	if err != nil {
		return err
	}
	if err := worker.Start(); err != nil {
		return err
	}
	defer worker.Stop()
	s.Logger.Info("The worker takes transfers.", zap.String("temporal", options.HostPort), zap.String("namespace", options.Namespace))
	select {
	case <-ctx.Done():
		return nil
	case err := <-worker.Failed():
		return fmt.Errorf("the worker cannot go on: %w", err)
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
