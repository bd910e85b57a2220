// Package failing is how errors go to Temporal and come back: the one classifier of every room's activities. A refusal is final and
// expected, what time cures is repeated, and what nothing cures says so.
package failing

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Classified is the error as Temporal takes it. A refusal is final and expected, so it is not retried and pages nobody;
// everything else is retried as it is.
func Classified(err error) error {
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return RefusalError(refusal)
	}
	return err
}

// UnlessPassing makes final what no repetition cures: an error that is neither the ledger's being away or held, nor the
// context's end. A command of a client must not keep its run from everything else.
func UnlessPassing(ctx context.Context, err error) error {
	if store.IsPassing(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if activity.IsActivity(ctx) { // the history gets no word of it, which may be a party's
		activity.GetLogger(ctx).Error("A command that came through Temporal could not be taken to the ledger.", "error", err)
	}
	return temporal.NewNonRetryableApplicationError("the command could not be taken to the ledger; the worker's log says why", brokenType, nil)
}

// brokenType is the type of failures that no attempt cures.
const brokenType = "Broken"

// RefusalError carries a refusal through Temporal: the cause as type, the whole as details. RefusalOf is its inverse.
func RefusalError(r *kernel.Refusal) error {
	return temporal.NewApplicationErrorWithOptions(r.Message, string(r.Cause), temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Category:     temporal.ApplicationErrorCategoryBenign,
		Details:      []any{*r}, // by value: RefusalOf reads it back before it was ever serialised, too
	})
}

// RefusalOf finds the refusal inside an error that came through Temporal.
func RefusalOf(err error) (*kernel.Refusal, bool) {
	var direct *kernel.Refusal
	if errors.As(err, &direct) {
		return direct, true
	}
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() {
		return nil, false
	}
	var refusal kernel.Refusal
	unreadable := app.Details(&refusal)
	return &refusal, unreadable == nil && refusal.Cause != "" && string(refusal.Cause) == app.Type()
}

// unavailableType is the type of failures that another attempt may cure.
const unavailableType = "Unavailable"

// RetryIn asks for the next attempt after the delay, zero leaving it to the retry policy, and alarms nobody.
func RetryIn(err error, delay time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(err.Error(), unavailableType, temporal.ApplicationErrorOptions{
		NextRetryDelay: delay,
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}

// RetryLoudly asks for the next attempt as RetryIn does, and shows as an error in the worker's log and failure metrics.
func RetryLoudly(err error, delay time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(err.Error(), unavailableType, temporal.ApplicationErrorOptions{NextRetryDelay: delay})
}
