package roster

import (
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// MaxFileSize is the largest roster file in bytes that is read: some 500,000 people. A path that points
// at a database dump or a disk image is then an error and not an exhausted machine.
const MaxFileSize int64 = 256 << 20

// ConfigError names the roster and its kind on each of the joined faults in err.
func ConfigError(name, kind string, err error) error {
	return each(err, func(e *fault.Error) { e.System, e.Op, e.Subject = name, "configure", kind + " roster" })
}

// each applies change to a copy of every fault joined in err.
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
	var e *fault.Error
	if !errors.As(err, &e) {
		e = &fault.Error{Kind: fault.Invalid, Err: err}
	}
	c := *e
	change(&c)
	return &c
}
