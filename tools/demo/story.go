package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The people whom something happens to, by their id in examples/quickstart/people.csv.
const (
	rehired  = "1054" // Lucía Serrano is back; the wiki still has her deactivated account
	onLeave  = "1019" // Émilie Lefèvre is on parental leave
	future   = "1055" // Priya Raghunathan starts in two weeks
	ended    = "1057" // Oliver Nyström's contract is over, HR still calls him active
	gone     = "1058" // Carmen Núñez left last year
	hire     = "1061" // Noémie Dubois is in the second HR file only
	mover    = "1045" // Tiago Conceição goes from Support to Design
	leaver   = "1031" // Marta Kowalska leaves
	kicked   = "1008" // Hương Nguyễn is thrown out of her channel by hand
	retitled = "1028" // Jakub Nováček is given a title by hand
	intruder = "1037" // Ștefan Țurcanu is made an administrator by hand
)

// breakGlass is an account of the wiki that belongs to nobody in the HR file.
const breakGlass = "breakglass@acme.example"

// withoutAccess are those in the first HR file who get nothing.
var withoutAccess = []string{future, ended, gone}

// Person is a row of people.csv, as far as the story needs it.
type Person struct {
	ID, First, Last, Email, Title, Department string
	Manager                                   bool // somebody reports to them
}

// Name is how the demo calls a person; Email is their user name in every app.
func (p Person) Name() string { return p.First + " " + p.Last }

// What the rules of access.tf say, a second time and in Go.
func (p Person) editsHandbook() bool   { return p.Manager || p.Department == "People" }
func (p Person) administersWiki() bool { return p.Title == "Site Reliability Engineer" }
func (p Person) seat() string {
	return map[string]string{"Design": "Full", "Product": "Viewer"}[p.Department]
}

// readPeople reads people.csv with nothing but encoding/csv: what the provider makes of the file is
// compared with this.
func readPeople(dir string) (map[string]Person, error) {
	f, err := os.Open(filepath.Join(dir, "people.csv"))
	if err != nil {
		return nil, fmt.Errorf("read the HR file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the HR file: %w", err)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	managers := make(map[string]bool)
	for _, row := range rows[1:] {
		managers[row[column("manager_id")]] = true
	}
	people := make(map[string]Person)
	for _, row := range rows[1:] {
		first := row[column("first_name")]
		if preferred := row[column("preferred_first_name")]; preferred != "" {
			first = preferred
		}
		id := row[column("id")]
		people[id] = Person{
			ID: id, First: first, Last: row[column("last_name")], Email: row[column("work_email")],
			Title: row[column("job_title")], Department: row[column("department")], Manager: managers[id],
		}
	}
	return people, nil
}

// edit is a line of a file that becomes another one; an empty old line appends.
type edit struct{ old, new string }

// The second HR file: a hire, a transfer, a departure.
var secondHRFile = []edit{
	{
		"1031,Marta,Kowalska,,marta.kowalska@acme.example,Account Executive,Sales,Berlin,DE,1030,Full-time,Active,2019-08-19,2019-08-19,,",
		"1031,Marta,Kowalska,,marta.kowalska@acme.example,Account Executive,Sales,Berlin,DE,1030,Full-time,Terminated,2019-08-19,2019-08-19,2026-02-27,",
	},
	{
		"1045,Tiago,Conceição,,tiago.conceicao@acme.example,Support Specialist,Support,Lisbon,PT,1040,Full-time,Active,2023-03-27,2023-03-27,,",
		"1045,Tiago,Conceição,,tiago.conceicao@acme.example,Product Designer,Design,Lisbon,PT,1025,Full-time,Active,2023-03-27,2023-03-27,,",
	},
	{
		"",
		"1061,Noémie,Dubois,,noemie.dubois@acme.example,Support Specialist,Support,Remote,FR,1040,Full-time,Active,2026-03-02,2026-03-02,,",
	},
}

// rewrite applies the edits to a file; a line that is not there exactly once is an error.
func rewrite(path string, edits []edit) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	for _, e := range edits {
		if e.old == "" {
			text = append(text, e.new+"\n"...)
			continue
		}
		if n := bytes.Count(text, []byte(e.old+"\n")); n != 1 {
			return fmt.Errorf("edit %s: the line %q is there %d times, expected once", path, e.old, n)
		}
		text = bytes.Replace(text, []byte(e.old+"\n"), []byte(e.new+"\n"), 1)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // a demonstration file
		return fmt.Errorf("edit: %w", err)
	}
	return nil
}

// everything is what the first apply must give: exactly this, whatever the provider makes of the file.
func everything(people map[string]Person) map[string]Change {
	want := make(map[string]Change)
	for id, p := range people {
		if slices.Contains(withoutAccess, id) {
			continue
		}
		give := func(app, format string, args ...any) { want[app+" "+fmt.Sprintf(format, args...)] = Create }
		give("wiki", "accounts/%s", id)
		give("chat", "accounts/%s", id)
		give("chat", "groups/all-hands/%s", p.Email)
		give("chat", "groups/%s/%s", p.Department, p.Email)
		if p.editsHandbook() {
			give("wiki", "groups/handbook-editors/%s", p.Email)
		}
		if p.administersWiki() {
			give("wiki", "groups/admins/%s", p.Email)
		}
		if p.seat() != "" {
			give("design", "accounts/%s", id)
			give("design", "licenses/Design/%s", p.Email)
		}
	}
	return want
}
