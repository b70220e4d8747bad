package review_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// A waiver hides one finding, as long as it lasts and its approval counts; otherwise it is said itself.
func TestWaivers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.of("2").LastLogin = ago(50)
	w.of("3").LastLogin = ago(50)
	w.leaves("1", ago(10))
	w.of("1").Active, w.of("1").Status = false, "deactivated"
	dormant := of(review.Review(w.Input), review.DormantAccount)
	if len(dormant) != 2 {
		t.Fatal(dormant)
	}
	byPrint := func(by, until string) review.Waiver {
		return review.Waiver{Fingerprint: dormant[0].Fingerprint, Reason: "asked", ApprovedBy: by, ExpiresAt: until}
	}
	for name, tc := range map[string]struct {
		waiver review.Waiver
		waived bool
		said   string // of the kind that tells of the waiver, and why
	}{
		"by fingerprint":         {byPrint("p3@acme.com", "2026-12-31"), true, ""},
		"approved by person id":  {byPrint("3", "2026-12-31"), true, ""},
		"until today":            {byPrint("3", "2026-03-04"), true, ""},
		"until now":              {byPrint("3", "2026-03-04T12:00:00Z"), false, "exception_expired ended on 2026-03-04T12:00:00Z"},
		"until yesterday":        {byPrint("3", "2026-03-03"), false, "exception_expired ended on 2026-03-03"},
		"approved by oneself":    {byPrint("P2@acme.com", "2026-12-31"), false, "exception_unapproved is whom it concerns"},
		"approved by nobody":     {byPrint("boss@acme.com", "2026-12-31"), false, "exception_unapproved is nobody in the rosters"},
		"approved by a leaver":   {byPrint("1", "2026-12-31"), false, "exception_unapproved does not work here now"},
		"by name":                {review.Waiver{Kind: review.DormantAccount, App: "gh", Subject: "accounts/p2@acme.com", ApprovedBy: "3", ExpiresAt: "2026-12-31"}, true, ""},
		"of another kind":        {review.Waiver{Kind: review.NeverUsed, App: "gh", Subject: "accounts/p2@acme.com", ApprovedBy: "3", ExpiresAt: "2026-12-31"}, false, ""},
		"of another app":         {review.Waiver{Kind: review.DormantAccount, App: "slack", Subject: "accounts/p2@acme.com", ApprovedBy: "3", ExpiresAt: "2026-12-31"}, false, ""},
		"misspelt":               {review.Waiver{Fingerprint: "7468", ApprovedBy: "3", ExpiresAt: "2026-12-31"}, false, ""},
		"ended and about nobody": {review.Waiver{Fingerprint: "7468", ApprovedBy: "3", ExpiresAt: "2026-01-31"}, false, "exception_expired ended on 2026-01-31"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := w.Input
			in.Waivers = []review.Waiver{tc.waiver}
			r := review.Review(in)
			var said []string
			waived := 0
			for _, f := range r.Findings {
				if f.Waived {
					waived++
					if f.Kind != review.DormantAccount || f.PersonID != "2" {
						t.Errorf("hides %s", text(f))
					}
				}
				if strings.HasPrefix(f.Subject, "waivers/") {
					said = append(said, string(f.Kind)+" "+f.Reason)
				}
			}
			if (waived == 1) != tc.waived || r.Counts[review.CountWaived] != waived || r.Counts[string(review.DormantAccount)] != 2-waived {
				t.Errorf("%d findings are waived, counts %v", waived, r.Counts)
			}
			kind, why, _ := strings.Cut(tc.said, " ")
			if tc.said == "" && len(said) > 0 || tc.said != "" && (len(said) != 1 || !strings.HasPrefix(said[0], kind) || !strings.Contains(said[0], why)) {
				t.Errorf("said %q, want %q", said, tc.said)
			}
			if covers := len(r.Idle) == 0; covers != (tc.waived || strings.HasPrefix(name, "until") || strings.HasPrefix(name, "approved")) {
				t.Errorf("waivers that cover nothing: %v", r.Idle)
			}
		})
	}
}

// Whose an account is, and above all whose it is not.
func TestOwners(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit func(w *world)
		want string // kinds of findings about the account x, with the person
	}{
		"a name that two people have is nobody's": {func(w *world) {
			w.person("2").OtherEmails, w.person("3").OtherEmails = []string{"office@acme.com"}, []string{"office@acme.com"}
			w.account("x", func(a *access.Account) { a.UserName = "office@acme.com" })
		}, "orphan_account:"},
		"a name that passed to a successor is the successor's": {func(w *world) {
			w.leaves("2", ago(100))
			w.app().Accounts = w.app().Accounts[:1]
			w.employ("4", func(p *access.Person) { p.WorkEmail = "p2@acme.com" })
			w.entitle("4")
			w.gives("4", &review.Wanted{UserName: "p2@acme.com"})
			w.account("x", func(a *access.Account) { a.UserName = "p2@acme.com" })
		}, ""},
		"the person id comes before the name": {func(w *world) {
			w.leaves("3", ago(100))
			w.account("x", func(a *access.Account) { a.UserName, a.Email, a.PersonID = "kim@acme.com", "p2@acme.com", "3" })
		}, "leaver_active:3"},
		"how somebody is called proves nothing": {func(w *world) {
			w.account("x", func(a *access.Account) { a.UserName, a.GivenName, a.DisplayName = "kim@acme.com", "P2", "P2" })
		}, "orphan_account:"},
		"a leaver is known by the name that policy gave": {func(w *world) {
			w.leaves("3", ago(100))
			w.app().Accounts = w.app().Accounts[:2]
			w.Register.Identities = map[string]map[string]string{"gh": {"3": "Octo-3"}}
			w.account("x", func(a *access.Account) { a.UserName = "octo-3" })
		}, "leaver_active:3"},
		"a former person id is the person": {func(w *world) {
			w.employ("old-2", func(p *access.Person) {
				p.WorkEmail, p.Status, p.EndDate = "p2@acme.com", access.StatusTerminated, access.DateOf(ago(300))
			})
			w.Register.Former = map[string][]string{"2": {"old-2"}}
			w.app().Accounts[1].ID, w.app().Accounts[1].PersonID = "ax", "old-2"
		}, ""},
		"without rosters nobody is an orphan": {func(w *world) {
			w.Rosters, w.People = false, nil
			w.account("x")
		}, "unmanaged_account:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			tc.edit(w)
			var got []string
			for _, f := range review.Review(w.Input).Findings {
				if strings.HasPrefix(f.Evidence, "account ax;") && strings.HasPrefix(f.Subject, "accounts/") && f.Kind != review.DuplicateAccount {
					got = append(got, string(f.Kind)+":"+f.PersonID)
				}
			}
			if s := strings.Join(got, " "); s != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
		})
	}
}
