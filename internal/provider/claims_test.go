package provider_test

import (
	"strings"
	"testing"
)

// A group is the same whether it is called by its name or its id, a set that removes strangers shares its group
// with nobody, and whoever it would leave alone anyway may be managed beside it.
func TestClaims(t *testing.T) {
	t.Parallel()
	groupMembers := func(group, members, unmanaged string) string {
		return "resource \"tenure_group_members\" \"g\" {\n  app = \"wiki\"\n  group = " + group + "\n  members = " + members + "\n  unmanaged = \"" + unmanaged + "\"\n}\n"
	}
	account := "resource \"tenure_account\" \"bot\" {\n  app = \"wiki\"\n  user_name = \"bot@x\"\n}\n"
	license := "resource \"tenure_license_assignment\" \"bob\" {\n  app = \"wiki\"\n  product = \"design\"\n  license = \"Full\"\n  user_name = \"bob@x\"\n}\n"
	whole := func(lines, unmanaged string) string { return appAccess(lines + unmanaged) }
	ana := `accounts = { ana = { user_name = "ana@x" } }
	`
	for name, tc := range map[string]struct {
		app, config string
		want        []string // no conflict without
	}{
		"one member by name and by id": {
			config: memberIs("group = \"g-000100\"\nuser_name = \"ana@x\"") + groupMembers(`"eng"`, `{ "ana@x" = "member" }`, "report"),
			want:   []string{"resource of this run manages the same thing", "tenure_group_membership of ana@x in group g-000100 in wiki", "tenure_group_members of group eng in wiki"},
		},
		"two sets by name and by id": {
			config: whole(ana+`groups = { g-000100 = { "ANA@x" = "member" } }
			`, report) + groupMembers(`"eng"`, `{ "ana@x" = "member" }`, "report"),
			want: []string{"tenure_group_members of group eng in wiki", "tenure_app_access of wiki"},
		},
		"two people in one group": {config: memberIs("group = \"eng\"\nuser_name = \"bob@x\"") + groupMembers(`"eng"`, `{ "ana@x" = "member" }`, "report")},
		"beside a group that removes": {
			config: memberIs("group = \"g-000100\"\nuser_name = \"bob@x\"") + groupMembers(`"eng"`, `{ "ana@x" = "member" }`, "remove"),
			want:   []string{"bob@x in group g-000100", "tenure_group_members of group eng in wiki removes whoever it does not name", `unmanaged = "report"`},
		},
		"beside an app that removes members": {
			config: groupMembers(`"eng"`, `{ "bob@x" = "member" }`, "report") + whole(ana+`groups = { eng = { "ana@x" = "member" } }
			`, unmanaged("report", "remove", "report")),
			want: []string{"tenure_group_members of group eng in wiki", "tenure_app_access of wiki removes whoever it does not name"},
		},
		"another group of an app that removes members": {config: memberIs("group = \"ops\"\nuser_name = \"bob@x\"") + whole(ana+`groups = { eng = { "ana@x" = "member" } }
			`, unmanaged("report", "remove", "report"))},
		"beside an app that removes accounts": {
			config: account + whole(ana, unmanaged("remove", "report", "report")),
			want:   []string{"tenure_account for bot@x in wiki", "tenure_app_access of wiki removes whoever it does not name"},
		},
		"an ignored account":  {app: "ignored_accounts = [\"bot@*\"]", config: account + whole(ana, unmanaged("remove", "report", "report"))},
		"a protected account": {app: "protected_accounts = [\"bot@*\"]", config: account + whole(ana, unmanaged("remove", "report", "report"))},
		"one license": {config: license + whole(ana+`licenses = { design = { "bob@x" = "Full" } }
			`, report), want: []string{"resource of this run manages the same thing", "tenure_license_assignment", "tenure_app_access of wiki"}},
		"beside an app that removes assignees": {config: license + whole(ana+`licenses = { design = { "ana@x" = "Full" } }
			`, unmanaged("report", "report", "remove")), want: []string{"tenure_app_access of wiki removes whoever it does not name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.office("ana", "bob", "bot")
			e.group("ops")
			e.config(tc.app, tc.config)
			was := e.file()
			out, code := e.Try("plan")
			if (code != 0) != (tc.want != nil) {
				t.Errorf("exit code %d:\n%s", code, out)
			}
			if tc.want != nil {
				contains(t, out, tc.want...)
				equal(t, "errors", strings.Count(out, "Error:"), 1)
			}
			equal(t, "the app", e.file(), was)
		})
	}
}
