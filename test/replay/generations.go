package replay

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Generation is a folder of histories that belong together: what was recorded until the next one was begun. A generation is
// frozen as soon as its folder holds SHA256SUMS, and every one but the newest must be. What is frozen is proof: runs like these
// may be open somewhere, so nobody changes, replaces or removes one.
type Generation struct {
	Name   string
	Shapes map[string]Shape // what it must hold, by name; removing one makes the tests fail, not pass
}

// Generations are all there are, the oldest first. A gated change that the newest generation has no history of gets one there, or,
// when that is frozen, a new generation with shapes of its own.
func Generations() []Generation {
	return []Generation{
		{Name: "v0", Shapes: shapesV0()},
		{Name: "v1", Shapes: shapesV1()},
	}
}

// Newest is the only generation that may be recorded into.
func Newest() Generation {
	all := Generations()
	return all[len(all)-1]
}

// Dir is the generation's folder inside the one that holds them all.
func (g Generation) Dir(testdata string) string { return filepath.Join(testdata, g.Name) }

// sumsFile freezes a generation: the checksum of every history, as sha256sum writes them.
const sumsFile = "SHA256SUMS"

// Sums are the checksums that the generation was frozen with, by file; none of one that is still open. Error: a line that is none.
func (g Generation) Sums(testdata string) (sums map[string]string, err error) {
	content, err := os.Open(filepath.Join(g.Dir(testdata), sumsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	sums = map[string]string{}
	lines := bufio.NewScanner(content)
	for lines.Scan() {
		sum, file, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return nil, fmt.Errorf("%s of %s has a line that is no checksum: %q", sumsFile, g.Name, lines.Text())
		}
		sums[file] = sum
	}
	return sums, lines.Err()
}

// CheckFrozen tells what is not as it was when the generation was frozen: a history that was changed, removed or added. One that
// is still open has nothing to hold.
func (g Generation) CheckFrozen(testdata string) error {
	sums, err := g.Sums(testdata)
	if err != nil || sums == nil {
		return err
	}
	names, err := Names(g.Dir(testdata))
	if err != nil {
		return err
	}
	var wrong []error
	for _, name := range names {
		file := filepath.Base(File("", name))
		content, err := os.ReadFile(File(g.Dir(testdata), name))
		if err != nil {
			return err
		}
		was, frozen := sums[file]
		delete(sums, file)
		if sum := sha256.Sum256(content); !frozen {
			wrong = append(wrong, fmt.Errorf("%s/%s was added", g.Name, file))
		} else if was != hex.EncodeToString(sum[:]) {
			wrong = append(wrong, fmt.Errorf("%s/%s was changed", g.Name, file))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		wrong = append(wrong, fmt.Errorf("%s/%s was removed", g.Name, file))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("generation %s is frozen, because runs like its histories may be open somewhere; put them back, and record what is new into a "+
			"generation of its own: %w", g.Name, errors.Join(wrong...))
	}
	return nil
}

// ToRecord are the histories to be recorded: those that the generation must hold and does not, or all of them when it is to be
// recorded again. Error: it is frozen, and would have to change.
func (g Generation) ToRecord(testdata string, again bool) ([]string, error) {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(g.Shapes)) {
		_, err := os.Stat(File(g.Dir(testdata), name))
		switch {
		case again || errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return nil, err
		}
	}
	sums, err := g.Sums(testdata)
	if err == nil && sums != nil && len(missing) > 0 {
		return nil, fmt.Errorf("generation %s is frozen: its histories are proof, and are never recorded again. "+
			"What a gated change adds belongs into a new generation, beside it: name its histories in test/replay/generations.go", g.Name)
	}
	return missing, err
}
