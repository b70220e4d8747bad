package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const (
	groupWriters = 8
	// blockOfChanges is how many changes are handed over at once: enough to fill requests, few enough for
	// progress and interruption.
	blockOfChanges = 1000
)

// sent is a step with the account it resolved to.
type sent struct {
	grantStep
	ref access.AccountRef
}

// changeGroups adds to, or removes from, each group.
func (r *run) changeGroups(ctx context.Context, by map[string][]grantStep) {
	each(slices.Sorted(maps.Keys(by)), groupWriters, func(in string) {
		list := by[in]
		g, err := r.group(ctx, in)
		if err != nil {
			r.failAll(list, err)
			return
		}
		there := make(map[held]bool)
		if _, known := r.Notes.Groups[in]; !known || r.present(list) {
			if there, err = r.membersOf(ctx, g.ID); err != nil {
				r.failAll(list, err)
				return
			}
		}
		r.mu.Lock()
		if r.res.Notes.Groups == nil {
			r.res.Notes.Groups = make(map[string]GroupRef)
		}
		r.res.Notes.Groups[in] = g
		r.mu.Unlock()
		send := func(list []grantStep) {
			if len(list) == 0 {
				return
			}
			r.sendMembers(ctx, in, g.ID, list, there)
		}
		// Who gets the role that runs the group comes before who loses it.
		role := r.Notes.Keeper
		first := slices.DeleteFunc(slices.Clone(list), func(s grantStep) bool { return role != "" && s.was == role })
		send(first)
		send(r.spareKeepers(ctx, g.ID, in, slices.DeleteFunc(slices.Clone(list), func(s grantStep) bool { return role == "" || s.was != role })))
	})
}

// sendMembers changes the members of one group.
func (r *run) sendMembers(ctx context.Context, in, groupID string, list []grantStep, there map[held]bool) {
	r.send(r.whys(ctx, access.GrantGroup, in), list, there, func(ctx context.Context, part []sent) []error {
		changes := make([]access.MemberChange, len(part))
		for i, p := range part {
			changes[i] = access.MemberChange{Account: p.ref, Role: p.value, Remove: p.value == ""}
		}
		return r.app.ChangeMembers(ctx, groupID, changes)
	})
}

// present reports whether somebody in list has what is to be given, as far as prior state knows: then the
// app is asked before anything is sent.
func (r *run) present(list []grantStep) bool {
	return slices.ContainsFunc(list, func(s grantStep) bool {
		_, stranger := r.prior.Strangers[s.subject]
		_, held := r.prior.Held[s.subject]
		return s.value != "" && (stranger || held)
	})
}

// group follows the immutable id, and looks the name up only where there is none yet.
func (r *run) group(ctx context.Context, in string) (GroupRef, error) {
	if ref, ok := r.Notes.Groups[in]; ok {
		return ref, nil
	}
	g, err := r.app.Group(ctx, in)
	return GroupRef{g.ID, g.Name}, err
}

// held is one thing that an account already has: the role in a group, or a license of a product.
type held struct{ id, value string }

func (r *run) membersOf(ctx context.Context, groupID string) (map[held]bool, error) {
	members, err := r.app.Members(ctx, groupID)
	there := make(map[held]bool, len(members))
	for _, m := range members {
		if !m.Nested {
			there[held{m.AccountID, m.Role}] = true
		}
	}
	return there, err
}

// changeLicenses assigns licenses; a product without enough seats is freed first.
func (r *run) changeLicenses(ctx context.Context) {
	adds, removes := r.work.adds[access.GrantLicense], r.work.removes[access.GrantLicense]
	for _, product := range slices.Sorted(maps.Keys(adds)) {
		list := adds[product]
		// Who only changes within the product frees a seat for who comes.
		slices.SortStableFunc(list, func(a, b grantStep) int { return cmp.Compare(btoi(a.was == ""), btoi(b.was == "")) })
		if len(removes[product]) > 0 && r.full(ctx, product, list) {
			r.changeProduct(ctx, product, removes[product])
			delete(removes, product)
		}
		r.changeProduct(ctx, product, list)
	}
}

func (r *run) removeLicenses(ctx context.Context) {
	removes := r.work.removes[access.GrantLicense]
	for _, product := range slices.Sorted(maps.Keys(removes)) {
		r.changeProduct(ctx, product, removes[product])
	}
}

// full reports whether the pool has too few seats for list. What the app does not say is taken for enough.
func (r *run) full(ctx context.Context, product string, list []grantStep) bool {
	pools, err := r.app.Pools(ctx)
	if err != nil {
		return false // the assignment itself will say what is wrong
	}
	need := make(map[string]int)
	for _, s := range list {
		need[s.value]++
	}
	for _, p := range pools {
		if p.Product == product && p.Total >= 0 && p.Used >= 0 && need[p.License] > p.Total-p.Used {
			return true
		}
	}
	return false
}

func (r *run) changeProduct(ctx context.Context, product string, list []grantStep) {
	there := make(map[held]bool)
	if _, known := r.prior.Licenses[product]; !known || r.present(list) {
		all, err := r.app.Assignees(ctx, product)
		if err != nil {
			r.failAll(list, err)
			return
		}
		for _, a := range all {
			there[held{a.AccountID, a.License}] = true
		}
	}
	r.send(r.whys(ctx, access.GrantLicense, product), list, there, func(ctx context.Context, part []sent) []error {
		changes := make([]access.LicenseChange, len(part))
		for i, p := range part {
			changes[i] = access.LicenseChange{Account: p.ref, License: cmp.Or(p.value, p.was), Remove: p.value == ""}
		}
		return r.app.ChangeAssignees(ctx, product, changes)
	})
}

// send resolves each step to an account and hands over what is really to be changed. there is what the app
// is known to hold already, by account id.
func (r *run) send(ctx context.Context, list []grantStep, there map[held]bool, write func(context.Context, []sent) []error) {
	r.app.ExpectAccounts(ctx, r.lookups(list))
	for part := range slices.Chunk(list, blockOfChanges) {
		var out []sent
		for _, s := range part {
			ref, done, err := r.resolve(ctx, s)
			switch {
			case err != nil:
				r.failOne(s, err)
			case done || s.value != "" && there[held{ref.ID, s.value}]:
				r.did(s, ref)
			default:
				out = append(out, sent{s, ref})
			}
		}
		if len(out) == 0 {
			continue
		}
		errs := write(ctx, out)
		for i, s := range out {
			if err := errs[i]; err != nil && !(s.value == "" && errors.Is(err, fault.NotFound)) {
				r.failOne(s.grantStep, err)
				continue
			}
			r.did(s.grantStep, s.ref)
		}
	}
}

// lookups is for how many steps resolve is going to look an account up.
func (r *run) lookups(list []grantStep) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range list {
		if id := r.res.State.IDs[r.keys[s.subject.Who]]; s.value == "" || s.id == "" && (id == "" || id == Unknown) {
			n++
		}
	}
	return n
}

// resolve finds the account of a step. done says that there is nothing to send.
func (r *run) resolve(ctx context.Context, s grantStep) (ref access.AccountRef, done bool, err error) {
	who := s.subject.Who
	if err := r.stopped(ctx, who); err != nil {
		return ref, false, err
	}
	if s.value == "" {
		return r.resolveRemoval(ctx, s)
	}
	r.mu.Lock()
	key, managed := r.keys[who]
	id, entered := r.res.State.IDs[key], r.entered[key]
	r.mu.Unlock()
	if !managed || id == "" || id == Unknown {
		if id = s.id; id == "" {
			a, err := r.app.AccountByUserName(ctx, who)
			if err == nil {
				err = r.stillHere(a.PersonID, who)
			}
			return a.Ref(), false, err
		}
	}
	ref = access.AccountRef{ID: id, UserName: who}
	if !managed || entered {
		return ref, false, nil
	}
	if err := r.stillHere(key, who); err != nil {
		return ref, false, err
	}
	// Somebody who was deactivated since the plan gets nothing more.
	now, err := r.app.Account(ctx, id)
	if err != nil || now.Active {
		return ref, false, err
	}
	if _, held := r.Planned.Held[account(key)]; held || r.Planned.Accounts[key].Fields[Active] == "false" {
		return ref, false, nil
	}
	return ref, false, &fault.Error{
		Kind: fault.Stale, System: r.app.Name(), Op: "give", Subject: s.subject.In + " to " + who, State: "Nothing was written for it.",
		Cause: "the account was active when this was planned and is not any more",
	}
}

// resolveRemoval looks once more at whose membership or license it is that goes.
func (r *run) resolveRemoval(ctx context.Context, s grantStep) (ref access.AccountRef, done bool, err error) {
	who := s.subject.Who
	ref = access.AccountRef{ID: s.id, UserName: who}
	if ref.ID == "" {
		a, err := r.app.AccountByUserName(ctx, who)
		if errors.Is(err, fault.NotFound) {
			return ref, true, nil
		}
		if ref = a.Ref(); err != nil {
			return ref, false, err
		}
	}
	r.mu.Lock()
	given, gone := r.given[given(s.subject, ref.ID)], r.gone[who]
	r.mu.Unlock()
	if given || gone {
		return ref, given, nil // under another name it was just given; or the account was looked at just now
	}
	now, err := r.app.Account(ctx, ref.ID)
	switch {
	case errors.Is(err, fault.NotFound):
		return ref, true, nil
	case err != nil:
		return ref, false, err
	case r.app.SameUserName(now.UserName, who), r.app.SameUserName(now.UserName, r.renamed(who)):
		return now.Ref(), false, nil
	}
	return ref, false, &fault.Error{
		Kind: fault.Stale, System: r.app.Name(), Op: "remove", Subject: who + " from " + s.subject.In, State: "Nothing was written for it.",
		Cause: fmt.Sprintf("the account with id %s was %s when this was planned and is %s now", ref.ID, who, now.Label()),
	}
}

// renamed is what the account of a user name in prior state is called by now, as far as this run knows.
func (r *run) renamed(who string) string {
	d := differ{prior: r.prior, planned: r.Planned, notes: r.Notes, keys: r.priorKeys}
	return d.nameNow(who)
}

func given(s Subject, id string) string { return string(s.Kind) + "\x00" + s.In + "\x00" + id }

// did notes a step that ended well.
func (r *run) did(s grantStep, ref access.AccountRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prog.step(1)
	if s.value == "" {
		return
	}
	r.given[given(s.subject, ref.ID)] = true
	if r.res.State.IDs[r.keys[s.subject.Who]] != ref.ID {
		r.res.Notes.setHolder(s.subject.Kind, s.subject.In, s.subject.Who, ref.ID)
	}
}

func (r *run) failAll(list []grantStep, err error) {
	for _, s := range list {
		r.failOne(s, err)
	}
}

// failOne puts state back to what it was about one step.
func (r *run) failOne(s grantStep, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prog.step(1)
	r.fail(s.subject, s.subject.Who, err)
	switch {
	case s.value != "" && s.was == "":
		delete(r.res.State.Grants(s.subject.Kind)[s.subject.In], s.subject.Who)
		if h, held := r.prior.Held[s.subject]; held {
			r.res.State.Held[s.subject] = h
		}
		if v, stranger := r.prior.Strangers[s.subject]; stranger {
			r.res.State.Strangers[s.subject] = v
		}
	case s.from == inHeld:
		r.res.State.Held[s.subject] = r.prior.Held[s.subject]
	case s.from == inStrangers:
		r.res.State.Strangers[s.subject] = s.was
	default:
		all := r.res.State.grants(s.subject.Kind)
		if *all == nil {
			*all = make(Grants)
		}
		if (*all)[s.subject.In] == nil {
			(*all)[s.subject.In] = make(map[string]string)
		}
		holders := (*all)[s.subject.In]
		holders[s.nameInState(holders)] = s.was
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
