package local

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// model is what the app should hold, kept in the plainest way; people are named by id.
type model struct {
	accounts map[string]access.Account
	members  map[string]string // of the one group
	licenses map[string]string // of the one product
	ids      map[string]bool   // ever given out
}

const seats = 2 // of license Full; Viewer has no limit

func (m *model) holder(name, except string) bool {
	for id, a := range m.accounts {
		if id != except && strings.EqualFold(a.UserName, name) {
			return true
		}
	}
	return false
}

func (m *model) count(license string) int {
	n := 0
	for _, l := range m.licenses {
		if l == license {
			n++
		}
	}
	return n
}

// TestAgainstModel runs random operations through two instances on one file, as two processes would,
// and compares both with the model after each.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		runs++
		path := filepath.Join(dir, fmt.Sprint(runs)+".json")
		start := `{"groups": [{"id": "g-all", "name": "all"}], "licenses": [` +
			fmt.Sprintf(`{"product": "design", "license": "Full", "total": %d}, {"product": "design", "license": "Viewer"}]}`, seats)
		if err := os.WriteFile(path, []byte(start), 0o600); err != nil {
			t.Fatal(err)
		}
		var apps []*App
		for range 2 {
			a, err := Open(Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			a.file.sync = func(*os.File) error { return nil } // no machine fails here
			a.file.syncDirectory = func(string) error { return nil }
			apps = append(apps, a)
		}
		m := &model{map[string]access.Account{}, map[string]string{}, map[string]string{}, map[string]bool{}}

		name := rapid.SampledFrom([]string{"ana", "Ana", "bo", "cy", "CY", "dee"})
		title := rapid.SampledFrom([]string{"", "Engineer", "Designer"})
		anApp := rapid.SampledFrom(apps)
		// someone is an account that exists, or one that never will.
		someone := func(t *rapid.T) access.AccountRef {
			ids := append(slices.Sorted(maps.Keys(m.accounts)), "u-999999")
			return access.AccountRef{ID: rapid.SampledFrom(ids).Draw(t, "id")}
		}
		want := func(t *rapid.T, err error, kind fault.Kind) {
			if fault.KindOf(err) != kind {
				t.Fatalf("got %v, want kind %v", err, kind)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				n, ti := name.Draw(t, "name"), title.Draw(t, "title")
				acc, err := anApp.Draw(t, "app").CreateAccount(ctx, spec(n, "title", ti))
				if m.holder(n, "") {
					want(t, err, fault.Exists)
					return
				}
				want(t, err, 0)
				if m.ids[acc.ID] {
					t.Fatalf("id %s was given out before", acc.ID)
				}
				m.ids[acc.ID] = true
				m.accounts[acc.ID] = access.Account{ID: acc.ID, UserName: n, Title: ti, Active: true, Status: "active"}
			},
			"update": func(t *rapid.T) {
				ref, n, ti, active := someone(t), name.Draw(t, "name"), title.Draw(t, "title"), rapid.Bool().Draw(t, "active")
				s := spec(n, "title", ti)
				s.Active = &active
				_, err := anApp.Draw(t, "app").UpdateAccount(ctx, ref, s)
				switch _, exists := m.accounts[ref.ID]; {
				case !exists:
					want(t, err, fault.NotFound)
				case m.holder(n, ref.ID):
					want(t, err, fault.Exists)
				default:
					want(t, err, 0)
					m.accounts[ref.ID] = access.Account{ID: ref.ID, UserName: n, Title: ti, Active: active, Status: status(active)}
				}
			},
			"deactivate": func(t *rapid.T) {
				ref := someone(t)
				want(t, anApp.Draw(t, "app").RetireAccount(ctx, ref, access.Deactivate), 0)
				if acc, exists := m.accounts[ref.ID]; exists {
					acc.Active, acc.Status = false, "deactivated"
					m.accounts[ref.ID] = acc
				}
			},
			"delete": func(t *rapid.T) {
				ref := someone(t)
				want(t, anApp.Draw(t, "app").RetireAccount(ctx, ref, access.Delete), 0)
				delete(m.accounts, ref.ID)
				delete(m.members, ref.ID)
				delete(m.licenses, ref.ID)
			},
			"members": func(t *rapid.T) {
				var changes []access.MemberChange
				for range rapid.IntRange(1, 3).Draw(t, "n") {
					changes = append(changes, access.MemberChange{
						Account: someone(t), Remove: rapid.Bool().Draw(t, "remove"),
						Role: rapid.SampledFrom([]string{"", "member", "owner"}).Draw(t, "role"),
					})
				}
				for i, err := range anApp.Draw(t, "app").ChangeMembers(ctx, "g-all", changes) {
					c := changes[i]
					_, exists := m.accounts[c.Account.ID]
					switch {
					case c.Remove:
						want(t, err, 0)
						delete(m.members, c.Account.ID)
					case !exists:
						want(t, err, fault.NotFound)
					default:
						want(t, err, 0)
						m.members[c.Account.ID] = max(c.Role, access.DefaultRole) // "" < "member" < "owner"
					}
				}
			},
			"licenses": func(t *rapid.T) {
				var changes []access.LicenseChange
				for range rapid.IntRange(1, 3).Draw(t, "n") {
					changes = append(changes, access.LicenseChange{
						Account: someone(t), Remove: rapid.Bool().Draw(t, "remove"),
						License: rapid.SampledFrom([]string{"Full", "Viewer"}).Draw(t, "license"),
					})
				}
				for i, err := range anApp.Draw(t, "app").ChangeAssignees(ctx, "design", changes) {
					c := changes[i]
					_, exists := m.accounts[c.Account.ID]
					switch {
					case c.Remove:
						want(t, err, 0)
						if m.licenses[c.Account.ID] == c.License {
							delete(m.licenses, c.Account.ID)
						}
					case !exists:
						want(t, err, fault.NotFound)
					case c.License == "Full" && m.licenses[c.Account.ID] != "Full" && m.count("Full") >= seats:
						want(t, err, fault.LimitReached)
					default:
						want(t, err, 0)
						m.licenses[c.Account.ID] = c.License
					}
				}
			},
			"": func(t *rapid.T) {
				for _, a := range apps {
					m.compare(t, ctx, a)
				}
			},
		})
	})
}

func (m *model) compare(t *rapid.T, ctx context.Context, a *App) {
	accounts := map[string]access.Account{}
	members, licenses := map[string]string{}, map[string]string{}
	for acc, err := range a.Accounts(ctx, access.AccountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		accounts[acc.ID] = acc
	}
	for mem, err := range a.Members(ctx, "g-all") {
		if err != nil {
			t.Fatal(err)
		}
		members[mem.AccountID] = mem.Role
	}
	for as, err := range a.Assignees(ctx, "design") {
		if err != nil {
			t.Fatal(err)
		}
		licenses[as.AccountID] = as.License
	}
	if diff := cmp.Diff([]any{m.accounts, m.members, m.licenses}, []any{accounts, members, licenses}); diff != "" {
		t.Fatalf("app (-model +app):\n%s", diff)
	}
}
