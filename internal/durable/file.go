// Package durable is what it takes to write a file that several processes share and that no crash may
// cut: a lock, group commit, and names and directories as they really are on disk.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Target is the file that path means, symbolic links followed, also to a file that does not exist yet:
// its directory exists. Who locks and replaces the target agrees with all who name it differently.
func Target(path string) (string, error) {
	name := path
	for range 40 { // as many links as Linux follows
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			if err := CheckDirectory(name); err != nil {
				return "", err
			}
			return "", Unreadable(err)
		}
		name = filepath.Join(dir, filepath.Base(name))
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return name, nil
		}
		if err != nil {
			return "", Unreadable(err)
		}
		link, err := os.Readlink(name)
		if err != nil {
			return "", Unreadable(err)
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(dir, link)
		}
		name = link
	}
	return "", &fault.Error{
		Kind: fault.Invalid, Cause: "too many symbolic links at " + path,
		State: "Nothing was written.", Next: "Correct path.",
	}
}

// CheckDirectory says what a person can do when the directory of a file is missing. It is never
// NotFound, which would read as an answer about what the file holds.
func CheckDirectory(file string) error {
	dir := filepath.Dir(file)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &fault.Error{
			Kind: fault.Invalid, Cause: "the directory " + dir + " of the file " + file + " does not exist",
			Next: "Create the directory, or correct path. The file itself is created by the first write.",
		}
	case err != nil:
		return Unreadable(err)
	case !info.IsDir():
		return &fault.Error{Kind: fault.Invalid, Cause: dir + " is not a directory", Next: "Correct path."}
	}
	return nil
}

// Unreadable is the fault of a file that could not be read.
func Unreadable(err error) error {
	return &fault.Error{Kind: kindOf(err), Cause: "cannot read the file", Err: err}
}

// Unwritten is the fault of a write that left everything as it was.
func Unwritten(cause string, err error) error {
	return &fault.Error{
		Kind: kindOf(err), Cause: cause, Err: err, State: "Nothing was written.",
		Next: "Make sure that the directory is writable, has file locks, and has room on its disk.",
	}
}

func kindOf(err error) fault.Kind {
	if errors.Is(err, fs.ErrPermission) {
		return fault.Forbidden
	}
	return fault.Unavailable
}

// SyncDirectory makes a name that was created or replaced durable, where the system has a way to do so.
func SyncDirectory(dir string) error {
	if runtime.GOOS == "windows" { // where directories cannot be synced
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // a file system without that notion
	}
	return err
}
