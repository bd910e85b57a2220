package commerce

import (
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// span writes a line as its days and its amount.
func span(l Line) string {
	return string(l.Kind) + " " + l.From.Format(time.DateOnly) + " " + l.To.Format(time.DateOnly) + " " + l.Amount.String()
}

func spans(lines []Line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, span(l))
	}
	return all
}

func TestRulesOfTheLinesOfAMove(t *testing.T) {
	t.Parallel()
	submitted := at("2024-06-15T10:00:00Z")
	for name, c := range map[string]struct {
		old   subscription.Subscription
		now   string
		lines []string
	}{
		"R-32 the worked example, by the month": {sample(), "2024-06-15", []string{"credit 2024-06-15 2024-07-09 46.67", "charge 2024-06-15 2024-07-09 46.67"}},
		"R-33 the worked example, paid up front": {sample(billed(subscription.Annual, 6720, 10)), "2024-06-15",
			[]string{"credit 2024-06-15 2025-04-09 550.49", "charge 2024-06-15 2025-04-09 550.49"}},
		"R-33 three years paid at once": {sample(bought(date("2024-04-10"), "P3Y"), billed(subscription.OneTime, 109500, 1)), "2024-06-15",
			[]string{"credit 2024-06-15 2027-04-09 1029.00", "charge 2024-06-15 2027-04-09 1029.00"}},
		"R-32 on the day of the purchase the source pays nothing": {sample(bought(date("2024-06-15"), "P1Y")), "2024-06-15",
			[]string{"credit 2024-06-15 2024-07-14 56.00", "charge 2024-06-15 2024-07-14 56.00"}},
		"R-32 a billing system that takes weeks: also for the cycle that began meanwhile": {sample(), "2024-07-20",
			[]string{"credit 2024-06-15 2024-08-09 102.67", "charge 2024-06-15 2024-08-09 102.67"}},
		"R-32 never beyond the term": {sample(), "2025-06-20", []string{"credit 2024-06-15 2025-04-09 550.67", "charge 2024-06-15 2025-04-09 550.67"}},
		"R-32 without a term, the cycle under way": {sample(bought(date("2024-01-31"), "")), "2024-06-15",
			[]string{"credit 2024-06-15 2024-06-29 28.00", "charge 2024-06-15 2024-06-29 28.00"}},
		"R-35 what is used has no price":           {sample(func(s *subscription.Subscription) { s.ProductType = subscription.AzureSubscription }), "2024-06-15", nil},
		"R-35 nor has an Azure plan":               {sample(func(s *subscription.Subscription) { s.ProductType = subscription.AzurePlan }), "2024-06-15", nil},
		"R-33 what is billed by no cycle":          {sample(billed(subscription.NoCycle, 560, 10)), "2024-06-15", nil},
		"R-33 what costs nothing":                  {sample(billed(subscription.Monthly, 0, 10)), "2024-06-15", nil},
		"R-33 what was bought once, for no term":   {sample(bought(date("2024-04-10"), ""), billed(subscription.OneTime, 560, 10)), "2024-06-15", nil},
		"R-32 what begins later is paid by nobody": {sample(bought(date("2024-08-10"), "P1Y")), "2024-06-15", nil},
		"R-32 a term that is over when submitted":  {sample(bought(date("2024-04-10"), "P1M")), "2024-06-15", nil},
	} {
		rule(t, name, func(t *testing.T) {
			lines, err := OfMove(c.old, movedTo(targetID, c.old, submitted), transferID, submitted, date(c.now))
			require.NoError(t, err)
			assert.Equal(t, c.lines, spans(lines))
		})
	}
	rule(t, "R-35 a price in another currency is unknown: only the source has a line", func(t *testing.T) {
		next := movedTo(targetID, sample(), submitted)
		next.UnitPriceMinor = 0
		lines, err := OfMove(sample(), next, transferID, submitted, submitted)
		require.NoError(t, err)
		assert.Equal(t, []string{"credit 2024-06-15 2024-07-09 46.67"}, spans(lines))
	})
	rule(t, "R-32 each side has its own line, of the same transfer", func(t *testing.T) {
		next := movedTo(targetID, sample(), submitted)
		lines, err := OfMove(sample(), next, transferID, submitted, submitted)
		require.NoError(t, err)
		again, err := OfMove(sample(), next, transferID, submitted, submitted)
		require.NoError(t, err)
		assert.Equal(t, lines, again)
		assert.Equal(t, []any{sourceID, sample().ID, targetID, next.ID},
			[]any{lines[0].PartnerTenantID, lines[0].SubscriptionID, lines[1].PartnerTenantID, lines[1].SubscriptionID})
		assert.NotEqual(t, lines[0].ID, lines[1].ID)
		assert.Equal(t, []any{Minor(-4667), Minor(4667)}, []any{lines[0].Signed(), lines[1].Signed()})
	})
}

func TestRulesOfTheLinesOfAChange(t *testing.T) {
	t.Parallel()
	ends := func(s *subscription.Subscription) { s.Status, s.Billed = subscription.Deleted, false }
	units := func(n int) func(*subscription.Subscription) {
		return func(s *subscription.Subscription) { s.Quantity = n }
	}
	saas := marketplace
	prepaid := sample(bought(date("2023-01-01"), "P1Y"), billed(subscription.Annual, 120000, 1))
	for name, c := range map[string]struct {
		old    subscription.Subscription
		change func(*subscription.Subscription)
		at     string
		lines  []string
	}{
		"R-84 1,200.00 for 365 days, ended on day 100":        {prepaid, ends, "2023-04-10", []string{"credit 2023-04-11 2023-12-31 871.23"}},
		"R-84 by the month, the rest of the month":            {sample(), ends, "2024-04-12", []string{"credit 2024-04-13 2024-05-09 50.40"}},
		"R-84 on the last day of the cycle":                   {sample(), ends, "2024-05-09", nil},
		"R-284 a marketplace takes all of it back":            {sample(saas), ends, "2024-04-20", []string{"credit 2024-04-10 2024-05-09 56.00"}},
		"R-409 what is not activated costs nothing":           {sample(saas, func(s *subscription.Subscription) { s.Status = subscription.Pending }), ends, "2024-04-20", nil},
		"R-37 with its cycle, nothing is left":                {sample(func(s *subscription.Subscription) { s.CancelAt = date("2024-07-10") }), ends, "2024-07-10", nil},
		"R-37 nor when the schedule is late":                  {sample(func(s *subscription.Subscription) { s.CancelAt = date("2024-07-10") }), ends, "2024-07-12", nil},
		"R-84 more units from that day on":                    {sample(), units(15), "2024-04-12", []string{"charge 2024-04-12 2024-05-09 26.13"}},
		"R-84 fewer units after that day":                     {sample(), units(4), "2024-04-12", []string{"credit 2024-04-13 2024-05-09 30.24"}},
		"R-84 more units before billing begins":               {sample(), units(15), "2024-03-30", []string{"charge 2024-03-30 2024-03-30 0.00"}},
		"R-84 fewer units before billing begins":              {sample(), units(4), "2024-03-30", []string{"credit 2024-03-30 2024-03-30 0.00"}},
		"R-84 fewer units on the last day of the cycle":       {sample(), units(4), "2024-05-09", []string{"credit 2024-05-09 2024-05-09 0.00"}},
		"R-84 another name costs nothing":                     {sample(), func(s *subscription.Subscription) { s.FriendlyName = "another" }, "2024-04-12", nil},
		"R-84 suspended is paid for":                          {sample(), func(s *subscription.Subscription) { s.Status = subscription.Suspended }, "2024-04-12", nil},
		"R-84 what was suspended and ends gives as much back": {sample(func(s *subscription.Subscription) { s.Status = subscription.Suspended }), ends, "2024-04-12", []string{"credit 2024-04-13 2024-05-09 50.40"}},
		"R-84 what ended before":                              {sample(ends), units(3), "2024-04-12", nil},
	} {
		rule(t, name, func(t *testing.T) {
			next := c.old
			c.change(&next)
			lines, err := OfChange(c.old, next, Earlier{}, at(c.at+"T15:00:00Z"))
			require.NoError(t, err)
			assert.Equal(t, c.lines, spans(lines))
		})
	}
	rule(t, "R-284 a marketplace takes back what was paid, not more: units that came and went are counted by their days", func(t *testing.T) {
		one := sample(saas)
		var before []Line
		paid := Minor(5600)
		for day, n := range []int{25, 3, 7} {
			next := one
			next.Quantity = n
			lines, err := OfChange(one, next, Earlier{Count: len(before), Lines: before}, date("2024-04-12").AddDate(0, 0, day))
			require.NoError(t, err)
			require.Len(t, lines, 1)
			one, before, paid = next, append(before, lines...), paid+lines[0].Signed()
		}
		next := one
		ends(&next)
		lines, err := OfChange(one, next, Earlier{Count: len(before), Lines: before}, date("2024-04-16"))
		require.NoError(t, err)
		assert.Equal(t, []string{"credit 2024-04-10 2024-05-09 " + paid.String()}, spans(lines))
		assert.NotContains(t, before, lines[0])
	})
}

func marketplace(s *subscription.Subscription) { s.ProductType = subscription.SaaS }

// whatever units came and went, several times a day and over the end of a cycle, what a marketplace takes back gives back what was
// paid, to the minor unit.
func TestATakeBackGivesBackWhatWasPaid(t *testing.T) {
	t.Parallel()
	seed := time.Now().UnixNano()
	random := rand.New(rand.NewSource(seed))
	for range 300 {
		one := sample(marketplace)
		one.Quantity, one.UnitPriceMinor = 1+random.Intn(50), int64(1+random.Intn(100_000))
		one.CommitmentEndDate = one.CreationDate.AddDate(1, 0, -1-random.Intn(27)) // the first cycle may be a short one
		now, until := one.CreationDate, one.CreationDate.AddDate(0, 0, 14)
		cycle, _ := one.CycleAt(now)
		paid, err := costOf(one, Days{From: kernel.Day(now), Until: cycle.Until})
		require.NoError(t, err)
		var before []Line
		for now.Before(until) {
			if next, _ := one.CycleAt(now); next != cycle { // it begins with the units that there are
				more, err := costOf(one, Days(next))
				require.NoError(t, err)
				cycle, paid = next, paid+more
			}
			changed := one
			changed.Quantity = 1 + random.Intn(50)
			lines, err := OfChange(one, changed, Earlier{Count: len(before)}, now)
			require.NoError(t, err)
			for _, l := range lines {
				paid += l.Signed()
			}
			one, before = changed, append(before, lines...)
			now = now.Add(time.Duration(random.Intn(40)) * time.Hour)
		}
		if next, _ := one.CycleAt(now); next != cycle {
			more, err := costOf(one, Days(next))
			require.NoError(t, err)
			paid += more
		}
		back, err := OfChange(one, subscription.Cancelled(one), Earlier{Count: len(before), Lines: before}, now)
		require.NoError(t, err)
		require.Len(t, back, 1)
		require.Equal(t, paid, back[0].Amount, "seed %d: %+v", seed, one)
	}
}

func TestTooMuchIsAnError(t *testing.T) {
	t.Parallel()
	huge := sample(billed(subscription.Monthly, math.MaxInt64/2, 3))
	_, err := OfMove(huge, huge, transferID, huge.CreationDate, huge.CreationDate)
	require.ErrorIs(t, err, ErrTooMuch)
	_, err = OfChange(huge, subscription.Cancelled(huge), Earlier{}, huge.CreationDate)
	require.ErrorIs(t, err, ErrTooMuch)
	_, _, err = NextCharge(huge, huge.CreationDate)
	require.ErrorIs(t, err, ErrTooMuch)
	long := sample(billed(subscription.Monthly, math.MaxInt64/20, 10))
	_, err = OfMove(long, long, transferID, long.CreationDate, long.CreationDate.AddDate(0, 5, 0))
	require.ErrorIs(t, err, ErrTooMuch, "a sum of several cycles")
	huge.ProductType = subscription.SaaS
	_, err = OfChange(huge, subscription.Cancelled(huge), Earlier{}, huge.CreationDate)
	require.ErrorIs(t, err, ErrTooMuch)
}

// owner is a partner's part of a subscription's life.
type owner struct {
	of    subscription.Subscription
	until time.Time // the submit that took it away; zero for the last owner
	moved time.Time // when the billing system had moved it
}

// random is a subscription with a fixed price and the days of up to three submits within its term or its first two years.
func random(dice interface{ IntN(int) int }) (subscription.Subscription, []time.Time) {
	term := []string{"P1M", "P1Y", "P3Y", ""}[dice.IntN(4)]
	cycles := []subscription.BillingCycle{subscription.Monthly, subscription.Annual}
	if term != "" {
		cycles = append(cycles, subscription.OneTime)
	}
	when := at("2019-12-01T00:00:00Z").Add(time.Duration(dice.IntN(5*365*24)) * time.Hour)
	if dice.IntN(3) == 0 { // the end of a month
		when = kernel.Day(when).AddDate(0, 0, -when.Day())
	}
	s := sample(bought(when, term), billed(cycles[dice.IntN(len(cycles))], 1+int64(dice.IntN(99_999_999_999)), 1+dice.IntN(2_000)))
	if dice.IntN(3) == 0 {
		s.UnitPriceMinor = 1 + int64(dice.IntN(20)) // less than the days
	}
	if dice.IntN(3) == 0 && (term == "P1Y" || term == "P3Y") { // an end that others chose: cycles are counted from there
		s.CommitmentEndDate = s.CommitmentEndDate.AddDate(0, 0, dice.IntN(80)-40)
	}
	length := 730
	if term != "" {
		length = between(kernel.Day(when), s.BillingEnd())
	}
	var days []int
	for range dice.IntN(4) {
		days = append(days, dice.IntN(length))
	}
	var submits []time.Time
	for day := range length { // in order; two on one day are two
		for _, picked := range days {
			if picked == day {
				submits = append(submits, kernel.Day(when).AddDate(0, 0, day).Add(time.Duration(dice.IntN(24))*time.Hour))
			}
		}
	}
	return s, submits
}

// whatever moves when, what all owners pay is what one owner would have paid, to the minor unit; nobody pays less than
// nothing; and every day of every owner is paid for once, by the owner of that day.
func TestWhatOwnersPayAddsUpToTheTerm(t *testing.T) {
	t.Parallel()
	dice := seed(t)
	for range 1000 {
		first, submits := random(dice)
		end := first.BillingEnd()
		if end.IsZero() {
			end = kernel.Day(first.CreationDate).AddDate(3, 0, 0)
		}
		owners := []owner{{of: first}}
		for n, submitted := range submits {
			owners[n].until, owners[n].moved = submitted, submitted.AddDate(0, 0, dice.IntN(40))
			if n+1 < len(submits) && owners[n].moved.After(submits[n+1]) {
				owners[n].moved = submits[n+1]
			}
			owners = append(owners, owner{of: movedTo([]string{targetID, thirdID, sourceID}[n], owners[n].of, submitted)})
		}
		var together Minor
		paidDays := map[time.Time]int{}
		for n, o := range owners {
			pays := o.pays(t, n, owners, end, paidDays)
			require.GreaterOrEqual(t, pays, Minor(0), "%+v", o)
			together += pays
		}
		alone := owner{of: first}.pays(t, 0, []owner{{of: first}}, end, map[time.Time]int{})
		require.Equal(t, alone, together, "%+v submitted %v", first, submits)
		for day := kernel.Day(first.CreationDate); day.Before(end); day = day.AddDate(0, 0, 1) {
			require.Equal(t, 1, paidDays[day], "%s of %+v submitted %v", day, first, submits)
		}
		if first.TermDuration == "P1Y" && first.BillingCycle == subscription.Monthly && first.CyclesStart().Equal(kernel.Day(first.CreationDate)) {
			require.Equal(t, Minor(12*first.UnitPriceMinor*int64(first.Quantity)), together, "a term costs its cycles: %+v", first)
		}
	}
}

// pays is all that the n-th owner pays: for the first one the cycle of the purchase, for others the charge of the move; then each
// cycle that begins; less the credit of the move away. Paid days are counted, those given back are taken off.
func (o owner) pays(t *testing.T, n int, owners []owner, end time.Time, paid map[time.Time]int) (sum Minor) {
	t.Helper()
	count := func(l Line) {
		sum += l.Signed()
		for day := l.From; !day.After(l.To) && day.Before(end); day = day.AddDate(0, 0, 1) {
			paid[day] += map[Kind]int{Charge: 1, Credit: -1}[l.Kind]
		}
	}
	now := kernel.Day(o.of.BillingStart())
	if n > 0 {
		before := owners[n-1]
		lines, err := OfMove(before.of, o.of, transferID, before.until, before.moved)
		require.NoError(t, err)
		require.Len(t, lines, 2)
		now = before.moved
		require.Equal(t, []any{lines[0].From, lines[0].To, lines[0].Amount}, []any{lines[1].From, lines[1].To, lines[1].Amount})
		count(lines[1])
	} else {
		days := paidFrom(o.of, now, now)
		amount, err := costOf(o.of, days)
		require.NoError(t, err)
		count(Line{Kind: Charge, From: days.From, To: days.Until.AddDate(0, 0, -1), Amount: amount})
	}
	for {
		next, begins, err := NextCharge(o.of, now)
		require.NoError(t, err)
		if !begins || !next.From.Before(end) || !o.until.IsZero() && next.From.After(o.moved) {
			break
		}
		count(next)
		now = next.From
	}
	if !o.until.IsZero() {
		lines, err := OfMove(o.of, owners[n+1].of, transferID, o.until, o.moved)
		require.NoError(t, err)
		count(lines[0])
	}
	return sum
}

// whoever ends it has paid for the days to that one, and the rest comes back: together what the cycle costs, half up.
func TestWhatIsGivenBackAddsUp(t *testing.T) {
	t.Parallel()
	dice := seed(t)
	for range 3000 {
		s, _ := random(dice)
		start := kernel.Day(s.BillingStart())
		now := start.AddDate(0, 0, dice.IntN(28))
		lines, err := OfChange(s, subscription.Cancelled(s), Earlier{}, now)
		require.NoError(t, err)
		all, used := paidFrom(s, start, now), paidFrom(s, start, now)
		used.Until = earlier(used.Until, now.AddDate(0, 0, 1))
		paid, err := costOf(s, all)
		require.NoError(t, err)
		keeps, err := costOf(s, used)
		require.NoError(t, err)
		for _, l := range lines {
			require.Equal(t, Credit, l.Kind)
			paid -= l.Amount
		}
		require.Equal(t, keeps, paid, "%+v ended %s", s, now)
	}
}

func TestCyclesToCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   subscription.Subscription
		now  string
		line string
	}{
		"the month after":              {sample(), "2024-06-15", "charge 2024-07-10 2024-08-09 56.00"},
		"on the first day of a cycle":  {sample(), "2024-06-10", "charge 2024-07-10 2024-08-09 56.00"},
		"31 January, a leap year":      {sample(bought(date("2024-01-31"), "P1Y")), "2024-01-31", "charge 2024-02-29 2024-03-30 56.00"},
		"and back to the 31st":         {sample(bought(date("2024-01-31"), "P1Y")), "2024-03-01", "charge 2024-03-31 2024-04-29 56.00"},
		"none after the last":          {sample(), "2025-03-12", ""},
		"none of what was paid once":   {sample(billed(subscription.OneTime, 560, 1)), "2024-06-15", ""},
		"none after a scheduled end":   {sample(func(s *subscription.Subscription) { s.CancelAt = date("2024-07-10") }), "2024-06-15", ""},
		"none of what nobody pays for": {sample(func(s *subscription.Subscription) { s.Billed = false }), "2024-06-15", ""},
		"a term that ends in a cycle is paid by its days": {sample(bought(date("2024-04-10"), ""), billed(subscription.Annual, 36500, 1), func(s *subscription.Subscription) {
			s.TermDuration, s.CommitmentEndDate = "P1M", date("2025-05-09")
		}), "2024-06-15", "charge 2025-04-10 2025-05-09 30.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, begins, err := NextCharge(c.of, date(c.now))
			require.NoError(t, err)
			assert.Equal(t, c.line != "", begins)
			if begins {
				assert.Equal(t, c.line, span(next))
			}
		})
	}
}
