package report_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// fixture is a plan in testdata.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t testing.TB, plan []byte) *report.Report {
	t.Helper()
	r, err := report.Read(report.Input{Name: "plan.json", JSON: bytes.NewReader(plan)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// m is a JSON object.
type m = map[string]any

// resource is one element of resource_changes.
func resource(typ, name string, actions []string, before, after any, more ...m) m {
	change := m{"actions": actions, "before": before, "after": after, "after_unknown": m{}, "before_sensitive": m{}, "after_sensitive": m{}}
	for _, x := range more {
		maps.Copy(change, x)
	}
	return m{
		"address": typ + "." + name, "mode": "managed", "type": typ, "name": name,
		"provider_name": "registry.terraform.io/tenure-access/tenure", "change": change,
	}
}

var (
	create = []string{"create"}
	update = []string{"update"}
	remove = []string{"delete"}
	noop   = []string{"no-op"}
)

// planOf is a plan with these resource changes; more are other parts of it.
func planOf(t testing.TB, changes []m, more ...m) []byte {
	t.Helper()
	p := m{"format_version": "1.2", "terraform_version": "1.11.4", "timestamp": "2026-03-02T11:00:00Z", "resource_changes": changes, "errored": false, "complete": true}
	for _, x := range more {
		maps.Copy(p, x)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// account is an element of accounts.
func account(userName, displayName string, more ...m) m {
	a := m{
		"user_name": userName, "display_name": displayName, "email": nil, "given_name": nil, "family_name": nil, "title": nil,
		"department": nil, "manager": nil, "role": nil, "active": nil, "attributes": nil,
	}
	for _, x := range more {
		maps.Copy(a, x)
	}
	return a
}

// set is a tenure_app_access with these accounts; more are its other attributes.
func set(app string, accounts m, more ...m) m {
	s := m{"app": app, "accounts": accounts, "groups": m{}, "licenses": m{}, "ids": m{}, "held": m{}, "strangers": m{}, "explanations": m{}, "on_removal": "deactivate"}
	for _, x := range more {
		maps.Copy(s, x)
	}
	return s
}

func why(change, words string) m { return m{"change": change, "why": words} }

// told is what a report says about one person, a line for each grant.
func told(r *report.Report, key string) (category string, grants []string) {
	for i := range r.People {
		p := &r.People[i]
		if p.Key != key {
			continue
		}
		for _, g := range p.Changes {
			s := fmt.Sprintf("%s %s %s %s", g.Effect, g.App, g.Kind, g.Name)
			if g.Value != "" || g.Was != "" {
				s += fmt.Sprintf(" %s<%s", g.Value, g.Was)
			}
			for _, f := range g.Fields {
				s += fmt.Sprintf(" %s:%s>%s", f.Name, f.Was, f.Now)
			}
			s += fmt.Sprintf(" %s [%s]", g.Action, g.Reason)
			if g.Drift != "" {
				s += " drift: " + g.Drift
			}
			grants = append(grants, strings.Join(strings.Fields(s), " "))
		}
		return string(p.Category), grants
	}
	return "", nil
}

func wantTold(t *testing.T, r *report.Report, key, category string, grants ...string) {
	t.Helper()
	got, list := told(r, key)
	if got != category {
		t.Errorf("%s is %q, want %q", key, got, category)
	}
	if !slices.Equal(list, grants) {
		t.Errorf("%s:\n got %q\nwant %q", key, list, grants)
	}
}

// formats are all forms of a report.
func formats(t testing.TB, r *report.Report) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for name, write := range map[string]func(io.Writer) error{
		"markdown": func(w io.Writer) error { return r.WriteMarkdown(w, report.MarkdownOptions{}) },
		"html":     func(w io.Writer) error { return r.WriteHTML(w, report.HTMLOptions{}) },
		"json":     r.WriteJSON,
		"csv":      r.WriteCSV,
		"sarif":    func(w io.Writer) error { return r.WriteSARIF(w, report.SARIFOptions{}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = b.String()
	}
	return out
}

func fixtureText(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// firstUnsafe is the first letter that would do something to a terminal or to the order of letters.
func firstUnsafe(s string) string {
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x61c, r >= 0x200b && r <= 0x200f && r != 0x200c && r != 0x200d,
			r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xe0000 && r <= 0xe0fff:
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}
