// Package world reads world files: YAML that says which partners, customers, relationships, agreements and subscriptions
// a ledger starts with, so that every rule of a transfer can be tried without a billing system.
//
// Where to look:
//
//	world.go       Load and Parse: the way from a file to an administration.World
//	document.go    the bytes of a file → one YAML mapping
//	record.go      a mapping → its fields: known, complete, given once
//	values.go      a field → its value
//	entries.go     the kinds of record and the fields each has
//	references.go  what only the whole file tells: doubles, and references by the rules of administration
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

	"handover/internal/administration"
)

// MaxBytes is the size of the largest world file that is read.
const MaxBytes = 64 << 20

// Load reads the world file at the path. Every error is an *InvalidError; for a file that cannot be read it unwraps to
// the cause, such as fs.ErrNotExist.
func Load(path string) (administration.World, error) { return load(path, Parse) }

// LoadMore reads the world file at the path, as ParseMore does. Its errors are those of Load.
func LoadMore(path string) (administration.World, error) { return load(path, ParseMore) }

// Read reads a world file as Load does from wherever it comes; name is what its errors call it.
func Read(name string, from io.Reader) (administration.World, error) { return read(name, from, Parse) }

// parser is one of the ways to read the text of a file.
type parser func(name string, data []byte) (administration.World, error)

func load(path string, parse parser) (administration.World, error) {
	file, err := os.Open(path)
	if err != nil {
		return administration.World{}, unreadable(path, err)
	}
	w, err := read(path, file, parse)
	if closing := file.Close(); err == nil && closing != nil {
		err = unreadable(path, closing)
	}
	return w, err
}

// read takes at most one byte more than is parsed.
func read(name string, from io.Reader, parse parser) (administration.World, error) {
	data, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err != nil {
		return administration.World{}, unreadable(name, err)
	}
	return parse(name, data)
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
func Parse(name string, data []byte) (administration.World, error) {
	found := &problems{file: name}
	root := found.document(data)
	if root == nil {
		return administration.World{}, found.err()
	}
	root.require("partners")
	root.require("customers")
	f := readFields(root)
	f.checkDoubles(found)
	f.checkReferences(found)
	if err := found.err(); err != nil {
		return administration.World{}, err
	}
	return f.world(), nil
}

// ParseMore is Parse of a file that is to be held against a ledger: it may leave partners and customers out, and refer to what only
// the ledger has. Those references are administration.Decide's to judge.
func ParseMore(name string, data []byte) (administration.World, error) {
	found := &problems{file: name}
	root := found.document(data)
	if root == nil {
		return administration.World{}, found.err()
	}
	f := readFields(root)
	f.checkDoubles(found)
	if err := found.err(); err != nil {
		return administration.World{}, err
	}
	return f.world(), nil
}
