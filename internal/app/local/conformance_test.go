package local

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

// worldFile is the file as a person would read it, so that the suite does not look through the code
// that it tests.
type (
	worldFile struct {
		Accounts []map[string]any `json:"accounts"`
		Groups   []worldGroup     `json:"groups"`
		Licenses []worldPool      `json:"licenses"`
	}
	worldGroup struct {
		ID          string            `json:"id"`
		Name        string            `json:"name"`
		Description string            `json:"description"`
		Members     map[string]string `json:"members"`
	}
	worldPool struct {
		Product   string   `json:"product"`
		License   string   `json:"license"`
		Total     *int     `json:"total"`
		Assignees []string `json:"assignees"`
	}
)

func TestConformance(t *testing.T) {
	t.Parallel()
	apptest.Run(t, apptest.Harness{
		Open: func(t testing.TB, w apptest.World) apptest.Subject {
			path := filepath.Join(t.TempDir(), "app.json")
			if err := os.WriteFile(path, fileOf(t, w), 0o600); err != nil {
				t.Fatal(err)
			}
			a := openPath(t, path)
			var writes atomic.Int64 // a file takes no requests; what costs is replacing it
			a.file.queue.Commit = func(batch []func(*edit) error) []error {
				before, _ := os.Stat(path)
				errs := a.file.commit(batch)
				if after, _ := os.Stat(path); !same(before, after) {
					writes.Add(1)
				}
				return errs
			}
			return apptest.Subject{
				App: a, Look: func(t testing.TB) apptest.World { return worldOf(t, path) },
				Count: func(apptest.Op) int { return int(writes.Load()) }, Reset: func() { writes.Store(0) },
			}
		},
		Sessions:   true,
		Roles:      []string{"user", "owner"},
		Attributes: []string{"cost_center"},
		Licenses:   &apptest.Licenses{Product: "Suite", License: "Full", Other: "Viewer", Limited: true},
	})
}

func fileOf(t testing.TB, w apptest.World) []byte {
	t.Helper()
	var f worldFile
	for i, a := range w.Accounts {
		account := map[string]any{"id": fmt.Sprintf("u-%06d", i+1), "active": a.Active}
		if n := w.Sessions[a.UserName]; n > 0 {
			account["sessions"] = slices.Repeat([]string{"laptop"}, n)
		}
		for _, field := range access.Fields() {
			account[string(field)] = a.Get(field)
		}
		if a.Attributes != nil {
			account["attributes"] = a.Attributes
		}
		f.Accounts = append(f.Accounts, account)
	}
	for i, g := range w.Groups {
		to := worldGroup{ID: fmt.Sprintf("g-%06d", i+1), Name: g.Name, Description: g.Description, Members: map[string]string{}}
		for _, m := range g.Members {
			to.Members[m.UserName] = m.Role
		}
		f.Groups = append(f.Groups, to)
	}
	for _, p := range w.Pools {
		to := worldPool{Product: p.Product, License: p.License, Total: &p.Total}
		for _, a := range w.Assigned[p.Product] {
			if a.License == p.License {
				to.Assignees = append(to.Assignees, a.UserName)
			}
		}
		f.Licenses = append(f.Licenses, to)
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func worldOf(t testing.TB, path string) apptest.World {
	t.Helper()
	var f worldFile
	if err := json.Unmarshal([]byte(content(t, path)), &f); err != nil {
		t.Fatal(err)
	}
	w := apptest.World{Assigned: map[string][]access.Assignment{}, Sessions: map[string]int{}}
	for _, fields := range f.Accounts {
		var a access.Account
		a.ID, _ = fields["id"].(string)
		a.Active, _ = fields["active"].(bool)
		for _, field := range access.Fields() {
			v, _ := fields[string(field)].(string)
			a.Set(field, v)
		}
		sessions, _ := fields["sessions"].([]any)
		w.Sessions[a.UserName] = len(sessions)
		attributes, _ := fields["attributes"].(map[string]any)
		for k, v := range attributes {
			if a.Attributes == nil {
				a.Attributes = map[string]string{}
			}
			a.Attributes[k], _ = v.(string)
		}
		w.Accounts = append(w.Accounts, a)
	}
	for _, g := range f.Groups {
		to := access.Group{ID: g.ID, Name: g.Name, Description: g.Description}
		for name, role := range g.Members {
			to.Members = append(to.Members, access.Member{UserName: name, Role: role})
		}
		w.Groups = append(w.Groups, to)
	}
	for _, l := range f.Licenses {
		for _, name := range l.Assignees {
			w.Assigned[l.Product] = append(w.Assigned[l.Product], access.Assignment{UserName: name, License: l.License})
		}
	}
	return w
}
