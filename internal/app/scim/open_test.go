package scim

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	minus := -1
	_, err := Open(Config{
		BaseURL: "https://u:" + token + "@x", Profile: "salck",
		Override: Dialect{
			Paging: "pages", PageSize: -1, ContentType: "text/xml", ReadMembers: "no", MemberRemoval: "all", MaxMemberChanges: -1,
			UpdateWith: "post", RetireWith: "fire", PersonIDIn: "badge", RolePath: "a b", Fields: []string{"shoe_size", "user_name"},
			Lacks: map[string]string{"fly": "no wings"}, UserFilters: []string{"a b"}, GroupFilters: []string{"x[y eq 1]"},
		},
		Attributes: []Attribute{{"", "nickName"}, {"a", "nickName"}, {"a", "x"}, {"b", "[]"}, {"c", "userName"}, {"d", "meta.version"}, {"e", "active"}},
		Licenses: []License{
			{},
			{Product: "P", Group: "g", Path: "x"},
			{Product: "Q", License: "1", Path: "x", Value: "y", ReleasedValue: "y"},
			{Product: "Q", License: "1", Group: "g", Total: &minus},
			{Product: "R", Path: "[", Value: "z"},
		},
	})
	if fault.KindOf(err) != fault.Invalid {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"base_url", `profile is "salck"; there are atlassian, aws_identity_center`, "paging", "page_size", "content_type", "read_members", "member_removal",
		"max_member_changes", "update_with", "retire_with", "person_id_in", "role_path", "fields: an element", `"fly"`, "user_filters", "group_filters",
		"attribute block 1 has no name", `attribute "a" is defined twice`, `attribute "b"`, `"c": path userName is the field user_name already`,
		`"d": path meta.version is assigned by the server`, `"e": path active`, "license block 1: product is missing", "block 2: set either group", "block 3: value and released_value",
		"belong in one place", "defined twice", "total is -1", "license block 5", "no credential",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), token) {
		t.Error("the password shows")
	}
}

func TestTenant(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://API.Slack.com:443/scim/v2/":    "api.slack.com/scim/v2",
		"https://api.slack.com//scim/v2":        "api.slack.com/scim/v2",
		"http://localhost:8080":                 "localhost:8080",
		"https://x.example:8443/T%2F1/scim":     "x.example:8443/T%2F1/scim",
		"https://scim.aws.example/Tenant/scim/": "scim.aws.example/Tenant/scim",
	} {
		if got := tenant(in); got != want {
			t.Errorf("tenant of %s is %s, want %s", in, got, want)
		}
	}
}

// Every field of a profile can be overridden, and is kept when it is not.
func TestEveryFieldOfADialectIsMerged(t *testing.T) {
	t.Parallel()
	fill := func(n int) (d Dialect) {
		v := reflect.ValueOf(&d).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Interface().(type) {
			case string:
				f.SetString(fmt.Sprint("s", n))
			case int:
				f.SetInt(int64(n))
			case *bool:
				f.Set(reflect.ValueOf(new(n == 1)))
			case []string:
				f.Set(reflect.ValueOf([]string{fmt.Sprint(n)}))
			case map[string]string:
				f.Set(reflect.ValueOf(map[string]string{fmt.Sprint(n): ""}))
			default:
				t.Fatalf("field %s has a type that this test does not know", v.Type().Field(i).Name)
			}
		}
		return d
	}
	one, two := fill(1), fill(2)
	if got := one.over(two); !reflect.DeepEqual(got, one) {
		t.Errorf("overridden: %+v", got)
	}
	if got := (Dialect{}).over(two); !reflect.DeepEqual(got, two) {
		t.Errorf("kept: %+v", got)
	}
	if got := (Dialect{Lacks: map[string]string{}, UserFilters: []string{}}).over(two); len(got.Lacks)+len(got.UserFilters) > 0 {
		t.Errorf("an empty list is an answer: %+v", got)
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	want := "atlassian aws_identity_center databricks figma generic github_emu gitlab hcp_terraform notion sentry slack zoom"
	if got := strings.Join(Profiles(), " "); got != want {
		t.Errorf("profiles are %s, want %s", got, want)
	}
	all := []app.Capability{
		app.ReadAccounts, app.CreateAccounts, app.UpdateAccounts, app.DeactivateAccount, app.ReactivateAccount, app.DeleteAccounts,
		app.ReadGroups, app.WriteGroups, app.ReadMembers, app.WriteMembers,
	}
	for _, tc := range []struct {
		profile string
		without []app.Capability
		fields  string
		max     int
	}{
		{"generic", nil, "person_id user_name email given_name family_name display_name title department manager", 100},
		{"slack", []app.Capability{app.DeleteAccounts}, "person_id user_name email given_name family_name display_name title department manager", 1000},
		{"aws_identity_center", nil, "person_id user_name email given_name family_name display_name title department manager", 100},
		{"github_emu", nil, "person_id user_name email given_name family_name display_name role", 500},
		{"gitlab", []app.Capability{app.UpdateAccounts, app.ReadGroups, app.WriteGroups, app.ReadMembers, app.WriteMembers}, "person_id user_name email given_name family_name", 100},
		{"atlassian", []app.Capability{app.DeleteAccounts}, "person_id user_name email given_name family_name display_name title department manager", 100},
		{"databricks", nil, "person_id user_name email given_name family_name display_name", 100},
		{"sentry", []app.Capability{app.ReactivateAccount}, "user_name role", 100},
		{"hcp_terraform", nil, "person_id user_name email", 100},
		{"zoom", nil, "user_name email given_name family_name display_name title department", 50},
		{"figma", nil, "person_id user_name email given_name family_name display_name title department manager", 100},
		{"notion", []app.Capability{app.ReactivateAccount}, "user_name email given_name family_name", 100},
	} {
		t.Run(tc.profile, func(t *testing.T) {
			t.Parallel()
			a := open(t, Config{Profile: tc.profile})
			info := a.Info()
			var fields []string
			for _, f := range info.Fields {
				fields = append(fields, string(f))
			}
			if got := strings.Join(fields, " "); got != tc.fields {
				t.Errorf("fields are %s, want %s", got, tc.fields)
			}
			caps := slices.DeleteFunc(slices.Clone(all), func(c app.Capability) bool { return slices.Contains(tc.without, c) })
			if got := app.Capabilities(a); !slices.Equal(got, caps) {
				t.Errorf("capabilities are %v, want %v", got, caps)
			}
			for c, why := range info.Lacks {
				if !strings.Contains(why, " ") || !slices.Contains(app.AllCapabilities(), c) {
					t.Errorf("lacks %q because %q", c, why)
				}
			}
			if info.Kind != "scim" || info.MaxMemberChanges != tc.max || !info.ManagerIsID || !info.UserNamesFoldCase || !strings.HasSuffix(info.Tenant, "/scim/v2") {
				t.Errorf("info %+v", info)
			}
		})
	}
}

// What a profile says can be contradicted.
func TestOverrides(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Profile: "sentry", Override: Dialect{
		Lacks: map[string]string{}, RetireWith: "deactivate", UpdateWith: "patch", RolePath: "none", PersonIDIn: "external_id",
		Fields: []string{"person_id", "user_name"}, UserNamesFoldCase: new(bool),
	}}, exchange{request: "PATCH /Users/7", body: patch(`{"op":"replace","path":"active","value":false}`), answer: `{"id":"7","active":false}`})
	info := a.Info()
	if info.UserNamesFoldCase || !slices.Equal(info.Fields, []access.Field{access.PersonID, access.UserName}) || info.Lacks[app.ReactivateAccount] != "" {
		t.Errorf("info %+v", info)
	}
	if err := a.RetireAccount(t.Context(), access.AccountRef{ID: "7"}, access.Deactivate); err != nil {
		t.Error(err)
	}
}
