// Package operatorview is a transfer as an operator sees it, on a terminal or in JSON: from the ledger, which knows
// everything, or from the transfer's run, which knows ids, counts and the answers to commands that came through Temporal.
package operatorview

import (
	"context"
	"slices"
	"time"

	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/workflows/transfers"
)

// Snapshot is how a transfer stands.
type Snapshot struct {
	Transfer transfer.Entity     // with its line items, when the ledger was asked
	Items    transfer.ItemCounts // how they stand
	Overdue  bool
	Held     int      // failed line items of which nobody knows whether they moved
	Restored bool     // the run waits, because the ledger was restored from an earlier time
	Trouble  string   // what keeps the run from going on
	Refused  []string // the latest commands that came through Temporal and were refused, as sentences
	Mail     []string // events whose e-mail is still being delivered, when the ledger was asked
	Owed     *Owed    // how much that is, and what could not be delivered; nil when the ledger was not asked
}

// Owed is how much e-mail about a transfer has not reached its recipient.
type Owed struct {
	Waiting     int `json:"waiting"`     // to be sent
	Undelivered int `json:"undelivered"` // could not be delivered, and waits for an operator
}

// Book is what is read of the ledger; *ledger.Ledger is one.
type Book interface {
	Transfer(ctx context.Context, id string) (transfer.Transfer, error)
	Items(ctx context.Context, id string, from, to int) ([]transfer.LineItem, error)
	Notifications(ctx context.Context, about outbox.Subject) ([]outbox.Notification, error)
}

// FromLedger reads the transfer with every line item. Refusal: NotFound.
func FromLedger(ctx context.Context, book Book, id string) (Snapshot, error) {
	t, err := book.Transfer(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	var items []transfer.LineItem
	if t.Items.Total() > 0 {
		if items, err = book.Items(ctx, t.ID, 0, -1); err != nil {
			return Snapshot{}, err
		}
	}
	s := Snapshot{Items: t.Items, Overdue: t.Overdue}
	if s.Transfer, err = transfer.View(t, items, transfer.Viewer{Operator: true}); err != nil {
		return s, err
	}
	for _, item := range items {
		if item.Held {
			s.Held++
		}
	}
	mail, err := book.Notifications(ctx, transferstore.Subject(t.ID))
	s.Owed = &Owed{}
	for _, n := range mail {
		switch {
		case n.Undelivered():
			s.Owed.Undelivered++
		case n.SentAt.IsZero() && !n.Ended:
			s.Owed.Waiting++
			if !slices.Contains(s.Mail, n.Event) {
				s.Mail = append(s.Mail, n.Event)
			}
		}
	}
	return s, err
}

// FromRun is what the run of the transfer says.
func FromRun(r transfers.Snapshot) Snapshot {
	s := Snapshot{
		Transfer: transfer.Entity{
			ID: r.TransferID, Status: r.Status, CustomerTenantID: r.Customer, SourcePartnerTenantID: r.Source, TargetPartnerTenantID: r.Target,
			CreatedTime: written(r.CreatedTime), LastModifiedTime: written(r.ModifiedTime), CompletedTime: written(r.CompletedTime),
			ExpirationTime: written(r.ExpirationTime),
		},
		Items: r.Items, Overdue: r.Overdue, Held: r.Held, Restored: r.Restored, Trouble: r.Trouble,
	}
	for _, a := range r.Answers {
		if a.Refusal != nil {
			s.Refused = append(s.Refused, a.Refusal.Error())
		}
	}
	return s
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
