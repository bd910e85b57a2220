// Package replay proves that the current workflows still understand the histories of earlier ones, and that no history
// holds what belongs into the ledger only.
//
//	generations.go  the recorded histories by generation, and what freezes one
//	histories.go    one folder of them
//	shapes.go       what a history must contain; shapes_v0.go those of the first generation, shapes_v1.go of the second
//	words.go        what no history may hold
//	record/         the program that records them
package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

// Folder holds the generations, seen from this package.
const Folder = "testdata"

// Names lists the recorded histories of a generation's folder, in order. A folder without any is an error: it proves nothing.
func Names(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no recorded history in %s; record with: go run ./test/replay/record", dir)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	slices.Sort(names)
	return names, nil
}

// File is where the history of that name is kept.
func File(dir, name string) string { return filepath.Join(dir, name+".json") }

// Load reads a history. Error: a file that is not there, or none.
func Load(dir, name string) (history *historypb.History, err error) {
	content, err := os.Open(File(dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	return client.HistoryFromJSON(content, client.HistoryJSONOptions{})
}
