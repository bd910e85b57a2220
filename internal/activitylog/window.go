package activitylog

import (
	"time"

	"handover/internal/kernel"
)

// logKept is how far back a partner can read its activity log, in days, and logByDefault how far back it does when it
// names no start.
const (
	logKept      = 90
	logByDefault = 30
)

// LogWindow completes the bounds of a search in the activity log, from included, until excluded; the zero time stands for
// a bound that was left out. Refusals: LogNotKept for a start more than 90 days back, InvalidInput for an end that is not
// after the start.
func LogWindow(from, until, now time.Time) (time.Time, time.Time, error) {
	today := kernel.Day(now)
	if from.IsZero() {
		from = today.AddDate(0, 0, -logByDefault)
	}
	if until.IsZero() {
		until = today.AddDate(0, 0, 1)
	}
	switch {
	case from.Before(today.AddDate(0, 0, -logKept)):
		return from, until, kernel.Refuse(LogNotKept, "startDate lies more than %d days back, which is as far as the log can be read.", logKept)
	case !until.After(from):
		return from, until, kernel.Refuse(kernel.InvalidInput, "endDate must lie after startDate.")
	}
	return from, until, nil
}
