package kernel

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// What people and other systems wrote is shown on surfaces that would take some of it for an order: a terminal, a log, a mail, a
// page, a spreadsheet. Each surface has one function here that makes any text stay a text on it. HTML has html/template, over Line.

// Line makes any text one line that can be shown wherever lines are shown: on a terminal, in a log, in the header or body of a
// mail, between the sentences of a page. What ends a line or moves a cursor becomes a blank, what turns the direction of its
// surroundings or is never seen is left out, and what is not UTF-8 shows that it is not.
func Line(text string) string {
	shown := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case hides(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
	return strings.Join(strings.Fields(shown), " ")
}

// ShortLine is Line with at most that many characters, and an ellipsis where there were more.
func ShortLine(text string, most int) string {
	line := []rune(Line(text))
	if len(line) <= most {
		return string(line)
	}
	return string(line[:most]) + "…"
}

// Lines is Line for each line of a text, without those that show nothing.
func Lines(text string) []string {
	var shown []string
	for _, line := range strings.Split(text, "\n") {
		if line = Line(line); line != "" {
			shown = append(shown, line)
		}
	}
	return shown
}

// PlainJSON rewrites JSON so that it can be shown on a terminal or written to a log, and says the same: what does not show as it is
// becomes its escape sequence.
func PlainJSON(data []byte) []byte {
	plain := make([]byte, 0, len(data))
	for _, r := range string(data) {
		if r != '\n' && (unicode.IsControl(r) || hides(r)) {
			for _, unit := range utf16.Encode([]rune{r}) {
				plain = fmt.Appendf(plain, `\u%04x`, unit)
			}
			continue
		}
		plain = utf8.AppendRune(plain, r)
	}
	return plain
}

// hides tells of characters that nobody sees and that change what is seen around them. Joiners stay: many scripts need them.
func hides(r rune) bool { return unicode.Is(deceptive, r) || unicode.Is(unicode.Bidi_Control, r) }

// Cell makes any text a cell that no spreadsheet takes for a formula, whatever it takes for the end of a cell: where one could
// begin, a ' stands in front.
func Cell(text string) string {
	var cell strings.Builder
	begins := true
	for _, r := range Line(text) {
		if begins && startsFormula(r) {
			cell.WriteByte('\'')
		}
		begins = r == ';' || r == '|' || begins && passedOver(r)
		cell.WriteRune(r)
	}
	return cell.String()
}

// startsFormula tells of the signs with which formulas begin, in every width that spreadsheets read them in.
func startsFormula(r rune) bool {
	return strings.ContainsRune("=+-@"+"＝＋－＠"+"﹦﹢﹣﹫"+"⁼⁺⁻₌₊₋"+"\u2212", r)
}

// passedOver tells of what may stand before a formula without hiding it.
func passedOver(r rune) bool {
	return unicode.IsSpace(r) || r == '"' || unicode.In(r, unicode.Cf, unicode.M, unicode.Other_Default_Ignorable_Code_Point)
}

// Code makes any text code in Markdown, as Temporal's Web UI shows it: nothing in code is a link, an element or an emphasis.
func Code(text string) string { return "`" + strings.ReplaceAll(Line(text), "`", "'") + "`" }

// Markdown makes any text a part of a sentence in Markdown. Plain words and ids stay as they are; everything else is shown as code.
func Markdown(text string) string {
	line := Line(text)
	plain := func(r rune) bool { return r == ' ' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	if strings.HasPrefix(line, "-") || strings.IndexFunc(line, func(r rune) bool { return !plain(r) }) >= 0 {
		return Code(line)
	}
	return line
}
