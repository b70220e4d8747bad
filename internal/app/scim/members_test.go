package scim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func add(ids ...string) (out []access.MemberChange) {
	for _, id := range ids {
		out = append(out, access.MemberChange{Account: access.AccountRef{ID: id, UserName: id + "@acme.com"}, Role: "member"})
	}
	return out
}

func remove(ids ...string) []access.MemberChange {
	out := add(ids...)
	for i := range out {
		out[i].Remove = true
	}
	return out
}

// members is a group with these members.
func groupOf(ids ...string) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = fmt.Sprintf(`{"value":%q}`, id)
	}
	return fmt.Sprintf(`{"id":"g1","displayName":"Admins","members":[%s]}`, strings.Join(rows, ","))
}

func TestChangeMembersOnTheWire(t *testing.T) {
	t.Parallel()
	send := func(status int, answer string, ops ...string) exchange {
		return exchange{request: "PATCH /Groups/g1", body: patch(ops...), status: status, answer: answer}
	}
	lean := func(status int, answer string, ops ...string) exchange {
		e := send(status, answer, ops...)
		e.request += "?excludedAttributes=members"
		return e
	}
	look := func(ids ...string) exchange { return exchange{request: "GET /Groups/g1", answer: groupOf(ids...)} }
	exists := exchange{request: "GET /Groups/g1?excludedAttributes=members", answer: groupOf()}
	addAB := `{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}`
	addA, addB := `{"op":"add","path":"members","value":[{"value":"a"}]}`, `{"op":"add","path":"members","value":[{"value":"b"}]}`
	dropA, dropB := `{"op":"remove","path":"members[value eq \"a\"]"}`, `{"op":"remove","path":"members[value eq \"b\"]"}`
	limit2 := Config{Override: Dialect{MaxMemberChanges: 2}}
	lost := send(0, "", addA)
	lost.hangUp = true
	for _, tc := range []struct {
		name    string
		cfg     Config
		changes []access.MemberChange
		expect  []exchange
		want    string
	}{
		{"nothing", Config{}, nil, nil, ""},
		{"seen in the answer", Config{}, add("a", "b"), []exchange{send(200, groupOf("x", "a", "b"), addAB)}, "ok ok "},
		{"204: one look", Config{}, add("a", "b"), []exchange{send(204, "", addAB), look("a", "b")}, "ok ok "},
		{"204, one is missing", Config{}, add("a", "b"), []exchange{send(204, "", addAB), look("a")}, "ok unconfirmed "},
		{"an answer that shows nothing", Config{}, add("a"), []exchange{send(200, `{"id":"g1"}`, addA), look("a")}, "ok "},
		{"204, and the look fails", Config{}, add("a"), []exchange{send(204, "", addA), {request: "GET /Groups/g1", status: 500}}, "ok "},
		{"in chunks, one look", limit2, add("a", "b", "c"), []exchange{
			lean(200, groupOf(), addAB), lean(204, "", `{"op":"add","path":"members","value":[{"value":"c"}]}`), look("a", "b", "c"),
		}, "ok ok ok "},
		{"removed by path", Config{}, remove("a", `b"\`), []exchange{send(200, groupOf("x"), dropA, `{"op":"remove","path":"members[value eq \"b\\\"\\\\\"]"}`)}, "ok ok "},
		{"removed by value", Config{Profile: "slack"}, remove("a", "b"), []exchange{
			send(204, "", `{"op":"remove","path":"members","value":[{"value":"a"},{"value":"b"}]}`), look("x"),
		}, "ok ok "},
		{"removed one by one", Config{Profile: "sentry"}, remove("a", "b"), []exchange{
			send(204, "", `{"op":"remove","path":"members","value":[{"value":"a"}]}`, `{"op":"remove","path":"members","value":[{"value":"b"}]}`), look("x"),
		}, "ok ok "},
		{"a removal without effect", Config{}, remove("a", "b"), []exchange{send(204, "", dropA, dropB), look("b")}, "ok unconfirmed "},
		{"adds before removals", Config{}, append(remove("b"), add("a")...), []exchange{
			send(200, groupOf("a", "b"), addA), send(200, groupOf("a"), dropB),
		}, "ok ok "},
		{"where members are not shown, the word counts", Config{Profile: "aws_identity_center"}, add("a"), []exchange{send(204, "", addA)}, "ok "},
		{"said twice, sent once", Config{}, append(add("a"), add("a")...), []exchange{send(200, groupOf("a"), addA)}, "ok ok "},
		{"both at once", Config{}, append(add("a"), remove("a")...), nil, "invalid invalid "},
		{"a role", Config{}, []access.MemberChange{{Account: access.AccountRef{ID: "a"}, Role: "owner"}}, nil, "unsupported "},
		{"without an id", Config{}, add(""), nil, "invalid "},
		{"no groups", Config{Profile: "gitlab"}, add("a"), nil, "unsupported "},
		{"one is refused, the other is not", Config{}, add("a", "b"), []exchange{
			send(400, `{"scimType":"invalidValue"}`, addAB), send(200, groupOf("a"), addA), send(400, `{"scimType":"invalidValue"}`, addB), look("a"),
		}, "ok invalid "},
		{"refused, but already so", Config{}, add("a"), []exchange{send(409, `{}`, addA), look("a")}, "ok "},
		{"a conflict, where members are not shown, proves nothing", Config{Profile: "aws_identity_center"}, add("a"), []exchange{send(409, `{}`, addA)}, "already exists "},
		{"nothing to remove", Config{Profile: "aws_identity_center"}, remove("a"), []exchange{
			send(400, `{"scimType":"noTarget"}`, `{"op":"remove","path":"members","value":[{"value":"a"}]}`),
		}, "ok "},
		{"nobody to remove", Config{}, remove("a"), []exchange{send(404, `{}`, dropA), exists, look("x")}, "ok "},
		{"no such account", Config{}, add("a"), []exchange{send(404, `{}`, addA), exists, look("x")}, "not found "},
		{"no such group", Config{}, add("a", "b"), []exchange{send(404, `{}`, addAB), {request: exists.request, status: 404}}, "not found not found "},
		{"forbidden: nothing more is sent", limit2, add("a", "b", "c"), []exchange{lean(403, `{}`, addAB)}, "forbidden forbidden forbidden "},
		{"PATCH not offered: no searching for a culprit", Config{}, add("a", "b"), []exchange{send(405, ``, addAB)}, "unsupported unsupported "},
		{"unanswered, done", Config{}, add("a"), []exchange{lost, look("a")}, "ok "},
		{"unanswered, not done", Config{}, add("a"), []exchange{lost, look("x")}, "unconfirmed "},
		{"unanswered, not to be seen", Config{}, add("a"), []exchange{lost, {request: "GET /Groups/g1", status: 503}}, "unconfirmed "},
		{"too many at once", Config{}, add("a", "b"), []exchange{send(413, `{}`, addAB), send(204, ``, addA), send(204, ``, addB), look("a", "b")}, "ok ok "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, tc.expect...)
			errs := a.ChangeMembers(t.Context(), "g1", tc.changes)
			if got := outcomes(errs); got != tc.want {
				t.Errorf("outcomes %q, want %q: %v", got, tc.want, errs)
			}
			for i, err := range errs {
				if err != nil && fault.KindOf(err) != fault.Forbidden && !strings.Contains(err.Error(), tc.changes[i].Account.UserName) && a.info.Lacks["change group members"] == "" {
					t.Errorf("error %d does not say whom it is about: %v", i, err)
				}
			}
		})
	}
}

// rejecting is a group whose server refuses a whole request when one of its accounts is bad.
func rejecting(t *testing.T, bad func(id string) bool) (a *App, members map[string]bool, requests *int) {
	t.Helper()
	members, requests = map[string]bool{}, new(int)
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		*requests++
		if r.Method == "PATCH" {
			var in struct {
				Operations []struct{ Value []struct{ Value string } }
			}
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			for _, v := range in.Operations[0].Value {
				if bad(v.Value) {
					w.WriteHeader(400)
					return
				}
			}
			for _, v := range in.Operations[0].Value {
				members[v.Value] = true
			}
			w.WriteHeader(204)
			return
		}
		var ids []string
		for id := range members {
			ids = append(ids, id)
		}
		io.WriteString(w, groupOf(ids...))
	}))
	t.Cleanup(s.Close)
	a, err := Open(Config{Name: "wiki", BaseURL: s.URL, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return a, members, requests
}

// One bad account does not fail the ninety-nine others, and finding it is cheap.
func TestChangeMembersIsolatesTheBad(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("u%02d", i))
	}
	for name, tc := range map[string]struct {
		bad      []string
		requests int
	}{
		"one":   {[]string{"u37"}, 16},
		"first": {[]string{"u00"}, 16},
		"three": {[]string{"u03", "u50", "u99"}, 42},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, members, requests := rejecting(t, func(id string) bool { return slices.Contains(tc.bad, id) })
			for i, err := range a.ChangeMembers(t.Context(), "g1", add(all...)) {
				if bad := slices.Contains(tc.bad, all[i]); bad != (fault.KindOf(err) == fault.Invalid) || bad == (err == nil) || bad == members[all[i]] {
					t.Errorf("%s: %v", all[i], err)
				}
			}
			if *requests > tc.requests {
				t.Errorf("%d requests", *requests)
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		a, members, requests := rejecting(t, func(string) bool { return true })
		for i, err := range a.ChangeMembers(t.Context(), "g1", add(all...)) {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), all[i]) {
				t.Errorf("%s: %v", all[i], err)
			}
		}
		if *requests > isolationBudget+2 || len(members) > 0 {
			t.Errorf("%d requests, %d members", *requests, len(members))
		}
	})
}
