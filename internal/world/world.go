// Package world reads world files: YAML that says which partners, customers, relationships, agreements and subscriptions
// a ledger starts with, so that every rule of a transfer can be tried without a billing system.
//
// Where to look:
//
//	world.go       Load and Parse: the way from a file to a ledger.World
//	document.go    the bytes of a file → one YAML mapping
//	record.go      a mapping → its fields: known, complete, given once
//	values.go      a field → its value
//	entries.go     the kinds of record and the fields each has
//	references.go  what only the whole file tells: doubles and dangling references; environments.go what ties production and sandbox
//	nearest.go     which field a misspelt one was meant to be
//	problems.go    what is wrong and where, for whoever corrects the file
//	sample.go      the built-in world, sample.yaml, and the demonstration it holds
//	again.go       the demonstration once more, under fresh ids
//	large.go       a generated world of any size
//
// docs/world.schema.json says the same to editors; the tests show that schema and parser agree.
package world

import (
	"fmt"
	"io"
	"os"

	"handover/internal/ledger"
)

// MaxBytes is the size of the largest world file that is read.
const MaxBytes = 64 << 20

// Load reads the world file at the path. Every error is an *InvalidError; for a file that cannot be read it unwraps to
// the cause, such as fs.ErrNotExist.
func Load(path string) (ledger.World, error) {
	file, err := os.Open(path)
	if err != nil {
		return ledger.World{}, unreadable(path, err)
	}
	w, err := Read(path, file)
	if closing := file.Close(); err == nil && closing != nil {
		err = unreadable(path, closing)
	}
	return w, err
}

// Read reads a world file as Load does from wherever it comes; name is what its errors call it. It reads at most one byte more
// than Parse accepts.
func Read(name string, from io.Reader) (ledger.World, error) {
	data, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err != nil {
		return ledger.World{}, unreadable(name, err)
	}
	return Parse(name, data)
}

func unreadable(name string, cause error) *InvalidError {
	return &InvalidError{
		Problems: []Problem{{File: name, Says: fmt.Sprintf("The world file cannot be read (%v). Check its path and permissions.", cause)}},
		cause:    cause,
	}
}

// Parse reads the text of a world file; name is what its errors call the file. Ids come out in lower case, times in UTC,
// prices in minor units, and every subscription starts its own lineage (I-1). The error is an *InvalidError that holds
// every problem of the file, up to MaxProblems.
func Parse(name string, data []byte) (ledger.World, error) {
	found := &problems{file: name}
	root := found.document(data)
	if root == nil {
		return ledger.World{}, found.err()
	}
	f := readFields(root)
	f.checkReferences(found)
	if err := found.err(); err != nil {
		return ledger.World{}, err
	}
	return f.world(), nil
}
