package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// Each test here is named after one way in which HR data misleads, and holds the rule for it.

const noon = "T12:00:00Z"

// merged gives the one person that the employments make on a day, and where they stand.
func merged(t testing.TB, day string, list ...access.Person) (access.Person, lifecycle.Standing) {
	t.Helper()
	now := instant(t, day+noon)
	o := lifecycle.DefaultOptions()
	got := lifecycle.Merge(list, now, o)
	if len(got) != 1 {
		t.Fatalf("%d people, want 1", len(got))
	}
	return got[0], lifecycle.At(got[0], now, o)
}

// happened gives the kinds of the events between two days or two rosters.
func happened(t testing.TB, day string, before []access.Person, later string, after []access.Person) []lifecycle.EventKind {
	t.Helper()
	var kinds []lifecycle.EventKind
	for _, e := range events(t, day, before, later, after) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func events(t testing.TB, day string, before []access.Person, later string, after []access.Person) []lifecycle.Event {
	t.Helper()
	return lifecycle.Events(lifecycle.Snapshot{Now: instant(t, day+noon), People: before},
		lifecycle.Snapshot{Now: instant(t, later+noon), People: after}, lifecycle.DefaultOptions())
}

func person(id string, change func(*access.Person)) access.Person {
	p := access.Person{
		PersonID: id, Source: "hr", SourceID: id, GivenName: "Ana", FamilyName: "Silva", DisplayName: "Ana Silva",
		Department: "Design", EmploymentType: access.TypeEmployee, Status: access.StatusActive,
		StartDate: access.Date{Year: 2020, Month: 1, Day: 1},
	}
	if change != nil {
		change(&p)
	}
	return p
}

func one(p access.Person) []access.Person { return []access.Person{p} }

func TestPitfallFutureHireMoves(t *testing.T) {
	t.Parallel()
	hire := person("7", func(p *access.Person) { p.Status, p.StartDate = access.StatusPreHire, date(t, "2026-06-01") })
	later := hire
	later.StartDate = date(t, "2026-07-01")
	got := events(t, "2026-05-01", one(hire), "2026-05-02", one(later))
	want := []lifecycle.Event{{
		Kind: lifecycle.StartMoved, PersonID: "7", At: instant(t, "2026-07-01T00:00:00Z"),
		Changes: []lifecycle.Change{{Field: "start_date", From: "2026-06-01", To: "2026-07-01"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPitfallFutureHireVanishesOrDeclines(t *testing.T) {
	t.Parallel()
	hire := person("7", func(p *access.Person) { p.Status, p.StartDate = access.StatusPreHire, date(t, "2026-06-01") })
	declined := hire
	declined.Status = access.StatusNeverStarted
	for name, after := range map[string][]access.Person{"vanishes": nil, "declines": one(declined)} {
		if got := happened(t, "2026-05-01", one(hire), "2026-05-02", after); !slices.Equal(got, []lifecycle.EventKind{lifecycle.NoShow}) {
			t.Errorf("%s: %v, want a no-show and no leaver", name, got)
		}
	}
	if s := at(t, declined, "2026-05-02"+noon); s.Window != lifecycle.WindowClosed || !s.NeverStarted {
		t.Errorf("declined: %+v", s)
	}
}

func TestPitfallFutureTerminationWithdrawn(t *testing.T) {
	t.Parallel()
	noticed := person("7", func(p *access.Person) { p.EndDate = date(t, "2026-06-30") })
	stays := person("7", nil)
	if got := happened(t, "2026-05-01", one(stays), "2026-05-02", one(noticed)); !slices.Equal(got, []lifecycle.EventKind{lifecycle.NoticeGiven}) {
		t.Errorf("notice: %v", got)
	}
	if got := happened(t, "2026-05-02", one(noticed), "2026-05-03", one(stays)); !slices.Equal(got, []lifecycle.EventKind{lifecycle.NoticeWithdrawn}) {
		t.Errorf("withdrawn: %v", got)
	}
	if s := at(t, stays, "2026-07-01"+noon); s.Window != lifecycle.WindowOpen || !s.End.IsZero() {
		t.Errorf("withdrawn termination still ends access: %+v", s)
	}
}

func TestPitfallBackdatedTermination(t *testing.T) {
	t.Parallel()
	gone := person("7", func(p *access.Person) { p.Status, p.EndDate = access.StatusTerminated, date(t, "2026-03-31") })
	got := events(t, "2026-05-01", one(person("7", nil)), "2026-05-02", one(gone))
	want := []lifecycle.Event{{Kind: lifecycle.Leaver, PersonID: "7", At: instant(t, "2026-03-31T18:00:00Z")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again := happened(t, "2026-05-02", one(gone), "2026-05-03", one(gone)); len(again) != 0 {
		t.Errorf("told twice: %v", again)
	}
}

func TestPitfallRehire(t *testing.T) {
	t.Parallel()
	left := person("7", func(p *access.Person) {
		p.Status, p.EndDate, p.EmployeeNumber = access.StatusTerminated, date(t, "2024-01-31"), "E1"
	})
	t.Run("on the same record", func(t *testing.T) {
		t.Parallel()
		back := person("7", func(p *access.Person) {
			p.StartDate, p.OriginalHireDate = date(t, "2026-05-02"), date(t, "2020-01-01")
		})
		if got := happened(t, "2026-05-01", one(left), "2026-05-02", one(back)); !slices.Equal(got, []lifecycle.EventKind{lifecycle.Rehire}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("as another employment of the person", func(t *testing.T) {
		t.Parallel()
		back := person("7", func(p *access.Person) { p.SourceID, p.StartDate = "7b", date(t, "2026-05-02") })
		both := []access.Person{left, back}
		if got := happened(t, "2026-04-20", both, "2026-05-02", both); !slices.Equal(got, []lifecycle.EventKind{lifecycle.Rehire}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("with a new id, by employee number and name", func(t *testing.T) {
		t.Parallel()
		back := person("9", func(p *access.Person) { p.StartDate, p.EmployeeNumber = date(t, "2026-05-02"), "E1" })
		got := events(t, "2026-05-01", one(left), "2026-05-02", []access.Person{left, back})
		want := []lifecycle.Event{{Kind: lifecycle.Rehire, PersonID: "9", Previous: "7", At: instant(t, "2026-05-02T00:00:00Z")}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a reused employee number is somebody else", func(t *testing.T) {
		t.Parallel()
		other := person("9", func(p *access.Person) {
			p.StartDate, p.EmployeeNumber, p.GivenName = date(t, "2026-05-02"), "E1", "Jorge"
		})
		if got := happened(t, "2026-05-01", one(left), "2026-05-02", []access.Person{left, other}); !slices.Equal(got, []lifecycle.EventKind{lifecycle.Joiner}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("two who could be the one are nobody", func(t *testing.T) {
		t.Parallel()
		twin := left
		twin.PersonID, twin.SourceID = "8", "8"
		back := person("9", func(p *access.Person) { p.StartDate, p.EmployeeNumber = date(t, "2026-05-02"), "E1" })
		for _, e := range events(t, "2026-05-01", []access.Person{left, twin}, "2026-05-02", []access.Person{left, twin, back}) {
			if e.Previous != "" || e.Kind != lifecycle.Joiner {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestPitfallConversion(t *testing.T) {
	t.Parallel()
	contractor := person("c-7", func(p *access.Person) {
		p.EmploymentType, p.ContractEndDate, p.PersonalEmail = access.TypeContractor, date(t, "2026-04-30"), "ana@home.example"
	})
	change := []lifecycle.Change{{Field: "employment_type", From: "contractor", To: "employee"}}
	t.Run("under one id", func(t *testing.T) {
		t.Parallel()
		employee := person("c-7", nil)
		got := events(t, "2026-04-30", one(contractor), "2026-05-01", one(employee))
		if diff := cmp.Diff([]lifecycle.Event{{Kind: lifecycle.Conversion, PersonID: "c-7", Changes: change}}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("under a new id, matched by the personal e-mail", func(t *testing.T) {
		t.Parallel()
		employee := person("2310", func(p *access.Person) { p.StartDate, p.PersonalEmail = date(t, "2026-05-01"), "ANA@home.example" })
		want := []lifecycle.Event{{Kind: lifecycle.Conversion, PersonID: "2310", Previous: "c-7", At: instant(t, "2026-05-01T00:00:00Z"), Changes: change}}
		for name, after := range map[string][]access.Person{"old record gone": one(employee), "old record ended": {contractor, employee}} {
			if diff := cmp.Diff(want, events(t, "2026-04-30", one(contractor), "2026-05-01", after)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func TestPitfallContractGaps(t *testing.T) {
	t.Parallel()
	contract := func(id, from, to string) access.Person {
		return person("7", func(p *access.Person) {
			p.SourceID, p.EmploymentType = id, access.TypeContractor
			p.StartDate, p.ContractEndDate = date(t, from), date(t, to)
		})
	}
	first := contract("a", "2026-01-01", "2026-05-10")
	tests := []struct {
		next string
		want lifecycle.Window // on the day after the first contract
	}{
		{"2026-05-11", lifecycle.WindowOpen},
		{"2026-05-13", lifecycle.WindowOpen},
		{"2026-05-14", lifecycle.WindowOpen},   // three days between
		{"2026-05-15", lifecycle.WindowBefore}, // four
	}
	for _, tt := range tests {
		second := contract("b", tt.next, "2026-12-31")
		p, s := merged(t, "2026-05-11", first, second)
		if s.Window != tt.want {
			t.Errorf("next contract %s: window %s, want %s", tt.next, s.Window, tt.want)
		}
		if tt.want == lifecycle.WindowOpen && (p.StartDate != first.StartDate || p.ContractEndDate != second.ContractEndDate || s.Stage != lifecycle.StageActive) {
			t.Errorf("next contract %s: from %s to %s, %s", tt.next, p.StartDate, p.ContractEndDate, s.Stage)
		}
		// Nobody leaves or joins over a gap that is none.
		both := []access.Person{first, second}
		got := happened(t, "2026-05-10", both, "2026-05-20", both)
		if tt.want == lifecycle.WindowOpen && len(got) != 0 {
			t.Errorf("next contract %s: %v", tt.next, got)
		}
	}
	// The contract's extension arrives three days late as a new record that begins where the old one ended.
	late := contract("b", "2026-05-11", "2026-12-31")
	if _, s := merged(t, "2026-05-13", first, late); s.Window != lifecycle.WindowOpen {
		t.Errorf("late extension: %s", s.Window)
	}
}

func TestPitfallSeveralEmployments(t *testing.T) {
	t.Parallel()
	main := person("7", func(p *access.Person) { p.SourceID, p.IsPrimary, p.Title = "a", true, "Designer" })
	side := person("7", func(p *access.Person) { p.SourceID, p.Title, p.StartDate = "b", "Teacher", date(t, "2025-01-01") })
	ended := func(p access.Person) access.Person {
		p.Status, p.EndDate = access.StatusTerminated, date(t, "2026-04-30")
		return p
	}
	tests := []struct {
		name  string
		list  []access.Person
		title string
		stage lifecycle.Stage
	}{
		{"the primary one leads", []access.Person{side, main}, "Designer", lifecycle.StageActive},
		{"one ended is not terminated", []access.Person{main, ended(side)}, "Designer", lifecycle.StageActive},
		{"what ended never leads, primary or not", []access.Person{ended(main), side}, "Teacher", lifecycle.StageActive},
		{"all ended is terminated", []access.Person{ended(main), ended(side)}, "Designer", lifecycle.StageTerminated},
	}
	for _, tt := range tests {
		p, s := merged(t, "2026-05-12", tt.list...)
		if p.Title != tt.title || s.Stage != tt.stage {
			t.Errorf("%s: %s, %s; want %s, %s", tt.name, p.Title, s.Stage, tt.title, tt.stage)
		}
	}
	// Notice in one of two employments is not notice of the person.
	noticed := main
	noticed.Status, noticed.EndDate = access.StatusNotice, date(t, "2026-06-30")
	if p, s := merged(t, "2026-05-12", noticed, side); s.Stage != lifecycle.StageActive || !s.End.IsZero() || p.Title != "Designer" {
		t.Errorf("notice in one: %s until %s", s.Stage, s.End)
	}
	// Unknown beside terminated is unknown; beside active it does not matter.
	odd := side
	odd.Status, odd.StatusRaw = access.StatusUnknown, "Inactive"
	if _, s := merged(t, "2026-05-12", ended(main), odd); s.Window != lifecycle.WindowUnknown {
		t.Errorf("unknown beside terminated: %s", s.Window)
	}
	if _, s := merged(t, "2026-05-12", main, odd); s.Window != lifecycle.WindowOpen {
		t.Errorf("unknown beside active: %s", s.Window)
	}
}

func TestPitfallSeveralRosters(t *testing.T) {
	t.Parallel()
	hr := person("7", func(p *access.Person) { p.Source = "hr" })
	it := person("7", func(p *access.Person) {
		p.Source, p.SourceID, p.Department, p.WorkEmail, p.StartDate = "directory", "u-7", "Unknown", "ana@acme.com", date(t, "2021-01-01")
	})
	o := lifecycle.DefaultOptions()
	o.Rosters = []string{"hr", "directory"}
	got := lifecycle.Merge([]access.Person{it, hr}, instant(t, "2026-05-12"+noon), o)[0]
	if got.Department != "Design" || got.WorkEmail != "ana@acme.com" {
		t.Errorf("department %q, e-mail %q: the stronger roster leads, and the other fills in who it is", got.Department, got.WorkEmail)
	}
	o.Rosters = []string{"directory", "hr"}
	if got := lifecycle.Merge([]access.Person{it, hr}, instant(t, "2026-05-12"+noon), o)[0]; got.Department != "Unknown" {
		t.Errorf("department %q with the other precedence", got.Department)
	}
}

func TestPitfallManagerChangeIsAMover(t *testing.T) {
	t.Parallel()
	before := person("7", func(p *access.Person) { p.ManagerID = "1" })
	after := person("7", func(p *access.Person) { p.ManagerID = "2" })
	got := events(t, "2026-05-01", one(before), "2026-05-02", one(after))
	want := []lifecycle.Event{{Kind: lifecycle.Mover, PersonID: "7", Changes: []lifecycle.Change{{Field: "manager_id", From: "1", To: "2"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPitfallNamesInTwoEncodingsAreOneName(t *testing.T) {
	t.Parallel()
	composed := person("7", func(p *access.Person) { p.GivenName = "Jos\u00e9" })
	decomposed := person("7", func(p *access.Person) { p.GivenName = "Jose\u0301" })
	if got := happened(t, "2026-05-01", one(composed), "2026-05-02", one(decomposed)); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestPitfallEmailChangeIsNoNewPerson(t *testing.T) {
	t.Parallel()
	before := person("7", func(p *access.Person) { p.WorkEmail = "ana@acme.com" })
	for _, tt := range []struct {
		email string
		want  []lifecycle.EventKind
	}{{"ANA@acme.com", nil}, {"ana.perez@acme.com", []lifecycle.EventKind{lifecycle.Mover}}} {
		after := person("7", func(p *access.Person) { p.WorkEmail = tt.email })
		if got := happened(t, "2026-05-01", one(before), "2026-05-02", one(after)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.email, got, tt.want)
		}
	}
}

func TestPitfallDroppedIsNoLeaver(t *testing.T) {
	t.Parallel()
	if got := happened(t, "2026-05-01", one(person("7", nil)), "2026-05-02", nil); !slices.Equal(got, []lifecycle.EventKind{lifecycle.DroppedFromSource}) {
		t.Errorf("%v", got)
	}
	former := person("7", func(p *access.Person) { p.Status, p.EndDate = access.StatusTerminated, date(t, "2024-01-31") })
	if got := happened(t, "2026-05-01", one(former), "2026-05-02", nil); len(got) != 0 {
		t.Errorf("a former employee who ages out of the export: %v", got)
	}
}

func TestPitfallUnknownTriggersNothing(t *testing.T) {
	t.Parallel()
	odd := person("7", func(p *access.Person) { p.Status, p.StatusRaw = access.StatusUnknown, "Inactive" })
	if got := happened(t, "2026-05-01", one(person("7", nil)), "2026-05-02", one(odd)); len(got) != 0 {
		t.Errorf("active to unknown: %v", got)
	}
	if got := happened(t, "2026-05-01", one(odd), "2026-05-02", one(person("7", nil))); len(got) != 0 {
		t.Errorf("unknown to active: %v", got)
	}
}
