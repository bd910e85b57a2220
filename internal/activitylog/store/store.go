// Package activitylogstore keeps partners' activity logs (domain section 7), of every context: one record for each participant of an
// event, written with the change that it tells of. The log is append-only and chained (I-3, I-9).
//
//	store.go   the log of a database
//	entry.go   a record as it is stored
//	append.go  records are written; attempt.go those of what was refused
//	log.go     a partner's log is read, and what it says about one thing
//	chained.go what the hash of a record's link covers
//	forget.go  what is personal in records is forgotten; seal.go seals those from before there were seals then
package activitylogstore

import "handover/internal/store"

// Store is the activity logs in a database.
type Store struct{ db *store.DB }

// New is the activity logs in the database.
func New(db *store.DB) *Store { return &Store{db: db} }
