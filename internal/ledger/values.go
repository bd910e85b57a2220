package ledger

// How Go values that SQL has no equal for are kept in a column.

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// stamp keeps a time. Both databases get one text form, in UTC and with the microseconds that PostgreSQL keeps; as text
// in SQLite it sorts. The zero time is NULL.
type stamp time.Time

const stampLayout = "2006-01-02T15:04:05.000000Z"

// Value writes the time.
func (s stamp) Value() (driver.Value, error) {
	t := time.Time(s)
	if t.IsZero() {
		return nil, nil
	}
	return t.UTC().Format(stampLayout), nil
}

// MarshalJSON writes the time in a list of rows.
func (s stamp) MarshalJSON() ([]byte, error) {
	v, err := s.Value()
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Scan reads the time.
func (s *stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s = stamp{}
	case time.Time:
		*s = stamp(v.UTC())
	case string:
		t, err := time.Parse(stampLayout, v)
		if err != nil {
			return fmt.Errorf("%q is not a stored time: %w", v, err)
		}
		*s = stamp(t)
	default:
		return fmt.Errorf("%T is not a stored time", v)
	}
	return nil
}

// optional keeps a text whose absence is NULL, as a foreign key needs it.
type optional string

// Value writes the text.
func (o optional) Value() (driver.Value, error) {
	if o == "" {
		return nil, nil
	}
	return string(o), nil
}

// MarshalJSON writes the text in a list of rows.
func (o optional) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return json.Marshal(clean(string(o)))
}

// Scan reads the text.
func (o *optional) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o = ""
	case string:
		*o = optional(v)
	default:
		return fmt.Errorf("%T is not a stored text", v)
	}
	return nil
}

// baseOrdinal keeps the ordinal of an add-on's base; NoBase is NULL.
type baseOrdinal int

// MarshalJSON writes the ordinal in a list of rows.
func (b baseOrdinal) MarshalJSON() ([]byte, error) {
	if b == transfer.NoBase {
		return []byte("null"), nil
	}
	return json.Marshal(int(b))
}

// Scan reads the ordinal.
func (b *baseOrdinal) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*b = transfer.NoBase
	case int64:
		*b = baseOrdinal(v)
	default:
		return fmt.Errorf("%T is not a stored ordinal", v)
	}
	return nil
}

// productTypes keeps a list as JSON. In a list of rows it is the list itself, which both databases store as its text.
type productTypes []subscription.ProductType

// Scan reads the list; NULL is no list.
func (p *productTypes) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*p = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), p)
	default:
		return fmt.Errorf("%T is not a stored list", v)
	}
}
