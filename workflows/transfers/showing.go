package transfers

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Snapshot is the answer to the state query: what the run knows, which is ids, counts and times. Names, line items and
// reasons stand in the ledger.
type Snapshot struct {
	TransferID     string              `json:"id"`
	Status         transfer.Status     `json:"status,omitempty"`
	Customer       string              `json:"customerTenantId,omitempty"`
	Source         string              `json:"sourcePartnerTenantId,omitempty"`
	Target         string              `json:"targetPartnerTenantId,omitempty"`
	CreatedTime    time.Time           `json:"createdTime,omitzero"`
	ModifiedTime   time.Time           `json:"lastModifiedTime,omitzero"`
	CompletedTime  time.Time           `json:"completedTime,omitzero"`
	ExpirationTime time.Time           `json:"expirationTime,omitzero"`
	Items          transfer.ItemCounts `json:"items"`
	Overdue        bool                `json:"overdue,omitempty"`
	Held           int                 `json:"held,omitempty"`     // failed items of which nobody knows whether they moved
	Restored       bool                `json:"restored,omitempty"` // the ledger lacks what this run has seen; it waits for an operator
	Trouble        string              `json:"trouble,omitempty"`
	Answers        []transfer.Answer   `json:"answers,omitempty"` // to the latest commands that came through Temporal
}

func (r *life) snapshot() (Snapshot, error) {
	s := snapshotOf(r.id, r.at, r.counts())
	s.Restored, s.Trouble, s.Answers = r.restored, r.trouble, r.answers
	return s, nil
}

func snapshotOf(id string, at transfer.Standing, items transfer.ItemCounts) Snapshot {
	return Snapshot{
		TransferID: id, Status: at.Status, Customer: at.Customer, Source: at.Source, Target: at.Target, CreatedTime: at.CreatedTime,
		ModifiedTime: at.ModifiedTime, CompletedTime: at.CompletedTime, ExpirationTime: at.ExpirationTime, Items: items, Overdue: at.Overdue, Held: at.Held,
	}
}

func rangeSnapshot(work Range, at transfer.Standing) Snapshot {
	return snapshotOf(work.TransferID, at, at.Items)
}

// publish brings the search attributes up to date, if they are not.
func (r *life) publish(ctx workflow.Context) {
	var changes []temporal.SearchAttributeUpdate
	known := workflow.GetTypedSearchAttributes(ctx)
	if status, _ := known.GetKeyword(StatusKey); status != string(r.at.Status) {
		changes = append(changes, StatusKey.ValueSet(string(r.at.Status)))
	}
	late := r.at.Overdue && !r.at.Status.Final()
	if overdue, _ := known.GetBool(OverdueKey); overdue != late {
		changes = append(changes, OverdueKey.ValueSet(late))
	}
	if _, started := known.GetKeyword(CustomerKey); !started {
		changes = append(changes, CustomerKey.ValueSet(r.at.Customer), SourceKey.ValueSet(r.at.Source), TargetKey.ValueSet(r.at.Target))
	}
	if len(changes) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
		workflow.GetLogger(ctx).Error("The search attributes could not be set.", "error", err)
	}
}

// show writes the text that the Web UI shows above the history, for readers who have never seen this code.
func (r *life) show(ctx workflow.Context) {
	var text strings.Builder
	switch {
	case r.restored:
		text.WriteString("**Restored**: the ledger lacks what this run has seen, so it was restored from an earlier time. Nothing is moved.\n\n" +
			"Bring the ledger forward, or tell the run to go on from what it says: " + kernel.Code("starter resume "+r.id+" --accept-ledger") + ".\n")
	case r.at.Status == transfer.None:
		text.WriteString("**Opening**: the request is being checked.\n")
	case r.at.Status == transfer.Pending:
		fmt.Fprintf(&text, "**Pending**: waits for the source to submit or decline, until %s. The target may cancel.\n",
			r.at.ExpirationTime.UTC().Format("2 January 2006, 15:04 MST"))
	case r.at.Status == transfer.InProgress:
		fmt.Fprintf(&text, "**InProgress**: %s\n", progress(r.counts()))
	default:
		fmt.Fprintf(&text, "**%s**: %s\n", kernel.Markdown(string(r.at.Status)), ending(r.at.Status, r.at.Items))
	}
	for _, sentence := range r.remarks() {
		text.WriteString("\n" + sentence + "\n")
	}
	workflow.SetCurrentDetails(ctx, text.String())
}

// remarks are what else there is to say.
func (r *life) remarks() []string {
	var said []string
	if r.at.Overdue && !r.at.Status.Final() {
		said = append(said, "**Overdue**: submitted more than 72 hours ago. See the pending activities for what keeps failing.")
	}
	if r.trouble != "" {
		said = append(said, "**Trouble**: "+r.trouble)
	}
	if h := r.at.Handed; r.notified && h != (transfer.MailCounts{}) {
		said = append(said, fmt.Sprintf("E-mails handed to the mail relay: %d to the source, %d to the target, %d to the customer. The ledger says when they were sent.",
			h.Source, h.Target, h.Customer))
	}
	if r.at.Held > 0 {
		said = append(said, fmt.Sprintf("**Held**: of %d failed line items nobody knows whether they moved; their subscriptions stay locked.", r.at.Held))
	}
	if r.refusals > 0 {
		said = append(said, fmt.Sprintf("%d commands that came through Temporal were refused; the query \"state\" has the latest answers.", r.refusals))
	}
	return said
}

// counts is how the line items stand now: as of the latest look, and what ended since.
func (r *life) counts() transfer.ItemCounts {
	c := r.at.Items
	if r.mover == nil || r.at.Status != transfer.InProgress {
		return c
	}
	return r.mover.since(c)
}

// since adds to the counts of a look what ended after it: never more than what the look found running, because an end may be
// heard of again that the look has counted.
func (m *mover) since(c transfer.ItemCounts) transfer.ItemCounts {
	complete := min(m.ended.Complete, c.InProgress)
	failed := min(m.ended.Failed, c.InProgress-complete)
	return transfer.ItemCounts{Complete: c.Complete + complete, Failed: c.Failed + failed, InProgress: c.InProgress - complete - failed}
}

func rangeDetails(work Range, m *mover, at transfer.Standing) string {
	return fmt.Sprintf("%s of transfer %s: %d still to go. The whole transfer: %s", rangeSummary(work), kernel.Markdown(work.TransferID), len(m.items), progress(m.since(at.Items)))
}

// progress is a bar and a sentence: "█████░░░░░ 6 of 12 line items moved, 6 to go".
func progress(c transfer.ItemCounts) string {
	const width = 20
	full := 0
	if c.Total() > 0 {
		full = width * (c.Complete + c.Failed) / c.Total()
	}
	text := fmt.Sprintf("%s%s %d of %d line items moved", strings.Repeat("█", full), strings.Repeat("░", width-full), c.Complete, c.Total())
	if c.Failed > 0 {
		text += fmt.Sprintf(", %d failed", c.Failed)
	}
	if c.InProgress > 0 {
		text += fmt.Sprintf(", %d to go", c.InProgress)
	}
	return text
}

func ending(s transfer.Status, c transfer.ItemCounts) string {
	switch s {
	case transfer.Cancelled:
		return "the target withdrew the request."
	case transfer.Rejected:
		return "the source declined the request."
	case transfer.Expired:
		return "nobody answered in 30 days; the target may ask again."
	default:
		return progress(c)
	}
}
