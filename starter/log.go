package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
)

const (
	// usualRecords is how many records are listed, mostRecords how many at most: a list stands in memory, CSV does not.
	usualRecords = 100
	mostRecords  = 10_000
	// recordsAtOnce are read in one page.
	recordsAtOnce = 1000
)

// logged is what is asked of a log.
type logged struct {
	search       activitylogstore.AuditSearch
	since, until string
	resource     string
	limit        int
	all          bool // no limit was given, and the form has none of its own
}

func (c *cli) logCommand() *cobra.Command {
	var q logged
	cmd := &cobra.Command{
		Use:   "log --partner PARTNER",
		Short: "Show a partner's activity log: what was done or refused, by whom, the newest first",
		Long: "Show a partner's activity log from the ledger: what was done or refused, by whom, the newest first. The partner's own people\n" +
			"read the last 90 days of it over the API; here it is read as far back as it goes.\n" +
			"-o csv has all records that are found, unless --limit is given, and never holds them in memory; no spreadsheet takes a cell\n" +
			"of it for a formula. -o json has what was and what is, too.",
		Example: "  starter log --partner 1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001 --since 2026-11-01 --type transfer\n" +
			"  starter log --partner PARTNER -o csv > activity.csv",
		Args:        nothing,
		Annotations: map[string]string{takesCSV: ""},
	}
	flags := cmd.Flags()
	flags.StringVar(&q.search.PartnerTenantID, "partner", "", "whose log, by Microsoft ID")
	flags.StringVar(&q.search.CustomerID, "customer", "", "only what concerns this customer, by Microsoft ID")
	flags.StringVar(&q.resource, "type", "", "only records of this type, such as transfer or subscription")
	flags.StringVar(&q.since, "since", "", "from this day or time on, in UTC")
	flags.StringVar(&q.until, "until", "", "up to the end of this day, or up to this time")
	flags.IntVar(&q.limit, "limit", usualRecords, fmt.Sprintf("at most this many, up to %d but for -o csv", mostRecords))
	mandatory(cmd, "partner")
	complete(cmd, "type", activitylog.ResourceTypes()...)
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		q.all = c.output == outputCSV && !flags.Changed("limit")
		if err := c.checkLog(&q); err != nil {
			return &usageError{err}
		}
		return c.withLedger(ctx, func(book records) error { return c.log(ctx, book, q) })
	})
	return cmd
}

// checkLog reads what the flags say.
func (c *cli) checkLog(q *logged) (err error) {
	for name, id := range map[string]*string{"--partner": &q.search.PartnerTenantID, "--customer": &q.search.CustomerID} {
		if *id == "" && name == "--customer" {
			continue
		}
		if *id, err = kernel.ParseID(name, *id); err != nil {
			return err
		}
	}
	if q.search.From, err = logMoment("--since", q.since, 0); err != nil {
		return err
	}
	if q.search.Until, err = logMoment("--until", q.until, 1); err != nil {
		return err
	}
	if !q.search.Until.IsZero() && !q.search.Until.After(q.search.From) {
		return fmt.Errorf("--until must lie after --since")
	}
	if q.limit < 1 || q.limit > mostRecords && c.output != outputCSV {
		return fmt.Errorf("--limit must be 1 to %d, not %d; -o csv has no bound", mostRecords, q.limit)
	}
	if q.resource == "" {
		return nil
	}
	if q.search.Resource, err = enumerated(q.resource, activitylog.ResourceTypes()); err != nil {
		return fmt.Errorf("--type %w", err)
	}
	return nil
}

// logMoment is the time that a flag names; a day stands for the midnight at its beginning, or so many days later.
func logMoment(flag, text string, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := momentOf(text)
	if err != nil {
		return at, fmt.Errorf("%s %w", flag, err)
	}
	if len(text) == len(time.DateOnly) {
		at = at.AddDate(0, 0, days)
	}
	return at, nil
}

func (c *cli) log(ctx context.Context, book records, q logged) error {
	if _, err := book.Partner(ctx, q.search.PartnerTenantID); err != nil {
		return err
	}
	if c.output == outputCSV {
		return c.logAsCSV(ctx, book, q)
	}
	var found []activitylogstore.AuditEntry
	more, err := eachRecord(ctx, book, q, func(e activitylogstore.AuditEntry) error {
		found = append(found, e)
		return nil
	})
	if err != nil {
		return err
	}
	if more {
		c.say(fmt.Sprintf("There are more than these %d; --limit says how many, and -o csv has all.", q.limit))
	}
	return c.printLog(found)
}

func (c *cli) logAsCSV(ctx context.Context, book records, q logged) error {
	sheet, err := activitylog.NewCSV(c.out)
	if err != nil {
		return err
	}
	if _, err := eachRecord(ctx, book, q, func(e activitylogstore.AuditEntry) error { return sheet.Write(e.Line()) }); err != nil {
		return err
	}
	return sheet.Flush()
}

// eachRecord has the records that are asked for done, page after page, and tells whether there are more.
func eachRecord(ctx context.Context, book records, q logged, do func(activitylogstore.AuditEntry) error) (more bool, err error) {
	for seen := 0; ; {
		q.search.Limit = recordsAtOnce
		if !q.all {
			q.search.Limit = min(recordsAtOnce, q.limit-seen+1) // one more tells whether there are more
		}
		page, err := book.AuditPage(ctx, q.search)
		if err != nil {
			return false, err
		}
		for _, entry := range page {
			if seen++; !q.all && seen > q.limit {
				return true, nil
			}
			if err := do(entry); err != nil {
				return false, err
			}
		}
		if len(page) < q.search.Limit {
			return false, nil
		}
		q.search.After = page[len(page)-1].Cursor()
	}
}

// recordView is a record as JSON.
type recordView struct {
	ID           string                     `json:"id"`
	At           time.Time                  `json:"operationDate"`
	CustomerID   string                     `json:"customerId,omitempty"`
	CustomerName string                     `json:"customerName,omitempty"`
	Operation    activitylog.AuditOperation `json:"operationType"`
	Status       string                     `json:"operationStatus"`
	Resource     activitylog.ResourceType   `json:"resourceType"`
	ResourceID   string                     `json:"resourceId,omitempty"`
	User         string                     `json:"userId,omitempty"`
	Name         string                     `json:"userPrincipalName,omitempty"`
	Application  string                     `json:"applicationId,omitempty"`
	Correlation  string                     `json:"correlationId,omitempty"`
	Participants []string                   `json:"participants"`
	Old          json.RawMessage            `json:"oldValue,omitempty"`
	New          json.RawMessage            `json:"newValue,omitempty"`
}

// valueOf is what a record has of what was or is: JSON, or whatever else the ledger holds as text.
func valueOf(text string) json.RawMessage {
	if text == "" || json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return quoted
}

func (c *cli) printLog(found []activitylogstore.AuditEntry) error {
	if c.output == outputJSON {
		views := make([]recordView, len(found))
		for i, e := range found {
			views[i] = recordView{
				e.ID, e.At, e.CustomerTenantID, e.CustomerName, e.Operation, e.Status, e.Resource, e.About(), e.UserID, e.UserPrincipalName, e.ApplicationID,
				e.CorrelationID, e.Participants, valueOf(e.OldValue), valueOf(e.NewValue),
			}
		}
		return c.printJSON(map[string]any{"records": views})
	}
	if len(found) == 0 {
		c.say("Nothing is found in this log.")
		return nil
	}
	rows := make([]table.Row, len(found))
	for i, e := range found {
		l := e.Line()
		rows[i] = table.Row{moment(l.At), l.CustomerName, string(l.Operation), l.User, string(l.Resource) + " " + l.ResourceID, l.Status}
	}
	c.printTable(table.Row{"when", "customer", "action", "by", "about", "status"}, rows)
	return nil
}
