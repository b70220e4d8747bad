package apptest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// person is the i-th account of every world. Names go beyond ASCII, user names do not.
func person(i int) access.Account {
	user := fmt.Sprintf("user%04d@acme.example", i)
	return access.Account{
		PersonID: fmt.Sprintf("p%04d", i), UserName: user, Email: user, GivenName: "Zoë", FamilyName: fmt.Sprintf("Łuczak %d", i),
		DisplayName: fmt.Sprintf("Zoë Łuczak %d", i), Title: "Engineer", Department: "R&D", Active: true,
	}
}

// people are n accounts, every seventh inactive where the app knows such.
func people(p plan, n int) []access.Account {
	list := make([]access.Account, n)
	for i := range list {
		list[i] = person(i)
		list[i].Active = i%7 != 6 || !p.can(app.DeactivateAccount) || !p.can(app.ReactivateAccount)
		for f := range fieldsNotIn(p.info.Fields) {
			list[i].Set(f, "")
		}
		if len(p.h.Roles) > 0 && slices.Contains(p.info.Fields, access.Role) {
			list[i].Role = p.h.Roles[0]
		}
	}
	return list
}

func fieldsNotIn(fields []access.Field) iter.Seq[access.Field] {
	return func(yield func(access.Field) bool) {
		for _, f := range access.Fields() {
			if !slices.Contains(fields, f) && !yield(f) {
				return
			}
		}
	}
}

// members are the people of a group, by position.
func members(positions ...int) []access.Member {
	list := make([]access.Member, len(positions))
	for i, at := range positions {
		list[i] = access.Member{UserName: person(at).UserName, Role: access.DefaultRole}
	}
	return list
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// office is a small world that most checks work in: eight people, three groups.
func office(p plan) World {
	w := World{Accounts: people(p, 8)}
	if p.can(app.ReadGroups) {
		w.Groups = []access.Group{
			{Name: "admins", Members: members(0, 1, 2)}, {Name: "everybody", Members: members(0, 1, 2, 3, 4, 5)}, {Name: "nobody"},
		}
	}
	return w
}

// collect reads a sequence to its end, and fails when anything follows an error.
func collect[T any](t testing.TB, seq iter.Seq2[T, error]) ([]T, error) {
	t.Helper()
	var list []T
	var failed error
	for v, err := range seq {
		if failed != nil {
			t.Errorf("the sequence goes on after its error")
			break
		}
		if err != nil {
			failed = err
			continue
		}
		list = append(list, v)
	}
	return list, failed
}

// look is what the app holds now, in a form to compare: a line for everything, sorted.
func (s *session) look() []string {
	s.Helper()
	if s.Look != nil {
		return s.lines(s.Look(s.TB))
	}
	return s.lines(s.lookThroughConnector())
}

func (s *session) lookThroughConnector() World {
	s.Helper()
	w := World{Assigned: map[string][]access.Assignment{}}
	var err error
	if w.Accounts, err = collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{})); err != nil {
		s.Fatalf("list accounts: %v", err)
	}
	if s.can(app.ReadGroups) {
		if w.Groups, err = collect(s.TB, s.groupReader().Groups(s.ctx, false)); err != nil {
			s.Fatalf("list groups: %v", err)
		}
		for i := range w.Groups {
			if s.can(app.ReadMembers) {
				w.Groups[i].Members = s.membersOf(w.Groups[i].ID)
			}
		}
	}
	if s.can(app.ReadLicenses) && s.h.Licenses != nil {
		product := s.h.Licenses.Product
		if w.Assigned[product], err = collect(s.TB, s.licenseReader().Assignees(s.ctx, product)); err != nil {
			s.Fatalf("list assignees: %v", err)
		}
	}
	return w
}

// lines spells a world, accounts in the fields the connector knows.
func (s *session) lines(w World) []string {
	var out []string
	names := map[string]string{}
	for _, a := range w.Accounts {
		names[a.ID] = a.UserName
		var line strings.Builder
		fmt.Fprintf(&line, "account %s active=%v", s.fold(a.UserName), a.Active)
		for _, f := range s.info.Fields {
			if f != access.UserName && a.Get(f) != "" {
				fmt.Fprintf(&line, " %s=%q", f, a.Get(f))
			}
		}
		for _, name := range s.h.Attributes {
			fmt.Fprintf(&line, " %s=%q", name, a.Attributes[name])
		}
		out = append(out, line.String())
	}
	name := func(id, userName string) string {
		if userName == "" {
			userName = names[id]
		}
		return s.fold(userName)
	}
	for _, g := range w.Groups {
		out = append(out, "group "+s.fold(g.Name))
		for _, m := range g.Members {
			out = append(out, fmt.Sprintf("member %s of %s as %s", name(m.AccountID, m.UserName), s.fold(g.Name), orMember(m.Role)))
		}
	}
	for product, list := range w.Assigned {
		for _, a := range list {
			out = append(out, fmt.Sprintf("license %s/%s of %s", product, a.License, name(a.AccountID, a.UserName)))
		}
	}
	for user, n := range w.Sessions {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d sessions of %s", n, s.fold(user)))
		}
	}
	slices.Sort(out)
	return out
}

func orMember(role string) string {
	if role == "" {
		return access.DefaultRole
	}
	return role
}

func (s *session) fold(name string) string {
	if s.info.UserNamesFoldCase {
		return strings.ToLower(name)
	}
	return name
}

// holds fails unless the app holds exactly w now.
func (s *session) holds(w World) {
	s.Helper()
	if d := cmp.Diff(s.lines(w), s.look()); d != "" {
		s.Errorf("the app holds something else (-want +got):\n%s", d)
	}
}

// same fails unless two worlds have the same lines.
func (s *session) same(want, got World) {
	s.Helper()
	if d := cmp.Diff(s.lines(want), s.lines(got)); d != "" {
		s.Errorf("-want +got:\n%s", d)
	}
}

// sameAccounts fails unless got are the accounts, each once and with an id.
func (s *session) sameAccounts(want, got []access.Account) {
	s.Helper()
	ids := map[string]bool{}
	for _, a := range got {
		if a.ID == "" || ids[a.ID] {
			s.Errorf("account %s: the id %q is empty or comes twice", a.Label(), a.ID)
		}
		ids[a.ID] = true
	}
	s.same(World{Accounts: want}, World{Accounts: got})
}

// copyOf lets a check say what it expects without changing what was.
func (w World) copyOf() World {
	c := World{Accounts: slices.Clone(w.Accounts), Groups: slices.Clone(w.Groups), Pools: slices.Clone(w.Pools), Assigned: map[string][]access.Assignment{}, Sessions: maps.Clone(w.Sessions)}
	for i := range c.Groups {
		c.Groups[i].Members = slices.Clone(c.Groups[i].Members)
	}
	for p, list := range w.Assigned {
		c.Assigned[p] = slices.Clone(list)
	}
	return c
}

// account is the i-th person as the connector reports it, with its id. The requests for that are
// forgotten.
func (s *session) account(i int) access.Account {
	s.Helper()
	if s.refs == nil {
		list, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{}))
		if err != nil {
			s.Fatalf("list accounts: %v", err)
		}
		s.refs = map[string]access.Account{}
		for _, a := range list {
			s.refs[s.fold(a.UserName)] = a
		}
		s.fresh()
	}
	a, ok := s.refs[s.fold(person(i).UserName)]
	if !ok {
		s.Fatalf("the listing lacks %s", person(i).UserName)
	}
	return a
}

// group is the id of a group, likewise.
func (s *session) group(name string) string {
	s.Helper()
	list, err := collect(s.TB, s.groupReader().Groups(s.ctx, false))
	if err != nil {
		s.Fatalf("list groups: %v", err)
	}
	s.fresh()
	for _, g := range list {
		if s.fold(g.Name) == s.fold(name) {
			return g.ID
		}
	}
	s.Fatalf("the listing lacks the group %s", name)
	return ""
}

func (s *session) membersOf(groupID string) []access.Member {
	s.Helper()
	list, err := collect(s.TB, s.groupReader().Members(s.ctx, groupID))
	if err != nil {
		s.Fatalf("list members: %v", err)
	}
	return list
}

// failed fails unless err is a fault of one of the kinds that does not give the secret away.
func (s *session) failed(err error, kinds ...fault.Kind) {
	s.Helper()
	if err == nil {
		s.Fatalf("succeeded; want %v", kinds)
	}
	got := fault.KindOf(err)
	if !slices.Contains(kinds, got) {
		s.Errorf("the kind is %q, want one of %v: %v", got.Error(), kinds, err)
	}
	s.discreet(err)
}

// discreet fails when an error gives the secret away or says nothing.
func (s *session) discreet(err error) {
	s.Helper()
	text := fmt.Sprintf("%v %+v", err, err)
	if s.h.Secret != "" && strings.Contains(text, s.h.Secret) {
		s.Errorf("the error contains the secret")
	}
	if fault.KindOf(err) == 0 {
		s.Errorf("the error has no kind: %v", err)
	}
}

func ref[T any](v T) *T { return &v }
