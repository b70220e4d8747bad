package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// tampering lets somebody edit the apps by hand.
func (d *demo) tampering(ctx context.Context) error {
	d.heading("3. Somebody changes things behind Terraform's back")
	const title = "Chief Everything Officer"
	out, up, in := d.people[kicked], d.people[retitled], d.people[intruder]
	d.item("%s is thrown out of the %s channel (apps/chat.json is edited by hand).", out.Name(), out.Department)
	d.item("%s becomes %s in the wiki (apps/wiki.json likewise).", up.Name(), title)
	d.item("%s of %s becomes an administrator of the wiki.", in.Name(), in.Department)
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
			admins, err := named(app, "groups", "name", "admins")
			if err != nil {
				return err
			}
			members, _ := admins["members"].(map[string]any)
			members[in.Email] = "admin"
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
	d.quote(p.excerpt(d.people))
	channel := "chat groups/" + out.Department + "/" + out.Email
	if err := sameChanges(p.changes(), map[string]Change{channel: Create, "wiki accounts/" + retitled: Update}); err != nil {
		return fmt.Errorf("the plan (%s) is not what it should be:\n%w", d.planText("3-tampering"), err)
	}
	drift := map[string]Change{
		channel: Delete, "wiki accounts/" + retitled: Update, "wiki strangers/groups/admins/" + in.Email: Create,
	}
	if err := sameChanges(p.drift(), drift); err != nil {
		return fmt.Errorf("what the plan calls drift (%s) is not what it should be:\n%w", d.planText("3-tampering"), err)
	}
	d.checked("the plan shows all three as drift, puts the first two right, and names %s in strangers", in.Name())

	if err := d.apply(ctx, p); err != nil {
		return err
	}
	if err := d.appsMatch(in.Email); err != nil {
		return err
	}
	d.checked("%s is back in the channel, %s is %s again, and nobody has been taken out", out.Name(), up.Name(), up.Title)
	return nil
}

// removal changes unmanaged { members } from "report" to "remove".
func (d *demo) removal(ctx context.Context) error {
	d.heading("4. From reporting strangers to removing them")
	d.item(`In access.tf, members = "report" becomes members = "remove".`)
	in := d.people[intruder]
	err := rewrite(filepath.Join(d.dir, "access.tf"), []edit{{`    members   = "report"`, `    members   = "remove"`}})
	if err != nil {
		return err
	}
	p, err := d.plan(ctx, "4-remove")
	if err != nil {
		return err
	}
	d.say("")
	d.quote(p.excerpt(d.people))
	want := map[string]Change{"wiki strangers/groups/admins/" + in.Email: Delete}
	for _, group := range []string{"admins", "handbook-editors"} { // passed over, with the reason
		want["wiki strangers/groups/"+group+"/"+breakGlass] = Delete
		want["wiki held/groups/"+group+"/"+breakGlass] = Create
	}
	if err := sameChanges(p.changes(), want); err != nil {
		return fmt.Errorf("the plan (%s) is not what it should be:\n%w", d.planText("4-remove"), err)
	}
	err = d.explains(p, "4-remove", map[string]Explanation{
		"wiki groups/admins/" + in.Email:   {"remove", "in no configuration"},
		"wiki groups/admins/" + breakGlass: {"hold", "protected"},
	})
	if err != nil {
		return err
	}
	d.checked("the plan takes out %s and nobody else; the protected break-glass account is held", in.Name())
	if err := d.apply(ctx, p); err != nil {
		return err
	}
	if err := d.appsMatch(); err != nil {
		return err
	}
	d.checked("the wiki's administrators are those whom policy names, and the break-glass account")
	return d.settled(ctx, "4-after")
}

// halfTheFile loses the second half of the HR file, as a broken export does.
func (d *demo) halfTheFile(ctx context.Context) error {
	d.heading("5. Half of the HR file is lost")
	path := filepath.Join(d.dir, "people.csv")
	whole, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the HR file: %w", err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	if err := os.WriteFile(path, bytes.Join(lines[:len(lines)/2], nil), 0o644); err != nil { //nolint:gosec // a demonstration file
		return fmt.Errorf("cut the HR file: %w", err)
	}
	left, err := readPeople(d.dir)
	if err != nil {
		return err
	}
	d.item("people.csv ends after %d people; %d are missing.", len(left), len(d.people)-len(left))
	was, err := d.written()
	if err != nil {
		return err
	}
	text, err := d.refused(ctx, "5-half-the-file")
	if err != nil {
		return err
	}
	refusal := section(text, "Error: Cannot take this much away from groups/all-hands in chat")
	d.say("")
	d.quote(folded(refusal, 5))
	names := strings.Join(refusal, "\n")
	for id, p := range d.people {
		_, still := left[id]
		affected := !still && id != leaver && !strings.Contains(strings.Join(withoutAccess, " "), id)
		if strings.Contains(names, p.Email) != affected && p.Email != "" {
			return fmt.Errorf("%s: whether %s is named should be %t", d.planText("5-half-the-file"), p.Email, affected)
		}
	}
	d.checked("planning stops, and names everybody who is missing")
	now, err := d.written()
	if err != nil {
		return err
	}
	if was != now {
		return fmt.Errorf("%s: something was written", d.dir)
	}
	d.checked("nothing was written: the apps and the audit log are the same, byte by byte")
	if err := os.WriteFile(path, whole, 0o644); err != nil { //nolint:gosec // a demonstration file
		return fmt.Errorf("restore the HR file: %w", err)
	}
	d.item("The file is whole again.")
	return nil
}

// written is everything that Tenure can write to, in one string.
func (d *demo) written() (string, error) {
	var all strings.Builder
	for _, file := range []string{"apps/wiki.json", "apps/chat.json", "apps/design.json", "audit.jsonl"} {
		content, err := os.ReadFile(filepath.Join(d.dir, file))
		if err != nil {
			return "", fmt.Errorf("look at what is written: %w", err)
		}
		all.Write(content)
	}
	return all.String(), nil
}

// section is one message of Terraform's output: from the line that begins it to the next one's.
func section(text, first string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == first:
			lines = append(lines, line)
		case len(lines) > 0 && (strings.HasPrefix(line, "Error: ") || strings.HasPrefix(line, "Warning: ")):
			return lines
		case len(lines) > 0 && !sourceLine.MatchString(line) && (line != "" || lines[len(lines)-1] != ""):
			lines = append(lines, line)
		}
	}
	return lines
}

// sourceLine is a line that says where in the configuration a message belongs.
var sourceLine = regexp.MustCompile(`^  (with|on) |^ +[0-9]+: `)

// folded shortens the list of names in a message.
func folded(lines []string, keep int) []string {
	var out []string
	names := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "  ") && strings.Contains(line, "@") {
			if names++; names > keep {
				continue
			}
		} else if names > keep {
			out = append(out, fmt.Sprintf("  ... and %d more names", names-keep))
			names = 0
		}
		out = append(out, line)
	}
	return out
}
