package subscription_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
)

func TestNextCycle(t *testing.T) {
	for name, c := range map[string]struct {
		bought, after, next string
		cycle               subscription.BillingCycle
	}{
		"the month after":                        {"2024-04-10T08:00:00Z", "2024-06-15T10:00:00Z", "2024-07-10T00:00:00Z", subscription.Monthly},
		"later in the same month":                {"2024-04-20T08:00:00Z", "2024-06-15T10:00:00Z", "2024-06-20T00:00:00Z", subscription.Monthly},
		"at the very start of a cycle":           {"2024-04-10T08:00:00Z", "2024-06-10T00:00:00Z", "2024-07-10T00:00:00Z", subscription.Monthly},
		"a nanosecond before one":                {"2024-04-10T08:00:00Z", "2024-06-09T23:59:59.999999999Z", "2024-06-10T00:00:00Z", subscription.Monthly},
		"31 January to 28 February":              {"2023-01-31T08:00:00Z", "2023-02-01T00:00:00Z", "2023-02-28T00:00:00Z", subscription.Monthly},
		"31 January to 29 February":              {"2024-01-31T08:00:00Z", "2024-02-01T00:00:00Z", "2024-02-29T00:00:00Z", subscription.Monthly},
		"30 January to 28 February":              {"2023-01-30T08:00:00Z", "2023-02-01T00:00:00Z", "2023-02-28T00:00:00Z", subscription.Monthly},
		"back to the 31st after a short month":   {"2023-01-31T08:00:00Z", "2023-03-01T00:00:00Z", "2023-03-31T00:00:00Z", subscription.Monthly},
		"31 March to 30 April":                   {"2023-03-31T08:00:00Z", "2023-04-01T00:00:00Z", "2023-04-30T00:00:00Z", subscription.Monthly},
		"over the end of the year":               {"2023-12-31T08:00:00Z", "2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z", subscription.Monthly},
		"annually":                               {"2023-05-05T08:00:00Z", "2024-06-15T10:00:00Z", "2025-05-05T00:00:00Z", subscription.Annual},
		"annually from a leap day":               {"2024-02-29T08:00:00Z", "2024-06-15T10:00:00Z", "2025-02-28T00:00:00Z", subscription.Annual},
		"annually from a leap day to a leap day": {"2024-02-29T08:00:00Z", "2027-06-15T10:00:00Z", "2028-02-29T00:00:00Z", subscription.Annual},
		"without a cycle, as if monthly":         {"2024-04-10T08:00:00Z", "2024-06-15T10:00:00Z", "2024-07-10T00:00:00Z", subscription.NoCycle},
	} {
		t.Run(name, func(t *testing.T) {
			s := sample("0001", func(s *subscription.Subscription) { s.CreationDate, s.BillingCycle = at(c.bought), c.cycle })
			assert.Equal(t, at(c.next), subscription.NextCycle(s, at(c.after)))
		})
	}
}

// TestNextCycleAlwaysFallsOnTheDayOfPurchase tries 2,000 random purchases and times.
func TestNextCycleAlwaysFallsOnTheDayOfPurchase(t *testing.T) {
	dice := rand.New(rand.NewPCG(37, 2024))
	for range 2000 {
		bought := at("2020-01-01T00:00:00Z").Add(time.Duration(dice.Int64N(int64(4 * 365 * 24 * time.Hour))))
		after := bought.Add(time.Duration(dice.Int64N(int64(3 * 365 * 24 * time.Hour))))
		cycle := []subscription.BillingCycle{subscription.Monthly, subscription.Annual}[dice.IntN(2)]
		s := sample("0001", func(s *subscription.Subscription) { s.CreationDate, s.BillingCycle = bought, cycle })
		next := subscription.NextCycle(s, after)
		why := []any{"bought %s, after %s, %s: %s", bought, after, cycle, next}
		require.True(t, next.After(after), why...)
		lastOfMonth := next.AddDate(0, 0, 1).Day() == 1
		require.True(t, next.Day() == bought.Day() || (lastOfMonth && next.Day() < bought.Day()), why...)
		longest := map[subscription.BillingCycle]time.Duration{subscription.Monthly: 31 * 24 * time.Hour, subscription.Annual: 366 * 24 * time.Hour}[cycle]
		require.LessOrEqual(t, next.Sub(after), longest, why...)
		if cycle == subscription.Annual {
			require.Equal(t, bought.Month(), next.Month(), why...)
		}
	}
}
