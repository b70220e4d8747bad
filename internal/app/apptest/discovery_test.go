package apptest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const tinyDiscovery = `{
 "parameters": {"fields": {"location": "query", "type": "string"}},
 "schemas": {
  "Pet": {"type": "object", "properties": {
   "id": {"type": "string", "readOnly": true}, "name": {"type": "string", "annotations": {"required": ["zoo.pets.insert"]}},
   "legs": {"type": "integer"}, "tame": {"type": "boolean"}, "home": {"$ref": "Home"}, "toys": {"type": "any"}, "tags": {"type": "array", "items": {"type": "string"}}}},
  "Home": {"type": "object", "properties": {"street": {"type": "string"}}},
  "Toy": {"type": "object", "properties": {"color": {"type": "string"}}},
  "Pets": {"type": "object", "properties": {"pets": {"type": "array", "items": {"$ref": "Pet"}}, "next": {"type": "string"}}}
 },
 "resources": {"pets": {"methods": {
  "list": {"id": "zoo.pets.list", "httpMethod": "GET", "path": "v1/pets", "response": {"$ref": "Pets"}, "parameters": {
   "zoo": {"location": "query", "type": "string", "required": true}, "max": {"location": "query", "type": "integer", "minimum": "1", "maximum": "5"},
   "by": {"location": "query", "type": "string", "enum": ["name"]}}},
  "insert": {"id": "zoo.pets.insert", "httpMethod": "POST", "path": "v1/pets", "request": {"$ref": "Pet"}, "response": {"$ref": "Pet"}},
  "delete": {"id": "zoo.pets.delete", "httpMethod": "DELETE", "path": "v1/pets/{id}", "parameters": {"id": {"location": "path", "type": "string"}}}
 }}}
}`

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method, target, body, answer string
		want                         string // part of the one problem; "" for none
	}{
		{"GET", "/v1/pets?zoo=a&max=5&by=name&fields=pets(id,home/street),next", "", `{"pets": [{"id": "1", "legs": 4, "home": {"street": "x"}}]}`, ""},
		{"GET", "/v1/pets", "", `{}`, "the parameter zoo is required"},
		{"GET", "/v1/pets?zoo=a&max=6", "", `{}`, `max cannot be "6"`},
		{"GET", "/v1/pets?zoo=a&by=age", "", `{}`, `by cannot be "age"`},
		{"GET", "/v1/pets?zoo=a&color=red", "", `{}`, "there is no parameter color"},
		{"GET", "/v1/pets?zoo=a&fields=pets(id,home(street,city))", "", `{}`, `Home has no "city"`},
		{"GET", "/v1/pets?zoo=a", "", `{"pets": [{"wings": 2}]}`, `pets[0] has no property "wings"`},
		{"GET", "/v1/pets?zoo=a", "", `{"pets": [{"legs": "four"}]}`, "legs must be a number"},
		{"GET", "/v1/pets?zoo=a", "", `nonsense`, "the body is no JSON"},
		{"GET", "/v1/cats", "", `{}`, "no such operation"},
		{"POST", "/v1/pets", `{"name": "Rex", "toys": [{"color": "red"}], "tags": ["a"], "tame": true, "home": null}`, `{"id": "1"}`, ""},
		{"POST", "/v1/pets", `{"legs": 4}`, `{}`, "name is required"},
		{"POST", "/v1/pets", `{"name": "Rex", "id": "1"}`, `{}`, "id is read-only"},
		{"POST", "/v1/pets", `{"name": "Rex", "toys": [{"colour": "red"}]}`, `{}`, `toys[0] has no property "colour"`},
		{"POST", "/v1/pets", `{"name": "Rex", "home": {"zip": "1"}}`, `{}`, `home has no property "zip"`},
		{"POST", "/v1/pets", "", `{}`, "a body is missing"},
		{"DELETE", "/v1/pets/7", "", "", ""},
		{"DELETE", "/v1/pets/7", `{}`, "", "takes no body"},
		{"DELETE", "/v1/pets/7", "", `{}`, "answers without a body"},
	} {
		t.Run(tc.method+" "+tc.target+" "+tc.body+tc.answer, func(t *testing.T) {
			t.Parallel()
			d := &Discovery{Any: map[string]string{"Pet.toys": "Toy"}}
			if err := d.add([]byte(tinyDiscovery)); err != nil {
				t.Fatal(err)
			}
			rec := &recorder{TB: t}
			h := d.Handler(rec, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tc.answer) }))
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), tc.method, tc.target, strings.NewReader(tc.body)))
			if answer.Body.String() != tc.answer {
				t.Errorf("the answer was changed to %q", answer.Body)
			}
			switch {
			case tc.want == "" && len(rec.failed) > 0, tc.want != "" && (len(rec.failed) != 1 || !strings.Contains(rec.failed[0], tc.want)):
				t.Errorf("problems %q, want %q", rec.failed, tc.want)
			}
		})
	}
}
