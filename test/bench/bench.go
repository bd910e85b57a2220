package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// amounts are how much is measured.
type amounts struct {
	items     int // of the one transfer of row 3
	transfers int // of row 4
	few, many int // items of the two transfers that row 5 compares

	past          int // transfers in the ledger of row 7, a multiple of 500
	writes, reads int // requests of each kind of row 7

	owed  int // events of row 9 that we are to tell
	fewer int // that others are, who take too long for so many
	mails int // e-mails of row 10, a multiple of 20
}

var (
	wholeAmounts = amounts{items: 1_000, transfers: 150, few: 1_000, many: 10_000, past: 100_000, writes: 200, reads: 500, owed: 10_000, fewer: 1_000, mails: 1_000}
	quickAmounts = amounts{items: 200, transfers: 8, few: 100, many: 1_200, past: 2_000, writes: 8, reads: 20, owed: 200, fewer: 40, mails: 40}
)

// The budgets that are counts, of our own.
const (
	mostEvents     = 20
	mostActions    = 6
	mostStatements = 40
	mostHistory    = 1_000
	mostGrowth     = 2 // of the heap, for ten times the line items

	// What a run that tells a subscriber may take for a backlog that one step drains, whatever its size.
	mostTellingEvents  = 16
	mostTellingActions = 3
)

// bench takes the figures.
type bench struct {
	options
	amounts
	progress io.Writer
	report   *report
}

// measure takes all figures. A transfer that does not complete, a count that is wrong or a broken invariant is an error.
func measure(ctx context.Context, o options, progress io.Writer) (*report, error) {
	b := &bench{options: o, amounts: wholeAmounts, progress: progress, report: &report{}}
	if o.quick {
		b.amounts, b.rounds = quickAmounts, 1
	}
	if b.wants(1, 2, 3, 4, 8, 9, 10) {
		if err := b.compare(ctx); err != nil {
			return nil, err
		}
	}
	if b.wants(5) && b.measures(oursName) {
		if err := b.weighStandalone(ctx); err != nil {
			return nil, err
		}
	}
	if b.wants(7) && b.measures(oursName) {
		for _, database := range b.servedFrom() {
			if err := b.timeAPI(ctx, database); err != nil {
				return nil, err
			}
		}
	}
	b.report.Rounds, b.report.Transfers = b.rounds, b.past
	return b.report, nil
}

// servedFrom are the databases that the API is measured on: both, unless PostgreSQL is to be left out.
func (b *bench) servedFrom() []string {
	if b.database == "sqlite" {
		return []string{"sqlite"}
	}
	return []string{"sqlite", "postgres"}
}

// describe notes once where the figures are taken.
func (b *bench) describe(ctx context.Context, s *stage) (err error) {
	if b.report.Machine.CPU == "" {
		b.report.Machine, err = describe(ctx, s)
	}
	return err
}

// wants tells whether one of the rows is to be measured.
func (b *bench) wants(rows ...int) bool {
	return slices.ContainsFunc(rows, func(row int) bool { return slices.Contains(b.rows, row) })
}

// measures tells whether the contender takes part.
func (b *bench) measures(name string) bool { return b.only == "" || b.only == name }

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

// compare takes rows 1 to 4 and 8 to 10 of all contenders on one platform.
func (b *bench) compare(ctx context.Context) (err error) {
	b.say("Starting Temporal and the ledger on %s ...", b.database)
	s, err := newStage(ctx, b.database,
		crowd{customers: 2 * b.rounds, items: b.items}, crowd{customers: 2*(1+sampled) + 4*b.rounds*b.transfers, items: smallItems})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := b.describe(ctx, s); err != nil {
		return err
	}
	s.contenders = slices.DeleteFunc(s.contenders, func(c contender) bool { return !b.measures(c.name()) })
	for _, c := range s.contenders {
		if !b.wants(1, 2, 8) {
			break
		}
		if err := b.count(ctx, s, c); err != nil {
			return err
		}
	}
	for round := range b.rounds {
		if err := errors.Join(b.race(ctx, s, round), b.tell(ctx, s, round)); err != nil {
			return err
		}
	}
	if err := b.mail(ctx, s); err != nil { // last, since it fills the ledger
		return err
	}
	return s.verified(ctx)
}

// count takes rows 1, 2 and 8 of one contender. It also warms up connections and caches.
func (b *bench) count(ctx context.Context, s *stage, c contender) error {
	events, err := s.smallTransfer(ctx, c)
	if err != nil {
		return err
	}
	if b.wants(1) && len(events) > 0 {
		b.report.note(figure{Row: 1, What: fmt.Sprintf("Events of a %d-item transfer", smallItems), Budget: atMost(mostEvents)}, c, float64(len(events)))
	}
	if b.wants(2) && len(events) > 0 {
		b.report.note(figure{Row: 2, What: "Billable actions of the same", Budget: atMost(mostActions)}, c, float64(CountActions(events)))
	}
	if !b.wants(8) {
		return nil
	}
	sent, err := s.statements(ctx, c)
	if err == nil {
		b.report.note(figure{Row: 8, What: fmt.Sprintf("Ledger statements of a %d-item transfer", smallItems), Budget: atMost(mostStatements)}, c, sent)
	}
	return err
}

// race takes rows 3 and 4 once of each contender, who take turns in going first.
func (b *bench) race(ctx context.Context, s *stage, round int) error {
	first := round % len(s.contenders)
	order := slices.Concat(s.contenders[first:], s.contenders[:first])
	for _, row := range []struct {
		figure figure
		take   func(contender) (float64, error)
	}{
		{
			figure{Row: 3, What: fmt.Sprintf("Line items/s, one %d-item transfer", b.items), Budget: times(28, 0.8)},
			func(c contender) (float64, error) { return moveItems(ctx, c, b.items) },
		},
		{
			figure{Row: 4, What: fmt.Sprintf("%d-item transfers/s, %d at once", smallItems, inFlight), Budget: times(2.2, 0.5)},
			func(c contender) (float64, error) { return makeTransfers(ctx, c, b.transfers) },
		},
		{
			figure{Row: 4, What: "the same, submitted when all were created"},
			func(c contender) (float64, error) { return makeInTwoSteps(ctx, c, b.transfers) },
		},
	} {
		if !b.wants(row.figure.Row) {
			continue
		}
		for _, c := range order {
			measured, err := row.take(c)
			if err != nil {
				return err
			}
			b.report.note(row.figure, c, measured)
			b.say("round %d of %d: %s, %s: %.1f", round+1, b.rounds, row.figure.What, c.name(), measured)
		}
	}
	return nil
}

// weighStandalone takes row 5 on a platform like the standalone's: everything on SQLite files.
func (b *bench) weighStandalone(ctx context.Context) (err error) {
	b.say("Starting Temporal and the ledger on sqlite for row 5 ...")
	s, err := newStage(ctx, "sqlite", crowd{1, b.many}, crowd{1, b.few}, crowd{1, smallItems})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := b.describe(ctx, s); err != nil {
		return err
	}
	c := s.contenders[0]
	if _, err := s.smallTransfer(ctx, c); err != nil { // warms up
		return err
	}
	few, err := s.weigh(ctx, c, b.few)
	if err != nil {
		return err
	}
	many, err := s.weigh(ctx, c, b.many)
	if err != nil {
		return err
	}
	b.noteWeights(c, few, many)
	return s.verified(ctx)
}

func (b *bench) noteWeights(c contender, few, many load) {
	for _, l := range []struct {
		items int
		load  load
	}{{b.few, few}, {b.many, many}} {
		b.say("%d items on sqlite: %.1f s, live heap %.1f MB before, %.1f MB at most, %.1f MB after; events %d, children %v",
			l.items, l.load.took.Seconds(), l.load.before, l.load.peak, l.load.after, l.load.sizes.parent, l.load.sizes.children)
	}
	of := fmt.Sprintf("%d items on sqlite: ", b.many)
	b.report.note(figure{Row: 5, What: of + "seconds, create to complete"}, c, many.took.Seconds())
	b.report.note(figure{Row: 5, What: of + "events of its biggest run", Budget: atMost(mostHistory)}, c, float64(many.sizes.biggest()))
	b.report.note(figure{Row: 5, What: of + "live heap at most, MB"}, c, many.peak)
	b.report.note(figure{Row: 5, What: fmt.Sprintf("the same, times that of %d items", b.few), Budget: atMost(mostGrowth)}, c, many.peak/few.peak)
}

// mostTellings bounds the rounds of row 9, which take minutes each.
const mostTellings = 3

// tell takes row 9 once of each teller, who take turns in going first.
func (b *bench) tell(ctx context.Context, s *stage, round int) error {
	if !b.wants(9) || round >= mostTellings {
		return nil
	}
	tellers := slices.DeleteFunc(slices.Clone(s.tellers), func(t teller) bool { return !b.measures(t.name()) })
	first := round % len(tellers)
	for _, takes := range []time.Duration{0, slowReceiver} {
		for _, subscribers := range []int{1, manySubscribers} {
			for _, t := range slices.Concat(tellers[first:], tellers[:first]) {
				if err := b.tellOnce(ctx, s, t, takes, subscribers); err != nil {
					return fmt.Errorf("tell (%s): %w", t.name(), err)
				}
			}
		}
	}
	return nil
}

func (b *bench) tellOnce(ctx context.Context, s *stage, t teller, takes time.Duration, subscribers int) error {
	all := b.fewer
	if t.name() == oursName {
		all = b.owed
	}
	owed := backlog{subscribers, all / subscribers}
	d, err := s.drains(ctx, t, owed, takes)
	if err != nil {
		return err
	}
	named := backlog{subscribers, b.owed / subscribers}
	after := "at once"
	if takes > 0 {
		after = "after " + takes.String()
	}
	rate := float64(owed.events()) / d.took.Seconds()
	b.say("%s, answered %s, %s: %.1f events/s, histories of %d events and %d actions, %d statements, %d heard twice",
		owed, after, t.name(), rate, d.events, d.actions, d.statements, d.repeated)
	b.report.note(figure{Row: 9, What: fmt.Sprintf("Webhooks/s, %s, answered %s", named, after)}, t, rate)
	if takes > 0 {
		return nil // the counts are those of endpoints that answer at once
	}
	for _, cost := range []cost{{"history events", d.events}, {"actions", d.actions}, {"statements", int(d.statements)}} {
		if cost.count > 0 {
			b.report.note(figure{Row: 9, What: fmt.Sprintf("%s of each, %s", cost.what, named)}, t, float64(cost.count)/float64(owed.events()))
		}
	}
	return nil
}
