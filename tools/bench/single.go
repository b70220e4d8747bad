package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Rows about one resource per account and membership. Their number is fixed: what Terraform itself spends on them
// grows with its square.

func singleRows() []row {
	return []row{
		{
			name: "accounts", about: "plan of `tenure_account` instances", needs: []string{"tenure_account"},
			sizes: fixed(1000), run: planAccounts,
		},
		{
			name: "refresh", about: "refresh of some `tenure_account` instances in a large app", needs: []string{"tenure_account"},
			sizes: fixed(10_000), run: refreshFew,
		},
		{
			name: "quota", about: "creating `tenure_account` instances under a quota of 50 requests/s", needs: []string{"tenure_account"},
			sizes: fixed(500), run: createUnderQuota,
		},
		{
			name: "memberships", about: "adding `tenure_group_membership` instances to one group", needs: []string{"tenure_group_membership"},
			sizes: fixed(200), run: addMemberships,
		},
		{
			name: "memory", about: "`tenure_accounts` lists an app", needs: []string{"data.tenure_accounts"},
			sizes: fixed(100_000), run: listAll,
		},
	}
}

const accountInstances = `
locals {
  people = jsondecode(file("people.json"))
}

resource "tenure_account" "person" {
  for_each     = local.people
  app          = "app"
  person_id    = each.value.person_id
  user_name    = each.value.user_name
  email        = each.value.email
  given_name   = each.value.given_name
  family_name  = each.value.family_name
  display_name = each.value.display_name
  title        = each.value.title
  department   = each.value.department
}
`

const accountInstancesFloor = `
locals {
  people = jsondecode(file("people.json"))
}

resource "terraform_data" "person" {
  for_each = local.people
  input    = merge({ app = "app" }, each.value)
}
`

// instances makes a workspace of tenure_account instances.
func (b *bench) instances(app *runningApp, members []sandbox.Person, args ...string) (*workspace, error) {
	w, err := b.workspace("tenure", people(len(members))+" tenure_account", app, args...)
	if err == nil {
		err = w.data("people.json", accounts(members))
	}
	if err == nil {
		err = w.hcl(accountInstances)
	}
	return w, err
}

// planAccounts compares plans, refresh included, of what was applied before.
func planAccounts(ctx context.Context, b *bench, n int) ([]result, error) {
	var r result
	err := b.with(ctx, sandbox.Options{}, nil, func(app *runningApp) error {
		members := company(n)
		ours, err := b.instances(app, members)
		if err != nil {
			return err
		}
		floor, err := b.workspace("floor", people(n)+" terraform_data", nil)
		if err == nil {
			err = floor.data("people.json", accounts(members))
		}
		if err == nil {
			err = floor.hcl(accountInstancesFloor)
		}
		if err == nil {
			_, err = ours.apply(ctx)
		}
		if err == nil {
			_, err = floor.apply(ctx)
		}
		if err != nil {
			return err
		}
		var requests int
		if r, requests, err = b.compare(ctx, comparison{tenure: ours, floor: floor}); err != nil {
			return err
		}
		r.What, r.Size, r.Requests = b.unit.about, people(n), people(requests)
		budget := 2 * min(n, pages(n))
		r.meets(fmt.Sprintf("ratio ≤ 1.3; ≤ %s requests (2 × pages)", people(budget)), r.Ratio <= 1.3 && requests <= budget)
		return nil
	})
	return []result{r}, err
}

// refreshFew counts what a plan of a few accounts asks of an app with many.
func refreshFew(ctx context.Context, b *bench, total int) ([]result, error) {
	var results []result
	everyone := company(total)
	for _, few := range []int{1, 50, 500} {
		err := b.with(ctx, sandbox.Options{}, everyone, func(app *runningApp) error {
			// From all over the listing, not only from its first page.
			var members []sandbox.Person
			for i := range few {
				members = append(members, everyone[i*(total/few)])
			}
			w, err := b.instances(app, members)
			if err != nil {
				return err
			}
			if _, err := w.apply(ctx); err != nil {
				return err
			}
			m, err := w.emptyPlan(ctx)
			if err != nil {
				return err
			}
			requests := app.Stats().Total
			r := result{
				What: "refresh of `tenure_account` instances", Size: fmt.Sprintf("%s of %s", people(few), people(total)),
				Seconds: m.seconds, Requests: people(requests), Memory: m.memory,
			}
			budget := 2 * min(few, pages(total))
			r.meets(fmt.Sprintf("≤ %s requests (2 × min(accounts, pages))", people(budget)), requests <= budget)
			results = append(results, r)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Terraform has this many instances in hand at once where the provider's own queue is the matter.
const wide = "-parallelism=50"

// createUnderQuota creates accounts in an app that serves few requests per second, and says so in its answers.
func createUnderQuota(ctx context.Context, b *bench, n int) ([]result, error) {
	const quota = 50
	var r result
	err := b.with(ctx, sandbox.Options{Quota: quota, Latency: appLatency}, nil, func(app *runningApp) error {
		w, err := b.instances(app, company(n))
		if err != nil {
			return err
		}
		r, err = w.underQuota(ctx, quota, n, wide)
		r.What, r.Size = "creating `tenure_account` instances, quota "+strconv.Itoa(quota)+"/s", people(n)
		return err
	})
	return []result{r}, err
}

const membershipInstances = `
locals {
  people = jsondecode(file("people.json"))
}

resource "tenure_group_membership" "person" {
  for_each  = local.people
  app       = "app"
  group     = "everyone"
  user_name = each.value.user_name
}
`

// addMemberships counts what it takes to add members one resource each.
func addMemberships(ctx context.Context, b *bench, n int) ([]result, error) {
	var r result
	everyone := company(1000)
	err := b.with(ctx, sandbox.Options{Latency: appLatency}, everyone, func(app *runningApp) error {
		if _, err := app.AddGroup(sandbox.Group{DisplayName: "everyone"}); err != nil {
			return fmt.Errorf("fill the app: %w", err)
		}
		w, err := b.workspace("tenure", people(n)+" tenure_group_membership", app)
		if err == nil {
			err = w.data("people.json", accounts(everyone[:n]))
		}
		if err == nil {
			err = w.hcl(membershipInstances)
		}
		if err != nil {
			return err
		}
		m, err := w.applyCounted(ctx, wide)
		if err != nil {
			return err
		}
		stats := app.Stats()
		app.Reset()
		if _, err := w.emptyPlan(ctx); err != nil {
			return err
		}
		writes := stats.Counts["PATCH /Groups/{id}"]
		r = result{
			What: "adding `tenure_group_membership` instances to one group (" + wide + ")", Size: people(n), Seconds: m.seconds,
			Requests: fmt.Sprintf("%d + %d lookups", writes, stats.Total-writes), Memory: m.memory,
		}
		// How many share a write depends on how fast Terraform hands them over: no target.
		if stats.MembersAdded != n {
			return fmt.Errorf("expected %d members to be added, the app saw %d", n, stats.MembersAdded)
		}
		return nil
	})
	return []result{r}, err
}

const listing = `
data "tenure_accounts" "all" {
  app = "app"
}

output "people" {
  value = length(data.tenure_accounts.all.accounts)
}
`

// listAll looks at the provider's memory while it lists a large app and hands all of it to Terraform.
func listAll(ctx context.Context, b *bench, n int) ([]result, error) {
	var r result
	err := b.with(ctx, sandbox.Options{}, company(n), func(app *runningApp) error {
		w, err := b.workspace("tenure", "data tenure_accounts, "+people(n)+" accounts", app)
		if err == nil {
			err = w.hcl(listing)
		}
		if err != nil {
			return err
		}
		app.Reset()
		m, err := w.run(ctx, "apply", "-auto-approve")
		if err != nil {
			return err
		}
		r = result{What: "memory while `tenure_accounts` lists an app", Size: people(n), Seconds: m.seconds, Requests: people(app.Stats().Total), Memory: m.memory}
		if m.memory > 0 {
			r.meets("< 500 MiB", m.memory < 500<<20)
		}
		return nil
	})
	return []result{r}, err
}
