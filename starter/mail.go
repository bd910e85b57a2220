package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/outbox"
	transferstore "handover/internal/transfer/store"
)

func (c *cli) mailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "mail",
		Short:   "List e-mails that could not be delivered, have them sent again, read what bounces, on the ledger",
		Example: "  starter mail undelivered\n  starter mail resend --all",
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(c.undeliveredCommand(), c.resendCommand(), c.bouncedCommand())
	return cmd
}

// mostUndelivered bounds the list: what keeps so many from being delivered, no list shows better.
const mostUndelivered = 1000

func (c *cli) undeliveredCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undelivered",
		Short: "List e-mails that could not be delivered: why, since when, to whom, about what",
		Long: "List e-mails that could not be delivered, from the ledger: refused by the mail server for good, given up after days,\n" +
			"bounced, or for an address that it cannot take. Those that wait to be sent are shown by stuck. At most " + strconv.Itoa(mostUndelivered) + " are listed.",
		Example: "  starter mail undelivered\n  starter mail undelivered --transfer ID -o json | jq -r '.mails[].reason'",
		Args:    cobra.NoArgs,
	}
	about := c.aboutFlag(cmd)
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		subject, err := about()
		if err != nil {
			return err
		}
		return c.withLedger(ctx, func(book records) error {
			if err := knownSubject(ctx, book, subject); err != nil {
				return err
			}
			mails, count, err := book.UndeliveredMail(ctx, subject, mostUndelivered)
			if err != nil {
				return err
			}
			return c.printUndelivered(mails, count)
		})
	})
	return cmd
}

func (c *cli) resendCommand() *cobra.Command {
	var w outbox.Which
	var all bool
	cmd := &cobra.Command{
		Use:   "resend MAIL… | --all | --transfer ID",
		Short: "Put undelivered e-mails in the queue again, as an operator",
		Long: "Put e-mails that could not be delivered in the queue again, as an operator: those that are named by the numbers that\n" +
			"undelivered shows, all of them or none, or up to a thousand of all. Workers send them within seconds, to the same\n" +
			"addresses and with the same Message-IDs. The logs of both parties of the transfers say so.",
		Example: "  starter mail resend 17 23\n  starter mail resend --transfer 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001\n  starter mail resend --all",
		Args: func(cmd *cobra.Command, args []string) error {
			var err error
			w.IDs, err = mailNumbers(args)
			if one := len(args) > 0; err == nil && one == (all || cmd.Flags().Changed("transfer")) {
				err = fmt.Errorf("%s takes the numbers of e-mails, or --all, or --transfer, and one of them only", cmd.CommandPath())
			}
			return err
		},
	}
	about := c.aboutFlag(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every e-mail that could not be delivered")
	cmd.MarkFlagsMutuallyExclusive("all", "transfer")
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		var err error
		if w.About, err = about(); err != nil {
			return err
		}
		id, err := requestID()
		if err != nil {
			return err
		}
		return c.resend(ctx, w, id)
	})
	return cmd
}

// aboutFlag adds --transfer. The function it returns gives the subject, the zero one for any. Error: *usageError.
func (c *cli) aboutFlag(cmd *cobra.Command) func() (outbox.Subject, error) {
	id := cmd.Flags().String("transfer", "", "only those about this transfer")
	return func() (outbox.Subject, error) {
		if !cmd.Flags().Changed("transfer") {
			return outbox.Subject{}, nil
		}
		parsed, err := kernel.ParseID("--transfer", *id)
		if err != nil {
			return outbox.Subject{}, &usageError{err}
		}
		return transferstore.Subject(parsed), nil
	}
}

// mailNumbers reads the numbers of e-mails, each once.
func mailNumbers(args []string) ([]int64, error) {
	var ids []int64
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return nil, fmt.Errorf("%q is not the number of an e-mail, as mail undelivered shows it", kernel.Clip(arg))
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// knownSubject makes sure that there is such a transfer, where one is named. Refusal: NotFound.
func knownSubject(ctx context.Context, book records, about outbox.Subject) error {
	if about == (outbox.Subject{}) {
		return nil
	}
	_, err := book.Transfer(ctx, about.ID)
	return err
}

func (c *cli) resend(ctx context.Context, w outbox.Which, requestID string) error {
	return c.withLedger(ctx, func(book records) error {
		if err := knownSubject(ctx, book, w.About); err != nil {
			return err
		}
		done, err := book.ResendMail(ctx, w, c.operator(), command.Terms[ledger.Resent]{
			Claim: c.claim("mail resend", requestID, w), Answer: keptAnswer[ledger.Resent], Origin: c.origin(),
		})
		var repeated *command.Repeated
		if errors.As(err, &repeated) {
			err = json.Unmarshal(repeated.Answer.Body, &done)
		}
		if err != nil {
			return unsureError(err, requestID)
		}
		return c.printResent(done, requestID)
	})
}

// The JSON of undelivered e-mails.
type (
	undeliveredView struct {
		Mails []undeliveredMail `json:"mails"`
		Count int               `json:"count"` // of all, also those beyond the list
	}
	undeliveredMail struct {
		Mail      int64     `json:"mail"` // its number
		Kind      string    `json:"kind"` // of what it is about
		SubjectID string    `json:"id"`
		Event     string    `json:"event"`
		Audience  string    `json:"audience"`
		Recipient string    `json:"recipient"`
		Reason    string    `json:"reason"`
		Attempts  int       `json:"attempts"`
		OwedAt    time.Time `json:"owedAt"`
		Since     time.Time `json:"since"`
		ResentAt  time.Time `json:"resentAt,omitzero"`
		ResentBy  string    `json:"resentBy,omitempty"`
	}
)

func (c *cli) printUndelivered(mails []outbox.Undelivered, count int) error {
	v := undeliveredView{Mails: []undeliveredMail{}, Count: count}
	rows := make([]table.Row, 0, len(mails))
	for _, m := range mails {
		v.Mails = append(v.Mails, undeliveredMail{
			m.ID, m.Subject.Kind, m.Subject.ID, m.Event, m.Audience, m.Recipient, m.LastError, m.Attempts, m.OwedAt, m.EndedAt, m.ResentAt, m.ResentBy,
		})
		rows = append(rows, table.Row{
			m.ID, m.Subject.Kind + " " + m.Subject.ID, m.Event, m.Audience, m.Recipient, moment(m.EndedAt), m.Attempts, moment(m.ResentAt), m.LastError,
		})
	}
	if c.output == outputJSON {
		return c.printJSON(v)
	}
	if count == 0 {
		c.say("No e-mail is undelivered.")
		return nil
	}
	c.printTable(table.Row{"mail", "about", "event", "to", "address", "since", "attempts", "sent again", "why"}, rows)
	if count > len(mails) {
		c.say(fmt.Sprintf("%d more are undelivered.", count-len(mails)))
	}
	return nil
}

func (c *cli) printResent(done ledger.Resent, requestID string) error {
	if c.output == outputJSON {
		return c.printJSON(struct {
			ledger.Resent
			RequestID string `json:"requestId"`
		}{done, requestID})
	}
	rows := []table.Row{{"In the queue again", len(done.Mails)}}
	if done.Left > 0 {
		rows = append(rows, table.Row{"Left", fmt.Sprintf("%d; run it again without a --request-id", done.Left)})
	}
	c.printTable(nil, append(rows, table.Row{"Request id", requestID}))
	return nil
}
