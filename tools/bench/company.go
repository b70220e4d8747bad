package main

import (
	"context"
	"fmt"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

const appFromRoster = `
resource "tenure_app_access" "app" {
  for_each = data.tenure_entitlements.company.apps
  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`

const appFromRosterFloor = `
resource "terraform_data" "app" {
  for_each = data.tenure_entitlements.company.apps
  input = {
    app      = each.key
    accounts = each.value.accounts
    groups   = each.value.groups
  }
}
`

// planAppAccess provisions a company from its HR file, and then compares plans without a change: with everything in
// tenure_app_access, in terraform_data, and nowhere.
func planAppAccess(ctx context.Context, b *bench, n int) ([]result, error) {
	var results []result
	everyone := today(n)
	err := b.with(ctx, sandbox.Options{}, nil, func(app *runningApp) error {
		for _, r := range fiftyRules() {
			if _, err := app.AddGroup(sandbox.Group{DisplayName: r.group}); err != nil {
				return fmt.Errorf("fill the app: %w", err)
			}
		}
		ours, err := b.fromRoster("tenure", "a company of "+people(n), app, everyone, appFromRoster)
		if err != nil {
			return err
		}
		m, err := ours.applyCounted(ctx)
		if err != nil {
			return err
		}
		stats := app.Stats()
		created := stats.Counts["POST /Users"]
		results = append(results, result{
			What: "first apply of `tenure_app_access`, no quota", Size: people(n), Seconds: m.seconds, Memory: m.memory,
			Requests: fmt.Sprintf("%s: %s accounts, %s memberships", people(stats.Total), people(created), people(stats.MembersAdded)),
		})
		floor, err := b.fromRoster("floor", "the same in terraform_data", app, everyone, appFromRosterFloor)
		if err == nil {
			_, err = floor.apply(ctx)
		}
		if err != nil {
			return err
		}
		data, err := b.fromRoster("data", "the same in nothing", app, everyone, "")
		if err == nil {
			_, err = data.apply(ctx)
		}
		if err != nil {
			return err
		}
		r, requests, err := b.compare(ctx, comparison{tenure: ours, floor: floor, data: data})
		if err != nil {
			return err
		}
		r.What, r.Size, r.Requests = "plan of `tenure_app_access`, no change", people(n), people(requests)
		budget := pages(created) + pages(len(fiftyRules())) + 2
		within := requests <= budget
		if n == growthFrom {
			r.meets(fmt.Sprintf("ratio ≤ 1.2; ≤ %s requests (pages + 2)", people(budget)), r.Ratio <= 1.2 && within)
		} else {
			r.meets(fmt.Sprintf("≤ %s requests (pages + 2)", people(budget)), within)
		}
		results = append([]result{r}, results...)
		return nil
	})
	return results, err
}
