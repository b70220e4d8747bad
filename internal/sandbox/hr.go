package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// Person is one employment as the HR API shows it. Dates are YYYY-MM-DD or "".
type Person struct {
	PersonID       string `json:"person_id"`
	GivenName      string `json:"given_name"`
	FamilyName     string `json:"family_name"`
	WorkEmail      string `json:"work_email"`
	Title          string `json:"title"`
	Department     string `json:"department"`
	ManagerID      string `json:"manager_id"`
	StartDate      string `json:"start_date"`
	EndDate        string `json:"end_date"`
	Status         string `json:"status"`          // pre_hire, active, leave, notice, terminated
	EmploymentType string `json:"employment_type"` // employee, contractor, intern
}

// SetPeople is what the HR API tells from now on.
func (s *Server) SetPeople(people []Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.Clone(people)
}

// People is what the HR API tells.
func (s *Server) People() []Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.people)
}

// EditPerson changes one person in the HR system; unknown ids are an error.
func (s *Server) EditPerson(personID string, edit func(*Person)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.people, func(p Person) bool { return p.PersonID == personID })
	if i < 0 {
		return fmt.Errorf("edit person %s: no such person", personID)
	}
	edit(&s.people[i])
	return nil
}

// serveHR answers GET /hr/people?offset=0&limit=500: {"total", "offset", "people", "next_offset"}, the
// last only while there is more. The limit is at most ten times the SCIM page.
func (s *Server) serveHR(r *http.Request, f Fault) reply {
	if r.Method != http.MethodGet {
		return failure(&scimError{status: http.StatusMethodNotAllowed, detail: "the HR system is read-only"})
	}
	offset, err := intParam(r.URL.Query(), "offset", 0)
	largest := 10 * s.opts.PageSize
	limit, err2 := intParam(r.URL.Query(), "limit", largest)
	if err != nil || err2 != nil || offset < 0 || limit < 1 {
		return failure(refuse("", "offset and limit are counts"))
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	total := len(s.people)
	reach := total
	switch f.Page {
	case PageRepeated:
		offset = 0
	case PageTruncated:
		if reach = f.Rows; reach == 0 {
			reach = total / 2
		}
		reach = min(reach, total)
	}
	lo := min(offset, reach)
	hi := min(lo+min(limit, largest), reach)
	out := struct {
		Total  int      `json:"total"`
		Offset int      `json:"offset"`
		People []Person `json:"people"`
		Next   *int     `json:"next_offset,omitempty"`
	}{Total: total, Offset: offset, People: s.people[lo:hi]}
	if out.People == nil {
		out.People = []Person{}
	}
	if hi < reach {
		out.Next = &hi
	}
	b, _ := json.Marshal(out)
	return reply{status: http.StatusOK, body: b}
}
