package inventory

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const nothingSent = "Nothing was sent."

// CheckPattern reports what is wrong with an entry of Protected or Ignored.
func CheckPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a user name or a pattern: %w", pattern, err)
	}
	return nil
}

// IsProtected reports whether configuration protects the user name.
func (a *App) IsProtected(userName string) bool { return matchAny(a.protected, userName) }

// IsIgnored reports whether configuration leaves the user name out of strangers and findings.
func (a *App) IsIgnored(userName string) bool { return matchAny(a.ignored, userName) }

func matchAny(patterns []string, userName string) bool {
	if userName == "" {
		return false
	}
	name := fold(userName)
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok || p == name {
			return true
		}
	}
	return false
}

func foldAll(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = fold(s)
	}
	return out
}

// fold maps strings that strings.EqualFold takes for equal to one string: every letter becomes the
// smallest of those that differ from it only in case. Lower-casing would not do: it maps the dotted
// capital I of Turkish to i, which are two user names.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && !('a' <= r && r <= 'z') {
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}

// refuse answers why no write may be sent at all, or nil.
func (a *App) refuse(op, subject string) error {
	e := &fault.Error{Kind: fault.Protected, System: a.opts.Name, Op: op, Subject: subject, State: nothingSent}
	if a.opts.ReadOnly {
		e.Cause = fmt.Sprintf("the app block %q says read_only = true", a.opts.Name)
		e.Next = fmt.Sprintf("Take read_only out of the app block %q to let Tenure write there.", a.opts.Name)
		return e
	}
	if a.opts.RefuseWrites != nil {
		if err := a.opts.RefuseWrites(); err != nil {
			var f *fault.Error
			if errors.As(err, &f) {
				e.Kind, e.Cause, e.Next = f.Kind, f.Cause, f.Next
				if f.State != "" {
					e.State = f.State
				}
			}
			e.Err = err
			if f != nil {
				e.Err = f.Err
			}
			return e
		}
	}
	return nil
}

// protects answers the refusal of a write that takes something away from a protected account, or nil.
// names are all names under which the account is known: an account renamed since the plan stays protected.
func (a *App) protects(op string, names ...string) error {
	for _, n := range names {
		if a.IsProtected(n) {
			return &fault.Error{
				Kind: fault.Protected, System: a.opts.Name, Op: op, Subject: n, State: nothingSent,
				Cause: fmt.Sprintf("protected_accounts of the app block %q covers %s", a.opts.Name, n),
				Next: "Leave the account as it is in configuration; or, if it should really lose this, take it out of " +
					"protected_accounts first.",
			}
		}
	}
	return nil
}

func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
