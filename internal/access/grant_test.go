package access_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

func TestParseGrant(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want access.Grant
		fail string // part of the error
	}{
		{in: "slack/accounts", want: access.Grant{App: "slack", Kind: access.GrantAccount}},
		{in: "gh/groups/prod-admins", want: access.Grant{App: "gh", Kind: access.GrantGroup, Name: "prod-admins"}},
		{in: "gh/groups/a%2Fb 100%25", want: access.Grant{App: "gh", Kind: access.GrantGroup, Name: "a/b 100%"}},
		{in: "figma/licenses/Design/Full", want: access.Grant{App: "figma", Kind: access.GrantLicense, Name: "Design", License: "Full"}},
		{in: "slack/roles/admin", want: access.Grant{App: "slack", Kind: access.GrantRole, Name: "admin"}},
		{in: "", fail: "part is empty"},
		{in: "slack", fail: "APP/accounts"},
		{in: "slack/account", fail: `"account" is not one of`},
		{in: "slack/accounts/ana", fail: "1 parts after"},
		{in: "gh/groups", fail: "0 parts after"},
		{in: "gh/groups/", fail: "part is empty"},
		{in: "gh/groups/a/b", fail: "%2F"},
		{in: "gh/groups/100%", fail: "%25"},
		{in: "figma/licenses/Design", fail: "instead of 2"},
		{in: "/groups/x", fail: "part is empty"},
	} {
		got, err := access.ParseGrant(tc.in)
		if tc.fail != "" {
			if err == nil || !strings.Contains(err.Error(), tc.fail) {
				t.Errorf("ParseGrant(%q) error = %v, want one that says %q", tc.in, err, tc.fail)
			}
			continue
		}
		if err != nil || got != tc.want {
			t.Errorf("ParseGrant(%q) = %+v, %v; want %+v", tc.in, got, err, tc.want)
		}
	}
}

func FuzzParseGrant(f *testing.F) {
	for _, s := range []string{"slack/accounts", "gh/groups/a%2Fb", "figma/licenses/Design/Full", "x/roles/%", "//", "a/groups/%25"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := access.ParseGrant(s)
		if err != nil {
			return
		}
		again, err := access.ParseGrant(g.String())
		if err != nil || again != g {
			t.Fatalf("%q parses as %+v, whose address %q parses as %+v, %v", s, g, g.String(), again, err)
		}
	})
}
