package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// registerFor is what policy knows besides who holds what: as it was handed over or, in the walk that has decided it,
// as it is remembered. Nil means that it is not known. Handing over is what makes a review in an apply, where no policy
// is evaluated any more, find the same.
func (d *Data) registerFor(diags *diag.Diagnostics, text string, desired map[string]*review.Desired) *review.Register {
	if text != "" {
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.DisallowUnknownFields()
		r := &review.Register{}
		if err := dec.Decode(r); err != nil {
			diagnose(diags, &fault.Error{
				Kind: fault.Invalid, Op: "read", Subject: "the register", Cause: "it is not what this version of tenure_entitlements puts out",
				Next: "Hand on the register of a tenure_entitlements as it is.",
			}, "", path.Root("register"))
		}
		return r
	}
	known := d.decided.fitting(desired)
	if len(known) == 0 {
		return nil
	}
	all := &review.Register{Identities: map[string]map[string]string{}, Former: map[string][]string{}}
	for _, one := range known {
		r := one.register()
		all.Exceptions = append(all.Exceptions, r.Exceptions...)
		all.Conflicts = append(all.Conflicts, r.Conflicts...)
		all.Quarantined = append(all.Quarantined, r.Quarantined...)
		all.Cutoffs = append(all.Cutoffs, r.Cutoffs...)
		all.Timing = r.Timing
		maps.Copy(all.Former, r.Former)
		for app, names := range r.Identities {
			if all.Identities[app] == nil {
				all.Identities[app] = map[string]string{}
			}
			maps.Copy(all.Identities[app], names)
		}
	}
	return all
}

// registerText is the register as it is handed over.
func registerText(one *decision) (string, error) {
	text, err := json.Marshal(one.register())
	if err != nil {
		return "", fmt.Errorf("write the register: %w", err)
	}
	return string(text), nil
}

// register is what a decision knows besides who holds what.
func (o *decision) register() *review.Register {
	r := &review.Register{
		Exceptions: o.result.Exceptions, Conflicts: o.policy.Conflicts, Quarantined: o.result.Quarantined, Cutoffs: o.result.Cutoffs,
		Former: o.result.SamePerson, Timing: o.policy.Timing, Identities: o.program.UserNames(o.input),
	}
	for app, names := range r.Identities {
		for id := range o.result.Apps[app].Accounts {
			delete(names, id)
		}
	}
	return r
}

// fitting are the decisions of this run that the entitlements were made from: all that they give is in there.
func (d *decisions) fitting(desired map[string]*review.Desired) []*decision {
	var out []*decision
	for _, one := range d.all() {
		if one.within(desired) {
			out = append(out, one)
		}
	}
	return out
}

func (o *decision) within(desired map[string]*review.Desired) bool {
	shared := false
	for name, want := range o.result.Apps {
		have, ok := desired[name]
		if !ok {
			continue
		}
		shared = true
		for id := range want.Accounts {
			if _, ok := have.Accounts[id]; !ok {
				return false
			}
		}
	}
	return shared
}
