package provider

import (
	"os"
	"strings"
	"testing"
)

// Every kind is in the table of its guide, which the connectors themselves fill: CONTRIBUTING.md, the last step.
func TestEveryKindIsInItsGuide(t *testing.T) {
	t.Parallel()
	for guide, kinds := range map[string][]string{"apps": appKindNames(), "rosters": rosterKindNames()} {
		text, err := os.ReadFile("../../templates/guides/" + guide + ".md")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "<!-- written by tools/")
		table, _, found := strings.Cut(rest, "<!-- end of what tools/")
		if !found {
			t.Fatalf("the guide %s has no table", guide)
		}
		for _, kind := range kinds {
			if !strings.Contains(table, "\n| `"+kind+"`") {
				t.Errorf("the table in the guide %s lacks `%s`: add it to tools/, and run make docs", guide, kind)
			}
		}
	}
}
