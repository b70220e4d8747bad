package report_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// Every program and version that plans says the same about people.
func TestPlansOfAllVersions(t *testing.T) {
	t.Parallel()
	people := func(name string) string {
		r := read(t, fixture(t, name))
		b, err := json.Marshal(r.People)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.People) != 16 || r.Errored() || !r.Changed() {
			t.Errorf("%s: %d people, errored %v", name, len(r.People), r.Errored())
		}
		return string(b)
	}
	want := people("terraform-1.11.json.gz")
	for _, name := range []string{"terraform-1.8.json.gz", "opentofu-1.8.json.gz", "opentofu-1.12.json.gz"} {
		if diff := cmp.Diff(want, people(name)); diff != "" {
			t.Errorf("%s differs from Terraform 1.11:\n%s", name, diff)
		}
	}
}

func TestCompany(t *testing.T) {
	t.Parallel()
	r := read(t, fixture(t, "company.json.gz"))
	wantTold(t, r, "1031", "leaver",
		"lose chat account deactivate [leaver]", "lose chat group Sales member< remove [leaver]", "lose chat group all-hands member< remove [leaver]", "lose wiki account deactivate [leaver]")
	wantTold(t, r, "1061", "joiner",
		"gain chat account create [rule]", "gain chat group Support member< add [rule]", "gain chat group all-hands member< add [rule]", "gain wiki account create [rule]")
	wantTold(t, r, "1045", "mover",
		"keep chat account [rule]", "gain chat group Design member< add [rule]", "lose chat group Support member< remove [mover]", "keep chat group all-hands member< [rule]",
		"gain design account create [rule]", "gain design license Design Full< add [rule]",
		"keep wiki account [rule]", "change wiki profile title:Support Specialist>Product Designer department:Support>Design update [profile]")
	wantTold(t, r, "1008", "drift",
		"keep chat account [rule]", "gain chat group Engineering member< add [rule] drift: the membership was taken away", "keep chat group all-hands member< [rule]", "keep wiki account [rule]")
	wantTold(t, r, "1019", "drift",
		"held chat account [deactivated_elsewhere] drift: the account was deactivated outside Tenure", "keep chat group Engineering member< [rule]", "keep chat group all-hands member< [rule]", "keep wiki account [rule]")
	wantTold(t, r, "old.agency@vendor.example", "drift", "unmanaged chat account [stranger] drift: the account was made outside Tenure")
	wantTold(t, r, "1053", "held",
		"held chat account [dropped_from_roster]", "held chat group People member< [dropped_from_roster]", "held chat group all-hands member< [dropped_from_roster]",
		"held wiki account [dropped_from_roster]", "held wiki group handbook-editors member< [dropped_from_roster]")
	wantTold(t, r, "1058", "leaver", "lose chat account cut_off [cutoff]")
	wantTold(t, r, "9001", "leaver",
		"lose tools account deactivate [configuration]", "lose tools group release member< remove [configuration]", "lose tools license Suite Reader< remove [configuration]")
	if diff := cmp.Diff([]report.Cost{{Currency: "EUR", Added: 450000}, {Currency: "USD", Freed: 125000}}, r.Summary.Cost); diff != "" {
		t.Errorf("cost: %s", diff)
	}
	if diff := cmp.Diff(map[string]int{"critical": 1, "high": 1, "medium": 1, "low": 2}, r.Summary.Findings); diff != "" || r.Summary.Waived != 1 {
		t.Errorf("findings: %s, waived %d", diff, r.Summary.Waived)
	}
	for severity, n := range map[string]int{"critical": 1, "high": 2, "medium": 3, "low": 5} {
		if got := r.FindingsAt(severity); got != n {
			t.Errorf("findings at %s: %d, want %d", severity, got, n)
		}
	}
}

func TestErroredPlan(t *testing.T) {
	t.Parallel()
	r := read(t, fixture(t, "errored.json.gz"))
	if !r.Errored() || r.Plans[0].Complete || len(r.Plans[0].Unplanned) != 5 {
		t.Fatalf("%+v", r.Plans)
	}
	for format, text := range formats(t, r) {
		if format != "sarif" && !strings.Contains(text, "tenure_account.auditor") {
			t.Errorf("%s does not name what was not planned", format)
		}
		if format == "sarif" && !strings.Contains(text, `"executionSuccessful": false`) {
			t.Error("sarif does not say that it is not complete")
		}
	}
	stops, err := report.ReadStops(bytes.NewReader(fixtureText(t, "errored.ndjson")))
	if err != nil || len(stops) < 3 || !strings.Contains(stops[0].Detail, "approved_removals = [") {
		t.Fatalf("%v %+v", err, stops)
	}
	r.Stops = stops
	for format, text := range formats(t, r) {
		if format != "sarif" && !strings.Contains(text, "Cannot take this much away from accounts in chat") {
			t.Errorf("%s does not say what stopped the plan", format)
		}
	}
}

func TestSensitiveValuesAreNeverPrinted(t *testing.T) {
	t.Parallel()
	r := read(t, fixture(t, "sensitive.json.gz"))
	codes := make(map[string]int)
	for _, n := range r.Notes {
		codes[n.Code]++
	}
	if codes["sensitive"] != 2 || codes["unknown"] != 1 {
		t.Errorf("notes %+v", r.Notes)
	}
	wantTold(t, r, "x.ray@acme.example", "joiner", "gain vault account create [configuration]", "gain vault role admin< create [configuration]")

	// In explanations and strangers too, which nothing marks.
	marked := planOf(t, []m{resource("tenure_app_access", "a", update,
		set("wiki", m{"1": account("nightjar@acme.example", "Nightjar Project")}, m{"groups": m{"staff": m{"nightjar@acme.example": "member"}}}),
		set("wiki", m{}, m{"explanations": m{
			"accounts/1":                         why("deactivate", "left on 2026-02-27, says nightjar@acme.example"),
			"groups/staff/nightjar@acme.example": why("remove", "left on 2026-02-27"),
		}}),
		m{"before_sensitive": m{"accounts": m{"1": m{"user_name": true, "display_name": true}}}})})
	for name, all := range map[string]map[string]string{"fixture": formats(t, r), "explanations": formats(t, read(t, marked))} {
		for format, text := range all {
			for _, secret := range []string{"Nightjar", "Undercover", "agent-7", "nightjar"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s, %s: %q is in the report", name, format, secret)
				}
			}
		}
	}
	wantTold(t, read(t, marked), "1", "leaver", "lose wiki account deactivate [leaver]")
}

func TestWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	foreign := resource("aws_iam_user", "x", create, nil, m{"accounts": []string{"a"}, "name": "Foreign Name"})
	foreign["provider_name"] = "registry.terraform.io/hashicorp/aws"
	likeOurs := resource("tenure_account", "x", create, nil, m{"user_name": []int{1}})
	likeOurs["provider_name"] = "registry.terraform.io/somebody/else"
	mine := resource("tenure_account", "x", create, nil, m{"app": "wiki", "user_name": "ana@acme.example", "of_the_future": m{"a": []int{1}}}, m{"of_the_future": 1})
	mine["of_the_future"] = []any{1, nil, "x"}
	r := read(t, planOf(t, []m{foreign, likeOurs, mine}, m{"of_the_future": m{"deep": []m{{"x": 1}}}, "planned_values": nil, "resource_drift": nil, "prior_state": m{"values": nil}}))
	wantTold(t, r, "ana@acme.example", "joiner", "gain wiki account create [configuration]")
	if len(r.People) != 1 {
		t.Errorf("%+v", r.People)
	}
	if nothing := read(t, planOf(t, []m{foreign})); nothing.Changed() || len(nothing.People) != 0 {
		t.Error("another provider's resource is a change")
	}
}

func TestWhatIsNoPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"nothing":        {"", "terraform show -json"},
		"a plan file":    {"PK\x03\x04\x14", "terraform show -json"},
		"cut":            {`{"format_version":"1.2","resource_changes":[{"address":`, "unexpected EOF"},
		"a list":         {`[]`, "was expected"},
		"a state":        {`{"version":4}`, "no format_version"},
		"another format": {`{"format_version":"2.0"}`, "unsupported plan format version"},
		"a wrong type":   {`{"format_version":"1.2","resource_changes":[{"address":"tenure_account.x","type":"tenure_account","change":{"actions":["create"],"after":{"user_name":7}}}]}`, "read tenure_account.x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := report.Read(report.Input{Name: "p.json", JSON: strings.NewReader(c.in)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "p.json") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// Two states with their own plans, such as a fast lane for leavers, are about the same people.
func TestPlansTogether(t *testing.T) {
	t.Parallel()
	one := planOf(t, []m{resource("tenure_app_access", "a", update,
		set("wiki", m{"7": account("ana@acme.example", "Ana")}), set("wiki", m{}, m{"explanations": m{"accounts/7": why("deactivate", "left on 2026-02-27")}}))})
	two := planOf(t, []m{resource("tenure_cutoff", "now", create, nil, m{"app": "chat", "people": m{"7": "stolen laptop"}})})
	r, err := report.Read(report.Input{Name: "one", JSON: bytes.NewReader(one)}, report.Input{Name: "two", JSON: bytes.NewReader(two)})
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, r, "7", "leaver", "lose chat account cut_off [cutoff]", "lose wiki account deactivate [leaver]")
	if p := r.People[0]; p.Name != "Ana" || p.Changes[0].Plan != 1 || p.Changes[1].Plan != 0 || !slices.EqualFunc(r.Plans, []string{"one", "two"}, func(p report.Plan, n string) bool { return p.Name == n }) {
		t.Errorf("%+v", r)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(fixture(f, "sensitive.json.gz"))
	f.Add([]byte(`{"format_version":"1.0","resource_changes":[{"address":"tenure_app_access.a","type":"tenure_app_access","change":{"actions":["update"],"before":{"app":"a","accounts":{"1":{"user_name":"x"}},"strangers":{"groups/g/%zz":"m"}},"after":{"app":"a","accounts":null,"held":{"accounts/1":{"reason":"kept"}},"explanations":{"x":{"change":null}}},"after_unknown":{"groups":{"g":true}},"after_sensitive":{"accounts":{"1":true}}}}]}`))
	f.Add([]byte(`{"format_version":"1.2","errored":true,"prior_state":{"values":{"root_module":{"child_modules":[{"resources":[{"mode":"data","type":"tenure_access_findings","values":{"findings":[{"kind":"x","monthly_cost":{"a":1}}]},"sensitive_values":true}]}]}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := report.Read(report.Input{Name: "fuzz", JSON: bytes.NewReader(b)})
		if err != nil {
			return
		}
		for format, text := range formats(t, r) {
			if bad := firstUnsafe(text); bad != "" {
				t.Errorf("%s holds %s", format, bad)
			}
			if format == "json" || format == "sarif" {
				if !json.Valid([]byte(text)) {
					t.Errorf("%s is not JSON", format)
				}
			}
		}
		r.Redact([]byte("0123456789abcdef"))
		formats(t, r)
	})
}
