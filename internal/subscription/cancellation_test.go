package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/subscription"
)

// what is scheduled ends once, at its time, and not while a transfer moves it.
func TestScheduledCancellation(t *testing.T) {
	end := at("2024-06-10T00:00:00Z")
	scheduled := sample("0001", func(s *subscription.Subscription) { s.Billed, s.CancelAt = true, end })
	changed := func(change func(*subscription.Subscription)) subscription.Subscription {
		s := scheduled
		change(&s)
		return s
	}
	nothing := subscription.Cancellation{}
	for name, c := range map[string]struct {
		s      subscription.Subscription
		moving bool
		now    time.Time
		want   subscription.Cancellation
	}{
		"R-37 not yet":                   {scheduled, false, end.Add(-time.Microsecond), subscription.Cancellation{Next: end}},
		"R-37 at its time":               {scheduled, false, end, subscription.Cancellation{Due: true}},
		"R-37 later":                     {scheduled, false, end.AddDate(1, 0, 0), subscription.Cancellation{Due: true}},
		"R-76 while a transfer moves it": {scheduled, true, end, subscription.Cancellation{Next: end.Add(time.Hour)}},
		"R-37 before that it may move":   {scheduled, true, end.Add(-time.Hour), subscription.Cancellation{Next: end}},
		"R-37 nothing is scheduled":      {changed(func(s *subscription.Subscription) { s.CancelAt = time.Time{} }), false, end, nothing},
		"R-37 it was cancelled before":   {subscription.Cancelled(scheduled), false, end, nothing},
		"R-434 somebody else has it":     {changed(func(s *subscription.Subscription) { s.Status, s.Billed = subscription.Suspended, false }), false, end, nothing},
		"R-37 suspended is no escape":    {changed(func(s *subscription.Subscription) { s.Status = subscription.Suspended }), false, end, subscription.Cancellation{Due: true}},
	} {
		rule(t, name, func(t *testing.T) {
			assert.Equal(t, c.want, subscription.ScheduledCancellation(c.s, c.moving, c.now))
		})
	}
	over := subscription.Cancelled(scheduled)
	assert.Equal(t, subscription.Deleted, over.Status)
	assert.False(t, over.Billed)
}

// nobody pays for what was cancelled; suspending changes nothing about who pays.
func TestCancellingEndsTheBilling(t *testing.T) {
	billed := func(s *subscription.Subscription) { s.Billed = true }
	next, err := rules.ChangeSubscription(changing(with(billed), on("2024-04-10T09:00:00Z")), cancelling)
	assert.NoError(t, err)
	assert.False(t, next.Billed)
	next, err = rules.ChangeSubscription(changing(with(billed)), suspending)
	assert.NoError(t, err)
	assert.True(t, next.Billed)
}
