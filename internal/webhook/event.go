package webhook

import (
	"strings"
	"time"

	"handover/internal/kernel"
)

// EventName is what happened, as Partner Center clients name it.
type EventName string

// The events that can be asked for.
const (
	TestCreated          EventName = "test-created"
	CreateTransfer       EventName = "create-transfer"
	UpdateTransfer       EventName = "update-transfer"
	CompleteTransfer     EventName = "complete-transfer"
	FailTransfer         EventName = "fail-transfer"
	SubscriptionUpdated  EventName = "subscription-updated"
	RelationshipAccepted EventName = "reseller-relationship-accepted-by-customer"
	IndirectAccepted     EventName = "indirect-reseller-relationship-accepted-by-customer"
)

// kindOf is what an event is about, and what it is called where types are words with dots between (Standard Webhooks).
var kindOf = map[EventName]struct {
	resource string
	kind     string
}{
	TestCreated:          {"test", "test.created"},
	CreateTransfer:       {"Transfer", "transfer.created"},
	UpdateTransfer:       {"Transfer", "transfer.updated"},
	CompleteTransfer:     {"Transfer", "transfer.completed"},
	FailTransfer:         {"Transfer", "transfer.failed"},
	SubscriptionUpdated:  {"subscription", "subscription.updated"},
	RelationshipAccepted: {"customer", "relationship.accepted"},
	IndirectAccepted:     {"customer", "indirect_relationship.accepted"},
}

// EventNames are all that can be asked for, in the order in which clients are shown them.
func EventNames() []EventName {
	return []EventName{
		TestCreated, CreateTransfer, UpdateTransfer, CompleteTransfer, FailTransfer, SubscriptionUpdated, RelationshipAccepted, IndirectAccepted,
	}
}

// ReadEvents are the events that a client asks for, each once, in the order of EventNames and written in any case. Refusals:
// UnknownEnum for a name that is none, InvalidInput when there is none.
func ReadEvents(names []string) ([]EventName, error) {
	if err := kernel.CheckCount("WebhookEvents", len(names)); err != nil {
		return nil, err
	}
	wanted := map[EventName]bool{}
	for _, name := range names {
		known := false
		for _, event := range EventNames() {
			if strings.EqualFold(string(event), strings.TrimSpace(name)) {
				wanted[event], known = true, true
			}
		}
		if !known {
			return nil, kernel.Refuse(kernel.UnknownEnum, "WebhookEvents knows no such event. GET /webhooks/v1/registration/events lists them.")
		}
	}
	var events []EventName
	for _, event := range EventNames() {
		if wanted[event] {
			events = append(events, event)
		}
	}
	if len(events) == 0 {
		return nil, kernel.Refuse(kernel.InvalidInput, "WebhookEvents must name at least one event.")
	}
	return events, nil
}

// Event is something that one partner is told. It carries no state: who is told reads the resource.
type Event struct {
	ID               string // of the partner's audit record of it; of a test its correlation id. Stable over every attempt
	PartnerTenantID  string
	Name             EventName
	CustomerTenantID string // empty for a test
	ResourceID       string
	At               time.Time
}
