package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

const requiredProvider = `terraform {
  required_providers {
    tenure = {
      source = "tenure-access/tenure"
    }
  }
}
`

// workspace is a directory with a configuration, and its state after an apply.
type workspace struct {
	b     *bench
	dir   string
	title string      // in the progress: "1,000 tenure_account"
	app   *runningApp // nil for none
	args  []string    // for every plan and apply
}

// workspace makes an empty one below the unit's own directory.
func (b *bench) workspace(name, title string, app *runningApp, args ...string) (*workspace, error) {
	dir, err := filepath.Abs(filepath.Join(b.dir, "work", filepath.FromSlash(b.unit.key()), name))
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o750)
	}
	if err != nil {
		return nil, fmt.Errorf("make a workspace: %w", err)
	}
	return &workspace{b: b, dir: dir, title: title, app: app, args: args}, nil
}

// hcl writes the configuration: the provider block for the app, if there is one, and the rest.
func (w *workspace) hcl(rest string) error {
	text := requiredProvider
	if w.app != nil {
		text += w.app.hcl
	}
	return w.file("main.tf", []byte(text+rest))
}

func (w *workspace) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workspace) file(name string, content []byte) error {
	if err := os.WriteFile(w.path(name), content, 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// data writes a value that the configuration reads with jsondecode(file(name)).
func (w *workspace) data(name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the configuration's data: %w", err)
	}
	return w.file(name, raw)
}

// apply applies the configuration and leaves the app's counts at zero.
func (w *workspace) apply(ctx context.Context, args ...string) (measured, error) {
	m, err := w.run(ctx, "apply", append([]string{"-auto-approve"}, args...)...)
	w.reset()
	return m, err
}

// emptyPlan makes a plan, with refresh, that must not change anything.
func (w *workspace) emptyPlan(ctx context.Context) (measured, error) {
	m, err := w.run(ctx, "plan", "-detailed-exitcode")
	if err == nil && m.exit == 2 {
		err = fmt.Errorf("the plan of %s after the apply is not empty:\n%.3000s", w.title, m.out)
	}
	return m, err
}

func (w *workspace) run(ctx context.Context, command string, args ...string) (measured, error) {
	w.b.say("%s: %s ...", w.title, command)
	all := slices.Concat([]string{command, "-input=false", "-no-color"}, w.args, args)
	tick := func(took time.Duration, memory int64) {
		w.b.say("%s: %s is running for %s%s%s", w.title, command, took.Round(time.Second), w.app.progress(), megabytes(memory))
	}
	m, err := w.b.tf.run(ctx, w.dir, tick, all...)
	if err != nil {
		return m, err
	}
	w.b.say("%s: %s took %.1f s (processor %.1f s, provider %.1f s of it)%s%s", w.title, command, m.seconds, m.cpu, m.providerCPU, megabytes(m.memory), w.app.counts())
	return m, nil
}

func (w *workspace) reset() {
	if w.app != nil {
		w.app.Reset()
	}
}

func megabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", provider %d MiB", n>>20)
}

// runningApp is a sandbox that listens, and the provider block that leads to it.
type runningApp struct {
	*sandbox.Server
	hcl  string
	stop func() error
}

// pageSize is how many entries the sandbox gives at most in one page.
const pageSize = 100

func pages(n int) int { return max(1, (n+pageSize-1)/pageSize) }

// serve starts an app that has the people as accounts. The caller stops it.
func (b *bench) serve(ctx context.Context, o sandbox.Options, members []sandbox.Person) (*runningApp, error) {
	o.Token, o.Seed, o.PageSize = "bench", 1, pageSize
	s, err := sandbox.New(o)
	if err != nil {
		return nil, fmt.Errorf("start the app: %w", err)
	}
	for _, p := range members {
		if _, err := s.AddUser(user(p)); err != nil {
			return nil, fmt.Errorf("fill the app: %w", err)
		}
	}
	l, url, err := sandbox.Listen(ctx, net.JoinHostPort("127.0.0.1", "0"))
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- sandbox.Serve(serving, l, s) }()
	app := &runningApp{Server: s, stop: func() error { cancel(); return <-done }}
	app.hcl = fmt.Sprintf(`
provider "tenure" {
  app {
    name = "app"
    scim {
      base_url = %q
      token    = "bench"
    }
  }
  roster {
    name = "hr"
    csv {
      path = "people.csv"
    }
  }
}
`, url+sandbox.BasePath)
	return app, nil
}

// with serves an app for as long as use takes.
func (b *bench) with(ctx context.Context, o sandbox.Options, members []sandbox.Person, use func(*runningApp) error) error {
	app, err := b.serve(ctx, o, members)
	if err != nil {
		return err
	}
	return errors.Join(use(app), app.stop())
}

func (a *runningApp) progress() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf(", %s requests", people(a.Stats().Total))
}

// counts is progress with what was requested, since the counts were last set to zero.
func (a *runningApp) counts() string {
	if a == nil {
		return ""
	}
	var parts []string
	stats := a.Stats()
	for _, name := range slices.Sorted(maps.Keys(stats.Counts)) {
		parts = append(parts, fmt.Sprintf("%s %s", people(stats.Counts[name]), name))
	}
	return "; requests: " + strings.Join(parts, ", ")
}

// company invents people; all of them, whatever their status.
func company(size int) []sandbox.Person {
	return sandbox.Company{People: size, Seed: 1}.Generate()
}

// account is what the configurations say of a person.
type account struct {
	PersonID    string `json:"person_id,omitempty"`
	UserName    string `json:"user_name"`
	Email       string `json:"email"`
	GivenName   string `json:"given_name"`
	FamilyName  string `json:"family_name"`
	DisplayName string `json:"display_name"`
	Title       string `json:"title"`
	Department  string `json:"department"`
}

func accountOf(p sandbox.Person) account {
	return account{
		PersonID: p.PersonID, UserName: p.WorkEmail, Email: p.WorkEmail, GivenName: p.GivenName, FamilyName: p.FamilyName,
		DisplayName: p.GivenName + " " + p.FamilyName, Title: p.Title, Department: p.Department,
	}
}

func user(p sandbox.Person) sandbox.User {
	a := accountOf(p)
	return sandbox.User{
		UserName: a.UserName, ExternalID: a.PersonID, GivenName: a.GivenName, FamilyName: a.FamilyName, DisplayName: a.DisplayName,
		Email: a.Email, Title: a.Title, EmployeeNumber: a.PersonID, Department: a.Department,
	}
}

// accounts are keyed as the resources are.
func accounts(members []sandbox.Person) map[string]account {
	m := make(map[string]account, len(members))
	for _, p := range members {
		m[p.PersonID] = accountOf(p)
	}
	return m
}
