package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// reading is what a mapper makes of records with these columns.
func reading(columns []string, m roster.Mapping, rows ...[]string) (roster.Roster, error) {
	mapper, err := roster.NewMapper(roster.Table{
		Name: "hr", Subject: "people.csv", Columns: columns, Mapping: m, Where: func(pos int) string { return fmt.Sprintf("people.csv:%d", pos) },
	})
	if err != nil {
		return roster.Roster{}, err
	}
	for i, r := range rows {
		mapper.Add(i+2, r)
	}
	return mapper.Roster()
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	columns := []string{"person_id", "Work Email", "department", "status", "start_date", "Badge"}
	staff := [][]string{
		{"1", "ana@acme.com", "Eng", "active", "2020-01-01", "b1"},
		{"2", "bo@acme.com", "", "active", "2020-01-01", ""},
		{"3", "", "Eng", "on leave", "soon", "b3"},
		{"4", "", "", "terminated", "", ""}, // has left, so nothing is expected of the record
	}
	custom := map[string]string{"badge": "Badge"}
	for name, tc := range map[string]struct {
		expect roster.Expect
		want   []string // parts of the error; none: the roster is as expected
	}{
		"nothing":              {roster.Expect{}, nil},
		"as many as there are": {roster.Expect{MinPeople: 3}, nil},
		"fewer people":         {roster.Expect{MinPeople: 4}, []string{"lists 3 people who are employed (4 records in all), and min_people is 4"}},
		"filled":               {roster.Expect{MinFilled: map[string]int{"work_email": 66, "status": 100, "badge": 66}}, nil},
		"blanks": {roster.Expect{MinFilled: map[string]int{"work_email": 67, "badge": 90}}, []string{
			`work_email has a value for 2 of 3 people who are employed, which is 66 %, and min_filled wants 67 % (column "Work Email")`, `badge has a value for 2 of 3`,
		}},
		"unreadable is not filled": {roster.Expect{MinFilled: map[string]int{"start_date": 70}}, []string{"start_date has a value for 2 of 3"}},
		"no such column":           {roster.Expect{MinFilled: map[string]int{"manager_email": 1}}, []string{"manager_email has a value for 0 of 3", "no column is read as manager_email"}},
		"the header":               {roster.Expect{Columns: []string{"STATUS", "badge", "person_id", "work email", "Department", "start_date"}}, nil},
		"another header": {roster.Expect{Columns: []string{"person_id", "E-mail", "department", "status", "start_date"}}, []string{
			`missing: "E-mail"; new: "Work Email", "Badge"`,
		}},
		"all at once": {roster.Expect{MinPeople: 100, MinFilled: map[string]int{"department": 100, "work_email": 100}}, []string{"min_people is 100", "department has a value for 2 of 3", "work_email has a value for 2 of 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := reading(columns, roster.Mapping{Expect: tc.expect, Custom: custom}, staff...)
			if len(tc.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || len(r.People)+len(r.Problems) > 0 {
				t.Fatalf("people %v, error %v: want an error and nobody", r.People, err)
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not say %q:\n%v", w, err)
				}
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.System != "hr" || f.Subject != "people.csv" || f.Next == "" || f.Kind != fault.Invalid {
				t.Errorf("the error lacks roster, file or remedy: %+v", f)
			}
		})
	}
}

// A header that changed is told beside what the mapping misses because of it.
func TestHeaderIsToldWithWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := reading([]string{"Kennung", "Name"}, roster.Mapping{Expect: roster.Expect{Columns: []string{"id", "name"}}, FieldMap: map[string]string{"work_email": "mail"}})
	for _, want := range []string{`missing: "id"; new: "Kennung"`, `work_email is mapped to the column "mail"`, "no column says who a person is"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestExpectationsThatNobodyCanMeet(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]roster.Expect{
		`"work_mail" is neither a field`: {MinFilled: map[string]int{"work_mail": 50}},
		"email is 101":                   {MinFilled: map[string]int{"work_email": 101}},
		"min_people is -1":               {MinPeople: -1},
		`"ID" is there twice`:            {Columns: []string{"id", "ID"}},
		"name 2 is empty":                {Columns: []string{"id", " "}},
	} {
		if err := (roster.Mapping{Expect: e}).Validate(); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// Whatever part of a file is lost, a reading either has at least so many people and values, or is an error.
func TestExpectationsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []string {
			return []string{"", rapid.SampledFrom([]string{"", "x@acme.com"}).Draw(t, "mail"), rapid.SampledFrom([]string{"active", "terminated", "", "odd"}).Draw(t, "status")}
		}), 1, 30).Draw(t, "rows")
		employed, mails := 0, 0
		for i := range rows {
			rows[i][0] = fmt.Sprint(i)
			if rows[i][1] != "" {
				rows[i][1] = fmt.Sprintf("p%d@acme.com", i)
			}
			if rows[i][2] != "terminated" {
				employed++
				if rows[i][1] != "" {
					mails++
				}
			}
		}
		e := roster.Expect{MinPeople: rapid.IntRange(0, 30).Draw(t, "people"), MinFilled: map[string]int{"work_email": rapid.IntRange(0, 100).Draw(t, "percent")}}
		_, err := reading([]string{"id", "work_email", "status"}, roster.Mapping{Expect: e}, slices.Clone(rows)...)
		met := employed >= e.MinPeople && (employed == 0 || mails*100 >= e.MinFilled["work_email"]*employed)
		if met != (err == nil) {
			t.Fatalf("%d employed, %d with mail, expected %+v: %v", employed, mails, e, err)
		}
	})
}
