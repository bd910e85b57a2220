package kernel

import (
	"strings"
	"time"
)

// Why times are bounded here. A ledger keeps years of four digits: SQLite sorts them as text, in which the year 10000 comes before the
// year 2, and PostgreSQL has no year 0. So every time that a client names goes through ReadTime, and none that it names becomes another.

// Earliest and Latest are the first and the last time that a client can name. They are what .NET's DateTime.MinValue and MaxValue mean,
// which its clients send where they have no bound of their own, in whatever zone they are: before, and after, everything that there is.
// They never stand for a time that was left out. That is Go's zero time, and so Earliest is a little later.
var (
	Earliest = time.Date(1, 1, 1, 0, 0, 0, int(time.Microsecond), time.UTC)
	Latest   = time.Date(9999, 12, 31, 23, 59, 59, int(time.Second-time.Microsecond), time.UTC)
)

// TimeExample says what a time must be.
const TimeExample = "a time such as 2026-11-01T00:00:00Z"

// ReadTime reads a time that a client names, in the first of the layouts that it has; must says what it has to be. Refusal: InvalidInput
// for a text that has none of them, and for a time before Earliest or after Latest in UTC.
func ReadTime(name, text, must string, layouts ...string) (time.Time, error) {
	for _, layout := range layouts {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		wall := at.Format("2006-01-02T15:04:05.999999999")
		switch at = at.UTC(); {
		case wall == "0001-01-01T00:00:00":
			return Earliest, nil
		case strings.HasPrefix(wall, "9999-12-31T23:59:59"):
			return Latest, nil
		case !Keepable(at):
			return time.Time{}, Refuse(InvalidInput, "%s must lie in the years 1 to 9999, in UTC.", name)
		}
		return at, nil
	}
	return time.Time{}, Refuse(InvalidInput, "%s must be %s.", name, must)
}

// Keepable tells whether a ledger keeps the time as it is.
func Keepable(at time.Time) bool { return !at.Before(Earliest) && !at.After(Latest) }

// NextDay is the same time a day later, or Latest.
func NextDay(at time.Time) time.Time {
	if next := at.AddDate(0, 0, 1); Keepable(next) {
		return next
	}
	return Latest
}
