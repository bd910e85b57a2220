package store

// How Go values that SQL has no equal for are kept in a column.

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"handover/internal/kernel"
)

// Stamp keeps a time. Both databases get one text form, in UTC and with the microseconds that PostgreSQL keeps; as text
// in SQLite it sorts. The zero time is NULL; one that neither database keeps is an error, and never another time.
type Stamp time.Time

// StampLayout is the text form of a stored time.
const StampLayout = "2006-01-02T15:04:05.000000Z"

// Value writes the time.
func (s Stamp) Value() (driver.Value, error) {
	t := time.Time(s)
	if t.IsZero() {
		return nil, nil
	}
	if !kernel.Keepable(t) {
		return nil, fmt.Errorf("the time %s is none that a ledger keeps", t.UTC())
	}
	return t.UTC().Format(StampLayout), nil
}

// MarshalJSON writes the time in a list of rows.
func (s Stamp) MarshalJSON() ([]byte, error) {
	v, err := s.Value()
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Scan reads the time.
func (s *Stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s = Stamp{}
	case time.Time:
		*s = Stamp(v.UTC())
	case string:
		t, err := time.Parse(StampLayout, v)
		if err != nil {
			return fmt.Errorf("%q is not a stored time: %w", v, err)
		}
		*s = Stamp(t)
	default:
		return fmt.Errorf("%T is not a stored time", v)
	}
	return nil
}

// Optional keeps a text whose absence is NULL, as a foreign key needs it.
type Optional string

// Value writes the text.
func (o Optional) Value() (driver.Value, error) {
	if o == "" {
		return nil, nil
	}
	return string(o), nil
}

// MarshalJSON writes the text in a list of rows.
func (o Optional) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return json.Marshal(Clean(string(o)))
}

// Scan reads the text.
func (o *Optional) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o = ""
	case string:
		*o = Optional(v)
	default:
		return fmt.Errorf("%T is not a stored text", v)
	}
	return nil
}

// List is a list of texts in one column, as JSON; an empty one is [] there and nil here. In a list of rows it is the list itself, which
// both databases store as its text.
type List []string

// MarshalJSON writes the list in a list of rows.
func (l List) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, l...)) }

// Scan reads the list.
func (l *List) Scan(v any) error {
	text, isText := v.(string)
	if !isText {
		return fmt.Errorf("%T is not a stored list", v)
	}
	var texts []string
	err := json.Unmarshal([]byte(text), &texts)
	if *l = texts; len(texts) == 0 {
		*l = nil
	}
	return err
}
