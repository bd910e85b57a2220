package main

// The check command: the contract, tried on a billing system at any address.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/billing/contract"
)

// errBroken says that the billing system does not keep the contract.
var errBroken = errors.New("the billing system breaks the contract; the clauses are listed above")

const (
	outputTable = "table"
	outputJSON  = "json"
)

func checkCommand() *cobra.Command {
	var settings contract.Settings
	var restart, output string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a billing system against the contract",
		Long: "Check a billing system against docs/billing-http.md. It asks for some hundred moves of subscriptions that it\n" +
			"invents, so point it at an installation that takes any id.",
		Example: "  billing-sample check --url http://127.0.0.1:8090 --token sesame\n" +
			"  billing-sample check --url https://billing.test --token sesame --restart 'docker kill billing; docker start billing' -o json",
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&settings.BaseURL, "url", "", "base URL of the billing system")
	flags.StringVar(&settings.Token, "token", "", "bearer token that it wants")
	flags.DurationVar(&settings.Patience, "patience", 2*time.Minute, "how long one of its moves may take")
	flags.StringVar(&restart, "restart", "", "shell command that kills it and starts it again (default: this is not checked)")
	flags.StringVarP(&output, "output", "o", outputTable, "table or json")
	mandatory(cmd, "url")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if output != outputTable && output != outputJSON {
			return &usageError{fmt.Errorf("--output must be table or json, not %q", output)}
		}
		if restart != "" {
			settings.Restart = shell(restart)
		}
		peer, err := contract.NewPeer(settings)
		if err != nil {
			return &usageError{err}
		}
		results, err := contract.Run(cmd.Context(), peer)
		if err != nil {
			return err
		}
		return report(cmd.OutOrStdout(), output, results)
	}
	return cmd
}

// shell runs a command of the user. The error has what it said.
func shell(command string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		said, err := exec.CommandContext(ctx, "sh", "-c", command).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %q", err, said)
		}
		return nil
	}
}

// report writes the results. Error: errBroken when one of them is a fault.
func report(out io.Writer, output string, results []contract.Result) error {
	write := printTable
	if output == outputJSON {
		write = printJSON
	}
	if err := write(out, results); err != nil {
		return err
	}
	for _, r := range results {
		if r.Outcome == contract.Broken {
			return errBroken
		}
	}
	return nil
}

func printTable(out io.Writer, results []contract.Result) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(table.Row{"clause", "outcome", "section"})
	for _, r := range results {
		t.AppendRow(table.Row{r.Clause.Name, r.Outcome, r.Clause.Section})
	}
	_, err := fmt.Fprintln(out, t.Render())
	for _, r := range results {
		if err == nil && r.Outcome != contract.Kept {
			_, err = fmt.Fprintf(out, "\n%s, %s: %s.\n  %q\n", r.Clause.Name, r.Outcome, r.Says, r.Clause.Sentence)
		}
	}
	return err
}

func printJSON(out io.Writer, results []contract.Result) error {
	type view struct {
		Clause   string           `json:"clause"`
		Outcome  contract.Outcome `json:"outcome"`
		Says     string           `json:"says"`
		Section  string           `json:"section"`
		Sentence string           `json:"sentence"`
	}
	views := make([]view, len(results))
	for i, r := range results {
		views[i] = view{r.Clause.Name, r.Outcome, r.Says, r.Clause.Section, r.Clause.Sentence}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(views)
}
