package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// exceptions says which exceptions ended, end soon, or do not count.
func (r *reviewer) exceptions() {
	for i := range r.Register.Exceptions {
		x := &r.Register.Exceptions[i]
		grants := r.grantsOf(x.Grants)
		if len(grants) == 0 {
			continue
		}
		f := Finding{
			App: r.oneApp(grants), Subject: subject("exceptions", x.PersonID), PersonID: x.PersonID,
			Evidence: fmt.Sprintf("exception for %s: %s; approved by %s; expires %s; %s", x.PersonID, strings.Join(x.Grants, ", "), x.ApprovedBy, x.ExpiresAt, x.Reason),
		}
		if a := r.inScope[f.App]; a != nil {
			f.Owner = a.Owner
		}
		held := r.holdsAny(x.PersonID, grants)
		switch x.Status {
		case policy.ExceptionExpired:
			f.Kind, f.Severity = ExceptionExpired, Low
			f.Reason = fmt.Sprintf("the exception of %s ended on %s and gives nothing", r.who(x.PersonID), x.ExpiresAt)
			f.Suggestion = "# remove the exception block"
			if held != "" && !r.wanted(x.PersonID, grants) {
				f.Severity = High
				f.Reason = fmt.Sprintf("the exception of %s ended on %s, and %s is still held", r.who(x.PersonID), x.ExpiresAt, held)
				f.Suggestion = "terraform apply   # takes it away; then remove the exception block"
			}
			if end, ok := r.end(x.PersonID, x.ExpiresAt); ok {
				f.FirstSeen = end
			}
		case policy.ExceptionUnapproved:
			f.Kind, f.Severity = ExceptionUnapproved, Medium
			f.Reason = fmt.Sprintf("the exception of %s gives nothing: %s", r.who(x.PersonID), x.Why)
			if held != "" && !r.wanted(x.PersonID, grants) {
				f.Severity = High
				f.Reason += fmt.Sprintf("; %s is held all the same", held)
			}
			f.Suggestion = "approved_by = \"...\"   # somebody else who works here"
		case policy.ExceptionActive:
			end, ok := r.end(x.PersonID, x.ExpiresAt)
			if !ok || end.Sub(r.Now) > days(r.Thresholds.ExceptionExpiringDays) {
				continue
			}
			f.Kind, f.Severity = ExceptionExpiring, Low
			f.Reason = fmt.Sprintf("the exception of %s ends in %s, on %s", r.who(x.PersonID), span(end.Sub(r.Now)), x.ExpiresAt)
			f.Suggestion = "expires_at = \"...\"   # with a new approval, or let it end"
		case policy.ExceptionPending, policy.ExceptionOutsideWindow, policy.ExceptionUnknownPerson:
			continue
		}
		f.Fingerprint = r.exceptionPrint(f.Kind, x)
		r.add(f)
	}
}

// exceptionPrint knows an exception by whom it is for, what it gives and until when: a renewal is another one.
func (r *reviewer) exceptionPrint(kind Kind, x *policy.ExceptionState) string {
	grants := slices.Clone(x.Grants)
	slices.Sort(grants)
	return fingerprint(kind, "", append(grants, x.PersonID, x.ExpiresAt, x.Reason)...)
}

// grantsOf are those of the apps under review.
func (r *reviewer) grantsOf(addresses []string) []access.Grant {
	var out []access.Grant
	for _, a := range addresses {
		if g, err := access.ParseGrant(a); err == nil && r.inScope[g.App] != nil {
			out = append(out, g)
		}
	}
	return out
}

// oneApp is the app of all grants, or "" when there are several.
func (r *reviewer) oneApp(grants []access.Grant) string {
	for _, g := range grants {
		if g.App != grants[0].App {
			return ""
		}
	}
	return grants[0].App
}

// holdsAny is the first of the grants that the person holds. The account alone does not count beside others: what an
// exception gives in an app implies it.
func (r *reviewer) holdsAny(id string, grants []access.Grant) string {
	only := !slices.ContainsFunc(grants, func(g access.Grant) bool { return g.Kind != access.GrantAccount })
	for _, g := range grants {
		if (only || g.Kind != access.GrantAccount) && r.held[holding{r.present(id), watchKey(g)}] {
			return g.String()
		}
	}
	return ""
}

// wanted reports whether configuration gives all of the grants that the person holds anyway, by a rule.
func (r *reviewer) wanted(id string, grants []access.Grant) bool {
	for _, g := range grants {
		if !r.held[holding{r.present(id), watchKey(g)}] {
			continue
		}
		d := r.inScope[g.App].Desired
		if d == nil {
			return false
		}
		w, ok := d.Accounts[r.present(id)]
		switch {
		case !ok:
			return false
		case g.Kind == access.GrantGroup:
			_, ok = d.Groups[g.Name][w.UserName]
		case g.Kind == access.GrantLicense:
			ok = d.Licenses[g.Name][w.UserName] == g.License
		case g.Kind == access.GrantRole:
			ok = strings.EqualFold(w.Role, g.Name)
		}
		if !ok {
			return false
		}
	}
	return true
}

// end is when something that expires is over, in the zone of the person.
func (r *reviewer) end(personID, text string) (time.Time, bool) {
	m, err := lifecycle.ParseMoment(text)
	if err != nil {
		return time.Time{}, false
	}
	return m.End(r.zone(personID)), true
}
