package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// retire ends the access of leavers. Accounts to be deleted are deactivated here where the app can, and
// deleted at the very end.
func (r *run) retire(ctx context.Context) {
	eachAccount(r, r.work.retire, func(t retirement) {
		err := r.stopped(ctx, t.ref.UserName)
		if err == nil {
			err = r.retireOne(r.why(ctx, t.subject, t.subject.Who), t)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.putBack(t)
			r.fail(t.subject, t.ref.UserName, err)
			r.block(t.ref.UserName, err)
		} else {
			r.gone[t.ref.UserName] = true
		}
		if err != nil || r.Config.OnRemoval == access.Deactivate {
			r.prog.step(1)
		}
	})
}

func (r *run) retireOne(ctx context.Context, t retirement) error {
	now, err := r.app.Reread(ctx, t.ref.ID)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	}
	if err := r.sameAccount(t, now); err != nil {
		return err
	}
	deactivates := r.app.Supports(app.DeactivateAccount) == nil
	if r.Config.OnRemoval == access.Delete && (!now.Active || !deactivates) {
		return nil
	}
	return r.app.RetireAccount(ctx, now.Ref(), access.Deactivate)
}

// sameAccount refuses an account that changed hands since the plan.
func (r *run) sameAccount(t retirement, now access.Account) error {
	was := t.ref.UserName
	_, other := r.Planned.Accounts[now.PersonID]
	if r.app.SameUserName(now.UserName, was) && !(other && now.PersonID != t.subject.Who) {
		return nil
	}
	return &fault.Error{
		Kind: fault.Stale, System: r.app.Name(), Op: "remove", Subject: was, State: "Nothing was written for it.",
		Cause: fmt.Sprintf("the account with id %s was %s when this was planned and is %s (person %q) now", now.ID, was, now.Label(), now.PersonID),
	}
}

// putBack makes state say again what it said about somebody who was not retired.
func (r *run) putBack(t retirement) {
	switch t.from {
	case inMap:
		r.res.State.Accounts[t.subject.Who] = r.prior.Accounts[t.subject.Who]
		r.res.State.IDs[t.subject.Who] = t.ref.ID
	case inHeld:
		r.res.State.Held[t.subject] = r.prior.Held[t.subject]
		r.res.Notes.setAside(t.subject.Who, t.ref)
	case inStrangers:
		r.res.State.Strangers[t.subject] = t.ref.ID
	}
}

// remove deletes, at the end, the accounts that are to be deleted.
func (r *run) remove(ctx context.Context) {
	if r.Config.OnRemoval != access.Delete {
		return
	}
	eachAccount(r, r.work.retire, func(t retirement) {
		if !r.gone[t.ref.UserName] {
			return
		}
		err := r.stopped(ctx, t.ref.UserName)
		if err == nil {
			err = r.app.RetireAccount(r.why(ctx, t.subject, t.subject.Who), t.ref, access.Delete)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil && !errors.Is(err, fault.NotFound) {
			r.putBack(t)
			r.fail(t.subject, t.ref.UserName, err)
		}
		r.prog.step(1)
	})
}

// accounts lets people in and keeps the others as configured. Managers who enter in the same apply are
// named afterwards, where the app wants their account id.
func (r *run) accounts(ctx context.Context) {
	keys := slices.Concat(r.work.enter, r.work.update)
	entering := make(map[string]bool, len(r.work.enter))
	enters := make(map[string]bool, len(r.work.enter))
	for _, k := range r.work.enter {
		enters[k] = true
		entering[r.Planned.Accounts[k].UserName()] = true
	}
	late := func(k string) bool {
		return r.app.Info().ManagerIsID && entering[r.Planned.Accounts[k].Fields[access.Manager]]
	}
	r.app.ExpectAccounts(ctx, len(r.work.enter))
	one := func(key string) {
		want := r.Planned.Accounts[key]
		err := r.stopped(ctx, want.UserName())
		var now access.Account
		if err == nil {
			ctx := r.why(ctx, account(key), key)
			if enters[key] {
				now, err = r.enter(ctx, key, r.spec(want, Account{}, late(key)))
			} else {
				now, err = r.update(ctx, key, want, late(key))
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if now.ID != "" && enters[key] {
			r.res.State.IDs[key] = now.ID
			r.entered[key] = true
		}
		if err != nil {
			r.revert(key, now)
			r.fail(account(key), want.UserName(), err)
			r.block(want.UserName(), err)
		}
		r.prog.step(1)
	}
	for _, wave := range r.waves(keys) {
		eachAccount(r, wave, one)
	}
	eachAccount(r, slices.DeleteFunc(keys, func(k string) bool { return !late(k) }), func(key string) {
		want := r.Planned.Accounts[key]
		id := r.res.State.IDs[key]
		if r.stopped(ctx, want.UserName()) != nil || id == "" || id == Unknown {
			return
		}
		spec := access.AccountSpec{Values: map[access.Field]string{access.Manager: want.Fields[access.Manager]}}
		now, err := r.change(r.why(ctx, account(key), key), access.AccountRef{ID: id, UserName: want.UserName()}, spec)
		if err == nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.revert(key, now)
		r.fail(account(key), want.UserName(), err)
	})
}

// revert makes state say what is, not what was planned, about an account that failed.
func (r *run) revert(key string, now access.Account) {
	from := cmp.Or(r.work.from[key], key)
	was, had := r.prior.Accounts[from]
	switch {
	case had:
		r.res.State.Accounts[key] = was
		r.unrename(was.UserName(), r.Planned.Accounts[key].UserName())
	case now.ID != "":
		known := &refresher{rules: r.Rules}
		r.res.State.Accounts[key] = known.refreshed(r.Planned.Accounts[key], now)
	default:
		delete(r.res.State.Accounts, key)
		delete(r.res.State.IDs, key)
		if h, held := r.prior.Held[account(key)]; held {
			r.res.State.Held[account(key)] = h
			r.res.Notes.setAside(key, r.Notes.Aside[key])
		}
	}
}

// enter finds the account or makes it, and gives it everything that configuration says.
func (r *run) enter(ctx context.Context, key string, spec access.AccountSpec) (access.Account, error) {
	if r.binds() {
		spec.Values[access.PersonID] = key
	}
	if err := r.stillHere(key, spec.Values[access.UserName]); err != nil {
		return access.Account{}, err
	}
	planned := r.Planned.IDs[key]
	acct, err := r.find(ctx, key, planned, spec)
	if errors.Is(err, fault.NotFound) {
		if spec.Active == nil {
			spec.Active = ptr(true)
		}
		return r.app.CreateAccount(ctx, spec)
	}
	if err != nil {
		return access.Account{}, err
	}
	if other := r.own(acct.ID, key); other != key {
		return access.Account{}, r.contradiction(acct, other, key)
	}
	inactive := r.Planned.Held[account(key)].Reason == DeactivatedElsewhere
	if planned != "" && planned != Unknown && !acct.Active && spec.Active == nil && !inactive && !r.Notes.Suspended[acct.ID] {
		return access.Account{}, &fault.Error{
			Kind: fault.Stale, System: r.app.Name(), Op: "adopt", Subject: acct.Label(), State: "Nothing was written for it.",
			Cause: "the account was active when this was planned and is not any more", Next: "Plan again: it then shows as a reactivation.",
		}
	}
	r.app.MarkAdopted(acct.ID)
	switch {
	case spec.Active != nil, inactive:
	case !acct.Active && r.HandedOver != nil && r.HandedOver(acct.ID):
		// The first half of this replacement knew the account: somebody else deactivated it since.
		r.mu.Lock()
		r.res.State.Held[account(key)] = Held{DeactivatedElsewhere, stamp(r.Now())}
		r.mu.Unlock()
	default:
		spec.Active = ptr(true)
	}
	if acct.Manager, err = r.app.ManagerName(ctx, acct); err != nil {
		return acct, err
	}
	rest := r.missing(spec, acct)
	r.adopted(key, acct.ID, rest)
	if rest.Empty() {
		return acct, nil
	}
	after, err := r.change(ctx, acct.Ref(), rest)
	if err != nil {
		return acct, err
	}
	r.suspended(after, rest)
	return after, nil
}

// adopted explains, in a first apply, what its plan could not know: that the account was there already.
func (r *run) adopted(key, id string, rest access.AccountSpec) {
	if r.Prior != nil || r.HandedOver != nil && r.HandedOver(id) {
		return
	}
	e := Explanation{"adopt", "the account was there already"}
	if rest.Active != nil && *rest.Active {
		e = Explanation{"reactivate", "the account was there already, deactivated"}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.State.Explanations[account(key)] = e
}

// suspended notes that Tenure deactivated the account because configuration said so, or ended that.
func (r *run) suspended(now access.Account, sent access.AccountSpec) {
	if sent.Active == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if *sent.Active {
		delete(r.res.Notes.Suspended, now.ID)
	} else {
		mark(&r.res.Notes.Suspended, now.ID)
	}
}

// update sends what changed, and nothing else.
func (r *run) update(ctx context.Context, key string, want Account, late bool) (access.Account, error) {
	from := cmp.Or(r.work.from[key], key)
	was, id := r.prior.Accounts[from], r.prior.IDs[from]
	spec := r.spec(want, was, late)
	if was.Fields[Active] == "false" && want.Fields[Active] == "" {
		spec.Active = ptr(true)
	}
	if from != key && r.binds() {
		now, err := r.app.Account(ctx, id)
		if err != nil {
			return access.Account{}, err
		}
		if now.PersonID != key {
			spec.Values[access.PersonID] = key
		}
	}
	if spec.Active != nil && *spec.Active {
		if err := r.stillHere(key, was.UserName()); err != nil {
			return access.Account{}, err
		}
	}
	if spec.Active != nil {
		before, err := r.app.Reread(ctx, id)
		switch {
		case errors.Is(err, fault.NotFound):
			return access.Account{}, &fault.Error{
				Kind: fault.Stale, System: r.app.Name(), Op: "change", Subject: was.UserName(),
				Cause: "the account is gone since the plan", State: "Nothing was written for it.", Next: "Plan again.",
			}
		case err != nil:
			return access.Account{}, err
		case before.Active == *spec.Active:
			spec.Active = nil
			if !before.Active && r.app.Supports(app.EndSessions) == nil { // an earlier apply may have got no further
				if err := r.app.EndSessions(ctx, before.Ref()); err != nil {
					return access.Account{}, err
				}
			}
		}
	}
	if spec.Empty() {
		return access.Account{ID: id}, nil
	}
	now, err := r.change(ctx, access.AccountRef{ID: id, UserName: was.UserName()}, spec)
	if err == nil || spec.Active != nil && now.ID == id && now.Active == *spec.Active {
		r.suspended(now, spec) // also where only its sessions could not be ended
	}
	return now, err
}

// find gives the account that was planned to be taken over, or looks for one.
func (r *run) find(ctx context.Context, key, planned string, spec access.AccountSpec) (access.Account, error) {
	if planned == "" || planned == Unknown {
		return r.app.Match(ctx, spec)
	}
	acct, err := r.app.Account(ctx, planned)
	switch {
	case errors.Is(err, fault.NotFound):
		return acct, &fault.Error{
			Kind: fault.Stale, System: r.app.Name(), Op: "adopt", Subject: spec.Values[access.UserName],
			Cause: "the account with id " + planned + " that was planned to be taken over is gone", Next: "Plan again.",
		}
	case err == nil && r.binds() && acct.PersonID != "" && acct.PersonID != key:
		return access.Account{}, r.contradiction(acct, acct.PersonID, key)
	}
	return acct, err
}

func (r *run) contradiction(acct access.Account, owner, key string) error {
	return &fault.Error{
		Kind: fault.Exists, System: r.app.Name(), Op: "adopt", Subject: acct.Label(), State: "The account was left as it is.",
		Cause: fmt.Sprintf("the account %s belongs to %s, and configuration means %s", acct.Label(), owner, key),
		Next:  fmt.Sprintf("If %s has another account, say which: identities = { %s = { %q = \"...\" } }. If it is really theirs, correct its person_id in %[2]s.", key, r.app.Name(), key),
	}
}

// own gives the account to key, unless somebody has it already: then it answers who.
func (r *run) own(id, key string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, taken := r.owners[id]; taken {
		return other
	}
	r.owners[id] = key
	return key
}

// binds reports whether the app has a place for whose an account is.
func (r *run) binds() bool { return slices.Contains(r.Rules.Fields, access.PersonID) }

// spec is what has to be sent to get from was to want.
func (r *run) spec(want, was Account, withoutManager bool) access.AccountSpec {
	s := access.AccountSpec{Values: make(map[access.Field]string, len(want.Fields))}
	for f, v := range want.Fields {
		switch {
		case v == was.Fields[f] || v == Unknown:
		case f == Active:
			s.Active = ptr(v == "true")
		case f == access.Manager && withoutManager, f == Attributes:
		default:
			s.Values[f] = v
		}
	}
	for k, v := range want.Attributes {
		if old, ok := was.Attributes[k]; !ok || old != v {
			if s.Attributes == nil {
				s.Attributes = make(map[string]string)
			}
			s.Attributes[k] = v
		}
	}
	return s
}
