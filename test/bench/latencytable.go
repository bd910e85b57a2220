package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// latency is how long one kind of request took on one database, in milliseconds.
type latency struct {
	Row      int     `json:"row"` // of the budget table in the design
	Request  string  `json:"request"`
	Database string  `json:"database"`
	Empty    spread  `json:"almostEmptyLedger"`
	Full     spread  `json:"fullLedger"`
	Ratio    float64 `json:"ratio"`            // p99 with a full ledger to p99 with an almost empty one
	Budget   float64 `json:"budget,omitempty"` // what p99 with a full ledger stays below; 0 for no budget
	Within   *bool   `json:"within,omitempty"`
}

// spread is every measurement, the warming up left out, in the order of measuring, and what half and 99 of 100 of them do not exceed.
type spread struct {
	Milliseconds []float64 `json:"ms"`
	P50          float64   `json:"p50"`
	P99          float64   `json:"p99"`
}

func spreadOf(took []time.Duration) spread {
	var s spread
	for _, t := range took[warmingUp:] {
		s.Milliseconds = append(s.Milliseconds, float64(t.Microseconds())/1000)
	}
	s.P50, s.P99 = percentile(s.Milliseconds, 50), percentile(s.Milliseconds, 99)
	return s
}

// percentile is the smallest value that p of 100 do not exceed; 0 of nothing.
func percentile(values []float64, p int) float64 {
	if len(values) == 0 {
		return 0
	}
	rank := math.Ceil(float64(len(values)*p) / 100)
	return slices.Sorted(slices.Values(values))[int(rank)-1]
}

// noteLatencies adds what was measured on one database.
func (r *report) noteLatencies(database string, empty, full map[string][]time.Duration) {
	for _, request := range []string{createRequest, submitRequest, getRequest, listRequest, firstRequest, deepRequest} {
		l := &latency{Row: 7, Request: request, Database: database, Empty: spreadOf(empty[request]), Full: spreadOf(full[request])}
		l.Ratio = l.Full.P99 / l.Empty.P99
		if request == createRequest || request == submitRequest {
			l.Budget = mostWriteLatency
			l.Within = new(l.Full.P99 < l.Budget)
		}
		r.Latencies = append(r.Latencies, l)
	}
}

func (r *report) writeLatencies(out io.Writer) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"Row", "Request", "Database", "Empty p50", "p99", "Full p50", "p99", "Ratio", "Budget", "Within"})
	var right []table.ColumnConfig
	for column := 4; column <= 8; column++ {
		right = append(right, table.ColumnConfig{Number: column, Align: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	for _, l := range r.Latencies {
		budget := ""
		if l.Budget > 0 {
			budget = fmt.Sprintf("p99 < %g", l.Budget)
		}
		t.AppendRow(table.Row{l.Row, l.Request, l.Database, number(l.Empty.P50), number(l.Empty.P99), number(l.Full.P50), number(l.Full.P99), number(l.Ratio), budget, yes(l.Within)})
	}
	fmt.Fprintf(out, "\nRow 7: the HTTP API on loopback, one request at a time, in milliseconds. Full: %d transfers in the ledger; empty: %d.\nThe ratio is full to empty, of p99.\n",
		r.Transfers, almostNo)
	t.Render()
}
