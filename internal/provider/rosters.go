package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// rostersAttribute names the rosters that a data source reads, the strongest first.
func rostersAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Names of `roster` blocks of the provider. Where several tell of one person, what the first of them says counts, as long as the person still works here by it.",
		ElementType:         types.StringType, Required: true,
		Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
	}
}

func mergeByAttribute() schema.ListAttribute {
	var keys []string
	for _, k := range roster.Keys() {
		keys = append(keys, string(k))
	}
	return schema.ListAttribute{
		MarkdownDescription: "By what people of several rosters are known to be the same: " + quoteList(keys) + ", the first that finds anybody. " +
			"They then go by the `person_id` of the first roster. Left out, nobody is merged, and one `person_id` in two rosters is an error: give one of them an `id_prefix`.",
		ElementType: types.StringType, Optional: true,
		Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(oneOf(keys...)...)},
	}
}

func fieldPrecedenceAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "Rosters that know a field better than the first one does: `{ cost_center = [\"finance\"], manager = [\"org\", \"hr\"] }`. The first of them that has a value gives it to the person, for people of whom several rosters tell (see `merge_by`). " +
			"Left out for a field, what the person's main employment says counts, and rosters that disagree are named in a warning. Fields: " + quoteList(roster.OwnedFields()) + ".",
		ElementType: types.ListType{ElemType: types.StringType}, Optional: true,
	}
}

// precedence is field_precedence as Go has it.
func precedence(v types.Map) map[string][]string {
	out := map[string][]string{}
	for field, e := range v.Elements() {
		if l, ok := e.(types.List); ok {
			out[field] = texts(l)
		}
	}
	return out
}

// reading reads a roster once in this run, so that everything in a plan is decided on one reading. A failure
// is not kept: it may have passed when the next data source asks.
func (d *Data) reading(ctx context.Context, name string) (roster.Roster, error) {
	src, err := d.roster(name)
	if err != nil {
		return roster.Roster{}, err
	}
	e := d.rosters[name]
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.read == nil {
		r, err := src.People(ctx)
		if err != nil {
			return r, wrap(err, name, "", "")
		}
		e.read = &r
	}
	return *e.read, nil
}

// gather reads rosters, the strongest first, and puts them together as input of a policy. Everything wrong in
// any of them is reported. A strict caller takes no faulty record; others have them in the input.
func (d *Data) gather(ctx context.Context, diags *diag.Diagnostics, names, mergeBy []string, speaks map[string][]string, strict bool) (policy.Input, bool) {
	const nothing = "Nothing was planned from it."
	var readings []roster.Roster
	ok, faulty := true, 0
	for i, name := range names {
		at := path.Root("rosters").AtListIndex(i)
		r, err := d.reading(ctx, name)
		if err != nil {
			diagnose(diags, err, nothing, at)
			ok = false
			continue
		}
		if len(r.Problems) > 0 && strict {
			diagnose(diags, faultyRecords(name, r.Problems), nothing, at)
			ok = false
		}
		if len(r.Notices) > 0 {
			warn(diags, fmt.Sprintf("Roster %s: %d records are worth a look", name, len(r.Notices)), lines(r.Notices))
		}
		readings, faulty = append(readings, r), faulty+len(r.Problems)
	}
	var keys []roster.Key
	for _, k := range mergeBy {
		keys = append(keys, roster.Key(k))
	}
	all, err := roster.Merge(readings, keys...)
	if err != nil {
		diagnose(diags, err, nothing, path.Root("rosters"))
		ok = false
	} else if doubts := all.Problems[faulty:]; strict && len(doubts) > 0 {
		diagnose(diags, faultyRecords(strings.Join(names, ", "), doubts), nothing, path.Root("merge_by"))
		ok = false
	}
	said := len(all.Notices)
	if err := roster.Settle(&all, names, speaks); err != nil {
		diagnose(diags, err, nothing, path.Root("field_precedence"))
		ok = false
	} else if conflicts := all.Notices[said:]; len(conflicts) > 0 {
		warn(diags, fmt.Sprintf("Rosters %s disagree", strings.Join(names, ", ")), lines(conflicts))
	}
	o := d.lifecycleOptions()
	return policy.Input{
		People: all.People, Faulty: all.Faulty, Faults: all.Problems, Rosters: names, Merged: len(keys) > 0,
		Now: d.clock.Now(), ReadAt: o.ReadAt, Zone: o.TimeZone, MaxQuarantined: d.maxQuarantined,
	}, ok
}

func faultyRecords(name string, problems []roster.Problem) error {
	return &fault.Error{
		Kind: fault.Invalid, Op: "use", Subject: "the roster", System: name,
		Cause: fmt.Sprintf("%d records are faulty:\n\n%s", len(problems), lines(problems)),
		Next:  "Correct them in the source, or map the columns and values that mean something else (field_map, status_map, date_format).",
	}
}

// lines lists problems, the first fifty of them.
func lines(problems []roster.Problem) string {
	var b strings.Builder
	for i, p := range problems {
		if i == 50 {
			fmt.Fprintf(&b, "and %d more", len(problems)-i)
			break
		}
		b.WriteString(p.String() + "\n")
	}
	return strings.TrimSpace(b.String())
}
