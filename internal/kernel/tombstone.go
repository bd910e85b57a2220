package kernel

import (
	"strconv"
	"strings"
	"time"
)

const (
	tombstoneStart = "forgotten-"
	tombstoneEnd   = "@forgotten.invalid"

	// TombstonePattern is what every tombstone is like, as SQL says it.
	TombstonePattern = tombstoneStart + "%" + tombstoneEnd
)

// Tombstone is what stands in the place of an address, a name or a text that was forgotten at the time, such as
// forgotten-20310303T110203Z@forgotten.invalid. It is an address that no mail reaches (RFC 2606), so that who reads addresses takes it.
func Tombstone(at time.Time) string {
	return tombstoneStart + at.UTC().Format("20060102T150405Z") + tombstoneEnd
}

// NumberedTombstone is one of several that have to differ.
func NumberedTombstone(at time.Time, n int64) string {
	return strings.TrimSuffix(Tombstone(at), tombstoneEnd) + "-" + strconv.FormatInt(n, 10) + tombstoneEnd
}

// IsTombstone tells whether the text is all that is left of another.
func IsTombstone(text string) bool {
	return strings.HasPrefix(text, tombstoneStart) && strings.HasSuffix(text, tombstoneEnd)
}
