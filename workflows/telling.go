package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
)

// tell sends the event's e-mails beside the run: nothing waits for them but the run's own end.
func (p *process) tell(ctx workflow.Context, event transfer.Event) {
	name := string(event)
	p.mail = append(p.mail, name)
	workflow.Go(ctx, func(ctx workflow.Context) {
		options := workflow.WithActivityOptions(ctx, untilDelivered(name))
		if err := workflow.ExecuteActivity(options, steps.MailParties, p.header.ID, name).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Error("E-mail was given up; the notification log says to whom and why.", "event", name, "error", err)
		}
		p.mail = without(p.mail, name)
		p.show(ctx)
	})
}

func without(all []string, one string) []string {
	var rest []string
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}

func reminder(n int) transfer.Event {
	return transfer.Event(fmt.Sprintf("%s-%d", transfer.EventReminder, n))
}

// publish brings the search attributes up to date, if they are not.
func (p *process) publish(ctx workflow.Context) {
	var changes []temporal.SearchAttributeUpdate
	known := workflow.GetTypedSearchAttributes(ctx)
	if status, _ := known.GetKeyword(StatusKey); status != string(p.header.Status) {
		changes = append(changes, StatusKey.ValueSet(string(p.header.Status)))
	}
	late := p.overdue && !p.header.Status.Final()
	if overdue, _ := known.GetBool(OverdueKey); overdue != late {
		changes = append(changes, OverdueKey.ValueSet(late))
	}
	if _, started := known.GetKeyword(CustomerKey); !started {
		changes = append(changes,
			CustomerKey.ValueSet(p.header.State.CustomerTenantID),
			SourceKey.ValueSet(p.header.SourceTenantID),
			TargetKey.ValueSet(p.header.TargetTenantID))
	}
	if len(changes) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
		workflow.GetLogger(ctx).Error("The search attributes could not be set.", "error", err)
	}
}

// show writes the text that the Web UI shows above the history, for readers who have never seen this code.
func (p *process) show(ctx workflow.Context) {
	var text strings.Builder
	switch {
	case p.refusal != nil:
		fmt.Fprintf(&text, "**Refused**: the request did not meet the prerequisites, so there is no transfer.\n")
	case p.header.Status == transfer.Pending:
		fmt.Fprintf(&text, "**Pending**: waits for the source to submit or decline, until %s. The target may cancel.\n",
			p.header.ExpirationTime.UTC().Format("2 January 2006, 15:04 MST"))
	case p.header.Status == transfer.InProgress:
		fmt.Fprintf(&text, "**InProgress**: %s\n", progress(p.counts()))
	default:
		fmt.Fprintf(&text, "**%s**: %s\n", p.header.Status, ending(p.header.Status, p.header.Items))
	}
	if p.overdue && !p.header.Status.Final() {
		text.WriteString("\n**Overdue**: submitted more than 72 hours ago. See the pending activities for what keeps failing.\n")
	}
	if len(p.mail) > 0 && p.header.Status.Final() {
		text.WriteString("\nThe run stays open until its e-mail is delivered; the transfer itself is over.\n")
	}
	if p.refusals > 0 {
		fmt.Fprintf(&text, "\n%d decisions were not accepted. The latest:\n", p.refusals)
		for _, sentence := range p.refused {
			fmt.Fprintf(&text, "- %s\n", sentence)
		}
	}
	workflow.SetCurrentDetails(ctx, text.String())
}

// counts is how the line items stand now, as far as this run knows.
func (p *process) counts() transfer.ItemCounts {
	switch {
	case p.header.Status.Final():
		return p.header.Items
	case p.mover != nil:
		return p.mover.counts
	case len(p.ranges) > 0:
		return p.moved
	default:
		return p.header.Items
	}
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

// snapshot answers the state query.
func (p *process) snapshot() (Snapshot, error) {
	if p.refusal != nil {
		return Snapshot{Refused: []string{p.refusal.Error()}}, nil //nolint:nilerr // why there is no transfer is the answer
	}
	if !p.opened {
		return Snapshot{}, nil
	}
	entity, err := transfer.View(p.header, nil, transfer.Viewer{Operator: true})
	if p.mover != nil {
		entity.LineItems = p.mover.attempted()
	}
	return Snapshot{
		Transfer: entity, Items: p.counts(), Overdue: p.overdue, Ranges: p.ranges, Refused: p.refused, Mail: p.mail,
	}, err
}
