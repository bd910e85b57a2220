package world

import (
	_ "embed"
	"slices"

	"handover/internal/administration"
)

//go:embed sample.yaml
var sampleYAML []byte

// SampleYAML is the built-in world file with its comments, to start one's own from. Every call gives a fresh copy.
func SampleYAML() []byte { return slices.Clone(sampleYAML) }

// Sample is the built-in world. It reaches every refusal that depends on data and every fault; sample.yaml says which
// record is for what. Every call gives a fresh copy.
func Sample() administration.World {
	w, err := Parse("sample.yaml", sampleYAML)
	if err != nil {
		panic(err) // the file is part of the program, and the tests parse it
	}
	return w
}

// Demonstration names the parties of the transfer that the sample holds ready: it moves exactly 12 line items, one of
// which fails twice before it succeeds, and leaves what is not movable behind.
type Demonstration struct {
	CustomerTenantID string
	CustomerEmail    string
	CustomerName     string
	SourceTenantID   string
	SourceName       string
	TargetTenantID   string
	SourceUserID     string
	TargetUserID     string
}

// Demo is the demonstration of Sample.
func Demo() Demonstration {
	return Demonstration{
		CustomerTenantID: "cccccccc-0000-4000-8000-000000000001",
		CustomerEmail:    "it@contoso-bakery.example",
		CustomerName:     "Contoso Bakery",
		SourceTenantID:   "aaaaaaaa-0000-4000-8000-000000000001",
		SourceName:       "Northwind Cloud",
		TargetTenantID:   "aaaaaaaa-0000-4000-8000-000000000002",
		SourceUserID:     "eeeeeeee-0000-4000-8000-000000000101",
		TargetUserID:     "eeeeeeee-0000-4000-8000-000000000201",
	}
}
