package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// settled plans once more: what was just applied must leave nothing to do.
func (d *demo) settled(ctx context.Context, name string) error {
	p, err := d.plan(ctx, name)
	if err != nil {
		return err
	}
	if touched := p.touches(); len(touched) > 0 {
		return fmt.Errorf("the plan after the apply (%s) should be empty and changes %q", d.planText(name), touched)
	}
	if err := sameChanges(p.drift(), nil); err != nil {
		return fmt.Errorf("the plan after the apply (%s) should find no drift:\n%w", d.planText(name), err)
	}
	d.checked("planning again finds nothing to do")
	return nil
}

// appsMatch compares what the apps hold with what policy gives the people of the HR file, by name; also are
// administrators of the wiki whom nobody asked for.
func (d *demo) appsMatch(also ...string) error {
	var everybody, designers, editors, admins []string
	seats := make(map[string][]string)
	teams := make(map[string][]string)
	for id, p := range d.people {
		if slices.Contains(withoutAccess, id) || (id == leaver && d.people[hire].ID != "") {
			continue
		}
		everybody = append(everybody, p.Email)
		teams[p.Department] = append(teams[p.Department], p.Email)
		if p.editsHandbook() {
			editors = append(editors, p.Email)
		}
		if p.administersWiki() {
			admins = append(admins, p.Email)
		}
		if seat := p.seat(); seat != "" {
			designers, seats[seat] = append(designers, p.Email), append(seats[seat], p.Email)
		}
	}
	wiki, err := d.app("wiki")
	if err != nil {
		return err
	}
	chat, err := d.app("chat")
	if err != nil {
		return err
	}
	design, err := d.app("design")
	if err != nil {
		return err
	}
	errs := []error{
		sameNames(wiki.file+": active accounts", wiki.active(), append(slices.Clone(everybody), breakGlass)),
		sameNames(wiki.file+": handbook-editors", wiki.members("handbook-editors"), append(editors, breakGlass)),
		sameNames(wiki.file+": admins", wiki.members("admins"), append(admins, append(also, breakGlass)...)),
		sameNames(chat.file+": active accounts", chat.active(), everybody),
		sameNames(chat.file+": all-hands", chat.members("all-hands"), everybody),
		sameNames(design.file+": active accounts", design.active(), designers),
		sameNames(design.file+": Full", design.assignees("Full"), seats["Full"]),
		sameNames(design.file+": Viewer", design.assignees("Viewer"), seats["Viewer"]),
	}
	for _, team := range slices.Sorted(maps.Keys(teams)) {
		errs = append(errs, sameNames(chat.file+": "+team, chat.members(team), teams[team]))
	}
	for _, acc := range wiki.Accounts {
		p, ok := d.people[acc.PersonID]
		if ok && acc.PersonID != leaver && (acc.Title != p.Title || acc.Department != p.Department) {
			errs = append(errs, fmt.Errorf("%s: %s is %q in %q, HR says %q in %q", wiki.file, acc.UserName, acc.Title, acc.Department, p.Title, p.Department))
		}
	}
	return errors.Join(errs...)
}

// sizes says how many active accounts each app has.
func (d *demo) sizes() string {
	var text string
	for _, name := range []string{"wiki", "chat", "design"} {
		a, err := d.app(name)
		if err != nil {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", name, len(a.active()))
	}
	return text
}

func (d *demo) planText(name string) string { return filepath.Join(d.dir, "plans", name+".txt") }

// explains checks that the plan gives these changes and reasons for these subjects.
func (d *demo) explains(p *Plan, name string, want map[string]Explanation) error {
	got := p.explanations()
	var errs []error
	for _, subject := range slices.Sorted(maps.Keys(want)) {
		w, g := want[subject], got[subject]
		if g.Change != w.Change || !strings.Contains(g.Why, w.Why) {
			errs = append(errs, fmt.Errorf("%s: expected %q because of %q, explanations say %q because of %q", subject, w.Change, w.Why, g.Change, g.Why))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("the plan (%s) does not say why:\n%w", d.planText(name), errors.Join(errs...))
	}
	return nil
}

// firstLines shows some of what a plan creates, which is too much to show in full.
func firstLines(p *Plan) []string {
	counts := make(map[string]int)
	for what := range p.changes() {
		app, path, _ := strings.Cut(what, " ")
		set, _, _ := strings.Cut(path, "/")
		counts[app+" "+set]++
	}
	var lines []string
	for _, address := range p.touches() {
		lines = append(lines, "# "+address+" will be created")
		for _, set := range []string{"accounts", "groups", "licenses"} {
			app := strings.Split(address, `"`)[1]
			if n := counts[app+" "+set]; n > 0 {
				lines = append(lines, fmt.Sprintf("    + %-3d %s", n, map[string]string{"accounts": "accounts", "groups": "memberships", "licenses": "licenses"}[set]))
			}
		}
	}
	return lines
}
