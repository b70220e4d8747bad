package roster_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

func TestManagers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header string
		rows   []string
		want   string // manager_id of the last person
		notice string
	}{
		{"by source id", "source_id|manager_id", []string{"1|", "2|1"}, "1", ""},
		{"by source id, when persons have another key", "source_id|person_id|manager_id", []string{"w1|p1|", "w2|p2|w1"}, "p1", ""},
		{"by person source id", "source_id|person_id|manager_id", []string{"w1|p1|", "w2|p2|p1"}, "p1", ""},
		{"by employee number", "source_id|employee_number|manager_id", []string{"w1|E1|", "w2|E2|E1"}, "w1", ""},
		{"by e-mail in the id column", "id|work_email|manager", []string{"1|Boss@acme.com|", "2||boss@ACME.com"}, "1", ""},
		{"by e-mail", "id|work_email|manager_email", []string{"1|boss@acme.com|", "2||BOSS@acme.com"}, "1", ""},
		{"by employee number alone", "id|employee_number|supervisor_number", []string{"1|7|", "7|9|", "3|8|7"}, "1", ""},
		{"by e-mail when the id is unknown", "id|work_email|manager_id|manager_email", []string{"1|boss@acme.com||", "2||99|boss@acme.com"}, "1", ""},
		{"an id that is another's employee number", "id|employee_number|manager_id", []string{"1|7|", "7|9|", "3|8|7"}, "", "more than one person"},
		{"not in the roster", "id|manager_id", []string{"1|", "2|99"}, "", "not in this roster"},
		{"oneself", "id|manager_id", []string{"1|", "2|2"}, "", "person's own key"},
		{"an employee number that two have", "id|employee_number|supervisor_number", []string{"1|7|", "2|7|", "3|8|7"}, "", "more than one person"},
		{"a name", "id|name|manager", []string{"1|Ana|", "2|Eva|Ana"}, "", "not in this roster"},
		{"a faulty record can still be a manager", "id|manager_id|start_date", []string{"0||", "1||soon", "2|1|2026-01-01"}, "1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustRead(t, roster.Mapping{}, append([]string{tt.header}, tt.rows...)...)
			if got := r.People[len(r.People)-1].ManagerID; got != tt.want {
				t.Errorf("manager %q, want %q", got, tt.want)
			}
			switch {
			case tt.notice == "" && len(r.Notices) != 0, tt.notice != "" && len(r.Notices) != 1:
				t.Errorf("notices %v", r.Notices)
			case tt.notice != "" && !strings.Contains(r.Notices[0].Message, tt.notice):
				t.Errorf("notice %q, want %q", r.Notices[0].Message, tt.notice)
			}
		})
	}
}

func TestManagerEmailIsFilledIn(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "id|work_email|manager_id", "1|boss@acme.com|", "2||1")
	if got := r.People[1].ManagerEmail; got != "boss@acme.com" {
		t.Errorf("%q", got)
	}
}

func TestManagerLoopsStopNothing(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{IDPrefix: "x-"}, "id|manager_id", "1|3", "2|1", "3|2", "4|3", "5|", "6|7", "7|6")
	if len(r.People) != 7 || len(r.Problems) != 0 || len(r.Notices) != 2 {
		t.Fatalf("%+v", r)
	}
	if want := "x-1 → x-3 → x-2 → x-1"; !strings.Contains(r.Notices[0].Message, want) {
		t.Errorf("%q, want %q", r.Notices[0].Message, want)
	}
	if r.People[0].ManagerID != "x-3" {
		t.Errorf("the loop was cut at a guess: %q", r.People[0].ManagerID)
	}
}

func TestAManagerColumnOfNamesIsOneNotice(t *testing.T) {
	t.Parallel()
	rows := []string{"id|manager"}
	for i := range 20 {
		rows = append(rows, string(rune('a'+i))+"|Jane Doe")
	}
	r := mustRead(t, roster.Mapping{}, rows...)
	if len(r.Notices) != 1 || !strings.Contains(r.Notices[0].Message, "all other 19 values") || len(r.People) != 20 {
		t.Errorf("%v", r.Notices)
	}
}
