package kernel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

// note is a field of a context that there is only in these tests.
var _ = kernel.Bind(map[string]kernel.Bound{"note": {Most: 1000}})

func TestReadable(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "  ": true, "Büro 1": true, "株式会社": true, "a\u00a0b": true, "👩‍🚀": true,
		"می\u200cخواهم": true, "שלום\u200f": true, "e\u0301": true, "🏴": true,
		"two\nlines": false, "two\rlines": false, "two\u2028lines": false, "two\u2029lines": false, "a\tb": false,
		"zero\x00byte": false, "\x1b[31mred": false, "\u009b31m": false, "del\x7f": false,
		"exe\u202egpj": false, "\u202aa": false, "\u2066a\u2069": false, "a\u200bb": false, "\u200b": false, "\ufeffa": false,
		"soft\u00adhyphen": false, "\u200d": false, "\u200e\u200f": false, "\u3164": false, "\u115f \u1160": false, "\ufe0f": false,
		"\U000e0041": false, "\xff": false, "\xed\xa0\x80": false,
	} {
		assert.Equal(t, ok, kernel.Readable(text), "%+q", text)
		if !ok {
			kerneltest.RefusedFor(t, kernel.CheckText("note", text), "note", 1000)
		}
	}
}

// A field that nobody gave a bound takes nothing, so that it shows.
func TestFieldWithoutBound(t *testing.T) {
	refused(t, kernel.CheckText("nickname", "x"), kernel.InvalidInput)
	refused(t, kernel.CheckCount("nicknames", 1), kernel.InvalidInput)
}

func TestAFieldHasOneBound(t *testing.T) {
	assert.NotPanics(t, func() { kernel.Bind(map[string]kernel.Bound{"note": {Most: 1000}}) }, "for all who use it")
	assert.Panics(t, func() { kernel.Bind(map[string]kernel.Bound{"note": {Most: 999}}) })
	kerneltest.KeepsBound(t, "note", func(text string) error { return kernel.CheckText("note", text) })
}
