package administration

import (
	"handover/internal/programme"
	"handover/internal/subscription"
)

// Outcome is what becomes of one record.
type Outcome string

// The outcomes. Nothing is written of what is the same.
const (
	New     Outcome = "new"
	Changed Outcome = "changed"
	Ended   Outcome = "ended"
	Same    Outcome = "same"
)

// Step is a record that is to be written.
type Step[T any] struct {
	Outcome Outcome // never Same
	Was     T       // zero for what is new
	Is      T
}

// Plan is everything that has to be written, and how much of it there is.
type Plan struct {
	Partners      []Step[programme.Partner]
	Customers     []Step[programme.Customer]
	Relationships []Step[programme.Relationship]
	Agreements    []Step[programme.Agreement]
	Partnerships  []Step[programme.Partnership]
	Subscriptions []Step[subscription.Subscription]
	Applied       Applied
}

// Count is how many records of one kind had which outcome.
type Count struct {
	Kind    Kind `json:"kind" doc:"Kind of the records, as in a world file."`
	New     int  `json:"new" doc:"How many were not there before."`
	Changed int  `json:"changed" doc:"How many say something else now."`
	Ended   int  `json:"ended" doc:"How many are over."`
	Same    int  `json:"same" doc:"How many say what they said."`
}

// Applied is what came of changes.
type Applied struct {
	Rehearsed bool    `json:"rehearsed" doc:"Nothing was written; this is what would be."`
	Counts    []Count `json:"counts" doc:"One for each kind of which there was a record."`
}

// note counts an outcome.
func (a *Applied) note(kind Kind, outcome Outcome) {
	if len(a.Counts) == 0 || a.Counts[len(a.Counts)-1].Kind != kind {
		a.Counts = append(a.Counts, Count{Kind: kind})
	}
	c := &a.Counts[len(a.Counts)-1]
	switch outcome {
	case New:
		c.New++
	case Changed:
		c.Changed++
	case Ended:
		c.Ended++
	case Same:
		c.Same++
	}
}

// Writes tells whether anything was, or would be, written.
func (a Applied) Writes() bool {
	for _, c := range a.Counts {
		if c.New+c.Changed+c.Ended > 0 {
			return true
		}
	}
	return false
}
