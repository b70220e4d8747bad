package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// statusWords are the built-in meanings of a status, compared by letters and digits only. Words that
// mean different things in different systems are left out on purpose, "inactive" first of all: it is a
// leaver in one, a future hire in another and a parent on leave in a third.
var statusWords = map[access.Status][]string{
	access.StatusPreHire: {"pre hire", "pending", "onboarding", "pre start", "future hire", "future start", "upcoming"},
	access.StatusActive:  {"active", "employed", "current", "working", "probation", "on probation"},
	access.StatusLeave: {
		"leave", "on leave", "leave of absence", "on leave of absence", "loa", "paid leave", "unpaid leave", "parental leave", "maternity leave",
		"paternity leave", "family leave", "medical leave", "sick leave", "long term sick", "military leave", "sabbatical",
	},
	access.StatusNotice: {"notice", "on notice", "in notice", "notice period", "notice given", "garden leave", "gardening leave", "leaving"},
	access.StatusTerminated: {
		"terminated", "left", "leaver", "former", "former employee", "ex employee", "departed", "offboarded", "separated", "dismissed",
		"retired", "deceased", "ended",
	},
	access.StatusNeverStarted: {
		"never started", "no show", "offer declined", "declined", "rescinded", "offer rescinded", "rescind", "renege", "reneged",
		"cancelled", "canceled", "withdrawn",
	},
}

var employmentTypeWords = map[access.EmploymentType][]string{
	access.TypeEmployee: {
		"employee", "full time", "full time employee", "part time", "part time employee", "regular", "permanent", "fixed term",
		"salaried", "hourly", "staff", "internal", "direct employee", "eor", "fte",
	},
	access.TypeContractor:         {"contractor", "independent contractor", "individual contractor", "freelance", "freelancer", "external"},
	access.TypeIntern:             {"intern", "internship"},
	access.TypeTemporary:          {"temporary", "temp", "temporary employee", "seasonal", "agency", "agency worker", "agency temp"},
	access.TypeApprentice:         {"apprentice", "apprenticeship"},
	access.TypeConsultantExternal: {"consultant external", "external consultant", "consultant", "vendor", "vendor staff"},
	access.TypeBoardOrAdvisor:     {"board or advisor", "board", "board member", "advisor", "adviser"},
	access.TypeOther:              {"other", "volunteer"},
}

// fullTimeWords are the employment types that also tell full from part time.
var fullTimeWords = map[string]bool{"fulltime": true, "fulltimeemployee": true, "fte": true, "parttime": false, "parttimeemployee": false}

var boolWords = map[string]bool{
	"true": true, "yes": true, "y": true, "t": true, "1": true, "x": true, "fulltime": true, "ft": true, "full": true,
	"false": false, "no": false, "n": false, "f": false, "0": false, "parttime": false, "pt": false, "part": false,
}

// valueMap looks values up: the configured ones as written except for case, then the built-in words.
type valueMap struct {
	configured map[string]string
	words      map[string]string
}

func newValueMap[T ~string](configured map[string]string, canonical []string, words map[T][]string) valueMap {
	m := valueMap{configured: make(map[string]string), words: make(map[string]string)}
	for raw, v := range configured {
		m.configured[fold(tidy(raw))] = v
	}
	for v, list := range words {
		for _, w := range list {
			m.words[squash(w)] = string(v)
		}
	}
	for _, v := range canonical {
		m.words[squash(v)] = v
	}
	return m
}

func (m valueMap) lookup(v string) (string, bool) {
	if to, ok := m.configured[fold(v)]; ok {
		return to, true
	}
	to, ok := m.words[squash(v)]
	return to, ok && v != ""
}

// tidy trims and NFC-normalises a value; line breaks and other runs of white space become one space.
func tidy(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
		} else if s[i] < ' ' && s[i] != 0 {
			return strings.Join(strings.FieldsFunc(norm.NFC.String(s), blank), " ")
		}
	}
	if ascii {
		return strings.TrimSpace(s)
	}
	return norm.NFC.String(strings.TrimFunc(s, blank))
}

// blank is white space and what prints like nothing at the edge of a cell: zero width spaces and marks.
func blank(r rune) bool {
	return unicode.IsSpace(r) || r >= '\u200B' && r <= '\u200F' || r == '\u2060' || r == '\uFEFF'
}

// fold is the form in which values are compared regardless of case.
func fold(s string) string { return strings.ToLower(s) }

// FoldEmail is the form in which e-mail addresses are compared: RFC 5321 lets a host tell mailboxes apart
// by case, and no host does.
func FoldEmail(s string) string { return fold(s) }

var (
	scientific  = regexp.MustCompile(`^\d([.,]\d+)?[eE][+-]\d+$|^\d[.,]\d+[eE]\d+$`)
	floatNumber = regexp.MustCompile(`^\d+[.,]0+$`)
	sheetErrors = []string{"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#FIELD!"}
)

// damage says what a spreadsheet or a wrong decoding did to a value, or is "".
func damage(v string, kind fieldKind) string {
	if v == "" {
		return ""
	}
	if v[0] == '#' && slices.Contains(sheetErrors, v) {
		return "is a spreadsheet's error value; correct the formula and export again"
	}
	for _, r := range v {
		switch {
		case r == utf8.RuneError:
			return "holds the replacement character U+FFFD, so it was decoded wrongly before it came here; export it again as UTF-8"
		case unicode.IsControl(r):
			return "holds a control character; remove it"
		case r >= utf8.RuneSelf && kind != textField && blank(r) && !unicode.IsSpace(r):
			return "holds an invisible character; type it again"
		}
	}
	if kind == idField && v[0] >= '0' && v[0] <= '9' {
		if scientific.MatchString(v) {
			return "is a number in scientific notation, as spreadsheets write long ids; format the column as text and export again"
		}
		if floatNumber.MatchString(v) {
			return "is a decimal number, as spreadsheets and scripts write ids; format the column as text and export again"
		}
	}
	return ""
}

// isEmail is the check that catches placeholders and shifted columns; it is no parser of RFC 5322.
func isEmail(v string) bool {
	local, domain, ok := strings.Cut(v, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(v, " ,;<>\"") && !strings.Contains(domain, "@") &&
		domain[0] != '.' && domain[len(domain)-1] != '.'
}

func splitList(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}
