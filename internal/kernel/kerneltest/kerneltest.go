// Package kerneltest is what the tests of every context's rules have in common: how a rule is named, how a refusal is
// recognised, how a bound is tried.
package kerneltest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

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
	labels := strings.Repeat(strings.Repeat("b", 61)+".", 4) // of the 63 octets that each may have
	longest := "a@" + labels + "info"
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

// Hostile are texts that try to be more than a text on one surface or another, by what they try.
func Hostile() map[string]string {
	return map[string]string{
		"escape": "a\x1b[2J\x1b]0;title\x07b", "C1 escape": "a\u009b2Jb", "second line": "a\r\nBcc: x@evil.example\r\n\r\nb", "delete": "a\x7f\bb",
		"other ends of lines": "a\u2028b\u2029c\u0085d\ve", "override": "a\u202egnp.exe", "isolates": "\u2066a\u2067b\u2068c\u2069", "marks": "\u200ea\u200f\u061c",
		"never seen": "a\u200bb\ufeffc\u00add\u2060e", "tags": "a\U000e0041\U000e007f", "NUL": "a\x00b", "not UTF-8": "a\xff\xc3(b", "half a pair": "\xed\xa0\x80",
		"formula": "=1+1", "full-width formula": "＝1+1", "small formula": "﹦1+1", "tab first": "\t=1", "blank first": "  =1", "unseen first": "\u200d=1", "at": "@SUM(A1)",
		"minus": "-1+1", "full-width minus": "－1", "minus sign": "\u22121", "plus": "+1", "command": "=cmd|' /C calc'!A0", "next cell": "a;=1+1", "next cell, quoted": "a;\"=1\"",
		"cell after tab": "a\t=1", "pipe": "a|=1|b", "link": "[x](javascript:alert(1))", "image": "![x](https://evil.example/p)", "bare link": "see https://evil.example/x",
		"www": "www.evil.example", "element": "<script>alert(1)</script>", "attribute": "\" onload=\"alert(1)", "entity": "&lt;script&gt;", "code": "`a` ``b``",
		"heading": "# a", "list": "- a", "emphasis": "**a** __b__", "template": "{{.Subject}}", "format": "%s%n%d", "encoded word": "=?utf-8?q?a?=", "very long": strings.Repeat("=x ", 40_000),
	}
}

// Shown checks that the line is one line, UTF-8, and that every character of it shows as what it is.
func Shown(t *testing.T, line, of string) {
	t.Helper()
	assert.True(t, utf8.ValidString(line), of)
	for _, r := range line {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || strings.ContainsRune("\u200b\u2060\ufeff\u00ad", r) || r>>8 == 0xe00 {
			assert.Fail(t, "a character does not show", "%s: %U in %.60q", of, r, line)
			return
		}
	}
}
