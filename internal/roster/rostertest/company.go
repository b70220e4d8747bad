// Package rostertest holds every kind of roster with an API to one standard. A kind brings a fake that speaks as its
// vendor documents it, and [Run] asks the source that reads it: the same messy company in every vendor's shapes gives
// the same people, stages and events; no half list passes; nothing private is asked for.
package rostertest

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Person is one employment, before any vendor writes it down. Dates are YYYY-MM-DD or "".
type Person struct {
	ID, Number                                   string
	GivenName, FamilyName, Preferred             string
	Email, Title, Department, Location           string
	Manager                                      string // ID
	Status                                       access.Status
	Type                                         access.EmploymentType
	Start, OriginalStart, End, LastDay, Contract string
}

// FullName is the name as a person is called.
func (p Person) FullName() string {
	given := p.Preferred
	if given == "" {
		given = p.GivenName
	}
	return strings.TrimSpace(given + " " + p.FamilyName)
}

// Over reports whether the employment has ended, as HR sees it.
func (p Person) Over() bool { return p.Status == access.StatusTerminated }

// Ahead reports whether it has not begun.
func (p Person) Ahead() bool { return p.Status == access.StatusPreHire }

// Company is what a fake tells about, and how it is to fail. Its methods are safe for concurrent use.
type Company struct {
	People []Person
	// Zone is that of the dates which the vendor writes with a time.
	Zone *time.Location

	repeat, miscount bool
	broken, withheld string // id of a broken record; path that the credential may not see

	mu     sync.Mutex
	issued int
	token  string
	byID   map[string]int
}

// Page are the people from an offset on, at most so many, and whether there are more. Fakes without pages ask for all.
func (c *Company) Page(offset, limit int) (people []Person, more bool) {
	lo := min(max(offset, 0), len(c.People))
	hi := min(lo+limit, len(c.People))
	if c.repeat && lo > 0 {
		return c.People[:min(limit, len(c.People))], hi < len(c.People)
	}
	return c.People[lo:hi], hi < len(c.People)
}

// Total is the number of people as the vendor counts them.
func (c *Company) Total() int {
	if c.miscount {
		return len(c.People) + 1
	}
	return len(c.People)
}

// Find is the person with an id.
func (c *Company) Find(id string) (Person, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[string]int, len(c.People))
		for i, p := range c.People {
			c.byID[p.ID] = i
		}
	}
	i, ok := c.byID[id]
	if !ok {
		return Person{}, false
	}
	return c.People[i], true
}

// Record is what a fake has made of a person, less what the credential may not see, and broken where that is the test.
// Key is a path that the source reads as a text ("work.title").
func (c *Company) Record(p Person, record map[string]any, key string) map[string]any {
	if c.withheld != "" {
		drop(record, c.withheld)
	}
	if p.ID == c.broken {
		put(record, key, map[string]any{"unexpected": "object"})
	}
	return record
}

// Withheld reports whether the credential may not see a path, for vendors that say so.
func (c *Company) Withheld() string { return c.withheld }

// DateTime is midnight of a date in the company's zone, as RFC 3339 writes it; "" stays "".
func (c *Company) DateTime(date string) string {
	if date == "" {
		return ""
	}
	t, err := time.ParseInLocation(time.DateOnly, date, c.Zone)
	if err != nil {
		panic(err)
	}
	return t.Format(time.RFC3339)
}

// IssueToken makes a new access token and forgets the one before, for fakes of a token endpoint.
func (c *Company) IssueToken() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.issued++
	c.token = fmt.Sprintf("access-token-%d", c.issued)
	return c.token
}

// Tokens is how many tokens were issued.
func (c *Company) Tokens() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issued
}

// Expire makes the present token useless.
func (c *Company) Expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = "expired"
}

// Allows reports whether a request carries the present token.
func (c *Company) Allows(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.Header.Get("Authorization") == "Bearer "+c.token
}

func drop(record map[string]any, path string) {
	key, rest, below := strings.Cut(path, ".")
	if !below {
		delete(record, key)
		delete(record, path)
		return
	}
	if m, ok := record[key].(map[string]any); ok {
		drop(m, rest)
	}
	delete(record, path)
}

func put(record map[string]any, path string, v any) {
	key, rest, below := strings.Cut(path, ".")
	if m, ok := record[key].(map[string]any); ok && below {
		put(m, rest, v)
		return
	}
	record[path] = v
}

// messy is the company that every kind tells of: what HR systems hold in practice. It is read on 2026-03-15.
func messy() []Person {
	return []Person{
		{ID: "101", Number: "1", GivenName: "Ana", FamilyName: "García", Email: "ana@acme.example", Title: "Chief Executive Officer", Department: "Management", Location: "Madrid", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2018-01-08"},
		{ID: "102", Number: "2", GivenName: "Bohdan", FamilyName: "Łukasz", Preferred: "Bo", Email: "Bo.Lukasz@acme.example", Title: "Staff Engineer", Department: "Engineering", Location: "Madrid", Manager: "101", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2020-02-29"},
		// begins on the night of a change to summer time, without an address yet
		{ID: "103", Number: "3", GivenName: "Cy", FamilyName: "Nguyễn", Title: "Engineer", Department: "Engineering", Location: "Madrid", Manager: "102", Status: access.StatusPreHire, Type: access.TypeEmployee, Start: "2026-03-29"},
		// garden leave before the end
		{ID: "104", Number: "4", GivenName: "Di", FamilyName: "Öz", Email: "di@acme.example", Title: "Engineering Manager", Department: "Engineering", Location: "Madrid", Manager: "101", Status: access.StatusTerminated, Type: access.TypeEmployee, Start: "2019-10-27", End: "2026-02-27", LastDay: "2026-02-20"},
		{ID: "105", Number: "5", GivenName: "Ed", FamilyName: "Smith", Email: "ed@acme.example", Title: "Account Executive", Department: "Sales, EMEA", Location: "London", Manager: "101", Status: access.StatusLeave, Type: access.TypeEmployee, Start: "2021-06-01"},
		{ID: "106", Number: "6", GivenName: "Flo", FamilyName: "O'Brien", Email: "flo@acme.example", Title: "Accountant", Department: "Finance", Location: "Dublin", Manager: "101", Status: access.StatusNotice, Type: access.TypeEmployee, Start: "2022-01-01", End: "2026-03-31", LastDay: "2026-03-31"},
		// ends on the night of the change back
		{ID: "107", Number: "C-7", GivenName: "Gus", FamilyName: "Müller-Lüdenscheidt", Email: "gus@acme.example", Title: "Consultant", Department: "Engineering", Location: "Berlin", Manager: "102", Status: access.StatusActive, Type: access.TypeContractor, Start: "2025-10-26", Contract: "2026-10-25"},
		{ID: "108", Number: "8", GivenName: "花子", FamilyName: "山田", Preferred: "Hana", Email: "hana@acme.example", Title: "Intern", Department: "Design", Location: "東京", Manager: "101", Status: access.StatusActive, Type: access.TypeIntern, Start: "2026-01-05"},
		// came back
		{ID: "109", Number: "9", GivenName: "Ida", FamilyName: "Berg", Email: "ida@acme.example", Title: "Designer", Department: "Design", Location: "Oslo", Manager: "101", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2026-03-01", OriginalStart: "2015-05-04"},
		// one name, written with combining marks
		{ID: "110", Number: "10", GivenName: "Jose\u0301", Email: "jose@acme.example", Title: "Engineer", Department: "Engineering", Location: "Madrid", Manager: "102", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2023-02-28"},
		// a manager who has left
		{ID: "111", Number: "11", GivenName: "Kim", FamilyName: "Lee", Email: "kim@acme.example", Title: "Engineer", Department: "Engineering", Location: "Seoul", Manager: "104", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2024-12-31"},
		// leading zeros that a number would lose
		{ID: "112", Number: "00042", GivenName: "Lou", FamilyName: "van der Berg", Email: "lou@acme.example", Title: "Support Lead", Department: "Customer Support", Location: "Utrecht", Manager: "101", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2024-01-01"},
	}
}

// generated is a company of any size: the sandbox's.
func generated(n int) []Person {
	people := make([]Person, 0, n)
	for _, p := range (sandbox.Company{People: n, Seed: 8, Domain: "acme.example", Today: readOn}).Generate() {
		q := Person{
			ID: p.PersonID, Number: "N" + p.PersonID, GivenName: p.GivenName, FamilyName: p.FamilyName, Email: p.WorkEmail, Title: p.Title,
			Department: p.Department, Location: "Madrid", Manager: p.ManagerID, Status: access.Status(p.Status), Type: access.EmploymentType(p.EmploymentType), Start: p.StartDate,
		}
		switch q.Type {
		case access.TypeContractor, access.TypeIntern:
			q.Contract = p.EndDate
		default:
			q.End, q.LastDay = p.EndDate, p.EndDate
		}
		people = append(people, q)
	}
	return people
}

// readOn is the day on which the companies are read.
var readOn = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// want is a person by canonical field, as a source has to tell it.
func want(p Person) map[string]string {
	return map[string]string{
		"person_id": p.ID, "employee_number": p.Number, "given_name": strings.ReplaceAll(p.GivenName, "e\u0301", "é"), "family_name": p.FamilyName,
		"preferred_given_name": p.Preferred, "work_email": p.Email, "title": p.Title, "department": p.Department, "location": p.Location,
		"manager_id": p.Manager, "employment_type": string(p.Type), "start_date": p.Start, "original_hire_date": p.OriginalStart, "end_date": p.End,
		"last_working_day": p.LastDay, "contract_end_date": p.Contract,
	}
}

// have is a person as a source told it, by the same fields.
func have(p access.Person) map[string]string {
	date := func(d access.Date) string {
		if d.IsZero() {
			return ""
		}
		return d.String()
	}
	return map[string]string{
		"person_id": p.PersonID, "employee_number": p.EmployeeNumber, "given_name": p.GivenName, "family_name": p.FamilyName,
		"preferred_given_name": p.PreferredGivenName, "work_email": p.WorkEmail, "title": p.Title, "department": p.Department, "location": p.Location,
		"manager_id": p.ManagerID, "employment_type": string(p.EmploymentType), "start_date": date(p.StartDate), "original_hire_date": date(p.OriginalHireDate),
		"end_date": date(p.EndDate), "last_working_day": date(p.LastWorkingDay), "contract_end_date": date(p.ContractEndDate),
	}
}

func without(m map[string]string, keys []string) map[string]string {
	m = maps.Clone(m)
	for _, k := range keys {
		delete(m, k)
	}
	return m
}
