package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// report is everything that was measured.
type report struct {
	Machine   machine    `json:"machine"`
	Rounds    int        `json:"rounds"`
	Figures   []*figure  `json:"figures"`
	Transfers int        `json:"transfers"` // in the full ledger of row 7
	Latencies []*latency `json:"latencies"`
}

// figure is one line of the table: what was measured, in every round.
type figure struct {
	Row    int       `json:"row"` // of the budget table in the design
	What   string    `json:"what"`
	Ours   []float64 `json:"ours,omitempty"`
	Naive  []float64 `json:"naive,omitempty"`
	Bare   []float64 `json:"bare,omitempty"`
	Budget *budget   `json:"budget,omitempty"`

	// Computed when the report is written.
	OursMedian  float64 `json:"oursMedian,omitempty"`
	NaiveMedian float64 `json:"naiveMedian,omitempty"`
	BareMedian  float64 `json:"bareMedian,omitempty"`
	TimesNaive  float64 `json:"timesNaive,omitempty"`
	TimesBare   float64 `json:"timesBare,omitempty"`
	Within      *bool   `json:"within,omitempty"`
}

// budget is what a figure should keep to: an upper bound, or at least so many times the other contenders.
type budget struct {
	Most       float64 `json:"most,omitempty"`
	TimesNaive float64 `json:"timesNaive,omitempty"`
	TimesBare  float64 `json:"timesBare,omitempty"`
}

func atMost(n float64) *budget          { return &budget{Most: n} }
func times(naive, bare float64) *budget { return &budget{TimesNaive: naive, TimesBare: bare} }

func (b *budget) String() string {
	switch {
	case b == nil:
		return ""
	case b.TimesNaive > 0:
		return fmt.Sprintf("≥ %g × naive, ≥ %g × bare", b.TimesNaive, b.TimesBare)
	default:
		return fmt.Sprintf("≤ %g", b.Most)
	}
}

// note adds one measurement to its figure.
func (r *report) note(f figure, c interface{ name() string }, measured float64) {
	at := slices.IndexFunc(r.Figures, func(known *figure) bool { return known.Row == f.Row && known.What == f.What })
	if at < 0 {
		at = len(r.Figures)
		r.Figures = append(r.Figures, &f)
	}
	of := map[string]*[]float64{oursName: &r.Figures[at].Ours, naiveName: &r.Figures[at].Naive, bareName: &r.Figures[at].Bare}[c.name()]
	*of = append(*of, measured)
}

// compute fills in what follows from the measurements.
func (r *report) compute() {
	slices.SortStableFunc(r.Figures, func(a, b *figure) int { return a.Row - b.Row })
	for _, f := range r.Figures {
		f.OursMedian, f.NaiveMedian, f.BareMedian = median(f.Ours), median(f.Naive), median(f.Bare)
		f.TimesNaive, f.TimesBare = median(ratios(f.Ours, f.Naive)), median(ratios(f.Ours, f.Bare))
		switch {
		case f.Budget == nil || len(f.Ours) == 0:
		case f.Budget.Most > 0:
			f.Within = new(f.OursMedian <= f.Budget.Most)
		case f.TimesNaive > 0 && f.TimesBare > 0:
			f.Within = new(f.TimesNaive >= f.Budget.TimesNaive && f.TimesBare >= f.Budget.TimesBare)
		}
	}
}

// ratios are ours to another's, round by round: those of a round met the same conditions.
func ratios(ours, other []float64) []float64 {
	all := make([]float64, min(len(ours), len(other)))
	for i := range all {
		all[i] = ours[i] / other[i]
	}
	return all
}

// median is the middle one, or the mean of the two in the middle; 0 of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func (r *report) writeJSON(out io.Writer) error {
	r.compute()
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func (r *report) writeTable(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n", r.Machine)
	if len(r.Figures) > 0 {
		r.writeFigures(out)
	}
	if len(r.Latencies) > 0 {
		r.writeLatencies(out)
	}
}

func (r *report) writeFigures(out io.Writer) {
	r.compute()
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"Row", "What", "Ours", "Naive", "Bare", "× naive", "× bare", "Budget", "Within"})
	var right []table.ColumnConfig
	for column := 3; column <= 7; column++ {
		right = append(right, table.ColumnConfig{Number: column, Align: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	for _, f := range r.Figures {
		t.AppendRow(table.Row{f.Row, f.What, number(f.OursMedian), number(f.NaiveMedian), number(f.BareMedian),
			number(f.TimesNaive), number(f.TimesBare), f.Budget.String(), yes(f.Within)})
	}
	fmt.Fprintf(out, "\nRows 3, 4, 9 and 10: medians of %d rounds (9: at most 3). Rows 1, 2 and 5: one transfer. Row 8: the median of five.\n", r.Rounds)
	t.Render()
}

// number writes a figure with as many digits as it deserves; nothing was measured when it is 0.
func number(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 1000 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.1f", v)
	case v < 0.1:
		return fmt.Sprintf("%.4f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func yes(within *bool) string {
	switch {
	case within == nil:
		return ""
	case *within:
		return "yes"
	default:
		return "NO"
	}
}
