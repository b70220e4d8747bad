package provider

import (
	"math/big"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// The outputs are built as Terraform's own values: the framework would visit every attribute of every account
// several times to come to the same.

func stringsType() tftypes.Map { return tftypes.Map{ElementType: tftypes.String} }
func countsType() tftypes.Map  { return tftypes.Map{ElementType: tftypes.Number} }
func reasonsType() tftypes.Map { return tftypes.Map{ElementType: stringsType()} }

// changeType is one element of upcoming.
func changeType() tftypes.Object {
	return tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"at": tftypes.String, "person_id": tftypes.String, "grant": tftypes.String, "change": tftypes.String, "why": tftypes.String,
	}}
}

// frameworkType is a type as schemas of the framework name it.
func frameworkType(t tftypes.Type) attr.Type {
	switch t := t.(type) {
	case tftypes.Object:
		attrs := make(map[string]attr.Type, len(t.AttributeTypes))
		for name, a := range t.AttributeTypes {
			attrs[name] = frameworkType(a)
		}
		return types.ObjectType{AttrTypes: attrs}
	case tftypes.Map:
		return types.MapType{ElemType: frameworkType(t.ElementType)}
	case tftypes.List:
		return types.ListType{ElemType: frameworkType(t.ElementType)}
	}
	switch {
	case t.Is(tftypes.Bool):
		return types.BoolType
	case t.Is(tftypes.Number):
		return types.NumberType
	}
	return types.StringType
}

// maxMessage is how large the outputs may become. Messages between Terraform and a provider are limited to 256
// MiB, and beyond that Terraform says nothing that would help; the configuration travels along.
const maxMessage = 240 << 20

// outputs are the computed values, and about how many bytes they take in a message (MessagePack).
type outputs struct {
	values map[string]tftypes.Value
	size   int
	people int
}

// newOutputs renders a result; asked are the outputs that are null otherwise.
func newOutputs(r policy.Result, asked map[string]bool) *outputs {
	o := &outputs{values: make(map[string]tftypes.Value)}
	element := accountElement()
	apps := make(map[string]tftypes.Value, len(r.Apps))
	for name, app := range r.Apps {
		accounts := make(map[string]tftypes.Value, len(app.Accounts))
		for id, a := range app.Accounts {
			accounts[id] = o.account(element, a)
			o.text(id)
		}
		o.people = max(o.people, len(accounts))
		apps[name] = tftypes.NewValue(appElement(), map[string]tftypes.Value{
			"accounts": tftypes.NewValue(tftypes.Map{ElementType: element}, accounts),
			"groups":   o.texts2(app.Groups), "licenses": o.texts2(app.Licenses),
		})
	}
	o.values["apps"] = tftypes.NewValue(tftypes.Map{ElementType: appElement()}, apps)

	counts := make(map[string]tftypes.Value, len(r.Counts))
	for address, n := range r.Counts {
		o.text(address)
		counts[address] = tftypes.NewValue(tftypes.Number, big.NewFloat(float64(n)))
	}
	o.values["counts"] = tftypes.NewValue(countsType(), counts)

	cutoffs := make(map[string]string, len(r.Cutoffs))
	for _, c := range r.Cutoffs {
		cutoffs[c.PersonID] = c.Why
	}
	o.values["cutoffs"] = o.texts(cutoffs)

	o.values["reasons"] = tftypes.NewValue(reasonsType(), nil)
	if asked[includeReasons] {
		o.values["reasons"] = o.texts2(reasonsOf(r.Reasons))
	}
	o.values["quarantined"] = tftypes.NewValue(stringsType(), nil)
	if asked[includeQuarantined] {
		o.values["quarantined"] = o.texts(quarantinedOf(r.Quarantined))
	}
	o.values["upcoming"] = tftypes.NewValue(tftypes.List{ElementType: changeType()}, nil)
	if asked[includeUpcoming] {
		o.values["upcoming"] = o.changes(r.Upcoming)
	}
	return o
}

// account is one account: what is kept in sync, and null for everything else.
func (o *outputs) account(element tftypes.Object, a policy.Account) tftypes.Value {
	fields := make(map[string]tftypes.Value, len(element.AttributeTypes))
	for _, f := range accountElementFields() {
		name := string(f)
		o.text(name)
		if v, managed := a.Get(f); managed {
			fields[name] = o.text(v)
		} else {
			fields[name] = tftypes.NewValue(tftypes.String, nil)
			o.size++
		}
	}
	fields["active"] = tftypes.NewValue(tftypes.Bool, a.Active)
	fields["attributes"] = tftypes.NewValue(stringsType(), nil)
	o.size += len("active") + len("attributes") + 5
	if a.Attributes != nil {
		fields["attributes"] = o.texts(a.Attributes)
	}
	return tftypes.NewValue(element, fields)
}

// text is one string.
func (o *outputs) text(s string) tftypes.Value {
	o.size += len(s) + 1
	if len(s) > 31 {
		o.size++
	}
	return tftypes.NewValue(tftypes.String, s)
}

func (o *outputs) texts(m map[string]string) tftypes.Value {
	elems := make(map[string]tftypes.Value, len(m))
	for k, v := range m {
		o.text(k)
		elems[k] = o.text(v)
	}
	return tftypes.NewValue(stringsType(), elems)
}

func (o *outputs) texts2(m map[string]map[string]string) tftypes.Value {
	elems := make(map[string]tftypes.Value, len(m))
	for k, v := range m {
		o.text(k)
		elems[k] = o.texts(v)
	}
	return tftypes.NewValue(tftypes.Map{ElementType: stringsType()}, elems)
}

func (o *outputs) changes(list []policy.Change) tftypes.Value {
	elems := make([]tftypes.Value, len(list))
	for i, c := range list {
		change := "lose"
		if c.Gain {
			change = "gain"
		}
		elems[i] = tftypes.NewValue(changeType(), map[string]tftypes.Value{
			"at": o.text(c.At.Format(time.RFC3339)), "person_id": o.text(c.PersonID), "grant": o.text(c.Grant), "change": o.text(change), "why": o.text(c.Why),
		})
		o.size += len("at") + len("person_id") + len("grant") + len("change") + len("why") + 6
	}
	return tftypes.NewValue(tftypes.List{ElementType: changeType()}, elems)
}

func reasonsOf(all map[string][]policy.Reason) map[string]map[string]string {
	out := make(map[string]map[string]string, len(all))
	for id, list := range all {
		why := make(map[string]string, len(list))
		for _, r := range list {
			why[r.Grant] = r.Why
		}
		out[id] = why
	}
	return out
}

func quarantinedOf(list []policy.Quarantine) map[string]string {
	out := make(map[string]string, len(list))
	for _, q := range list {
		id := q.PersonID
		if id == "" {
			id, _, _ = strings.Cut(q.Why, ": ") // where the record is
		}
		if before := out[id]; before != "" {
			q.Why = before + "; " + q.Why
		}
		out[id] = q.Why
	}
	return out
}
