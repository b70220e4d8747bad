package rostertest

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// privateParts are parts of names of what no request may ask for.
var privateParts = []string{
	"salary", "compensation", "payrate", "pay_rate", "paytype", "wage", "bonus", "birth", "ssn", "socialsecurity", "national", "passport", "taxid", "tax_id",
	"homeaddress", "home_address", "address1", "addressline", "zipcode", "postal", "street", "gender", "ethnic", "religion", "marital", "bankaccount", "iban",
	"homephone", "disability", "citizenship",
}

// privacy looks at everything that was asked for.
func (v Vendor) privacy(t *testing.T) {
	s := v.Serve(t, &Company{People: generated(4)})
	if _, err := v.read(t, s); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		text := r.Path + "?" + r.Query + " " + r.Body
		if v.Harmless != "" {
			text = strings.ReplaceAll(text, v.Harmless, "")
		}
		text = strings.ToLower(text)
		for _, part := range privateParts {
			if strings.Contains(text, part) {
				t.Errorf("%s %s asks for %q", r.Method, r.Path, part)
			}
		}
	}
	if v.Selects {
		m := v.Mapping
		m.FieldMap = map[string]string{}
		maps.Copy(m.FieldMap, v.Mapping.FieldMap)
		m.FieldMap["department"] = ""
		s := v.Serve(t, &Company{People: generated(4)})
		if _, err := v.open(t, s, m).People(t.Context()); err != nil {
			t.Fatal(err)
		}
		asked := v.Asked
		if asked == "" {
			asked = v.Department
		}
		for _, r := range s.Requests() {
			if strings.Contains(r.Query+" "+r.Body, asked) {
				t.Errorf("%s %s asks for %q, which nothing needs", r.Method, r.Path, asked)
			}
		}
	}
	for _, path := range []string{"compensation.salary", "dateOfBirth", "homeAddress", "ssn", "national_id"} {
		m := v.Mapping
		m.Custom = map[string]string{"x": path}
		if _, err := v.Open(s.URL, m); !errors.Is(err, fault.Invalid) {
			t.Errorf("custom = %q is accepted: %v", path, err)
		}
	}
}

// many counts what reading a large company over a slow line takes. It is not timed; the figure is logged.
func (v Vendor) many(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 20,000 people")
	}
	many := v.People
	if many == 0 {
		many = 20_000
	}
	s := v.Serve(t, &Company{People: generated(many)})
	s.latency = 20 * time.Millisecond
	start := time.Now()
	r, err := v.read(t, s)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start).Round(10 * time.Millisecond)
	if len(r.People) != many {
		t.Errorf("%d people and %d problems, the first %v", len(r.People), len(r.Problems), r.Problems[:min(3, len(r.Problems))])
	}
	n := len(s.Requests())
	if most := v.Requests(many); n > most {
		t.Errorf("%d requests, want at most %d", n, most)
	}
	t.Logf("%d people: %d requests, at most %d at once, %s", many, n, s.most, took)
}
