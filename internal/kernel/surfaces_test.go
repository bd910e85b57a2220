package kernel_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

// B8: whatever somebody wrote is one line of what can be seen.
func TestLineShowsWhatIsThere(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		line := kernel.Line(text)
		kerneltest.Shown(t, line, name)
		assert.Equal(t, line, kernel.Line(line), "%s: a line stays as it is", name)
	}
	for text, want := range map[string]string{
		"": "", " \n ": "", "Büro  1": "Büro 1", "株式会社": "株式会社", "👩\u200d🚀": "👩\u200d🚀", "a\tb\nc": "a b c", "a\xffb": "a\ufffdb", "a\u202eb": "ab", "\u200fשלום": "שלום",
	} {
		assert.Equal(t, want, kernel.Line(text))
	}
}

func TestShortLine(t *testing.T) {
	assert.Equal(t, "Bür…", kernel.ShortLine(" Büro", 3))
	assert.Equal(t, "Büro", kernel.ShortLine("Büro", 4))
}

func TestLines(t *testing.T) {
	assert.Equal(t, []string{"a b", "c"}, kernel.Lines("a\x1bb\r\n\u200b\n\nc"))
	assert.Empty(t, kernel.Lines("\n"))
}

// B8: JSON says the same, and shows it.
func TestPlainJSONSaysTheSame(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		require.NoError(t, encoder.Encode([]string{text}))
		plain := kernel.PlainJSON(out.Bytes())
		for _, line := range strings.Split(string(plain), "\n") {
			kerneltest.Shown(t, strings.TrimLeft(line, " "), name)
		}
		var before, after []string
		require.NoError(t, json.Unmarshal(out.Bytes(), &before))
		require.NoError(t, json.Unmarshal(plain, &after), name)
		assert.Equal(t, before, after, name)
	}
}

// B3: in a sheet read with any of the separators that spreadsheets know, no cell begins as a formula.
func TestNoCellIsAFormula(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		var out strings.Builder
		sheet := csv.NewWriter(&out)
		require.NoError(t, sheet.Write([]string{"0", kernel.Cell(text), kernel.Cell("x" + text), "1"}))
		sheet.Flush()
		for _, separator := range []string{",", ";", "\t", "|"} {
			for _, cell := range strings.Split(out.String(), separator) {
				assert.False(t, formula(cell), "%s: %.40q, parted at %q", name, cell, separator)
			}
		}
	}
	for text, want := range map[string]string{
		"": "", "Ünïcode": "Ünïcode", "a=1, \"b\"": "a=1, \"b\"", "＝1+1": "'＝1+1", " =1": "'=1", "a; =1": "a; '=1", "3-4": "3-4", "a - b": "a - b",
	} {
		assert.Equal(t, want, kernel.Cell(text))
	}
}

// formula tells whether a spreadsheet that trims, unquotes and folds widths would run the cell.
func formula(cell string) bool {
	cell = strings.TrimLeftFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || r == '"' || unicode.Is(unicode.Cf, r) || unicode.IsControl(r)
	})
	first, _ := utf8.DecodeRuneInString(cell)
	return strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫\u2212", first)
}

// In the Web UI a text is words or code, and code is nothing but text.
func TestMarkdownIsWordsOrCode(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		code := kernel.Code(text)
		kerneltest.Shown(t, code, name)
		assert.Equal(t, 2, strings.Count(code, "`"), name)
		if part := kernel.Markdown(text); part != code {
			assert.NotContains(t, name, "link")
			assert.False(t, strings.ContainsAny(part, "`*_[]()<>!#|\\~&.:"), "%s: %q", name, part)
		}
	}
	assert.Equal(t, sourceID, kernel.Markdown(sourceID))
	assert.Equal(t, "Büro 1", kernel.Markdown("Büro 1"))
	assert.Equal(t, "`- a`", kernel.Markdown("- a"))
}
