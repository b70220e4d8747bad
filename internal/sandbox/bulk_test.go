package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

func bulkBody(failOnErrors int, ops ...string) string {
	return fmt.Sprintf(`{"schemas":["%sBulkRequest"],"failOnErrors":%d,"Operations":[%s]}`, messageURN, failOnErrors, strings.Join(ops, ","))
}

func bulkUser(id, name string) string {
	return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":%q,"data":%s}`, id, userBody(name, ""))
}

// statuses are the bulkIds (or paths) and statuses of the answers in order.
func statuses(a answer) string {
	var out []string
	list, _ := a.body["Operations"].([]any)
	for _, e := range list {
		o := e.(object)
		name, _ := o["bulkId"].(string)
		if name == "" {
			name = o["method"].(string)
		}
		out = append(out, name+" "+o["status"].(string))
	}
	return strings.Join(out, ", ")
}

func TestBulk(t *testing.T) {
	t.Parallel()
	group := func(id, member string) string {
		return fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":%q,"data":{"schemas":[%q],"displayName":%q,"members":[{"value":"bulkId:%s"}]}}`, id, groupURN, id, member)
	}
	for name, c := range map[string]struct {
		failOnErrors int
		ops          []string
		want         string
		users        int
	}{
		"in order":                {0, []string{bulkUser("u1", "ana"), bulkUser("u2", "ben")}, "u1 201, u2 201", 2},
		"a reference":             {0, []string{bulkUser("u1", "ana"), group("g1", "u1")}, "u1 201, g1 201", 1},
		"a reference forward":     {0, []string{group("g1", "u1"), bulkUser("u1", "ana")}, "u1 201, g1 201", 1},
		"in the path":             {0, []string{bulkUser("u1", "ana"), `{"method":"DELETE","path":"/Users/bulkId:u1"}`}, "u1 201, DELETE 204", 0},
		"errors are no end":       {0, []string{bulkUser("u1", "ana"), bulkUser("u2", "ANA"), bulkUser("u3", "ben")}, "u1 201, u2 409, u3 201", 2},
		"the first error ends":    {1, []string{bulkUser("u1", "ana"), bulkUser("u2", "ANA"), bulkUser("u3", "ben")}, "u1 201, u2 409", 1},
		"the second error ends":   {2, []string{bulkUser("u1", "ana"), bulkUser("u2", "ana"), bulkUser("u3", "ben"), bulkUser("u4", "ana"), bulkUser("u5", "x")}, "u1 201, u2 409, u3 201, u4 409", 2},
		"a failed reference":      {0, []string{bulkUser("u1", ""), group("g1", "u1")}, "u1 400, g1 412", 0},
		"an unknown reference":    {0, []string{group("g1", "zz")}, "g1 400", 0},
		"a circle":                {0, []string{group("g1", "g2"), group("g2", "g1"), bulkUser("u1", "ana")}, "u1 201, g1 409, g2 409", 1},
		"no bulkId":               {0, []string{`{"method":"POST","path":"/Users","data":` + userBody("ana", "") + `}`}, "POST 400", 0},
		"no reading":              {0, []string{`{"method":"GET","path":"/Users/1","bulkId":"x"}`}, "x 400", 0},
		"no such endpoint":        {0, []string{`{"method":"POST","path":"/Schemas","bulkId":"x","data":{}}`}, "x 400", 0},
		"gone":                    {0, []string{`{"method":"DELETE","path":"/Users/nobody"}`}, "DELETE 404", 0},
		"a fault inside, by name": {0, []string{bulkUser("u1", "unlucky"), bulkUser("u2", "ben")}, "u1 503, u2 201", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{Dialect: Dialect{Bulk: true}})
			if err := s.AddFaults(Rule{Method: "POST", Path: "^/Users$", Body: "unlucky", Fault: Fault{Status: 503}}); err != nil {
				t.Fatal(err)
			}
			a := do(t, s, "POST", "/Bulk", bulkBody(c.failOnErrors, c.ops...)).want(t, 200)
			if got := statuses(a); got != c.want {
				t.Errorf("got %s, want %s\n%s", got, c.want, a.raw)
			}
			if n := len(s.Users()); n != c.users {
				t.Errorf("%d users, want %d", n, c.users)
			}
		})
	}
}

func TestBulkAnswers(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{Bulk: true, ETags: true, MaxBulkOperations: 2}})
	a := do(t, s, "POST", "/Bulk", bulkBody(0, bulkUser("u1", "ana"), bulkUser("u2", "ana"))).want(t, 200)
	u, _ := s.User("ana")
	if a.at("Operations", 0, "location") != "http://sandbox.test"+BasePath+"/Users/"+u.ID || a.at("Operations", 0, "version") == nil || a.at("Operations", 0, "response") != nil {
		t.Errorf("success: %v", a.at("Operations", 0))
	}
	if a.at("Operations", 1, "response", "scimType") != "uniqueness" || a.at("Operations", 1, "location") != nil {
		t.Errorf("failure: %v", a.at("Operations", 1))
	}
	stale := do(t, s, "POST", "/Bulk", bulkBody(0, `{"method":"PATCH","path":"/Users/`+u.ID+`","version":"W/\"9\"","data":`+patchBody(`{"op":"remove","path":"title"}`)+`}`))
	if got := statuses(stale); got != "PATCH 412" {
		t.Errorf("an old version: %s", got)
	}
	do(t, s, "POST", "/Bulk", bulkBody(0, bulkUser("a", "a"), bulkUser("b", "b"), bulkUser("c", "c"))).want(t, 413)
	do(t, s, "POST", "/Bulk", `{"Operations":[]}`).want(t, 400, "invalidSyntax")
	do(t, s, "GET", "/Bulk", "").want(t, 405)
	if got := s.Stats().Counts; got["POST /Bulk"] != 4 || got["BULK POST /Users"] != 2 || got["BULK PATCH /Users/{id}"] != 1 {
		t.Errorf("counts %v", got)
	}
}

func TestBulkBodies(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{Bulk: true, BulkBodies: true}})
	a := do(t, s, "POST", "/Bulk", bulkBody(0, bulkUser("u1", "ana"))).want(t, 200)
	u, _ := s.User("ana")
	if a.at("Operations", 0, "response", "id") != u.ID {
		t.Errorf("%s", a.raw)
	}
	gone := do(t, s, "POST", "/Bulk", bulkBody(0, `{"method":"DELETE","path":"/Users/`+u.ID+`"}`)).want(t, 200)
	if gone.at("Operations", 0, "status") != "204" || gone.at("Operations", 0, "response") != nil {
		t.Errorf("%s", gone.raw)
	}
}
