package review

import (
	"fmt"
	"strings"
)

// Suggestions are HCL to copy. Names in them come from apps and rosters, so all of them are quoted here.

// hclText is a string literal of HCL.
func hclText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hclKey is a key of an object: bare where it is an identifier.
func hclKey(s string) string {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return hclText(s)
		}
	}
	if s == "" {
		return hclText(s)
	}
	return s
}

// celText is what goes between the single quotes of a CEL string inside an HCL string.
func celText(s string) string {
	quoted := hclText(strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s))
	return quoted[1 : len(quoted)-1]
}

// cutoffHCL ends somebody's access now.
func cutoffHCL(app, personID, why string) string {
	return fmt.Sprintf("resource \"tenure_cutoff\" \"now\" {\n  app    = %s\n  people = { %s = %s }\n}", hclText(app), hclText(personID), hclText(why))
}

// exceptionHCL gives for a while what nothing gives, which is one of the two ways out.
func exceptionHCL(personID, argument, value string) string {
	if personID == "" {
		return removalHCL()
	}
	return fmt.Sprintf("# to keep it, in tenure_entitlements; to end it, remove it in the app or with unmanaged = \"remove\":\nexception {\n  person_id   = %s\n  %-11s = %s\n  reason      = \"...\"\n  approved_by = \"...\"\n  expires_at  = \"...\"\n}",
		hclText(personID), argument, value)
}

// removalHCL lets Tenure remove what no configuration asks for.
func removalHCL() string {
	return "# in tenure_app_access, after a look at strangers:\nunmanaged {\n  accounts  = \"remove\"\n  members   = \"remove\"\n  assignees = \"remove\"\n}"
}

// askHCL is for what only the person can answer.
func askHCL(who, what string) string {
	return fmt.Sprintf("# ask %s; if it is not needed, take away what gives %s", oneLine(who), oneLine(what))
}

// oneLine keeps text of an app inside a comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
