package kernel

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// LongestLine bounds a text that a ledger is given to show, such as a name, in characters.
const LongestLine = 200

// IsLine tells whether the text is one line of 1 to LongestLine characters that people see as it is.
func IsLine(text string) bool {
	return strings.TrimSpace(text) != "" && Readable(text) && utf8.RuneCountInString(text) <= LongestLine
}

// Form is the fixed form of a text, with the words that complete the sentence "it must be …".
type Form struct {
	pattern *regexp.Regexp
	Must    string
}

// NewForm makes the form of texts that fit the pattern.
func NewForm(pattern, must string) Form { return Form{regexp.MustCompile(pattern), must} }

// AnyLine is the form of every text that a ledger can be given to show.
var AnyLine = NewForm("", "one line of 1 to 200 characters that can be seen")

// Has tells whether the text has the form.
func (f Form) Has(text string) bool { return IsLine(text) && f.pattern.MatchString(text) }

// Check refuses a text of another form: InvalidInput, which names the field.
func (f Form) Check(field, text string) error {
	if f.Has(text) {
		return nil
	}
	return Refuse(InvalidInput, "%s must be %s, not %q.", field, f.Must, Clip(text))
}

// AddressExample says what an address must be.
const AddressExample = "one plain e-mail address such as it@contoso.example"

var addressForm = NewForm(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@[^\x00-/:-@\[-\x60{-\x7f]([^\x00-,./:-@\[-\x60{-\x7f]{0,61}[^\x00-/:-@\[-\x60{-\x7f])?(\.[^\x00-/:-@\[-\x60{-\x7f]([^\x00-,./:-@\[-\x60{-\x7f]{0,61}[^\x00-/:-@\[-\x60{-\x7f])?)*$`, AddressExample)

// IsAddress tells whether a ledger can be given the address: one that every mail server takes (Mailable).
func IsAddress(text string) bool {
	_, err := Mailable("", text)
	return err == nil && addressForm.Has(text)
}

// MomentExample says what a moment must be.
const MomentExample = "a day such as 2026-04-10 or a time such as 2026-04-10T08:00:00Z"

var momentForm = regexp.MustCompile(`^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?$`)

// ParseMoment reads a day, which starts at midnight UTC, or a point in time, of the years 2000 to 2199.
func ParseMoment(text string) (time.Time, bool) {
	if !momentForm.MatchString(text) {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
