// Package commercestore keeps what partners pay: orders, and the lines of what they are charged and credited.
//
//	store.go     where it is kept
//	lines.go     lines as they are written, with what causes them
//	orders.go    orders, as they are written and read
//	invoices.go  lines as they are read: by the invoice, and what stands on none yet
package commercestore

import "handover/internal/store"

// Store is the orders and billing lines in a database.
type Store struct{ db *store.DB }

// New is those in the database.
func New(db *store.DB) *Store { return &Store{db: db} }
