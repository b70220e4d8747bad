package sandbox

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatchUser(t *testing.T) {
	t.Parallel()
	const start = `{"userName":"ana","title":"Engineer","active":true,"name":{"givenName":"Ana","familyName":"B"},
		"emails":[{"value":"w@x","type":"work"},{"value":"h@x","type":"home"}],"roles":[{"value":"a"}],
		"` + enterpriseURN + `":{"department":"R","manager":{"value":"1"}}}`
	for name, c := range map[string]struct {
		ops  string
		want string // changes to start, null for "gone"; or a scimType
	}{
		"replace":                   {`{"op":"replace","path":"title","value":"CTO"}`, `{"title":"CTO"}`},
		"capitals":                  {`{"op":"Replace","path":"TITLE","value":"CTO"}`, `{"title":"CTO"}`},
		"add replaces a single":     {`{"op":"add","path":"title","value":"CTO"}`, `{"title":"CTO"}`},
		"remove":                    {`{"op":"remove","path":"title"}`, `{"title":null}`},
		"null is remove":            {`{"op":"replace","path":"title","value":null}`, `{"title":null}`},
		"deactivate":                {`{"op":"replace","path":"active","value":false}`, `{"active":false}`},
		"without a path":            {`{"op":"replace","value":{"active":false,"title":"X"}}`, `{"active":false,"title":"X"}`},
		"without a path, extension": {`{"op":"add","value":{"` + enterpriseURN + `":{"division":"D"}}}`, `{"` + enterpriseURN + `":{"department":"R","division":"D","manager":{"value":"1"}}}`},
		"sub-attribute":             {`{"op":"replace","path":"name.givenName","value":"Anna"}`, `{"name":{"givenName":"Anna","familyName":"B"}}`},
		"complex merges":            {`{"op":"replace","path":"name","value":{"middleName":"M"}}`, `{"name":{"givenName":"Ana","familyName":"B","middleName":"M"}}`},
		"core prefix":               {`{"op":"replace","path":"` + userURN + `:title","value":"CTO"}`, `{"title":"CTO"}`},
		"extension":                 {`{"op":"replace","path":"` + enterpriseURN + `:department","value":"S"}`, `{"` + enterpriseURN + `":{"department":"S","manager":{"value":"1"}}}`},
		"extension sub-attribute":   {`{"op":"replace","path":"` + enterpriseURN + `:manager.value","value":"2"}`, `{"` + enterpriseURN + `":{"department":"R","manager":{"value":"2"}}}`},
		"extension complex":         {`{"op":"add","path":"` + enterpriseURN + `:manager","value":{"value":"3"}}`, `{"` + enterpriseURN + `":{"department":"R","manager":{"value":"3"}}}`},
		"extension as a whole":      {`{"op":"remove","path":"` + enterpriseURN + `"}`, `{"` + enterpriseURN + `":null}`},
		"foreign extension":         {`{"op":"add","path":"urn:x:y:1.0:User:seat","value":"full"}`, `{"urn:x:y:1.0:User":{"seat":"full"}}`},
		"add a value":               {`{"op":"add","path":"roles","value":[{"value":"b"}]}`, `{"roles":[{"value":"a"},{"value":"b"}]}`},
		"add the same value":        {`{"op":"add","path":"roles","value":[{"value":"a"}]}`, `{}`},
		"replace all values":        {`{"op":"replace","path":"roles","value":[{"value":"c"}]}`, `{"roles":[{"value":"c"}]}`},
		"remove by filter":          {`{"op":"remove","path":"emails[type eq \"home\"]"}`, `{"emails":[{"value":"w@x","type":"work"}]}`},
		"remove the last":           {`{"op":"remove","path":"roles[value eq \"a\"]"}`, `{"roles":null}`},
		"remove no match":           {`{"op":"remove","path":"emails[type eq \"other\"]"}`, `{}`},
		"replace by filter":         {`{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x"}`, `{"emails":[{"value":"n@x","type":"work"},{"value":"h@x","type":"home"}]}`},
		"replace a whole value":     {`{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x"}}`, `{"emails":[{"value":"n@x"},{"value":"h@x","type":"home"}]}`},
		"replace no match":          {`{"op":"replace","path":"emails[type eq \"other\"].value","value":"n@x"}`, "noTarget"},
		"add by filter":             {`{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"}`, `{"phoneNumbers":[{"type":"work","value":"1"}]}`},
		"a bracket in a string":     {`{"op":"remove","path":"emails[type eq \"]\"]"}`, `{}`},
		"two operations":            {`{"op":"remove","path":"title"},{"op":"add","path":"nickName","value":"A"}`, `{"title":null,"nickName":"A"}`},
		"all or nothing":            {`{"op":"replace","path":"title","value":"CTO"},{"op":"replace","path":"nope","value":1}`, "invalidPath"},
		"remove without a path":     {`{"op":"remove","value":"x"}`, "noTarget"},
		"no value":                  {`{"op":"add","path":"title"}`, "invalidValue"},
		"unknown op":                {`{"op":"move","path":"title","value":"x"}`, "invalidSyntax"},
		"unknown attribute":         {`{"op":"add","path":"tytle","value":"x"}`, "invalidPath"},
		"dotted key in a value":     {`{"op":"add","value":{"name.givenName":"x"}}`, "invalidPath"},
		"a filter on a single":      {`{"op":"remove","path":"name[givenName eq \"x\"]"}`, "invalidPath"},
		"empty brackets":            {`{"op":"remove","path":"emails[]"}`, "invalidPath"},
		"read-only":                 {`{"op":"add","path":"groups","value":[{"value":"g"}]}`, "mutability"},
		"the id":                    {`{"op":"replace","path":"id","value":"x"}`, "mutability"},
		"required":                  {`{"op":"remove","path":"userName"}`, "mutability"},
		"wrong type":                {`{"op":"replace","path":"active","value":"False"}`, "invalidValue"},
		"manager as text":           {`{"op":"add","path":"` + enterpriseURN + `:manager","value":"7"}`, "invalidValue"},
		"taken":                     {`{"op":"replace","path":"userName","value":"BEN"}`, "uniqueness"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{})
			addUsers(t, s, "ben")
			id := do(t, s, "POST", "/Users", `{"schemas":["`+userURN+`"],`+start[1:]).want(t, 201).at("id").(string)
			before := do(t, s, "GET", "/Users/"+id, "").body
			got := do(t, s, "PATCH", "/Users/"+id, patchBody(c.ops))
			after := do(t, s, "GET", "/Users/"+id, "").body
			delete(before, "meta")
			delete(after, "meta")
			if !strings.HasPrefix(c.want, "{") {
				if got.status/100 != 4 || got.at("scimType") != c.want {
					t.Errorf("got %d %s, want scimType %s", got.status, got.raw, c.want)
				}
				if d := cmp.Diff(before, after); d != "" {
					t.Errorf("a refused PATCH changed the user: %s", d)
				}
				return
			}
			got.want(t, 200)
			var changes object
			if err := json.Unmarshal([]byte(c.want), &changes); err != nil {
				t.Fatal(err)
			}
			want := before
			for k, v := range changes {
				if want[k] = v; v == nil {
					delete(want, k)
				}
			}
			delete(want, "schemas")
			delete(after, "schemas")
			if d := cmp.Diff(want, after); d != "" {
				t.Errorf("-want +got: %s", d)
			}
		})
	}
}

func TestPatchGroupMembers(t *testing.T) {
	t.Parallel()
	strict, listed, first := Dialect{}, Dialect{MemberRemoval: RemovesListed}, Dialect{MemberRemoval: RemovesFirst}
	const byPath = `{"op":"remove","path":"members[value eq \"b\"]"}`
	const byValue = `{"op":"remove","path":"members","value":[{"value":"b"},{"value":"c"}]}`
	for name, c := range map[string]struct {
		d    Dialect
		ops  string
		want string // the members, or a scimType preceded by !
		asks int
	}{
		"add":                     {strict, `{"op":"add","path":"members","value":[{"value":"d"}]}`, "a b c d", 1},
		"add without a path":      {strict, `{"op":"add","value":{"members":[{"value":"d"}]}}`, "a b c d", 1},
		"add a member":            {strict, `{"op":"add","path":"members","value":[{"value":"a"}]}`, "a b c", 1},
		"add one object":          {strict, `{"op":"add","path":"members","value":{"value":"d"}}`, "a b c d", 1},
		"remove by path":          {strict, byPath, "a c", 1},
		"remove two by path":      {strict, `{"op":"remove","path":"members[value eq \"a\" or value eq \"c\"]"}`, "b", 2},
		"remove a stranger":       {strict, `{"op":"remove","path":"members[value eq \"zz\"]"}`, "a b c", 1},
		"value array, strict":     {strict, byValue, "", 0},
		"value array, listed":     {listed, byValue, "a", 2},
		"value array, first":      {first, byValue, "a c", 1},
		"no value, listed":        {listed, `{"op":"remove","path":"members"}`, "", 0},
		"replace":                 {strict, `{"op":"replace","path":"members","value":[{"value":"d"},{"value":"a"}]}`, "d a", 2},
		"replace by nothing":      {strict, `{"op":"replace","path":"members","value":[]}`, "", 0},
		"with a new name":         {strict, `{"op":"replace","value":{"displayName":"new","members":[{"value":"d"}]}}`, "d", 1},
		"unknown account":         {strict, `{"op":"add","path":"members","value":[{"value":"d"},{"value":"zz"}]}`, "!invalidValue", 0},
		"no value in a member":    {strict, `{"op":"add","path":"members","value":[{"display":"d"}]}`, "!invalidValue", 0},
		"path not offered":        {Dialect{NoMemberPath: true}, byPath, "!invalidPath", 0},
		"replace not offered":     {Dialect{NoMemberReplace: true}, `{"op":"replace","path":"members","value":[]}`, "!invalidValue", 0},
		"remove all not offered":  {Dialect{NoMemberReplace: true}, `{"op":"remove","path":"members"}`, "!invalidValue", 0},
		"too many":                {Dialect{MaxMemberChanges: 1, MemberRemoval: RemovesListed}, byValue, "!tooMany", 0},
		"too many operations":     {Dialect{MaxOperations: 1}, byPath + "," + byPath, "!tooMany", 0},
		"a value's attribute":     {strict, `{"op":"replace","path":"members[value eq \"a\"].display","value":"x"}`, "!mutability", 0},
		"remove then add, all in": {strict, byPath + `,{"op":"add","path":"members","value":[{"value":"b"}]}`, "a c b", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{Dialect: c.d})
			for _, id := range []string{"a", "b", "c", "d"} {
				if _, err := s.AddUser(User{ID: id, UserName: id}); err != nil {
					t.Fatal(err)
				}
			}
			g := addGroup(t, s, "g", "a", "b", "c")
			got := do(t, s, "PATCH", "/Groups/"+g, patchBody(c.ops))
			now, _ := s.Group(g)
			members := strings.Join(now.Members, " ")
			if typ, refused := strings.CutPrefix(c.want, "!"); refused {
				if got.status < 400 || got.at("scimType") != typ || members != "a b c" {
					t.Errorf("%d %s, members %q", got.status, got.raw, members)
				}
				return
			}
			if got.want(t, 200); members != c.want {
				t.Errorf("members %q, want %q", members, c.want)
			}
			if n := s.Stats().MemberChanges; n != c.asks {
				t.Errorf("the request is counted as %d member changes, want %d", n, c.asks)
			}
			for _, id := range []string{"a", "b", "c", "d"} {
				shown := strings.Contains(do(t, s, "GET", "/Users/"+id, "").raw, `"groups"`)
				if in := strings.Contains(members, id); in != shown {
					t.Errorf("user %s: member %v, but shows groups %v", id, in, shown)
				}
			}
		})
	}
}

func TestUnknownMemberStatus(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{UnknownMember: 404}})
	g := addGroup(t, s, "g")
	do(t, s, "PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":[{"value":"zz"}]}`)).want(t, 404)
}

func TestGroupPut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		merges bool
		body   string
		want   string
	}{
		"replaces":           {false, `"displayName":"h"`, ""},
		"merges":             {true, `"displayName":"h"`, "a"},
		"merges, members":    {true, `"displayName":"h","members":[{"value":"b"}]`, "b"},
		"replaces, members":  {false, `"displayName":"h","members":[{"value":"b"}]`, "b"},
		"merges, no name":    {true, `"members":[{"value":"b"}]`, "b"},
		"merges, no members": {true, `"externalId":"x"`, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{Dialect: Dialect{PutMerges: c.merges}})
			for _, id := range []string{"a", "b"} {
				if _, err := s.AddUser(User{ID: id, UserName: id}); err != nil {
					t.Fatal(err)
				}
			}
			g := addGroup(t, s, "g", "a")
			do(t, s, "PUT", "/Groups/"+g, `{"schemas":["`+groupURN+`"],`+c.body+`}`).want(t, 200)
			now, _ := s.Group(g)
			if got := strings.Join(now.Members, " "); got != c.want {
				t.Errorf("members %q, want %q", got, c.want)
			}
		})
	}
}
