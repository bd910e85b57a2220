// Package activitylogstore keeps partners' activity logs (domain section 7): the audit records of transfers, which are written with
// their transitions, and beside them the records of everything else that a partner changes. Both are append-only.
//
//	store.go  the logs of a database
//	note.go   a record of what is no transfer's is written
//	log.go    a partner's log is read, of either kind
package activitylogstore

import "handover/internal/store"

// Store is the activity logs in a database.
type Store struct{ db *store.DB }

// New is the activity logs in the database.
func New(db *store.DB) *Store { return &Store{db: db} }
