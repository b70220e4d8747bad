// Package fault is the one vocabulary of failure: every connector, roster source and HTTP client
// answers with a [Kind], and only the Terraform surface turns it into words for a person.
//
// A fault that says less than it knows ends in the wrong next step, so Error keeps the cause, what
// holds now and what to do apart. Nothing here may carry a token, a request body or a header value.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies a failure. It is itself an error, so errors.Is(err, fault.NotFound) works through
// any wrapping.
type Kind uint8

// The kinds. Each says what a caller may conclude, and no more.
const (
	// NotFound: the app answered that the thing does not exist. In a listing, absence is not NotFound.
	NotFound Kind = iota + 1
	// Exists: the thing to be created is already there and may not be adopted.
	Exists
	// Unauthenticated: the credential was refused.
	Unauthenticated
	// Forbidden: the credential is good but not allowed. Never to be read as "gone".
	Forbidden
	// Invalid: the request, the configuration or the foreign data is malformed.
	Invalid
	// LimitReached: a pool, quota of seats or size limit is exhausted; waiting does not help.
	LimitReached
	// RateLimited: too many requests; waiting helps.
	RateLimited
	// Unavailable: the app did not answer usefully; nothing was learnt, and for a write, nothing was done.
	Unavailable
	// Unsupported: this app cannot do that, whoever asks.
	Unsupported
	// Protected: the safety rules of the configuration refuse the write. Nothing was sent.
	Protected
	// Stale: the app changed since the plan in a way that makes the planned write wrong. Nothing was sent.
	Stale
	// Unconfirmed: a write was sent and its outcome is unknown. Repeating the apply is safe.
	Unconfirmed
	// Partial: some of several writes succeeded; what did is in state.
	Partial
)

var kindNames = [...]string{
	NotFound: "not found", Exists: "already exists", Unauthenticated: "not authenticated", Forbidden: "forbidden",
	Invalid: "invalid", LimitReached: "limit reached", RateLimited: "rate limited", Unavailable: "unavailable",
	Unsupported: "unsupported", Protected: "protected", Stale: "changed since the plan", Unconfirmed: "unconfirmed",
	Partial: "partly done",
}

// Error makes a bare Kind usable as an error and as a target of errors.Is.
func (k Kind) Error() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("fault kind %d", uint8(k))
}

// Error is a failure with everything a person needs to act on it. Empty fields are left out.
type Error struct {
	Kind    Kind
	System  string // name of the app or roster block, for example "slack"
	Op      string // what was attempted, as a verb phrase: "deactivate", "list accounts"
	Subject string // whom or what it concerned: "ana@acme.com", "group admins"
	Cause   string // why, in one sentence
	State   string // what holds now: "Nothing was written."
	Next    string // what to do next
	// Where it came from, for a support ticket: protocol ("scim"), HTTP status, the vendor's machine
	// code and the vendor's request id.
	Protocol  string
	Status    int
	Code      string
	RequestID string
	// RetryAfter is how long the app asked to wait; zero when it did not say.
	RetryAfter time.Duration
	Err        error
}

// New is the short form for a fault that has only a kind and a cause.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Cause: fmt.Sprintf(format, args...)}
}

// Error reads "deactivate ana@acme.com in slack: forbidden: cause (scim 403 code, request id)".
func (e *Error) Error() string {
	var b strings.Builder
	what := strings.TrimSpace(e.Op + " " + e.Subject)
	if e.System != "" {
		what = strings.TrimSpace(what + " in " + e.System)
	}
	if what != "" {
		b.WriteString(what + ": ")
	}
	b.WriteString(e.Kind.Error())
	if e.Cause != "" {
		b.WriteString(": " + e.Cause)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if o := e.Origin(); o != "" {
		b.WriteString(" (" + o + ")")
	}
	return b.String()
}

// Origin is the part for a support ticket: "scim 409 uniqueness, request abc"; empty when nothing is known.
func (e *Error) Origin() string {
	var parts []string
	if e.Protocol != "" {
		parts = append(parts, e.Protocol)
	}
	if e.Status != 0 {
		parts = append(parts, fmt.Sprint(e.Status))
	}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	s := strings.Join(parts, " ")
	if e.RequestID != "" {
		s = strings.TrimPrefix(s+", request "+e.RequestID, ", ")
	}
	return s
}

// Unwrap gives the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// Is matches a bare Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && e.Kind == k
}

// KindOf is the kind of the outermost fault in err, or zero when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var k Kind
	if errors.As(err, &k) {
		return k
	}
	return 0
}

// In adds where and on whom to err, keeping what err already says. A nil err stays nil.
func In(err error, system, op, subject string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		kind := KindOf(err) // a bare Kind keeps its meaning
		switch {
		case kind == 0:
			kind = Unavailable
		case err == error(kind): //nolint:errorlint // the bare Kind, with nothing around it
			err = nil
		}
		return &Error{Kind: kind, System: system, Op: op, Subject: subject, Err: err}
	}
	c := *e
	if c.System == "" {
		c.System = system
	}
	if c.Op == "" || op != "" {
		c.Op = op
	}
	if c.Subject == "" || subject != "" {
		c.Subject = subject
	}
	return &c
}
