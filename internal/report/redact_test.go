package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// Nothing that tells who somebody is gets through, wherever in a plan it stands.
func TestRedactedReportsNameNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Letters that occur in none of our own words, so that whatever is found came out of the plan.
		word := rapid.StringMatching(`[qzjxkv]{4,9}`)
		var secret []string
		keep := func(s string) string { secret = append(secret, s); return s }
		name := func(label string) string { return keep(word.Draw(t, label)) }
		accounts, before, explanations, held, strangers, ids := m{}, m{}, m{}, m{}, m{}, m{}
		members := m{}
		for i := range rapid.IntRange(1, 6).Draw(t, "people") {
			id := keep(fmt.Sprintf("%06d", rapid.IntRange(500000, 999999).Draw(t, "id")))
			given, family := name("given"), name("family")
			user := given + "." + family + "@acme.example"
			display := rapid.SampledFrom([]string{given + " " + family, strings.ToUpper(family) + ", " + given, given}).Draw(t, "display")
			a := account(user, display, m{"given_name": given, "family_name": family, "title": "Chief of " + family, "manager": name("manager") + "@acme.example", "attributes": m{given: family}})
			change := rapid.SampledFrom([]string{"create", "deactivate", "update", "hold"}).Draw(t, "change")
			why1 := why(change, rapid.SampledFrom([]string{
				"left on 2026-02-27, says " + given, `rule "team of ` + family + `"`, "exception until 2026-03-31, approved by " + user + ": for " + display,
				`no longer matched by rule "` + given + `"`, "access ended on 2026-01-01 (override: " + given + ")", display,
			}).Draw(t, "why"))
			explanations["accounts/"+id], ids[id] = why1, keep("u-"+id)
			if change != "create" {
				before[id] = account(user, display)
			}
			if change == "create" || change == "update" {
				accounts[id] = a
			}
			if change == "hold" {
				held["accounts/"+id] = m{"reason": rapid.SampledFrom([]string{"kept", "unheard " + given}).Draw(t, "reason"), "since": "2026-03-01T00:00:00Z"}
			}
			members[user] = "member"
			explanations["groups/staff/"+user] = why1
			strangers["accounts/"+name("stranger")+"@acme.example"] = keep("s-" + name("sid"))
			if i == 0 {
				members[name("other")+"@acme.example"] = given
			}
		}
		group := rapid.SampledFrom([]string{"staff", "staff-of-" + secret[1], secret[2]}).Draw(t, "group")
		app := rapid.SampledFrom([]string{"wiki", "wiki-" + secret[1]}).Draw(t, "app")
		who := accountsOwner(accounts, before)
		plan, err := json.Marshal(m{
			"format_version": "1.2", "terraform_version": "1.11.4", "errored": rapid.Bool().Draw(t, "errored"),
			"resource_changes": []m{
				resource("tenure_app_access", "this[\""+secret[1]+"\"]", update,
					set(app, before, m{"groups": m{group: m{}}}),
					set(app, accounts, m{"groups": m{group: members}, "explanations": explanations, "held": held, "strangers": strangers, "ids": ids})),
				resource("tenure_account", secret[2], create, nil, account(secret[1]+"@acme.example", secret[2], m{"app": app, "id": keep("zq" + name("aid"))})),
				resource("tenure_group", secret[1], create, nil, m{"app": app, "name": group}),
				resource("tenure_cutoff", "x", create, nil, m{"app": app, "people": m{who: "stolen from " + secret[1]}}),
			},
			"prior_state": m{"values": m{"root_module": m{"resources": []m{
				{"address": "tenure_account." + secret[2] + "_old", "mode": "managed", "type": "tenure_account"},
				{"address": "data.tenure_entitlements." + secret[1], "mode": "data", "type": "tenure_entitlements", "values": m{
					"rosters": []string{"hr-" + secret[1]}, "cutoffs": m{who: "access ended on 2026-02-27 18:00 CET (override: " + secret[2] + ")"},
					"exception": []m{{"person_id": who, "reason": "for " + secret[1], "approved_by": secret[2] + "@acme.example", "expires_at": secret[2], "groups": m{app: []string{group, secret[1]}}}},
					"override":  []m{{"person_id": who, "reason": secret[1], "access_ends_at": rapid.SampledFrom([]string{"2026-03-01", secret[1]}).Draw(t, "ends")}},
					"conflict":  []m{{"name": "of " + secret[1], "grants": []string{app + "/groups/" + group, secret[2]}, "waiver": []m{{"person_id": who, "reason": secret[2], "approved_by": secret[1], "expires_at": "2026-03-10"}}}},
				}},
				{"address": "data.tenure_roster." + secret[1], "mode": "data", "type": "tenure_roster", "values": m{"rosters": []string{secret[1]}, "counts": m{secret[2]: 1}, "people": m{who: m{"start_date": secret[1]}}}},
				{
					"address": "data.tenure_access_findings." + secret[1], "mode": "data", "type": "tenure_access_findings", "values": m{"findings": []m{{
						"kind": "orphan_account", "severity": "high", "app": app, "subject": rapid.SampledFrom([]string{"groups/" + group + "/" + secret[1] + "@acme.example", "people/" + who, "roles/" + secret[2] + "/" + secret[1], "waivers/" + secret[1], secret[1], "a/b/c/" + secret[1]}).Draw(t, "subject"), "person_id": rapid.SampledFrom([]string{who, ""}).Draw(t, "person"), "owner": secret[1], "first_seen": secret[2], "currency": secret[1],
						"reason": "says " + secret[1], "evidence": secret[2], "suggestion": "ask " + secret[1], "fingerprint": keep("zqxj" + name("fp")),
					}}},
				},
			}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := report.Read(report.Input{Name: secret[1] + ".json", JSON: bytes.NewReader(plan)})
		if err != nil {
			t.Fatal(err)
		}
		log := chain(wrote("2026-03-02T06:05", "create account", app+"/groups/"+group, who, "left on 2026-02-27, says "+secret[1], m{"user_name": secret[1], "subject": secret[2], "error": secret[1], "request_id": secret[2]})...)
		e, err := report.ReadEvidence([]report.EvidenceInput{{Name: secret[1] + ".json", Data: bytes.NewReader(plan)}}, []report.EvidenceInput{{Name: secret[2], Data: bytes.NewReader(log)}}, report.EvidenceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r.Stops = []report.Stop{{Summary: "Cannot take away from " + secret[1], Detail: secret[2], Resource: "tenure_account." + secret[1]}}
		people := len(r.People)
		key := []byte(rapid.StringMatching(`[a-z]{16,32}`).Draw(t, "key"))
		r.Redact(key)
		e.Redact(key)
		if len(r.People) != people {
			t.Fatalf("%d of %d people", len(r.People), people)
		}
		all := formats2(t, r)
		var md bytes.Buffer
		if err := e.WriteMarkdown(&md); err != nil {
			t.Fatal(err)
		}
		all["evidence.md"] = md.String()
		for _, table := range e.Tables() {
			var b bytes.Buffer
			if err := table.WriteCSV(&b); err != nil {
				t.Fatal(err)
			}
			all[table.Name] = b.String()
		}
		for format, text := range all {
			text = hashes64.ReplaceAllString(text, "")
			text = hashes.ReplaceAllString(text, "")
			if format == "html" {
				text = withoutCode(text)
			}
			text = pseudonyms.ReplaceAllString(text, "") // hexadecimal digits may be anybody's number
			for _, s := range secret {
				if strings.Contains(strings.ToLower(text), s) {
					t.Fatalf("%s tells %q: %s", format, s, around(strings.ToLower(text), s))
				}
			}
		}
	})
}

var pseudonyms = regexp.MustCompile(`[a-z_]+-[0-9a-f]{12}`)

var hashes64 = regexp.MustCompile(`[0-9a-f]{64}`)

// accountsOwner is one of the people.
func accountsOwner(maps ...m) string {
	for _, x := range maps {
		for id := range x {
			return id
		}
	}
	return "nobody"
}

func formats2(t *rapid.T, r *report.Report) map[string]string {
	out := make(map[string]string)
	var md, page, js, csv, sarif bytes.Buffer
	for _, err := range []error{
		r.WriteMarkdown(&md, report.MarkdownOptions{}), r.WriteHTML(&page, report.HTMLOptions{}), r.WriteJSON(&js), r.WriteCSV(&csv), r.WriteSARIF(&sarif, report.SARIFOptions{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	out["markdown"], out["html"], out["json"], out["csv"], out["sarif"] = md.String(), page.String(), js.String(), csv.String(), sarif.String()
	return out
}

func TestRedactedCompany(t *testing.T) {
	t.Parallel()
	plain := read(t, fixture(t, "company.json.gz"))
	var secret []string
	for _, p := range plain.People {
		for _, s := range []string{p.Name, p.UserName} {
			if s != "" && s != "Backups" {
				secret = append(secret, s)
			}
		}
	}
	same := func(key string) map[string]string {
		r := read(t, fixture(t, "company.json.gz"))
		r.Redact([]byte(key))
		return formats(t, r)
	}
	one, again, other := same("the first key of them"), same("the first key of them"), same("another key of them..")
	for format, text := range one {
		for _, s := range append(secret, "marta", "tobias", "INC-77", "Grand Vizier") {
			if strings.Contains(text, s) {
				t.Errorf("%s tells %q", format, s)
			}
		}
		if text != again[format] {
			t.Errorf("%s: one key, two results", format)
		}
		if text == other[format] {
			t.Errorf("%s: two keys, one result", format)
		}
	}
	for _, kept := range []string{"`design/licenses/Design/Viewer`", "`chat`", "`Support`", `rule "channel of Support"`, "exception until 2026-03-31", "3 leavers"} {
		if !strings.Contains(one["markdown"], kept) {
			t.Errorf("%q is gone: %s", kept, one["markdown"])
		}
	}
	// One person is one pseudonym: in the plan and in findings.
	r := read(t, fixture(t, "company.json.gz"))
	r.Redact([]byte("the first key of them"))
	found := false
	for _, f := range r.Findings {
		for _, p := range r.People {
			found = found || f.PersonID == p.Key
		}
	}
	if !found {
		t.Error("the finding about 1058 and the cutoff of 1058 have two pseudonyms")
	}
}
