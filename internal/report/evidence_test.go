package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// chain is an audit log with these lines, as package audit writes it.
func chain(lines ...m) []byte {
	var log bytes.Buffer
	prev := strings.Repeat("0", 64)
	for i, fields := range lines {
		l := m{"seq": i + 1, "prev": prev}
		maps.Copy(l, fields)
		b, err := json.Marshal(l)
		if err != nil {
			panic(err) // only strings and numbers go in
		}
		prev = fmt.Sprintf("%x", sha256.Sum256(b))
		log.Write(append(b, '\n'))
	}
	return log.Bytes()
}

// wrote is the two lines of a write that succeeded.
func wrote(at, operation, grant, person, why string, more ...m) []m {
	app, _, _ := strings.Cut(grant, "/")
	attempt := fmt.Sprintf("a-%x", sha256.Sum256([]byte(at+operation+grant+person)))[:12]
	common := m{"app": app, "operation": operation, "grant": grant, "person_id": person, "subject": "u-" + person, "why": why, "attempt": attempt}
	before, after := m{"time": at + ":00.000Z", "outcome": "attempted"}, m{"time": at + ":01.250Z", "outcome": "done", "request_id": "req-" + person}
	maps.Copy(before, common)
	maps.Copy(after, common)
	for _, x := range more {
		maps.Copy(after, x)
	}
	return []m{before, after}
}

// at is a plan made at a time, of an app wiki that holds the people who are named; gone leave, here come. Somebody is an id.
func at(t testing.TB, when string, stay, come map[string]string, leave map[string]string, more ...m) []byte {
	t.Helper()
	was, now, explanations := m{}, m{}, m{}
	for id, name := range stay {
		was[id], now[id] = account(id+"@acme.example", name), account(id+"@acme.example", name)
	}
	for id, name := range come {
		now[id], explanations["accounts/"+id] = account(id+"@acme.example", name), why("create", `rule "everyone"`)
	}
	for id, reason := range leave {
		was[id], explanations["accounts/"+id] = account(id+"@acme.example", "Leaver "+id), why("deactivate", reason)
	}
	strangers := m{"accounts/agency@vendor.example": "u-agency"}
	change := resource("tenure_app_access", `this["wiki"]`, update, set("wiki", was, m{"strangers": strangers}), set("wiki", now, m{"explanations": explanations, "strangers": strangers}))
	all := m{"timestamp": when + ":00Z"}
	for _, x := range more {
		maps.Copy(all, x)
	}
	return planOf(t, []m{change}, all)
}

// data is a prior state with data sources.
func dataSources(list ...m) m {
	return m{"prior_state": m{"values": m{"root_module": m{"resources": list}}}}
}

func dataSource(typ string, values m) m {
	return m{"address": "data." + typ + ".acme", "mode": "data", "type": typ, "values": values}
}

func input(name string, b []byte) report.EvidenceInput {
	return report.EvidenceInput{Name: name, Data: iotest.HalfReader(bytes.NewReader(b))}
}

func evidence(t testing.TB, plans, logs []report.EvidenceInput, change ...func(*report.EvidenceOptions)) *report.Evidence {
	t.Helper()
	o := report.EvidenceOptions{JoinerLimit: 8 * time.Hour, LeaverLimit: 24 * time.Hour, EndHour: 18, Made: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Version: "v1.2.3"}
	for _, f := range change {
		f(&o)
	}
	e, err := report.ReadEvidence(plans, logs, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// files are all files of a pack.
func files(t testing.TB, e *report.Evidence) map[string]string {
	t.Helper()
	var md bytes.Buffer
	if err := e.WriteMarkdown(&md); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"evidence.md": md.String()}
	for _, table := range e.Tables() {
		var b bytes.Buffer
		if err := table.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		out[table.Name] = b.String()
	}
	return out
}

func rows(t testing.TB, text string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, r := range all[1:] {
		row := make(map[string]string)
		for i, cell := range r {
			row[all[0][i]] = cell
		}
		list = append(list, row)
	}
	return list
}

// quarter is a company in which everything of interest happens, in three plans and a log.
func quarter(t testing.TB) (plans [][]byte, log []byte) {
	policy := dataSource("tenure_entitlements", m{
		"rosters": []string{"hr"}, "counts": m{"wiki/accounts": 3, "wiki/groups/x": 2}, "cutoffs": m{"1031": "access ended on 2026-02-27 18:00 CET (last working day 2026-02-27)"},
		"exception": []m{{"person_id": "1052", "groups": m{"wiki": []string{"admins"}}, "roles": m{"wiki": "owner"}, "reason": "INC-77", "approved_by": "cto@acme.example", "expires_at": "2026-03-31"}},
		"override":  []m{{"person_id": "1040", "access_ends_at": "2026-03-04T15:00:00Z", "reason": "agreed", "approved_by": "hr@acme.example"}},
		"conflict":  []m{{"name": "maker-checker", "grants": []string{"erp/groups/create", "erp/groups/approve"}, "waiver": []m{{"person_id": "1001", "reason": "holiday", "approved_by": "cfo@acme.example", "expires_at": "2026-03-10"}}}},
	})
	roster := dataSource("tenure_roster", m{"rosters": []string{"hr"}, "counts": m{"active": 3, "terminated": 1}, "people": m{
		"1061": m{"start_date": "2026-03-02"}, "1062": m{"start_date": "2026-03-09"}, "1001": m{"start_date": "2019-01-07"}, "1031": m{"last_working_day": "2026-02-27"},
	}})
	findings := dataSource("tenure_access_findings", m{"findings": []m{
		{"kind": "conflict", "severity": "high", "app": "erp", "subject": "people/1001", "person_id": "1001", "reason": "holds create and approve", "fingerprint": "c1", "waived": true},
		{"kind": "orphan_account", "severity": "medium", "app": "wiki", "subject": "accounts/old@vendor.example", "reason": "in no roster", "fingerprint": "o1", "owner": "it@acme.example"},
		{"kind": "dormant_account", "severity": "low", "app": "wiki", "subject": "accounts/x@acme.example", "fingerprint": "d1"},
	}, "coverage": m{"wiki": m{"gaps": []string{"no last login"}}}})
	stay := map[string]string{"1001": "Ana", "1031": "Marta", "1040": "Ole"}
	plans = [][]byte{
		// HR did not say yet that Marta left on the Friday before.
		at(t, "2026-03-02T06:00", stay, map[string]string{"1061": "Noémie"}, nil, dataSources(policy, roster, findings)),
		at(t, "2026-03-03T06:00", map[string]string{"1001": "Ana", "1040": "Ole", "1061": "Noémie"}, nil, map[string]string{"1031": "left on 2026-02-27"}, dataSources(policy, roster)),
		at(t, "2026-03-09T06:00", map[string]string{"1001": "Ana", "1061": "Noémie"}, map[string]string{"1062": "Per"}, map[string]string{"1040": "access ended on 2026-03-04 15:00 UTC (override: agreed)"}, dataSources(roster)),
	}
	var lines []m
	lines = append(lines, wrote("2026-03-02T06:05", "create account", "wiki/accounts", "1061", `rule "everyone"`)...)
	lines = append(lines, wrote("2026-03-02T06:06", "add member", "wiki/groups/all", "1061", `rule "everyone"`)...)
	lines = append(lines, wrote("2026-03-03T06:10", "deactivate account", "wiki/accounts", "1031", "left on 2026-02-27", m{"outcome": "failed", "error": "unavailable", "request_id": ""})...)
	lines = append(lines, wrote("2026-03-03T07:00", "deactivate account", "wiki/accounts", "1031", "left on 2026-02-27")...)
	lines = append(lines, wrote("2026-03-09T06:30", "create account", "wiki/accounts", "1062", `rule "everyone"`)...)
	lines = append(lines, wrote("2026-03-09T06:31", "deactivate account", "wiki/accounts", "1040", "access ended on 2026-03-04 15:00 UTC (override: agreed)")[:1]...)
	return plans, chain(lines...)
}

func quarterly(t testing.TB, change ...func(*report.EvidenceOptions)) *report.Evidence {
	t.Helper()
	plans, log := quarter(t)
	return evidence(t, []report.EvidenceInput{input("mon.json", plans[0]), input("tue.json", plans[1]), input("week2.json", plans[2])}, []report.EvidenceInput{input("audit.jsonl", log)}, change...)
}

// The whole pack, as an auditor gets it.
func TestEvidenceGolden(t *testing.T) {
	t.Parallel()
	e := quarterly(t)
	golden(t, "evidence.md", files(t, e)["evidence.md"])
	golden(t, "evidence.txt", together(files(t, e)))
	e.Redact([]byte("a key of the tests"))
	golden(t, "evidence-redacted.txt", together(files(t, e)))
}

func together(files map[string]string) string {
	var b strings.Builder
	for _, name := range []string{"sources", "population", "people", "leavers", "joiners", "planned", "done", "exceptions", "conflict-rules", "conflicts", "orphans"} {
		fmt.Fprintf(&b, "%s.csv\n%s\n", name, strings.ReplaceAll(files[name+".csv"], "\r\n", "\n"))
	}
	return b.String()
}

// Delays are HR's only as far as a plan proves it, planned is not done, and every row leads back to a file.
func TestEvidenceTimeliness(t *testing.T) {
	t.Parallel()
	all := files(t, quarterly(t))
	leavers := rows(t, all["leavers.csv"])
	if len(leavers) != 2 {
		t.Fatalf("leavers: %v", leavers)
	}
	for i, want := range []map[string]string{
		// Due on Friday 18:00; on Monday 06:00 no plan knew it: 60 h are HR's. Done on Tuesday 07:00: 85 h.
		{"person": "1031", "due": "2026-02-27T18:00:00Z", "state": "done", "done": "2026-03-03T07:00:01Z", "hr_hours": "60.00", "total_hours": "85.00", "tool_hours": "25.00", "breach": "yes", "failed_attempts": "1", "plan": "tue.json", "plan_without_it": "mon.json", "log": "audit.jsonl", "log_line": "8"},
		// Attempted, and nobody knows: not done.
		{"person": "1040", "due": "2026-03-04T15:00:00Z", "state": "open", "done": "", "hr_hours": "0.00", "breach": "yes", "failed_attempts": "1", "log": "", "plan": "week2.json", "plan_without_it": ""},
	} {
		for column, value := range want {
			if leavers[i][column] != value {
				t.Errorf("leaver %s: %s is %q, want %q", want["person"], column, leavers[i][column], value)
			}
		}
	}
	joiners := rows(t, all["joiners.csv"])
	if len(joiners) != 2 || joiners[0]["person"] != "1061" || joiners[0]["total_hours"] != "6.08" || joiners[0]["breach"] != "no" || joiners[1]["due"] != "2026-03-09T00:00:00Z" {
		t.Errorf("joiners: %v", joiners)
	}
	plans, log := quarter(t)
	hashes := map[string]string{"audit.jsonl": fmt.Sprintf("%x", sha256.Sum256(log))}
	for i, name := range []string{"mon.json", "tue.json", "week2.json"} {
		hashes[name] = fmt.Sprintf("%x", sha256.Sum256(plans[i]))
	}
	lines := strings.Split(string(log), "\n")
	for name, text := range all {
		if name == "evidence.md" {
			continue
		}
		for _, row := range rows(t, text) {
			for _, prefix := range []string{"", "first_", "last_"} {
				if file := row[prefix+"plan"]; hashes[file] != row[prefix+"plan_sha256"] {
					t.Errorf("%s names %s with the hash %s", name, file, row[prefix+"plan_sha256"])
				}
			}
			if row["plan"]+row["first_plan"]+row["log"]+row["file"] == "" {
				t.Errorf("%s has a row without an origin: %v", name, row)
			}
			if row["log_line"] == "" {
				continue
			}
			var n int
			if _, err := fmt.Sscan(row["log_line"], &n); err != nil || !strings.Contains(lines[n-1], `"person_id":"`+row["person"]+`"`) {
				t.Errorf("%s: line %s is not about %s", name, row["log_line"], row["person"])
			}
		}
	}
	if done := rows(t, all["done.csv"]); len(done) != 6 || done[0]["plan"] != "mon.json" || done[1]["plan"] != "" || done[5]["outcome"] != "attempted" {
		t.Errorf("done: %v", done)
	}
}

// A leaver who is planned, and later not any more, without a record: said, and no success.
func TestEvidenceWithoutRecord(t *testing.T) {
	t.Parallel()
	first := at(t, "2026-03-02T06:00", nil, nil, map[string]string{"7": "left on 2026-03-01"})
	second := at(t, "2026-03-03T06:00", map[string]string{"1": "Ana"}, nil, nil)
	all := files(t, evidence(t, []report.EvidenceInput{input("2.json", second), input("1.json", first), input("copy.json", first)}, nil))
	if got := rows(t, all["leavers.csv"]); len(got) != 1 || got[0]["state"] != "unrecorded" || got[0]["done"] != "" || got[0]["plan"] != "1.json" {
		t.Errorf("leavers: %v", got)
	}
	if got := rows(t, all["planned.csv"]); len(got) != 1 {
		t.Errorf("a plan that was given twice counts twice: %v", got)
	}
	if !strings.Contains(all["evidence.md"], "copy.json is the same file") {
		t.Error("nothing is said about the copy")
	}
}

// Somebody who works here and gets one more app is no joiner; somebody who comes back after leaving is.
func TestEvidenceJoinersAreThoseWhoCame(t *testing.T) {
	t.Parallel()
	chat := func(id string) m {
		return resource("tenure_app_access", `this["chat"]`, update, set("chat", m{}), set("chat", m{id: account(id+"@acme.example", "Ana")}, m{"explanations": m{"accounts/" + id: why("create", `rule "all"`)}}))
	}
	wiki := resource("tenure_app_access", `this["wiki"]`, noop, set("wiki", m{"1": account("1@acme.example", "Ana")}), set("wiki", m{"1": account("1@acme.example", "Ana")}))
	plan := planOf(t, []m{wiki, chat("1")}, dataSources(dataSource("tenure_roster", m{"people": m{"1": m{"start_date": "2019-01-07"}}})))
	log := chain(append(wrote("2026-03-02T12:00", "create account", "chat/accounts", "1", `rule "all"`), wrote("2026-03-02T12:01", "reactivate account", "chat/accounts", "2", `rule "all"`)...)...)
	got := rows(t, files(t, evidence(t, []report.EvidenceInput{input("p.json", plan)}, []report.EvidenceInput{input("a.jsonl", log)}))["joiners.csv"])
	if len(got) != 1 || got[0]["person"] != "2" || got[0]["due"] != "" {
		t.Errorf("joiners: %v", got)
	}
}

// Logs call groups, and people whom an app does not know, by their ids: plans tell who is meant, and a row says how it was found.
func TestEvidenceOfIDs(t *testing.T) {
	t.Parallel()
	was := set("wiki", m{"7": account("g@acme.example", "Gia")}, m{"groups": m{"staff": m{"g@acme.example": "member"}, "all": m{}}, "ids": m{"7": "u-77"}})
	now := set("wiki", m{}, m{"groups": m{"staff": m{}, "all": m{}}, "ids": m{}, "explanations": m{"accounts/7": why("deactivate", "left on 2026-03-01"), "groups/staff/g@acme.example": why("remove", "left on 2026-03-01")}})
	plan := planOf(t, []m{resource("tenure_app_access", "wiki", update, was, now)})
	nobody := m{"person_id": "", "subject": "u-77"}
	line := func(operation, grant string) m {
		return wrote("2026-03-02T12:00", operation, grant, "", "left on 2026-03-01", nobody)[1]
	}
	log := chain(line("deactivate account", "wiki/accounts"), line("remove member", "wiki/groups/g-0001"), line("remove member", "wiki/groups/all"), line("add member", "wiki/groups/g-0001"), line("remove member", "chat/groups/g-0001"))
	done := rows(t, files(t, evidence(t, []report.EvidenceInput{input("p.json", plan)}, []report.EvidenceInput{input("a.jsonl", log)}))["done.csv"])
	for i, want := range []string{"7 p.json grant", "7 p.json person and kind", "7  ", "7  ", "u-77  "} {
		if got := done[i]["person"] + " " + done[i]["plan"] + " " + done[i]["plan_by"]; got != want {
			t.Errorf("%s of %s is %q, want %q", done[i]["operation"], done[i]["grant"], got, want)
		}
	}
}

// Only what is of the period counts; the inputs are listed all the same.
func TestEvidencePeriod(t *testing.T) {
	t.Parallel()
	all := files(t, quarterly(t, func(o *report.EvidenceOptions) { o.From = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC) }))
	for name, want := range map[string]int{"sources.csv": 4, "joiners.csv": 1, "leavers.csv": 0, "done.csv": 2, "population.csv": 1, "exceptions.csv": 0} {
		if got := rows(t, all[name]); len(got) != want {
			t.Errorf("%s has %d rows, want %d: %v", name, len(got), want, got)
		}
	}
}

// A broken chain is the first thing that is said, and what comes after the break proves nothing.
func TestEvidenceOfBrokenChain(t *testing.T) {
	t.Parallel()
	_, log := quarter(t)
	lines := strings.SplitAfter(string(log), "\n")
	for name, c := range map[string]struct {
		log  string
		line int
		used int
	}{
		"edited":    {strings.Join(lines[:7], "") + strings.Replace(lines[7], `"outcome":"done"`, `"outcome":"already"`, 1) + strings.Join(lines[8:], ""), 8, 7},
		"removed":   {strings.Join(lines[:4], "") + strings.Join(lines[6:], ""), 5, 4},
		"reordered": {strings.Join(lines[:4], "") + lines[5] + lines[4] + strings.Join(lines[6:], ""), 5, 4},
		"no log":    {"this is not a log\n" + string(log), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := evidence(t, nil, []report.EvidenceInput{input("audit.jsonl", []byte(c.log))})
			if b := e.Broken(); len(b) != 1 || b[0].Broken.Line != c.line || b[0].Lines != c.used {
				t.Fatalf("broken: %+v", b)
			}
			all := files(t, e)
			if head, _, _ := strings.Cut(all["evidence.md"], "## "); !strings.Contains(head, "`audit.jsonl` is not what was written") || !strings.Contains(head, fmt.Sprintf("Line %d is", c.line)) {
				t.Errorf("the top says\n%s", head)
			}
			for _, row := range rows(t, all["done.csv"]) {
				var n int
				if _, err := fmt.Sscan(row["log_line"], &n); err != nil || n >= c.line {
					t.Errorf("line %s is used", row["log_line"])
				}
			}
			if got := rows(t, all["sources.csv"])[0]["chain"]; !strings.HasPrefix(got, "BROKEN") {
				t.Errorf("the sources say %q", got)
			}
		})
	}
}

// A pack of nothing says that it is of nothing, and every file is there.
func TestEvidenceOfNothing(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*report.Evidence{
		"no input":     evidence(t, nil, nil),
		"empty inputs": evidence(t, []report.EvidenceInput{input("plan.json", planOf(t, nil))}, []report.EvidenceInput{input("audit.jsonl", nil)}),
	} {
		all := files(t, e)
		if len(all) != 12 {
			t.Errorf("%s: %d files", name, len(all))
		}
		for file, text := range all {
			if file != "evidence.md" && file != "sources.csv" && strings.Count(text, "\n") != 1 {
				t.Errorf("%s: %s holds more than a header: %s", name, file, text)
			}
		}
		if md := all["evidence.md"]; strings.Count(md, "None in the period.") != 2 || !strings.Contains(md, "No plan of the period reads an app.") {
			t.Errorf("%s:\n%s", name, md)
		}
		e.Redact([]byte("a key of the tests"))
		files(t, e)
	}
	if _, err := report.ReadEvidence([]report.EvidenceInput{input("plan.json", nil)}, nil, report.EvidenceOptions{}); err == nil || !strings.Contains(err.Error(), "plan.json") {
		t.Errorf("an empty file as a plan: %v", err)
	}
	broken := report.EvidenceInput{Name: "log", Data: io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrClosedPipe))}
	if _, err := report.ReadEvidence(nil, []report.EvidenceInput{broken}, report.EvidenceOptions{}); err == nil {
		t.Error("a log that cannot be read to its end makes a pack")
	}
}

// Names that do something somewhere do nothing in a pack, redacted or not.
func TestEvidenceIsInert(t *testing.T) {
	t.Parallel()
	var lines []m
	for i, s := range hostile {
		if s = strings.ToValidUTF8(s, "?"); i < len(hostile)-1 {
			lines = append(lines, wrote("2026-03-02T06:05", "create account", "wiki/accounts", s, s, m{"request_id": s, "user_name": s, "app": s, "grant": s, "error": s, "subject": s})...)
		}
	}
	policy := dataSource("tenure_entitlements", m{
		"rosters": hostile, "exception": []m{{"person_id": hostile[0], "reason": strings.Join(hostile, " "), "approved_by": hostile[6], "expires_at": hostile[20], "groups": m{hostile[1]: hostile}}},
		"conflict": []m{{"name": hostile[15], "grants": hostile}},
	})
	policy["address"] = hostile[17]
	second := at(t, "2026-03-02T06:00", map[string]string{hostile[0]: hostile[1]}, map[string]string{hostile[20]: hostile[21]}, map[string]string{hostile[2]: hostile[3]}, dataSources(policy))
	for _, redacted := range []bool{false, true} {
		e := evidence(t, []report.EvidenceInput{input(hostile[6], hostilePlan(t)), input(hostile[20], second)}, []report.EvidenceInput{input(hostile[0], chain(lines...))})
		if redacted {
			e.Redact([]byte("a key of the tests"))
		}
		for name, text := range files(t, e) {
			if bad := firstUnsafe(text); bad != "" {
				t.Errorf("%s holds %s", name, bad)
			}
			if name == "evidence.md" {
				rest := withoutSpans(text)
				for _, never := range []string{"<img", "<script", "</script", "<!--", "evil", "@", "](", "GH-", ":tada", "onerror", "calc"} {
					if strings.Contains(rest, never) {
						t.Errorf("%q is outside of code: %s", never, around(rest, never))
					}
				}
				for line := range strings.Lines(rest) {
					if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|\n") {
						t.Errorf("a row does not end: %q", line)
					}
				}
				continue
			}
			for _, row := range rows(t, text) {
				for _, cell := range row {
					if trimmed := strings.TrimLeft(cell, " \t\r\n\""); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+@|%") || strings.HasPrefix(cell, "＝") {
						t.Errorf("%s: the cell %q is a formula", name, cell)
					}
				}
			}
		}
	}
}

// A redacted pack names nobody, and has the pseudonyms of a report with the same key.
func TestEvidenceRedacted(t *testing.T) {
	t.Parallel()
	key := []byte("a key of the tests")
	e := quarterly(t)
	e.Redact(key)
	plans, _ := quarter(t)
	r := read(t, plans[1])
	r.Redact(key)
	all := files(t, e)
	if !strings.Contains(all["leavers.csv"], r.People[0].Key) {
		t.Errorf("%s is not among the leavers:\n%s", r.People[0].Key, all["leavers.csv"])
	}
	for name, text := range all {
		text = pseudonyms.ReplaceAllString(hashes64.ReplaceAllString(text, ""), "")
		for _, never := range []string{"1031", "1061", "1001", "1052", "Marta", "Leaver", "Noémie", "@", "cto", "INC-77", "agreed", "holiday", "vendor", "mon.json", "req-", "u-1"} {
			if strings.Contains(text, never) && (never != "Leaver" || name != "evidence.md") {
				t.Errorf("%s tells %q: %s", name, never, around(text, never))
			}
		}
	}
}
