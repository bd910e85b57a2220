package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/ledger"
	"handover/internal/outbox"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// stuckAfter is how long a run may be behind, and an e-mail wait, before an operator is told.
const stuckAfter = time.Minute

func (c *cli) stuckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stuck",
		Short: "List what does not go on by itself, from the ledger",
		Long: "List what does not go on by itself, from the ledger: a billing system that is away, runs that have been behind it\n" +
			"for a minute, transfers that are late, line items that are held or being ended, e-mails that wait or could not be\n" +
			"delivered, and the partners who are not told by webhook, with what waits and why.\n" +
			"docs/operations.md says what to do about each.",
		Example: "  starter stuck\n  starter stuck -o json --ledger postgres://handover@db/handover | jq '.runs[].lastError'",
		Args:    nothing,
	}
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		return c.withLedger(ctx, func(book records) error {
			found, err := book.Stuck(ctx, stuckAfter)
			if err != nil {
				return err
			}
			return c.printStuck(found)
		})
	})
	return cmd
}

// The JSON of what is stuck.
type (
	stuckView struct {
		Outages   []stuckOutage   `json:"outages"`
		Runs      []stuckRun      `json:"runs"`
		Transfers []stuckTransfer `json:"transfers"`
		Items     []stuckItem     `json:"lineItems"`
		Mail      []stuckMail     `json:"mail"`
		MailCount int             `json:"mailCount"`
		Backlogs  []stuckBacklog  `json:"mailBySubject"`
		Ended     int             `json:"mailUndelivered"`
		Webhooks  []stuckWebhook  `json:"webhooks"`
	}
	stuckOutage struct {
		Name      string    `json:"name"`
		Since     time.Time `json:"since"`
		Failures  int64     `json:"failures"`
		LastError string    `json:"lastError"`
		NextAt    time.Time `json:"nextAt"`
	}
	stuckRun struct {
		WorkflowID string     `json:"workflowId"`
		TransferID string     `json:"transferId,omitempty"` // of one that is about a transfer
		Cause      runs.Cause `json:"cause"`
		Attempts   int        `json:"attempts"`
		LastError  string     `json:"lastError"`
		Since      time.Time  `json:"since"`
	}
	stuckTransfer struct {
		TransferID string              `json:"transferId"`
		Status     transfer.Status     `json:"status"`
		Overdue    bool                `json:"overdue"`
		Idle       bool                `json:"idle"`
		Items      transfer.ItemCounts `json:"items"`
		Since      time.Time           `json:"since"`
	}
	stuckItem struct {
		TransferID     string    `json:"transferId"`
		Ordinal        int       `json:"id"`
		SubscriptionID string    `json:"subscriptionId"`
		Held           bool      `json:"held"`
		Reason         string    `json:"reason"`
		LastError      string    `json:"lastError"`
		Since          time.Time `json:"since,omitzero"`
		MovedTo        string    `json:"movedTo,omitempty"`
	}
	stuckBacklog struct {
		TransferID  string    `json:"transferId,omitempty"` // of what is about a transfer
		Kind        string    `json:"kind"`
		ID          string    `json:"id"`
		Waiting     int       `json:"waiting"`
		Undelivered int       `json:"undelivered"`
		Since       time.Time `json:"since"`
	}
	stuckMail struct {
		TransferID string    `json:"transferId,omitempty"` // of what is about a transfer
		Kind       string    `json:"kind"`
		ID         string    `json:"id"`
		Event      string    `json:"event"`
		Audience   string    `json:"audience"`
		Attempts   int       `json:"attempts"`
		LastError  string    `json:"lastError"`
		Since      time.Time `json:"since"`
	}
	stuckWebhook struct {
		PartnerTenantID string      `json:"partnerTenantId"`
		Waiting         int         `json:"waiting"`
		Dead            int         `json:"dead"`
		Oldest          time.Time   `json:"oldest,omitzero"` // of those that wait
		NextAt          time.Time   `json:"nextAt,omitzero"` // of that one
		FailingSince    time.Time   `json:"failingSince,omitzero"`
		OffSince        time.Time   `json:"offSince,omitzero"`
		Off             webhook.Why `json:"off,omitempty"`
		Latest          string      `json:"latest,omitempty"` // what came of the oldest one
	}
)

// viewOf leaves e-mail addresses out.
func viewOf(s ledger.Stuck) stuckView {
	v := stuckView{
		Outages: []stuckOutage{}, Runs: []stuckRun{}, Transfers: []stuckTransfer{}, Items: []stuckItem{}, Mail: []stuckMail{}, MailCount: s.MailCount,
		Backlogs: []stuckBacklog{}, Ended: s.Ended, Webhooks: []stuckWebhook{},
	}
	for _, o := range s.Outages {
		v.Outages = append(v.Outages, stuckOutage{o.Name, o.Since, o.Failures, o.Said, o.NextAt})
	}
	for _, r := range s.Runs {
		behind := stuckRun{r.WorkflowID, "", r.Cause, r.Attempts, r.LastError, r.Since}
		if r.WorkflowType == transfer.WorkflowType || r.WorkflowType == transfer.RangeWorkflowType {
			behind.TransferID = r.SubjectID
		}
		v.Runs = append(v.Runs, behind)
	}
	for _, t := range s.Transfers {
		v.Transfers = append(v.Transfers, stuckTransfer(t))
	}
	for _, i := range s.Items {
		v.Items = append(v.Items, stuckItem(i))
	}
	for _, m := range s.Mail {
		v.Mail = append(v.Mail, stuckMail{transferOf(m.Subject), m.Subject.Kind, m.Subject.ID, m.Event, m.Audience, m.Attempts, m.LastError, m.OwedAt})
	}
	for _, b := range s.Backlogs {
		v.Backlogs = append(v.Backlogs, stuckBacklog{transferOf(b.About), b.About.Kind, b.About.ID, b.Waiting, b.Undelivered, b.Since})
	}
	for _, w := range s.Webhooks {
		v.Webhooks = append(v.Webhooks, webhookViewOf(w))
	}
	return v
}

func webhookViewOf(t webhookstore.Troubled) stuckWebhook {
	v := stuckWebhook{
		PartnerTenantID: t.PartnerTenantID, Waiting: t.Waiting, Dead: t.Dead, Oldest: t.Oldest, NextAt: t.Next,
		FailingSince: t.Health.FailingSince, OffSince: t.Health.OffAt, Off: t.Health.Why, Latest: t.LastFault,
	}
	if t.LastStatus != 0 {
		v.Latest = fmt.Sprint(t.LastStatus)
	}
	return v
}

// transferOf is the transfer that something is about; empty for another kind of subject.
func transferOf(about outbox.Subject) string {
	if about.Kind == transferstore.SubjectKind {
		return about.ID
	}
	return ""
}

func (c *cli) printStuck(s ledger.Stuck) error {
	v := viewOf(s)
	if c.output == outputJSON {
		return c.printJSON(v)
	}
	sections := []stuckSection{v.outages(), v.runs(), c.lateTransfers(v), c.endingItems(v), v.mail(), v.backlogs(), v.webhooks()}
	printed := false
	for _, section := range sections {
		if len(section.rows) == 0 {
			continue
		}
		if printed {
			fmt.Fprintln(c.out)
		}
		printed = true
		fmt.Fprintln(c.out, section.title)
		c.printTable(section.heading, section.rows)
	}
	if !printed {
		c.say("Nothing is stuck.")
	}
	return nil
}

// stuckSection is one table.
type stuckSection struct {
	title   string
	heading table.Row
	rows    []table.Row
}

func (v stuckView) outages() stuckSection {
	s := stuckSection{title: "The billing system is away", heading: table.Row{"since", "calls in vain", "error", "asked again"}}
	for _, o := range v.Outages {
		s.rows = append(s.rows, table.Row{moment(o.Since), o.Failures, o.LastError, moment(o.NextAt)})
	}
	return s
}

func (v stuckView) runs() stuckSection {
	s := stuckSection{title: "Runs that are behind the ledger", heading: table.Row{"workflow", "cause", "attempts", "error", "since"}}
	for _, r := range v.Runs {
		s.rows = append(s.rows, table.Row{r.WorkflowID, string(r.Cause), r.Attempts, r.LastError, moment(r.Since)})
	}
	return s
}

func (c *cli) lateTransfers(v stuckView) stuckSection {
	s := stuckSection{title: "Transfers that are late", heading: table.Row{"transfer", "status", "why", "line items", "last change"}}
	for _, t := range v.Transfers {
		why := "nobody did what was due"
		if t.Overdue {
			why = "submitted more than 72 hours ago"
		}
		s.rows = append(s.rows, table.Row{t.TransferID, c.paint(string(t.Status)), why, counts(t.Items), moment(t.Since)})
	}
	return s
}

func (c *cli) endingItems(v stuckView) stuckSection {
	s := stuckSection{
		title:   "Line items whose end the billing system has yet to confirm, or contradicts",
		heading: table.Row{"transfer", "item", "subscription", "", "given up because", "error", "since"},
	}
	for _, i := range v.Items {
		state := "being ended"
		switch {
		case i.MovedTo != "":
			state = "moved to " + i.MovedTo
		case i.Held:
			state = "held"
		}
		s.rows = append(s.rows, table.Row{i.TransferID, i.Ordinal, i.SubscriptionID, state, i.Reason, i.LastError, moment(i.Since)})
	}
	return s
}

func (v stuckView) mail() stuckSection {
	s := stuckSection{
		title:   fmt.Sprintf("E-mails that wait: %d, the longest waiting first", v.MailCount),
		heading: table.Row{"about", "event", "to", "attempts", "error", "since"},
	}
	for _, m := range v.Mail {
		s.rows = append(s.rows, table.Row{m.Kind + " " + m.ID, m.Event, m.Audience, m.Attempts, m.LastError, moment(m.Since)})
	}
	return s
}

func (v stuckView) backlogs() stuckSection {
	s := stuckSection{
		title:   fmt.Sprintf("E-mails by what they are about; of all, %d could not be delivered", v.Ended),
		heading: table.Row{"about", "waiting", "undelivered", "since"},
	}
	for _, b := range v.Backlogs {
		s.rows = append(s.rows, table.Row{b.Kind + " " + b.ID, b.Waiting, b.Undelivered, moment(b.Since)})
	}
	return s
}

func (v stuckView) webhooks() stuckSection {
	s := stuckSection{
		title:   "Partners who are not told by webhook",
		heading: table.Row{"partner", "waiting", "the first since", "why", "latest answer", "next attempt", "dead letters"},
	}
	for _, w := range v.Webhooks {
		s.rows = append(s.rows, table.Row{w.PartnerTenantID, w.Waiting, moment(w.Oldest), w.why(), w.Latest, moment(w.NextAt), w.Dead})
	}
	return s
}

// why is the reason in words.
func (w stuckWebhook) why() string {
	switch {
	case w.Off == webhook.WhyGone:
		return "switched off " + moment(w.OffSince) + ": it answered 410"
	case w.Off != "":
		return "switched off " + moment(w.OffSince) + ": it only failed for five days"
	case !w.FailingSince.IsZero():
		return "takes nothing since " + moment(w.FailingSince)
	default:
		return "due, and not sent"
	}
}

// moment is a time as tables show it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
