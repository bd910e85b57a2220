package progress

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/transfer"
)

const (
	mostRetrying = 5   // line items listed while they are being retried
	mostError    = 100 // characters of an error that are shown
)

// Summary is what became of the transfer in one line: "transfer <id> Complete: 12 of 12 line items, 2 retries, 3.2s".
// A retry is any attempt at a line item after its first.
func Summary(s operatorview.Snapshot, took time.Duration) string {
	moved := "nothing was moved"
	if total := s.Items.Total(); total > 0 {
		moved = fmt.Sprintf("%d of %s", s.Items.Complete, count(total, "line item", "line items"))
		if s.Items.Failed > 0 {
			moved += fmt.Sprintf(", %d failed", s.Items.Failed)
		}
		moved += ", " + count(retries(s.Transfer.LineItems), "retry", "retries")
	}
	return fmt.Sprintf("transfer %s %s: %s, %s", s.Transfer.ID, s.Transfer.Status, moved, rounded(took))
}

func retries(items []transfer.ItemEntity) int {
	sum := 0
	for _, item := range items {
		if item.Attempts != nil && *item.Attempts > 1 {
			sum += *item.Attempts - 1
		}
	}
	return sum
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// rounded keeps as much of a duration as a reader wants: 340ms, 3.2s, 26h3m12s.
func rounded(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Second)
	}
}

// headline is how the transfer stands, in one line.
func headline(s operatorview.Snapshot) string {
	line := string(s.Transfer.Status)
	switch total := s.Items.Total(); {
	case s.Transfer.Status == transfer.None:
		line = "the request is being checked"
	case s.Transfer.Status == transfer.Pending:
		line += ": waits for the source until " + s.Transfer.ExpirationTime
	case total > 0:
		line += fmt.Sprintf(": %d of %s moved", s.Items.Complete, count(total, "line item", "line items"))
		if s.Items.Failed > 0 {
			line += fmt.Sprintf(", %d failed", s.Items.Failed)
		}
	}
	if s.Overdue && !s.Transfer.Status.Final() {
		line += ", OVERDUE: submitted more than 72 hours ago"
	}
	if s.Restored {
		line += ", RESTORED: the ledger lacks what the run has seen"
	}
	return line
}

// retrying has one line for each line item that failed and is being tried again, a few at most.
func retrying(s operatorview.Snapshot) []string {
	var listed []string
	more := 0
	for _, item := range s.Transfer.LineItems {
		if item.Status != transfer.ItemInProgress || item.LastError == "" {
			continue
		}
		if len(listed) == mostRetrying {
			more++
			continue
		}
		listed = append(listed, retryingItem(item))
	}
	if more > 0 {
		listed = append(listed, fmt.Sprintf("and %d more being retried", more))
	}
	return listed
}

func retryingItem(item transfer.ItemEntity) string {
	tried := "tried"
	if item.Attempts != nil {
		tried = count(*item.Attempts, "attempt", "attempts")
	}
	return fmt.Sprintf("item %d, %s: %s", item.ID, tried, text.Snip(kernel.Line(item.LastError), mostError, "…"))
}

// silence is what is shown while the service does not answer.
func silence(err error) string {
	return "no answer, trying again: " + text.Snip(kernel.Line(err.Error()), mostError, "…")
}
