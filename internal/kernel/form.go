package kernel

import (
	"regexp"
	"strings"
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
