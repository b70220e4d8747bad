// Command apptable writes what each kind of app can do into the guide about apps, between two marks: the
// capabilities come from the connectors themselves, so that the guide cannot say anything else.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/manual"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
)

// The table goes between these lines of the guide.
const (
	begin = "<!-- written by tools/apptable: run make docs -->\n"
	end   = "<!-- end of what tools/apptable wrote -->\n"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "apptable:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument, the guide to write into, and got %q", args)
	}
	content, err := os.ReadFile(args[0]) //nolint:gosec // the Makefile says which page
	if err != nil {
		return fmt.Errorf("read the guide: %w", err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s lacks the marks between which the table goes", args[0])
	}
	table, err := table()
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], []byte(before+begin+table+end+after), 0o644); err != nil { //nolint:gosec // a page for everybody
		return fmt.Errorf("write the guide: %w", err)
	}
	return nil
}

// columns are the capabilities shown, by heading. Roles of accounts are left out: they depend on the configuration.
var columns = []struct {
	heading string
	needs   app.Capability
}{
	{"create", app.CreateAccounts},
	{"update", app.UpdateAccounts},
	{"deactivate", app.DeactivateAccount},
	{"reactivate", app.ReactivateAccount},
	{"delete", app.DeleteAccounts},
	{"read groups", app.ReadGroups},
	{"make groups", app.WriteGroups},
	{"change members", app.WriteMembers},
	{"assign licenses", app.WriteLicenses},
	{"end sessions", app.EndSessions},
}

func table() (string, error) {
	var rows, reasons strings.Builder
	fmt.Fprint(&rows, "\n| app |")
	for _, c := range columns {
		fmt.Fprintf(&rows, " %s |", c.heading)
	}
	fmt.Fprintf(&rows, " account fields |\n|---|%s---|\n", strings.Repeat("---|", len(columns)))
	add := func(name string, a app.App) {
		info := a.Info()
		fmt.Fprintf(&rows, "| %s |", name)
		for _, c := range columns {
			ok, why := app.Supports(a, c.needs)
			switch {
			case ok:
				fmt.Fprint(&rows, " yes |")
			case strings.HasPrefix(why, "no license block"):
				fmt.Fprint(&rows, " with a `license` block |")
			default:
				fmt.Fprint(&rows, " no |")
				if why != "" {
					fmt.Fprintf(&reasons, "- %s, %s: %s.\n", name, c.needs, why)
				}
			}
		}
		fields := make([]string, 0, len(info.Fields))
		for _, f := range info.Fields {
			fields = append(fields, string(f))
		}
		fmt.Fprintf(&rows, " %s |\n", strings.Join(fields, ", "))
	}
	file, err := local.Open(local.Config{Name: "local", Path: "none.json"})
	if err != nil {
		return "", fmt.Errorf("open the kind local: %w", err)
	}
	add("`local`", file)
	for _, appID := range []string{"", "0oa1"} {
		a, err := okta.Open(okta.Config{Name: "okta", OrgURL: "https://acme.okta.com", Token: "none", AppID: appID})
		if err != nil {
			return "", fmt.Errorf("open the kind okta: %w", err)
		}
		name := "`okta`"
		if appID != "" {
			name += " with `app_id`"
		}
		add(name, a)
	}
	customer, err := googleworkspace.Open(googleworkspace.Config{Name: "google_workspace", CustomerID: "C00000000", AccessToken: "none"})
	if err != nil {
		return "", fmt.Errorf("open the kind google_workspace: %w", err)
	}
	add("`google_workspace`", customer)
	byHand, err := manual.Open(manual.Config{Name: "manual", Export: "export.csv", Tasks: "tasks.csv"})
	if err != nil {
		return "", fmt.Errorf("open the kind manual: %w", err)
	}
	add("`manual`", byHand)
	names := scim.Profiles()
	slices.SortFunc(names, func(a, b string) int { // generic first, vendors by name
		switch {
		case a == "generic":
			return -1
		case b == "generic":
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		a, err := scim.Open(scim.Config{Name: name, BaseURL: "https://scim.example.com/v2", Token: "none", Profile: name})
		if err != nil {
			return "", fmt.Errorf("open the profile %s: %w", name, err)
		}
		add("`scim`, `"+name+"`", a)
	}
	entra, err := entraid.Open(entraid.Config{Name: "entra_id", TenantID: "00000000-0000-0000-0000-000000000000", Auth: entraid.Auth{Token: "none"}})
	if err != nil {
		return "", fmt.Errorf("open the kind entra_id: %w", err)
	}
	add("`entra_id`", entra)
	gh, err := github.Open(github.Config{Name: "github", Organization: "acme", Token: "none"})
	if err != nil {
		return "", fmt.Errorf("open the kind github: %w", err)
	}
	add("`github`", gh)
	return rows.String() + "\nWhy not:\n\n" + reasons.String() + "\n", nil
}
