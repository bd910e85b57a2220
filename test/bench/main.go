// Command bench measures transfers against the budgets of the design, against a naive implementation and against the same
// steps with nothing but the ledger, on one server and database and in one run. It starts everything it needs by itself, on loopback.
//
//	main.go        the command line
//	bench.go       which figures are taken, in which order
//	stage.go       the platform they are taken on
//	book.go        a ledger with customers to be moved
//	contender.go   one way to make a transfer: ours, the naive one, or the bare steps
//	race.go        rows 3 and 4: how fast
//	weight.go      rows 1, 2, 5 and 8: how many events, actions and statements, how much memory
//	webhooks.go    row 9: how fast a backlog of webhooks is told, and what each costs; receiver.go who hears it
//	mails.go       row 10: the same of e-mail
//	latency.go     row 7: how soon the HTTP API answers; writing.go and reading.go its requests, caller.go its client
//	past.go        the transfers that are in the ledger before that; past.sql how they are written
//	actions.go     the count rule of billable actions
//	report.go      the table; latencytable.go that of row 7, machine.go where it was measured
//
// Times depend on the machine and decide nothing. What decides the exit status is that every transfer completes, that
// every count is right and that the ledger's invariants hold.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// mostTime bounds a run, whatever happens.
const mostTime = 45 * time.Minute

func main() {
	if err := execute(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// execute lets an interrupted run clean up after itself.
func execute() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return commandLine().ExecuteContext(ctx)
}

// options are the command line.
type options struct {
	database   string
	rounds     int
	quick      bool
	rows       []int
	only       string
	output     string
	cpuProfile string
}

func commandLine() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure transfers against the budgets, a naive implementation and the bare steps",
		Long: "Starts PostgreSQL with fsync on and a Temporal server on it, runs transfers with ours, with a naive implementation and\n" +
			"with the bare steps in turn, and prints the medians. Row 5 always runs on SQLite, as the standalone does, row 7 on both databases.",
		Args:         cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr()) },
	}
	c.Flags().StringVar(&o.database, "db", "postgres", "database of server and ledger: postgres or sqlite")
	c.Flags().IntVar(&o.rounds, "rounds", 5, "how often rows 3, 4, 9 and 10 are measured, 1 to 50; row 9 three times at most")
	c.Flags().BoolVar(&o.quick, "quick", false, "one round of small sizes: shows that it works, the figures say nothing")
	c.Flags().IntSliceVar(&o.rows, "rows", []int{1, 2, 3, 4, 5, 7, 8, 9, 10}, "rows of the budget table to measure")
	c.Flags().StringVar(&o.only, "only", "", "measure one contender: ours, naive or bare")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
	c.Flags().StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile of this process to the file")
	return c
}

func (o options) check() error {
	for _, choice := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--db", o.database, []string{"postgres", "sqlite"}},
		{"--only", o.only, []string{"", oursName, naiveName, bareName}},
		{"--output", o.output, []string{"table", "json"}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			return fmt.Errorf("%s cannot be %q; run with --help to see what it can be", choice.flag, choice.value)
		}
	}
	if o.rounds < 1 || o.rounds > 50 {
		return errors.New("--rounds must be from 1 to 50")
	}
	return nil
}

func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, mostTime, fmt.Errorf("the benchmark took longer than %s and was ended", mostTime))
	defer cancel()
	stopProfile, err := profile(o.cpuProfile)
	if err != nil {
		return err
	}
	r, err := measure(ctx, o, progress)
	if err = errors.Join(err, stopProfile()); err != nil {
		return err
	}
	if o.output == "json" {
		return r.writeJSON(out)
	}
	r.writeTable(out)
	return nil
}

// profile starts a CPU profile; the returned function ends it.
func profile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("the profile cannot be written, choose another file with --cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
