package report

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redact replaces everything that tells who somebody is by pseudonyms: the same key gives the same person the same
// one in every report, and nobody without the key can try names until one fits. Apps, groups, products and rules
// keep their names, unless a name of a person is in them. Free text, in which anything may be written, is left out
// or said in our own words.
func (r *Report) Redact(key []byte) {
	x := redactor{key: key, words: make(map[string]bool), whole: make(map[string]bool), cache: make(map[string]string)}
	for w := range r.known {
		x.learn(w)
	}
	for i := range r.People {
		p := &r.People[i]
		for _, w := range []string{p.Key, p.PersonID, p.Name, p.UserName} {
			x.learn(w)
		}
	}
	r.Redacted, r.known = true, nil
	for i := range r.Plans {
		p := &r.Plans[i]
		p.Name = "plan " + strconv.Itoa(i+1)
		p.TerraformVersion, p.FormatVersion, p.Timestamp = x.label(p.TerraformVersion), x.label(p.FormatVersion), x.label(p.Timestamp)
		for k := range p.Unplanned {
			p.Unplanned[k] = x.address(p.Unplanned[k])
		}
	}
	for i := range r.Apps {
		r.Apps[i].Name = x.name("app", r.Apps[i].Name)
		x.costs(r.Apps[i].Cost)
	}
	x.costs(r.Summary.Cost)
	for i := range r.People {
		x.person(&r.People[i])
	}
	slices.SortFunc(r.People, func(a, b Person) int {
		return cmp.Or(slices.Index(Categories(), a.Category)-slices.Index(Categories(), b.Category), cmp.Compare(a.Key, b.Key))
	})
	for i := range r.Objects {
		o := &r.Objects[i]
		o.App, o.Name, o.Resource = x.name("app", o.App), x.name("group", o.Name), x.address(o.Resource)
	}
	severities := make(map[string]int)
	for i := range r.Findings {
		x.finding(&r.Findings[i])
		if f := &r.Findings[i]; !f.Waived {
			severities[f.Severity]++
		}
	}
	r.Summary.Findings = severities
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { // the order of names would tell them
		return cmp.Or(severityRank(b.Severity)-severityRank(a.Severity), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	for i := range r.Stops {
		s := &r.Stops[i]
		s.Summary, s.Detail, s.Resource = "Planning stopped with an error.", "", x.address(s.Resource)
	}
	for i := range r.Notes {
		r.Notes[i].Resource = x.address(r.Notes[i].Resource)
		switch r.Notes[i].Code {
		case "deferred": // it names the file
			r.Notes[i].Text = "Changes are deferred to a later plan and not shown."
		case "gap": // it tells what an app answered
			r.Notes[i].Text = "Something was not looked into."
		}
	}
}

type redactor struct {
	key   []byte
	words map[string]bool // parts of names, folded
	whole map[string]bool // names as they are, folded
	cache map[string]string
}

// learn remembers a name and its parts. The domain of a mail address is everybody's.
func (x *redactor) learn(w string) {
	w = strings.ToLower(strings.TrimSpace(w))
	if w == "" || w == hidden {
		return
	}
	x.whole[w] = true
	local, _, _ := strings.Cut(w, "@")
	for _, part := range parts(local) {
		if n := utf8.RuneCountInString(part); n >= 3 || n == 2 && part[0] >= utf8.RuneSelf {
			x.words[part] = true
		}
	}
}

func parts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) })
}

// tells reports whether a text tells who somebody is.
func (x *redactor) tells(s string) bool {
	s = strings.ToLower(s)
	if x.whole[strings.TrimSpace(s)] || strings.Contains(s, "@") {
		return true
	}
	list := parts(s)
	return slices.ContainsFunc(list, func(p string) bool { return x.words[p] || x.whole[p] })
}

// pseudonym is made of 48 bits of a keyed hash: enough that two of a million people hardly ever share one.
func (x *redactor) pseudonym(kind, s string) string {
	if s == "" {
		return ""
	}
	text := kind + "\x00" + strings.ToLower(s)
	if p, ok := x.cache[text]; ok {
		return p
	}
	mac := hmac.New(sha256.New, x.key)
	mac.Write([]byte(text))
	p := kind + "-" + hex.EncodeToString(mac.Sum(nil)[:6])
	x.cache[text] = p
	return p
}

// name keeps what names an app, a group and so on.
func (x *redactor) name(kind, s string) string {
	if x.tells(s) {
		return x.pseudonym(kind, s)
	}
	return s
}

// label keeps what tells nobody.
func (x *redactor) label(s string) string {
	if x.tells(s) {
		return "(redacted)"
	}
	return s
}

// address keeps the type of a resource: names and keys of instances are often people.
func (x *redactor) address(s string) string {
	if s == "" {
		return ""
	}
	typ := "resource"
	for part := range strings.SplitSeq(s, ".") {
		if strings.HasPrefix(part, "tenure_") && !x.tells(part) && strings.Trim(part, "abcdefghijklmnopqrstuvwxyz_") == "" {
			typ = part
			break
		}
	}
	return x.pseudonym(typ, s)
}

func (x *redactor) costs(list []Cost) {
	for i := range list {
		list[i].Currency = x.label(list[i].Currency)
	}
}

func (x *redactor) person(p *Person) {
	p.Key = x.pseudonym("person", p.Key)
	if p.PersonID != "" {
		p.PersonID = p.Key
	}
	p.Name, p.UserName = "", ""
	for i := range p.Changes {
		g := &p.Changes[i]
		why, rules := g.Why, g.Rules
		g.App, g.Resource = x.name("app", g.App), x.address(g.Resource)
		g.Name = x.name(string(g.Kind), g.Name)
		g.Value, g.Was = x.name("value", g.Value), x.name("value", g.Was)
		g.Action, g.Currency, g.Since = x.label(g.Action), x.label(g.Currency), x.label(g.Since)
		g.Rules = nil
		for _, rule := range rules {
			g.Rules = append(g.Rules, x.name("rule", rule))
		}
		g.Why = x.why(g, why)
		if g.Drift != "" {
			g.Drift = "changed outside Tenure"
		}
		for k := range g.Fields {
			f := &g.Fields[k]
			f.Name = x.label(f.Name)
			if f.Was != "" {
				f.Was = "(redacted)"
			}
			f.Now = "(redacted)"
		}
	}
}

var dates = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// why says the reason in our own words: what people wrote into exceptions and overrides is not for everybody.
func (x *redactor) why(g *Grant, why string) string {
	var s string
	switch g.Reason {
	case "":
		return ""
	case ByRule, ByMoving:
		quoted := make([]string, len(g.Rules))
		for i, rule := range g.Rules {
			quoted[i] = `rule "` + rule + `"`
		}
		if s = strings.Join(quoted, "; "); g.Reason == ByMoving {
			s = strings.TrimSpace("no longer given " + s)
		}
		return s
	case ByException, ByExpiry:
		s = string(g.Reason)
		if d := dates.FindString(why); d != "" && !x.tells(d) {
			s += " until " + d
		}
		return s
	case ByLeaving:
		s = "left, or not started yet"
	case ByOverride, ByCutoff, ByNobody, ByProfile, ByDrift, ByConfiguration, ByImport:
		s = map[Reason]string{
			ByOverride: "override", ByCutoff: "cut off", ByNobody: "in no configuration", ByProfile: "profile", ByDrift: "no change is planned for it",
			ByConfiguration: "configuration", ByImport: "imported, and not in configuration",
		}[g.Reason]
	default:
		if s = heldWords(string(g.Reason)); x.tells(s) || s == string(g.Reason) {
			g.Reason, s = Reason(x.label(string(g.Reason))), ""
		}
	}
	return s
}

func (x *redactor) finding(f *Finding) {
	f.Kind, f.Severity, f.App = x.label(f.Kind), x.label(f.Severity), x.name("app", f.App)
	switch t := f.about(); {
	case t.kind == "":
		f.Subject = x.pseudonym("subject", f.Subject)
	case t.code != "":
		f.Subject = "waivers/" + x.pseudonym("finding", t.code)
	default:
		f.Subject = x.label(t.kind)
		for _, s := range []string{x.name(strings.TrimSuffix(t.kind, "s"), t.in), x.name("license", t.license), x.pseudonym("person", cmp.Or(f.PersonID, t.who))} {
			if s != "" {
				f.Subject += "/" + s
			}
		}
	}
	f.PersonID = x.pseudonym("person", f.PersonID)
	f.Owner, f.Reason, f.Evidence, f.Suggestion = "", "", "", ""
	f.FirstSeen, f.Currency = x.label(f.FirstSeen), x.label(f.Currency)
	f.Fingerprint = x.pseudonym("finding", f.Fingerprint) // it is made of who and what, without a key
	if f.MonthlyCost != "" && strings.Trim(f.MonthlyCost, "0123456789.-") != "" {
		f.MonthlyCost = ""
	}
	f.Source = x.address(f.Source)
}
