package apptest

import (
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// groupChecks: groups themselves.
func groupChecks() []Check {
	write := []app.Capability{app.WriteGroups, app.ReadGroups}
	return []Check{
		{Name: "create group", needs: write, world: office, check: func(s *session) {
			got, err := s.groupWriter().CreateGroup(s.ctx, access.GroupSpec{Name: ref("newcomers")})
			if err != nil {
				s.Fatal(err)
			}
			s.within(CreateGroup, 1)
			s.within(Any, s.writing(1))
			if got.ID == "" || s.fold(got.Name) != "newcomers" {
				s.Errorf("got %+v", got)
			}
			want := s.world.copyOf()
			want.Groups = append(want.Groups, access.Group{Name: "newcomers"})
			s.holds(want)
			if id := s.group("newcomers"); id != got.ID {
				s.Errorf("the id is %q in the answer and %q in the listing", got.ID, id)
			}
		}},
		{Name: "create group/already there", needs: write, world: office, check: func(s *session) {
			names := []string{"admins"}
			if s.info.UserNamesFoldCase {
				names = append(names, "Admins")
			}
			for _, name := range names {
				_, err := s.groupWriter().CreateGroup(s.ctx, access.GroupSpec{Name: ref(name)})
				s.failed(err, fault.Exists)
			}
			s.holds(s.world)
		}},
		{Name: "create group/description", needs: write, world: office, check: func(s *session) {
			got, err := s.groupWriter().CreateGroup(s.ctx, access.GroupSpec{Name: ref("newcomers"), Description: ref("Who is new")})
			if err != nil { // silence would make the description a difference for ever
				s.failed(err, fault.Unsupported)
				s.holds(s.world)
				return
			}
			if got.Description != "Who is new" {
				s.Errorf("the description was lost: %+v", got)
			}
			if got, err = s.groupWriter().UpdateGroup(s.ctx, got.ID, access.GroupSpec{Description: ref("Who was new")}); err != nil {
				s.Fatal(err)
			}
			read, err := s.groupReader().Group(s.ctx, got.ID)
			if err != nil || read.Description != "Who was new" || s.fold(read.Name) != "newcomers" {
				s.Errorf("after the change: %+v, %v", read, err)
			}
		}},
		{Name: "rename group", needs: write, world: office, check: func(s *session) {
			id := s.group("admins")
			want := s.world.copyOf()
			want.Groups[0].Name = "owners"
			for range 2 {
				s.fresh()
				got, err := s.groupWriter().UpdateGroup(s.ctx, id, access.GroupSpec{Name: ref("owners")})
				if err != nil {
					s.Fatal(err)
				}
				s.within(Any, s.writing(1))
				if got.ID != id || s.fold(got.Name) != "owners" {
					s.Errorf("got %+v", got)
				}
				s.holds(want) // with its members
			}
		}},
		{Name: "rename group/to a name that is taken", needs: write, world: office, check: func(s *session) {
			_, err := s.groupWriter().UpdateGroup(s.ctx, s.group("admins"), access.GroupSpec{Name: ref("everybody")})
			s.failed(err, fault.Exists)
			s.holds(s.world)
		}},
		{Name: "update group/nothing", needs: write, world: office, check: func(s *session) {
			got, err := s.groupWriter().UpdateGroup(s.ctx, s.group("admins"), access.GroupSpec{})
			if err != nil {
				s.Fatal(err)
			}
			s.within(UpdateGroup, 0)
			if s.fold(got.Name) != "admins" {
				s.Errorf("got %+v", got)
			}
			s.holds(s.world)
		}},
		{Name: "update group/unknown", needs: write, world: office, check: func(s *session) {
			_, err := s.groupWriter().UpdateGroup(s.ctx, "no-such-id", access.GroupSpec{Name: ref("owners")})
			s.failed(err, fault.NotFound)
			s.holds(s.world)
		}},
		{Name: "delete group", needs: write, world: office, check: func(s *session) {
			id := s.group("admins")
			want := s.world.copyOf()
			want.Groups = want.Groups[1:]
			for range 2 {
				if err := s.groupWriter().DeleteGroup(s.ctx, id); err != nil {
					s.Fatal(err)
				}
				s.holds(want)
			}
			if err := s.groupWriter().DeleteGroup(s.ctx, "no-such-id"); err != nil {
				s.Errorf("delete a group that is gone: %v", err)
			}
			_, err := s.groupReader().Group(s.ctx, id)
			s.failed(err, fault.NotFound)
		}},
	}
}

// change applies changes to a group and fails unless each is proven.
func (s *session) change(group string, changes ...access.MemberChange) {
	s.Helper()
	errs := s.groupWriter().ChangeMembers(s.ctx, group, changes)
	if len(errs) != len(changes) {
		s.Fatalf("%d answers to %d changes", len(errs), len(changes))
	}
	if err := errors.Join(errs...); err != nil {
		s.Fatal(err)
	}
}

func (s *session) add(i int) access.MemberChange {
	return access.MemberChange{Account: s.account(i).Ref(), Role: access.DefaultRole}
}

func (s *session) remove(i int) access.MemberChange {
	return access.MemberChange{Account: s.account(i).Ref(), Remove: true}
}

// memberChecks: who is in a group.
func memberChecks() []Check {
	write := []app.Capability{app.WriteMembers, app.ReadMembers, app.ReadGroups}
	admins := func(positions ...int) func(*session) World {
		return func(s *session) World {
			w := s.world.copyOf()
			w.Groups[0].Members = members(positions...)
			return w
		}
	}
	checks := []Check{}
	for _, c := range []struct {
		name    string
		changes func(*session) []access.MemberChange
		want    func(*session) World
	}{
		{"add member", func(s *session) []access.MemberChange { return []access.MemberChange{s.add(4)} }, admins(0, 1, 2, 4)},
		{"add members", func(s *session) []access.MemberChange { return []access.MemberChange{s.add(4), s.add(5), s.add(3)} }, admins(0, 1, 2, 3, 4, 5)},
		{"add member/already in", func(s *session) []access.MemberChange { return []access.MemberChange{s.add(1), s.add(4)} }, admins(0, 1, 2, 4)},
		{"add member/twice in one call", func(s *session) []access.MemberChange { return []access.MemberChange{s.add(4), s.add(4)} }, admins(0, 1, 2, 4)},
		{"add member/inactive", func(s *session) []access.MemberChange { return []access.MemberChange{s.add(6)} }, admins(0, 1, 2, 6)},
		// A server that reads the removal of one as the removal of all must be spoken to otherwise.
		{"remove member", func(s *session) []access.MemberChange { return []access.MemberChange{s.remove(1)} }, admins(0, 2)},
		{"remove members", func(s *session) []access.MemberChange { return []access.MemberChange{s.remove(0), s.remove(2)} }, admins(1)},
		{"remove member/not in", func(s *session) []access.MemberChange { return []access.MemberChange{s.remove(5)} }, admins(0, 1, 2)},
		{"remove member/the last", func(s *session) []access.MemberChange {
			return []access.MemberChange{s.remove(0), s.remove(1), s.remove(2)}
		}, admins()},
		{"add and remove members", func(s *session) []access.MemberChange {
			return []access.MemberChange{s.add(4), s.remove(0), s.add(5), s.remove(7)}
		}, admins(1, 2, 4, 5)},
		{"remove member/unknown account", func(s *session) []access.MemberChange {
			return []access.MemberChange{{Account: access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}, Remove: true}, s.remove(1)}
		}, admins(0, 2)},
	} {
		checks = append(checks, Check{Name: c.name, needs: write, world: office, check: func(s *session) {
			id := s.group("admins")
			s.account(0)
			for range 2 { // twice is once
				s.change(id, c.changes(s)...)
				s.holds(c.want(s))
			}
		}})
	}
	return append(checks,
		Check{Name: "change members/none", needs: write, world: office, check: func(s *session) {
			s.change(s.group("admins"))
			s.within(Any, 0)
			s.holds(s.world)
		}},
		Check{Name: "change members/in as few requests as possible", needs: write, counts: true, world: func(p plan) World {
			// Two full requests and one more, unless that is too much for a test.
			n := 2*max(1, p.info.MaxMemberChanges) + 1
			if n > 1001 {
				n = 3
			}
			return World{Accounts: people(p, n), Groups: []access.Group{{Name: "admins"}}}
		}, check: func(s *session) {
			id := s.group("admins")
			s.account(0)
			n := len(s.world.Accounts)
			var adds, removes []access.MemberChange
			for i := range n {
				adds, removes = append(adds, s.add(i)), append(removes, s.remove(i))
			}
			perRequest := max(1, s.info.MaxMemberChanges)
			most := (n + perRequest - 1) / perRequest
			everybody := s.world.copyOf()
			everybody.Groups[0].Members = members(upTo(n)...)
			for _, step := range []struct {
				changes []access.MemberChange
				want    World
			}{{adds, everybody}, {removes, s.world}} {
				s.fresh()
				s.change(id, step.changes...)
				s.within(ChangeMembers, most)
				s.within(Any, s.writing(most))
				s.holds(step.want)
			}
		}},
		Check{Name: "change members/roles", needs: append(write, app.GroupRoles), world: office, check: func(s *session) {
			id := s.group("admins")
			roles := s.info.GroupRoles
			for _, role := range []string{roles[len(roles)-1], roles[len(roles)-1], roles[0]} {
				want := s.world.copyOf()
				want.Groups[0].Members[1].Role = role
				want.Groups[0].Members = append(want.Groups[0].Members, access.Member{UserName: person(4).UserName, Role: role})
				s.change(id, access.MemberChange{Account: s.account(1).Ref(), Role: role}, access.MemberChange{Account: s.account(4).Ref(), Role: role})
				s.holds(want)
			}
		}},
		Check{Name: "change members/a role it does not have", needs: write, world: office, check: func(s *session) {
			errs := s.groupWriter().ChangeMembers(s.ctx, s.group("admins"), []access.MemberChange{{Account: s.account(4).Ref(), Role: "emperor"}})
			if len(errs) != 1 {
				s.Fatalf("%d answers to one change", len(errs))
			}
			s.failed(errs[0], fault.Unsupported, fault.Invalid)
			s.holds(s.world)
		}})
}

// memberFailureChecks: what happens to the good changes when others go wrong.
func memberFailureChecks() []Check {
	write := []app.Capability{app.WriteMembers, app.ReadMembers, app.ReadGroups}
	ghost := access.MemberChange{Account: access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}, Role: access.DefaultRole}
	return []Check{
		{Name: "change members/one unknown among good ones", needs: write, world: office, check: func(s *session) {
			id := s.group("admins")
			errs := s.groupWriter().ChangeMembers(s.ctx, id, []access.MemberChange{s.add(3), ghost, s.remove(0), s.add(4)})
			if len(errs) != 4 {
				s.Fatalf("%d answers to 4 changes", len(errs))
			}
			for i, err := range errs {
				if i == 1 {
					s.failed(err, fault.NotFound, fault.Invalid)
				} else if err != nil {
					s.Errorf("change %d is good: %v", i, err)
				}
			}
			want := s.world.copyOf()
			want.Groups[0].Members = members(1, 2, 3, 4)
			s.holds(want)
		}},
		{Name: "change members/all unknown", needs: write, world: office, check: func(s *session) {
			errs := s.groupWriter().ChangeMembers(s.ctx, s.group("admins"), []access.MemberChange{ghost, ghost})
			if len(errs) != 2 {
				s.Fatalf("%d answers to 2 changes", len(errs))
			}
			for _, err := range errs {
				s.failed(err, fault.NotFound, fault.Invalid)
			}
			s.holds(s.world)
		}},
		{Name: "change members/of an unknown group", needs: write, world: office, check: func(s *session) {
			errs := s.groupWriter().ChangeMembers(s.ctx, "no-such-id", []access.MemberChange{s.add(3), s.add(4)})
			if len(errs) != 2 {
				s.Fatalf("%d answers to 2 changes", len(errs))
			}
			for _, err := range errs {
				s.failed(err, fault.NotFound)
			}
			s.holds(s.world)
		}},
		{Name: "change members/the second request fails", needs: write, faults: true, world: func(p plan) World {
			return World{Accounts: people(p, 2*max(1, p.info.MaxMemberChanges)), Groups: []access.Group{{Name: "admins"}}}
		}, check: func(s *session) {
			perRequest := max(1, s.info.MaxMemberChanges)
			if perRequest > 500 {
				s.Skip("not checked: partial success, because one request takes more than 500 changes")
			}
			id := s.group("admins")
			s.account(0)
			var changes []access.MemberChange
			for i := range 2 * perRequest {
				changes = append(changes, s.add(i))
			}
			s.Inject(s.TB, Fault{On: ChangeMembers, Skip: 1, Status: 403})
			errs := s.groupWriter().ChangeMembers(s.ctx, id, changes)
			s.Inject(s.TB, Fault{})
			if len(errs) != len(changes) {
				s.Fatalf("%d answers to %d changes", len(errs), len(changes))
			}
			// What is said to be in is in, and what is not is not.
			want := s.world.copyOf()
			for i, err := range errs {
				if err == nil {
					want.Groups[0].Members = append(want.Groups[0].Members, members(i)...)
				} else {
					s.failed(err, fault.Forbidden)
				}
			}
			if n := len(want.Groups[0].Members); n != perRequest {
				s.Errorf("%d changes are said to be made, %d fit into the first request", n, perRequest)
			}
			s.holds(want)
		}},
		{Name: "change members/an answer that does not come", needs: write, faults: true, world: office, check: func(s *session) {
			id := s.group("admins")
			change := s.add(4)
			s.Inject(s.TB, Fault{On: ChangeMembers, Times: 1, Close: true, After: true})
			errs := s.groupWriter().ChangeMembers(s.ctx, id, []access.MemberChange{change})
			s.Inject(s.TB, Fault{})
			s.doneOrUnsure(errors.Join(errs...))
			want := s.world.copyOf()
			want.Groups[0].Members = members(0, 1, 2, 4)
			s.holds(want)
		}},
	}
}

// doneOrUnsure fails unless a write that was carried out unseen is success or unconfirmed.
func (s *session) doneOrUnsure(err error) {
	s.Helper()
	if err != nil {
		s.failed(err, fault.Unconfirmed)
	}
}
