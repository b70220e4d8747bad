package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// demo is one run.
type demo struct {
	*Terraform
	dir    string
	out    io.Writer
	bold   bool
	people map[string]Person // as the HR file says now
}

func (d *demo) intro(context.Context) error {
	people, err := readPeople(d.dir)
	if err != nil {
		return err
	}
	d.people = people
	d.heading("Tenure: access lasts as long as tenure")
	d.say("Acme has %d people in an HR file and three apps. What each person should have is decided in", len(people))
	d.say("%s, which names nobody. Everything below happens with %s,", filepath.Join(d.dir, "access.tf"), d.version)
	d.say("in %s, on 2 March 2026.", d.dir)
	return nil
}

func (d *demo) firstApply(ctx context.Context) error {
	d.heading("1. A company is provisioned by one plan")
	d.say("The HR file is as messy as they are:")
	d.item("%s starts on 16 March: nothing yet.", d.people[future].Name())
	d.item("%s's contract ended in January; HR still calls him active: nothing.", d.people[ended].Name())
	d.item("%s left in November: nothing.", d.people[gone].Name())
	d.item("%s is on parental leave: keeps her access.", d.people[onLeave].Name())
	d.item("%s is back after a year; the wiki still has her deactivated account.", d.people[rehired].Name())

	p, err := d.plan(ctx, "1-first")
	if err != nil {
		return err
	}
	d.say("")
	d.quote(p.excerpt(wikiAccount(rehired), wikiAccount(onLeave), inChannel("Design", "1026"), designSeat("1026")))
	want := everything(d.people)
	if err := sameChanges(p.changes(), want); err != nil {
		return fmt.Errorf("the first plan (%s) is not what it should be:\n%w", d.planText("1-first"), err)
	}
	d.checked("the plan creates exactly the %d things that policy asks for, and touches nothing else", len(want))

	if err := d.apply(ctx, p); err != nil {
		return err
	}
	if err := d.appsMatch(); err != nil {
		return err
	}
	d.checked("each app holds exactly these people: %s", d.sizes())

	wiki, err := d.app("wiki")
	if err != nil {
		return err
	}
	lucia, err := wiki.account(d.people[rehired].Email)
	if err != nil {
		return err
	}
	if lucia.ID != "u-000002" || lucia.Title != d.people[rehired].Title {
		return fmt.Errorf("%s: expected %s to have her old account u-000002 with today's title, found %+v", wiki.file, d.people[rehired].Name(), lucia)
	}
	d.checked("%s has her old account again (%s, now %q), not a second one", d.people[rehired].Name(), lucia.ID, lucia.Title)
	glass, err := wiki.account(breakGlass)
	if err != nil {
		return err
	}
	if glass.Title != "For emergencies only" {
		return fmt.Errorf("%s: the break-glass account was touched: %+v", wiki.file, glass)
	}
	d.checked("the wiki's break-glass account, which no rule mentions, is as it was")
	return d.settled(ctx, "1-after")
}

func (d *demo) newHRFile(ctx context.Context) error {
	d.heading("2. HR sends a new file: a joiner, a mover, a leaver")
	before := d.people
	if err := rewrite(filepath.Join(d.dir, "people.csv"), secondHRFile); err != nil {
		return err
	}
	people, err := readPeople(d.dir)
	if err != nil {
		return err
	}
	d.people = people
	d.item("%s joins as %s.", people[hire].Name(), people[hire].Title)
	d.item("%s moves from %s to %s.", people[mover].Name(), before[mover].Department, people[mover].Department)
	d.item("%s has left: her last day was 27 February.", people[leaver].Name())

	p, err := d.plan(ctx, "2-new-hr-file")
	if err != nil {
		return err
	}
	d.say("")
	d.quote(p.excerpt())
	want := map[string]Change{
		wikiAccount(hire):            Create,
		chatAccount(hire):            Create,
		inChannel("all-hands", hire): Create,
		inChannel("Support", hire):   Create,

		wikiAccount(mover):          Update,
		inChannel("Support", mover): Delete,
		inChannel("Design", mover):  Create,
		designAccount(mover):        Create,
		designSeat(mover):           Create,

		wikiAccount(leaver):            Delete,
		chatAccount(leaver):            Delete,
		inChannel("all-hands", leaver): Delete,
		inChannel("Sales", leaver):     Delete,
	}
	if err := sameChanges(p.changes(), want); err != nil {
		return fmt.Errorf("the plan (%s) is not what it should be:\n%w", d.planText("2-new-hr-file"), err)
	}
	d.checked("the plan is exactly these %d changes, and the other %d people do not appear in it", len(want), len(people)-3)

	if err := d.apply(ctx, p); err != nil {
		return err
	}
	if err := d.appsMatch(); err != nil {
		return err
	}
	for _, name := range []string{"wiki", "chat"} {
		a, err := d.app(name)
		if err != nil {
			return err
		}
		acc, err := a.account(people[leaver].Email)
		if err != nil {
			return err
		}
		if acc.Active == nil || *acc.Active {
			return fmt.Errorf("%s: the account of %s should be deactivated", a.file, people[leaver].Name())
		}
	}
	d.checked("%s's accounts are deactivated and kept: nothing she made is lost", people[leaver].Name())
	d.checked("each app holds exactly these people: %s", d.sizes())
	return d.settled(ctx, "2-after")
}

func (d *demo) tampering(ctx context.Context) error {
	d.heading("3. Somebody changes things behind Terraform's back")
	const title = "Chief Everything Officer"
	out, up := d.people[kicked], d.people[retitled]
	d.item("%s is thrown out of the %s channel (apps/chat.json is edited by hand).", out.Name(), out.Department)
	d.item("%s becomes %s in the wiki (apps/wiki.json likewise).", up.Name(), title)
	err := errors.Join(
		d.tamper("chat", func(app map[string]any) error {
			group, err := named(app, "groups", "name", out.Department)
			if err != nil {
				return err
			}
			members, _ := group["members"].(map[string]any)
			if _, in := members[out.Email]; !in {
				return fmt.Errorf("%s is not in %s", out.Email, out.Department)
			}
			delete(members, out.Email)
			return nil
		}),
		d.tamper("wiki", func(app map[string]any) error {
			account, err := named(app, "accounts", "user_name", up.Email)
			if err != nil {
				return err
			}
			account["title"] = title
			return nil
		}),
	)
	if err != nil {
		return err
	}

	p, err := d.plan(ctx, "3-tampering")
	if err != nil {
		return err
	}
	d.say("")
	d.quote(p.excerpt())
	want := map[string]Change{
		inChannel(out.Department, kicked): Create,
		wikiAccount(retitled):             Update,
	}
	if err := sameChanges(p.changes(), want); err != nil {
		return fmt.Errorf("the plan (%s) is not what it should be:\n%w", d.planText("3-tampering"), err)
	}
	drift := map[string]Change{
		inChannel(out.Department, kicked): Delete,
		wikiAccount(retitled):             Update,
	}
	if err := sameChanges(p.drift(), drift); err != nil {
		return fmt.Errorf("what the plan calls drift (%s) is not what it should be:\n%w", d.planText("3-tampering"), err)
	}
	d.checked("the plan shows both as drift, and puts both right")

	if err := d.apply(ctx, p); err != nil {
		return err
	}
	if err := d.appsMatch(); err != nil {
		return err
	}
	d.checked("%s is back in the channel, and %s is %s again", out.Name(), up.Name(), up.Title)
	return nil
}

func (d *demo) nothingLeft(ctx context.Context) error {
	d.heading("4. The last plan is empty")
	return d.settled(ctx, "4-last")
}

func (d *demo) outro(took time.Duration) {
	d.heading("Where to look")
	d.say("  %-28s who gets what, and %s who works here", filepath.Join(d.dir, "access.tf"), filepath.Join(d.dir, "people.csv"))
	d.say("  %-28s the apps, as they are now", filepath.Join(d.dir, "apps"))
	d.say("  %-28s the plans in full", filepath.Join(d.dir, "plans"))
	d.say("")
	d.say("To go on by yourself: change a line of people.csv or of an app, and plan again.")
	d.say("")
	d.say("  cd %s && export TF_CLI_CONFIG_FILE=$PWD/%s", d.dir, cliConfig)
	d.say("  %s plan", d.bin)
	d.say("")
	d.say("%s is all that the demo leaves behind; make clean removes it. It took %.0f seconds.", d.dir, took.Seconds())
}

// settled plans once more: what was just applied must leave nothing to do.
func (d *demo) settled(ctx context.Context, name string) error {
	p, err := d.plan(ctx, name)
	if err != nil {
		return err
	}
	if err := sameChanges(p.changes(), nil); err != nil {
		return fmt.Errorf("the plan after the apply (%s) should be empty:\n%w", d.planText(name), err)
	}
	if err := sameChanges(p.drift(), nil); err != nil {
		return fmt.Errorf("the plan after the apply (%s) should find no drift:\n%w", d.planText(name), err)
	}
	d.checked("planning again finds nothing to do")
	return nil
}

// appsMatch compares what the apps hold with what policy gives the people of the HR file, by name.
func (d *demo) appsMatch() error {
	var everybody, designers, full, viewers, editors []string
	teams := make(map[string][]string)
	for id, p := range d.people {
		if slices.Contains(withoutAccess, id) || (id == leaver && d.people[hire].ID != "") {
			continue
		}
		everybody = append(everybody, p.Email)
		teams[p.Department] = append(teams[p.Department], p.Email)
		if p.Manager || p.Department == "People" {
			editors = append(editors, p.Email)
		}
		switch p.Department {
		case "Design":
			designers, full = append(designers, p.Email), append(full, p.Email)
		case "Product":
			designers, viewers = append(designers, p.Email), append(viewers, p.Email)
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
		sameNames(chat.file+": active accounts", chat.active(), everybody),
		sameNames(chat.file+": all-hands", chat.members("all-hands"), everybody),
		sameNames(design.file+": active accounts", design.active(), designers),
		sameNames(design.file+": Full", design.assignees("Full"), full),
		sameNames(design.file+": Viewer", design.assignees("Viewer"), viewers),
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
