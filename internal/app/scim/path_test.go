package scim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	const ext = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	for _, tc := range []struct {
		path  string
		in    string // the resource
		reads string
		value string // written
		after string
		op    string // the PATCH operation that says so
	}{
		{"nickName", `{"NickName":"An"}`, "An", "Annie", `{"NickName":"Annie"}`, `replace nickName "Annie"`},
		{"nickName", `{}`, "", "Annie", `{"nickName":"Annie"}`, `replace nickName "Annie"`},
		{"nickName", `{"nickName":"An","x":1}`, "An", "", `{"x":1}`, `remove nickName`},
		{"name.middleName", `{"name":{"givenName":"A","middlename":"B"}}`, "B", "C", `{"name":{"givenName":"A","middlename":"C"}}`, `replace name.middleName "C"`},
		{"name.middleName", `{"name":{"givenName":"A","middleName":"B"}}`, "B", "", `{"name":{"givenName":"A"}}`, `remove name.middleName`},
		{"name.formatted", `{"name.formatted":"A B"}`, "A B", "C", `{"name.formatted":"A B","name":{"formatted":"C"}}`, `replace name.formatted "C"`},
		{ext + ":costCenter", `{"` + strings.ToUpper(ext) + `":{"division":"D"}}`, "", "CC", `{"` + strings.ToUpper(ext) + `":{"division":"D","costCenter":"CC"}}`, `replace ` + ext + `:costCenter "CC"`},
		{ext + ":costCenter", `{}`, "", "CC", `{"` + ext + `":{"costCenter":"CC"}}`, `replace ` + ext + `:costCenter "CC"`},
		{ext + ":costCenter", `{"` + ext + `:costCenter":"flat"}`, "flat", "flat", `{"` + ext + `:costCenter":"flat"}`, ""},
		{ext + ":manager.displayName", `{"` + ext + `":{"manager":{"value":"1","displayName":"Bo"}}}`, "Bo", "Cy", `{"` + ext + `":{"manager":{"value":"1","displayName":"Cy"}}}`, `replace ` + ext + `:manager.displayName "Cy"`},
		{"urn:ietf:params:scim:schemas:core:2.0:User:title", `{"title":"T"}`, "T", "U", `{"title":"U"}`, `replace title "U"`},
		{
			`addresses[type eq "work"].country`, `{"addresses":[{"type":"home","country":"FR"},{"type":"WORK","country":"ES","locality":"Vigo"}]}`, "ES",
			"PT", `{"addresses":[{"type":"home","country":"FR"},{"type":"WORK","country":"PT","locality":"Vigo"}]}`,
			`replace addresses [{"country":"FR","type":"home"},{"country":"PT","locality":"Vigo","type":"WORK"}]`,
		},
		{`addresses[type eq "work"].country`, `{"addresses":[{"type":"work","country":"ES"}]}`, "ES", "", `{"addresses":[{"type":"work"}]}`, `replace addresses [{"type":"work"}]`},
		{`addresses[type eq "work"].country`, `{}`, "", "ES", `{"addresses":[{"type":"work","country":"ES"}]}`, `replace addresses [{"country":"ES","type":"work"}]`},
		{`roles[type eq "seatType"].value`, `{"roles":[{"type":"seatType","value":"Full"},{"value":"x"}]}`, "Full", "", `{"roles":[{"value":"x"}]}`, `replace roles [{"value":"x"}]`},
		{`roles[type eq "seatType"]`, `{"roles":[{"type":"seatType","value":"Full"}]}`, "Full", "", `{}`, `remove roles`},
		{`roles[primary eq true].value`, `{"roles":[{"value":"user","primary":"True"}]}`, "user", "owner", `{"roles":[{"value":"owner","primary":"True"}]}`, `replace roles [{"primary":"True","value":"owner"}]`},
		{"roles", `{}`, "", "admin", `{"roles":[{"value":"admin","primary":true}]}`, `replace roles [{"primary":true,"value":"admin"}]`},
		{"entitlements", `{"entitlements":["a","b"]}`, "a", "c", `{"entitlements":["c","b"]}`, `replace entitlements ["c","b"]`},
		{"emails", `{"emails":[{"value":"a@x"},{"value":"b@x","type":"work"}]}`, "b@x", "c@x", `{"emails":[{"value":"a@x"},{"value":"c@x","type":"work"}]}`, `replace emails [{"value":"a@x"},{"type":"work","value":"c@x"}]`},
		{"emails", `{"emails":[{"value":"a@x"}]}`, "a@x", "", `{}`, `remove emails`},
		{"userType", `{"userType":null}`, "", "2", `{"userType":"2"}`, `replace userType "2"`},
		{
			"urn:us:zoom:scim:schemas:extension:1.0:ZoomUser:zoomWhiteboard", `{"urn:us:zoom:scim:schemas:extension:1.0:ZoomUser":{"zoomWhiteboard":false}}`, "false",
			"true", `{"urn:us:zoom:scim:schemas:extension:1.0:ZoomUser":{"zoomWhiteboard":true}}`, `replace urn:us:zoom:scim:schemas:extension:1.0:ZoomUser:zoomWhiteboard true`,
		},
		{"x.level", `{"x":{"level":3}}`, "3", "4", `{"x":{"level":4}}`, `replace x.level 4`},
		{"x.level", `{"x":{"level":3}}`, "3", "high", `{"x":{"level":"high"}}`, `replace x.level "high"`},
		{"x", `{"x":{"value":"v","display":"V"}}`, "v", "w", `{"x":{"value":"w","display":"V"}}`, `replace x "w"`},
		{"x", `{"x":{"deep":{"er":1}}}`, "", "", `{"x":{"deep":{"er":1}}}`, ""},
	} {
		t.Run(tc.path+" = "+tc.value, func(t *testing.T) {
			t.Parallel()
			p, err := parsePath(tc.path)
			if err != nil {
				t.Fatal(err)
			}
			var o object
			if err := json.Unmarshal([]byte(tc.in), &o); err != nil {
				t.Fatal(err)
			}
			if got := p.read(o); got != tc.reads {
				t.Errorf("read %q, want %q", got, tc.reads)
			}
			op := ""
			for _, one := range operations([]change{{p, tc.value}}, o) {
				op += one.Op + " " + one.Path
				if one.Value != nil {
					op += " " + jsonText(one.Value)
				}
			}
			if op != tc.op {
				t.Errorf("operation is\n%s, want\n%s", op, tc.op)
			}
			if !sameJSON(jsonText(o), tc.in) {
				t.Errorf("the operation changed the resource to %s", jsonText(o))
			}
			if tc.op == "" {
				return
			}
			after := object(clone(o))
			p.write(after, tc.value)
			if !sameJSON(jsonText(after), tc.after) {
				t.Errorf("written %s, want %s", jsonText(after), tc.after)
			}
			if got := p.read(after); got != tc.value {
				t.Errorf("reads %q after writing %q", got, tc.value)
			}
		})
	}
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", ".", "a.", ".a", "a b", "a..b", "a.b.c", "1a", "$", "emails[", "emails[]", "emails[type]", `emails[type eq work]`, `emails[type ne "work"]`,
		`emails[type eq "work"]x`, `emails[type eq "work"].`, `emails[type eq "work" and primary eq true]`, `emails[type eq {"a":1}]`, `emails[type eq "]`,
		"urn:", "urn::a", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
	} {
		if p, err := parsePath(text); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "examples are") {
			t.Errorf("%q gives %+v, %v", text, p, err)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add(`addresses[type eq "work"].country`, `{"addresses":[{"type":"work","country":"ES"}]}`, "PT")
	f.Add("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"x"}}`, "")
	f.Add(`a[b eq "\"]"].c`, `{"a":{"b":"\"]"}}`, "true")
	f.Add("roles", `{"roles":["a",null,3,{"value":true}]}`, "x")
	f.Fuzz(func(t *testing.T, text, resource, value string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		var o object
		if json.Unmarshal([]byte(resource), &o) != nil || o == nil {
			return
		}
		before := jsonText(o)
		for _, op := range operations([]change{{p, value}}, o) {
			if op.Path == "" || strings.ContainsAny(op.Path, "[]") {
				t.Errorf("operation at %q for %q", op.Path, text)
			}
		}
		if jsonText(o) != before {
			t.Errorf("computing the operations changed %s to %s", before, jsonText(o))
		}
		p.write(o, value) // anything may be there; it must not panic
		_ = p.read(o)
	})
}
