package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// answering is a server that answers bulk requests as it is told.
type answering struct {
	answer func(ops []bulkOperation) string
	mu     sync.Mutex
	other  []string
}

func (s *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/scim+json")
	if r.URL.Path == "/ServiceProviderConfig" {
		_, _ = io.WriteString(w, `{"bulk":{"supported":"True"}}`) // says no more than that
		return
	}
	var in struct{ Operations []bulkOperation }
	if r.URL.Path != "/Bulk" || json.NewDecoder(r.Body).Decode(&in) != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.other = append(s.other, r.Method+" "+r.URL.Path)
		_, _ = io.WriteString(w, list(0))
		return
	}
	_, _ = io.WriteString(w, s.answer(in.Operations))
}

func made(op bulkOperation) string {
	o := object{}
	_ = json.Unmarshal(op.Data, &o)
	o["id"] = "id-" + o.text("externalId")
	b, _ := json.Marshal(map[string]any{"method": "POST", "bulkId": op.BulkID, "status": "201", "location": "https://x/Users/" + o.text("id"), "response": o})
	return string(b)
}

func TestBulkAnswers(t *testing.T) {
	t.Parallel()
	good := func(ops []bulkOperation) []string {
		var out []string
		for _, op := range ops {
			out = append(out, made(op))
		}
		return out
	}
	for name, c := range map[string]struct {
		change func([]string) []string
		bad    int // that are unconfirmed
	}{
		"in another order": {func(l []string) []string { slices.Reverse(l); return l }, 0},
		"status as object": {func(l []string) []string {
			l[1] = strings.Replace(l[1], `"status":"201"`, `"status":{"code":201}`, 1)
			return l
		}, 0},
		"one is missing":   {func(l []string) []string { return l[1:] }, 1},
		"one is twice":     {func(l []string) []string { return append(l, l[2]) }, 1},
		"no status":        {func(l []string) []string { l[3] = strings.Replace(l[3], "201", "", 1); return l }, 1},
		"a strange status": {func(l []string) []string { l[3] = strings.Replace(l[3], "201", "1", 1); return l }, 1},
		"no bulkId":        {func(l []string) []string { l[0] = strings.Replace(l[0], "bulkId", "id", 1); return l }, 1},
		"no operations":    {func([]string) []string { return nil }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &answering{}
			s.answer = func(ops []bulkOperation) string {
				return `{"Operations":[` + strings.Join(c.change(good(ops)), ",") + `]}`
			}
			a := bulkApp(t, s, "", Config{})
			bad := 0
			for i, err := range atOnce(a, 5, create(a)) {
				if err != nil {
					wantFault(t, err, fault.Unconfirmed, fmt.Sprintf("create account p%d@acme.com in wiki", i))
					bad++
				}
			}
			if bad != c.bad {
				t.Errorf("%d are unconfirmed, want %d", bad, c.bad)
			}
			// Each unconfirmed one is looked for, by person and by name; what came with the answer is not read.
			if len(s.other) != 2*c.bad || slices.ContainsFunc(s.other, func(r string) bool { return r != "GET /Users" }) {
				t.Errorf("also asked: %q", s.other)
			}
		})
	}
}

// A caller that gives up leaves; the request goes on for the others.
func TestBulkCanceled(t *testing.T) {
	t.Parallel()
	arrived, left := make(chan struct{}), make(chan struct{})
	s := &answering{answer: func(ops []bulkOperation) string {
		close(arrived)
		<-left
		var out []string
		for _, op := range ops {
			out = append(out, made(op))
		}
		return `{"Operations":[` + strings.Join(out, ",") + `]}`
	}}
	a := bulkApp(t, s, "", Config{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	errs := atOnce(a, 6, func(i int) error {
		if i != 2 {
			return create(a)(i)
		}
		defer close(left)
		_, err := a.CreateAccount(ctx, hire(i))
		return err
	})
	wantFault(t, errs[2], fault.Unconfirmed, "create account p2@acme.com in wiki")
	errs[2] = nil
	noErrors(t, errs)
	if len(s.other) > 0 {
		t.Errorf("also asked: %q", s.other)
	}
}

// A caller that gives up before its turn has sent nothing.
func TestBulkWithdrawn(t *testing.T) {
	t.Parallel()
	s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	a.writes.gather = func() { cancel() }
	_, err := a.CreateAccount(ctx, hire(1))
	wantFault(t, err, fault.Unavailable, "Nothing was written")
	if n := s.Stats().Total; n != 0 {
		t.Errorf("%d requests", n)
	}
}

// What may be done twice is sent again as a plain request would be: whole, or the one operation.
func TestBulkRepeats(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule        sandbox.Rule
		bulk, plain int
	}{
		"lost answer":  {sandbox.Rule{Path: "^/Bulk$", Fault: sandbox.Fault{Close: true, After: true}}, 2, 0},
		"in passing":   {sandbox.Rule{Method: "PATCH", Fault: sandbox.Fault{Status: 503}}, 1, 1},
		"out of turn":  {sandbox.Rule{Method: "PATCH", Fault: sandbox.Fault{Status: 429}}, 1, 1},
		"for good":     {sandbox.Rule{Method: "PATCH", Fault: sandbox.Fault{Status: 400}}, 1, 0},
		"server error": {sandbox.Rule{Method: "PATCH", Fault: sandbox.Fault{Status: 500}}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{MaxRetries: new(1)})
			var refs []access.AccountRef
			for i := range 6 {
				u, err := s.AddUser(sandbox.User{UserName: fmt.Sprintf("p%d", i)})
				if err != nil {
					t.Fatal(err)
				}
				refs = append(refs, access.AccountRef{ID: u.ID, UserName: u.UserName})
			}
			c.rule.Count = 1
			if err := s.AddFaults(c.rule); err != nil {
				t.Fatal(err)
			}
			failed := 0
			for _, err := range atOnce(a, 6, func(i int) error {
				got, err := a.UpdateAccount(context.Background(), refs[i], access.AccountSpec{Values: map[access.Field]string{access.Title: "Dr"}})
				if err == nil && got.Title != "Dr" {
					return fmt.Errorf("%+v", got)
				}
				return err
			}) {
				if err != nil {
					failed++
				}
			}
			wantFailed := 0
			if c.rule.Fault.Status == 400 || c.rule.Fault.Status == 500 {
				wantFailed = 1
			}
			if failed != wantFailed {
				t.Errorf("%d failed, want %d", failed, wantFailed)
			}
			wantCounts(t, s, map[string]int{"POST /Bulk": c.bulk, "PATCH /Users/{id}": c.plain})
		})
	}
}
