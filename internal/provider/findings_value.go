package provider

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// findingsOutputs are the computed values of a tenure_access_findings.
func findingsOutputs(r review.Result) map[string]tftypes.Value {
	t := findingType()
	findings := make([]tftypes.Value, len(r.Findings))
	for i := range r.Findings {
		findings[i] = findingValue(t, &r.Findings[i])
	}
	counts := make(map[string]tftypes.Value, len(r.Counts))
	for k, n := range r.Counts {
		counts[k] = rawNumber(n)
	}
	coverage := make(map[string]tftypes.Value, len(r.Coverage))
	for _, c := range r.Coverage {
		gaps := make([]tftypes.Value, len(c.Gaps))
		for i, g := range c.Gaps {
			gaps[i] = rawString(g)
		}
		coverage[c.App] = tftypes.NewValue(coverageType(), map[string]tftypes.Value{
			"accounts": rawNumber(c.Accounts), "matched": rawNumber(c.Matched), "unknown": rawNumber(c.Unknown),
			"gaps": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, gaps),
		})
	}
	return map[string]tftypes.Value{
		"findings": tftypes.NewValue(tftypes.List{ElementType: t}, findings),
		"counts":   tftypes.NewValue(countsType(), counts),
		"worst":    rawString(r.Worst.String()),
		"coverage": tftypes.NewValue(tftypes.Map{ElementType: coverageType()}, coverage),
	}
}

func findingValue(t tftypes.Object, f *review.Finding) tftypes.Value {
	cost := tftypes.NewValue(tftypes.Number, nil)
	if f.MonthlyCost != nil {
		cost = tftypes.NewValue(tftypes.Number, big.NewFloat(*f.MonthlyCost))
	}
	return tftypes.NewValue(t, map[string]tftypes.Value{
		"kind": rawText(string(f.Kind)), "severity": rawText(f.Severity.String()), "app": rawText(f.App), "owner": rawText(f.Owner),
		"subject": rawText(f.Subject), "person_id": rawText(f.PersonID), "reason": rawText(f.Reason), "evidence": rawText(f.Evidence),
		"first_seen": rawText(instant(f.FirstSeen).ValueString()), "suggestion": rawText(f.Suggestion), "fingerprint": rawText(f.Fingerprint),
		"waived": tftypes.NewValue(tftypes.Bool, f.Waived), "monthly_cost": cost, "currency": rawText(f.Currency),
	})
}

func rawNumber(n int) tftypes.Value {
	return tftypes.NewValue(tftypes.Number, big.NewFloat(float64(n)))
}

// desiredOf reads the entitlements argument: app → what people should hold there. Null is nil.
func desiredOf(v tftypes.Value) map[string]*review.Desired {
	if v.IsNull() {
		return nil
	}
	out := make(map[string]*review.Desired)
	for name, app := range objectOf(v) {
		o := objectOf(app)
		d := &review.Desired{Accounts: make(map[string]review.Wanted)}
		for key, a := range objectOf(o["accounts"]) {
			fields := objectOf(a)
			w := review.Wanted{UserName: stringOf(fields["user_name"]), Role: stringOf(fields["role"])}
			if active := fields["active"]; !active.IsNull() {
				w.Suspended = !boolOf(active)
			}
			d.Accounts[key] = w
		}
		groups, _ := grantsOf(o["groups"])
		licenses, _ := grantsOf(o["licenses"])
		d.Groups, d.Licenses = groups, licenses
		out[name] = d
	}
	return out
}
