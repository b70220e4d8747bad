package inventory

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
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

// admit answers why no write of this kind may be sent, or nil.
func (a *App) admit(op, subject string, c app.Capability) error {
	e := &fault.Error{Kind: fault.Protected, System: a.Name(), Op: op, Subject: subject, State: nothingSent}
	if err := a.Supports(c); err != nil {
		return fault.In(err, a.Name(), op, subject)
	}
	if a.opts.ReadOnly {
		e.Cause = fmt.Sprintf("the app block %q says read_only = true", a.Name())
		e.Next = fmt.Sprintf("Take read_only out of the app block %q to let Tenure write there.", a.Name())
		return e
	}
	if a.opts.RefuseWrites != nil {
		if err := a.opts.RefuseWrites(); err != nil {
			var f *fault.Error
			if !errors.As(err, &f) {
				e.Err = err
				return e
			}
			err = fault.In(f, a.Name(), op, subject)
			if errors.As(err, &f) && f.State == "" {
				f.State = nothingSent // In has made a copy
			}
			return err
		}
	}
	a.mu.Lock()
	broken := a.auditErr
	a.mu.Unlock()
	if broken != nil {
		e.Cause = "the audit log cannot be written any more, and nothing is written without a record"
		e.Next, e.Err = "Make the file of audit_log writable and apply again.", broken
		return e
	}
	return nil
}

// protects answers the refusal of a write that takes something away from a protected account, or nil.
// names are all names under which the account is known: an account renamed since the plan stays protected.
func (a *App) protects(op, subject string, names []string) error {
	for _, n := range names {
		if a.IsProtected(n) {
			return &fault.Error{
				Kind: fault.Protected, System: a.Name(), Op: op, Subject: subject, State: nothingSent,
				Cause: fmt.Sprintf("protected_accounts of the app block %q covers %s", a.Name(), n),
				Next: "Leave the account as it is in configuration; or, if it should really lose this, take it out of " +
					"protected_accounts first.",
			}
		}
	}
	return nil
}

// namesOf gives the names by which ref is known: the caller's, and the one that the app showed in this
// run. With neither, and something to protect, the app is asked: an id alone must not slip through.
func (a *App) namesOf(ctx context.Context, ref access.AccountRef) ([]string, error) {
	names := []string{ref.UserName}
	known := a.accounts.peek(ref.ID, func(acc *access.Account) { names = append(names, acc.UserName) })
	if known || ref.UserName != "" || len(a.protected) == 0 {
		return names, nil
	}
	acc, err := a.Account(ctx, ref.ID)
	switch {
	case err == nil:
		return append(names, acc.UserName), nil
	case errors.Is(err, fault.NotFound):
		return names, nil
	}
	return nil, err
}

// spare is protects for a reference.
func (a *App) spare(ctx context.Context, op, subject string, ref access.AccountRef) error {
	names, err := a.namesOf(ctx, ref)
	if err != nil {
		return fault.In(err, a.Name(), op, subject)
	}
	if err := a.protects(op, subject, names); err != nil {
		return err
	}
	if own := a.Self(ctx); own.ID != "" && own.ID == ref.ID {
		return &fault.Error{
			Kind: fault.Protected, System: a.Name(), Op: op, Subject: subject, State: nothingSent,
			Cause: "it is the account behind the credential of this run", Next: "Do it with another credential, or by hand in the app.",
		}
	}
	return nil
}

// label names an account in messages.
func (a *App) label(ref access.AccountRef) string {
	name := ref.UserName
	if name == "" {
		a.accounts.peek(ref.ID, func(acc *access.Account) { name = acc.UserName })
	}
	if name == "" {
		name = ref.ID
	}
	return name
}

// Previews reports whether this run refuses writes because it looks at another day than today.
func (a *App) Previews() bool { return a.opts.RefuseWrites != nil && a.opts.RefuseWrites() != nil }
