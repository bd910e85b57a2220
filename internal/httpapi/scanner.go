package httpapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"handover/internal/kernel"
)

// scanner walks through a body while it arrives and holds it against its shape, without building anything of it: what is
// too long, too many or too deep ends the request at the byte that shows it, not after it was kept and decoded.
//
// It is no parser. What it lets through may still be no JSON, as to numbers, literals and escapes; the decoder says so. Of
// what is JSON, it sees exactly the fields that the decoder sees.
type scanner struct {
	in   *bufio.Reader
	read int64  // bytes
	raw  []byte // of the text that is being read
}

// deepest is how many levels a body may have; a resource that is sent back as it was read has seven at most.
const deepest = 32

// longestEscape is how many bytes of JSON one character may take: two escaped surrogates.
const longestEscape = len(`\ud83d\ude00`)

// longestKnown is more bytes of JSON than the name of any field takes; longer names are of no field here.
const longestKnown = 64 * longestEscape

// scan reads the body to its end. Errors: *Error and *kernel.Refusal for what it must not be, those of reading it.
func (s *scanner) scan(top *shape) error {
	c, err := s.token()
	if errors.Is(err, io.EOF) && s.read == 0 {
		return nil // for the framework to say that it is missing
	}
	if err == nil {
		err = s.value(c, top, 1)
	}
	if err == nil {
		if _, err = s.token(); err == nil {
			err = s.invalid()
		} else if errors.Is(err, io.EOF) {
			return nil
		}
	}
	if errors.Is(err, io.EOF) {
		return s.invalid() // it ends too early
	}
	return err
}

func (s *scanner) next() (byte, error) {
	c, err := s.in.ReadByte()
	if err == nil {
		s.read++
	}
	return c, err
}

// token is the next byte that is no white space.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.next()
		if err != nil || strings.IndexByte(" \t\r\n", c) < 0 {
			return c, err
		}
	}
}

// value reads the value that begins with the byte.
func (s *scanner) value(c byte, at *shape, depth int) error {
	if depth > deepest {
		return unreadable("it is nested deeper than %d levels", deepest)
	}
	if what := jsonType(c); !at.takes(what) {
		return at.cannotBe(what)
	}
	switch c {
	case '{':
		return s.object(at, depth)
	case '[':
		return s.list(at, depth)
	case '"':
		return s.text(at)
	default:
		return s.word(c, at)
	}
}

func (s *scanner) object(at *shape, depth int) error {
	var given []*shape
	return s.each('}', func(c byte, _ int) error {
		name, err := s.name(c)
		if err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		}
		member := at.field(name)
		if err := at.checkMember(name, member, c, given); err != nil {
			return err
		}
		given = append(given, member)
		return s.value(c, member, depth+1)
	})
}

// checkMember refuses a member that the object does not have, unless it says nothing, and one that it was given before: the
// decoder would drop either in silence.
func (s *shape) checkMember(name string, member *shape, first byte, given []*shape) error {
	known := member != &nobodyReads
	switch {
	case known && slices.Contains(given, member):
		return Refuse(givenTwice, "The body has %s twice. Give it once.", member.path)
	case known, s.kind != object, first == 'n', s.echoed[strings.ToLower(name)]:
		return nil
	}
	if s.none {
		return Refuse(unknownMember, "This operation takes no body, and would not read %q. Send none.", kernel.Clip(name))
	}
	where := "The body has"
	if s.path != "" {
		where = s.path + " has"
	}
	return Refuse(unknownMember, "%s no member %q. There are: %s.", where, kernel.Clip(name), strings.Join(slices.Sorted(maps.Keys(s.fields)), ", "))
}

func (s *scanner) list(at *shape, depth int) error {
	elements := at.elements
	if elements == nil {
		elements = &nobodyReads
	}
	return s.each(']', func(c byte, n int) error {
		if err := at.counted(n); err != nil {
			return err
		}
		return s.value(c, elements, depth+1)
	})
}

// each reads the members of an object or list up to its end; n counts them from 1.
func (s *scanner) each(end byte, member func(first byte, n int) error) error {
	c, err := s.token()
	if err != nil || c == end {
		return err
	}
	for n := 1; ; n++ {
		if err := member(c, n); err != nil {
			return err
		}
		if c, err = s.token(); err != nil || c == end {
			return err
		}
		if c != ',' {
			return s.invalid()
		}
		if c, err = s.token(); err != nil {
			return err
		}
	}
}

// counted refuses the first element too many.
func (s *shape) counted(n int) error {
	switch {
	case s.kind != list || n <= s.bound.Elements:
		return nil
	case s.tooMany != nil:
		return s.tooMany(n)
	}
	return kernel.CheckCount(s.path, n)
}

// name reads the name of a property and the colon behind it. One that is too long to be of a field here becomes empty.
func (s *scanner) name(c byte) (string, error) {
	if c != '"' {
		return "", s.invalid()
	}
	name, ok := "", true
	whole, err := s.keep(longestKnown)
	switch {
	case err != nil:
		return "", err
	case whole:
		name, ok = unquoted(s.raw)
	default:
		err = s.skip()
	}
	if err == nil {
		c, err = s.token()
	}
	if err == nil && (!ok || c != ':') {
		err = s.invalid()
	}
	return name, err
}

// text reads a text whose opening quote has been read.
func (s *scanner) text(at *shape) error {
	if at.bound.Most == 0 {
		return s.skip()
	}
	whole, err := s.keep(at.bound.Most * longestEscape)
	if err != nil {
		return err
	}
	if !whole {
		return kernel.TooLong(at.path)
	}
	said, ok := unquoted(s.raw)
	if !ok {
		return s.invalid()
	}
	return kernel.CheckText(at.path, said)
}

// keep reads up to the closing quote and keeps what is said, with its quotes. When that is longer than most it stops:
// whole is false then, and skip goes on.
func (s *scanner) keep(most int) (whole bool, err error) {
	s.raw = append(s.raw[:0], '"')
	for len(s.raw) <= most+1 {
		c, err := s.next()
		if err != nil {
			return false, err
		}
		s.raw = append(s.raw, c)
		if c == '"' {
			return true, nil
		}
		if c == '\\' {
			if c, err = s.next(); err != nil {
				return false, err
			}
			s.raw = append(s.raw, c)
		}
	}
	return false, nil
}

// skip reads up to the closing quote and keeps nothing.
func (s *scanner) skip() error {
	for {
		c, err := s.next()
		if err != nil || c == '"' {
			return err
		}
		if c == '\\' {
			if _, err = s.next(); err != nil {
				return err
			}
		}
	}
}

// unquoted is what a JSON text says. A text that is no UTF-8 stays as it is, for the table of bounds to refuse.
func unquoted(raw []byte) (string, bool) {
	if !utf8.Valid(raw) {
		return string(raw), true
	}
	if plainly(raw) {
		return string(raw[1 : len(raw)-1]), true
	}
	var said string
	err := json.Unmarshal(raw, &said)
	return said, err == nil
}

// plainly tells whether a JSON text stands for its own bytes: nothing is escaped, and nothing should be.
func plainly(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c < ' ' {
			return false
		}
	}
	return true
}

// word reads a number, true, false or null, and with it the byte after it.
func (s *scanner) word(c byte, at *shape) error {
	if jsonType(c) == "" {
		return s.invalid()
	}
	for length := 1; ; length++ {
		c, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil // whether it may end here is for whoever waits for the next token
		}
		if err != nil {
			return err
		}
		if strings.IndexByte(",]} \t\r\n", c) >= 0 {
			s.read--
			return s.in.UnreadByte()
		}
		if at.bound.Most > 0 && length >= at.bound.Most {
			return kernel.TooLong(at.path)
		}
	}
}

// invalid says where the body stops being JSON, as the decoder would.
func (s *scanner) invalid() error { return unreadable("it is not valid JSON at byte %d", s.read) }

// bodyUnread begins the refusal of a body.
const bodyUnread = "The request cannot be read: body: "

// unreadable is the refusal of a body that is none.
func unreadable(format string, args ...any) *Error {
	return Refuse(badRequest, bodyUnread+"%s.", fmt.Sprintf(format, args...))
}

// jsonType is the type of the value that begins with the byte, as the decoder names it; empty when none does.
func jsonType(c byte) string {
	switch {
	case c == '{':
		return "object"
	case c == '[':
		return "array"
	case c == '"':
		return "string"
	case c == 't', c == 'f':
		return "bool"
	case c == 'n':
		return "null"
	case c == '-', c >= '0' && c <= '9':
		return "number"
	default:
		return ""
	}
}

// takes tells whether a value of that JSON type may stand here. Nothing may always be said; what is no JSON at all is told
// apart later.
func (s *shape) takes(what string) bool {
	if what == "" || what == "null" {
		return true
	}
	switch s.kind {
	case object:
		return what == "object"
	case list:
		return what == "array"
	case text:
		return what == "string"
	case number:
		return what == "number"
	case boolean:
		return what == "bool"
	case word:
		return what != "object" && what != "array"
	default:
		return true
	}
}

// cannotBe is what the decoder would say of a value of that type.
func (s *shape) cannotBe(what string) error {
	if s.none {
		return unreadable("this operation takes none")
	}
	if s.path == "" {
		return unreadable("it must be a JSON object")
	}
	return unreadable("%s cannot be a JSON %s", s.path, what)
}
