package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// Program is a policy that has been checked: ready to be evaluated, any number of times and concurrently.
type Program struct {
	policy Policy

	apps    []appPlan // every app that is named, sorted
	grants  []grant   // every grant that is named, sorted
	slots   int       // number of places of which a person has at most one: see grant.slot
	sources []source  // what gives grants, the stronger first: exceptions, then rules in order
	rules   []rule

	exceptions map[string][]int32 // person id -> sources
	overrides  map[string][]override
	conflicts  []conflict
	conflictOf [][]conflictItem    // by grant
	former     map[string]string   // former person id -> present one
	formerOf   map[string][]string // the reverse, sorted

	uses   map[string]bool // fields of person that any expression reads
	custom []usedCustomKey
}

// appPlan is what policy says about one app, apart from grants.
type appPlan struct {
	name       string
	output     bool // not filtered out
	userName   *expression
	identities map[string]string
	fields     FieldSet
	attributes []attribute // sorted by name
}

type attribute struct {
	name  string
	value *expression
}

// grant is one entry of the vocabulary. Grants that exclude each other share a slot: the roles inside one
// group, the licenses of one product, the roles of one account.
type grant struct {
	access.Grant
	role    string // inside a group
	app     int32
	slot    int32
	address string
}

// source is a rule or an exception, as something that gives.
type source struct {
	label     string // `rule "engineers"`
	grants    []int32
	exception *exception // nil for a rule
}

type rule struct {
	name      string
	index     int
	source    int32
	when      *expression
	expectMin int
}

type usedCustomKey struct {
	customKey
	block     Block
	attribute string
}

// checker collects what is wrong while the program is built.
type checker struct {
	*Program
	lang     *language
	problems []Problem
	known    []string // apps that exist; nil when that is not checked
	ids      map[grantKey]int32
	given    map[string]bool // addresses that some rule or exception gives
}

// Compile checks the policy and prepares it. All problems come at once, in the order of the configuration;
// the program is nil when one of them is an Error.
func Compile(p Policy) (*Program, []Problem) {
	c := &checker{Program: &Program{
		policy:     p,
		exceptions: map[string][]int32{},
		overrides:  map[string][]override{},
		former:     map[string]string{},
		formerOf:   map[string][]string{},
		uses:       map[string]bool{},
	}, known: p.ConfiguredApps, given: map[string]bool{}}
	var err error
	if c.lang, err = newLanguage(); err != nil {
		return nil, []Problem{{Code: CodeInvalid, Cause: err.Error(), Next: "please report this"}}
	}
	c.vocabulary()
	c.appPlans()
	c.exceptionBlocks()
	c.ruleBlocks()
	c.overrideBlocks()
	c.conflictBlocks()
	c.timing()
	c.samePerson()
	c.customKeys()
	if slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Severity == Error }) {
		return nil, c.problems
	}
	return c.Program, c.problems
}

func (c *checker) fail(b Block, attribute, cause, next string) {
	c.problems = append(c.problems, Problem{Code: CodeInvalid, Block: b, Attribute: attribute, Cause: cause, Next: next})
}

func (c *checker) warn(code Code, b Block, attribute, cause, next string) {
	c.problems = append(c.problems, Problem{Severity: Warning, Code: code, Block: b, Attribute: attribute, Cause: cause, Next: next})
}

// expression compiles a CEL text and notes what it reads.
func (c *checker) expression(b Block, attribute, source string, want *cel.Type) *expression {
	x, problems := c.lang.compile(source, want)
	for _, p := range problems {
		p.Block, p.Attribute = b, attribute
		c.problems = append(c.problems, p)
	}
	if x == nil {
		return nil
	}
	maps.Copy(c.uses, x.uses)
	for _, k := range x.keys {
		c.custom = append(c.custom, usedCustomKey{k, b, attribute})
	}
	return x
}

// moment reads a date or instant; blank is the zero moment.
func (c *checker) moment(b Block, attribute, s string) moment {
	if strings.TrimSpace(s) == "" {
		return moment{}
	}
	m, err := lifecycle.ParseMoment(s)
	if err != nil {
		c.fail(b, attribute, fmt.Sprintf("%q is neither a date like 2026-12-01 nor an instant like 2026-12-01T15:00:00Z", s), "correct it")
	}
	return moment{m, s}
}

// required complains about blank text.
func (c *checker) required(b Block, attribute, s, next string) {
	if strings.TrimSpace(s) == "" {
		c.fail(b, attribute, "it is empty", next)
	}
}

// filtered reports whether the app is outside of what this data source puts out.
func (c *checker) filtered(app string) bool {
	return c.policy.Apps != nil && !slices.Contains(c.policy.Apps, app)
}

// app checks that an app exists.
func (c *checker) app(b Block, attribute, app string) {
	switch {
	case strings.TrimSpace(app) == "":
		c.fail(b, attribute, "the name of an app is empty", "name an app of the provider")
	case c.known != nil && !c.filtered(app) && !slices.Contains(c.known, app):
		c.problems = append(c.problems, Problem{
			Code: CodeUnknownApp, Block: b, Attribute: attribute,
			Cause: fmt.Sprintf("there is no app %q in the provider", app), Next: didYouMean(app, c.known),
		})
	}
}

func ruleBlock(i int, r Rule) Block           { return Block{"rule", i, r.Name} }
func exceptionBlock(i int, x Exception) Block { return Block{"exception", i, x.PersonID} }

func (c *checker) ruleBlocks() {
	names := map[string]int{}
	for i, r := range c.policy.Rules {
		b := ruleBlock(i, r)
		if strings.TrimSpace(r.Name) == "" {
			c.fail(b, "name", fmt.Sprintf("rule %d has no name", i+1), "reasons and messages call a rule by its name: give it one")
		} else if first, ok := names[r.Name]; ok {
			c.fail(b, "name", fmt.Sprintf("rules %d and %d have the same name", first+1, i+1), "give each rule its own name")
		} else {
			names[r.Name] = i
		}
		if r.ExpectMin < 0 {
			c.fail(b, "expect_min", "it is negative", "give the least number of people that the rule must match")
		}
		if r.empty() {
			c.warn(CodeUnusedGrant, b, "", "the rule gives nothing", "name accounts, groups, licenses or roles, or remove the rule")
		}
		n := rule{name: r.Name, index: i, expectMin: r.ExpectMin, source: int32(len(c.sources))}
		if strings.TrimSpace(r.When) == "" {
			c.fail(b, "when", "it is empty", `write "true" for everyone`)
		} else {
			n.when = c.expression(b, "when", r.When, cel.BoolType)
		}
		c.rules = append(c.rules, n)
		c.sources = append(c.sources, source{label: b.String(), grants: c.grantIDs(r.Grants)})
	}
}

// appPlans prepares every app that is named anywhere.
func (c *checker) appPlans() {
	p := c.policy
	for i := range c.apps {
		a := &c.apps[i]
		a.output = !c.filtered(a.name)
		a.identities = p.Identities[a.name]
		a.fields = DefaultAccountFields()
	}
	c.filter()
	plan := func(app string) *appPlan {
		i, ok := slices.BinarySearchFunc(c.apps, app, func(a appPlan, s string) int { return cmp.Compare(a.name, s) })
		if !ok {
			return &appPlan{} // no rule names it; what is said about it is checked all the same
		}
		return &c.apps[i]
	}
	for _, app := range sortedKeys(p.UserNames) {
		b := Block{"user_names", 0, app}
		c.app(b, "", app)
		if strings.TrimSpace(p.UserNames[app]) == "" {
			c.fail(b, "", "it is empty", "leave the app out for person.work_email")
			continue
		}
		plan(app).userName = c.expression(b, "", p.UserNames[app], cel.StringType)
	}
	byMail := c.expression(Block{Kind: "user_names"}, "", "person.work_email", cel.StringType)
	for i := range c.apps {
		if c.apps[i].userName == nil {
			c.apps[i].userName = byMail
		}
	}
	for _, app := range sortedKeys(p.Identities) {
		b := Block{"identities", 0, app}
		c.app(b, "", app)
		for _, id := range sortedKeys(p.Identities[app]) {
			c.required(b, "", id, "name a person")
			c.required(b, id, p.Identities[app][id], "give the user name, or remove the line")
		}
	}
	for _, app := range sortedKeys(p.AccountFields) {
		b := Block{"account_fields", 0, app}
		c.app(b, "", app)
		plan(app).fields = c.accountFields(b, p.AccountFields[app])
	}
	for _, app := range sortedKeys(p.Attributes) {
		b := Block{"attributes", 0, app}
		c.app(b, "", app)
		a := plan(app)
		for _, name := range sortedKeys(p.Attributes[app]) {
			c.required(b, "", name, "name the attribute")
			a.attributes = append(a.attributes, attribute{name, c.expression(b, name, p.Attributes[app][name], cel.StringType)})
		}
	}
}

// filter checks the apps that output is limited to.
func (c *checker) filter() {
	var named []string
	for _, a := range c.apps {
		named = append(named, a.name)
	}
	for _, app := range c.policy.Apps {
		b := Block{Kind: "apps"}
		c.app(b, "", app)
		if !slices.Contains(named, app) {
			c.warn(CodeUnusedGrant, b, "", fmt.Sprintf("no rule names the app %q", app), didYouMean(app, named))
		}
	}
}

func (c *checker) accountFields(b Block, names []string) FieldSet {
	set := FieldSet(0).With(access.UserName) // without it there is no account to speak of
	var can []string
	for _, f := range access.Fields() {
		if f != access.PersonID && f != access.Role {
			can = append(can, string(f))
		}
	}
	for _, n := range names {
		switch {
		case n == string(access.Role):
			c.fail(b, "", "a role is not something that HR knows", "give it with roles in a rule")
		case !slices.Contains(can, n):
			c.fail(b, "", fmt.Sprintf("there is no account field %q", n), didYouMean(n, can))
		default:
			set = set.With(access.Field(n))
		}
	}
	return set
}

// customKeys checks the keys of person.custom where the rosters say which there are.
func (c *checker) customKeys() {
	if c.policy.CustomFields == nil {
		return
	}
	for _, k := range c.custom {
		if !slices.Contains(c.policy.CustomFields, k.name) {
			c.problems = append(c.problems, k.problem(c.policy.CustomFields))
		}
	}
	c.custom = nil
}

func (k usedCustomKey) problem(known []string) Problem {
	return Problem{
		Code: CodeUnknownCustomColumn, Block: k.block, Attribute: k.attribute, Line: k.line, Column: k.column,
		Cause: fmt.Sprintf("no roster has a custom field %q", k.name), Next: didYouMean(k.name, known),
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
