package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// people says what is wrong with records of the rosters, apart from any app.
func (r *reviewer) people() {
	managers := slices.ContainsFunc(r.People, func(p Person) bool { return p.ManagerID != "" || p.ManagerEmail != "" })
	if r.Rosters && !managers {
		for i := range r.out.Coverage {
			r.out.Coverage[i].Gaps = append(r.out.Coverage[i].Gaps, "the rosters name no managers: missing_manager cannot be told")
		}
	}
	for i := range r.People {
		p := &r.People[i]
		_, held := r.undone[p.PersonID]
		switch {
		case p.At.Window == lifecycle.WindowUnknown && p.Faulty == "":
			why := cmp.Or(p.At.Fault, fmt.Sprintf("the status %q is not mapped", p.StatusRaw))
			f := r.about(UnknownStatus, Medium, p, why+": nothing is given and nothing is taken away")
			f.Suggestion = fmt.Sprintf("# in the roster block, say what the status means:\nstatus_map = { %s = \"active\" }", hclText(p.StatusRaw))
			r.add(f)
		case p.At.Window == lifecycle.WindowOpen && managers && p.Faulty == "" && !held:
			r.manager(p)
		}
	}
	for _, q := range r.Register.Quarantined {
		if !slices.Contains(q.Codes, policy.CodeMissingUserName) {
			continue
		}
		p := r.index[q.PersonID]
		if p == nil {
			continue
		}
		f := r.about(MissingUserName, Medium, p, q.Why)
		f.Suggestion = fmt.Sprintf("# in tenure_entitlements:\nidentities = { APP = { %s = \"USER_NAME\" } }", hclText(q.PersonID))
		r.add(f)
	}
}

// about begins a finding about a person.
func (r *reviewer) about(kind Kind, base Severity, p *Person, why string) Finding {
	return Finding{
		Kind: kind, Severity: base, Subject: subject("people", p.PersonID), PersonID: p.PersonID,
		Reason: r.who(p.PersonID) + ": " + why, Evidence: r.record(p), Fingerprint: fingerprint(kind, "", p.PersonID),
	}
}

// record is what the roster says, as far as it matters here.
func (r *reviewer) record(p *Person) string {
	parts := []string{fmt.Sprintf("roster %s, record %s", p.Source, cmp.Or(p.SourceID, p.PersonID)), "status " + cmp.Or(p.StatusRaw, string(p.Status))}
	if p.ManagerID != "" || p.ManagerEmail != "" {
		parts = append(parts, "manager "+cmp.Or(p.ManagerID, p.ManagerEmail))
	}
	return strings.Join(parts, "; ")
}

// manager reports somebody who works here and whose manager does not, or is nobody.
func (r *reviewer) manager(p *Person) {
	id := r.present(p.ManagerID)
	if id == "" && p.ManagerEmail != "" {
		id = r.byMail[strings.ToLower(p.ManagerEmail)]
	}
	m := r.index[id]
	why := ""
	switch {
	case p.ManagerID == "" && p.ManagerEmail == "":
		why = "no manager is named"
	case m == nil:
		why = fmt.Sprintf("manager %s is in no roster", cmp.Or(p.ManagerID, p.ManagerEmail))
	case m.PersonID == p.PersonID:
		why = "is named as the own manager"
	case m.At.Window == lifecycle.WindowClosed:
		why = fmt.Sprintf("manager %s has left", r.who(m.PersonID))
	default:
		return
	}
	f := r.about(MissingManager, Low, p, why)
	f.Suggestion = "# name a manager in the roster; for whoever has none, add a waiver"
	r.add(f)
}
