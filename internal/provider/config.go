package provider

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// newData opens what the provider block names. Opening does no I/O; everything wrong is reported at once.
func newData(ctx context.Context, diags *diag.Diagnostics, m providerModel, version string) *Data {
	d := &Data{apps: map[string]*appEntry{}, rosters: map[string]*rosterEntry{}, zone: time.UTC, claims: newClaims()}
	if z := m.TimeZone.ValueString(); z != "" {
		loc, err := time.LoadLocation(z)
		if err != nil {
			refuse(diags, path.Root("time_zone"), "Unknown time zone "+quoted(z),
				"time_zone takes a name of the IANA time zone database, such as \"Europe/Madrid\" or \"UTC\".")
			return d
		}
		d.zone = loc
	}
	started := time.Now() // one instant for the whole run
	d.clock.Wall = func() time.Time { return started }
	refuseWrites := d.readClock(diags, m.AsOf)
	d.readSafeguard(diags, m.Safeguard)
	env := opener{version: version, log: newLogger(), zone: d.zone, limits: d.limits, refuseWrites: refuseWrites, audit: openAuditLog(m.AuditLog)}
	for i, v := range m.Apps.Elements() {
		at := path.Root("app").AtListIndex(i)
		if name, ok := blockName(diags, v, at, "app", d.apps); ok {
			d.apps[name] = env.openApp(ctx, diags, v.(basetypes.ObjectValue), at, name)
		}
	}
	for i, v := range m.Rosters.Elements() {
		at := path.Root("roster").AtListIndex(i)
		if name, ok := blockName(diags, v, at, "roster", d.rosters); ok {
			d.rosters[name] = env.openRoster(ctx, diags, v.(basetypes.ObjectValue), at, name)
		}
	}
	return d
}

// readClock sets the one clock. The answer refuses writes while as_of looks elsewhere than now.
func (d *Data) readClock(diags *diag.Diagnostics, asOf types.String) func() error {
	text, origin := asOf.ValueString(), "as_of"
	if asOf.IsUnknown() {
		refuse(diags, path.Root("as_of"), "as_of has to be known", "Every plan depends on it, so it cannot come from something that has not been applied.")
		return nil
	}
	if text == "" {
		text, origin = os.Getenv("TENURE_AS_OF"), "TENURE_AS_OF"
	}
	if text == "" {
		return nil
	}
	at, err := lifecycle.ParseAsOf(text, d.zone)
	if err != nil {
		diagnose(diags, fault.In(err, "", "read", origin), nothingSent, path.Root("as_of"))
		return nil
	}
	if d.clock.AsOf = at; !d.clock.Preview() {
		return nil
	}
	return func() error {
		return &fault.Error{
			Kind:  fault.Protected,
			Cause: fmt.Sprintf("%s sets the clock of this run to %s, which is a preview: it never writes to a real app", origin, at.Format(time.RFC3339)),
			State: nothingSent, Next: "Remove " + origin + " to apply for real.",
		}
	}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// blockName reads and checks the name of an app or roster block.
func blockName[E any](diags *diag.Diagnostics, v attr.Value, at path.Path, block string, have map[string]E) (string, bool) {
	obj, ok := v.(basetypes.ObjectValue)
	if !ok || obj.IsUnknown() {
		refuse(diags, at, "The "+block+" blocks have to be known", "A dynamic block over something that has not been applied leaves it open which "+block+"s there are. Name them from values that are known at plan.")
		return "", false
	}
	name, _ := obj.Attributes()["name"].(types.String)
	switch _, twice := have[name.ValueString()]; {
	case name.IsUnknown():
		refuse(diags, at.AtName("name"), "The name of an "+block+" block has to be known", "Resources refer to it at plan.")
	case !namePattern.MatchString(name.ValueString()):
		refuse(diags, at.AtName("name"), "Bad "+block+" name "+quoted(name.ValueString()), "Names are made of letters, digits, \"_\", \"-\" and \".\" and begin with a letter or digit: they are part of import ids and of environment variables.")
	case twice:
		refuse(diags, at.AtName("name"), "Two "+block+" blocks are named "+quoted(name.ValueString()), "Names are unique; resources refer to them.")
	default:
		return name.ValueString(), true
	}
	return "", false
}

// oneKind finds the one kind block of an app or roster block.
func oneKind(diags *diag.Diagnostics, obj basetypes.ObjectValue, at path.Path, block, name string, kinds []string) (string, bool) {
	var found []string
	for _, k := range kinds {
		if v, ok := obj.Attributes()[k].(basetypes.ListValue); ok && len(v.Elements()) > 0 {
			found = append(found, k)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	what := "none"
	if len(found) > 1 {
		what = strings.Join(found, " and ")
	}
	refuse(diags, at, fmt.Sprintf("The %s %q needs exactly one kind", block, name),
		fmt.Sprintf("A %s block holds exactly one of the blocks %s; this one holds %s.", block, strings.Join(kinds, ", "), what))
	return "", false
}

// atMostOne is a block that is there or not. A list, because the framework demands the required arguments
// of a single nested block even where the block is absent.
func atMostOne(text string, attrs map[string]schema.Attribute, blocks map[string]schema.Block) schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: text, Validators: []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{Attributes: attrs, Blocks: blocks},
	}
}

// unknownIn names the first value that is not known yet, in the order of the alphabet, or is "".
func unknownIn(v attr.Value, at string) string {
	if v == nil || v.IsNull() {
		return ""
	}
	if v.IsUnknown() {
		return at
	}
	dot := func(k string) string { return strings.TrimPrefix(at+"."+k, ".") }
	switch v := v.(type) {
	case basetypes.ObjectValue:
		attrs := v.Attributes()
		for _, k := range sortedKeys(attrs) {
			if u := unknownIn(attrs[k], dot(k)); u != "" {
				return u
			}
		}
	case basetypes.MapValue:
		for _, k := range sortedKeys(v.Elements()) {
			if u := unknownIn(v.Elements()[k], dot(k)); u != "" {
				return u
			}
		}
	case basetypes.ListValue:
		for i, e := range v.Elements() {
			if u := unknownIn(e, fmt.Sprintf("%s[%d]", at, i)); u != "" {
				return u
			}
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// envName is the environment variable that stands in for a secret: TENURE_APP_SLACK_TOKEN.
func envName(block, name, argument string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return "TENURE_" + strings.ToUpper(block) + "_" + clean + "_" + argument
}

// quoteList is "`a`, `b`" for descriptions.
func quoteList(values []string) string { return "`" + strings.Join(values, "`, `") + "`" }
