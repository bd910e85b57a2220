package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/platform"
	"handover/internal/progress"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// errNotComplete makes the demo's exit status say that the transfer did not end well.
var errNotComplete = errors.New("the transfer did not become Complete")

// followEvery is how often the display looks again: often enough to look live, seldom enough to cost nothing.
const followEvery = 200 * time.Millisecond

// playDemo starts the platform, moves everything eligible of the sample's first customer, and shows it.
func playDemo(ctx context.Context, o options, exit bool, out io.Writer) error {
	p, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer p.Stop()
	fmt.Fprintf(out, "\nTemporal %s   Web UI %s   data %s\n\n", p.Engine.Address(), p.Engine.UIAddress(), p.Dir)
	final, took, err := play(ctx, p, out)
	if err != nil {
		return err
	}
	if !exit {
		fmt.Fprintf(out, "\nEverything stays up to look around; Ctrl-C stops it.\n")
	}
	fmt.Fprintln(out, progress.Summary(final, took))
	if !exit {
		if err := p.Wait(ctx); err != nil {
			return err
		}
	}
	if final.Transfer.Status != transfer.Complete {
		return errNotComplete
	}
	return nil
}

// play requests, approves and follows one transfer, as target and source would.
func play(ctx context.Context, p *platform.Platform, out io.Writer) (final operatorview.Snapshot, took time.Duration, err error) {
	began := time.Now()
	demo, err := demoCustomer(ctx, p)
	if err != nil {
		return final, 0, err
	}
	fmt.Fprintf(out, "1. %s asks for the subscriptions of %s, which %s bills today.\n", demo.TargetName(), demo.CustomerName, demo.SourceName)
	request := demo.Request(uuid.NewString())
	id := transfer.NewID(request)
	opened, err := p.Transfers.Create(ctx, request)
	if err != nil {
		return final, 0, err
	}
	fmt.Fprintf(out, "   Transfer %s is %s until %s.\n", id, opened.Status, opened.ExpirationTime)
	fmt.Fprintf(out, "   In the Web UI: %s\n", page(p, id))
	if err := awaitMail(ctx, p, id); err != nil { // the source hears of it before it answers, as people do
		return final, 0, err
	}
	fmt.Fprintf(out, "2. %s approves and picks everything eligible.\n", demo.SourceName)
	submitted, err := p.Transfers.Submit(ctx, id, transfer.Approval{
		RequestID: uuid.NewString(), Selection: transfer.Selection{AllEligible: true},
		Actor: kernel.Actor{PartnerTenantID: demo.SourceTenantID, UserID: demo.SourceUserID},
	})
	if err != nil {
		return final, 0, err
	}
	fmt.Fprintf(out, "3. %d line items move.\n", submitted.Items.Total())
	read := func(ctx context.Context) (operatorview.Snapshot, error) {
		return operatorview.FromLedger(ctx, p.Ledger, id)
	}
	if final, err = progress.Follow(ctx, out, read, progress.Options{Every: followEvery}); err != nil {
		return final, 0, err
	}
	took = time.Since(began)
	if err := p.Connection.GetWorkflow(ctx, transfer.WorkflowID(id), "").Get(ctx, nil); err != nil {
		return final, took, err
	}
	if err := awaitMail(ctx, p, id); err != nil {
		return final, took, err
	}
	return final, took, showMail(ctx, p, out, id)
}

// awaitMail waits until the relay has sent everything that the transfer owes.
func awaitMail(ctx context.Context, p *platform.Platform, id string) error {
	for {
		now, err := operatorview.FromLedger(ctx, p.Ledger, id)
		if err != nil || len(now.Mail) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

// demoCustomer is the sample's customer; once it has been moved, a fresh copy of it is added to the ledger.
func demoCustomer(ctx context.Context, p *platform.Platform) (world.Demonstration, error) {
	demo := world.Demo()
	held, err := p.Ledger.Subscriptions(ctx, demo.CustomerTenantID, demo.SourceTenantID)
	if err != nil {
		return demo, err
	}
	for _, s := range held {
		if s.Status == subscription.Active && s.SandboxFault != "" {
			return demo, nil
		}
	}
	copied, demo := world.DemoCopy(uuid.NewString())
	if err := p.Ledger.Extend(ctx, copied); err != nil {
		return demo, fmt.Errorf("the demo needs the sample's partners; use another --data-dir, without --world: %w", err)
	}
	return demo, nil
}

// showMail lists the e-mails that the catcher received about the transfer.
func showMail(ctx context.Context, p *platform.Platform, out io.Writer, transferID string) error {
	sent, err := p.Ledger.Notifications(ctx, transferstore.Subject(transferID))
	if err != nil {
		return err
	}
	caught, err := p.Mail.Messages()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "4. E-mail that went out:\n")
	for _, n := range sent {
		for _, m := range caught {
			if strings.Trim(m.MessageID, "<>") == strings.Trim(n.MessageID, "<>") {
				fmt.Fprintf(out, "   %-28s %s\n     %s\n", kernel.Line(n.Recipient), kernel.Line(m.Subject), m.Path)
			}
		}
	}
	return nil
}
