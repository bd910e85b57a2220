//go:build unix

package private

import (
	"io/fs"
	"os"
	"syscall"
)

// foreign tells whether it belongs to another user than the one that runs this program.
func foreign(info fs.FileInfo) (owner uint32, is bool) {
	status, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return status.Uid, int64(status.Uid) != int64(os.Geteuid())
}
