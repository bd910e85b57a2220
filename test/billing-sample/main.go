// Command billing-sample is an operator's side of docs/billing-http.md: a billing system on one SQLite file that moves once
// per key, whatever happens. It is there to be copied from. It also checks a billing system of yours.
//
//	main.go     the command line
//	serve.go    serve: what runs, and how it ends
//	door.go     who and what is let in
//	answers.go  the three requests, and how each state is answered
//	book.go     the table of moves: every request is one transaction
//	work.go     moves that take their time are finished
//	calls.go    and Handover is called back
//	check.go    check: the contract, tried on any address
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(execute()) }

// execute runs the command and returns the exit status.
func execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "billing-sample:", err)
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
	root := &cobra.Command{
		Use:   "billing-sample",
		Short: "A billing system to copy from, and the check of yours",
		Long: "A billing system to copy from, and the check of yours. docs/billing-http.md is the contract.\n\n" +
			"Exit status: 0 done, 2 the command line cannot be used, 1 anything else, such as a broken clause.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(serveCommand(), checkCommand())
	return root
}

// mandatory marks flags without which the command makes no sense.
func mandatory(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that was never defined
		}
	}
}
