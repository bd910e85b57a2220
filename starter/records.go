package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/runs"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/internal/world"
)

func (c *cli) seedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "seed FILE",
		Short:   "Fill an empty ledger with the partners, customers and subscriptions of a world file",
		Example: "  starter seed world.yaml --ledger sqlite://ledger.db",
		Args:    one("world file"),
	}
	cmd.Flags().StringVar(&c.ledger, "ledger", "", "the ledger's database, postgres://… or sqlite://…; a file is made (default HANDOVER_LEDGER_URL)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error { return c.seed(ctx, args[0]) })(cmd, args)
	}
	return cmd
}

func (c *cli) seed(ctx context.Context, file string) error {
	content, err := interruptible(ctx, func() (ledger.World, error) { return c.loadWorld(file) })
	if err != nil {
		return &usageError{err}
	}
	return c.withLedgerAt(ctx, c.ledger, func(book records) error {
		if err := book.Seed(ctx, content); err != nil {
			return err
		}
		return c.printSeeded(content)
	})
}

// loadWorld reads a world file, or standard input for "-".
func (c *cli) loadWorld(file string) (ledger.World, error) {
	if file == "-" {
		return world.Read("standard input", c.in)
	}
	return world.Load(file)
}

// verification is how verify was asked for.
type verification struct {
	ledgerOnly bool
	repair     bool
	expected   []string      // anchors, as verify printed them
	billing    billing.Asker // to be asked, too; nil for not
}

func (c *cli) verifyCommand() *cobra.Command {
	var v verification
	var askBilling bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the invariants I-1 to I-10 on the ledger and the running transfers",
		Long: "Check the invariants I-1 to I-10 on the ledger and the running transfers. It changes no data; --repair has the\n" +
			"runs look at the ledger that I-7 finds wrong, and checks again. --billing asks the billing system of\n" +
			"HANDOVER_BILLING_URL, too, about every line item that it was asked to move and that has ended.\n" +
			"With I-9 comes an anchor: kept where nobody can write who can write the ledger's database, it shows with --expect that the\n" +
			"activity log up to its time is still the same, even to whoever must mistrust the owner of that database.\n" +
			"Exit status: 0 when all hold, 1 when one does not, 5 when something could not be checked because Temporal or the\n" +
			"billing system is silent.",
		Example: "  starter verify --ledger sqlite://ledger.db\n  starter verify --ledger-only -o json\n  starter verify --repair\n" +
			"  starter verify --billing -o json | jq -r '.[] | select(.invariant == \"I-8\") | (.violations + .notes)[]'",
		Args: nothing,
	}
	c.ledgerFlag(cmd)
	cmd.Flags().BoolVar(&v.ledgerOnly, "ledger-only", false, "leave I-7 out: do not ask Temporal")
	cmd.Flags().BoolVar(&v.repair, "repair", false, "have every run that I-7 finds wrong look again, or begin, as an operator, then check again")
	cmd.Flags().BoolVar(&askBilling, "billing", false, "ask the billing system, too, whether it moved what the ledger says it moved")
	cmd.Flags().StringArrayVar(&v.expected, "expect", nil, "an anchor that an earlier verify printed, which the log must still fit; may be repeated")
	cmd.MarkFlagsMutuallyExclusive("ledger-only", "repair")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if askBilling {
			var err error
			if v.billing, err = c.env.billing(); err != nil {
				return err
			}
		}
		return c.withLedger(ctx, func(book records) error { return c.verify(ctx, book, v) })
	})
	return cmd
}

// verify prints every finding, then fails when an invariant does not hold or could not be checked.
func (c *cli) verify(ctx context.Context, book records, v verification) error {
	found, err := book.Verify(ctx)
	if err != nil {
		return err
	}
	empty, err := book.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		c.say("The ledger is empty, so there is nothing to check. Is it the right database?")
	}
	all, err := checkedLedger(ctx, book, found, v.expected)
	if err != nil {
		return err
	}
	var silences []error
	if !v.ledgerOnly {
		agree, err := c.verifyAgreement(ctx, book, v.repair)
		if err != nil && !errors.Is(err, transferclient.ErrUnavailable) {
			return err
		}
		all, silences = append(all, checkedUnless(err, agree)), append(silences, err)
	}
	if v.billing != nil {
		agree, err := c.verifyBilling(ctx, book, v.billing)
		all, silences = append(all, checkedUnless(err, agree)), append(silences, err)
	}
	slices.SortStableFunc(all, func(a, b checked) int { return cmp.Compare(number(a.Invariant), number(b.Invariant)) })
	if err := c.printFindings(tidy(all)); err != nil {
		return err
	}
	for _, f := range all {
		if f.Count > 0 {
			return errViolated
		}
	}
	return errors.Join(silences...)
}

// number is that of an invariant, such as 10 of I-10.
func number(invariant string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(invariant, "I-"))
	if err != nil {
		return math.MaxInt
	}
	return n
}

// checkedLedger is what was found in the ledger, with the anchor of the log.
func checkedLedger(ctx context.Context, book records, found []ledger.Finding, expected []string) ([]checked, error) {
	all := make([]checked, 0, len(found)+2)
	for _, f := range found {
		one := checked{Finding: f}
		if f.Invariant == ledger.Wholeness {
			var err error
			if one, err = anchored(ctx, book, f, expected); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// anchored adds to the finding about the log what it is now, and what it is no longer.
func anchored(ctx context.Context, book records, f ledger.Finding, expected []string) (checked, error) {
	now, err := book.Anchor(ctx)
	if err != nil {
		return checked{}, err
	}
	for _, text := range expected {
		before, err := ledger.ParseAnchor(text)
		if err != nil {
			return checked{}, &usageError{fmt.Errorf("--expect %q: %w", text, err)}
		}
		holds, err := book.Holds(ctx, before)
		if err != nil {
			return checked{}, err
		}
		if !holds {
			f.Broken, f.Count = append(f.Broken, fmt.Sprintf("The log does not fit the anchor %s.", before)), f.Count+1
		}
	}
	return checked{Finding: f, Anchor: now.String()}, nil
}

// checkedUnless is the finding, with the reason why it is none or does not cover everything.
func checkedUnless(err error, f ledger.Finding) checked {
	switch {
	case errors.Is(err, context.Canceled):
		return checked{Finding: f, NotChecked: "interrupted"}
	case err != nil:
		return checked{Finding: f, NotChecked: err.Error()}
	}
	return checked{Finding: f}
}

// tidy makes an empty list of violations an empty list in JSON.
func tidy(all []checked) []checked {
	for i := range all {
		if all[i].Broken == nil {
			all[i].Broken = []string{}
		}
	}
	return all
}

func (c *cli) verifyAgreement(ctx context.Context, book records, repair bool) (ledger.Finding, error) {
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	service, err := c.env.connect(patience, c.address, c.namespace)
	if err != nil {
		return agreementFinding(), err
	}
	defer service.Close()
	a := &agreement{book: book, service: service, patience: c.timeout, wait: c.env.wait}
	wrong, checked, err := a.check(ctx)
	if err == nil && repair && len(wrong) > 0 {
		if err = c.repair(ctx, book, wrong); err == nil {
			wrong, checked, err = a.check(ctx)
		}
	}
	if err != nil {
		return agreementFinding(), err
	}
	return findingOf(wrong, checked), nil
}

// verifyBilling asks the billing system. What was found before it stopped counts.
func (c *cli) verifyBilling(ctx context.Context, book records, system billing.Asker) (ledger.Finding, error) {
	show, end := c.counter("line items asked about")
	defer end()
	q := &inquiry{book: book, billing: system, wait: c.env.wait, show: show}
	return q.ask(ctx)
}

const (
	repairLooks = 10 // for the workers to have told the runs
	repairPause = time.Second
)

// repair resumes the transfers that are wrong, says so, and waits a moment for their runs to be told.
func (c *cli) repair(ctx context.Context, book records, wrong []disagreement) error {
	ids, others, err := c.raiseAgain(ctx, book, wrong)
	if err != nil {
		return err
	}
	for range repairLooks {
		if err := c.env.wait(ctx, repairPause); err != nil {
			return err
		}
		behind, err := anyBehind(ctx, book, ids, others)
		if err != nil || !behind {
			return err
		}
	}
	c.say("Not every run is told yet. A worker tells them; see starter stuck.")
	return nil
}

// raiseAgain resumes the transfers among what is wrong, has the other runs look again or begin, and returns the ids of the ones and the
// workflow ids of the others.
func (c *cli) raiseAgain(ctx context.Context, book records, wrong []disagreement) (ids, others []string, err error) {
	var wanted []runs.Wanted
	for i, w := range wrong {
		if w.run == nil {
			ids = append(ids, w.id)
		} else {
			wanted, others = append(wanted, *w.run), append(others, w.run.WorkflowID)
		}
		if i < mostListed {
			c.say("I-7: " + w.says)
		}
	}
	if len(ids) > 0 {
		n, err := book.Resume(ctx, c.resumption(resumption{}), ids...)
		if err != nil {
			return nil, nil, err
		}
		c.say(fmt.Sprintf("%s of %d resumed by %s; checking again.", ofTransfers(n), len(ids), c.operator().UserID))
	}
	if len(wanted) > 0 {
		c.say(fmt.Sprintf("Runs of other kinds, %d of them, are begun again; checking again.", len(wanted)))
		err = book.WantRuns(ctx, wanted...)
	}
	return ids, others, err
}

// anyBehind tells whether a run of the transfers, or one of the others, is still to be told.
func anyBehind(ctx context.Context, book records, ids, others []string) (bool, error) {
	if behind, err := book.RunsBehind(ctx, others...); err != nil || behind > 0 {
		return behind > 0, err
	}
	for _, id := range ids {
		f, err := book.FollowOf(ctx, id)
		if err != nil && !errors.Is(err, transfer.NotFound) {
			return false, err
		}
		if f.Behind > 0 {
			return true, nil
		}
	}
	return false, nil
}
