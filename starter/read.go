package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/progress"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

func (c *cli) getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show a transfer with its line items, as an operator sees it",
		Long: "Show a transfer as an operator sees it: from the ledger at hand, with every line item; without one its run is\n" +
			"asked over Temporal, which knows the counts and not the items.",
		Example: "  starter get 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001\n  starter get ID -o json | jq '.lineItems[] | select(.attempts > 1)'",
		Args:    c.aTransfer,
		RunE:    c.work(c.get),
	}
	c.ledgerFlag(cmd)
	return cmd
}

func (c *cli) get(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.withView(ctx, func(v view) error {
		snapshot, err := v.read(ctx)
		if err != nil {
			return err
		}
		if v.ofRun {
			c.say("This is what the transfer's run says. Names, line items and e-mail stand in the ledger: name it with --ledger.")
		}
		return c.printSnapshot(snapshot)
	})
}

// view reads how the transfer stands.
type view struct {
	read  func(ctx context.Context) (operatorview.Snapshot, error)
	ofRun bool // not the ledger is asked, but the run
}

// withView does the work with the ledger at hand, when it has the transfer, and otherwise with the transfer's run.
func (c *cli) withView(ctx context.Context, do func(view) error) error {
	at, err := c.env.ledgerAt(c.ledger, c.address)
	if err != nil {
		return err
	}
	if at != "" {
		known := true
		err := c.withLedgerAt(ctx, at, func(book records) error {
			if _, err := book.Transfer(ctx, c.id); err != nil {
				known = !errors.Is(err, transfer.NotFound)
				return err
			}
			return do(view{read: func(ctx context.Context) (operatorview.Snapshot, error) {
				return operatorview.FromLedger(ctx, book, c.id)
			}})
		})
		if known {
			return err
		}
	}
	service, err := c.env.connect(ctx, c.address, c.namespace)
	if err != nil {
		return err
	}
	defer service.Close()
	return do(view{ofRun: true, read: func(ctx context.Context) (operatorview.Snapshot, error) { return service.Get(ctx, c.id) }})
}

func (c *cli) listCommand() *cobra.Command {
	var f transferclient.Filter
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List transfers, the newest first",
		Long:    "List transfers, the newest first, from Temporal's index. It may lag a moment behind, and forgets\ntransfers that ended longer ago than the namespace keeps runs.",
		Example: "  starter list --status InProgress\n  starter list --partner 1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001 --limit 0 -o json",
		Args:    nothing,
	}
	cmd.Flags().StringVar(&f.CustomerTenantID, "customer", "", "of this customer only, by Microsoft ID")
	cmd.Flags().StringVar(&f.PartnerTenantID, "partner", "", "with this partner as source or target, by Microsoft ID")
	status := cmd.Flags().String("status", "", "in this state only")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most this many, 0 for all")
	complete(cmd, "status", transfer.Statuses()[1:]...)
	cmd.RunE = c.work(func(ctx context.Context) error {
		f.Status = transfer.Status(*status)
		if err := checkFilter(f); err != nil {
			return &usageError{err}
		}
		return c.list(ctx, f)
	})
	return cmd
}

// checkFilter finds what is wrong with a filter before anything is sent.
func checkFilter(f transferclient.Filter) error {
	for _, id := range [][2]string{{"--customer", f.CustomerTenantID}, {"--partner", f.PartnerTenantID}} {
		if id[1] == "" {
			continue
		}
		if _, err := kernel.ParseID(id[0], id[1]); err != nil {
			return err
		}
	}
	if f.Limit < 0 {
		return fmt.Errorf("--limit must be 0 or more, not %d", f.Limit)
	}
	if states := transfer.Statuses(); !slices.Contains(states, f.Status) {
		return fmt.Errorf("--status must be one of %v, not %q", states[1:], f.Status)
	}
	return nil
}

func (c *cli) list(ctx context.Context, f transferclient.Filter) error {
	limit := f.Limit
	if limit > 0 {
		f.Limit++ // one more tells whether there are more
	}
	return c.withTransfers(ctx, func(ctx context.Context, service transfers) error {
		found, err := service.List(ctx, f)
		if err != nil {
			return err
		}
		if limit > 0 && len(found) > limit {
			found = found[:limit]
			c.say(fmt.Sprintf("There are more than these %d; --limit 0 lists all.", limit))
		}
		return c.printList(found)
	})
}

// shortestLook keeps a watch from being a load.
const shortestLook = 10 * time.Millisecond

func (c *cli) watchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Follow a transfer until it is over",
		Long: "Follow a transfer until it is over: live on a terminal, else one line per change. It reads what get reads.\n" +
			"Exit status: 0 when it became Complete, 3 for any other end. --timeout bounds the first answer only.",
		Example: "  starter watch 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001",
		Args:    c.aTransfer,
	}
	c.ledgerFlag(cmd)
	every := cmd.Flags().Duration("every", time.Second, "how often to look")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if *every < shortestLook {
			return &usageError{fmt.Errorf("--every must be at least %s, not %s", shortestLook, *every)}
		}
		return c.watch(ctx, *every)
	})
	return cmd
}

// watch needs one answer within the timeout. Later silence is shown and waited for.
func (c *cli) watch(ctx context.Context, every time.Duration) error {
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.withView(patience, func(v view) error {
		if _, err := v.read(patience); err != nil {
			return err
		}
		out, plain := c.out, c.dumb()
		if c.output == outputJSON {
			out, plain = c.err, true
		}
		final, err := progress.Follow(ctx, out, v.read, progress.Options{Every: every, Plain: plain})
		if err != nil {
			return err
		}
		return c.printEnd(final)
	})
}

// printEnd says what became of a watched transfer. Anything but Complete is an error.
func (c *cli) printEnd(final operatorview.Snapshot) error {
	if c.output == outputJSON {
		if err := c.printJSON(snapshotView(final)); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.out, progress.Summary(final, lasted(final.Transfer)))
	}
	if final.Transfer.Status != transfer.Complete {
		return &notCompleteError{final.Transfer.Status}
	}
	return nil
}

// lasted is the time from the request of a transfer to its end.
func lasted(e transfer.Entity) time.Duration {
	end := e.CompletedTime
	if end == "" {
		end = e.LastModifiedTime
	}
	from, errFrom := time.Parse(time.RFC3339, e.CreatedTime)
	to, errTo := time.Parse(time.RFC3339, end)
	if errFrom != nil || errTo != nil || to.Before(from) {
		return 0 // whole seconds against fractions of one
	}
	return to.Sub(from)
}
