package inventory

import (
	"context"
	"fmt"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Match gives the existing account, inactive ones included, that spec describes: the first of the app's
// match_by fields that finds one decides. It is NotFound when none does. It is Exists, with the line of
// configuration that settles it, when an account found belongs to somebody else by the stable key, or when
// two accounts fit.
func (a *App) Match(ctx context.Context, spec access.AccountSpec) (access.Account, error) {
	name := spec.Values[access.UserName]
	for _, by := range a.opts.MatchBy {
		want := spec.Values[by]
		if want == "" || by != access.UserName && !a.hasField(by) {
			continue
		}
		found, err := a.FindAccount(ctx, by, want)
		if err != nil {
			return access.Account{}, err
		}
		if len(found) > 1 {
			found = a.narrow(found, name)
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			if err := a.settle(ctx, spec, found[0]); err != nil {
				return access.Account{}, err
			}
			return found[0], nil
		}
		return access.Account{}, a.ambiguous(spec, by, found[0], found[1])
	}
	return access.Account{}, &fault.Error{
		Kind: fault.NotFound, System: a.Name(), Op: "find account", Subject: name,
		Cause: "no existing account fits",
	}
}

// narrow keeps the one account that has the wanted user name too, if there is exactly one.
func (a *App) narrow(found []access.Account, name string) []access.Account {
	var same []access.Account
	for _, acc := range found {
		if name != "" && a.SameUserName(acc.UserName, name) {
			same = append(same, acc)
		}
	}
	if len(same) == 1 {
		return same
	}
	return found
}

// settle answers why acc cannot be the account of spec, or nil.
func (a *App) settle(ctx context.Context, spec access.AccountSpec, acc access.Account) error {
	person, name := spec.Values[access.PersonID], spec.Values[access.UserName]
	if person != "" && acc.PersonID != "" && acc.PersonID != person {
		return &fault.Error{
			Kind: fault.Exists, System: a.Name(), Op: "adopt", Subject: acc.Label(),
			Cause: fmt.Sprintf("the account %s belongs to %s, but configuration means %s",
				acc.Label(), personOf(acc.PersonID, acc.DisplayName), personOf(person, spec.Values[access.DisplayName])),
			State: "The account was left as it is.",
			Next: fmt.Sprintf("If %s has another user name in %s, say so in tenure_entitlements: %s. If the account is really "+
				"theirs, correct its person_id in %[2]s.", person, a.Name(), a.identities(person, "ANOTHER-USER-NAME")),
		}
	}
	if name == "" || a.SameUserName(acc.UserName, name) {
		return nil
	}
	// The account is about to be renamed: nobody else may have the name already.
	taken, err := a.FindAccount(ctx, access.UserName, name)
	if err != nil {
		return err
	}
	for _, other := range taken {
		if other.ID != acc.ID {
			return a.ambiguous(spec, access.UserName, acc, other)
		}
	}
	return nil
}

func (a *App) ambiguous(spec access.AccountSpec, by access.Field, x, y access.Account) error {
	person := spec.Values[access.PersonID]
	e := &fault.Error{
		Kind: fault.Exists, System: a.Name(), Op: "adopt", Subject: spec.Values[access.UserName],
		Cause: fmt.Sprintf("two accounts fit %s: %s and %s", personOf(person, spec.Values[access.DisplayName]), described(x), described(y)),
		State: "Both accounts were left as they are.",
	}
	if person == "" {
		e.Next = fmt.Sprintf("Make %s unique among the two in %s, or set person_id.", by, a.Name())
	} else {
		e.Next = fmt.Sprintf("Say in tenure_entitlements which one it is, for example: %s.", a.identities(person, x.Label()))
	}
	return e
}

func (a *App) identities(person, userName string) string {
	return fmt.Sprintf("identities = { %q = { %q = %q } }", a.Name(), person, userName)
}

func personOf(id, display string) string {
	switch {
	case id == "" && display == "":
		return "one person"
	case id == "":
		return display
	case display == "":
		return "person " + id
	}
	return fmt.Sprintf("person %s (%s)", id, display)
}

func described(acc access.Account) string {
	if acc.PersonID == "" && acc.DisplayName == "" {
		return acc.Label()
	}
	return acc.Label() + " of " + personOf(acc.PersonID, acc.DisplayName)
}
