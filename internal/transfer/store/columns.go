package transferstore

import (
	"encoding/json"
	"fmt"

	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// How what only the ledger knows is kept in a column.

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

// ordinalColumn is the row source of statements about a list of line items of one transfer.
const ordinalColumn store.Columns = "ordinal integer"

func ordinalRows(ordinals []int) store.Batch {
	b := make(store.Batch, len(ordinals))
	for i, n := range ordinals {
		b[i] = map[string]any{"ordinal": n}
	}
	return b
}
