package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/csvfile"
)

const rosterCSV = `person_id,given_name,family_name,work_email,department,manager_id,status,employment_type,start_date,end_date
1,Ana,García,ana@acme.example,Leadership,,active,employee,2020-01-01,
2,Bo,Łukasz,bo@acme.example,Engineering,1,active,employee,2021-01-01,
3,Cy,Nguyễn,cy@acme.example,Engineering,2,active,employee,2026-04-01,
4,Di,Öz,di@acme.example,Engineering,99,terminated,employee,2019-01-01,2026-01-31
5,Ed,Smith,ed@acme.example,Sales,1,on sabbatical,werkstudent,2019-01-01,
6,Flo,Secret,flo@acme.example,Sales,1,active,employee,soon,
`

// openCSV is what main hands over, with a source that needs no Terraform.
func openCSV(t *testing.T) OpenRosters {
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(rosterCSV), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(context.Context, string) ([]roster.Source, lifecycle.Options, time.Time, error) {
		src, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: path}})
		return []roster.Source{src}, lifecycle.DefaultOptions(), time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC), err
	}
}

func runRoster(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := Main(t.Context(), append([]string{"roster", "--config", "any.hcl"}, args...), &out, &errs, openCSV(t)); code != ExitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

func TestRosterJSON(t *testing.T) {
	t.Parallel()
	var got struct{ Rosters []yield }
	if err := json.Unmarshal([]byte(runRoster(t, "--format", "json", "--sample", "2")), &got); err != nil {
		t.Fatal(err)
	}
	y := got.Rosters[0]
	if y.Name != "hr" || y.Kind != "csv" || y.Records != 6 || y.People != 5 || len(y.Faulty) != 1 || y.Faulty[0].PersonID != "6" || y.Faulty[0].Value != "" {
		t.Errorf("%+v", y)
	}
	if diff := cmp.Diff(map[string]int{"active": 2, "pre_hire": 1, "terminated": 1, "unknown": 1}, y.Stages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"employee": 4, "unknown": 1}, y.Types); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]unmappedWord{{"employment_type", "werkstudent", 1}, {"status", "on sabbatical", 1}}, y.Unmapped); diff != "" {
		t.Error(diff)
	}
	fills := map[string]fill{}
	for _, f := range y.Filled {
		fills[f.Field] = f
	}
	if fills["work_email"].Percent != 100 || fills["manager_id"].Count != 3 || fills["end_date"].Percent != 20 || fills["title"].Count != 0 {
		t.Errorf("%+v", y.Filled)
	}
	if len(y.Sample) != 2 || y.Sample[0].Name != "A.G." || y.Sample[0].WorkEmail != "***@acme.example" || y.Sample[0].Stage != "active" {
		t.Errorf("%+v", y.Sample)
	}
}

// Without the flag nothing that is printed names anybody, faulty records included.
func TestRosterMasksNames(t *testing.T) {
	t.Parallel()
	names := []string{"García", "Ana", "Łukasz", "Nguyễn", "Smith", "Secret", "ana@", "flo@"}
	for _, format := range []string{"table", "json"} {
		masked := runRoster(t, "--format", format, "--sample", "100")
		for _, name := range names {
			if strings.Contains(masked, name) {
				t.Errorf("%s shows %q", format, name)
			}
		}
		shown := runRoster(t, "--format", format, "--sample", "100", "--show-names")
		for _, name := range []string{"García", "ana@acme.example", "soon"} {
			if !strings.Contains(shown, name) {
				t.Errorf("%s with --show-names hides %q", format, name)
			}
		}
	}
}

func TestRosterTable(t *testing.T) {
	t.Parallel()
	out := runRoster(t)
	for _, want := range []string{
		"Roster hr (csv): 6 records, 5 people", "former people depends", "pre_hire", "work_email", "100.0 %", `"on sabbatical"`,
		"Faulty records, whose people are held: 1", "is not a date of the calendar", "names a manager who is not in this roster",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestRosterUsage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no file":    {[]string{"roster"}, ExitUsage, "--config FILE is missing"},
		"bad format": {[]string{"roster", "--config", "x", "--format", "yaml"}, ExitUsage, "neither table nor json"},
		"arguments":  {[]string{"roster", "x.hcl"}, ExitUsage, "takes no arguments"},
	} {
		var out, errs strings.Builder
		if code := Main(t.Context(), tt.args, &out, &errs, openCSV(t)); code != tt.code || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%s: exit code %d, %s", name, code, errs.String())
		}
	}
}
