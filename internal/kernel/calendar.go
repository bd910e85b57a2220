package kernel

import "time"

// AddMonths keeps the day of the month where the month has it, and takes the month's last day otherwise.
func AddMonths(from time.Time, months int) time.Time {
	next := from.AddDate(0, months, 0)
	if next.Day() != from.Day() {
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}

// Day is the day of a time in UTC.
func Day(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Ticks counts 100 ns steps since the year 1, as .NET does.
func Ticks(t time.Time) int64 {
	const unixEpoch = 621_355_968_000_000_000
	return unixEpoch + t.Unix()*10_000_000 + int64(t.Nanosecond()/100)
}

// Seconds writes a time as most times are written on the wire, in UTC and to the second.
func Seconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
