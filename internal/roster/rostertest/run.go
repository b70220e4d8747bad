package rostertest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Vendor is one kind under test.
type Vendor struct {
	// Fake speaks as the vendor's API about a company. It takes pages from Company.Page, counts from Company.Total, sends each
	// record through Company.Record, and gives no field that was not asked for where the vendor has that choice.
	Fake func(t testing.TB, c *Company) http.Handler
	// Listen is there instead of Fake for what is not HTTP: it serves the company and gives the address. Every request for data
	// goes to seen, which takes as long as the line is slow. How such a kind gets over trouble is for its own tests.
	Listen func(t testing.TB, c *Company, seen func(Request)) (url string)
	// Open opens a source of the kind at an address.
	Open func(url string, m roster.Mapping) (roster.Source, error)
	// Mapping is what a configuration has to say for the fake's company.
	Mapping roster.Mapping
	// PageSize is how many people the source asks for at a time; 0 means all at once.
	PageSize int
	// TokenPath ends the path of the token endpoint, for kinds whose access tokens expire; the fake uses Company.IssueToken
	// and Company.Allows.
	TokenPath string
	// Totals: the vendor tells how many people there are.
	Totals bool
	// Department is the record's path of the department. It is what a credential loses the right to see.
	Department string
	// Selects: the source names the fields that it wants; Department must then not be in a request that does not need it, as
	// the request writes it, Asked (Department where it is "").
	Selects bool
	Asked   string
	// Harmless is a name in requests that only looks like something private.
	Harmless string
	// Lacks are canonical fields that the system cannot tell at all; NoLeave, that it does not know leave.
	Lacks   []string
	NoLeave bool
	// Anonymous requests carry no Authorization header.
	Anonymous bool
	// Requests is the most requests that reading so many people may take, tokens included.
	Requests func(people int) int
	// People is how many the large company has; 20,000 where it is 0. Fewer is for APIs that need a request per person.
	People int
}

func (v Vendor) open(t testing.TB, s *Server, m roster.Mapping) roster.Source {
	t.Helper()
	src, err := v.Open(s.URL, m)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return src
}

func (v Vendor) read(t testing.TB, s *Server) (roster.Roster, error) {
	t.Helper()
	return v.open(t, s, v.Mapping).People(t.Context())
}

// Run holds a kind to the standard.
func Run(t *testing.T, v Vendor) {
	t.Run("the same company", func(t *testing.T) { t.Parallel(); v.company(t) })
	t.Run("pages", func(t *testing.T) { t.Parallel(); v.pages(t) })
	t.Run("incomplete", func(t *testing.T) { t.Parallel(); v.incomplete(t) })
	if v.Listen == nil {
		t.Run("trouble", func(t *testing.T) { t.Parallel(); v.trouble(t) })
	}
	t.Run("privacy", func(t *testing.T) { t.Parallel(); v.privacy(t) })
	t.Run("twenty thousand", func(t *testing.T) { t.Parallel(); v.many(t) })
}

// zones are where a date with a time shifts by a day if anybody converts it.
var zones = []string{"UTC", "Pacific/Niue", "Pacific/Kiritimati", "Europe/Madrid", "America/St_Johns"}

// company reads the messy company in every zone.
func (v Vendor) company(t *testing.T) {
	for _, zone := range zones {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			s := v.Serve(t, &Company{People: messy(), Zone: loc})
			m := v.Mapping
			m.TimeZone = zone
			src := v.open(t, s, m)
			r, err := src.People(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range r.Problems {
				t.Errorf("problem: %s", p)
			}
			for _, p := range r.Notices {
				t.Errorf("notice: %s", p)
			}
			got, wanted := map[string]map[string]string{}, map[string]map[string]string{}
			for _, p := range r.People {
				got[p.PersonID] = without(have(p), v.Lacks)
				if p.Source != "" && p.TimeZone != zone {
					t.Errorf("%s is in the zone %q", p.PersonID, p.TimeZone)
				}
			}
			for _, p := range messy() {
				wanted[p.ID] = without(want(p), v.Lacks)
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("people (-want +got):\n%s", diff)
			}
			v.stages(t, r.People, loc)
			v.events(t, r.People, loc)
		})
	}
}

func (v Vendor) options(loc *time.Location) lifecycle.Options {
	o := lifecycle.DefaultOptions()
	o.TimeZone, o.ReadAt = loc, time.Date(2026, 3, 15, 12, 0, 0, 0, loc)
	return o
}

// stages are checked at the edges of days, local time.
func (v Vendor) stages(t *testing.T, people []access.Person, loc *time.Location) {
	t.Helper()
	leave := lifecycle.StageLeave
	if v.NoLeave {
		leave = lifecycle.StageActive
	}
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, loc)
	}
	for _, tt := range []struct {
		now    time.Time
		id     string
		stage  lifecycle.Stage
		window lifecycle.Window
	}{
		{at(3, 15, 12, 0), "101", lifecycle.StageActive, lifecycle.WindowOpen},
		{at(3, 15, 12, 0), "102", lifecycle.StageActive, lifecycle.WindowOpen},
		{at(3, 28, 23, 59), "103", lifecycle.StagePreHire, lifecycle.WindowBefore},
		{at(3, 29, 0, 1), "103", lifecycle.StageActive, lifecycle.WindowOpen},
		{at(3, 15, 12, 0), "104", lifecycle.StageTerminated, lifecycle.WindowClosed},
		{at(3, 15, 12, 0), "105", leave, lifecycle.WindowOpen},
		{at(3, 15, 12, 0), "106", lifecycle.StageNotice, lifecycle.WindowOpen},
		{at(3, 31, 17, 59), "106", lifecycle.StageNotice, lifecycle.WindowOpen},
		{at(3, 31, 18, 1), "106", lifecycle.StageNotice, lifecycle.WindowClosed},
		{at(4, 1, 0, 1), "106", lifecycle.StageTerminated, lifecycle.WindowClosed},
		{at(10, 25, 17, 59), "107", lifecycle.StageActive, lifecycle.WindowOpen},
		{at(10, 25, 18, 1), "107", lifecycle.StageActive, lifecycle.WindowClosed},
		{at(10, 26, 0, 1), "107", lifecycle.StageTerminated, lifecycle.WindowClosed},
		{at(3, 15, 12, 0), "108", lifecycle.StageActive, lifecycle.WindowOpen},
		{at(3, 15, 12, 0), "109", lifecycle.StageActive, lifecycle.WindowOpen},
	} {
		if tt.id == "107" && slices.Contains(v.Lacks, "contract_end_date") {
			continue
		}
		i := slices.IndexFunc(people, func(p access.Person) bool { return p.PersonID == tt.id })
		if i < 0 {
			t.Errorf("%s is missing", tt.id)
			continue
		}
		if s := lifecycle.At(people[i], tt.now, v.options(loc)); s.Stage != tt.stage || s.Window != tt.window {
			t.Errorf("%s at %s: %s, window %s (%s); want %s, %s; status %s (%q)", tt.id, tt.now, s.Stage, s.Window, s.Fault, tt.stage, tt.window, people[i].Status, people[i].StatusRaw)
		}
	}
}

func (v Vendor) events(t *testing.T, people []access.Person, loc *time.Location) {
	t.Helper()
	snapshot := func(month time.Month, day int) lifecycle.Snapshot {
		return lifecycle.Snapshot{Now: time.Date(2026, month, day, 12, 0, 0, 0, loc), People: people}
	}
	for _, tt := range []struct {
		from, to lifecycle.Snapshot
		want     []string
	}{
		{lifecycle.Snapshot{Now: snapshot(3, 15).Now}, snapshot(3, 15), []string{
			"101 joiner", "102 joiner", "103 pre_hire", "105 joiner", "106 joiner", "107 joiner", "108 joiner", "109 rehire", "110 joiner", "111 joiner", "112 joiner",
		}},
		{snapshot(3, 15), snapshot(3, 28), nil},
		{snapshot(3, 28), snapshot(3, 29), []string{"103 joiner"}},
		{snapshot(3, 29), snapshot(4, 1), []string{"106 leaver"}},
		{snapshot(4, 1), snapshot(10, 26), []string{"107 leaver"}},
	} {
		var got []string
		for _, e := range lifecycle.Events(tt.from, tt.to, v.options(loc)) {
			got = append(got, e.PersonID+" "+string(e.Kind))
		}
		wanted := slices.Clone(tt.want)
		for i, e := range wanted {
			if e == "109 rehire" && slices.Contains(v.Lacks, "original_hire_date") {
				wanted[i] = "109 joiner"
			}
		}
		if slices.Contains(v.Lacks, "contract_end_date") {
			wanted = slices.DeleteFunc(wanted, func(e string) bool { return e == "107 leaver" })
		}
		if diff := cmp.Diff(wanted, got); diff != "" && len(wanted)+len(got) > 0 {
			t.Errorf("events from %s to %s (-want +got):\n%s", tt.from.Now, tt.to.Now, diff)
		}
	}
}

// pages reads companies around the edges of pages.
func (v Vendor) pages(t *testing.T) {
	size := v.PageSize
	if size == 0 {
		size = 3
	}
	for _, n := range []int{1, size - 1, size, size + 1, 3*size + 1} {
		if n == 0 {
			continue
		}
		s := v.Serve(t, &Company{People: generated(n)})
		r, err := v.read(t, s)
		if err != nil {
			t.Errorf("%d people: %v", n, err)
			continue
		}
		if len(r.People) != n || len(r.Problems) > 0 {
			t.Errorf("%d people, want %d; problems %v", len(r.People), n, r.Problems)
		}
	}
	s := v.Serve(t, &Company{})
	if r, err := v.read(t, s); !errors.Is(err, fault.Invalid) {
		t.Errorf("nobody at all is a roster of %d people, error %v", len(r.People), err)
	}
}

// incomplete: no half list is ever a roster.
func (v Vendor) incomplete(t *testing.T) {
	size := max(v.PageSize, 3)
	refused := func(t *testing.T, c *Company, kind fault.Kind, mentions ...string) *Server {
		t.Helper()
		s := v.Serve(t, c)
		r, err := v.read(t, s)
		if err == nil {
			t.Fatalf("a roster of %d people", len(r.People))
		}
		if kind != 0 && !errors.Is(err, kind) {
			t.Errorf("%v; want %v", err, kind)
		}
		for _, m := range mentions {
			if !strings.Contains(err.Error(), m) {
				t.Errorf("%v; want it to mention %q", err, m)
			}
		}
		return s
	}
	if v.PageSize > 0 {
		t.Run("a page is repeated", func(t *testing.T) {
			t.Parallel()
			refused(t, &Company{People: generated(2*size + 1), repeat: true}, fault.Unavailable, "again on page")
		})
	}
	if v.Totals {
		t.Run("the total does not match", func(t *testing.T) {
			t.Parallel()
			refused(t, &Company{People: generated(size + 1), miscount: true}, fault.Unavailable)
		})
	}
	t.Run("a record is broken", func(t *testing.T) {
		t.Parallel()
		people := generated(2*size + 1)
		id := people[size+size/2].ID
		refused(t, &Company{People: people, broken: id}, fault.Invalid, id)
	})
	if v.Department != "" {
		t.Run("a field is lost", func(t *testing.T) {
			t.Parallel()
			refused(t, &Company{People: generated(size + 1), withheld: v.Department}, fault.Forbidden, v.Department)
		})
	}
}

// trouble: what passes is waited for, what does not is an error.
func (v Vendor) trouble(t *testing.T) {
	size := max(v.PageSize, 3)
	after := func(status int) func(int, http.ResponseWriter) bool {
		return func(n int, w http.ResponseWriter) bool {
			if n != 1 {
				return false
			}
			w.Header().Set("Retry-After", "0.1")
			w.WriteHeader(status)
			return true
		}
	}
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			s := v.Serve(t, &Company{People: generated(size + 1)})
			s.fail = after(status)
			start := time.Now()
			r, err := v.read(t, s)
			if err != nil || len(r.People) != size+1 {
				t.Errorf("%d people, error %v", len(r.People), err)
			}
			if waited := time.Since(start); waited < 100*time.Millisecond {
				t.Errorf("waited %s, though asked to wait for 100ms", waited)
			}
		})
	}
	for status, kind := range map[int]fault.Kind{http.StatusUnauthorized: fault.Unauthenticated, http.StatusForbidden: fault.Forbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			s := v.Serve(t, &Company{People: generated(1)})
			s.fail = func(_ int, w http.ResponseWriter) bool { w.WriteHeader(status); return true }
			if _, err := v.read(t, s); !errors.Is(err, kind) {
				t.Errorf("%v; want %v", err, kind)
			}
			if n := len(s.Requests()); n > 4 {
				t.Errorf("%d requests to learn that", n)
			}
		})
	}
	if v.TokenPath != "" {
		t.Run("the token expires", func(t *testing.T) {
			t.Parallel()
			c := &Company{People: generated(2*size + 1)}
			s := v.Serve(t, c)
			s.fail = func(n int, _ http.ResponseWriter) bool {
				if n == 2 && v.PageSize > 0 || n == 1 && v.PageSize == 0 {
					c.Expire()
				}
				return false
			}
			r, err := v.read(t, s)
			if err != nil || len(r.People) != 2*size+1 {
				t.Errorf("%d people, error %v", len(r.People), err)
			}
			if c.Tokens() != 2 {
				t.Errorf("%d tokens were fetched, want 2", c.Tokens())
			}
		})
	}
}
