package safeguard

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func single(held int, x Removal) Request {
	return Request{App: "slack", Collection: Collection("accounts"), Removals: []Removal{x}, Held: held, Limits: Limits{DefaultMaxRemovals, DefaultMaxPercent}}
}

// However removals are spread over sets and single resources, and in whatever order they are planned, one over the limit
// is stopped, none under it is, and what was approved for one side does not count for the other.
func TestRemovalsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inSet, alone := rapid.IntRange(0, 14).Draw(t, "set"), rapid.IntRange(0, 14).Draw(t, "singles")
		all := people(inSet+alone, 0)
		of := func(r []Removal) Request {
			return Request{App: "slack", Collection: Collection("accounts"), Removals: r, Held: 1000, Left: 1000 - len(r), Whole: true, Limits: Limits{DefaultMaxRemovals, DefaultMaxPercent}}
		}
		checks := []func(b *Brake) error{func(b *Brake) error { return b.Check(of(append([]Removal(nil), all[:inSet]...))) }}
		for _, x := range all[inSet:] {
			checks = append(checks, func(b *Brake) error { return b.Check(single(1000, x)) })
		}
		run := func(b *Brake) (stopped error) {
			for _, check := range rapid.Permutation(checks).Draw(t, "order") {
				if err := check(b); err != nil {
					if !errors.Is(err, fault.Protected) {
						t.Fatal(err)
					}
					stopped = err
				}
			}
			return stopped
		}
		if got, want := run(mustBrake(t)) != nil, inSet+alone > DefaultMaxRemovals; got != want {
			t.Fatalf("%d of a set and %d alone are stopped: %t", inSet, alone, got)
		}
		set := fmt.Sprintf("slack/accounts %d %s", inSet, Digest("slack", "accounts", all[:inSet]))
		if inSet > 0 {
			if got, want := run(mustBrake(t, set)) != nil, alone > DefaultMaxRemovals; got != want {
				t.Fatalf("with the set of %d approved, %d alone are stopped: %t", inSet, alone, got)
			}
		}
		if alone > 0 {
			if got, want := run(mustBrake(t, fmt.Sprintf("slack/accounts %d until 2026-03-31", alone))) != nil, inSet > DefaultMaxRemovals; got != want {
				t.Fatalf("with %d alone approved, a set of %d is stopped: %t", alone, inSet, got)
			}
		}
	})
}

// What single resources take is measured against what the app holds, where that is known.
func TestSingleResourcesKnowWhatIsHeld(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		held, goes int
		stays      bool
		want       string // in the last refusal; "" for none
	}{
		"percent":               {50, 6, false, "which is 5 of 50"},
		"within the percentage": {50, 5, false, ""},
		"not known":             {0, 10, false, ""},
		"all of a few":          {3, 3, false, "nobody of those who are in it now would be left"},
		"all but one":           {3, 2, false, ""},
		"each replaced":         {3, 3, true, ""},
		"one of one":            {1, 1, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := brake(t)
			var last error
			for _, x := range people(tc.goes, 0) {
				x.Stays = tc.stays
				if err := b.Check(single(tc.held, x)); err != nil {
					last = err
				}
			}
			if (tc.want == "") != (last == nil) || last != nil && !strings.Contains(last.Error(), tc.want) {
				t.Errorf("got %v, want %q", last, tc.want)
			}
		})
	}
}

// Without the last owner nobody runs a group, however many members it has; an approval lets that pass.
func TestKeepers(t *testing.T) {
	t.Parallel()
	r := set(1, 1, 500)
	r.Keepers, r.Role = []string{"ana@acme.com"}, "owner"
	err := brake(t).Check(r)
	if !errors.Is(err, fault.Protected) || !strings.Contains(err.Error(), "nobody with the role owner would be left in it (now ana@acme.com)") {
		t.Fatalf("got %v", err)
	}
	var f *fault.Error
	_ = errors.As(err, &f)
	if err := brake(t, between(t, f.Next, `approved_removals = ["`, `"]`)).Check(r); err != nil {
		t.Errorf("the printed line does not approve: %v", err)
	}
	one := single(500, people(1, 0)[0])
	one.Keepers, one.Role = []string{"ana@acme.com"}, "owner"
	if brake(t).Check(one) == nil {
		t.Error("a single resource takes the last owner")
	}
}
