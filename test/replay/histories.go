package replay

import (
	"fmt"
	"path/filepath"
)

// histories lists the recorded histories of a folder. A folder without any is an error.
func histories(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no recorded history in %s; record with: go run ./test/replay/record", dir)
	}
	return files, nil
}
