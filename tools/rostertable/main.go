// Command rostertable writes what each kind of roster can tell into the guide about rosters, between two marks: the
// answers come from the sources themselves, so that the guide cannot say anything else.
package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/adp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/bamboohr"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/csvfile"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/gusto"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hibob"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/jsonfile"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/ldap"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/merge"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/personio"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rippling"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/successfactors"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/workday"
)

// The table goes between these lines of the guide.
const (
	begin = "<!-- written by tools/rostertable: run make docs -->\n"
	end   = "<!-- end of what tools/rostertable wrote -->\n"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rostertable:", err)
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
	sources, err := sources()
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], []byte(before+begin+table(sources)+end+after), 0o644); err != nil { //nolint:gosec // a page for everybody
		return fmt.Errorf("write the guide: %w", err)
	}
	return nil
}

// sources opens one of each kind. Opening asks nobody anything.
func sources() ([]entry, error) {
	const secret = "none"
	var list []entry
	var errs []error
	add := func(s roster.Source, err error) {
		if err == nil {
			list = append(list, entry{"`" + s.Info().Kind + "`", s.Info()})
		}
		errs = append(errs, err)
	}
	add(csvfile.Open(csvfile.Config{File: roster.File{Path: "people.csv"}}))
	add(jsonfile.Open(jsonfile.Config{File: roster.File{Path: "people.json"}}))
	add(bamboohr.Open(bamboohr.Config{Company: "acme", APIKey: secret}))
	add(hibob.Open(hibob.Config{ServiceUser: "SERVICE-1", Token: secret}))
	add(personio.Open(personio.Config{ClientID: "client", ClientSecret: secret}))
	add(personio.Open(personio.Config{ClientID: "client", ClientSecret: secret, API: "v1"}))
	list[len(list)-1].label += ", `api = \"v1\"`"
	add(workday.Open(workday.Config{
		ReportURL: "https://wd5-services1.myworkday.com/ccx/service/customreport2/acme/isu/Roster", UserName: "isu", Password: secret, OnLeave: "On_Leave",
		Mapping: roster.Mapping{FieldMap: map[string]string{"source_id": "Worker_WID", "status": "Active_Status", "start_date": "Hire_Date"}},
	}))
	add(adp.Open(adp.Config{
		Connection: hrapi.Connection{Transport: nowhere{}}, // so that no certificate is looked at
		ClientID:   "client", ClientSecret: secret, ClientCertPEM: secret, ClientKeyPEM: secret,
	}))
	add(gusto.Open(gusto.Config{CompanyID: "company", Token: secret}))
	add(successfactors.Open(successfactors.Config{Connection: hrapi.Connection{BaseURL: "https://api4.successfactors.com"}, Token: secret}))
	add(merge.Open(merge.Config{APIKey: secret, AccountToken: secret}))
	add(rippling.Open(rippling.Config{Token: secret}))
	add(ldap.Open(ldap.Config{URL: "ldaps://ldap.acme.example", BindDN: "cn=reader", BindPassword: secret, BaseDN: "dc=acme"}))
	add(idp.OpenSCIM(idp.Config{}))
	add(idp.OpenOkta(idp.Config{}))
	add(idp.OpenEntraID(idp.Config{}))
	return list, errors.Join(errs...)
}

// entry is a row of the table.
type entry struct {
	label string
	info  roster.Info
}

func table(sources []entry) string {
	var rows, limits strings.Builder
	rows.WriteString("\n| roster | former people | future hires | leave | complete total |\n|---|---|---|---|---|\n")
	for _, s := range sources {
		info := s.info
		fmt.Fprintf(&rows, "| %s | %s | %s | %s | %s |\n", s.label, info.Terminated, info.FutureHires, info.Leave, info.Totals)
		for _, f := range slices.Sorted(maps.Keys(info.Lacks)) {
			fmt.Fprintf(&limits, "- %s: `%s`: %s.\n", s.label, f, info.Lacks[f])
		}
	}
	return rows.String() + "\n\"depends\" means on what the other side was set up to give: a report's filter, a permission, whoever wrote the file.\n\nLimits:\n\n" + limits.String() + "\n"
}

// nowhere is the network of a source that asks nobody.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("opening a source asks nobody")
}
