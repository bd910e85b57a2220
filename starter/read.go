package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/progress"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/workflows"
)

func (c *cli) getCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "get ID",
		Short:   "Show a transfer with its line items, as an operator sees it",
		Example: "  starter get 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001\n  starter get ID -o json | jq '.lineItems[] | select(.attempts > 1)'",
		Args:    c.aTransfer,
		RunE: c.work(func(ctx context.Context) error {
			return c.withTransfers(ctx, func(ctx context.Context, service transfers) error {
				snapshot, err := service.Get(ctx, c.id)
				if err != nil {
					return err
				}
				return c.printSnapshot(snapshot)
			})
		}),
	}
}

func (c *cli) listCommand() *cobra.Command {
	var f transferclient.Filter
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List transfers, the newest first",
		Long:    "List transfers, the newest first, from Temporal's index. It may lag a moment behind, and forgets\ntransfers that ended longer ago than the namespace keeps runs.",
		Example: "  starter list --status InProgress\n  starter list --partner 1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001 --limit 0 -o json",
		Args:    cobra.NoArgs,
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
		if _, err := transfer.ParseID(id[0], id[1]); err != nil {
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
			c.tell(fmt.Sprintf("There are more than these %d; --limit 0 lists all.", limit))
		}
		return c.printList(found)
	})
}

func (c *cli) watchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Follow a transfer until it is over",
		Long: "Follow a transfer until it is over: live on a terminal, else one line per change.\n" +
			"Exit status: 0 when it became Complete, 3 for any other end. --timeout bounds the first answer only.",
		Example: "  starter watch 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001",
		Args:    c.aTransfer,
	}
	every := cmd.Flags().Duration("every", time.Second, "how often to look")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if *every <= 0 {
			return &usageError{fmt.Errorf("--every must be positive, not %s", *every)}
		}
		return c.watch(ctx, *every)
	})
	return cmd
}

// watch needs one answer within the timeout. Later silence is shown and waited for.
func (c *cli) watch(ctx context.Context, every time.Duration) error {
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	service, err := c.env.connect(patience, c.address, c.namespace)
	if err != nil {
		return err
	}
	defer service.Close()
	if _, err := service.Get(patience, c.id); err != nil {
		return err
	}
	out, plain := c.out, c.dumb()
	if c.output == outputJSON {
		out, plain = c.err, true
	}
	read := func(ctx context.Context) (workflows.Snapshot, error) { return service.Get(ctx, c.id) }
	final, err := progress.Follow(ctx, out, read, progress.Options{Every: every, Plain: plain})
	if err != nil {
		return err
	}
	return c.printEnd(final)
}

// printEnd says what became of a watched transfer. Anything but Complete is an error.
func (c *cli) printEnd(final workflows.Snapshot) error {
	if c.output == outputJSON {
		if err := c.printJSON(final.Transfer); err != nil {
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
