package roster_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// told are the records of one company in three rosters, as Merge leaves them.
func told() roster.Roster {
	return roster.Roster{People: []access.Person{
		{PersonID: "1", Source: "hr", SourceID: "1", GivenName: "Ana", Department: "Eng", Title: "Engineer", WorkEmail: "ana@acme.com", Status: access.StatusActive, ManagerID: "9"},
		{PersonID: "1", Source: "finance", SourceID: "f1", GivenName: "Ana", Department: "Engineering", CostCenter: "CC-1", WorkEmail: "ANA@acme.com", Status: access.StatusActive, ManagerID: "8", ManagerEmail: "eight@acme.com"},
		{PersonID: "2", Source: "hr", SourceID: "2", Department: "Sales", Status: access.StatusActive},
		{PersonID: "3", Source: "hr", SourceID: "3", Department: "Sales", Status: access.StatusActive},
		{PersonID: "3", Source: "finance", SourceID: "f3", Department: "Engineering", CostCenter: "CC-3", Status: access.StatusTerminated},
		{PersonID: "4", Source: "contractors", SourceID: "c4", Department: "Eng", Status: access.StatusActive},
		{PersonID: "4", Source: "finance", SourceID: "f4a", CostCenter: "CC-4a", Department: "Ops", Status: access.StatusActive},
		{PersonID: "4", Source: "finance", SourceID: "f4b", CostCenter: "CC-4b", Department: "Ops", Status: access.StatusActive, IsPrimary: true},
	}}
}

func settle(t *testing.T, precedence map[string][]string) (of map[string]access.Person, notices []string) {
	t.Helper()
	all := told()
	if err := roster.Settle(&all, []string{"hr", "contractors", "finance"}, precedence); err != nil {
		t.Fatal(err)
	}
	of = map[string]access.Person{}
	for _, p := range all.People {
		of[p.SourceID] = p
	}
	for _, n := range all.Notices {
		notices = append(notices, n.String())
	}
	return of, notices
}

func TestPrecedencePerField(t *testing.T) {
	t.Parallel()
	of, notices := settle(t, map[string][]string{"cost_center": {"finance"}, "department": {"finance", "hr"}, "manager": {"finance"}, "title": {"finance", "contractors"}})
	for id, want := range map[string][5]string{ // cost center, department, manager, its address, title
		"1":   {"CC-1", "Engineering", "8", "eight@acme.com", "Engineer"}, // nobody above hr tells a title
		"f1":  {"CC-1", "Engineering", "8", "eight@acme.com", ""},
		"2":   {"", "Sales", "", "", ""}, // one roster only
		"3":   {"", "Sales", "", "", ""}, // finance tells of a former employment
		"f3":  {"CC-3", "Engineering", "", "", ""},
		"c4":  {"CC-4b", "Ops", "", "", ""}, // of two employments the main one speaks
		"f4a": {"CC-4b", "Ops", "", "", ""},
	} {
		p := of[id]
		if diff := cmp.Diff(want, [5]string{p.CostCenter, p.Department, p.ManagerID, p.ManagerEmail, p.Title}); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
	}
	if len(notices) != 0 {
		t.Errorf("what precedence settles is no conflict: %v", notices)
	}
}

func TestConflictsAreReported(t *testing.T) {
	t.Parallel()
	of, notices := settle(t, nil)
	if diff := cmp.Diff(told().People[1], of["f1"]); diff != "" {
		t.Errorf("without precedence nothing changes:\n%s", diff)
	}
	for i, want := range []string{
		`rosters contractors and finance: column "department": differs for 4;`, `rosters hr and finance: column "department": differs for 1;`, `rosters hr and finance: column "manager": differs for 1;`,
	} {
		if len(notices) != 3 || !strings.Contains(notices[i], want) {
			t.Fatalf("%q; want %q", notices, want)
		}
	}
}

func TestPrecedenceOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	all := told()
	err := roster.Settle(&all, []string{"hr", "finance"}, map[string][]string{"departmnt": {"hr"}, "title": {"finanze"}, "status": {"hr"}, "start_date": {"hr"}, "source_id": {"hr"}})
	for _, want := range []string{`"departmnt"`, `"finanze"`, `"status"`, `"start_date"`, `"source_id"`} {
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if diff := cmp.Diff(told(), all); diff != "" {
		t.Error(diff)
	}
}
