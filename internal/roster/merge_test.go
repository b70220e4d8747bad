package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// record is one employment: "roster id mail number", and "-" for nothing; "gone" at the end is one that is over.
func record(text string) access.Person {
	f := strings.Fields(text)
	get := func(i int) string {
		if i >= len(f) || f[i] == "-" || f[i] == "gone" {
			return ""
		}
		return f[i]
	}
	p := access.Person{Source: get(0), SourceID: get(1), PersonID: get(1), WorkEmail: get(2), EmployeeNumber: get(3), Status: access.StatusActive}
	if f[len(f)-1] == "gone" {
		p.Status = access.StatusTerminated
	}
	return p
}

func rosterOf(records ...string) roster.Roster {
	var r roster.Roster
	for _, text := range records {
		r.People = append(r.People, record(text))
	}
	return r
}

// whose maps "ROSTER SOURCE_ID" to the person_id after merging.
func whose(people []access.Person) map[string]string {
	got := map[string]string{}
	for _, p := range people {
		got[p.Source+" "+p.SourceID] = p.PersonID
	}
	return got
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keys    []roster.Key
		rosters []roster.Roster
		want    map[string]string
		faulty  map[string]string
		doubt   string // part of every problem
	}{
		"nothing in common": {
			nil,
			[]roster.Roster{rosterOf("hr 1 ana@acme.com"), rosterOf("con 2 ana@acme.com")},
			map[string]string{"hr 1": "1", "con 2": "2"},
			nil, "",
		},
		"by e-mail, whatever the case": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com", "hr 2 bo@acme.com"), rosterOf("con c1 Ana@ACME.com", "con c2 cy@acme.com")},
			map[string]string{"hr 1": "1", "hr 2": "2", "con c1": "1", "con c2": "c2"},
			nil, "",
		},
		"by employee number": {
			[]roster.Key{roster.ByEmployeeNumber},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com 007"), rosterOf("con c1 other@acme.com 007")},
			map[string]string{"hr 1": "1", "con c1": "1"},
			nil, "",
		},
		"by the person's id, behind prefixes": {
			[]roster.Key{roster.ByPersonSourceID},
			[]roster.Roster{
				{People: []access.Person{{Source: "hr", SourceID: "w1", PersonSourceID: "77", PersonID: "hr-77", Status: access.StatusActive}}},
				{People: []access.Person{{Source: "con", SourceID: "77", PersonID: "con-77", Status: access.StatusActive}}},
			},
			map[string]string{"hr w1": "hr-77", "con 77": "hr-77"},
			nil, "",
		},
		"the first key that finds anybody": {
			[]roster.Key{roster.ByEmployeeNumber, roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com 007", "hr 2 bo@acme.com 008"), rosterOf("con c1 ana@acme.com 008", "con c2 ana@acme.com -")},
			map[string]string{"hr 1": "1", "hr 2": "2", "con c1": "2", "con c2": "1"},
			nil, "",
		},
		"nothing matches nothing": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 -"), rosterOf("con c1 -")},
			map[string]string{"hr 1": "1", "con c1": "c1"},
			nil, "",
		},
		"three rosters": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com"), rosterOf("con c1 ana@acme.com", "con c2 cy@acme.com"), rosterOf("x x1 cy@acme.com", "x x2 ana@acme.com")},
			map[string]string{"hr 1": "1", "con c1": "1", "con c2": "c2", "x x1": "c2", "x x2": "1"},
			nil, "",
		},
		"one id for one person": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com"), rosterOf("con 1 ana@acme.com")},
			map[string]string{"hr 1": "1", "con 1": "1"},
			nil, "",
		},
		"an address of a former and a present person": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com gone", "hr 2 ana@acme.com"), rosterOf("con c1 ana@acme.com")},
			map[string]string{"hr 1": "1", "hr 2": "2", "con c1": "2"},
			nil, "",
		},
		"an address of two former people": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com gone", "hr 2 ana@acme.com gone"), rosterOf("con c1 ana@acme.com", "con c2 cy@acme.com")},
			map[string]string{"hr 1": "1", "hr 2": "2", "con c2": "c2"},
			map[string]string{"con c1": "c1"},
			"its work_email is that of 1 and 2, who are different people in hr",
		},
		"two people who would be one": {
			[]roster.Key{roster.ByEmployeeNumber},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com 007"), rosterOf("con c1 bo@acme.com 007", "con c2 cy@acme.com 007")},
			map[string]string{"hr 1": "1"},
			map[string]string{"con c1": "c1", "con c2": "c2"},
			"c1, c2 all have a key of 1, who is one person in hr",
		},
		"a former and a present contract of one person": {
			[]roster.Key{roster.ByWorkEmail},
			[]roster.Roster{rosterOf("hr 1 ana@acme.com"), rosterOf("con c1 ana@acme.com gone", "con c9 ana@acme.com")},
			map[string]string{"hr 1": "1", "con c1": "1", "con c9": "1"},
			nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Merge(tc.rosters, tc.keys...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, whose(got.People)); d != "" {
				t.Errorf("people (-want +got):\n%s", d)
			}
			if faulty := whose(got.Faulty); len(faulty) != len(tc.faulty) || len(tc.faulty) > 0 && !cmp.Equal(faulty, tc.faulty) {
				t.Errorf("faulty people %v, want %v", faulty, tc.faulty)
			}
			if len(got.Problems) != len(tc.faulty) {
				t.Errorf("%d problems for %d faulty people: %v", len(got.Problems), len(tc.faulty), got.Problems)
			}
			for _, p := range got.Problems {
				if !strings.Contains(p.String(), tc.doubt) || tc.faulty["con "+p.PersonID] == "" {
					t.Errorf("problem %q of %s, want something with %q", p, p.PersonID, tc.doubt)
				}
			}
		})
	}
}

// A manager is known by the id that holds after merging; so is a person whose record is faulty.
func TestMergeRenamesEverywhere(t *testing.T) {
	t.Parallel()
	con := rosterOf("con c1 ana@acme.com", "con c2 bo@acme.com")
	con.People[1].ManagerID = "c1"
	bad := record("con c3 cy@acme.com")
	bad.ManagerID = "c1"
	con.Faulty = []access.Person{bad}
	con.Problems = []roster.Problem{{PersonID: "c3", Where: "con.csv:4", Message: "is no date"}}
	got, err := roster.Merge([]roster.Roster{rosterOf("hr 1 ana@acme.com", "hr 3 cy@acme.com"), con}, roster.ByWorkEmail)
	if err != nil {
		t.Fatal(err)
	}
	if m := got.People[len(got.People)-1].ManagerID; m != "1" {
		t.Errorf("the manager is %q, want 1", m)
	}
	if got.Faulty[0].PersonID != "3" || got.Faulty[0].ManagerID != "1" || got.Problems[0].PersonID != "3" {
		t.Errorf("the faulty record is of %+v, its problem of %q; want 3", got.Faulty[0], got.Problems[0].PersonID)
	}
	if con.People[0].PersonID != "c1" {
		t.Error("Merge changed what it was given")
	}
}

func TestMergeCollisions(t *testing.T) {
	t.Parallel()
	hr, con := rosterOf("hr 7 ana@acme.com", "hr 8 bo@acme.com", "hr 9 cy@acme.com"), rosterOf("con 7 x@acme.com", "con 8 y@acme.com", "con 9 cy@acme.com")
	for _, tc := range []struct {
		keys []roster.Key
		want []string
	}{
		{nil, []string{"hr and con both have the person_id 7, 8, 9", "id_prefix", "merge_by"}},
		{[]roster.Key{roster.ByWorkEmail}, []string{"hr and con both have the person_id 7, 8, and", "id_prefix", "work_email"}},
	} {
		_, err := roster.Merge([]roster.Roster{hr, con}, tc.keys...)
		if !errors.Is(err, fault.Invalid) {
			t.Fatalf("keys %v: error %v", tc.keys, err)
		}
		var f *fault.Error
		errors.As(err, &f)
		for _, want := range tc.want {
			if !strings.Contains(f.Cause+" "+f.Next, want) {
				t.Errorf("keys %v: %v %s: does not say %q", tc.keys, f, f.Next, want)
			}
		}
	}
}

// Whatever the rosters say: nobody gets lost, the strongest roster's ids never change, and of two current people
// of one roster none becomes the other.
func TestMergeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var rosters []roster.Roster
		total := 0
		for i := range rapid.IntRange(1, 3).Draw(t, "rosters") {
			var r roster.Roster
			for j := range rapid.IntRange(1, 6).Draw(t, "people") {
				p := record(fmt.Sprintf("r%d r%d-%d", i, i, j))
				p.WorkEmail = rapid.SampledFrom([]string{"", "a@acme.com", "b@acme.com", "c@acme.com"}).Draw(t, "mail")
				p.EmployeeNumber = rapid.SampledFrom([]string{"", "1", "2", "3"}).Draw(t, "number")
				if rapid.Bool().Draw(t, "gone") {
					p.Status = access.StatusTerminated
				}
				r.People = append(r.People, p)
				total++
			}
			rosters = append(rosters, r)
		}
		keys := rapid.SampledFrom([][]roster.Key{nil, {roster.ByWorkEmail}, {roster.ByEmployeeNumber, roster.ByWorkEmail}}).Draw(t, "keys")
		got, err := roster.Merge(rosters, keys...)
		if err != nil {
			t.Fatalf("no id collides: %v", err)
		}
		if len(got.People)+len(got.Faulty) != total {
			t.Fatalf("%d people and %d faulty ones of %d", len(got.People), len(got.Faulty), total)
		}
		current := map[string]string{}
		for _, p := range got.People {
			if p.Source == "r0" && p.PersonID != p.SourceID {
				t.Fatalf("%s of the strongest roster became %s", p.SourceID, p.PersonID)
			}
			if p.Status == access.StatusTerminated {
				continue
			}
			k := p.Source + " " + p.PersonID
			if other, ok := current[k]; ok {
				t.Fatalf("%s and %s, both current in %s, became one person %s", other, p.SourceID, p.Source, p.PersonID)
			}
			current[k] = p.SourceID
		}
		again, _ := roster.Merge(rosters, keys...)
		if !slices.EqualFunc(got.People, again.People, func(a, b access.Person) bool { return a.PersonID == b.PersonID && a.SourceID == b.SourceID }) {
			t.Fatal("the same rosters were merged in another way")
		}
	})
}
