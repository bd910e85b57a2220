// Package private keeps what the programs write from other users of the machine: folders have mode 0700 and files 0600, whatever
// the umask is and from the first instant on, and what an earlier version left open is closed when it is opened.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

const (
	folderMode fs.FileMode = 0o700
	fileMode   fs.FileMode = 0o600
	others     fs.FileMode = 0o077 // what group and others may
)

// Folder makes the folder, and those above it, where they are missing, and closes one that is there to other users.
// Errors, in a sentence: a folder that cannot be made, belongs to another user, or cannot be closed.
func Folder(path string) error {
	if err := os.MkdirAll(path, folderMode); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if owner, foreign := foreign(info); foreign {
		return fmt.Errorf("it belongs to another user (uid %d)", owner)
	}
	return closed(path, info)
}

// making is held while a file is made: closing one that a database in this process has opened meanwhile would take that its locks.
var making sync.Mutex

// File makes the file where it is missing, empty, and closes one that is there to other users. It never opens one that is there.
// Errors, each an *fs.PathError: a path that is there and is no file, a file that cannot be made or closed to others.
func File(path string) error {
	making.Lock()
	defer making.Unlock()
	if err := Tighten(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	switch {
	case errors.Is(err, fs.ErrExist): // another program was faster, or it is a link to nothing
		return Tighten(path)
	case err != nil:
		return err
	}
	return errors.Join(file.Close(), os.Chmod(path, fileMode)) // the umask may have taken what its owner needs
}

var errNoFile = errors.New("that is no file")

// Tighten closes a file that is there to other users. Errors, each an *fs.PathError: fs.ErrNotExist, a path that is no file, a file
// that cannot be closed.
func Tighten(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "open", Path: path, Err: errNoFile} // a folder named by mistake may be anybody's
	}
	return closed(path, info)
}

// Database is File for a SQLite database, with the side files that may be there. SQLite gives those that it makes the
// mode of the database.
func Database(path string) error {
	if err := File(path); err != nil {
		return err
	}
	for _, side := range []string{"-wal", "-shm", "-journal"} {
		if err := Tighten(path + side); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Tree closes the file or folder, and everything below it, to other users. It follows no links. A path that is not there, or is
// removed meanwhile, is none of its errors.
func Tree(path string) error {
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (entry.IsDir() || entry.Type().IsRegular()) {
			err = tightenEntry(path, entry)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

func tightenEntry(path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	return closed(path, info)
}

// closed takes from others what they may. A folder gets what its owner needs; a file that its owner must not write stays so.
func closed(path string, info fs.FileInfo) error {
	was := info.Mode().Perm()
	mode := was &^ others
	if info.IsDir() {
		mode |= folderMode
	}
	if mode == was {
		return nil
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("others may use what is there, and it cannot be closed to them: %w", err)
	}
	return nil
}
