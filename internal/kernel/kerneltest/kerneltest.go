// Package kerneltest is what the tests of every context's rules have in common: how a rule is named, how a refusal is
// recognised, how a bound is tried.
package kerneltest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

var numbered = regexp.MustCompile(`^R-\d+ `)

// Rule runs the test of one rule of the domain reference. The name starts with its number: "R-42 source and target must
// differ". By these names test/house knows which rules are shown.
func Rule(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	require.Regexp(t, numbered, name, "the name does not start with the number of a rule")
	t.Run(name, test)
}

// Refused checks that the error is a refusal for that cause and returns it.
func Refused(t *testing.T, err error, cause kernel.Cause) *kernel.Refusal {
	t.Helper()
	require.ErrorIs(t, err, cause)
	var refusal *kernel.Refusal
	require.ErrorAs(t, err, &refusal)
	return refusal
}

// RefusedFor checks that the refusal names the field and its bound, and repeats next to nothing of what was said.
func RefusedFor(t *testing.T, err error, field string, bound int) {
	t.Helper()
	r := Refused(t, err, kernel.InvalidInput)
	assert.Contains(t, r.Message, field)
	assert.Contains(t, r.Message, strconv.Itoa(bound))
	assert.Less(t, len(r.Message), 300)
}

// KeepsBound checks that what is said as the field is held against its bound and has to be readable.
func KeepsBound(t *testing.T, field string, say func(string) error) {
	t.Helper()
	b := kernel.BoundOf(field)
	assert.NoError(t, say(Filled(b, b.Most)), field)
	RefusedFor(t, say(Filled(b, b.Most+1)), field, b.Most)
	for _, bad := range []string{"a\x1b[2Jb", "a\nb", "a\u202eb", "\u200b", "a\x00"} {
		RefusedFor(t, say(bad), field, b.Most)
	}
}

// KeepsLongestAddress checks that an address said as the field is counted in octets, and must be one, too.
func KeepsLongestAddress(t *testing.T, field string, say func(string) error) {
	t.Helper()
	longest := "a@" + strings.Repeat("b", kernel.LongestEmail-len("a@.com")) + ".com"
	require.Len(t, longest, kernel.BoundOf(field).Most)
	assert.NoError(t, say(longest), field)
	RefusedFor(t, say("a"+longest), field, kernel.LongestEmail)
}

// Filled is a text of exactly that many characters, or octets where the bound counts those.
func Filled(b kernel.Bound, most int) string {
	if b.Octets {
		return strings.Repeat("x", most)
	}
	return strings.Repeat("ü", most)
}

// At is the time that the text says.
func At(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}
