package scim

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	in := list(3,
		`{"id":"g1","displayName":"Admins","members":[{"value":"a","display":"Ana"},{"value":"a"},{"value":"g9","$ref":"https://x/Groups/g9"},{"value":"g8","type":"Group"}]}`,
		`{"id":"g2","DisplayName":"Empty","members":[]}`,
		`{"id":"g3","displayName":"Silent"}`)
	member := func(id string, nested bool) access.Member {
		return access.Member{AccountID: id, Role: "member", Nested: nested}
	}
	full := []access.Group{
		{ID: "g1", Name: "Admins", MembersKnown: true, Members: []access.Member{member("a", false), member("g9", true), member("g8", true)}},
		{ID: "g2", Name: "Empty", MembersKnown: true, Members: []access.Member{}},
		{ID: "g3", Name: "Silent"}, // absent is not empty
	}
	bare := []access.Group{{ID: "g1", Name: "Admins"}, {ID: "g2", Name: "Empty"}, {ID: "g3", Name: "Silent"}}
	lean := "GET /Groups?excludedAttributes=members&startIndex=1&count=100"
	for _, tc := range []struct {
		name    string
		cfg     Config
		members bool
		request string
		want    []access.Group
	}{
		{"with members", Config{}, true, "GET /Groups?startIndex=1&count=100", full},
		{"without", Config{}, false, lean, bare},
		{"per group", Config{Override: Dialect{ReadMembers: "per_group"}}, true, lean, bare},
		{"by filter: the empty lists mean nothing", Config{Profile: "aws_identity_center"}, true, "GET /Groups?cursor&count=100", bare},
		{
			"as many as the cap",
			Config{Override: Dialect{MemberCap: 4}},
			true, "GET /Groups?startIndex=1&count=100",
			[]access.Group{{ID: "g1", Name: "Admins"}, full[1], full[2]},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, exchange{request: tc.request, answer: in})
			got, err := collect(a.Groups(t.Context(), tc.members))
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("listed %+v, %v\nwant %+v", got, err, tc.want)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	aws := Config{Profile: "aws_identity_center"}
	byFilter := `GET /Users?filter=groups.value eq "g1"&cursor&count=100`
	for _, tc := range []struct {
		name   string
		cfg    Config
		expect []exchange
		want   []access.Member
		kind   fault.Kind
		says   string
	}{
		{"of a group", Config{}, []exchange{{request: "GET /Groups/g1", answer: `{"id":"g1","members":[{"value":"a"}]}`}}, []access.Member{{AccountID: "a", Role: "member"}}, 0, ""},
		{"none", Config{}, []exchange{{request: "GET /Groups/g1", answer: `{"id":"g1"}`}}, nil, 0, ""},
		{
			"cut at the cap",
			Config{Override: Dialect{MemberCap: 1}},
			[]exchange{{request: "GET /Groups/g1", answer: `{"id":"g1","members":[{"value":"a"}]}`}},
			nil, fault.LimitReached, "at most 1 members",
		},
		{"no group", Config{}, []exchange{{request: "GET /Groups/g1", status: 404}}, nil, fault.NotFound, "list members g1"},
		{"by filter", aws, []exchange{{request: byFilter, answer: list(1, user("a"))}}, []access.Member{{AccountID: "a", UserName: "a@acme.com", Role: "member"}}, 0, ""},
		{"by filter, none", aws, []exchange{{request: byFilter, answer: list(0)}, {request: "GET /Groups/g1", answer: `{"id":"g1"}`}}, nil, 0, ""},
		{"by filter, no group", aws, []exchange{{request: byFilter, answer: list(0)}, {request: "GET /Groups/g1", status: 404}}, nil, fault.NotFound, ""},
		{"unavailable", Config{Override: Dialect{ReadMembers: "unavailable"}}, nil, nil, fault.Unsupported, "read_members is unavailable"},
		{"no groups at all", Config{Profile: "gitlab"}, nil, nil, fault.Unsupported, "GitLab's SCIM has no groups"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, tc.expect...)
			got, err := collect(a.Members(t.Context(), "g1"))
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
			} else if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("listed %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}

func TestWriteGroups(t *testing.T) {
	t.Parallel()
	name, text := "Admins", "text"
	spec := access.GroupSpec{Name: &name}
	create := func(a *App) (access.Group, error) { return a.CreateGroup(t.Context(), spec) }
	rename := func(a *App) (access.Group, error) { return a.UpdateGroup(t.Context(), "g1", spec) }
	group := `{"id":"g1","displayName":"Admins"}`
	post := exchange{request: "POST /Groups", body: `{"schemas":["` + coreGroup + `"],"displayName":"Admins"}`, status: 201, answer: group}
	with := func(e exchange, status int, answer string) exchange { e.status, e.answer = status, answer; return e }
	find := exchange{request: `GET /Groups?excludedAttributes=members&filter=displayName eq "Admins"&startIndex=1&count=100`}
	patchName := exchange{request: "PATCH /Groups/g1?excludedAttributes=members", body: patch(`{"op":"replace","path":"displayName","value":"Admins"}`)}
	get := exchange{request: "GET /Groups/g1?excludedAttributes=members", answer: group}
	github := post
	github.body = `{"schemas":["` + coreGroup + `"],"displayName":"Admins","externalId":"Admins"}`
	for _, tc := range []struct {
		name   string
		cfg    Config
		do     func(a *App) (access.Group, error)
		expect []exchange
		kind   fault.Kind
		says   string
	}{
		{"create", Config{}, create, []exchange{post}, 0, ""},
		{"create with an external id", Config{Profile: "github_emu"}, create, []exchange{github}, 0, ""},
		{"create, exists", Config{}, create, []exchange{with(post, 409, `{}`)}, fault.Exists, "create group Admins in wiki"},
		{"create, unanswered, found", Config{}, create, []exchange{with(post, 502, ``), with(find, 0, list(1, group))}, 0, ""},
		{"create, unanswered, two found", Config{}, create, []exchange{
			with(post, 502, ``),
			with(find, 0, list(2, group, `{"id":"g2","displayName":"ADMINS"}`)), with(find, 0, list(2, group, `{"id":"g2","displayName":"ADMINS"}`)),
		}, fault.Unconfirmed, ""},
		{"create, no description in SCIM", Config{}, func(a *App) (access.Group, error) {
			return a.CreateGroup(t.Context(), access.GroupSpec{Name: &name, Description: &text})
		}, nil, fault.Unsupported, "description"},
		{"create without a name", Config{}, func(a *App) (access.Group, error) { return a.CreateGroup(t.Context(), access.GroupSpec{}) }, nil, fault.Invalid, "name"},
		{"create, no groups", Config{Profile: "gitlab"}, create, nil, fault.Unsupported, "no groups"},
		{"rename", Config{}, rename, []exchange{with(patchName, 200, group)}, 0, ""},
		{"rename, 204", Config{}, rename, []exchange{with(patchName, 204, ""), get}, 0, ""},
		{"rename, unanswered, done", Config{}, rename, []exchange{with(patchName, 504, ""), get}, 0, ""},
		{"rename, unanswered, not done", Config{}, rename, []exchange{with(patchName, 504, ""), with(get, 0, `{"id":"g1","displayName":"Old"}`)}, fault.Unconfirmed, ""},
		{"rename, gone", Config{}, rename, []exchange{with(patchName, 404, "")}, fault.NotFound, "update group g1"},
		{"read", Config{}, func(a *App) (access.Group, error) { return a.Group(t.Context(), "g1") }, []exchange{get}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.do(open(t, tc.cfg, tc.expect...))
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
			} else if err != nil || got.ID != "g1" || got.Name != "Admins" || got.MembersKnown {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	for status, kind := range map[int]fault.Kind{204: 0, 404: 0, 403: fault.Forbidden} {
		a := open(t, Config{}, exchange{request: "DELETE /Groups/g1", status: status})
		if err := a.DeleteGroup(t.Context(), "g1"); fault.KindOf(err) != kind {
			t.Errorf("delete answered %d: %v", status, err)
		}
	}
}

// outcomes renders errors index by index: "ok", or the kind.
func outcomes(errs []error) string {
	s := ""
	for _, err := range errs {
		if err == nil {
			s += "ok "
		} else {
			s += fmt.Sprint(fault.KindOf(err)) + " "
		}
	}
	return s
}
