package kernel

import (
	"fmt"
	"maps"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Bound says how much a client may send as one field.
type Bound struct {
	Most     int  // characters of a text, or of each text of a list; 0 for what holds no text itself
	Octets   bool // Most counts bytes of UTF-8 instead, as the standard behind the field does
	Elements int  // of a list; 0 for what is none
}

// LongestRequestID bounds the ids of requests and decisions, in bytes; a GUID has 36.
const LongestRequestID = 128

// bounds has every field in which a client can send text, by its path in the body. It is the one place that says how much:
// the HTTP API decodes and describes bodies by it, and the rules of the contexts ask it, whichever way a command comes.
var bounds = map[string]Bound{}

// Bind makes the bounds of fields known; a context does so in a package-level variable. A field that is known already has one
// bound for all who use it: another one is a mistake of the programmer, and panics.
func Bind(fields map[string]Bound) struct{} {
	for field, bound := range fields {
		if known, twice := bounds[field]; twice && known != bound {
			panic(fmt.Sprintf("the field %s is bound twice", field))
		}
		bounds[field] = bound
	}
	return struct{}{}
}

// The bounds that fields of several contexts share, in characters.
const (
	LongestName  = 256
	LongestWord  = 64  // ids and the names of things, room for a wrong one to be told apart
	LongestEmail = 254 // octets (RFC 5321, erratum 1690)
)

// Bounds is the whole table, by the path of a field in its body.
func Bounds() map[string]Bound { return maps.Clone(bounds) }

// BoundOf is the bound of the field at that path. A field that is not in the table takes nothing.
func BoundOf(field string) Bound { return bounds[field] }

// CheckText tells whether the text may stand in the field: short enough, one line, and readable. Refusal: InvalidInput,
// which names the field and its bound and does not repeat the text.
func CheckText(field, text string) error {
	if bounds[field].exceededBy(text) {
		return TooLong(field)
	}
	if wrong, bad := unreadable(text); bad {
		return Refuse(InvalidInput, "%s must be one line of at most %s, and %s.", field, bounds[field].length(), wrong)
	}
	return nil
}

// TooLong is the refusal of a text that exceeds the bound of its field: InvalidInput.
func TooLong(field string) *Refusal {
	return Refuse(InvalidInput, "%s must be at most %s; this is longer.", field, bounds[field].length())
}

// CheckCount tells whether a list may have this many elements. Refusal: InvalidInput, which names the field and its bound.
func CheckCount(field string, elements int) error {
	if most := bounds[field].Elements; elements > most {
		return Refuse(InvalidInput, "%s must be at most %d; there are more.", field, most)
	}
	return nil
}

func (b Bound) exceededBy(text string) bool {
	if b.Octets {
		return len(text) > b.Most
	}
	return len(text) > b.Most && utf8.RuneCountInString(text) > b.Most
}

func (b Bound) length() string {
	if b.Octets {
		return strconv.Itoa(b.Most) + " bytes of printable characters"
	}
	return strconv.Itoa(b.Most) + " printable characters"
}

// Readable tells whether people see a text as it is: no control character, no second line, nothing that turns the direction
// of what follows or hides, and not only characters that show nothing. Blanks alone count as no text at all.
func Readable(text string) bool {
	_, bad := unreadable(text)
	return !bad
}

// deceptive are the characters besides the control characters that no text may hold: those that end a line, that turn the
// direction of what follows (U+202A to U+202E, U+2066 to U+2069), and that are never seen. Joiners and the marks of
// direction stay allowed, because names in many scripts are written with them.
var deceptive = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, {Lo: 0x180e, Hi: 0x180e, Stride: 1}, {Lo: 0x200b, Hi: 0x200b, Stride: 1},
		{Lo: 0x2028, Hi: 0x202e, Stride: 1}, {Lo: 0x2060, Hi: 0x206f, Stride: 1}, {Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
		{Lo: 0xfff9, Hi: 0xfffb, Stride: 1},
	},
	R32:         []unicode.Range32{{Lo: 0xe0000, Hi: 0xe007f, Stride: 1}},
	LatinOffset: 1,
}

// unreadable says what is wrong with a text, to complete a sentence.
func unreadable(text string) (wrong string, bad bool) {
	if !utf8.ValidString(text) {
		return "this is not UTF-8", true
	}
	visible, blank := false, true
	for _, r := range text {
		if unicode.Is(unicode.Cc, r) || unicode.Is(deceptive, r) {
			return fmt.Sprintf("%U is not printable", r), true
		}
		visible = visible || !unicode.In(r, unicode.Z, unicode.M, unicode.C, unicode.Other_Default_Ignorable_Code_Point)
		blank = blank && unicode.IsSpace(r)
	}
	return "nothing of this can be seen", !visible && !blank
}
