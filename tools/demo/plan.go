package main

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Change is what a plan does to one thing that somebody holds.
type Change string

// The changes of a plan.
const (
	Create Change = "create"
	Update Change = "update"
	Delete Change = "delete"
)

// sets are the attributes of a tenure_app_access that hold people, with how many keys lead to one of them:
// accounts by key, groups and licenses by group or product and user name.
var sets = map[string]int{"accounts": 1, "groups": 2, "licenses": 2, "strangers": 1, "held": 1}

// changes are what the plan does, thing by thing: "chat groups/Sales/marta@acme.example" -> Delete.
func (p *Plan) changes() map[string]Change { return changesOf(p.JSON.ResourceChanges) }

// drift is what changed behind Terraform's back since the last apply, likewise.
func (p *Plan) drift() map[string]Change { return changesOf(p.JSON.ResourceDrift) }

func changesOf(list []*tfjson.ResourceChange) map[string]Change {
	m := make(map[string]Change)
	for _, rc := range accessOf(list) {
		for name, depth := range sets {
			before, after := leaves(rc.Change.Before, name, depth), leaves(rc.Change.After, name, depth)
			for key, was := range before {
				if now, stays := after[key]; !stays {
					m[appOf(rc)+" "+key] = Delete
				} else if !reflect.DeepEqual(was, now) {
					m[appOf(rc)+" "+key] = Update
				}
			}
			for key := range after {
				if _, had := before[key]; !had {
					m[appOf(rc)+" "+key] = Create
				}
			}
		}
	}
	return m
}

// accessOf are the apps that a plan touches, sorted by address.
func accessOf(list []*tfjson.ResourceChange) []*tfjson.ResourceChange {
	list = slices.DeleteFunc(slices.Clone(list), func(rc *tfjson.ResourceChange) bool {
		return rc.Type != "tenure_app_access" || rc.Change.Actions.NoOp()
	})
	slices.SortFunc(list, func(a, b *tfjson.ResourceChange) int { return strings.Compare(a.Address, b.Address) })
	return list
}

func appOf(rc *tfjson.ResourceChange) string { return fmt.Sprint(rc.Index) }

// leaves are the things in one set of a resource, by path: "groups/Sales/marta@acme.example".
func leaves(resource any, set string, depth int) map[string]any {
	m := make(map[string]any)
	fields, _ := resource.(map[string]any)
	var walk func(path string, value any, depth int)
	walk = func(path string, value any, depth int) {
		if depth == 0 {
			m[path] = value
			return
		}
		inner, _ := value.(map[string]any)
		for key, v := range inner {
			walk(path+"/"+key, v, depth-1)
		}
	}
	walk(set, fields[set], depth)
	return m
}

// touches says which resources the plan changes at all, by address.
func (p *Plan) touches() []string {
	var addresses []string
	for _, rc := range p.JSON.ResourceChanges {
		if rc.Mode == tfjson.ManagedResourceMode && !rc.Change.Actions.NoOp() {
			addresses = append(addresses, rc.Address)
		}
	}
	return addresses
}

// sameChanges names everything at which got differs from want.
func sameChanges(got, want map[string]Change) error {
	var errs []error
	for _, what := range slices.Sorted(maps.Keys(want)) {
		switch g, ok := got[what]; {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: expected to %s, is not in the plan", what, want[what]))
		case g != want[what]:
			errs = append(errs, fmt.Errorf("%s: expected to %s, the plan says %s", what, want[what], g))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[what]; !ok {
			errs = append(errs, fmt.Errorf("%s: the plan says %s, expected nothing", what, got[what]))
		}
	}
	return errors.Join(errs...)
}

// Explanation is one entry of the attribute explanations: what the plan changes for a subject, and why.
type Explanation struct{ Change, Why string }

// explanations are those that the plan adds, by "APP SUBJECT".
func (p *Plan) explanations() map[string]Explanation {
	m := make(map[string]Explanation)
	for _, rc := range accessOf(p.JSON.ResourceChanges) {
		for key, v := range leaves(rc.Change.After, "explanations", 1) {
			if e, ok := v.(map[string]any); ok {
				m[appOf(rc)+" "+strings.TrimPrefix(key, "explanations/")] = Explanation{fmt.Sprint(e["change"]), fmt.Sprint(e["why"])}
			}
		}
	}
	return m
}

// excerpt is what the plan itself says about each subject in explanations, one line each, the fields that change in an
// account below it, the plan's count and what the provider warns of. Accounts go by the id of a person, so people says
// whose they are.
func (p *Plan) excerpt(people map[string]Person) []string {
	var lines []string
	for _, rc := range accessOf(p.JSON.ResourceChanges) {
		why := leaves(rc.Change.After, "explanations", 1)
		if len(why) == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("# %s will be changed", rc.Address))
		before, after := leaves(rc.Change.Before, "accounts", 1), leaves(rc.Change.After, "accounts", 1)
		for _, key := range slices.Sorted(maps.Keys(why)) {
			e, _ := why[key].(map[string]any)
			subject := strings.TrimPrefix(key, "explanations/")
			shown := subject
			if id, isAccount := strings.CutPrefix(subject, "accounts/"); isAccount {
				shown += "  " + people[id].Name()
			}
			lines = append(lines, fmt.Sprintf("    %-10v  %-47s  %v", e["change"], shown, e["why"]))
			was, _ := before[subject].(map[string]any)
			now, _ := after[subject].(map[string]any)
			for _, field := range slices.Sorted(maps.Keys(now)) {
				if was != nil && !reflect.DeepEqual(was[field], now[field]) {
					lines = append(lines, fmt.Sprintf("                ~ %s = %q -> %q", field, was[field], now[field]))
				}
			}
		}
	}
	var warnings []string
	for line := range strings.Lines(p.Text) {
		switch line = strings.TrimRight(line, "\n"); {
		case strings.HasPrefix(line, "Plan: "), strings.HasPrefix(line, "No changes."):
			lines = append(lines, line)
		case strings.HasPrefix(line, "Warning: ") && !strings.HasPrefix(line, "Warning: Provider development overrides"):
			warnings = append(warnings, strings.ReplaceAll(line, ", ", ",\n           "))
		}
	}
	slices.Sort(warnings) // Terraform plans in parallel and prints them as they come
	for _, w := range warnings {
		lines = append(lines, strings.Split(w, "\n")...)
	}
	return lines
}
