package provider

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// What people read for each kind of failure.
func TestDiagnosticsOfEveryKind(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for k := fault.NotFound; k <= fault.Partial; k++ {
		var diags diag.Diagnostics
		diagnose(&diags, &fault.Error{
			Kind: k, System: "slack", Op: "deactivate", Subject: "ana@acme.com", Cause: "the app gave this reason",
			Protocol: "scim", Status: 409, Code: "uniqueness", RequestID: "abc",
		}, stateKept)
		for _, d := range diags {
			fmt.Fprintf(&b, "== %s\n%s\n\n%s\n\n", k, d.Summary(), d.Detail())
		}
	}
	golden(t, "diagnostics.golden", b.String())
}

// All problems at once: a joined error is one diagnostic for each cause.
func TestDiagnoseJoined(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	diagnose(&diags, errors.Join(fault.New(fault.Invalid, "one"), errors.Join(fault.New(fault.Invalid, "two"), errors.New("three"))), "")
	if len(diags) != 3 {
		t.Fatalf("got %d diagnostics for 3 causes: %v", len(diags), diags)
	}
	if got := diags[2].Detail(); got != "Three" {
		t.Errorf("an error without a kind reads %q", got)
	}
	diags = nil
	if diagnose(&diags, nil, ""); len(diags) != 0 {
		t.Errorf("no error made diagnostics: %v", diags)
	}
}

func TestImportIDs(t *testing.T) {
	t.Parallel()
	names := []string{"APP", "GROUP", "USER_NAME"}
	for id, want := range map[string][]string{
		"wiki/Editors/ana@acme.com": {"wiki", "Editors", "ana@acme.com"},
		"wiki/R%2FD 100%25/ana":     {"wiki", "R/D 100%", "ana"},
		"wiki/Editors":              nil,
		"wiki//ana":                 nil,
		"wiki/R/D/ana":              nil,
		"wiki/%zz/ana":              nil,
	} {
		got, err := parseImportID(id, names...)
		if (want == nil) != (err != nil) || want != nil && !cmp.Equal(want, got) {
			t.Errorf("parseImportID(%q) = %v, %v; want %v", id, got, err, want)
		}
		if want != nil {
			if back := importID(got...); back != id {
				t.Errorf("importID(%v) = %q, want %q", got, back, id)
			}
		}
	}
}

// A sentence begins with a capital, but a file name or an argument keeps its spelling: people look it up.
func TestSentences(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"the app is down":             "The app is down.",
		"wiki.json:1:42: not JSON":    "wiki.json:1:42: not JSON.",
		"apps/wiki is a directory":    "apps/wiki is a directory.",
		"max_removals = 10 is passed": "max_removals = 10 is passed.",
		"ana@acme.com left":           "ana@acme.com left.",
		"inactive: nothing to do":     "Inactive: nothing to do.",
		"émile left":                  "Émile left.",
		"":                            "",
	} {
		if got := sentence(in); got != want {
			t.Errorf("sentence(%q) = %q, want %q", in, got, want)
		}
	}
}
