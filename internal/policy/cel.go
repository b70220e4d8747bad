package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
	"golang.org/x/text/unicode/norm"
)

const personType = "Person"

// language compiles the CEL texts of one policy.
type language struct {
	env    *cel.Env
	fields map[string]field
	names  []string // of fields, in the order of the documentation
}

// newLanguage makes the environment: the standard library, the string functions and `person`.
func newLanguage() (*language, error) {
	l := &language{fields: map[string]field{}}
	provider := &personTypes{fields: map[string]*types.FieldType{}}
	for i, f := range personFields() {
		l.fields[f.name] = f
		l.names = append(l.names, f.name)
		provider.fields[f.name] = &types.FieldType{
			Type:    f.typ,
			IsSet:   func(target any) bool { return f.set(target.(*view)) },
			GetFrom: func(target any) (any, error) { return target.(*view).field(i, f.get), nil },
		}
	}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("set up the expression language: %w", err)
	}
	provider.Provider = registry
	l.env, err = cel.NewEnv(
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(provider),
		cel.Variable("person", cel.ObjectType(personType)),
		cel.HomogeneousAggregateLiterals(), // 'x' in ['a', 1] is a slip
		cel.ParserExpressionSizeLimit(100_000),
		ext.Strings(ext.StringsVersion(4)),
	)
	if err != nil {
		return nil, fmt.Errorf("set up the expression language: %w", err)
	}
	return l, nil
}

// personTypes adds the type of person to CEL's own.
type personTypes struct {
	types.Provider
	fields map[string]*types.FieldType
}

func (p *personTypes) FindStructType(name string) (*types.Type, bool) {
	if name == personType {
		return types.NewTypeTypeWithParam(types.NewObjectType(personType)), true
	}
	return p.Provider.FindStructType(name)
}

func (p *personTypes) FindStructFieldNames(name string) ([]string, bool) {
	if name == personType {
		return slices.Sorted(maps.Keys(p.fields)), true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p *personTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if name == personType {
		f, ok := p.fields[field]
		return f, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

// expression is a checked CEL text. A nil program is the constant true: the rule for everyone is the most
// common of all and need not be evaluated.
type expression struct {
	program cel.Program
	uses    map[string]bool // fields of person that it reads
	keys    []customKey     // of person.custom, where they are written out
}

// customKey is a key of person.custom in a text, and where.
type customKey struct {
	name         string
	line, column int
}

// compile checks a text that must yield want. Every problem comes with its place inside the text; the
// caller adds block and attribute.
func (l *language) compile(source string, want *cel.Type) (*expression, []Problem) {
	// One spelling of accents: "José" typed on a Mac equals "José" from HR.
	source = norm.NFC.String(source)
	parsed, issues := l.env.Parse(source)
	if issues.Err() != nil {
		// What the parser says after its first complaint follows from it.
		return nil, []Problem{celProblem(issues.Errors()[0], "see https://cel.dev for the syntax")}
	}
	x := &expression{uses: map[string]bool{}}
	problems, seen, nodes := l.inspect(parsed, x)
	checked, issues := l.env.Check(parsed)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			if !seen[e.ExprID] {
				problems = append(problems, celProblem(e, l.remedy(nodes[e.ExprID], e.Message)))
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if !checked.OutputType().IsExactType(want) {
		p := Problem{
			Code: CodeInvalid, Line: 1, Column: 1,
			Cause: fmt.Sprintf("the expression yields %s, not %s", typeName(checked.OutputType()), typeName(want)),
		}
		if want.IsExactType(cel.BoolType) {
			p.Next = "compare it with something, for example person.department == 'Engineering'"
		} else {
			p.Next = "convert it with string(…)"
		}
		return nil, []Problem{p}
	}
	if e := checked.NativeRep().Expr(); e.Kind() == ast.LiteralKind && e.AsLiteral() == types.True {
		return x, nil
	}
	program, err := l.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil { // a constant regular expression that does not compile, for example
		return nil, []Problem{{Code: CodeInvalid, Line: 1, Column: 1, Cause: firstLine(err.Error()), Next: "correct the expression"}}
	}
	x.program = program
	return x, nil
}

// inspect finds what the type checker would say badly or not at all: unknown fields of person, and person
// used as a whole, which would hide which fields are read. It records the fields in x.
func (l *language) inspect(parsed *cel.Ast, x *expression) (problems []Problem, seen map[int64]bool, nodes map[int64]ast.Expr) {
	native := parsed.NativeRep()
	seen, nodes = map[int64]bool{}, map[int64]ast.Expr{}
	at := func(id int64) (line, column int) {
		loc := native.SourceInfo().GetStartLocation(id)
		return loc.Line(), loc.Column() + 1
	}
	report := func(id int64, shift int, cause, next string) {
		seen[id] = true
		line, column := at(id)
		problems = append(problems, Problem{Code: CodeInvalid, Line: line, Column: column + shift, Cause: cause, Next: next})
	}
	ast.PreOrderVisit(ast.NavigateAST(native), ast.NewExprVisitor(func(e ast.Expr) {
		nodes[e.ID()] = e
		n := e.(ast.NavigableExpr)
		switch e.Kind() {
		case ast.StructKind:
			report(e.ID(), 0, fmt.Sprintf("%s cannot be built here", e.AsStruct().TypeName()), "compare the fields of person one by one")
		case ast.SelectKind:
			s := e.AsSelect()
			switch {
			case isPerson(s.Operand()):
				x.uses[s.FieldName()] = true
				if _, ok := l.fields[s.FieldName()]; !ok {
					seen[e.ID()] = true // what the type checker says of the same place
					report(s.Operand().ID(), len("person."), fmt.Sprintf("person has no field %q", s.FieldName()), didYouMean(s.FieldName(), l.names))
				}
			case isCustom(s.Operand()):
				line, column := at(s.Operand().AsSelect().Operand().ID())
				x.keys = append(x.keys, customKey{s.FieldName(), line, column + len("person.custom.")})
			}
		case ast.CallKind:
			c := e.AsCall()
			if c.FunctionName() != operators.Index || len(c.Args()) != 2 || !isCustom(c.Args()[0]) {
				return
			}
			if k := c.Args()[1]; k.Kind() == ast.LiteralKind {
				if s, ok := k.AsLiteral().(types.String); ok {
					line, column := at(k.ID())
					x.keys = append(x.keys, customKey{string(s), line, column})
				}
			}
		case ast.IdentKind:
			if !isPerson(e) {
				return
			}
			if parent, ok := n.Parent(); !ok || parent.Kind() != ast.SelectKind {
				report(e.ID(), 0, "person can only be used with a field", "write person.department, person.title …")
			}
		}
	}))
	return problems, seen, nodes
}

func isPerson(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "person" }

func isCustom(e ast.Expr) bool {
	return e.Kind() == ast.SelectKind && e.AsSelect().FieldName() == "custom" && isPerson(e.AsSelect().Operand())
}

// remedy is the next step for what the type checker said about a node.
func (l *language) remedy(e ast.Expr, message string) string {
	if e == nil {
		return ""
	}
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		if s := nearest(name, append([]string{"person"}, l.names...)); s != "" && s != "person" {
			return fmt.Sprintf("did you mean person.%s? Text is written in quotes: '%s'", s, name)
		} else if s == "person" {
			return `did you mean "person"?`
		}
		return fmt.Sprintf("fields are written person.FIELD, and text in quotes: '%s'", name)
	case ast.CallKind:
		name := e.AsCall().FunctionName()
		if strings.HasPrefix(message, "undeclared reference") {
			var functions []string
			for f := range l.env.Functions() {
				if !strings.ContainsAny(f, "_@!-") {
					functions = append(functions, f)
				}
			}
			if s := nearest(name, functions); s != "" {
				return fmt.Sprintf("did you mean %s()?", s)
			}
			return "see https://cel.dev for the functions"
		}
		return "both sides need one type: text in quotes, true or false and numbers without"
	}
	return ""
}

// celProblem is what CEL said, without its framing.
func celProblem(e *common.Error, next string) Problem {
	m := firstLine(e.Message)
	m = strings.TrimPrefix(m, "Syntax error: ")
	m = strings.ReplaceAll(m, " (in container '')", "")
	// The checker spells an operator '_==_'; people wrote ==.
	m = strings.NewReplacer("'_", "'", "_'", "'", "'@in'", "'in'").Replace(m)
	return Problem{Code: CodeInvalid, Line: max(1, e.Location.Line()), Column: max(0, e.Location.Column()) + 1, Cause: m, Next: next}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimRight(s, ". ")
}

func typeName(t *cel.Type) string {
	switch s := cel.FormatCELType(t); s {
	case "string":
		return "text"
	case "bool":
		return "true or false"
	default:
		return s
	}
}

// activation resolves `person`, and nothing else.
type activation struct{ person view }

func (a *activation) ResolveName(name string) (any, bool) {
	if name == "person" {
		return &a.person, true
	}
	return nil, false
}

func (a *activation) Parent() cel.Activation { return nil }

func (x *expression) eval(a *activation) (ref.Val, error) {
	if x.program == nil {
		return types.True, nil
	}
	v, _, err := x.program.Eval(a)
	return v, err
}

// holds evaluates a condition.
func (x *expression) holds(a *activation) (bool, error) {
	v, err := x.eval(a)
	if err != nil {
		return false, err
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, fmt.Errorf("it yields %s instead of true or false", v.Type().TypeName())
	}
	return bool(b), nil
}

// text evaluates an expression for a value; blank is "".
func (x *expression) text(a *activation) (string, error) {
	v, err := x.eval(a)
	if err != nil {
		return "", err
	}
	s, ok := v.(types.String)
	if !ok {
		return "", fmt.Errorf("it yields %s instead of text", v.Type().TypeName())
	}
	return strings.TrimSpace(string(s)), nil
}
