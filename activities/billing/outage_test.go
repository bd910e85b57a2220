package billing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/activities/billing"
	"handover/internal/outage"
	"handover/internal/transfer"
)

// book is a ledger with an outage, and with line items that wait.
type book struct {
	of            outage.Outage
	waiting       int
	away, counted error
}

func (b book) Outage(_ context.Context, name string) (outage.Outage, error) {
	if name != outage.Billing {
		return outage.Outage{}, errors.New("asked about " + name)
	}
	return b.of, b.away
}

func (b book) OpenItems(context.Context) (int, error) { return b.waiting, b.counted }

// What the run of an outage is shown are times and counts, and nothing that the billing system said.
func TestLookAtOutage(t *testing.T) {
	t.Parallel()
	since := time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)
	for name, c := range map[string]struct {
		book book
		want billing.Outage
	}{
		"never away":     {book{waiting: 2}, billing.Outage{Waiting: 2}},
		"away":           {book{of: outage.Outage{Since: since, Failures: 7, Status: 503, Said: "Contoso is busy."}}, billing.Outage{Away: true, Since: since, Failures: 7, Answer: "503 Service Unavailable"}},
		"without answer": {book{of: outage.Outage{Since: since, Failures: 1}}, billing.Outage{Away: true, Since: since, Failures: 1}},
		"back":           {book{of: outage.Outage{Since: since, EndedAt: since.Add(time.Hour), Failures: 7}}, billing.Outage{Since: since, Until: since.Add(time.Hour), Failures: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.Rules = transfer.LatestRunRules()
			seen, err := (&billing.Activities{Ledger: c.book}).LookAtOutage(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, seen)
		})
	}
	for _, down := range []book{{away: errors.New("down")}, {counted: errors.New("down")}} {
		_, err := (&billing.Activities{Ledger: down}).LookAtOutage(t.Context())
		require.EqualError(t, err, "down")
	}
}
