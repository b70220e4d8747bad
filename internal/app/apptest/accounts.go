package apptest

import (
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// newcomer is who is created: a person that no world holds.
const newcomer = 100

// spec asks for the newcomer, in every field that the app has.
func (s *session) spec() access.AccountSpec {
	s.Helper()
	p := people(s.plan, newcomer+1)[newcomer]
	spec := access.AccountSpec{Values: map[access.Field]string{}}
	for _, f := range s.info.Fields {
		if v := p.Get(f); v != "" {
			spec.Values[f] = v
		}
	}
	for _, name := range s.h.Attributes {
		if spec.Attributes == nil {
			spec.Attributes = map[string]string{}
		}
		spec.Attributes[name] = "extra " + name
	}
	return spec
}

// withNewcomer is the world with the newcomer besides, active.
func (s *session) withNewcomer() World {
	s.Helper()
	w := s.world.copyOf()
	a := access.Account{Active: true, Attributes: s.spec().Attributes}
	for f, v := range s.spec().Values {
		a.Set(f, v)
	}
	w.Accounts = append(w.Accounts, a)
	return w
}

// plainField is a field that anybody may change.
func (s *session) plainField() access.Field {
	for _, f := range []access.Field{access.Title, access.DisplayName, access.GivenName, access.Email, access.UserName} {
		if slices.Contains(s.testable(), f) {
			return f
		}
	}
	if s.h.FixedUserNames {
		return access.Role
	}
	return access.UserName
}

// changed asks for a new value of a plain field.
func (s *session) changed(i int) access.AccountSpec {
	f := s.plainField()
	return access.AccountSpec{Values: map[access.Field]string{f: s.newValue(f, i)}}
}

// newValue is another value for a field of the i-th person.
func (s *session) newValue(f access.Field, i int) string {
	switch f {
	case access.UserName, access.Email:
		return "renamed-" + person(i).UserName
	case access.Manager:
		if s.info.ManagerIsID {
			return s.account(0).ID
		}
		return s.account(0).UserName
	case access.Role:
		return s.h.Roles[1]
	case access.PersonID: // some directories keep 16 characters at most
		return `New "id" \ Ñandú`
	default: // free text
		return `New "` + string(f) + `" \ Ñandú`
	}
}

// testable are the fields that the harness has values for.
func (s *session) testable() []access.Field {
	return slices.DeleteFunc(slices.Clone(s.info.Fields), func(f access.Field) bool {
		return f == access.Role && len(s.h.Roles) < 2 || f == access.UserName && s.h.FixedUserNames
	})
}

// accountChecks: creating and updating.
func accountChecks() []Check {
	create := []app.Capability{app.CreateAccounts, app.ReadAccounts}
	update := []app.Capability{app.UpdateAccounts, app.ReadAccounts}
	checks := []Check{
		{Name: "create account", needs: create, world: office, check: func(s *session) {
			got, err := s.accountWriter().CreateAccount(s.ctx, s.spec())
			if err != nil {
				s.Fatal(err)
			}
			s.within(CreateAccount, 1)
			s.within(Any, s.writing(1))
			want := s.withNewcomer()
			s.sameAccounts(want.Accounts[8:], []access.Account{got})
			s.holds(want)
			read, err := s.accountReader().Account(s.ctx, got.Ref())
			if err != nil {
				s.Fatalf("read what was created: %v", err)
			}
			s.sameAccounts([]access.Account{got}, []access.Account{read})
		}},
		{Name: "create account/inactive", needs: append(create, app.DeactivateAccount, app.ReactivateAccount), world: office, check: func(s *session) {
			spec := s.spec()
			spec.Active = ref(false)
			got, err := s.accountWriter().CreateAccount(s.ctx, spec)
			if err != nil {
				s.failed(err, fault.Unsupported)
				s.holds(s.world)
				return
			}
			want := s.withNewcomer()
			want.Accounts[8].Active = false
			if got.Active {
				s.Errorf("asked for an inactive account and got %+v", got)
			}
			s.holds(want)
		}},
		{Name: "create account/already there", needs: create, world: office, check: func(s *session) {
			names := []string{person(1).UserName}
			if s.info.UserNamesFoldCase {
				names = append(names, strings.ToUpper(person(1).UserName))
			}
			for _, name := range names {
				spec := s.spec()
				spec.Values[access.UserName] = name
				_, err := s.accountWriter().CreateAccount(s.ctx, spec)
				s.failed(err, fault.Exists)
			}
			s.holds(s.world)
		}},
		{Name: "create account/twice", needs: create, world: office, check: func(s *session) {
			if _, err := s.accountWriter().CreateAccount(s.ctx, s.spec()); err != nil {
				s.Fatal(err)
			}
			_, err := s.accountWriter().CreateAccount(s.ctx, s.spec())
			s.failed(err, fault.Exists)
			s.holds(s.withNewcomer())
		}},
		{Name: "write account/a field it does not have", needs: update, world: office, check: func(s *session) {
			for f := range fieldsNotIn(s.info.Fields) {
				spec := access.AccountSpec{Values: map[access.Field]string{f: "x"}}
				_, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), spec)
				s.failed(err, fault.Unsupported)
				spec.Values[access.UserName] = person(newcomer).UserName
				if s.can(app.CreateAccounts) {
					_, err = s.accountWriter().CreateAccount(s.ctx, spec)
					s.failed(err, fault.Unsupported)
				}
				s.within(UpdateAccount, 0)
				s.within(CreateAccount, 0)
			}
			_, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Values: map[access.Field]string{"shoe_size": "42"}})
			s.failed(err, fault.Unsupported)
			s.holds(s.world)
		}},
		{Name: "update account/nothing", needs: update, world: office, check: func(s *session) {
			s.account(1)
			got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{})
			if err != nil {
				s.Fatal(err)
			}
			s.within(UpdateAccount, 0)
			s.within(Any, 1)
			s.sameAccounts(s.world.Accounts[1:2], []access.Account{got})
			s.holds(s.world)
		}},
		{Name: "update account/unknown", needs: update, world: office, check: func(s *session) {
			_, err := s.accountWriter().UpdateAccount(s.ctx, access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}, s.changed(1))
			s.failed(err, fault.NotFound)
			s.holds(s.world)
		}},
		{Name: "update account/several fields", needs: update, world: office, check: func(s *session) {
			spec := access.AccountSpec{Values: map[access.Field]string{}}
			want := s.world.copyOf()
			for _, f := range s.testable() {
				if f == access.Manager {
					continue
				}
				spec.Values[f] = s.newValue(f, 1)
				want.Accounts[1].Set(f, spec.Values[f])
			}
			s.rename(want, person(1).UserName, want.Accounts[1].UserName)
			if _, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), spec); err != nil {
				s.Fatal(err)
			}
			s.within(UpdateAccount, 1)
			s.within(Any, s.writing(1))
			s.holds(want)
		}},
		{Name: "update account/extra attributes", needs: update, world: office, check: func(s *session) {
			if len(s.h.Attributes) == 0 {
				s.Skip("not checked: extra attributes, because the harness configures none")
			}
			want := s.world.copyOf()
			values := map[string]string{}
			for _, name := range s.h.Attributes {
				values[name] = `Extra "` + name + `"`
			}
			want.Accounts[1].Attributes = values
			got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Attributes: values})
			if err != nil {
				s.Fatal(err)
			}
			s.sameAccounts(want.Accounts[1:2], []access.Account{got})
			s.holds(want)
		}},
	}
	for _, f := range access.Fields() {
		checks = append(checks, Check{Name: "update account/" + string(f), needs: update, world: office, check: func(s *session) { s.update(f) }})
		if f != access.UserName {
			checks = append(checks, Check{Name: "clear " + string(f), needs: update, world: office, check: func(s *session) { s.clear(f) }})
		}
	}
	return checks
}

// writing is how many requests n writes may take: each may read before (PUT) or after (204).
func (s *session) writing(n int) int {
	if s.h.ReadsBack {
		return 3 * n
	}
	return n
}

// update changes one field, twice, and nothing else.
func (s *session) update(f access.Field) {
	s.Helper()
	if !slices.Contains(s.testable(), f) {
		s.Skipf("not checked: the field %s, because the app has no such field or the harness no values for it", f)
	}
	id := s.account(1).ID
	want := s.world.copyOf()
	value := s.newValue(f, 1)
	want.Accounts[1].Set(f, value)
	s.rename(want, person(1).UserName, want.Accounts[1].UserName)
	for _, round := range []string{"first", "second"} {
		s.fresh()
		got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Values: map[access.Field]string{f: value}})
		if err != nil {
			s.Fatalf("the %s time: %v", round, err)
		}
		s.within(Any, s.writing(1))
		if got.ID != id {
			s.Errorf("the id changed from %q to %q", id, got.ID)
		}
		s.sameAccounts(want.Accounts[1:2], []access.Account{got})
		s.holds(want)
	}
}

// clear empties a field, or says that it cannot.
func (s *session) clear(f access.Field) {
	s.Helper()
	if !slices.Contains(s.testable(), f) {
		s.Skipf("not checked: clearing %s, because the app has no such field or the harness no values for it", f)
	}
	want := s.world.copyOf()
	if f == access.Manager { // whose value the app has to know
		value := s.newValue(f, 1)
		if _, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Values: map[access.Field]string{f: value}}); err != nil {
			s.Fatal(err)
		}
		want.Accounts[1].Set(f, value)
	}
	got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Values: map[access.Field]string{f: ""}})
	if err != nil {
		s.failed(err, fault.Unsupported, fault.Invalid)
		s.holds(want)
		return
	}
	// An app may keep a value against all wishes, if the answer says so.
	want.Accounts[1].Set(f, got.Get(f))
	s.holds(want)
}

// rename follows a new user name into the groups of a world.
func (s *session) rename(w World, from, to string) {
	for _, g := range w.Groups {
		for i := range g.Members {
			if g.Members[i].UserName == from {
				g.Members[i].UserName = to
			}
		}
	}
}
