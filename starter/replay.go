package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/kernel"
)

// errDiverges says that this build must not be deployed.
var errDiverges = errors.New("a worker of this build could not go on with the runs above; do not deploy it")

// repetition is what is to be replayed, as the command line says it.
type repetition struct {
	file   string // of one history, "-" for standard input; empty for the runs that are open
	filter string
	limit  int
}

func (c *cli) replayCommand() *cobra.Command {
	var r repetition
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Try whether workers of this build can go on with every run that is open",
		Long: "Try whether workers of this build can go on with every run that is open: before a deploy, replay each history with\n" +
			"the workflows of this program. It reads histories and changes nothing.\n" +
			"Exit status: 0 when all replay, or none is open; 1 when one does not: do not deploy.",
		Example: "  starter replay\n  starter replay --query \"TransferStatus = 'InProgress'\" --limit 1000 -o json\n" +
			"  temporal workflow show --workflow-id transfer/ID -o json | starter replay --history -",
		Args: nothing,
	}
	cmd.Flags().StringVar(&r.file, "history", "", "only this history, as temporal workflow show -o json writes it; - for standard input")
	cmd.Flags().StringVar(&r.filter, "query", "", "only the runs that this list filter of Temporal finds")
	cmd.Flags().IntVar(&r.limit, "limit", 0, "at most this many, the newest; 0 for all")
	cmd.MarkFlagsMutuallyExclusive("history", "query")
	cmd.MarkFlagsMutuallyExclusive("history", "limit")
	cmd.RunE = c.work(func(ctx context.Context) error {
		switch {
		case r.limit < 0:
			return &usageError{fmt.Errorf("--limit must be 0 or more, not %d", r.limit)}
		case cmd.Flags().Changed("history"):
			return c.replayFile(ctx, r.file)
		}
		return c.replayOpen(ctx, r)
	})
	return cmd
}

// replayFile replays the history of a file, whether its run is over or not.
func (c *cli) replayFile(ctx context.Context, name string) error {
	history, err := c.readHistory(ctx, name)
	if err != nil {
		return &usageError{fmt.Errorf("--history: %w", err)}
	}
	begun := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	run := workflowRun{begun.GetWorkflowType().GetName(), begun.GetWorkflowId(), begun.GetOriginalExecutionRunId()}
	var found outcome
	b, err := c.env.build()
	if err != nil {
		return err
	}
	found.add(run, b.replay(run, history))
	return c.printReplayed(found)
}

// readHistory reads a history that begins as all do.
func (c *cli) readHistory(ctx context.Context, name string) (*historypb.History, error) {
	text, err := readText(ctx, c.in, name)
	if err != nil {
		return nil, err
	}
	history, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s is no history: %w", name, err)
	}
	if len(history.GetEvents()) == 0 || history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes() == nil {
		return nil, fmt.Errorf("%s is no history: its first event is not the start of a workflow", name)
	}
	return history, nil
}

// replayOpen replays what is open at Temporal. What it has when it must stop, it prints.
func (c *cli) replayOpen(ctx context.Context, r repetition) error {
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	service, err := c.env.connect(patience, c.address, c.namespace)
	if err != nil {
		return err
	}
	defer service.Close()
	b, err := c.env.build()
	if err != nil {
		return err
	}
	show, end := c.counter("runs replayed")
	rehearsal := &rehearsal{service: service, build: b, filter: r.filter, limit: r.limit, patience: c.timeout, show: show}
	err = rehearsal.all(ctx)
	end()
	if rehearsal.more {
		c.say(fmt.Sprintf("There are more than these %d; --limit 0 replays all.", r.limit))
	}
	return c.printRehearsed(rehearsal.found, err)
}

// printRehearsed prints what was found until all was, or until the rehearsal stopped for that reason.
func (c *cli) printRehearsed(found outcome, stopped error) error {
	var usage *usageError
	if errors.As(stopped, &usage) {
		return stopped
	}
	if stopped == nil && found.total() == 0 {
		c.say("No run is open that this could be tried with.")
	}
	diverges := c.printReplayed(found)
	switch {
	case stopped == nil:
		return diverges
	case diverges == nil:
		return fmt.Errorf("%s replayed, then: %w", ofRuns(found.total()), stopped)
	}
	return fmt.Errorf("%w; not all were tried: %w", diverges, stopped)
}

func ofRuns(n int) string {
	if n == 1 {
		return "1 run was"
	}
	return fmt.Sprintf("%d runs were", n)
}

// printReplayed fails when a run diverges.
func (c *cli) printReplayed(found outcome) error {
	if err := c.printOutcome(found); err != nil {
		return err
	}
	if found.diverged() > 0 {
		return errDiverges
	}
	return nil
}

func (c *cli) printOutcome(found outcome) error {
	if c.output == outputJSON {
		found.Types, found.Diverging = append([]typeOutcome{}, found.Types...), append([]divergingRun{}, found.Diverging...)
		return c.printJSON(found)
	}
	if len(found.Types) == 0 {
		return nil
	}
	rows := make([]table.Row, 0, len(found.Types))
	for _, t := range found.Types {
		rows = append(rows, table.Row{t.Type, t.Replayed, t.Diverged})
	}
	c.printTable(table.Row{"type", "replayed", "diverged"}, rows)
	for _, d := range found.Diverging {
		fmt.Fprintf(c.out, "%s: %s\n", kernel.Line(d.WorkflowID), kernel.Line(d.Reason))
	}
	if more := found.diverged() - len(found.Diverging); more > 0 {
		fmt.Fprintf(c.out, "and %d more\n", more)
	}
	return nil
}
