package scim

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

const (
	conformanceToken = "s3cr3t-conformance-token"
	costCenter       = enterpriseUser + ":costCenter"
	licenseGroup     = "license-"
)

// vendor is one way of speaking SCIM: the configuration and the server that goes with it.
type vendor struct {
	profile  string
	override Dialect
	server   sandbox.Dialect
	// preset takes the server's habits from the sandbox's own table; tune changes them.
	preset string
	tune   func(*sandbox.Dialect)
	// bare: users have no attributes beyond the fields, and so no place for licenses.
	bare bool
	// brief leaves out how each method meets each failure: the vendors without it go the same ways there.
	brief bool
	// groupLicenses: licenses are kept in groups.
	groupLicenses bool
	// bulk: every write of an account is a bulk request, if only of one.
	bulk bool
	skip map[string]string
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]vendor{
		"generic":           {},
		"cursors":           {brief: true, override: Dialect{Paging: "cursor"}, server: sandbox.Dialect{Paging: sandbox.PagingCursor}},
		"cursors unasked":   {brief: true, server: sandbox.Dialect{Paging: sandbox.PagingCursor}},
		"no paging":         {brief: true, override: Dialect{Paging: "none"}, server: sandbox.Dialect{Paging: sandbox.PagingNone}},
		"members per group": {brief: true, override: Dialect{ReadMembers: "per_group"}, server: sandbox.Dialect{Members: sandbox.MembersGet}},
		"PUT":               {override: Dialect{UpdateWith: "put"}, server: sandbox.Dialect{NoUserPatch: true}},
		"PUT that merges": {brief: true, override: Dialect{UpdateWith: "put"}, server: sandbox.Dialect{NoUserPatch: true, PutMerges: true}, skip: map[string]string{
			"licenses/remove": "a license is released by leaving its attribute out, which such a server takes for no change; the connector says that it did not work",
		}},
		"bulk":                {bulk: true, server: sandbox.Dialect{Bulk: true, BulkBodies: true}},
		"bulk PUT":            {bulk: true, override: Dialect{UpdateWith: "put"}, server: sandbox.Dialect{Bulk: true, NoUserPatch: true}},
		"employee numbers":    {brief: true, override: Dialect{PersonIDIn: "employee_number"}},
		"no bodies":           {brief: true, server: sandbox.Dialect{PatchNoContent: true, ContentType: "text/plain", StringBooleans: true, MinimalLists: true}},
		"unknown members 404": {brief: true, server: sandbox.Dialect{UnknownMember: 404, NoUserGroups: true, NoProjection: true}},
		"licenses in groups":  {groupLicenses: true},
		"slack":               {brief: true, profile: "slack", preset: "slack"},
		"databricks":          {brief: true, profile: "databricks", preset: "databricks"},
		"figma":               {brief: true, profile: "figma", preset: "figma"},
		"zoom":                {brief: true, profile: "zoom", preset: "zoom"},
		"notion":              {brief: true, profile: "notion", preset: "notion"},
		"atlassian":           {brief: true, profile: "atlassian", preset: "atlassian"},
		"hcp_terraform":       {brief: true, profile: "hcp_terraform", preset: "hcp_terraform", bare: true},
		"gitlab":              {brief: true, profile: "gitlab", preset: "gitlab", bare: true},
		"sentry":              {profile: "sentry", preset: "sentry", bare: true},
		// The suite looks accounts up by the names it gave them, which GitHub rewrites and hides.
		"github_emu": {brief: true, profile: "github_emu", preset: "github_emu", tune: func(d *sandbox.Dialect) { d.UserNames, d.MaskInactive = sandbox.RewriteNone, false }},
		"aws_identity_center": {profile: "aws_identity_center", preset: "aws_identity_center", skip: map[string]string{
			"failure/list members/404": "members are found by listing users, and a 404 to that is a wrong address",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apptest.Run(t, v.harness(t))
		})
	}
}

func (v vendor) harness(t *testing.T) apptest.Harness {
	t.Helper()
	const pageSize = 4
	server := v.server
	if v.preset != "" {
		var err error
		if server, err = sandbox.Preset(v.preset); err != nil {
			t.Fatal(err)
		}
	}
	if v.tune != nil {
		v.tune(&server)
	}
	server.PageSize = pageSize
	v.override.PageSize = pageSize
	v.override.MaxMemberChanges = 3
	dialect := v.override.over(profiles()[v.profile].dialect).over(profiles()["generic"].dialect)
	h := apptest.Harness{
		PageSize: pageSize, Secret: conformanceToken, Retries: true, ReadsBack: true,
		Skip: v.skip,
	}
	switch {
	case v.groupLicenses: // the groups of licenses would be strangers to the other checks
		h.Only = func(name string) bool { return strings.HasPrefix(name, "licenses/") }
	case v.brief:
		h.Only = func(name string) bool {
			kind, _, _ := strings.Cut(name, "/")
			return kind != "failure" && kind != "lost answer" && kind != "ended run"
		}
	}
	var attributes []Attribute
	var licenses []License
	if !v.bare {
		h.Attributes = []string{"cost_center"}
		h.Licenses = &apptest.Licenses{Product: "Suite", License: "Full", Other: "Viewer", Limited: true}
		attributes = []Attribute{{Name: "cost_center", Path: costCenter}}
		for _, name := range []string{"Full", "Viewer"} {
			l := License{Product: "Suite", License: name, Total: new(4)}
			if v.groupLicenses {
				l.Group = licenseGroup + name
			} else {
				l.Path, l.Value = "userType", name
			}
			licenses = append(licenses, l)
		}
	}
	h.NoTotals = server.NoTotals
	if dialect.Paging == "none" {
		h.PageSize = 0
	}
	if dialect.ReadMembers == "by_user_filter" {
		h.MemberPageSize = pageSize
	}
	h.Open = func(t testing.TB, w apptest.World) apptest.Subject {
		s, err := sandbox.New(sandbox.Options{Token: conformanceToken, Dialect: server, KeepBodies: v.bulk})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, dialect, w, v.groupLicenses)
		ts := httptest.NewServer(s)
		t.Cleanup(ts.Close)
		retries := 0
		if w.Retry {
			retries = 1
		}
		a, err := Open(Config{
			Name: "app", BaseURL: ts.URL + sandbox.BasePath, Token: conformanceToken, Profile: v.profile, Override: v.override, MaxRetries: &retries,
			MaxRequestsPerSecond: 100_000, Attributes: attributes, Licenses: licenses,
		})
		if err != nil {
			t.Fatal(err)
		}
		a.patience = []time.Duration{}
		if v.bulk {
			a.writes.operations, a.writes.least, a.writes.gather = 100, 1, func() {}
			t.Cleanup(func() {
				if n := s.Count("POST", "/Users") + s.Count("PATCH", "/Users/{id}") + s.Count("PUT", "/Users/{id}") + s.Count("DELETE", "/Users/{id}"); n > 0 && !w.Retry && server.BulkBodies {
					t.Errorf("%d writes were plain requests", n)
				}
			})
		}
		return apptest.Subject{
			App: a, Look: func(testing.TB) apptest.World { return look(s, dialect) },
			Inject: func(t testing.TB, f apptest.Fault) { inject(t, s, dialect, v.bulk, f) },
			Count: func(op apptest.Op) int {
				if op == apptest.Any {
					return s.Stats().Total
				}
				method, path, _ := request(op, dialect)
				return s.Count(method, path) + inBulk(s, method, path)
			},
			Reset: s.Reset,
		}
	}
	return h
}

// fill makes the server hold a world.
func fill(t testing.TB, s *sandbox.Server, d Dialect, w apptest.World, groupLicenses bool) {
	t.Helper()
	ids := map[string]string{}
	holders := map[string][]string{}
	for _, a := range w.Accounts {
		u := sandbox.User{
			UserName: a.UserName, GivenName: a.GivenName, FamilyName: a.FamilyName, DisplayName: a.DisplayName, Email: a.Email,
			Title: a.Title, Department: a.Department, Inactive: !a.Active,
		}
		switch d.PersonIDIn {
		case "external_id":
			u.ExternalID = a.PersonID
		case "employee_number":
			u.EmployeeNumber = a.PersonID
		case "id":
			u.ID, u.ExternalID = a.PersonID, a.PersonID
		}
		for _, as := range w.Assigned["Suite"] {
			if as.UserName == a.UserName && !groupLicenses {
				u.UserType = as.License
			}
		}
		made, err := s.AddUser(u)
		if err != nil {
			t.Fatal(err)
		}
		ids[a.UserName] = made.ID
	}
	for _, g := range w.Groups {
		sg := sandbox.Group{DisplayName: g.Name}
		for _, m := range g.Members {
			sg.Members = append(sg.Members, ids[m.UserName])
		}
		if _, err := s.AddGroup(sg); err != nil {
			t.Fatal(err)
		}
	}
	for _, as := range w.Assigned["Suite"] {
		holders[as.License] = append(holders[as.License], ids[as.UserName])
	}
	for _, p := range w.Pools {
		if groupLicenses {
			if _, err := s.AddGroup(sandbox.Group{DisplayName: licenseGroup + p.License, Members: holders[p.License]}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// look reads what the server holds, not by SCIM.
func look(s *sandbox.Server, d Dialect) apptest.World {
	w := apptest.World{Assigned: map[string][]access.Assignment{}}
	for _, u := range s.Users() {
		a := access.Account{
			ID: u.ID, UserName: u.UserName, GivenName: u.GivenName, FamilyName: u.FamilyName, DisplayName: u.DisplayName, Email: u.Email,
			Title: u.Title, Department: u.Department, Manager: u.Manager, Active: !u.Inactive,
		}
		switch d.PersonIDIn {
		case "external_id":
			a.PersonID = u.ExternalID
		case "employee_number":
			a.PersonID = u.EmployeeNumber
		case "id":
			a.PersonID = u.ID
		}
		if v := s.Values(u.ID, costCenter); len(v) == 1 {
			a.Attributes = map[string]string{"cost_center": v[0].(string)}
		}
		if u.UserType != "" {
			w.Assigned["Suite"] = append(w.Assigned["Suite"], access.Assignment{AccountID: u.ID, License: u.UserType})
		}
		w.Accounts = append(w.Accounts, a)
	}
	for _, g := range s.Groups() {
		if license, ok := strings.CutPrefix(g.DisplayName, licenseGroup); ok {
			for _, id := range g.Members {
				w.Assigned["Suite"] = append(w.Assigned["Suite"], access.Assignment{AccountID: id, License: license})
			}
			continue
		}
		ag := access.Group{ID: g.ID, Name: g.DisplayName}
		for _, id := range g.Members {
			ag.Members = append(ag.Members, access.Member{AccountID: id})
		}
		w.Groups = append(w.Groups, ag)
	}
	return w
}

// request is the method, the template and the pattern of the requests that an operation is made of.
func request(op apptest.Op, d Dialect) (method, template, pattern string) {
	const user, group = "/Users/{id}", "/Groups/{id}"
	update := "PATCH"
	if d.UpdateWith == "put" {
		update = "PUT"
	}
	switch op {
	case apptest.ListAccounts, apptest.ListPools, apptest.ListAssignees:
		return "GET", "/Users", "^/Users$"
	case apptest.ReadAccount:
		return "GET", user, "^/Users/"
	case apptest.CreateAccount:
		return "POST", "/Users", "^/Users$"
	case apptest.Deactivate:
		if d.RetireWith == "delete" {
			return "DELETE", user, "^/Users/"
		}
		return update, user, "^/Users/"
	case apptest.UpdateAccount, apptest.ChangeAssignees:
		return update, user, "^/Users/"
	case apptest.DeleteAccount:
		return "DELETE", user, "^/Users/"
	case apptest.ListGroups:
		return "GET", "/Groups", "^/Groups$"
	case apptest.ListMembers:
		if d.ReadMembers == "by_user_filter" {
			return "GET", "/Users", "^/Users$"
		}
		return "GET", group, "^/Groups/"
	case apptest.ReadGroup:
		return "GET", group, "^/Groups/"
	case apptest.CreateGroup:
		return "POST", "/Groups", "^/Groups$"
	case apptest.UpdateGroup, apptest.ChangeMembers:
		return "PATCH", group, "^/Groups/"
	case apptest.DeleteGroup:
		return "DELETE", group, "^/Groups/"
	}
	return "", "", ""
}

// inBulk counts operations inside bulk requests, those that were not carried out included.
func inBulk(s *sandbox.Server, method, template string) int {
	path, one := strings.CutSuffix(template, "/{id}")
	text := `"method":"` + method + `","path":"` + path
	if method == "POST" {
		text = `","path":"` + path + `",`
	}
	if one {
		text += "/"
	}
	n := 0
	for _, r := range s.Requests() {
		if r.Template == "/Bulk" {
			n += strings.Count(r.Body, text)
		}
	}
	return n
}

func inject(t testing.TB, s *sandbox.Server, d Dialect, bulk bool, f apptest.Fault) {
	t.Helper()
	if f == (apptest.Fault{}) {
		s.ClearFaults()
		return
	}
	method, _, pattern := request(f.On, d)
	payloads := map[apptest.Body]sandbox.Payload{
		apptest.BodyHTML: sandbox.PayloadHTML, apptest.BodyEmpty: sandbox.PayloadEmpty, apptest.BodyGarbage: sandbox.PayloadGarbage, apptest.BodyCut: sandbox.PayloadCut,
	}
	r := sandbox.Rule{Method: method, Path: pattern, Skip: f.Skip, Count: f.Times, Fault: sandbox.Fault{
		Status: f.Status, Payload: payloads[f.Body], RetryAfter: f.RetryAfter, Hang: f.Hang, Close: f.Close, After: f.After,
	}}
	switch {
	case f.RepeatPage:
		r.Page = sandbox.PageRepeated
	case f.TruncateAt > 0:
		r.Page, r.Rows = sandbox.PageTruncated, f.TruncateAt
	}
	if bulk && method != "GET" && strings.HasPrefix(pattern, "^/Users") && (f.Status == 0 || f.After || f.Body != "" || f.RetryAfter != nil) {
		r.Method, r.Path = "POST", "^/Bulk$" // these happen to answers, and operations have none of their own
	}
	if err := s.AddFaults(r); err != nil {
		t.Fatal(err)
	}
}
