package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"handover/internal/billing"
	"handover/internal/transfer"
)

// failure classifies an error for Temporal, the one place where that is done. A refusal is final and expected, so it is
// not retried and pages nobody; everything else is retried.
func failure(err error) error {
	var refusal *transfer.Refusal
	if errors.As(err, &refusal) {
		if errors.Is(refusal, transfer.NotYetExpired) {
			return waitFor(err, time.Second) // the clocks of server and ledger differ a little
		}
		return RefusalError(refusal)
	}
	var unavailable *billing.Unavailable
	if errors.As(err, &unavailable) {
		return retryLater(err, unavailable)
	}
	return err
}

// RefusalError carries a refusal through Temporal: the cause as type, the whole as details. RefusalOf is its inverse.
func RefusalError(r *transfer.Refusal) error {
	return temporal.NewApplicationErrorWithOptions(r.Message, string(r.Cause), temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Category:     temporal.ApplicationErrorCategoryBenign,
		Details:      []any{*r}, // by value: RefusalOf reads it back before it was ever serialised, too
	})
}

// RefusalOf finds the refusal inside an error that came through Temporal.
func RefusalOf(err error) (*transfer.Refusal, bool) {
	var direct *transfer.Refusal
	if errors.As(err, &direct) {
		return direct, true
	}
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() {
		return nil, false
	}
	var refusal transfer.Refusal
	unreadable := app.Details(&refusal)
	return &refusal, unreadable == nil && refusal.Cause != "" && string(refusal.Cause) == app.Type()
}

// retryLater asks for the next attempt when the billing system wants it; zero leaves it to the retry policy. An outage
// shows in the worker's failure metrics; a subscription that still syncs is no failure of anybody.
func retryLater(err error, u *billing.Unavailable) error {
	if u.Cause == transfer.StillSyncing {
		return waitFor(err, u.RetryAfter)
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), "Unavailable", temporal.ApplicationErrorOptions{NextRetryDelay: u.RetryAfter})
}

// waitFor asks for the next attempt after the delay, for something that is expected to take its time.
func waitFor(err error, delay time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(err.Error(), "Unavailable", temporal.ApplicationErrorOptions{
		NextRetryDelay: delay,
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}
