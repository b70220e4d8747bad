package converge

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func (n *Notes) setAside(who string, ref access.AccountRef) {
	if n.Aside == nil {
		n.Aside = make(map[string]access.AccountRef)
	}
	n.Aside[who] = ref
}

// carryNotes remembers what state will not show about those who are held from now on.
func (r *run) carryNotes() {
	n := &r.res.Notes
	n.Aside, n.Values = maps.Clone(n.Aside), maps.Clone(n.Values)
	n.Suspended, n.Groups = maps.Clone(n.Suspended), maps.Clone(n.Groups)
	n.Imported = time.Time{}
	if n.At.IsZero() {
		n.At = r.Now().UTC()
	}
	if n.Values == nil {
		n.Values = make(map[Subject]string)
	}
	for s := range r.Planned.Held {
		stranger, strange := r.prior.Strangers[s]
		if s.Kind == access.GrantAccount {
			was, managed := r.prior.Accounts[s.Who]
			_, stays := r.Planned.Accounts[s.Who]
			switch {
			case stays:
			case managed:
				r.res.Notes.setAside(s.Who, access.AccountRef{ID: r.prior.IDs[s.Who], UserName: was.UserName()})
			case strange:
				r.res.Notes.setAside(s.Who, access.AccountRef{ID: stranger, UserName: s.Who})
			}
			continue
		}
		if v := cmp.Or(r.prior.Grants(s.Kind)[s.In][s.Who], stranger); v != "" {
			n.Values[s] = v
		}
		if id := r.prior.IDs[r.priorKeys[s.Who]]; id != "" && n.holder(s.Kind, s.In, s.Who) == "" {
			n.setHolder(s.Kind, s.In, s.Who, id)
		}
	}
}

// finish sorts the failures and takes back what the plan said about them.
func (r *run) finish() {
	if r.Prior == nil && len(r.res.State.Explanations) > mostExplained {
		clear(r.res.State.Explanations) // they would be a good part of the state, and nobody would read them
	}
	slices.SortFunc(r.res.Failures, func(a, b Failure) int {
		return cmp.Compare(a.Subject.String(), b.Subject.String())
	})
	for _, f := range r.res.Failures {
		delete(r.res.State.Explanations, f.Subject)
	}
	r.prog.end(len(r.res.Failures))
}

const (
	namesInError = 50
	// mostExplained bounds what a first apply explains.
	mostExplained = 1000
)

// Err is one error that names who is not as planned, or nil. hint goes with what it says about state.
func (r Result) Err(app, hint string) error {
	if len(r.Failures) == 0 {
		return nil
	}
	var b strings.Builder
	for i, f := range r.Failures {
		if i == namesInError {
			fmt.Fprintf(&b, "\n  and %d more", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", f.Subject)
		if f.Subject.Kind == access.GrantAccount && f.Name != "" && f.Name != f.Subject.Who {
			fmt.Fprintf(&b, " (%s)", f.Name)
		}
		fmt.Fprintf(&b, ": %s", reason(f.Err))
	}
	return &fault.Error{
		Kind: fault.Partial, System: app, Op: fmt.Sprintf("finish %d of %d changes", len(r.Failures), r.Steps),
		Cause: "these are not as planned:" + b.String() + "\n",
		State: strings.TrimSpace(fmt.Sprintf("The other %d are done and in state. %s", r.Steps-len(r.Failures), hint)),
		Next:  "Apply again when the causes are gone: it continues with what is missing.",
	}
}

// reason is an error in one line, with its remedy.
func reason(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	s := f.Kind.Error()
	if f.Cause != "" {
		s += ": " + f.Cause
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	if o := f.Origin(); o != "" {
		s += " (" + o + ")"
	}
	if f.Next != "" {
		s += ". " + f.Next
	}
	return s
}
