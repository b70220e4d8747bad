package review_test

import (
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// anyWorld is a company in which several things of the catalogue are wrong at once, some of them with each other.
func anyWorld(t *rapid.T) *world {
	w := newWorld()
	cases := kindCases()
	picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(cases)-1), 0, 6, rapid.ID).Draw(t, "cases")
	for _, i := range picked {
		func() {
			defer func() { _ = recover() }() // two of the cases may take apart the same thing
			cases[i].wrong(w)
		}()
	}
	ids, known := 10, map[string]bool{}
	w.app().Accounts = slices.DeleteFunc(w.app().Accounts, func(a access.Account) bool { // an id is one account
		twice := known[a.ID]
		known[a.ID] = true
		return twice
	})
	for range rapid.IntRange(0, 8).Draw(t, "strangers") {
		ids++
		id := string(rune('A' + ids))
		w.account(id, func(a *access.Account) {
			a.Active = rapid.Bool().Draw(t, "active")
			a.Status = rapid.SampledFrom([]string{"", "active", "deactivated", "invited"}).Draw(t, "status")
			a.External = rapid.Bool().Draw(t, "external")
			a.NeverUsed = rapid.Bool().Draw(t, "never used")
			a.Role = rapid.SampledFrom([]string{"", "member", "owner"}).Draw(t, "role")
			a.Email = rapid.SampledFrom([]string{"", "p1@acme.com", "p2@acme.com", "nobody@acme.com"}).Draw(t, "email")
			a.PersonID = rapid.SampledFrom([]string{"", "", "3", "99"}).Draw(t, "person_id")
			a.LastLogin = rapid.SampledFrom([]time.Time{{}, ago(1), ago(50), ago(200)}).Draw(t, "last login")
			a.Created = rapid.SampledFrom([]time.Time{{}, ago(10), ago(100)}).Draw(t, "created")
		})
		if rapid.Bool().Draw(t, "in a group") {
			w.join(rapid.SampledFrom([]string{"engineering", "prod-admins"}).Draw(t, "group"), id)
		}
		if rapid.Bool().Draw(t, "licensed") {
			w.assign(id)
		}
	}
	if rapid.Bool().Draw(t, "twice the app") { // the same person in two apps
		second := w.Apps[0]
		second.Name, second.Tenant = "gh2", "github.com/other"
		w.Apps = append(w.Apps, second)
	}
	return w
}

// shuffled is the same observation, told in another order.
func shuffled(in review.Input, seed int64) review.Input {
	r := rand.New(rand.NewSource(seed))
	mix := func(n int, swap func(i, j int)) { r.Shuffle(n, swap) }
	in.People = slices.Clone(in.People)
	mix(len(in.People), func(i, j int) { in.People[i], in.People[j] = in.People[j], in.People[i] })
	in.Apps = slices.Clone(in.Apps)
	mix(len(in.Apps), func(i, j int) { in.Apps[i], in.Apps[j] = in.Apps[j], in.Apps[i] })
	for k := range in.Apps {
		a := &in.Apps[k]
		a.Accounts, a.Groups, a.Pools = slices.Clone(a.Accounts), slices.Clone(a.Groups), slices.Clone(a.Pools)
		mix(len(a.Accounts), func(i, j int) { a.Accounts[i], a.Accounts[j] = a.Accounts[j], a.Accounts[i] })
		mix(len(a.Groups), func(i, j int) { a.Groups[i], a.Groups[j] = a.Groups[j], a.Groups[i] })
		for g := range a.Groups {
			m := slices.Clone(a.Groups[g].Members)
			mix(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
			a.Groups[g].Members = m
		}
		a.Assignments = maps.Clone(a.Assignments)
		for product, list := range a.Assignments {
			list = slices.Clone(list)
			mix(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			a.Assignments[product] = list
		}
	}
	return in
}

// Findings depend on what was observed and on nothing else, each is there once, and they add up.
func TestFindingsAreDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(t)
		r := review.Review(w.Input)
		again := review.Review(shuffled(w.Input, rapid.Int64().Draw(t, "seed")))
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("another order gives other findings (-first +second):\n%s", diff)
		}
		seen, bySeverity := map[string]bool{}, map[string]int{}
		for _, f := range r.Findings {
			if seen[f.Fingerprint] {
				t.Errorf("fingerprint twice: %s", text(f))
			}
			seen[f.Fingerprint] = true
			bySeverity[f.Severity.String()]++
			if f.Severity < review.Low || f.Severity > review.Critical || f.Reason == "" || f.Subject == "" {
				t.Errorf("not a finding: %s", text(f))
			}
			if strings.Contains(f.Evidence, "no sign-in signal") && (f.Kind == review.DormantAccount || f.Kind == review.NeverUsed && !strings.Contains(f.Evidence, "invited")) {
				t.Errorf("no signal taken for no use: %s", text(f))
			}
		}
		for _, s := range review.Severities() {
			if r.Counts[s.String()] != bySeverity[s.String()] {
				t.Errorf("%d findings are %s, and counted are %d", bySeverity[s.String()], s, r.Counts[s.String()])
			}
		}
	})
}

// A later run, new names and another name of the app block leave the fingerprints as they are.
func TestFingerprintsAreStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cases := kindCases()
		tc := cases[rapid.IntRange(0, len(cases)-1).Draw(t, "case")]
		w := newWorld()
		tc.wrong(w)
		before := of(review.Review(w.Input), tc.kind)[0]
		later := newWorld()
		tc.wrong(later)
		later.Now = later.Now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "minutes")) * time.Minute)
		for i := range later.app().Accounts { // names in apps change; the ids do not
			a := &later.app().Accounts[i]
			if w, wanted := later.app().Desired.Accounts[strings.TrimPrefix(a.ID, "a")]; wanted || a.PersonID != "" {
				name := "new-" + a.UserName
				if wanted {
					later.rename(strings.TrimPrefix(a.ID, "a"), w, name)
				}
				a.UserName = name
			}
		}
		after := of(review.Review(later.Input), tc.kind)
		if !slices.ContainsFunc(after, func(f review.Finding) bool { return f.Fingerprint == before.Fingerprint }) {
			t.Errorf("%s %s: fingerprint %s is gone: %v", tc.kind, tc.name, before.Fingerprint, after)
		}
	})
}

// rename gives what configuration asks for another user name, as a rename in HR does.
func (w *world) rename(id string, was review.Wanted, name string) {
	d := w.app().Desired
	for _, grants := range []map[string]map[string]string{d.Groups, d.Licenses} {
		for _, holders := range grants {
			if v, ok := holders[was.UserName]; ok {
				delete(holders, was.UserName)
				holders[name] = v
			}
		}
	}
	was.UserName = name
	d.Accounts[id] = was
}
