package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"handover/internal/ledger"
	"handover/internal/transfer"
)

// memory is a ledger of one transfer. It decides through transfer.Policy as the real one does, so it cannot drift from
// the rules, and it counts its calls. Repeating a change gives the same result and writes nothing.
type memory struct {
	mu     sync.Mutex
	now    func() time.Time
	policy transfer.Policy
	facts  transfer.SelectionFacts

	transfer transfer.Transfer
	items    []transfer.LineItem
	events   []transfer.Event // every transition, in order
	refused  []ledger.Refused
	outbox   []ledger.Notification
	givenUp  map[string]int // request id → ordinal
	calls    map[string]int

	// before runs at the start of a step, with how often the step was called; its error is the step's.
	before map[string]func(call int) error
}

func newMemory(subscriptions ...transfer.Subscription) *memory {
	partner := transfer.Partner{Type: transfer.DirectBill, Status: transfer.ProgramActive, MPASigned: true, Market: "US", Currency: "USD"}
	source, target := partner, partner
	source.TenantID, target.TenantID = source1.PartnerTenantID, target1.PartnerTenantID
	target.AdminAgents = []transfer.AdminAgent{{UserID: target1.UserID}}
	return &memory{
		policy: transfer.DefaultPolicy(),
		facts: transfer.SelectionFacts{
			Open: transfer.OpenFacts{
				Customer: &transfer.Customer{TenantID: customer, Market: "US"}, Source: &source, Target: &target, Relationship: true, Agreement: true,
			},
			Subscriptions: subscriptions,
		},
		givenUp: map[string]int{}, calls: map[string]int{}, before: map[string]func(int) error{},
	}
}

// opening is the id of the step that comes before there is a transfer.
const opening = ""

// enter counts the call, runs what the test wants to happen first, and locks the ledger.
func (l *memory) enter(step, id string) (leave func(), err error) {
	l.mu.Lock()
	l.calls[step]++
	call, before := l.calls[step], l.before[step]
	l.mu.Unlock()
	if before != nil {
		if err := before(call); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	if id != opening && id != l.transfer.ID {
		l.mu.Unlock()
		return nil, transfer.Refuse(transfer.NotFound, "There is no transfer %s.", id)
	}
	return l.mu.Unlock, nil
}

// change makes the transition and writes its effects.
func (l *memory) change(c transfer.Command, by transfer.Actor) error {
	next, effects, err := l.policy.Decide(l.transfer.State, c, by, l.now())
	if err != nil {
		return err
	}
	l.transfer.State = next
	if effects.Event != "" {
		l.events = append(l.events, effects.Event)
	}
	for _, audience := range effects.Mail {
		l.post(effects.Event, audience)
	}
	return nil
}

func (l *memory) post(e transfer.Event, audience transfer.Audience) {
	l.outbox = append(l.outbox, ledger.Notification{
		ID: int64(len(l.outbox)), TransferID: l.transfer.ID, Event: e, Audience: audience, Recipient: string(audience) + "@example.com",
	})
}

func (l *memory) OpenTransfer(_ context.Context, r transfer.Request) (transfer.Transfer, error) {
	leave, err := l.enter("OpenTransfer", opening)
	if err != nil {
		return transfer.Transfer{}, err
	}
	defer leave()
	normal, err := l.policy.Normalize(r)
	if err != nil {
		return transfer.Transfer{}, err
	}
	if err := l.policy.CheckOpen(normal, l.facts.Open); err != nil {
		return transfer.Transfer{}, err
	}
	if l.transfer.Status == transfer.None {
		l.transfer = transfer.NewTransfer(normal, l.facts.Open)
		err = l.change(transfer.Open{}, normal.Actor)
	}
	return l.transfer, err
}

func (l *memory) Submit(_ context.Context, id string, s ledger.Submission) (transfer.Transfer, error) {
	return l.decide("Submit", id, s.RequestID, s.Actor, func() (transfer.Command, []transfer.LineItem, error) {
		selection, err := l.policy.CheckSelection(s.Selection)
		if err != nil {
			return nil, nil, err
		}
		items, err := l.policy.Select(l.transfer, selection, l.facts)
		return transfer.Submit{Items: len(items)}, items, err
	})
}

func (l *memory) Cancel(_ context.Context, id string, d ledger.Decision) (transfer.Transfer, error) {
	return l.decide("Cancel", id, d.RequestID, d.Actor, only(transfer.Cancel{}))
}

func (l *memory) Decline(_ context.Context, id string, d ledger.Decision) (transfer.Transfer, error) {
	return l.decide("Decline", id, d.RequestID, d.Actor, only(transfer.Decline{Reason: d.Reason}))
}

// prepare makes a command and, for a submit, the line items it writes.
type prepare func() (transfer.Command, []transfer.LineItem, error)

func only(c transfer.Command) prepare {
	return func() (transfer.Command, []transfer.LineItem, error) { return c, nil, nil }
}

func (l *memory) decide(step, id, requestID string, by transfer.Actor, prepare prepare) (transfer.Transfer, error) {
	leave, err := l.enter(step, id)
	if err != nil {
		return transfer.Transfer{}, err
	}
	defer leave()
	if l.transfer.DecisionRequestID == requestID {
		return l.transfer, nil
	}
	c, items, err := prepare()
	if err != nil {
		return transfer.Transfer{}, err
	}
	if err := l.change(c, by); err != nil {
		return transfer.Transfer{}, err
	}
	l.items, l.transfer.DecisionRequestID = items, requestID
	if no, declined := c.(transfer.Decline); declined {
		l.transfer.DeclineReason = no.Reason
	}
	return l.transfer, nil
}

func (l *memory) Expire(_ context.Context, id string) (transfer.Transfer, error) {
	return l.end("Expire", id, transfer.Expire{}, transfer.Expired)
}

func (l *memory) CloseTransfer(_ context.Context, id string) (transfer.Transfer, error) {
	return l.end("CloseTransfer", id, transfer.Close{}, transfer.Complete, transfer.PartiallyComplete, transfer.Failed)
}

func (l *memory) end(step, id string, c transfer.Command, done ...transfer.Status) (transfer.Transfer, error) {
	leave, err := l.enter(step, id)
	if err != nil {
		return transfer.Transfer{}, err
	}
	defer leave()
	if slices.Contains(done, l.transfer.Status) {
		return l.transfer, nil
	}
	err = l.change(c, transfer.Platform())
	return l.transfer, err
}

func (l *memory) FlagOverdue(_ context.Context, id string) error {
	leave, err := l.enter("FlagOverdue", id)
	if err != nil {
		return err
	}
	defer leave()
	l.transfer.Overdue = true
	return nil
}

func (l *memory) Remind(_ context.Context, id string, n int) error {
	leave, err := l.enter("Remind", id)
	if err != nil {
		return err
	}
	defer leave()
	if l.transfer.Status == transfer.Pending {
		l.post(transfer.Event(fmt.Sprintf("%s-%d", transfer.EventReminder, n)), transfer.ToSource)
	}
	return nil
}

func (l *memory) RecordRefused(_ context.Context, r ledger.Refused) error {
	leave, err := l.enter("RecordRefused", r.TransferID)
	if err != nil {
		return err
	}
	defer leave()
	l.refused = append(l.refused, r)
	return nil
}

func (l *memory) MoveFacts(_ context.Context, id string, ordinals []int) (transfer.Transfer, []ledger.MoveFact, error) {
	leave, err := l.enter("MoveFacts", id)
	if err != nil {
		return transfer.Transfer{}, nil, err
	}
	defer leave()
	facts := make([]ledger.MoveFact, len(ordinals))
	for i, n := range ordinals {
		facts[i].Item = l.items[n]
		if base := l.items[n].BaseOrdinal; base != transfer.NoBase {
			facts[i].BaseStatus = l.items[base].Status
		}
		for _, s := range l.facts.Subscriptions {
			if s.ID == l.items[n].SubscriptionID {
				facts[i].Old = s
			}
		}
	}
	return l.transfer, facts, nil
}

func (l *memory) RecordItems(_ context.Context, id string, results []ledger.ItemResult) ([]transfer.LineItem, error) {
	leave, err := l.enter("RecordItems", id)
	if err != nil {
		return nil, err
	}
	defer leave()
	var items []transfer.LineItem
	for _, r := range results {
		item := &l.items[r.Ordinal]
		if err := l.record(item, r); err != nil {
			return nil, err
		}
		items = append(items, *item)
	}
	return items, nil
}

// record writes what one attempt made of an item that still runs (I-2).
func (l *memory) record(item *transfer.LineItem, r ledger.ItemResult) error {
	if item.Status != transfer.ItemInProgress {
		return nil
	}
	switch {
	case r.Refusal != nil:
		item.Status, item.TransferError = transfer.ItemFailed, r.Refusal.Message
		return l.change(transfer.ItemRefused{Item: transfer.ItemInProgress}, transfer.Platform())
	case r.TargetSubscriptionID != "":
		item.Status, item.TargetSubscriptionID = transfer.ItemComplete, r.TargetSubscriptionID
		return l.change(transfer.ItemDone{Item: transfer.ItemInProgress}, transfer.Platform())
	default:
		if !r.Uncounted {
			item.Attempts++
		}
		item.LastError = r.Failure
		return nil
	}
}

func (l *memory) GiveUp(_ context.Context, id string, ordinal int, reason, requestID string, by transfer.Actor) (transfer.LineItem, error) {
	leave, err := l.enter("GiveUp", id)
	if err != nil {
		return transfer.LineItem{}, err
	}
	defer leave()
	if n, repeated := l.givenUp[requestID]; repeated && n == ordinal {
		return l.items[n], nil
	}
	item := &transfer.LineItem{Ordinal: ordinal}
	if ordinal < len(l.items) {
		item = &l.items[ordinal]
	}
	if err := l.change(transfer.GiveUp{Item: item.Status, Reason: reason}, by); err != nil {
		return transfer.LineItem{}, err
	}
	item.Status, item.TransferError = transfer.ItemFailed, reason
	l.givenUp[requestID] = ordinal
	return *item, nil
}

func (l *memory) Transfer(_ context.Context, id string) (transfer.Transfer, error) {
	leave, err := l.enter("Transfer", id)
	if err != nil {
		return transfer.Transfer{}, err
	}
	defer leave()
	return l.transfer, nil
}

func (l *memory) Unsent(_ context.Context, id, event string) ([]ledger.Notification, error) {
	leave, err := l.enter("Unsent", id)
	if err != nil {
		return nil, err
	}
	defer leave()
	var unsent []ledger.Notification
	for _, n := range l.outbox {
		if string(n.Event) == event && n.SentAt.IsZero() {
			unsent = append(unsent, n)
		}
	}
	return unsent, nil
}

func (l *memory) RecordSent(_ context.Context, notificationID int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outbox[notificationID].SentAt = l.now()
	return nil
}

func (l *memory) RecordUndelivered(_ context.Context, notificationID int64, reason string, final bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := &l.outbox[notificationID]
	n.Attempts++
	n.LastError = reason
	if final {
		n.SentAt = l.now()
	}
	return nil
}
