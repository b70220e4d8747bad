// Package apptest is the conformance suite for connectors: what internal/app promises, checked against
// an app that the harness fills with people and makes fail. A connector's test says how to open it:
//
//	func TestConformance(t *testing.T) {
//		apptest.Run(t, apptest.Harness{Open: func(t testing.TB, w apptest.World) apptest.Subject { ... }})
//	}
//
// The folder phonebook below is the smallest connector with all of its tests; [NewFaults] makes its fake fail.
//
// What a connector or a harness cannot do is skipped with a message that says what was not checked.
package apptest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
)

// Harness tells the suite how to put one kind of connector to the test.
type Harness struct {
	// Open makes an app that holds exactly w, and a connector to it that repeats no request, unless w
	// asks for one that does.
	Open func(t testing.TB, w World) Subject
	// PageSize is how many rows a listing request brings; 0 when listings are not paged.
	PageSize int
	// MemberPageSize is the same for the members of a group; 0 when one request brings all.
	MemberPageSize int
	// TrailingPage allows one request more per listing, for apps whose last page cannot be told.
	TrailingPage bool
	// NoTotals says that the app does not tell how many rows a listing has: a truncated one cannot be noticed.
	NoTotals bool
	// Overhead is how many requests a connector may spend on itself, in all: discovery, a token.
	Overhead int
	// ReadsBack allows one read per write, where the app does not answer with what it holds.
	ReadsBack bool
	// Secret is the credential of the connector; no error may contain it.
	Secret string
	// Retries says that Open heeds World.Retry.
	Retries bool
	// Timeout is when the suite gives up on an app that hangs and does not count requests; 150 ms by default.
	Timeout time.Duration
	// Roles are two account roles that exist, when access.Role is among the fields.
	Roles []string
	// FixedUserNames says that nobody but its owner changes a user name, so that changes are tried with the role.
	FixedUserNames bool
	// Attributes are names of extra attributes that the connector is configured to read and write.
	Attributes []string
	// Licenses is the product that the connector is configured for, nil without licenses.
	Licenses *Licenses
	// Sessions says that Open heeds World.Sessions, that Look tells, and that EndSessions requests can be counted
	// and made to fail like all others.
	Sessions bool
	// Skip names checks that cannot hold for this app, each with the reason.
	Skip map[string]string
	// Only chooses checks by name; all when nil.
	Only func(name string) bool
}

// Licenses describes a product to test with.
type Licenses struct {
	Product string
	License string
	Other   string // a license that excludes the first; "" when there is none
	Limited bool   // the app refuses more than the pool's total
}

// World is what an app holds. Its parts refer to accounts by user name; ids are the app's business.
type World struct {
	Accounts []access.Account
	Groups   []access.Group
	Pools    []access.Pool
	// Assigned are the license assignments by product.
	Assigned map[string][]access.Assignment
	// Sessions are how many sessions are open, by user name.
	Sessions map[string]int
	// Retry asks for a connector that repeats what may be repeated (Harness.Retries).
	Retry bool
}

// Subject is one opened app.
type Subject struct {
	App app.App
	// Look reads what the app really holds, without the connector; the connector is asked when nil.
	Look func(t testing.TB) World
	// Inject makes requests fail from now on, in addition to earlier faults; the zero Fault ends them
	// all. nil when the app takes no requests. A fault that cannot be made calls t.Skip and says so.
	Inject func(t testing.TB, f Fault)
	// Count is the number of requests of that kind since Reset, those that hang included; Any counts
	// all. Both nil when the app takes no requests.
	Count func(op Op) int
	Reset func()
}

// Op names requests by what they are for; a harness translates it into methods and paths.
type Op string

// The requests. Two of them may be one and the same for an app (Deactivate and UpdateAccount).
const (
	Any             Op = ""
	ListAccounts    Op = "list accounts"
	ReadAccount     Op = "read account"
	CreateAccount   Op = "create account"
	UpdateAccount   Op = "update account"
	Deactivate      Op = "deactivate account"
	DeleteAccount   Op = "delete account"
	EndSessions     Op = "end sessions"
	ListGroups      Op = "list groups"
	ReadGroup       Op = "read group"
	ListMembers     Op = "list members"
	CreateGroup     Op = "create group"
	UpdateGroup     Op = "update group"
	DeleteGroup     Op = "delete group"
	ChangeMembers   Op = "change members"
	ListPools       Op = "list pools"
	ListAssignees   Op = "list assignees"
	ChangeAssignees Op = "change assignees"
)

// Fault is what goes wrong with requests of one kind.
type Fault struct {
	On    Op
	Skip  int // how many pass first
	Times int // how many fail; 0 is all

	Status     int  // answer with this status
	Body       Body // and this kind of body
	RetryAfter *int // and this header, in seconds
	Hang       bool // or never answer
	Close      bool // or cut the connection
	// After does it when the request has been carried out.
	After bool
	// RepeatPage answers every page with the first; TruncateAt ends a listing after so many rows of more.
	RepeatPage bool
	TruncateAt int
}

// Body is the kind of body of a faulty answer.
type Body string

// The bodies. BodyCut is a true answer of which only the beginning arrives.
const (
	BodyError   Body = "error" // the app's own error format; the default with an error status
	BodyHTML    Body = "html"
	BodyEmpty   Body = "empty"
	BodyGarbage Body = "garbage"
	BodyCut     Body = "cut"
)

// Check is one promise.
type Check struct {
	Name  string
	needs []app.Capability
	// What the harness has to offer.
	faults, counts, sessions bool
	world                    func(p plan) World
	check                    func(s *session)
}

// plan is what worlds are made from: what the connector under test and its harness can do.
type plan struct {
	h              Harness
	app            app.App
	info           app.Info
	faults, counts bool
}

// probe opens an empty app to see what there is.
func probe(t testing.TB, h Harness) plan {
	t.Helper()
	if h.Timeout == 0 {
		h.Timeout = 150 * time.Millisecond
	}
	s := h.Open(t, World{})
	return plan{h: h, app: s.App, info: s.App.Info(), faults: s.Inject != nil, counts: s.Count != nil}
}

func (p plan) can(c app.Capability) bool {
	ok, _ := app.Supports(p.app, c)
	return ok
}

// page is the page size to work with.
func (p plan) page() int {
	if p.h.PageSize > 0 {
		return p.h.PageSize
	}
	return 4
}

// Run checks everything, each check as a parallel subtest with an app of its own. A name in Skip that
// is no check is an error.
func Run(t *testing.T, h Harness) {
	unknown := maps.Clone(h.Skip)
	p := probe(t, h)
	for _, c := range Checks() {
		delete(unknown, c.Name)
		if h.Only != nil && !h.Only(c.Name) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.run(t, p)
		})
	}
	for name := range unknown {
		t.Errorf("there is no check %q to skip", name)
	}
}

// Checks lists the promises in a fixed order.
func Checks() []Check {
	var all []Check
	for _, group := range [][]Check{
		infoChecks(), listingChecks(), filterChecks(), memberListingChecks(), failureChecks(), accountChecks(), retireChecks(), sessionChecks(),
		groupChecks(), memberChecks(), memberFailureChecks(), licenseChecks(), ambiguityChecks(), conductChecks(),
	} {
		all = append(all, group...)
	}
	return all
}

// Run checks one promise.
func (c Check) Run(t testing.TB, h Harness) {
	t.Helper()
	c.run(t, probe(t, h))
}

func (c Check) run(t testing.TB, p plan) {
	t.Helper()
	if why, skip := p.h.Skip[c.Name]; skip {
		t.Skipf("not checked: %s: %s", c.Name, why)
	}
	for _, need := range c.needs {
		if ok, why := app.Supports(p.app, need); !ok {
			if why != "" {
				why = ": " + why
			}
			t.Skipf("not checked: %s, because the app cannot %s%s", c.Name, need, why)
		}
	}
	if c.faults && !p.faults {
		t.Skipf("not checked: %s, because the harness cannot make the app fail", c.Name)
	}
	if c.counts && !p.counts {
		t.Skipf("not checked: %s, because the harness cannot count requests", c.Name)
	}
	if c.sessions && !p.h.Sessions {
		t.Skipf("not checked: %s, because the harness knows of no sessions", c.Name)
	}
	s := &session{TB: t, plan: p, ctx: t.Context()}
	if c.world != nil {
		s.world = c.world(p)
	}
	s.Subject = p.h.Open(t, s.world)
	if s.app = s.App; s.Count != nil {
		s.opened = s.Count(Any)
	}
	s.fresh()
	s.info = s.app.Info()
	c.check(s)
}

// session is one check under way.
type session struct {
	testing.TB
	Subject
	plan
	ctx   context.Context
	world World
	// opened counts the requests of opening the app.
	opened int
	ids    map[string]string // groups by name, for methods
	refs   map[string]access.Account
}

// fresh forgets the requests so far.
func (s *session) fresh() {
	if s.Reset != nil {
		s.Reset()
	}
}

// within fails when more requests were sent than allowed, beside the connector's own.
func (s *session) within(op Op, most int) {
	s.Helper()
	if s.Count == nil {
		return
	}
	if op == Any {
		most += s.h.Overhead
	}
	if n := s.Count(op); n > most {
		name := string(op)
		if op == Any {
			name = "all"
		}
		s.Errorf("%d requests (%s), at most %d are needed", n, name, most)
	}
}

func (s *session) accountReader() app.AccountReader { return s.app.(app.AccountReader) }
func (s *session) accountWriter() app.AccountWriter { return s.app.(app.AccountWriter) }
func (s *session) groupReader() app.GroupReader     { return s.app.(app.GroupReader) }
func (s *session) groupWriter() app.GroupWriter     { return s.app.(app.GroupWriter) }
func (s *session) licenseReader() app.LicenseReader { return s.app.(app.LicenseReader) }
func (s *session) licenseWriter() app.LicenseWriter { return s.app.(app.LicenseWriter) }
