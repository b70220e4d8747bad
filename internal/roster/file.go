package roster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// MaxFileSize is the largest roster file in bytes that is read: some 500,000 people. A path that points
// at a database dump or a disk image is then an error and not an exhausted machine.
const MaxFileSize int64 = 256 << 20

// ReadFile reads a roster file as a whole. A file that is missing, empty, too large, no file at all or
// being written to is an error, never a short roster.
func ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	before, err := os.Stat(path) // before opening: opening a pipe would wait for its writer
	if err != nil {
		return nil, openError(path, err)
	}
	switch {
	case before.IsDir():
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "it is a directory", Next: "Set path to the file in it."}
	case !before.Mode().IsRegular():
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "it is not a regular file", Next: "Write the roster to a file first."}
	case before.Size() == 0:
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "it is empty", Next: "Zero people is never a roster: check the export."}
	case before.Size() > limit:
		return nil, &fault.Error{
			Kind: fault.LimitReached, Cause: fmt.Sprintf("it has %d bytes and no more than %d are read", before.Size(), limit),
			Next: "Check that path is the roster; export fewer columns if it is.",
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer f.Close() //nolint:errcheck // what was read is there
	data, err := io.ReadAll(io.LimitReader(f, before.Size()+1))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Cause: "it cannot be read to its end", Next: "Try again.", Err: err}
	}
	after, err := f.Stat()
	if err != nil {
		return nil, openError(path, err)
	}
	if int64(len(data)) != before.Size() || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, &fault.Error{
			Kind: fault.Unavailable, Cause: "it was written to while it was read",
			Next: "Run again when the export is finished; let the export write to another name and rename the file.",
		}
	}
	return data, nil
}

func openError(path string, err error) error {
	e := &fault.Error{Kind: fault.Unavailable, Cause: "it cannot be opened", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Err = "it does not exist", nil
		if abs, absErr := filepath.Abs(path); absErr == nil && abs != path {
			e.Cause += " (looked for " + abs + ")"
		}
		e.Next = "Correct path, or put the file there. Nobody is treated as having left because of it."
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Cause, e.Err = fault.Forbidden, "it may not be read by this user", nil
		e.Next = "Give the user that runs Terraform the right to read it."
	}
	return e
}

// ConfigError names the roster and its kind on each of the joined faults in err.
func ConfigError(name, kind string, err error) error {
	return each(err, func(e *fault.Error) { e.System, e.Op, e.Subject = name, "configure", kind+" roster" })
}

// ReadError names the roster and the file or service read on each of the joined faults in err that does
// not name them yet.
func ReadError(name, subject string, err error) error {
	return each(err, func(e *fault.Error) {
		if e.Op == "" {
			e.System, e.Op, e.Subject = name, "read", subject
		}
	})
}

// each applies change to a copy of every fault joined in err. What is wrapped otherwise keeps the words around it.
func each(err error, change func(*fault.Error)) error {
	if err == nil {
		return nil
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range list.Unwrap() {
			errs = append(errs, each(e, change))
		}
		return errors.Join(errs...)
	}
	e, ok := err.(*fault.Error) //nolint:errorlint // this one, not one inside it
	if !ok {
		e = &fault.Error{Kind: fault.Unavailable, Err: err}
	}
	c := *e
	change(&c)
	return &c
}
