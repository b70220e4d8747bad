package provider

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Terraform checks types, and lets null through everywhere below the top of a value: what has no meaning is refused here,
// because a plan has to repeat it as it came.

// checkRequired refuses required arguments that are null, as those are whose expression is.
func checkRequired(diags *diag.Diagnostics, m *setModel, names ...string) {
	for _, name := range names {
		checkGiven(diags, m.raw[name], path.Root(name))
	}
}

func checkGiven(diags *diag.Diagnostics, v tftypes.Value, at path.Path) {
	if v.IsNull() && v.IsKnown() {
		refuse(diags, at, at.String()+" is null", "It is required. Give it a value; a map of nobody is {}.")
	}
}

// maxGraceHours is ten years: more is a mistake, and too much for a duration sooner or later.
const maxGraceHours = 10 * 365 * 24

func checkHours(diags *diag.Diagnostics, v tftypes.Value) {
	if v.IsNull() || !v.IsKnown() {
		return
	}
	var f big.Float
	must(v.As(&f))
	if n, exact := f.Int64(); exact != big.Exact || n < 0 || n > maxGraceHours {
		refuse(diags, path.Root("grace_hours"), "Bad value "+f.Text('g', 10),
			fmt.Sprintf("grace_hours counts whole hours from when a stranger was first seen, 0 to %d; 0 is at once.", maxGraceHours))
	}
}

// checkSets refuses groups or products that are null.
func checkSets(diags *diag.Diagnostics, m *setModel, argument string) {
	sets := objectOf(m.raw[argument])
	for _, in := range sortedKeys(sets) {
		if v := sets[in]; v.IsKnown() && v.IsNull() {
			refuse(diags, path.Root(argument).AtMapKey(in), "An entry without a value",
				"Null does not say whether nobody is to be in it, or it is nobody's business. Write {} for nobody, or leave "+in+" out.")
		}
	}
}

// checkAttributes refuses attributes of an account that are null.
func checkAttributes(diags *diag.Diagnostics, account tftypes.Value, at path.Path) {
	attributes := objectOf(objectOf(account)["attributes"])
	for _, k := range sortedKeys(attributes) {
		if v := attributes[k]; v.IsKnown() && v.IsNull() {
			refuse(diags, at.AtName("attributes").AtMapKey(k), "An attribute without a value", `Write "" to empty it, or leave it out: what is not named is unmanaged.`)
		}
	}
}
