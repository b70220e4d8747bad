package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// App is the file of a local app, read without any of the provider's code.
type App struct {
	file     string
	Accounts []Account `json:"accounts"`
	Groups   []struct {
		Name    string            `json:"name"`
		Members map[string]string `json:"members"` // user name -> role
	} `json:"groups"`
	Licenses []struct {
		License   string   `json:"license"`
		Total     int      `json:"total"`
		Assignees []string `json:"assignees"`
	} `json:"licenses"`
}

// Account is an account in the file.
type Account struct {
	ID         string `json:"id"`
	PersonID   string `json:"person_id"`
	UserName   string `json:"user_name"`
	Title      string `json:"title"`
	Department string `json:"department"`
	Active     *bool  `json:"active"` // absent means active
}

func (d *demo) app(name string) (*App, error) {
	file := filepath.Join("apps", name+".json")
	raw, err := os.ReadFile(filepath.Join(d.dir, file))
	if err != nil {
		return nil, fmt.Errorf("look into the app %s: %w", name, err)
	}
	a := &App{file: file}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("look into the app %s: %w", name, err)
	}
	return a, nil
}

// active lists the user names of active accounts, sorted.
func (a *App) active() []string {
	var names []string
	for _, acc := range a.Accounts {
		if acc.Active == nil || *acc.Active {
			names = append(names, acc.UserName)
		}
	}
	slices.Sort(names)
	return names
}

// account gives the one account of a user name; none or several are an error.
func (a *App) account(userName string) (Account, error) {
	var found []Account
	for _, acc := range a.Accounts {
		if strings.EqualFold(acc.UserName, userName) {
			found = append(found, acc)
		}
	}
	if len(found) != 1 {
		return Account{}, fmt.Errorf("%s: expected one account of %s, found %d", a.file, userName, len(found))
	}
	return found[0], nil
}

// members lists who is in a group, sorted.
func (a *App) members(group string) []string {
	for _, g := range a.Groups {
		if g.Name == group {
			var names []string
			for name := range g.Members {
				names = append(names, name)
			}
			slices.Sort(names)
			return names
		}
	}
	return nil
}

// assignees lists who holds a license, sorted.
func (a *App) assignees(license string) []string {
	for _, l := range a.Licenses {
		if l.License == license {
			names := slices.Clone(l.Assignees)
			slices.Sort(names)
			return names
		}
	}
	return nil
}

// sameNames says which names are missing from got and which are too many.
func sameNames(what string, got, want []string) error {
	slices.Sort(want)
	var missing, surplus []string
	for _, n := range want {
		if !slices.Contains(got, n) {
			missing = append(missing, n)
		}
	}
	for _, n := range got {
		if !slices.Contains(want, n) {
			surplus = append(surplus, n)
		}
	}
	if len(missing)+len(surplus) == 0 && len(got) == len(want) {
		return nil
	}
	return fmt.Errorf("%s: missing %q, too many %q", what, missing, surplus)
}

// tamper changes an app's file as somebody with an editor would, behind Terraform's back. change gets
// the file's content as generic JSON.
func (d *demo) tamper(name string, change func(app map[string]any) error) error {
	path := filepath.Join(d.dir, "apps", name+".json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("tamper with %s: %w", name, err)
	}
	var app map[string]any
	if err := json.Unmarshal(raw, &app); err != nil {
		return fmt.Errorf("tamper with %s: %w", name, err)
	}
	if err := change(app); err != nil {
		return fmt.Errorf("tamper with %s: %w", name, err)
	}
	if raw, err = json.MarshalIndent(app, "", "  "); err != nil {
		return fmt.Errorf("tamper with %s: %w", name, err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // a demonstration file
		return fmt.Errorf("tamper with %s: %w", name, err)
	}
	return nil
}

// named finds the object whose key is value in a list of a generic JSON document.
func named(app map[string]any, list, key, value string) (map[string]any, error) {
	items, _ := app[list].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok && m[key] == value {
			return m, nil
		}
	}
	return nil, fmt.Errorf("nothing in %s has the %s %q", list, key, value)
}
