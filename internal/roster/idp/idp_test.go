package idp_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
)

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// compact leaves out what is empty, as Okta and most SCIM servers do.
func compact(m map[string]any) map[string]any {
	for k, v := range m {
		if v == "" || v == nil {
			delete(m, k)
		}
	}
	return m
}

// stub gives the users of one page without any service.
func stub(users ...string) idp.Users {
	return func(_ context.Context, _ []string, page func([]json.RawMessage, int) error) error {
		var list []json.RawMessage
		for _, u := range users {
			list = append(list, json.RawMessage(u))
		}
		return page(list, -1)
	}
}

func read(t *testing.T, src roster.Source, err error) map[string]access.Person {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]access.Person{}
	for _, p := range r.People {
		people[p.PersonID] = p
	}
	for _, p := range r.Problems {
		t.Errorf("problem: %s", p)
	}
	return people
}

// off switches fields off that a test's users do not have.
func off(m map[string]string, fields ...string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, m)
	for _, f := range fields {
		all[f] = ""
	}
	return all
}

func at(day string) func() time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t.Add(12 * time.Hour) }
}

// page is where a request's page begins and how long it is.
func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}

// ask keeps the requests of a server that answers nothing useful.
func ask(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func split(s string) []string {
	return slices.DeleteFunc(strings.Split(s, ","), func(p string) bool { return p == "" })
}
