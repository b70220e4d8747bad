package provider_test

import (
	"strings"
	"testing"
)

// Null inside a value and half hours are refused when they are written, not reported as a bug of the provider.
func TestSetShapes(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for hcl, words := range map[string][]string{
		`accounts = { a = { user_name = "a@x" } }
		groups = { eng = null }`: {"An entry without a value", "Write {} for nobody, or leave eng out"},
		`accounts = { a = { user_name = "a@x" } }
		licenses = { design = null }`: {"An entry without a value", "design"},
		`accounts = { a = { user_name = "a@x", attributes = { k = null } } }`: {"An attribute without a value"},
		`accounts = { a = { user_name = tostring(null) } }`:                   {"The user name of a is empty"},
		`accounts = { a = { user_name = " " }, b = { user_name = "b@x" } }`:   {"The user name of a is empty"},
		`accounts = { for n in [] : n => { user_name = n } }
		grace_hours = 1.5`: {"Bad value 1.5", "whole hours"},
		`accounts = {}
		grace_hours = 99999999`: {"Bad value 99999999"},
		`accounts = {}
		grace_hours = -1`: {"Bad value -1"},
		`accounts = tomap(null)`: {"accounts is null"},
	} {
		e.config("", appAccess(hcl+"\n"+report))
		out, code := e.Try("plan")
		if code != 1 || strings.Contains(out, "bug in the provider") {
			t.Errorf("%s: exit code %d\n%s", hcl, code, out)
			continue
		}
		contains(t, flatten(out), words...)
	}
}

// An attribute that is to be empty is, when the app has none.
func TestEmptyAttribute(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.config("", appAccess(`accounts = { a = { user_name = "a@x", attributes = { k = "" } } }
`+report))
	e.Apply()
}
