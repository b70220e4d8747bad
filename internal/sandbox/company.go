package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Company describes a company to generate.
type Company struct {
	People int
	Seed   uint64
	// Today dates the employments: some begin after it, some have ended before it. 2026-01-15 when zero.
	Today time.Time
	// Domain of the work addresses, acme.example by default.
	Domain string
}

// departments and how many in a hundred people work there, with the titles of a career.
var departments = []struct {
	name   string
	share  int
	titles []string // the last one leads
}{
	{"Engineering", 30, []string{"Software Engineer", "Senior Software Engineer", "Staff Engineer", "Engineering Manager"}},
	{"Sales", 18, []string{"Account Executive", "Senior Account Executive", "Sales Engineer", "Sales Manager"}},
	{"Customer Support", 14, []string{"Support Specialist", "Senior Support Specialist", "Support Lead"}},
	{"Operations", 10, []string{"Operations Analyst", "Operations Specialist", "Operations Manager"}},
	{"Product", 7, []string{"Product Manager", "Senior Product Manager", "Director of Product"}},
	{"Design", 5, []string{"Product Designer", "Senior Product Designer", "Design Lead"}},
	{"Marketing", 6, []string{"Marketing Specialist", "Content Designer", "Marketing Manager"}},
	{"Finance", 5, []string{"Accountant", "Financial Analyst", "Finance Manager"}},
	{"People", 3, []string{"People Partner", "Recruiter", "Head of People"}},
	{"Security", 2, []string{"Security Engineer", "Senior Security Engineer", "Security Lead"}},
}

// spanOfControl is how many people report to one manager.
const spanOfControl = 9

// Generate invents the company: the same one for the same description. The first person leads it;
// everybody else has a manager who comes earlier in the list. About 2 in 100 have left, 1 starts
// later, 2 are on leave, 1 has given notice; about 1 in 12 is a contractor with an end date.
func (c Company) Generate() []Person {
	orElse(&c.Domain, "acme.example")
	if c.Today.IsZero() {
		c.Today = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	}
	rnd := rand.New(rand.NewPCG(c.Seed, 0xc0))
	given, family := names(givenNames), names(familyNames)
	taken := map[string]int{}
	leaders := make([][]int, len(departments)) // managers by department, as positions in people
	reports := map[int]int{}
	people := make([]Person, 0, c.People)
	for i := range c.People {
		g, f := given[rnd.IntN(len(given))], family[rnd.IntN(len(family))]
		local := g.ascii + "." + f.ascii
		taken[local]++
		if n := taken[local]; n > 1 {
			local += strconv.Itoa(n)
		}
		p := Person{
			PersonID: strconv.Itoa(1000 + i), GivenName: g.written, FamilyName: f.written, WorkEmail: local + "@" + c.Domain,
			EmploymentType: "employee", Status: "active",
		}
		dept := pickDepartment(rnd)
		d := &departments[dept]
		p.Department = d.name
		switch boss, ok := boss(leaders[dept], reports); {
		case i == 0:
			p.Title, p.Department = "Chief Executive Officer", "Management"
		case !ok: // the department's first leader, or one more
			p.Title, p.ManagerID = d.titles[len(d.titles)-1], people[0].PersonID
			leaders[dept] = append(leaders[dept], i)
		default:
			p.Title, p.ManagerID = d.titles[rnd.IntN(len(d.titles)-1)], people[boss].PersonID
			reports[boss]++
		}
		c.employ(&p, rnd, i == 0 || p.ManagerID == people[0].PersonID)
		people = append(people, p)
	}
	return people
}

func pickDepartment(rnd *rand.Rand) int {
	n := rnd.IntN(100)
	for i, d := range departments {
		if n -= d.share; n < 0 {
			return i
		}
	}
	return 0
}

// boss is the department's latest leader, while there is room below.
func boss(leaders []int, reports map[int]int) (int, bool) {
	if len(leaders) == 0 {
		return 0, false
	}
	last := leaders[len(leaders)-1]
	return last, reports[last] < spanOfControl
}

// employ dates the employment; leaders are there to stay.
func (c Company) employ(p *Person, rnd *rand.Rand, leader bool) {
	day := func(offset int) string { return c.Today.AddDate(0, 0, offset).Format(time.DateOnly) }
	p.StartDate = day(-30 - rnd.IntN(3000))
	n := rnd.IntN(1000)
	if leader {
		return
	}
	switch {
	case n < 20:
		p.Status, p.EndDate = "terminated", day(-1-rnd.IntN(25))
	case n < 30:
		p.Status, p.StartDate = "pre_hire", day(1+rnd.IntN(45))
	case n < 50:
		p.Status = "leave"
	case n < 60:
		p.Status, p.EndDate = "notice", day(1+rnd.IntN(60))
	case n < 143:
		p.EmploymentType, p.EndDate = "contractor", day(1+rnd.IntN(300))
	case n < 163:
		p.EmploymentType, p.EndDate = "intern", day(1+rnd.IntN(120))
	}
}

// AddCompany puts the company into the HR system and its present people into the application: a user
// each, the groups "all-hands", "managers" and one per department. Nobody who has left or has not
// begun gets a user.
func (s *Server) AddCompany(c Company) error {
	people := c.Generate()
	s.SetPeople(people)
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make(map[string]string, len(people)) // by person
	groups := map[string][]string{}
	order := []string{"all-hands", "managers"}
	for _, d := range departments {
		order = append(order, groupName(d.name))
	}
	isManager := map[string]bool{}
	for _, p := range people {
		isManager[p.ManagerID] = true
	}
	for _, p := range people {
		if p.Status == "terminated" || p.Status == "pre_hire" {
			continue
		}
		o := User{
			UserName: p.WorkEmail, ExternalID: p.PersonID, GivenName: p.GivenName, FamilyName: p.FamilyName,
			DisplayName: p.GivenName + " " + p.FamilyName, Email: p.WorkEmail, Title: p.Title,
			EmployeeNumber: p.PersonID, Department: p.Department, Manager: ids[p.ManagerID],
		}.representation(object{})
		o["schemas"] = []any{userURN, enterpriseURN}
		r, _, err := s.insert(s.users, o, "")
		if err != nil {
			return fmt.Errorf("add the company: user %s: %w", p.WorkEmail, err)
		}
		ids[p.PersonID] = r.id
		groups["all-hands"] = append(groups["all-hands"], r.id)
		groups[groupName(p.Department)] = append(groups[groupName(p.Department)], r.id)
		if isManager[p.PersonID] {
			groups["managers"] = append(groups["managers"], r.id)
		}
	}
	for _, name := range order {
		if _, err := s.addGroup(Group{DisplayName: name, Members: groups[name]}); err != nil {
			return fmt.Errorf("add the company: %w", err)
		}
	}
	return nil
}

func groupName(department string) string {
	return strings.ReplaceAll(strings.ToLower(department), " ", "-")
}
