package platform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"handover/internal/private"
)

// The files of a data folder. Each of the first three shows that a folder is one.
const (
	lockFile     = "lock"
	ledgerFile   = "ledger.db"
	temporalFile = "temporal.db"
	mailFolder   = "mail"
	keyFile      = "development-issuer.pem"
)

// folderWithin is how long a process that was killed a moment ago may keep its folder.
const folderWithin = 2 * time.Second

// takeFolder makes the data folder, keeps other processes out of it, and closes it with all that is in it to other users.
func (p *Platform) takeFolder(ctx context.Context) error {
	dir := p.options.DataDir
	if dir == "" {
		temporary, err := os.MkdirTemp("", "handover-")
		if err != nil {
			return fmt.Errorf("no temporary folder could be made: %w", err)
		}
		dir = temporary
		p.onStop(func() { _ = os.RemoveAll(temporary) })
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	p.Dir = dir
	if err := claim(dir); err != nil {
		return fmt.Errorf("the data folder %s cannot be used, choose another with --data-dir: %w", dir, err)
	}
	return p.lock(ctx)
}

func (p *Platform) lock(ctx context.Context) error {
	lock := flock.New(filepath.Join(p.Dir, lockFile))
	dying, cancel := context.WithTimeout(ctx, folderWithin)
	defer cancel()
	free, err := lock.TryLockContext(dying, folderWithin/20)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the data folder %s cannot be written, choose another with --data-dir: %w", p.Dir, err)
	}
	if !free {
		return fmt.Errorf("the data folder %s is in use by another standalone; stop it, or choose another with --data-dir", p.Dir)
	}
	p.onStop(func() { _ = lock.Unlock() })
	return nil
}

var errOthersFolder = errors.New("it holds the files of something else, which would be closed to other users")

// claim makes the folder where it is missing, and closes it with everything in it. A folder that others use, such as somebody's home,
// is refused and left as it is: it must be empty, or one that was a data folder before.
func claim(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	empty := !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != "lost+found" }) // a new disk has that
	if !empty && !slices.ContainsFunc(entries, isOurs) {
		return errOthersFolder
	}
	if err := private.Folder(dir); err != nil {
		return err
	}
	if empty {
		return nil
	}
	return private.Tree(dir)
}

func isOurs(e fs.DirEntry) bool {
	return e.Type().IsRegular() && slices.Contains([]string{lockFile, ledgerFile, temporalFile}, e.Name())
}
