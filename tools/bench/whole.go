package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Rows about one resource for everybody.

func wholeRows() []row {
	return []row{
		{
			name: "members", about: "`tenure_group_members`", needs: []string{"tenure_group_members"},
			sizes: every, run: planMembers,
		},
		{
			name: "app-access", about: "HR file → `tenure_entitlements` → `tenure_app_access`", needs: []string{"data.tenure_entitlements", "tenure_app_access"},
			sizes: every, run: planAppAccess, grows: true,
		},
		{
			name: "handmade", about: "`tenure_app_access` with accounts made by csvdecode", needs: []string{"tenure_app_access"},
			sizes: fixed(10_000), run: planHandmade,
		},
		{
			name: "app-quota", about: "creating accounts with `tenure_app_access` under a quota", needs: []string{"tenure_app_access"},
			sizes: fixed(1000, 10_000), run: createAllUnderQuota,
		},
	}
}

// A map of a whole company is made with zipmap and csvdecode. What jsondecode gives is an object, and
// Terraform's conversion of an object to a map takes the square of its size.

const groupMembers = `
locals {
  names   = split("\n", file("names.txt"))
  members = zipmap(local.names, split("\n", file("roles.txt")))
}
`

const groupMembersOurs = groupMembers + `
resource "tenure_group_members" "everyone" {
  app     = "app"
  group   = "everyone"
  members = local.members
}
`

const groupMembersFloor = groupMembers + `
resource "terraform_data" "everyone" {
  input = local.members
}
`

func (w *workspace) members(members []sandbox.Person) error {
	var names []string
	for _, p := range members {
		names = append(names, p.WorkEmail)
	}
	if err := w.file("names.txt", []byte(strings.Join(names, "\n"))); err != nil {
		return err
	}
	return w.file("roles.txt", []byte(strings.TrimSuffix(strings.Repeat("member\n", len(names)), "\n")))
}

// memberLimit is how many members one request of the generic SCIM profile changes at most.
const memberLimit = 100

// planMembers compares plans without a change, then counts what additions and one removal send.
func planMembers(ctx context.Context, b *bench, n int) ([]result, error) {
	var results []result
	everyone := company(n)
	err := b.with(ctx, sandbox.Options{}, everyone, func(app *runningApp) error {
		if err := app.addGroup("everyone", everyone); err != nil {
			return err
		}
		ours, err := b.workspace("tenure", people(n)+" members", app)
		if err == nil {
			err = ours.members(everyone)
		}
		if err == nil {
			err = ours.hcl(groupMembersOurs)
		}
		if err == nil {
			_, err = ours.apply(ctx)
		}
		if err != nil {
			return err
		}
		floor, err := b.workspace("floor", people(n)+" in terraform_data", nil)
		if err == nil {
			err = floor.members(everyone)
		}
		if err == nil {
			err = floor.hcl(groupMembersFloor)
		}
		if err == nil {
			_, err = floor.apply(ctx)
		}
		if err != nil {
			return err
		}
		r, requests, err := b.compare(ctx, comparison{tenure: ours, floor: floor})
		if err != nil {
			return err
		}
		budget := pages(n) + pages(1) + 2 // of accounts and of groups
		r.What, r.Size, r.Requests = "plan of `tenure_group_members`, no change", people(n), people(requests)
		if n >= 50_000 {
			r.meets(fmt.Sprintf("ratio ≤ 1.5; ≤ %s requests (pages + 2)", people(budget)), r.Ratio <= 1.5 && requests <= budget)
		} else {
			r.meets(fmt.Sprintf("≤ %s requests (pages + 2)", people(budget)), requests <= budget)
		}
		results = append(results, r)
		if r, err = ours.addMissing(ctx, everyone); err != nil {
			return err
		}
		results = append(results, r)
		r, err = ours.removeOne(ctx, everyone)
		results = append(results, r)
		return err
	})
	return results, err
}

// addMissing takes a tenth of the members away behind Terraform's back and counts how they come back.
func (w *workspace) addMissing(ctx context.Context, everyone []sandbox.Person) (result, error) {
	lost := len(everyone) / 10
	for _, p := range everyone[:lost] {
		if err := w.app.RemoveMember("everyone", p.WorkEmail); err != nil {
			return result{}, fmt.Errorf("take members away: %w", err)
		}
	}
	m, err := w.applyCounted(ctx)
	if err != nil {
		return result{}, err
	}
	stats := w.app.Stats()
	writes := stats.Counts["PATCH /Groups/{id}"]
	lookups := stats.Total - writes
	r := result{
		What: "adding members with `tenure_group_members`, " + strconv.Itoa(memberLimit) + " per request", Size: people(lost) + " of " + people(len(everyone)),
		Seconds: m.seconds, Memory: m.memory, Requests: fmt.Sprintf("%d + %d lookups", writes, lookups),
	}
	want := (lost + memberLimit - 1) / memberLimit
	r.meets(fmt.Sprintf("≤ %d + %d (pages + 2)", want, pages(len(everyone))+2), writes <= want && lookups <= pages(len(everyone))+2 && stats.MembersAdded == lost)
	return r, nil
}

// removeOne takes one person out of the configuration: the plan must show that person alone, and the app must see
// one member go.
func (w *workspace) removeOne(ctx context.Context, everyone []sandbox.Person) (result, error) {
	if err := w.members(everyone[1:]); err != nil {
		return result{}, err
	}
	plan, err := w.run(ctx, "plan", "-out=plan")
	if err != nil {
		return result{}, err
	}
	shown := 0
	for line := range strings.Lines(plan.out) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, `- "`) {
			shown++
		}
	}
	w.app.Reset()
	m, err := w.run(ctx, "apply", "plan")
	if err != nil {
		return result{}, err
	}
	stats := w.app.Stats()
	r := result{
		What: "removing a member with `tenure_group_members`", Size: "1 of " + people(len(everyone)),
		Seconds: plan.seconds + m.seconds, Memory: max(plan.memory, m.memory),
		Requests: fmt.Sprintf("%d, %d member changes", stats.Total, stats.MemberChanges),
	}
	r.meets("1 line in the plan, 1 member change", shown == 1 && stats.MemberChanges == 1 && stats.MembersRemoved == 1)
	return r, nil
}

func (a *runningApp) addGroup(name string, members []sandbox.Person) error {
	g := sandbox.Group{DisplayName: name}
	for _, p := range members {
		u, ok := a.User(p.WorkEmail)
		if !ok {
			return fmt.Errorf("fill the app: there is no account %s", p.WorkEmail)
		}
		g.Members = append(g.Members, u.ID)
	}
	if _, err := a.AddGroup(g); err != nil {
		return fmt.Errorf("fill the app: %w", err)
	}
	return nil
}

const wholeApp = `
locals {
  people   = csvdecode(file("people.csv"))
  accounts = zipmap(split("\n", file("ids.txt")), local.people)
  groups   = { everyone = zipmap(split("\n", file("names.txt")), split("\n", file("roles.txt"))) }
}
`

const wholeAppOurs = wholeApp + `
resource "tenure_app_access" "app" {
  app      = "app"
  accounts = local.accounts
  groups   = local.groups
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`

const wholeAppFloor = wholeApp + `
resource "terraform_data" "app" {
  input = {
    app      = "app"
    accounts = local.accounts
    groups   = local.groups
  }
}
`

// wholeCompany writes the people as a table, so that Terraform reads them as a list of one type.
func (w *workspace) wholeCompany(members []sandbox.Person) error {
	var ids []string
	rows := [][]string{{"user_name", "email", "given_name", "family_name", "display_name", "title", "department"}}
	for _, p := range members {
		a := accountOf(p)
		ids = append(ids, a.PersonID)
		rows = append(rows, []string{a.UserName, a.Email, a.GivenName, a.FamilyName, a.DisplayName, a.Title, a.Department})
	}
	if err := w.members(members); err != nil {
		return err
	}
	if err := w.file("ids.txt", []byte(strings.Join(ids, "\n"))); err != nil {
		return err
	}
	return w.table("people.csv", rows)
}

func (w *workspace) table(name string, rows [][]string) error {
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return fmt.Errorf("write the configuration's data: %w", err)
	}
	return w.file(name, text.Bytes())
}

// planHandmade compares plans, without a change, of everybody's account and one group with everybody.
func planHandmade(ctx context.Context, b *bench, n int) ([]result, error) {
	var r result
	everyone := company(n)
	err := b.with(ctx, sandbox.Options{}, everyone, func(app *runningApp) error {
		if err := app.addGroup("everyone", everyone); err != nil {
			return err
		}
		ours, err := b.workspace("tenure", people(n)+" accounts", app)
		if err == nil {
			err = ours.wholeCompany(everyone)
		}
		if err == nil {
			err = ours.hcl(wholeAppOurs)
		}
		if err == nil {
			_, err = ours.apply(ctx)
		}
		if err != nil {
			return err
		}
		floor, err := b.workspace("floor", people(n)+" in terraform_data", nil)
		if err == nil {
			err = floor.wholeCompany(everyone)
		}
		if err == nil {
			err = floor.hcl(wholeAppFloor)
		}
		if err == nil {
			_, err = floor.apply(ctx)
		}
		if err != nil {
			return err
		}
		var requests int
		r, requests, err = b.compare(ctx, comparison{tenure: ours, floor: floor})
		r.What, r.Size, r.Requests = "plan of `tenure_app_access` with accounts from `csvdecode`, no change", people(n), people(requests)
		return err
	})
	return []result{r}, err
}

// createAllUnderQuota creates a company; the larger the company, the larger the quota.
func createAllUnderQuota(ctx context.Context, b *bench, n int) ([]result, error) {
	quota := n / 20
	var r result
	err := b.with(ctx, sandbox.Options{Quota: quota, Latency: appLatency}, nil, func(app *runningApp) error {
		if _, err := app.AddGroup(sandbox.Group{DisplayName: "everyone"}); err != nil {
			return fmt.Errorf("fill the app: %w", err)
		}
		w, err := b.workspace("tenure", people(n)+" accounts", app)
		if err == nil {
			err = w.wholeCompany(company(n))
		}
		if err == nil {
			err = w.hcl(wholeAppOurs)
		}
		if err != nil {
			return err
		}
		r, err = w.underQuota(ctx, quota, n)
		r.What, r.Size = "creating accounts with `tenure_app_access`, quota "+strconv.Itoa(quota)+"/s", people(n)
		return err
	})
	return []result{r}, err
}
