package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
)

// say writes something to standard error, in as many lines as it has. Other people's control characters do not get through.
func (c *cli) say(message string) {
	for _, line := range kernel.Lines(message) {
		fmt.Fprintln(c.err, line)
	}
}

func (c *cli) printJSON(value any) error {
	var said bytes.Buffer
	encoder := json.NewEncoder(&said)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := c.out.Write(kernel.PlainJSON(said.Bytes()))
	return err
}

// printTable writes columns with a heading, or pairs of name and value without one.
func (c *cli) printTable(heading table.Row, rows []table.Row) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	if heading != nil {
		t.AppendHeader(heading)
	}
	for _, row := range rows {
		for i, cell := range row {
			if words, ok := cell.(string); ok {
				row[i] = kernel.Line(words)
			}
		}
		t.AppendRow(row)
	}
	fmt.Fprintln(c.out, t.Render())
}

// painted is text with colour, which is ours and so needs no cleaning.
type painted string

// paint colours a state for somebody who watches a terminal.
func (c *cli) paint(state string) painted {
	colour, known := map[string]text.Color{
		string(transfer.Complete): text.FgGreen, string(transfer.Failed): text.FgRed,
		string(transfer.PartiallyComplete): text.FgRed, string(transfer.InProgress): text.FgYellow,
	}[state]
	noColour, _ := c.env.variable("NO_COLOR")
	if !known || noColour != "" || c.dumb() || !c.env.terminal(c.out) {
		return painted(kernel.Line(state))
	}
	return painted(text.Escape(state, colour.EscapeSeq()))
}

// dumb tells of a terminal that knows neither colours nor how to move its cursor.
func (c *cli) dumb() bool {
	kind, _ := c.env.variable("TERM")
	return kind == "dumb"
}

// receipt is what a command over Temporal made of the transfer.
type receipt struct {
	TransferID     string              `json:"transferId"`
	Status         transfer.Status     `json:"status"`
	Items          transfer.ItemCounts `json:"items"`
	ExpirationTime string              `json:"expirationTime,omitempty"`
	RequestID      string              `json:"requestId"`
}

func (c *cli) printReceipt(id string, a transfer.Answer, requestID string) error {
	r := receipt{TransferID: id, Status: a.Status, Items: a.Items, ExpirationTime: a.ExpirationTime, RequestID: requestID}
	if c.output == outputJSON {
		return c.printJSON(r)
	}
	rows := []table.Row{{"Transfer", r.TransferID}, {"Status", c.paint(string(r.Status))}}
	if r.Items.Total() > 0 {
		rows = append(rows, table.Row{"Line items", r.Items.Total()})
	}
	if r.ExpirationTime != "" {
		rows = append(rows, table.Row{"Expires", r.ExpirationTime})
	}
	c.printTable(nil, append(rows, table.Row{"Request id", requestID}))
	return nil
}

func (c *cli) printGivenUp(g transferstore.GivenUp, requestID string) error {
	if c.output == outputJSON {
		return c.printJSON(struct {
			TransferID string `json:"transferId"`
			transferstore.GivenUp
			RequestID string `json:"requestId"`
		}{c.id, g, requestID})
	}
	rows := []table.Row{{"Transfer", c.id}}
	if len(g.Ended) > 0 {
		rows = append(rows, table.Row{"Failed", "line items " + numbers(g.Ended)})
	}
	if len(g.Fencing) > 0 {
		rows = append(rows, table.Row{"Being ended", "line items " + numbers(g.Fencing) + "; the billing system is asked first what became of them"})
	}
	c.printTable(nil, append(rows, table.Row{"Request id", requestID}))
	return nil
}

// resolved is what became of a line item that is held no longer.
type resolved struct {
	TransferID     string `json:"transferId"`
	Item           int    `json:"item"`
	SubscriptionID string `json:"subscriptionId"`
	MovedTo        string `json:"movedTo,omitempty"`
	RequestID      string `json:"requestId"`
}

func (c *cli) printResolved(r resolved) error {
	if c.output == outputJSON {
		return c.printJSON(r)
	}
	became := table.Row{"Did not move", "it is free for another transfer"}
	if r.MovedTo != "" {
		became = table.Row{"Moved to", r.MovedTo}
	}
	c.printTable(nil, []table.Row{
		{"Transfer", r.TransferID}, {"Line item", r.Item}, {"Subscription", r.SubscriptionID}, became, {"Request id", r.RequestID},
	})
	return nil
}

// numbers lists numbers as people do.
func numbers(of []int) string {
	texts := make([]string, len(of))
	for i, n := range of {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

func (c *cli) printResumed(n int) error {
	if c.output == outputJSON {
		return c.printJSON(map[string]int{"resumed": n})
	}
	_, err := fmt.Fprintf(c.out, "%s resumed.\n", ofTransfers(n))
	return err
}

func ofTransfers(n int) string {
	if n == 1 {
		return "1 transfer"
	}
	return fmt.Sprintf("%d transfers", n)
}

func ofItems(n int) string {
	if n == 1 {
		return "1 line item"
	}
	return fmt.Sprintf("%d line items", n)
}

// counter counts things on standard error for somebody who watches a terminal, in one line, until the end clears it.
func (c *cli) counter(of string) (show func(n int), end func()) {
	if !c.env.terminal(c.err) || c.dumb() {
		return func(int) {}, func() {}
	}
	const line = "\r\x1b[K"
	return func(n int) { fmt.Fprintf(c.err, line+"%d %s", n, of) }, func() { fmt.Fprint(c.err, line) }
}

// transferView is the JSON of a transfer: the entity as an operator sees it and, where the ledger was asked, its e-mail.
type transferView struct {
	transfer.Entity
	Mail *operatorview.Owed `json:"mail,omitempty"`
}

func snapshotView(s operatorview.Snapshot) transferView { return transferView{s.Transfer, s.Owed} }

func (c *cli) printSnapshot(s operatorview.Snapshot) error {
	if c.output == outputJSON {
		return c.printJSON(snapshotView(s))
	}
	c.printTable(nil, c.headerRows(s))
	if len(s.Transfer.LineItems) == 0 {
		return nil
	}
	rows := make([]table.Row, 0, len(s.Transfer.LineItems))
	for _, item := range s.Transfer.LineItems {
		rows = append(rows, c.itemRow(item))
	}
	fmt.Fprintln(c.out)
	c.printTable(table.Row{"item", "subscription", "type", "quantity", "status", "new subscription", "attempts", "error"}, rows)
	return nil
}

func (c *cli) headerRows(s operatorview.Snapshot) []table.Row {
	e := s.Transfer
	status := c.paint(string(e.Status))
	if e.Status == transfer.None {
		status = "the request is being checked"
	}
	rows := append([]table.Row{{"Transfer", e.ID}, {"Status", status}}, remarks(s)...)
	rows = append(rows,
		table.Row{"Customer", named(e.CustomerName, e.CustomerTenantID)},
		table.Row{"Source", named(e.SourcePartnerName, e.SourcePartnerTenantID)},
		table.Row{"Target", named(e.TargetPartnerName, e.TargetPartnerTenantID)},
		table.Row{"Created", e.CreatedTime},
	)
	if e.Status == transfer.Pending {
		rows = append(rows, table.Row{"Expires", e.ExpirationTime})
	}
	if e.CompletedTime != "" {
		rows = append(rows, table.Row{"Completed", e.CompletedTime})
	}
	if s.Items.Total() > 0 {
		rows = append(rows, table.Row{"Line items", counts(s.Items)})
	}
	if len(s.Mail) > 0 {
		rows = append(rows, table.Row{"E-mail due", fmt.Sprintf("%d: %s", s.Owed.Waiting, strings.Join(s.Mail, ", "))})
	}
	if s.Owed != nil && s.Owed.Undelivered > 0 {
		rows = append(rows, table.Row{"E-mail undelivered", fmt.Sprintf("%d; starter sent %s says why", s.Owed.Undelivered, e.ID)})
	}
	for _, sentence := range s.Refused {
		rows = append(rows, table.Row{"Not accepted", sentence})
	}
	return rows
}

// remarks are what a reader should see first.
func remarks(s operatorview.Snapshot) []table.Row {
	var rows []table.Row
	if s.Overdue && !s.Transfer.Status.Final() {
		rows = append(rows, table.Row{"Overdue", "submitted more than 72 hours ago"})
	}
	if s.Restored {
		rows = append(rows, table.Row{"Restored", "the ledger lacks what the run has seen; it waits for resume --accept-ledger"})
	}
	if s.Trouble != "" {
		rows = append(rows, table.Row{"Trouble", s.Trouble})
	}
	if s.Held > 0 {
		rows = append(rows, table.Row{"Held", fmt.Sprintf("%d failed, and nobody knows whether they moved", s.Held)})
	}
	return rows
}

func counts(c transfer.ItemCounts) string {
	return fmt.Sprintf("%d: %d moved, %d failed, %d to go", c.Total(), c.Complete, c.Failed, c.InProgress)
}

func named(name, id string) string {
	if name == "" {
		return id
	}
	return fmt.Sprintf("%s (%s)", name, id)
}

func (c *cli) itemRow(item transfer.ItemEntity) table.Row {
	attempts, problem := "", item.TransferError
	if item.Attempts != nil {
		attempts = fmt.Sprint(*item.Attempts)
	}
	if item.Status == transfer.ItemInProgress {
		problem = item.LastError
	}
	return table.Row{
		item.ID, item.SubscriptionID, string(item.ProductType), item.Quantity, c.paint(string(item.Status)),
		item.TargetSubscriptionID, attempts, problem,
	}
}

func (c *cli) printList(found []transferclient.Summary) error {
	if c.output == outputJSON {
		return c.printJSON(append([]transferclient.Summary{}, found...))
	}
	if len(found) == 0 {
		c.say("No transfers.")
		return nil
	}
	rows := make([]table.Row, 0, len(found))
	for _, s := range found {
		overdue := ""
		if s.Overdue {
			overdue = "overdue"
		}
		rows = append(rows, table.Row{
			s.TransferID, c.paint(string(s.Status)), overdue, s.CustomerTenantID, s.SourceTenantID, s.TargetTenantID,
			moment(s.Created),
		})
	}
	c.printTable(table.Row{"transfer", "status", "", "customer", "source", "target", "created"}, rows)
	return nil
}

// checked is a finding, with the reason why there is none or it does not cover everything.
type checked struct {
	ledger.Finding
	NotChecked string `json:"notChecked,omitempty"`
	Anchor     string `json:"anchor,omitempty"` // of the log, with I-9
}

// row is the finding in the table.
func (f checked) row() table.Row {
	switch {
	case f.NotChecked == "":
		return table.Row{f.Invariant, f.Says, fmt.Sprint(f.Checked), fmt.Sprint(f.Count)}
	case f.Checked == 0:
		return table.Row{f.Invariant, f.Says, "not checked", ""}
	default:
		return table.Row{f.Invariant, f.Says, fmt.Sprintf("%d, not all", f.Checked), fmt.Sprint(f.Count)}
	}
}

func (c *cli) printFindings(all []checked) error {
	if c.output == outputJSON {
		return c.printJSON(all)
	}
	rows := make([]table.Row, 0, len(all))
	for _, f := range all {
		rows = append(rows, f.row())
	}
	c.printTable(table.Row{"", "invariant", "checked", "violations"}, rows)
	for _, f := range all {
		for _, sentence := range f.Broken {
			fmt.Fprintf(c.out, "%s: %s\n", f.Invariant, kernel.Line(sentence))
		}
		if more := f.Count - len(f.Broken); more > 0 {
			fmt.Fprintf(c.out, "%s: and %d more\n", f.Invariant, more)
		}
		for _, sentence := range f.Notes {
			fmt.Fprintf(c.out, "%s, note: %s\n", f.Invariant, kernel.Line(sentence))
		}
		if f.Anchor != "" {
			fmt.Fprintf(c.out, "%s, anchor: %s\n", f.Invariant, f.Anchor)
		}
	}
	return nil
}

func (c *cli) printSeeded(w ledger.World) error {
	if c.output == outputJSON {
		return c.printJSON(map[string]int{
			"partners": len(w.Partners), "customers": len(w.Customers), "relationships": len(w.Relationships),
			"agreements": len(w.Agreements), "subscriptions": len(w.Subscriptions),
		})
	}
	c.printTable(nil, []table.Row{
		{"Partners", len(w.Partners)}, {"Customers", len(w.Customers)}, {"Relationships", len(w.Relationships)},
		{"Agreements", len(w.Agreements)}, {"Subscriptions", len(w.Subscriptions)},
	})
	return nil
}
