package subscription

import "time"

// The end of a subscription that was scheduled: a commitment in instalments that changed the currency ends with its billing
// cycle. A run of its own sees to it.

// CancellationWorkflowType is what Temporal calls the runs that end subscriptions at the scheduled time.
const CancellationWorkflowType = "ScheduledCancellation"

// CancellationWorkflowID is the workflow id of the run that ends the subscription.
func CancellationWorkflowID(subscriptionID string) string {
	return "subscription/" + subscriptionID + "/cancellation"
}

// movesAgainAfter is when to look again at a subscription that is moving when it should end.
const movesAgainAfter = time.Hour

// Cancellation is how the scheduled end of a subscription stands.
type Cancellation struct {
	Due  bool      // it ends now
	Next time.Time // when to look again; zero when there is nothing to wait for
}

// ScheduledCancellation tells whether the subscription ends now, by the schedule, or when to look again. While a transfer moves
// it nothing else changes it; what it becomes there inherits the schedule.
func ScheduledCancellation(s Subscription, moving bool, now time.Time) Cancellation {
	switch {
	case s.CancelAt.IsZero() || Gone(s) || !s.Billed:
		return Cancellation{}
	case now.Before(s.CancelAt):
		return Cancellation{Next: s.CancelAt}
	case moving:
		return Cancellation{Next: now.Add(movesAgainAfter)}
	}
	return Cancellation{Due: true}
}

// Cancelled is the subscription after its end.
func Cancelled(s Subscription) Subscription {
	s.Status, s.Billed = Deleted, false
	return s
}
