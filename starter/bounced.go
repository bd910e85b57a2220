package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/notify/bounce"
	"handover/internal/outbox"
)

func (c *cli) bouncedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bounced [FILE|-]",
		Short: "Read one mail server's report of an e-mail that it could not deliver after all",
		Long: "Read one report of a mail server (a delivery status notification) from a file or standard input, as it comes to the address of\n" +
			"HANDOVER_SMTP_BOUNCES: through the pipe of a mail server, or from a mailbox, one run for each. An e-mail that failed is\n" +
			"undelivered from then on: it is listed, and can be sent again. Any other report changes nothing.\n" +
			"Exit status: 0 also when nothing changed, 2 for what is no report, 3 for one that is about none of our e-mail, 5 to try again.",
		Example: "  starter mail bounced report.eml\n  starter mail bounced - --ledger postgres://handover@db/handover <report.eml",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return one("report")(cmd, args)
		},
	}
	c.ledgerFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error { return c.bounced(ctx, append(args, "-")[0]) })(cmd, args)
	}
	return cmd
}

func (c *cli) bounced(ctx context.Context, file string) error {
	report, err := interruptible(ctx, func() (bounce.Report, error) { return readReport(c.in, file) })
	if err != nil {
		name := file
		if file == "-" {
			name = "standard input"
		}
		return &usageError{fmt.Errorf("%s is of no use: %w", name, err)}
	}
	b := outbox.Bounce{MessageIDs: report.MessageIDs, Attempt: report.Attempt}
	for _, of := range report.Failed() {
		b.Failed = append(b.Failed, outbox.Undeliverable{Addresses: of.Addresses, Says: of.Why()})
	}
	if len(b.Failed) == 0 {
		return c.printBounced(bouncedView{Changed: outbox.NothingFailed}, "the report does not say that the e-mail failed, but "+actions(report))
	}
	return c.withLedger(ctx, func(book records) error {
		done, err := book.MailBounced(ctx, b)
		if err != nil {
			return err
		}
		return c.printBounced(bouncedView{done.ID, done.About.Kind, done.About.ID, done.Event, done.Changed}, unchanged(done))
	})
}

func readReport(stdin io.Reader, name string) (bounce.Report, error) {
	if name == "-" {
		return bounce.Read(stdin)
	}
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return bounce.Report{}, err
	}
	report, err := bounce.Read(file)
	return report, errors.Join(err, file.Close())
}

// actions are what a report says was done about its recipients.
func actions(r bounce.Report) string {
	var all []string
	for _, of := range r.Recipients {
		all = append(all, kernel.Clip(string(of.Action)))
	}
	return kernel.ShortLine(strings.Join(all, ", "), 100)
}

// unchanged is why a report changed nothing.
func unchanged(b outbox.Bounced) string {
	return map[outbox.Change]string{
		outbox.AlreadyEnded: fmt.Sprintf("e-mail %d was undelivered already, or nobody needs it any more", b.ID),
		outbox.OtherAttempt: fmt.Sprintf("the report is about another attempt than the latest; e-mail %d was sent again", b.ID),
		outbox.NotSentYet:   fmt.Sprintf("e-mail %d still waits to be sent, so nothing of it can have come back", b.ID),
	}[b.Changed]
}

// bouncedView is the JSON of what a report made of an e-mail.
type bouncedView struct {
	Mail      int64         `json:"mail,omitempty"`
	Kind      string        `json:"kind,omitempty"` // of what it is about
	SubjectID string        `json:"id,omitempty"`
	Event     string        `json:"event,omitempty"`
	Changed   outbox.Change `json:"changed"`
}

func (c *cli) printBounced(v bouncedView, unchanged string) error {
	switch {
	case c.output == outputJSON:
		return c.printJSON(v)
	case v.Changed == outbox.NowUndelivered:
		_, err := fmt.Fprintf(c.out, "E-mail %d (%s, about %s %s) is undelivered. To send it again: starter mail resend %d\n", v.Mail, v.Event, v.Kind, v.SubjectID, v.Mail)
		return err
	}
	_, err := fmt.Fprintf(c.out, "Nothing changed: %s.\n", unchanged)
	return err
}
