package activities_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"handover/activities"
	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/transfer"
)

var errDown = errors.New("the database is down")

// book is the part of a ledger that the steps of one transfer meet. What it does not implement panics when called.
type book struct {
	activities.Ledger
	transfer transfer.Transfer
	facts    []ledger.MoveFact
	results  [][]ledger.ItemResult // of each RecordItems
	outbox   []ledger.Notification
	reads    int
	err      error // of every step
	sentErr  error // of RecordSent

	endedMeanwhile bool // every item, between an attempt and its result
}

// running is a fact about a line item that is being moved.
func running(ordinal int) ledger.MoveFact {
	return ledger.MoveFact{
		Item: transfer.LineItem{Ordinal: ordinal, BaseOrdinal: transfer.NoBase, Status: transfer.ItemInProgress},
		Old:  transfer.Subscription{PartnerTenantID: "source", CustomerTenantID: "customer", Status: transfer.SubscriptionActive},
	}
}

// addon is a fact about an add-on of the line item with that ordinal, which stands in that state.
func addon(ordinal, base int, status transfer.ItemStatus) ledger.MoveFact {
	f := running(ordinal)
	f.Item.BaseOrdinal, f.BaseStatus = base, status
	return f
}

func newBook(facts ...ledger.MoveFact) *book {
	return &book{facts: facts, transfer: transfer.Transfer{ID: "t", State: transfer.State{
		Status: transfer.InProgress, SourceTenantID: "source", CustomerTenantID: "customer",
	}}}
}

func (b *book) MoveFacts(_ context.Context, _ string, ordinals []int) (transfer.Transfer, []ledger.MoveFact, error) {
	if b.err != nil {
		return transfer.Transfer{}, nil, b.err
	}
	var facts []ledger.MoveFact
	for _, f := range b.facts {
		if slices.Contains(ordinals, f.Item.Ordinal) {
			facts = append(facts, f)
		}
	}
	return b.transfer, facts, nil
}

func (b *book) RecordItems(_ context.Context, _ string, results []ledger.ItemResult) ([]transfer.LineItem, error) {
	b.results = append(b.results, results)
	var items []transfer.LineItem
	for _, r := range results {
		item := &b.facts[slices.IndexFunc(b.facts, func(f ledger.MoveFact) bool { return f.Item.Ordinal == r.Ordinal })].Item
		switch {
		case b.endedMeanwhile:
			item.Status, item.TransferError = transfer.ItemFailed, "given up"
		case r.Refusal != nil:
			item.Status, item.TransferError = transfer.ItemFailed, r.Refusal.Message
		case r.TargetSubscriptionID == taken:
			item.LastError = "the id is in use"
		case r.TargetSubscriptionID != "":
			item.Status, item.TargetSubscriptionID = transfer.ItemComplete, r.TargetSubscriptionID
		default:
			item.LastError = r.Failure
		}
		items = append(items, *item)
	}
	return items, nil
}

func (b *book) Transfer(context.Context, string) (transfer.Transfer, error) {
	b.reads++
	return b.transfer, b.err
}

func (b *book) Unsent(_ context.Context, _, event string) ([]ledger.Notification, error) {
	var unsent []ledger.Notification
	for _, n := range b.outbox {
		if string(n.Event) == event && n.SentAt.IsZero() && n.Attempts < final {
			unsent = append(unsent, n)
		}
	}
	return unsent, nil
}

// final marks, as a number of attempts, an e-mail that will never be delivered; taken is an id the ledger cannot take.
const (
	final = 1000
	taken = "taken"
)

func (b *book) RecordSent(_ context.Context, id int64) error {
	if b.sentErr == nil {
		b.outbox[id].SentAt = b.outbox[id].SentAt.AddDate(1, 0, 0)
	}
	return b.sentErr
}

func (b *book) RecordUndelivered(_ context.Context, id int64, reason string, forGood bool) error {
	b.outbox[id].Attempts++
	b.outbox[id].LastError = reason
	if forGood {
		b.outbox[id].Attempts = final
	}
	return b.err
}

// mover does what the script says about an ordinal, and moves everything else.
type mover struct {
	mu     sync.Mutex
	script map[int]func(context.Context) (string, error)
	asked  []billing.Move
}

func (m *mover) Immediate() bool { return true }

func (m *mover) Move(ctx context.Context, move billing.Move) (string, error) {
	m.mu.Lock()
	m.asked = append(m.asked, move)
	m.mu.Unlock()
	if script := m.script[move.Item.Ordinal]; script != nil {
		return script(ctx)
	}
	return "new", nil
}

// says scripts one answer for the ordinal.
func says(ordinal int, id string, err error) *mover {
	return &mover{script: map[int]func(context.Context) (string, error){
		ordinal: func(context.Context) (string, error) { return id, err },
	}}
}

// mailer fails for the recipients in the script.
type mailer struct {
	script map[string]error
	sent   []notify.Mail
}

func (m *mailer) Send(_ context.Context, mail notify.Mail) error {
	if err := m.script[mail.To]; err != nil {
		return err
	}
	m.sent = append(m.sent, mail)
	return nil
}
