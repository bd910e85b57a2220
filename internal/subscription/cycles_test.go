package subscription_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

func TestRulesOfBillingCycles(t *testing.T) {
	day := func(d string) time.Time { return at(d + "T00:00:00Z") }
	for name, c := range map[string]struct {
		bought, end, term string
		cycle             subscription.BillingCycle
		at                string
		from, until       string // empty without cycles
	}{
		"by the month":                          {"2024-04-10", "2025-04-09", "P1Y", subscription.Monthly, "2024-06-15", "2024-06-10", "2024-07-10"},
		"on its first day":                      {"2024-04-10", "2025-04-09", "P1Y", subscription.Monthly, "2024-06-10", "2024-06-10", "2024-07-10"},
		"on its last day":                       {"2024-04-10", "2025-04-09", "P1Y", subscription.Monthly, "2024-07-09", "2024-06-10", "2024-07-10"},
		"31 January, in a leap year":            {"2024-01-31", "2025-01-30", "P1Y", subscription.Monthly, "2024-02-29", "2024-02-29", "2024-03-31"},
		"31 January for one month":              {"2024-01-31", "2024-02-28", "P1M", subscription.Monthly, "2024-02-01", "2024-01-31", "2024-02-29"},
		"by the year from a leap day":           {"2024-02-29", "2027-02-27", "P3Y", subscription.Annual, "2025-03-01", "2025-02-28", "2026-02-28"},
		"after a renewal":                       {"2022-04-10", "2025-04-09", "P1Y", subscription.Annual, "2024-06-15", "2024-04-10", "2025-04-10"},
		"back from an end that others chose":    {"2024-04-10", "2024-12-31", "P1Y", subscription.Monthly, "2024-06-15", "2024-06-01", "2024-07-01"},
		"once for the term":                     {"2024-04-10", "2027-04-09", "P3Y", subscription.OneTime, "2026-06-15", "2024-04-10", "2027-04-10"},
		"once for thirty days":                  {"2024-04-10", "2024-05-09", "P30D", subscription.OneTime, "2024-05-09", "2024-04-10", "2024-05-10"},
		"by the month, for thirty days":         {"2024-04-10", "2024-05-09", "P30D", subscription.Monthly, "2024-05-09", "2024-04-10", "2024-05-10"},
		"without a term":                        {"2024-04-10", "", "", subscription.Monthly, "2030-01-01", "2029-12-10", "2030-01-10"},
		"before the purchase":                   {"2024-04-10", "", "", subscription.Monthly, "2024-03-31", "2024-03-10", "2024-04-10"},
		"once, without a term":                  {"2024-04-10", "", "", subscription.OneTime, "2024-06-15", "", ""},
		"once, for a term that nobody can read": {"2024-04-10", "2025-04-09", "a year", subscription.OneTime, "2024-06-15", "", ""},
		"of no cycle":                           {"2024-04-10", "2025-04-09", "P1Y", subscription.NoCycle, "2024-06-15", "", ""},
		"of an unknown one":                     {"2024-04-10", "2025-04-09", "P1Y", subscription.UnknownCycle, "2024-06-15", "", ""},
	} {
		rule(t, "R-31 cycles divide the term: "+name, func(t *testing.T) {
			s := subscription.Subscription{CreationDate: at(c.bought + "T08:00:00Z"), TermDuration: c.term, BillingCycle: c.cycle}
			if c.end != "" {
				s.CommitmentEndDate = day(c.end)
			}
			got, inCycles := s.CycleAt(at(c.at + "T23:59:59Z"))
			require.Equal(t, c.from != "", inCycles)
			if inCycles {
				assert.Equal(t, subscription.Cycle{From: day(c.from), Until: day(c.until)}, got)
			}
		})
	}
	rule(t, "R-31 what moved keeps its cycles, whenever it moved", func(t *testing.T) {
		s := sample("0001")
		moved := s
		moved.BilledSince, moved.CyclesFrom = day("2024-06-15"), s.CyclesStart()
		before, _ := s.CycleAt(day("2024-09-01"))
		after, _ := moved.CycleAt(day("2024-09-01"))
		assert.Equal(t, before, after)
	})
	rule(t, "R-37 billing ends with the term, or with a scheduled end before that", func(t *testing.T) {
		s := sample("0001")
		assert.Equal(t, day("2025-04-10"), s.BillingEnd())
		s.CancelAt = day("2024-07-10")
		assert.Equal(t, day("2024-07-10"), s.BillingEnd())
		s.CancelAt = at("2024-07-10T00:00:01Z")
		assert.Equal(t, day("2024-07-11"), s.BillingEnd(), "the day counts as used")
		s.CancelAt = day("2026-07-10")
		assert.Equal(t, day("2025-04-10"), s.BillingEnd())
		assert.Zero(t, subscription.Subscription{}.BillingEnd())
	})
}

// Every day is in one cycle, which begins where the one before it ends.
func TestEveryDayIsInOneCycle(t *testing.T) {
	number := rand.Uint64()
	t.Logf("seed %d", number)
	dice := rand.New(rand.NewPCG(number, 31))
	for range 2000 {
		s := sample("0001", func(s *subscription.Subscription) {
			s.CreationDate = at("2020-01-01T00:00:00Z").AddDate(0, 0, dice.IntN(2000))
			s.CommitmentEndDate = kernel.Day(s.CreationDate).AddDate(0, 0, dice.IntN(1200))
			s.TermDuration = []string{"P1M", "P1Y", "P3Y", "P30D", ""}[dice.IntN(5)]
			s.BillingCycle = []subscription.BillingCycle{subscription.Monthly, subscription.Annual, subscription.OneTime}[dice.IntN(3)]
		})
		day := kernel.Day(s.CreationDate).AddDate(0, 0, dice.IntN(3000)-1000)
		c, inCycles := s.CycleAt(day)
		if !inCycles {
			require.Empty(t, s.TermDuration)
			continue
		}
		require.False(t, day.Before(c.From), "%s is not in %v of %+v", day, c, s)
		require.True(t, day.Before(c.Until), "%s is not in %v of %+v", day, c, s)
		next, _ := s.CycleAt(c.Until)
		require.Equal(t, c.Until, next.From, "%+v", s)
		before, _ := s.CycleAt(c.From.AddDate(0, 0, -1))
		require.Equal(t, c.From, before.Until, "%+v", s)
	}
}
