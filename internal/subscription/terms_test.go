package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// What follows from a term: until when a subscription can be cancelled, and whether it renews.

func on(day string) func(*subscription.ChangeFacts) {
	return func(f *subscription.ChangeFacts) { f.Now = at(day) }
}

func TestRulesOfTheCancellation(t *testing.T) {
	saas := ofType(subscription.SaaS)
	monthly := func(s *subscription.Subscription) {
		s.TermDuration, s.CommitmentEndDate = "P1M", at("2024-05-09T00:00:00Z")
	}
	moved := func(s *subscription.Subscription) {
		s.LineageID, s.CreationDate = sample("00ff").ID, at("2024-04-16T09:00:00Z")
	}
	renewed := func(s *subscription.Subscription) { s.CommitmentEndDate = at("2026-04-09T00:00:00Z") }
	renewedMonthly := func(s *subscription.Subscription) { s.CommitmentEndDate = at("2024-07-09T00:00:00Z") }
	notActivated := func(s *subscription.Subscription) { s.Status, s.Billed = subscription.Pending, true }
	cancellingUnder := func(name string) subscription.Change {
		c := cancelling
		c.FriendlyName = &name
		return c
	}
	checkAttempts(t, []attempt{
		{"R-84 in the last second of 72 hours", changing(on("2024-04-13T07:59:59Z")), cancelling, ""},
		{"R-84 after 72 hours", changing(on("2024-04-13T08:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-84 a month later", changing(on("2024-05-17T08:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-84 suspending has no window", changing(on("2024-05-17T08:00:00Z")), suspending, ""},
		{"R-84 a renewal opens the window again", changing(with(renewed), on("2025-04-12T23:59:59Z")), cancelling, ""},
		{"R-84 not for longer", changing(with(renewed), on("2025-04-13T00:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-84 a transfer opens no window", changing(with(moved), on("2024-04-13T00:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-84 nor does it close one", changing(with(moved), on("2024-04-12T23:59:59Z")), cancelling, ""},
		{"R-84 Azure at any time", changing(with(withoutTerm, ofType(subscription.AzureSubscription)), on("2029-01-01T00:00:00Z")), cancelling, ""},
		{"R-84 a licence without a term at any time", changing(with(withoutTerm), on("2029-01-01T00:00:00Z")), cancelling, ""},
		{"R-284 SaaS for a month within 24 hours", changing(with(saas, monthly), on("2024-04-11T07:59:59Z")), cancelling, ""},
		{"R-284 SaaS for a month after 24 hours", changing(with(saas, monthly), on("2024-04-11T08:00:00Z")), cancelling, subscription.CancellationHoursOver},
		{"R-284 SaaS for a year within 14 days", changing(with(saas), on("2024-04-24T07:59:59Z")), cancelling, ""},
		{"R-284 SaaS for a year after 14 days", changing(with(saas), on("2024-04-24T08:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-452 SaaS that renewed opens no window", changing(with(saas, renewed), on("2025-04-10T08:00:00Z")), cancelling, subscription.CancellationClosed},
		{"R-452 nor does SaaS for a month", changing(with(saas, monthly, renewedMonthly), on("2024-06-10T08:00:00Z")), cancelling, subscription.CancellationHoursOver},
		{"R-409 SaaS that is not activated, at any time", changing(with(saas, notActivated), on("2029-01-01T00:00:00Z")), cancelling, ""},
		{"R-286 it cannot be changed in any other way", changing(with(saas, notActivated)), suspending, subscription.NotActivated},
		{"R-286 nor in another way beside", changing(with(saas, notActivated)), cancellingUnder("Other"), subscription.NotActivated},
		{"R-37 a reservation that moved paid up front", changing(with(paidUpFront)), cancelling, subscription.CancellationClosed},
		{"R-37 a reservation that did not", changing(with(ofType(subscription.AzureReservation)), on("2024-08-01T00:00:00Z")), cancelling, ""},
	})
	rule(t, "R-84 the window is the deployment's to choose (C-4)", func(t *testing.T) {
		longer := subscription.Rules{CancellationWindow: 7 * 24 * time.Hour}
		_, err := longer.ChangeSubscription(changing(on("2024-04-17T07:59:59Z")), cancelling)
		require.NoError(t, err)
		_, err = longer.ChangeSubscription(changing(on("2024-04-17T08:00:00Z")), cancelling)
		refused(t, err, subscription.CancellationClosed)
	})
}

// D1, C-4: 72 hours, unless a deployment says otherwise.
func TestCancellationAllowedUntil(t *testing.T) {
	term := func(duration, bought, end string) subscription.Subscription {
		return sample("0001", func(s *subscription.Subscription) {
			s.TermDuration, s.CreationDate, s.CommitmentEndDate = duration, at(bought), at(end)
		})
	}
	for name, c := range map[string]struct {
		s       subscription.Subscription
		until   string // empty for none
		limited bool
	}{
		"a first term, to the second":         {term("P1Y", "2024-04-10T08:00:00Z", "2025-04-09T00:00:00Z"), "2024-04-13T08:00:00Z", true},
		"a term that began at a month's end":  {term("P1M", "2026-01-31T10:00:00Z", "2026-02-27T00:00:00Z"), "2026-02-03T10:00:00Z", true},
		"a term that joins an earlier one":    {term("P1Y", "2026-03-02T10:00:00Z", "2026-12-31T00:00:00Z"), "2026-03-05T10:00:00Z", true},
		"a renewed term of three years":       {term("P3Y", "2020-05-05T10:00:00Z", "2026-05-04T00:00:00Z"), "2023-05-08T00:00:00Z", true},
		"a renewed term of days":              {term("P30D", "2020-05-05T10:00:00Z", "2026-05-30T00:00:00Z"), "2026-05-04T00:00:00Z", true},
		"a term of unknown form, from buying": {term("P1Y6M", "2024-04-10T08:00:00Z", "2025-10-09T00:00:00Z"), "2024-04-13T08:00:00Z", true},
		"Azure":                               {sample("0001", ofType(subscription.AzureSubscription)), "", false},
		"an Azure plan":                       {sample("0001", ofType(subscription.AzurePlan)), "", false},
		"never":                               {sample("0001", paidUpFront), "", true},
	} {
		until, limited := rules.CancellationAllowedUntil(c.s)
		assert.Equal(t, c.limited, limited, name)
		if c.until == "" {
			assert.Zero(t, until, name)
		} else {
			assert.Equal(t, at(c.until), until, name)
		}
	}
}

func TestOnlyALicenceTermRenews(t *testing.T) {
	off := func(s *subscription.Subscription) { s.AutoRenew = false }
	for name, c := range map[string]struct {
		facts subscription.ChangeFacts
		on    bool
		cause kernel.Cause
	}{
		"a licence on":           {changing(with(off)), true, ""},
		"a licence off":          {changing(), false, ""},
		"without a term":         {changing(with(withoutTerm)), true, subscription.RenewalNotPossible},
		"Azure":                  {changing(with(off, ofType(subscription.AzureSubscription))), true, subscription.RenewalNotPossible},
		"a savings plan":         {changing(with(off, ofType(subscription.AzureSavingsPlan))), true, subscription.RenewalNotPossible},
		"Azure off, if it is on": {changing(with(ofType(subscription.AzureSubscription))), false, ""},
	} {
		next, err := rules.ChangeSubscription(c.facts, renewing(c.on))
		if c.cause == "" {
			require.NoError(t, err, name)
			assert.Equal(t, c.on, next.AutoRenew, name)
		} else {
			refused(t, err, c.cause)
		}
	}
}
