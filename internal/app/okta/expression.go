package okta

import (
	"strings"
	"text/scanner"
)

// surelyNot reports whether a group rule's expression certainly does not match a profile. Of Okta's expression
// language it knows comparisons of a user's property with a text, and, or, not and brackets
// (https://developer.okta.com/docs/reference/okta-expression-language-in-group-rules/); whatever else stands there may be
// true or false, and so may a property that is not in the profile.
func surelyNot(expression string, profile map[string]any) bool {
	p := &expressionParser{profile: profile}
	p.scan.Init(strings.NewReader(expression))
	p.scan.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanFloats | scanner.ScanStrings
	p.scan.Error = func(*scanner.Scanner, string) { p.lost = true }
	p.next()
	v := p.or(0)
	return v == no && p.token == scanner.EOF && !p.lost
}

// verdict is what is known of a condition.
type verdict int

const (
	maybe verdict = iota
	yes
	no
)

func (v verdict) not() verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

type expressionParser struct {
	scan    scanner.Scanner
	token   rune
	profile map[string]any
	lost    bool // what follows cannot be read: then nothing is certain
}

func (p *expressionParser) next() { p.token = p.scan.Scan() }

// word takes one of two spellings of an operator: a character twice, or a word.
func (p *expressionParser) word(char rune, name string) bool {
	switch {
	case p.token == char && p.scan.Peek() == char:
		p.next()
	case p.token == scanner.Ident && strings.EqualFold(p.scan.TokenText(), name):
	default:
		return false
	}
	p.next()
	return true
}

const maxDepth = 50

func (p *expressionParser) or(depth int) verdict {
	v := p.and(depth)
	for p.word('|', "or") {
		switch w := p.and(depth); {
		case v == yes || w == yes:
			v = yes
		case v != w:
			v = maybe
		}
	}
	return v
}

func (p *expressionParser) and(depth int) verdict {
	v := p.term(depth)
	for p.word('&', "and") {
		switch w := p.term(depth); {
		case v == no || w == no:
			v = no
		case v != w:
			v = maybe
		}
	}
	return v
}

func (p *expressionParser) term(depth int) verdict {
	if depth > maxDepth {
		p.lost = true
	}
	switch {
	case p.lost:
		return maybe
	case p.token == '!':
		if p.next(); p.token != '(' { // it binds to a property more tightly than a comparison does
			p.lost = true
		}
		return p.term(depth + 1).not()
	case p.token == '(':
		p.next()
		v := p.or(depth + 1)
		if p.token != ')' {
			p.lost = true
		}
		p.next()
		return v
	case p.token == scanner.Ident && p.scan.TokenText() == "user" && p.scan.Peek() == '.':
		return p.comparison()
	case p.token == scanner.Ident:
		return p.call()
	}
	p.lost = true
	return maybe
}

// comparison reads user.property == "text".
func (p *expressionParser) comparison() verdict {
	p.next() // .
	p.next()
	property := p.scan.TokenText()
	if p.token != scanner.Ident {
		p.lost = true
		return maybe
	}
	p.next()
	negative := p.token == '!'
	if (p.token != '=' && p.token != '!') || p.scan.Peek() != '=' {
		p.lost = true
		return maybe
	}
	p.next()
	p.next()
	want := p.scan.TokenText()
	if p.token != scanner.String || strings.Contains(want, `\`) {
		p.lost = true
		return maybe
	}
	p.next()
	have, ok := p.profile[property].(string)
	if !ok { // null, another type, or not shown
		return maybe
	}
	// Okta does not say whether case counts: only what differs in more than case differs for certain.
	var v verdict
	switch want = strings.Trim(want, `"`); {
	case !strings.EqualFold(have, want):
		v = no
	case have == want:
		v = yes
	}
	if negative {
		v = v.not()
	}
	return v
}

// call skips a function and its arguments, String.startsWith(user.login, "a"): nobody knows what it answers.
func (p *expressionParser) call() verdict {
	for p.next(); p.token == '.'; p.next() {
		p.next()
	}
	if p.token != '(' {
		p.lost = true
		return maybe
	}
	for open := 0; ; p.next() {
		switch p.token {
		case '(':
			open++
		case ')':
			open--
		case scanner.EOF:
			p.lost = true
			return maybe
		}
		if open == 0 {
			p.next()
			break
		}
	}
	if strings.ContainsRune("=!<>+-*/?.", p.token) { // its answer is compared or reckoned with
		p.lost = true
	}
	return maybe
}
