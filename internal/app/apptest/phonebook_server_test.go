package apptest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

// exchange is the app on the other side, for step 4.
type exchange struct {
	mu      sync.Mutex
	entries []entry
	faults  []*struct {
		apptest.Fault
		seen int
	}
	counts map[apptest.Op]int
}

const pageOfBook = 3

func (x *exchange) op(r *http.Request) apptest.Op {
	one := strings.HasPrefix(r.URL.Path, "/entries/")
	switch {
	case r.Method == http.MethodPost:
		return apptest.CreateAccount
	case r.Method == http.MethodDelete:
		return apptest.DeleteAccount
	case r.Method == http.MethodPatch:
		return apptest.UpdateAccount
	case one:
		return apptest.ReadAccount
	}
	return apptest.ListAccounts
}

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, _ := io.ReadAll(r.Body) // unread, it would hide that the client has gone
	r.Body = io.NopCloser(bytes.NewReader(sent))
	x.mu.Lock()
	op := x.op(r)
	var due apptest.Fault
	for _, f := range x.faults {
		if f.On != op && f.On != apptest.Any && !(f.On == apptest.Deactivate && op == apptest.UpdateAccount) {
			continue
		}
		if f.seen++; f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times) {
			due = f.Fault
			break
		}
	}
	status, body := 0, []byte(nil)
	if due.After || !due.Hang && !due.Close && due.Status == 0 {
		status, body = x.answer(r, op, due)
	}
	x.counts[op]++ // once it is carried out: the suite gives up on what hangs when it is counted
	x.counts[apptest.Any]++
	x.mu.Unlock()
	if due.Hang {
		<-r.Context().Done()
	}
	if due.Hang || due.Close {
		panic(http.ErrAbortHandler)
	}
	if due.Status != 0 {
		status, body = due.Status, []byte(`{"error":"injected"}`)
	}
	if due.RetryAfter != nil {
		w.Header().Set("Retry-After", strconv.Itoa(*due.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	switch due.Body {
	case apptest.BodyHTML:
		w.Header().Set("Content-Type", "text/html")
		body = []byte("<html>")
	case apptest.BodyEmpty:
		body = nil
	case apptest.BodyGarbage:
		body = []byte(`{"id": [`)
	case apptest.BodyCut:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
		w.WriteHeader(status)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (x *exchange) answer(r *http.Request, op apptest.Op, f apptest.Fault) (int, []byte) {
	reply := func(status int, v any) (int, []byte) {
		b, _ := json.Marshal(v)
		return status, b
	}
	if op == apptest.ListAccounts {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		rows := x.entries
		if f.RepeatPage {
			offset = 0
		}
		if f.TruncateAt > 0 {
			rows = rows[:min(f.TruncateAt, len(rows))]
		}
		offset = min(offset, len(rows))
		return reply(200, book{len(x.entries), rows[offset:min(offset+pageOfBook, len(rows))]})
	}
	var in struct {
		Login, Mail *string
		Closed      *bool
	}
	if op == apptest.CreateAccount || op == apptest.UpdateAccount {
		_ = json.NewDecoder(r.Body).Decode(&in)
	}
	id := strings.TrimPrefix(r.URL.Path, "/entries/")
	at := -1
	for i, e := range x.entries {
		if in.Login != nil && e.ID != id && strings.EqualFold(e.Login, *in.Login) {
			return reply(409, map[string]string{"error": "login_taken"})
		}
		if e.ID == id {
			at = i
		}
	}
	if op == apptest.CreateAccount {
		x.entries = append(x.entries, entry{ID: fmt.Sprintf("e%d", len(x.entries)+100)})
		at = len(x.entries) - 1
	}
	if at < 0 {
		return reply(404, map[string]string{"error": "no_such_entry"})
	}
	e := &x.entries[at]
	if in.Login != nil {
		e.Login = *in.Login
	}
	if in.Mail != nil {
		e.Mail = *in.Mail
	}
	if in.Closed != nil {
		e.Closed = *in.Closed
	}
	was := *e
	if op == apptest.DeleteAccount {
		x.entries = append(x.entries[:at:at], x.entries[at+1:]...)
	}
	return reply(200, was)
}

// TestSevenSteps is step 4 for the phonebook.
func TestSevenSteps(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-the-phonebook"
	apptest.Run(t, apptest.Harness{
		Secret: token, PageSize: pageOfBook,
		Open: func(t testing.TB, w apptest.World) apptest.Subject {
			x := &exchange{counts: map[apptest.Op]int{}}
			for i, a := range w.Accounts {
				x.entries = append(x.entries, entry{fmt.Sprintf("e%d", i), a.UserName, a.Email, !a.Active})
			}
			srv := httptest.NewServer(x)
			t.Cleanup(srv.Close)
			p, err := openPhonebook("contacts", srv.URL, token)
			if err != nil {
				t.Fatal(err)
			}
			return apptest.Subject{
				App: p,
				Look: func(testing.TB) (w apptest.World) {
					x.mu.Lock()
					defer x.mu.Unlock()
					for _, e := range x.entries {
						w.Accounts = append(w.Accounts, e.account())
					}
					return w
				},
				Inject: func(_ testing.TB, f apptest.Fault) {
					x.mu.Lock()
					defer x.mu.Unlock()
					if f == (apptest.Fault{}) {
						x.faults = nil
						return
					}
					x.faults = append(x.faults, &struct {
						apptest.Fault
						seen int
					}{f, 0})
				},
				Count: func(op apptest.Op) int {
					x.mu.Lock()
					defer x.mu.Unlock()
					if op == apptest.Deactivate {
						op = apptest.UpdateAccount
					}
					return x.counts[op]
				},
				Reset: func() {
					x.mu.Lock()
					defer x.mu.Unlock()
					clear(x.counts)
				},
			}
		},
	})
}
