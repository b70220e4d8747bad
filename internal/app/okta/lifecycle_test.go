package okta

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestDeactivate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		with, from, to string
		verb           string // of the lifecycle request, "" for none
		refused        bool
	}{
		{"deactivate", "ACTIVE", "DEPROVISIONED", "deactivate", false},
		{"deactivate", "LOCKED_OUT", "DEPROVISIONED", "deactivate", false},
		{"deactivate", "PROVISIONED", "DEPROVISIONED", "deactivate", false},
		{"deactivate", "SUSPENDED", "SUSPENDED", "", false},
		{"deactivate", "STAGED", "STAGED", "", false},
		{"suspend", "ACTIVE", "SUSPENDED", "suspend", false},
		{"suspend", "PROVISIONED", "DEPROVISIONED", "deactivate", false},
		{"suspend", "DEPROVISIONED", "DEPROVISIONED", "", false},
		{"suspend", "LOCKED_OUT", "LOCKED_OUT", "", true},
		{"suspend", "RECOVERY", "RECOVERY", "", true},
	} {
		t.Run(tt.with+" "+tt.from, func(t *testing.T) {
			t.Parallel()
			s, d := directory(t, Config{DeactivateWith: tt.with})
			id := s.AddUser(oktatest.User{Status: tt.from, Profile: profileOf("ana")})
			err := d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate)
			if tt.refused {
				fails(t, err, fault.Unsupported, strings.ToLower(tt.from), "Nothing was sent", "deactivate_with")
			} else if err != nil {
				t.Fatal(err)
			}
			same(t, "status", tt.to, s.Users()[0].Status)
			var verbs []string
			for _, r := range s.Requests() {
				if r.Method != "GET" {
					verbs = append(verbs, r.Path[strings.LastIndexByte(r.Path, '/')+1:])
				}
			}
			same(t, "writes", tt.verb, strings.Join(verbs, " "))
		})
	}
}

func TestReactivate(t *testing.T) {
	t.Parallel()
	yes := true
	for from, want := range map[string][2]string{ // the write, the status after it
		"SUSPENDED": {"unsuspend", "active"}, "DEPROVISIONED": {"activate", "provisioned"}, "STAGED": {"activate", "provisioned"},
		"LOCKED_OUT": {"", "locked_out"}, "RECOVERY": {"", "recovery"},
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			s, d := directory(t, Config{})
			id := s.AddUser(oktatest.User{Status: from, Profile: profileOf("ana")})
			got, err := d.UpdateAccount(t.Context(), access.AccountRef{ID: id}, access.AccountSpec{Active: &yes, Values: map[access.Field]string{access.Title: "Boss"}})
			if err != nil || !got.Active || got.Status != want[1] || got.Title != "Boss" {
				t.Fatalf("%+v, %v", got, err)
			}
			var writes []string
			for _, r := range s.Requests() {
				if r.Method != "GET" {
					writes = append(writes, r.Path[len("/api/v1/users/"+id):])
				}
			}
			wanted := []string{""} // the profile, after the status
			if want[0] != "" {
				wanted = []string{"/lifecycle/" + want[0], ""}
			}
			same(t, "writes", wanted, writes)
		})
	}
}

// A refusal that comes because the wish is fulfilled already is no failure; any other stays one.
func TestTransitionThatHasHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Status: "PROVISIONED", Profile: profileOf("ana")})
	stale := user{ID: id, Status: "STAGED"}
	got, err := d.activate(t.Context(), stale, "update account") // E0000016
	if err != nil || got.Status != "PROVISIONED" {
		t.Fatalf("%+v, %v", got, err)
	}
	s.Break("POST", "/lifecycle/", apptest.Fault{Status: 403})
	err = d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate)
	fails(t, err, fault.Forbidden, "E0000006", "admin role")
}

// Okta may carry out a transition later; it is believed when it is seen.
func TestTransitionThatTakesAWhile(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Profile: profileOf("ana")})
	s.Break("POST", "/lifecycle/", apptest.Fault{Status: 200, Body: apptest.BodyEmpty}) // accepted, not done
	err := d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate)
	fails(t, err, fault.Unconfirmed, "still active", "run again")
	d.patience = []time.Duration{0, time.Millisecond}
	done := make(chan error)
	go func() { done <- d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate) }()
	s.Set(id, "DEPROVISIONED")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestActivationThatFailsLeavesWord(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	s.Break("POST", "/lifecycle/", apptest.Fault{Status: 403})
	_, err := d.CreateAccount(t.Context(), newcomer("ana"))
	fails(t, err, fault.Forbidden, "exists in Okta and is staged")
	if us := s.Users(); len(us) != 1 || us[0].Status != "STAGED" {
		t.Errorf("%+v", us)
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Profile: profileOf("ana")})
	for _, who := range []string{id, "00ugone"} {
		if err := d.EndSessions(t.Context(), access.AccountRef{ID: who}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"DELETE /api/v1/users/" + id + "/sessions?oauthTokens=true", "DELETE /api/v1/users/00ugone/sessions?oauthTokens=true"}
	same(t, "requests", want, s.Lines())
	s.Break("DELETE", "/sessions$", apptest.Fault{Status: 200, Body: apptest.BodyHTML})
	fails(t, d.EndSessions(t.Context(), access.AccountRef{ID: id}), fault.Unconfirmed)
}

func TestSelf(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Profile: profileOf("admin")})
	got, err := d.Self(t.Context())
	if err != nil || got != (access.AccountRef{ID: id, UserName: "admin@acme.example"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAccountInWords(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{Attributes: []Attribute{
		{Name: "cost_center", Property: "costCenter"},
		{Name: "level", Property: "level", Type: "number"},
		{Name: "remote", Property: "remote", Type: "boolean"},
		{Name: "sites", Property: "sites", Type: "list"},
		{Name: "none", Property: "none"},
	}})
	p := profileOf("ana")
	p["costCenter"], p["level"], p["remote"], p["sites"], p["managerId"] = "R7", 3, true, []string{"MAD", "NYC"}, "00uboss"
	ana := s.AddUser(oktatest.User{Profile: p, LastLogin: "2026-02-03T04:05:06.000Z"})
	bob := s.AddUser(oktatest.User{Profile: profileOf("bob"), Status: "STAGED"})
	got, err := collect(d, t, access.AccountFilter{})
	if err != nil {
		t.Fatal(err)
	}
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	same(t, "accounts", []access.Account{
		{
			ID: ana, PersonID: "p-ana", UserName: "ana@acme.example", Email: "ana@acme.example", GivenName: "ana", FamilyName: "Example", Manager: "00uboss",
			Active: true, Status: "active", Created: created, LastLogin: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
			Attributes: map[string]string{"cost_center": "R7", "level": "3", "remote": "true", "sites": "MAD,NYC", "none": ""},
		},
		{
			ID: bob, PersonID: "p-bob", UserName: "bob@acme.example", Email: "bob@acme.example", GivenName: "bob", FamilyName: "Example",
			Status: "staged", Created: created, NeverUsed: true,
			Attributes: map[string]string{"cost_center": "", "level": "", "remote": "", "sites": "", "none": ""},
		},
	}, got)
	spec := access.AccountSpec{Attributes: map[string]string{"cost_center": "", "level": "4.5", "remote": "false", "sites": "MAD"}, Values: map[access.Field]string{access.Department: "", access.Title: ""}}
	if _, err := d.UpdateAccount(t.Context(), access.AccountRef{ID: ana}, spec); err != nil {
		t.Fatal(err)
	}
	body := s.Requests()[len(s.Requests())-1].Body
	same(t, "request", `{"profile":{"costCenter":null,"department":"","level":4.5,"remote":false,"sites":["MAD"],"title":null}}`, body)
	for name, v := range map[string]string{"level": "high", "remote": "perhaps", "unheard_of": "x"} {
		s.Reset()
		if _, err := d.UpdateAccount(t.Context(), access.AccountRef{ID: ana}, access.AccountSpec{Attributes: map[string]string{name: v}}); err == nil || len(s.Requests()) > 0 {
			t.Errorf("%s = %s: %v, %d requests", name, v, err, len(s.Requests()))
		}
	}
}

func TestPersonIDElsewhere(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{PersonIDIn: "hrId"})
	p := profileOf("ana")
	p["hrId"] = "h1"
	s.AddUser(oktatest.User{Profile: p})
	if got, err := collect(d, t, access.AccountFilter{}); err != nil || got[0].PersonID != "h1" {
		t.Errorf("%+v, %v", got, err)
	}
	_, none := directory(t, Config{PersonIDIn: "none"})
	if slices.Contains(none.Info().Fields, access.PersonID) {
		t.Error("a field that is kept nowhere")
	}
}
