package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGoData(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{UserDelete: DeleteDeactivates}})
	want := User{
		UserName: "ana@acme.com", ExternalID: "1042", GivenName: "Ana", FamilyName: "Łuczak", DisplayName: "Ana Łuczak", Email: "ana@acme.com",
		Title: "CTO", UserType: "Full", EmployeeNumber: "7", Department: "R&D", Manager: "42", Roles: []string{"a", "b"}, Inactive: true,
	}
	got, err := s.AddUser(want)
	if err != nil || got.ID == "" {
		t.Fatal(got, err)
	}
	want.ID = got.ID
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got: %s", d)
	}
	if err := s.EditUser("ANA@acme.com", func(u *User) {
		u.Title, u.Department, u.Inactive, u.Roles, u.Email = "CEO", "", false, []string{"c"}, ""
	}); err != nil {
		t.Fatal(err)
	}
	want.Title, want.Department, want.Inactive, want.Roles, want.Email = "CEO", "", false, []string{"c"}, ""
	if got, _ := s.User(want.ID); cmp.Diff(want, got) != "" {
		t.Errorf("edited: %+v", got)
	}
	for path, want := range map[string]string{"title": "CEO", "name.givenName": "Ana", "roles.value": "c", `roles[value eq "c"].value`: "c", `roles[value eq "a"]`: "", enterpriseURN + ":manager.value": "42", "nope": ""} {
		if got := s.Values("ana@acme.com", path); want == "" && got != nil || want != "" && !slices.Equal(got, []any{want}) {
			t.Errorf("%s holds %v, want %q", path, got, want)
		}
	}
	ben := addUsers(t, s, "ben")[0]
	addGroup(t, s, "Admins", ben)
	for range 2 { // twice is once
		if err := s.AddMember("admins", "ana@acme.com"); err != nil {
			t.Fatal(err)
		}
	}
	if g, _ := s.Group("ADMINS"); !slices.Equal(g.Members, []string{ben, want.ID}) {
		t.Errorf("members %v", g.Members)
	}
	for range 2 {
		if err := s.RemoveMember("admins", "ben"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteUser("ana@acme.com"); err != nil {
		t.Fatal(err)
	}
	if g := s.Groups()[0]; len(g.Members) != 0 || len(s.Users()) != 1 {
		t.Errorf("after the deletion: %+v, %d users", g, len(s.Users()))
	}
	if err := s.DeleteGroup("Admins"); err != nil || len(s.Groups()) != 0 {
		t.Errorf("delete the group: %v", err)
	}
	_, dup := s.AddUser(User{UserName: "BEN"})
	_, unknown := s.AddGroup(Group{DisplayName: "x", Members: []string{"zz"}})
	for i, err := range []error{
		dup, unknown, s.EditUser("zz", func(*User) {}), s.DeleteUser("zz"), s.DeleteGroup("zz"), s.AddMember("zz", "ben"),
		s.EditPerson("zz", func(*Person) {}), s.EditUser("ben", func(u *User) { u.UserName = "" }),
	} {
		if err == nil {
			t.Errorf("impossible change %d was made", i)
		}
	}
	if s.Stats().Total != 0 {
		t.Error("changes from Go are no requests")
	}
}

func TestCompany(t *testing.T) {
	t.Parallel()
	c := Company{People: 2000, Seed: 7}
	people := c.Generate()
	if d := cmp.Diff(people, c.Generate()); d != "" {
		t.Error("the same company twice differs")
	}
	if slices.Equal(people, Company{People: 2000, Seed: 8}.Generate()) {
		t.Error("another seed gives the same company")
	}
	seen := map[string]bool{}
	status := map[string]int{}
	nonASCII, contractors := 0, 0
	reports := map[string]int{}
	for i, p := range people {
		if seen[p.WorkEmail] || seen[p.PersonID] {
			t.Fatalf("%s or %s twice", p.WorkEmail, p.PersonID)
		}
		if (i > 0) != seen[p.ManagerID] {
			t.Fatalf("the manager %q of person %d comes later", p.ManagerID, i)
		}
		seen[p.WorkEmail], seen[p.PersonID] = true, true
		status[p.Status]++
		reports[p.ManagerID]++
		local, _, _ := strings.Cut(p.WorkEmail, "@")
		for _, r := range local {
			if r > 'z' || r < '-' {
				t.Fatalf("address %s", p.WorkEmail)
			}
		}
		if given, family, _ := strings.Cut(local, "."); given == "" || family == "" {
			t.Fatalf("address %s of %s %s", p.WorkEmail, p.GivenName, p.FamilyName)
		}
		if strings.ContainsFunc(p.GivenName+p.FamilyName, func(r rune) bool { return r > 127 }) {
			nonASCII++
		}
		if p.EmploymentType == "contractor" {
			contractors++
			if p.EndDate == "" {
				t.Errorf("contractor %s without an end", p.PersonID)
			}
		}
		if p.StartDate == "" || p.EndDate != "" && p.EndDate < p.StartDate {
			t.Errorf("dates of %+v", p)
		}
		if future := p.StartDate > "2026-01-15"; future != (p.Status == "pre_hire") {
			t.Errorf("%s begins %s", p.Status, p.StartDate)
		}
		if over := p.EndDate != "" && p.EndDate < "2026-01-15"; over != (p.Status == "terminated") {
			t.Errorf("%s ends %s", p.Status, p.EndDate)
		}
	}
	if nonASCII < 400 || contractors < 80 {
		t.Errorf("%d names beyond ASCII, %d contractors", nonASCII, contractors)
	}
	for _, s := range []string{"active", "terminated", "pre_hire", "leave", "notice"} {
		if status[s] < 5 {
			t.Errorf("%d people are %s", status[s], s)
		}
	}
	for id, n := range reports {
		if n > spanOfControl && id != people[0].PersonID {
			t.Errorf("%d people report to %s", n, id)
		}
	}

	s := open(t, Options{Seed: 7})
	if err := s.AddCompany(c); err != nil {
		t.Fatal(err)
	}
	present := 2000 - status["terminated"] - status["pre_hire"]
	if g, _ := s.Group("all-hands"); len(g.Members) != present || len(s.Users()) != present || len(s.People()) != 2000 {
		t.Errorf("%d users, %d in all-hands, want %d; %d people", len(s.Users()), len(g.Members), present, len(s.People()))
	}
	if g, ok := s.Group("customer-support"); !ok || len(g.Members) < 100 {
		t.Errorf("support has %d members", len(g.Members))
	}
}

func TestHR(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Token: "sesame", Dialect: Dialect{PageSize: 4}}) // pages of 40
	people := Company{People: 100}.Generate()
	s.SetPeople(people)
	if err := s.EditPerson(people[0].PersonID, func(p *Person) { p.Title = "Chair" }); err != nil {
		t.Fatal(err)
	}
	type page struct {
		Total  int      `json:"total"`
		People []Person `json:"people"`
		Next   *int     `json:"next_offset"`
	}
	fetch := func(query, token string) (int, page) {
		r := httptest.NewRequest("GET", HRPath+query, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var p page
		_ = json.Unmarshal(w.Body.Bytes(), &p)
		return w.Code, p
	}
	if code, _ := fetch("", "wrong"); code != 401 {
		t.Errorf("a wrong token: %d", code)
	}
	var got []Person
	pages, query := 0, ""
	for {
		code, p := fetch(query, "sesame")
		if code != 200 || p.Total != 100 {
			t.Fatalf("%d, total %d", code, p.Total)
		}
		got = append(got, p.People...)
		if pages++; p.Next == nil {
			break
		}
		query = fmt.Sprintf("?offset=%d", *p.Next)
	}
	people[0].Title = "Chair"
	if pages != 3 || !slices.Equal(got, people) {
		t.Errorf("%d people in %d pages", len(got), pages)
	}
	if code, p := fetch("?offset=98&limit=9", "sesame"); code != 200 || len(p.People) != 2 || p.Next != nil {
		t.Errorf("the end: %d, %+v", code, p)
	}
	if code, _ := fetch("?limit=0", "sesame"); code != 400 {
		t.Errorf("no limit: %d", code)
	}
	if err := s.AddFaults(Rule{Path: "^/hr/people$", Fault: Fault{Page: PageTruncated}}); err != nil {
		t.Fatal(err)
	}
	if _, p := fetch("?offset=40", "sesame"); p.Total != 100 || len(p.People) != 10 || p.Next != nil {
		t.Errorf("truncated at half: %d people of %d", len(p.People), p.Total)
	}
	if n := s.Count("GET", HRPath); n != 7 {
		t.Errorf("%d requests counted", n)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Token: "sesame", Quota: 1})
	control := func(method, path, body string, want int) string {
		t.Helper()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, ControlPath+path, strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	control("POST", "seed", `{"people":20,"seed":3}`, 204)
	control("POST", "seed", `{"users":[{"user_name":"zoe","title":"CTO"}],"groups":[{"display_name":"admins","members":["zoe"]}]}`, 204)
	if g, _ := s.Group("admins"); len(g.Members) != 1 || len(s.People()) != 20 {
		t.Errorf("seeded %+v", g)
	}
	control("POST", "seed", `{"users":[{"user_name":"zoe"}]}`, 400)
	control("POST", "faults", `{"path":"^/Users$","status":503,"count":1}`, 204)
	control("POST", "faults", `[{"path":"^/Groups$","hang":true,"slow":"1.5s"}]`, 204)
	control("POST", "faults", `{"pth":"^/Users$","status":503}`, 400)
	control("POST", "faults", `{"path":"("}`, 400)
	if out := control("GET", "faults", "", 200); !strings.Contains(out, `"1.5s"`) || !strings.Contains(out, "503") {
		t.Errorf("faults: %s", out)
	}
	do(t, s, "GET", "/Users", "", "Authorization", "Bearer sesame").want(t, 503)
	var st Stats
	if err := json.Unmarshal([]byte(control("GET", "requests", "", 200)), &st); err != nil || st.Total != 1 || st.Counts["GET /Users"] != 1 {
		t.Errorf("stats %+v, %v", st, err)
	}
	if out := control("GET", "requests?log=1", "", 200); !strings.Contains(out, `"template": "/Users"`) || strings.Contains(out, "sesame") {
		t.Errorf("log: %s", out)
	}
	control("POST", "reset", "", 204)
	if len(s.Faults()) != 0 || s.Stats().Total != 0 || len(s.Users()) == 0 {
		t.Error("reset forgets requests and faults, not data")
	}
	control("POST", "faults", `{"status":500}`, 204)
	control("DELETE", "faults", "", 204)
	control("POST", "reset?data=1", "", 204)
	if len(s.Users())+len(s.Groups())+len(s.People())+len(s.Faults()) != 0 {
		t.Error("something is left")
	}
	if out := control("GET", "nothing", "", 404); !strings.Contains(out, "POST seed") {
		t.Errorf("an unknown control is answered with the known ones: %s", out)
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{PageSize: 10, Bulk: true}})
	g := addGroup(t, s, "g")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				name := fmt.Sprintf("u%d-%d", w, i)
				id, _ := do(t, s, "POST", "/Users", userBody(name, "")).at("id").(string)
				do(t, s, "PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`))
				do(t, s, "GET", "/Users"+filterQuery(`title pr or groups.value eq "`+g+`"`), "")
				do(t, s, "GET", "/Groups", "")
				if i%2 == 0 {
					do(t, s, "DELETE", "/Users/"+id, "")
				}
				s.Stats()
			}
		})
	}
	wg.Wait()
	if now, _ := s.Group("g"); len(now.Members) != 80 || len(s.Users()) != 80 {
		t.Errorf("%d members, %d users, want 80", len(now.Members), len(s.Users()))
	}
	if n := s.Count("POST", "/Users"); n != 160 {
		t.Errorf("%d creations counted", n)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	l, url, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{})
	if err := s.AddFaults(Rule{Path: "^/Groups$", Fault: Fault{Hang: true}}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, s) }()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	resp, _, err := overWire(t.Context(), client, "GET", url+BasePath+"/Users", "")
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(err)
	}
	hanging := make(chan error, 1)
	go func() {
		_, _, err := overWire(context.WithoutCancel(t.Context()), client, "GET", url+BasePath+"/Groups", "")
		hanging <- err
	}()
	for s.Count("GET", "/Groups") == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the end is not an error: %v", err)
	}
	if err := <-hanging; err == nil {
		t.Error("what hung got an answer")
	}
	if _, _, err := Listen(t.Context(), "127.0.0.1:99999"); err == nil {
		t.Error("an impossible port was opened")
	}
}

// A page in the middle of a big company must cost no more than a page.
func BenchmarkPage(b *testing.B) {
	s := open(b, Options{})
	if err := s.AddCompany(Company{People: 100_000}); err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	for b.Loop() {
		r := httptest.NewRequest("GET", BasePath+"/Users?startIndex=50000&count=100", bufio.NewReader(&buf))
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func BenchmarkFindByUserName(b *testing.B) {
	s := open(b, Options{})
	c := Company{People: 100_000}
	if err := s.AddCompany(c); err != nil {
		b.Fatal(err)
	}
	query := BasePath + "/Users" + filterQuery(`userName eq "`+s.Users()[77_000].UserName+`"`)
	for b.Loop() {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", query, nil))
	}
}
