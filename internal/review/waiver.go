package review

import (
	"fmt"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// Waiver accepts one finding until a date. It names it by fingerprint or, so that it can be written before the
// finding is there, by kind, app and subject.
type Waiver struct {
	Fingerprint string
	Kind        Kind
	App         string // "" for what concerns no single app
	Subject     string
	Reason      string
	// ApprovedBy is the work e-mail or the person id of somebody who works here and is not whom the finding concerns.
	ApprovedBy string
	ExpiresAt  string // a date, which is included, or an RFC 3339 instant
}

// key finds a waiver by what it covers.
func (w *Waiver) key() string {
	if w.Fingerprint != "" {
		return w.Fingerprint
	}
	return strings.Join([]string{string(w.Kind), w.App, w.Subject}, "\x00")
}

// waive marks what is waived, and says of waivers that hide nothing any more why not.
func (r *reviewer) waive() {
	if len(r.Waivers) == 0 {
		return
	}
	by := make(map[string][]int, 2*len(r.out.Findings))
	for i := range r.out.Findings {
		f := &r.out.Findings[i]
		for _, key := range []string{f.Fingerprint, strings.Join([]string{string(f.Kind), f.App, f.Subject}, "\x00")} {
			by[key] = append(by[key], i)
		}
	}
	var said []Finding
	for i := range r.Waivers {
		w := &r.Waivers[i]
		covered := by[w.key()]
		if len(covered) == 0 {
			r.out.Idle = append(r.out.Idle, i)
		}
		end, dated := r.end("", w.ExpiresAt)
		if !dated || !r.Now.Before(end) {
			f := r.waiverFinding(ExceptionExpired, w)
			f.Reason = fmt.Sprintf("the waiver of %s ended on %s and hides nothing any more: %s", w, w.ExpiresAt, w.Reason)
			f.FirstSeen = end
			f.Suggestion = "# remove the waiver block, or renew it with a new approval"
			for _, k := range covered {
				r.out.Findings[k].Reason += fmt.Sprintf("; its waiver ended on %s", w.ExpiresAt)
			}
			said = append(said, f)
			continue
		}
		why := ""
		for _, k := range covered {
			f := &r.out.Findings[k]
			if refused := r.refused(w.ApprovedBy, f.PersonID); refused != "" {
				why = refused
				continue
			}
			f.Waived = true
		}
		if why != "" {
			f := r.waiverFinding(ExceptionUnapproved, w)
			f.Reason = fmt.Sprintf("the waiver of %s hides nothing: %s", w, why)
			f.Suggestion = "approved_by = \"...\"   # somebody else who works here"
			said = append(said, f)
		}
	}
	r.out.Findings = append(r.out.Findings, said...)
}

// String names what a waiver covers.
func (w *Waiver) String() string {
	if w.Fingerprint != "" {
		return w.Fingerprint
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", w.Kind, w.App, w.Subject))
}

func (r *reviewer) waiverFinding(kind Kind, w *Waiver) Finding {
	what := w.Fingerprint
	if what == "" {
		what = strings.Join([]string{string(w.Kind), w.App, w.Subject}, "/")
	}
	return Finding{
		Kind: kind, Severity: Medium, App: w.App, Subject: "waivers/" + access.EscapePart(what),
		Evidence:    fmt.Sprintf("waiver of %s; approved by %s; expires %s", w, w.ApprovedBy, w.ExpiresAt),
		Fingerprint: fingerprint(kind, "waiver", w.key(), w.ExpiresAt),
	}
}

// refused says why an approval does not count, or "". It takes rosters to know.
func (r *reviewer) refused(by, beneficiary string) string {
	if !r.Rosters {
		return ""
	}
	id := r.present(by)
	if r.index[id] == nil {
		id = r.byMail[strings.ToLower(strings.TrimSpace(by))]
	}
	p := r.index[id]
	switch {
	case p == nil:
		return fmt.Sprintf("approved_by %q is nobody in the rosters", by)
	case p.PersonID == beneficiary:
		return fmt.Sprintf("approved_by %q is whom it concerns", by)
	case p.At.Stage == lifecycle.StageTerminated || p.At.Stage == lifecycle.StagePreHire:
		return fmt.Sprintf("approved_by %q does not work here now", by)
	}
	return ""
}
