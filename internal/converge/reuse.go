package converge

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Reuse is a user name that means another account than the one in state: it was given to somebody else after that
// one was deleted or renamed. To follow the name would give one person's access to another.
type Reuse struct {
	Name string `json:"name"` // the user name
	Was  string `json:"was"`  // id of the account in state
	Now  string `json:"now"`  // id of the account that bears the name
	// Owner is the person_id on that account, "" when there is none.
	Owner string `json:"owner,omitempty"`
}

// bearers finds accounts by user name, where all of them were seen.
func (r *refresher) bearers(all []access.Account) func(name string) (access.Account, bool) {
	var by map[string]access.Account
	return func(name string) (access.Account, bool) {
		if by == nil {
			by = make(map[string]access.Account, len(all))
			for _, a := range all {
				by[r.rules.fold(a.UserName)] = a
			}
		}
		a, ok := by[r.rules.fold(name)]
		return a, ok
	}
}

// reused notes that the user name of an account in state is another account's now. An account that says it belongs to
// the same person is theirs, made anew.
func (r *refresher) reused(key string, was Account, bearer func(string) (access.Account, bool)) {
	id := r.prior.IDs[key]
	now, ok := bearer(was.UserName())
	if !ok || was.UserName() == "" || id == "" || now.ID == id || now.PersonID == key {
		return
	}
	r.noteReuse(account(key), Reuse{was.UserName(), id, now.ID, now.PersonID})
}

func (r *refresher) noteReuse(s Subject, re Reuse) {
	if r.n.Reused == nil {
		r.n.Reused = make(map[Subject]Reuse)
	}
	r.n.Reused[s] = re
}

// takenName refuses to give key a user name that is another account's.
func (p *planner) takenName(key, name, was, now, owner string) {
	whose := "which carries nobody's person_id"
	if owner != "" {
		whose = "which belongs to person " + owner
	}
	p.problem(fault.Error{
		Kind: fault.Exists, Op: "give", Subject: "the user name " + name + " to " + key,
		Cause: fmt.Sprintf("%s had the account with id %s, and %s is the account with id %s now, %s: it may be somebody else's", key, was, name, now, whose),
		Next: fmt.Sprintf("If it is somebody else's, give %s another user name: identities = { %s = { %q = \"...\" } }. If the account is theirs, write person_id %q on it in %[2]s, or, "+
			"where it has no place for that, accept with terraform apply -refresh-only that the old one is gone; the plan after that adopts it.", key, p.rules.App, key, key),
	})
}

// reuses refuses configuration that follows a user name to another account.
func (p *planner) reuses() {
	for s, re := range p.notes.Reused {
		if s.Kind == access.GrantAccount {
			if want, ok := p.cfg.Accounts[s.Who]; ok && p.rules.fold(want.UserName()) == p.rules.fold(re.Name) {
				p.takenName(s.Who, want.UserName(), re.Was, re.Now, re.Owner)
			}
			continue
		}
		if !p.asks(s) {
			continue
		}
		if key, managed := p.keys[s.Who]; managed && p.prior.IDs[key] == re.Now {
			continue // the same account as among the accounts, of which nothing is wrong
		}
		p.problem(fault.Error{
			Kind: fault.Exists, Op: "give", Subject: s.In + " to " + s.Who,
			Cause: fmt.Sprintf("it was the account with id %s that had it, and %s is the account with id %s now: it may be somebody else's", re.Was, re.Name, re.Now),
			Next:  "If it is somebody else's, take the user name out of the configuration. If it is theirs, accept with terraform apply -refresh-only that the old account has lost it, and plan again.",
		})
	}
}

// reuse looks whether the user name of a holder who is no longer there is another account's now.
func (o *observer) reuse(ctx context.Context, s Subject, id string) error {
	if id == "" || id == Unknown {
		return nil
	}
	now, err := o.app.AccountByUserName(ctx, s.Who)
	switch {
	case errors.Is(err, fault.NotFound) || err == nil && now.ID == id:
		return nil
	case err != nil:
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen.Reused == nil {
		o.seen.Reused = make(map[Subject]Reuse)
	}
	o.seen.Reused[s] = Reuse{s.Who, id, now.ID, now.PersonID}
	return nil
}
