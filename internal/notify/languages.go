package notify

// The languages in which e-mail is written: how each writes days, times and numbers. What an e-mail says in them, each kind of
// subject says itself.

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/wneessen/go-mail"
)

// Language is one in which e-mail is written.
type Language struct {
	Tag      string // BCP 47, as the lang attribute and Content-Language have it
	Words    string // the tag of the language whose words it has: its own, or that which it varies
	day      func(time.Time) string
	clock    string // the time of the day after the day, as package time has it
	groups   string // what parts groups of three digits
	grouped  int    // the fewest digits that are parted
	encoding mail.Encoding
}

// languages are all of them, the first for everybody else. A variant comes after the language that it varies.
var languages = []Language{
	{Tag: "en", Words: "en", day: layoutOf("2 January 2006"), clock: ", 15:04 UTC", groups: ",", grouped: 4, encoding: mail.EncodingQP},
	{Tag: "en-US", Words: "en", day: layoutOf("January 2, 2006"), clock: ", 15:04 UTC", groups: ",", grouped: 4, encoding: mail.EncodingQP},
	{Tag: "it", Words: "it", day: italianDay, clock: ", ore 15:04 UTC", groups: ".", grouped: 4, encoding: mail.EncodingQP},
	{Tag: "es", Words: "es", day: spanishDay, clock: ", 15:04 UTC", groups: ".", grouped: 5, encoding: mail.EncodingQP},
	{Tag: "ja", Words: "ja", day: layoutOf("2006年1月2日"), clock: " 15:04 (UTC)", groups: ",", grouped: 4, encoding: mail.EncodingB64},
}

// Languages are all of them.
func Languages() []Language { return slices.Clone(languages) }

// LanguageOf is the one for a reader of that locale (BCP 47): the very one if there is, or else its language, whatever the country
// or script (RFC 4647, lookup), or else English.
func LanguageOf(locale string) Language {
	for wanted := locale; wanted != ""; {
		if n := slices.IndexFunc(languages, func(l Language) bool { return strings.EqualFold(l.Tag, wanted) }); n >= 0 {
			return languages[n]
		}
		wanted = wanted[:max(0, strings.LastIndexByte(wanted, '-'))]
	}
	return languages[0]
}

// Templates reads templates/<Words>/*.txt, in which "day" and "moment" write a time in UTC and "number" a count as the language does.
func (l Language) Templates(files fs.FS) (*texttemplate.Template, error) {
	return texttemplate.New("").Funcs(texttemplate.FuncMap{
		"day":    func(t time.Time) string { return l.day(t.UTC()) },
		"moment": func(t time.Time) string { return l.day(t.UTC()) + t.UTC().Format(l.clock) },
		"number": l.number,
	}).ParseFS(files, "templates/"+l.Words+"/*.txt")
}

// Texts are the templates of each language, by its tag; see Language.Templates. It panics when a template cannot be read: they are part
// of the program.
func Texts(files fs.FS) map[string]*texttemplate.Template {
	all := map[string]*texttemplate.Template{}
	for _, l := range languages {
		all[l.Tag] = texttemplate.Must(l.Templates(files))
	}
	return all
}

// number writes a count.
func (l Language) number(n int) string {
	digits := strconv.Itoa(n)
	if len(digits) < l.grouped {
		return digits
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + l.groups + digits[at:]
	}
	return digits
}

func layoutOf(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(layout) }
}

var (
	italianMonths = [...]string{
		"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
	}
	spanishMonths = [...]string{
		"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	}
)

// italianDay counts the first of a month as the first, the others as numbers.
func italianDay(t time.Time) string {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = "1º"
	}
	return fmt.Sprintf("%s %s %d", day, italianMonths[t.Month()-1], t.Year())
}

func spanishDay(t time.Time) string {
	return fmt.Sprintf("%d de %s de %d", t.Day(), spanishMonths[t.Month()-1], t.Year())
}
