// Package world reads world files: YAML that says which partners, customers, relationships, agreements and subscriptions
// a ledger starts with, so that every rule of a transfer can be tried without a billing system.
//
// Where to look:
//
//	world.go       Load and Parse: the way from a file to a administration.World
//	document.go    the bytes of a file → one YAML mapping
//	record.go      a mapping → its fields: known, complete, given once
//	values.go      a field → its value
//	entries.go     the kinds of record and the fields each has
//	references.go  what only the whole file tells: doubles and dangling references
//	nearest.go     which field a misspelt one was meant to be
//	problems.go    what is wrong and where, for whoever corrects the file
//	sample.go      the built-in world, sample.yaml, and the demonstration it holds
//	again.go       the demonstration once more, under fresh ids
//	large.go       a generated world of any size
//
// docs/world.schema.json says the same to editors; the tests show that schema and parser agree.
package world

import (
	"errors"
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

func load(path string, parse func(name string, data []byte) (administration.World, error)) (administration.World, error) {
	data, err := readFile(path)
	if err != nil {
		return administration.World{}, &InvalidError{
			Problems: []Problem{{File: path, Says: fmt.Sprintf("The world file cannot be read (%v). Check its path and permissions.", err)}},
			cause:    err,
		}
	}
	return parse(path, data)
}

// LoadMore reads the world file at the path, as ParseMore does. Its errors are those of Load.
func LoadMore(path string) (administration.World, error) { return load(path, ParseMore) }

// readFile reads at most one byte more than Parse accepts.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	return data, errors.Join(err, file.Close())
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
