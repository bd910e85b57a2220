package transfer

import "time"

// RunRules are what a run goes by when it decides what to do with what the ledger tells it: whether it moves the line items
// itself, how many at once, when it begins afresh. Temporal repeats these decisions when it replays a run, up to months later and
// with other code, and they must come out the same. So rules have numbers, a transfer keeps the number it was opened under
// (Policy.RunRules), each look tells it to the run (Standing.Rules), and a number means the same for ever (ADR 0013).
type RunRules struct {
	RangeSize     int // line items that one run moves itself; those of a larger transfer are shared out to children by ordinal
	WindowSize    int // line items that share a first attempt and its ledger transaction
	SmallTransfer int // largest transfer, in line items, that does not wait for the large ones of its own target

	MostChildren  int           // at work at once, well under the server's limit of 2,000
	TakenFor      time.Duration // how long a range that an earlier run began is believed to be at work before it is begun again, which does nothing while it is
	ShortestPause time.Duration // before a range is begun again that was ended from outside
	LongestPause  time.Duration // the same, after it was ended often

	LookAgain   time.Duration // when a run that cannot go on looks by itself
	ShowsEvery  time.Duration // how old what the run of an outage shows may be
	KeptAnswers int           // to commands that came through Temporal; an older command is answered again by being sent again

	// MostRefusals bounds what a flood of unreadable signals can add to one history; more are only counted.
	MostRefusals int
	// The bounds of one history, well under the server's own. A run beyond them begins afresh with what it knows: an id.
	CrowdedEvents  int
	CrowdedBytes   int
	CrowdedSignals int
}

// runRules are the rules by number. A line stays as it is for ever; a change is another line.
var runRules = []RunRules{
	0: {
		RangeSize: 250, WindowSize: 100, SmallTransfer: 25,
		MostChildren: 1000, TakenFor: 10 * time.Minute, ShortestPause: time.Minute, LongestPause: time.Hour,
		LookAgain: time.Hour, ShowsEvery: time.Minute, KeptAnswers: 16,
		MostRefusals: 200, CrowdedEvents: 1_000, CrowdedBytes: 1 << 20, CrowdedSignals: 500,
	},
}

// LatestRunRules is the number that new transfers get.
func LatestRunRules() int { return len(runRules) - 1 }

// RunRulesOf are the rules of that number, and whether this version knows them: a later one may have opened the transfer.
func RunRulesOf(number int) (rules RunRules, known bool) {
	if number < 0 || number >= len(runRules) {
		return RunRules{}, false
	}
	return runRules[number], true
}

// InRanges tells whether a transfer of so many line items is shared out to children.
func (r RunRules) InRanges(total int) bool { return total > r.RangeSize }

// RangeOf is the range of line items, from (included) to (excluded), that holds the ordinal.
func (r RunRules) RangeOf(ordinal, total int) (from, to int) {
	return r.Range(ordinal/r.RangeSize, total)
}

// Range is the range of that number.
func (r RunRules) Range(n, total int) (from, to int) {
	return n * r.RangeSize, min((n+1)*r.RangeSize, total)
}

// RangeCount is how many ranges so many line items make.
func (r RunRules) RangeCount(total int) int { return (total + r.RangeSize - 1) / r.RangeSize }

// Pause is how long a range rests that was ended from outside so often, once at least.
func (r RunRules) Pause(ended int) time.Duration {
	const most = 6 // doublings, which no pause outgrows
	return min(r.ShortestPause<<min(ended-1, most), r.LongestPause)
}

// ShareOf is the fairness key of calls of the billing system: each target has a share of it, and its small transfers one of their
// own. So a merger of thousands holds up neither anybody else nor a transfer of three items of the same partner, and none of
// them for ever.
func (r RunRules) ShareOf(target string, total int) string {
	if total <= r.SmallTransfer {
		return target + "/small"
	}
	return target
}

// Crowded tells that a history of so many events and bytes, in a run that received so many signals, should begin afresh.
func (r RunRules) Crowded(events, bytes, signals int) bool {
	return events > r.CrowdedEvents || bytes > r.CrowdedBytes || signals > r.CrowdedSignals
}
