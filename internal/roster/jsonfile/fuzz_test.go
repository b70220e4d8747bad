package jsonfile

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`[{"id": 1, "name": "Ana"}]`, `{"people": [{"id": 1}, 2, null, {"id": "\u0041", "a": {"b": [1, {"c": "]"}]}}]}`, `[{"id": 1, "id": 2}, {"id": 3}]`,
		`[{"id":1.0e+3},{"id":""},{"id":"x\\\"y"}]`, `[]`, `[[],{}]`, `[{"id": 1, "work_email": "a@b"}, {"id": 2, "work_email": "A@B", "manager": "1"}]`,
		"\uFEFF[{\"id\":\t1}\n]", `[{"":{"":1},"id":"\ud800"}]`, `{"people":{"people":[{"id":1}]}}`, `[{"a.b":1,"a":{"b":2},"id":5}]`,
	} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte(`{"people": [{"id": 1}]}`), "people")
	f.Fuzz(func(t *testing.T, data []byte, items string) {
		opened, err := Open(Config{Name: "hr", File: roster.File{Path: "people.json"}, Items: items})
		if err != nil {
			t.Fatal(err)
		}
		s := opened.(*source)
		r, err := s.parse(context.Background(), data)
		if err != nil {
			if len(r.People)+len(r.Problems)+len(r.Faulty) != 0 {
				t.Fatal("people beside an error")
			}
			return
		}
		bad := map[string]bool{}
		for _, p := range r.Problems {
			bad[p.Where] = true
		}
		// encoding/json, which knows the elements but not where they are, must count as many.
		var value any
		if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), &value); err != nil {
			t.Fatalf("people from what is not JSON: %v", err)
		}
		if strings.TrimSpace(items) != "" {
			for key := range strings.SplitSeq(items, ".") {
				value = value.(map[string]any)[key]
			}
		}
		if want := len(value.([]any)); len(r.People)+len(bad) != want {
			t.Fatalf("%d people and %d faulty records out of %d", len(r.People), len(bad), want)
		}
		for _, p := range r.People {
			if p.PersonID == "" {
				t.Fatalf("person without a key: %+v", p)
			}
		}
	})
}
