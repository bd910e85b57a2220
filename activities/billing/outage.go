// Package billing holds the steps about the billing system as such, whatever it is asked to move.
package billing

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handover/activities/failing"
	"handover/internal/outage"
	"handover/internal/transfer"
)

// Outage is what the run of an outage knows of it: times and counts. What the billing system said stands in the ledger.
type Outage struct {
	Away     bool      `json:"away"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"` // zero while it is away
	Failures int64     `json:"failures"`
	Answer   string    `json:"answer,omitempty"` // the status of its latest answer; empty when there was none
	Waiting  int       `json:"waiting"`          // line items that are not over
	Rules    int       `json:"rules,omitempty"`  // number of the transfer.RunRules that its run follows from here
}

// Prefix begins the name of every activity of this room.
const Prefix = "billing."

// Ledger is what the steps of this room need of the system of record. *ledger.Ledger implements it.
type Ledger interface {
	Outage(ctx context.Context, name string) (outage.Outage, error)
	OpenItems(ctx context.Context) (int, error)
}

// Activities are the steps with what they act on. A nil value serves workflows as type-checked method references.
type Activities struct {
	Ledger Ledger
}

// LookAtOutage tells whether the billing system is away. It changes nothing.
func (a *Activities) LookAtOutage(ctx context.Context) (Outage, error) {
	o, err := a.Ledger.Outage(ctx, outage.Billing)
	if err != nil {
		return Outage{}, failing.Classified(err)
	}
	waiting, err := a.Ledger.OpenItems(ctx)
	if err != nil {
		return Outage{}, failing.Classified(err)
	}
	seen := Outage{Away: o.Open(), Since: o.Since, Until: o.EndedAt, Failures: o.Failures, Waiting: waiting, Rules: transfer.LatestRunRules()}
	if o.Status != 0 {
		seen.Answer = fmt.Sprintf("%d %s", o.Status, http.StatusText(o.Status))
	}
	return seen, nil
}
