package safeguard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var day = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

func brake(t testing.TB, approved ...string) *Brake {
	t.Helper()
	b, errs := New(approved, day, time.UTC)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return b
}

// people makes n removals, the first explained of which a roster explains.
func people(n, explained int) []Removal {
	out := make([]Removal, n)
	for i := range out {
		out[i] = Removal{ID: fmt.Sprintf("u-%03d", i), Name: fmt.Sprintf("p%03d@acme.com", i), Explained: i < explained}
	}
	return out
}

func set(n, explained, held int) Request {
	return Request{
		App: "slack", Collection: Collection("accounts"), Removals: people(n, explained), Held: held, Left: held - n, Whole: true,
		Limits: Limits{DefaultMaxRemovals, DefaultMaxPercent},
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		req  Request
		want string // part of the cause; "" lets it pass
	}{
		"at the count":                 {set(10, 0, 1000), ""},
		"over the count":               {set(11, 0, 1000), "11 removals that no roster explains"},
		"leavers do not count as such": {set(30, 25, 1000), ""},
		"but three times is the end":   {set(31, 31, 1000), "31 removals in all"},
		"percent of 50":                {set(6, 0, 50), "which is 5 of 50"},
		"within the percentage":        {set(5, 0, 50), ""},
		"no percentage below 20":       {set(9, 0, 19), ""},
		"the last holder":              {set(3, 3, 3), "nobody would be left"},
		"the last of one":              {set(1, 0, 1), "nobody would be left"},
		"nothing":                      {set(0, 0, 5), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := brake(t).Check(tc.req)
			if tc.want == "" {
				if err != nil {
					t.Fatalf("stopped: %v", err)
				}
				return
			}
			if !errors.Is(err, fault.Protected) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}

func TestDroppedPeopleStopThePlan(t *testing.T) {
	t.Parallel()
	r := set(0, 0, 500)
	for i := range 11 {
		r.Dropped = append(r.Dropped, fmt.Sprintf("p%d@acme.com", i))
	}
	if err := brake(t).Check(r); !errors.Is(err, fault.Protected) || !strings.Contains(err.Error(), "p7@acme.com") {
		t.Fatalf("got %v", err)
	}
}

// The line that the error prints approves that set, and no other.
func TestApprovalFitsOneSet(t *testing.T) {
	t.Parallel()
	err := brake(t).Check(set(12, 0, 1000))
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	line := between(t, f.Next, `approved_removals = ["`, `"]`)
	if err := brake(t, line).Check(set(12, 0, 1000)); err != nil {
		t.Errorf("the printed line does not approve: %v", err)
	}
	if brake(t, line).Check(set(13, 0, 1000)) == nil {
		t.Error("the line approves one person more")
	}
	other := set(12, 0, 1000)
	other.Removals[3].ID = "somebody-else"
	if brake(t, line).Check(other) == nil {
		t.Error("the line approves other people")
	}
	elsewhere := set(12, 0, 1000)
	elsewhere.App = "github"
	if brake(t, line).Check(elsewhere) == nil {
		t.Error("the line approves another app")
	}
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, before)
	line, _, ok2 := strings.Cut(rest, after)
	if !ok || !ok2 {
		t.Fatalf("no line in %q", s)
	}
	return line
}

// Whatever the order, single resources past the limit are stopped, and a dated approval lets them pass.
func TestSingleResourcesAreCountedTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		order := rapid.Permutation(people(n, 0)).Draw(t, "order")
		open, approved := mustBrake(t), mustBrake(t, fmt.Sprintf("slack/accounts %d until 2026-03-31", n))
		var stopped, words int
		for _, p := range order {
			r := Request{App: "slack", Collection: Collection("accounts"), Removals: []Removal{p}, Limits: Limits{DefaultMaxRemovals, DefaultMaxPercent}}
			if err := open.Check(r); err != nil {
				stopped++
				words += len(err.Error())
				if !strings.Contains(err.Error(), p.Name) {
					t.Fatalf("%s is stopped without being named: %v", p.Name, err)
				}
			}
			if err := approved.Check(r); err != nil {
				t.Fatalf("approved, but stopped: %v", err)
			}
			_ = open.Check(r) // planning a resource twice counts once
		}
		if words > 1000+250*stopped { // all names once, and not with each of them
			t.Fatalf("%d refusals take %d bytes", stopped, words)
		}
		if want := max(0, n-DefaultMaxRemovals); stopped != want {
			t.Fatalf("%d of %d were stopped, want %d", stopped, n, want)
		}
	})
}

func mustBrake(t *rapid.T, approved ...string) *Brake {
	b, errs := New(approved, day, time.UTC)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return b
}

func TestExpiredApproval(t *testing.T) {
	t.Parallel()
	b := brake(t, "slack/accounts 99 until 2026-03-30")
	r := set(11, 0, 0)
	r.Whole = false
	if b.Check(r) == nil {
		t.Error("an approval of yesterday still counts")
	}
}

func TestMalformedApprovals(t *testing.T) {
	t.Parallel()
	_, errs := New([]string{"", "slack/accounts", "slack/accounts x 0123456789abcdef", "slack/accounts 5 until soon", "slack 5 0123456789abcdef", "slack/accounts 5 deadbeef", "slack/accounts 0 0123456789abcdef"}, day, time.UTC)
	if len(errs) != 7 {
		t.Errorf("%d of 7 malformed lines were reported: %v", len(errs), errs)
	}
}

// Fifty names, then a count: a message about a whole company stays readable.
func TestNamesAreCut(t *testing.T) {
	t.Parallel()
	err := brake(t).Check(set(200, 0, 1000))
	if got := strings.Count(err.Error(), "@acme.com"); got != maxNames || !strings.Contains(err.Error(), "and 150 more") {
		t.Errorf("%d names in the message: %v", got, err)
	}
}
