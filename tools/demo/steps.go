package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
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
	want := everything(d.people)
	d.quote(firstLines(p))
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
	d.quote(p.excerpt(d.people))
	want := map[string]Change{
		"wiki accounts/" + hire:                         Create,
		"chat accounts/" + hire:                         Create,
		"chat groups/all-hands/" + people[hire].Email:   Create,
		"chat groups/Support/" + people[hire].Email:     Create,
		"wiki accounts/" + mover:                        Update,
		"chat groups/Support/" + people[mover].Email:    Delete,
		"chat groups/Design/" + people[mover].Email:     Create,
		"design accounts/" + mover:                      Create,
		"design licenses/Design/" + people[mover].Email: Create,
		"wiki accounts/" + leaver:                       Delete,
		"chat accounts/" + leaver:                       Delete,
		"chat groups/all-hands/" + people[leaver].Email: Delete,
		"chat groups/Sales/" + people[leaver].Email:     Delete,
	}
	if err := sameChanges(p.changes(), want); err != nil {
		return fmt.Errorf("the plan (%s) is not what it should be:\n%w", d.planText("2-new-hr-file"), err)
	}
	d.checked("the plan is exactly these %d changes, and the other %d people do not appear in it", len(want), len(people)-3)
	if err := d.explains(p, "2-new-hr-file", map[string]Explanation{
		"chat accounts/" + hire:                         {"create", `rule "everyone"`},
		"chat accounts/" + leaver:                       {"deactivate", "left on 2026-02-27"},
		"chat groups/Support/" + people[mover].Email:    {"remove", `no longer matched by rule "channel of Support"`},
		"design licenses/Design/" + people[mover].Email: {"add", `rule "designers"`},
	}); err != nil {
		return err
	}
	d.checked("the plan says why: the rule that gives, the rule that no longer does, the last day")

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

func (d *demo) nothingLeft(ctx context.Context) error {
	d.heading("6. The last plan is empty")
	return d.settled(ctx, "6-last")
}

func (d *demo) outro(took time.Duration) {
	d.heading("Where to look")
	d.say("  %-28s who gets what, and %s who works here", filepath.Join(d.dir, "access.tf"), filepath.Join(d.dir, "people.csv"))
	d.say("  %-28s the apps, as they are now", filepath.Join(d.dir, "apps"))
	d.say("  %-28s the plans in full", filepath.Join(d.dir, "plans"))
	d.say("  %-28s every write that was attempted, and what became of it", filepath.Join(d.dir, "audit.jsonl"))
	d.say("")
	d.say("To go on by yourself: change a line of people.csv or of an app, and plan again.")
	d.say("")
	d.say("  cd %s && export TF_CLI_CONFIG_FILE=$PWD/%s", d.dir, cliConfig)
	d.say("  %s plan", d.bin)
	d.say("")
	d.say("%s is all that the demo leaves behind; make clean removes it. It took %.0f seconds.", d.dir, took.Seconds())
}
