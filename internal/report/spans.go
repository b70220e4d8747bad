package report

import (
	"fmt"
	"strings"
	"unicode"
)

// text1 is a text that Markdown shows as it is. Letters, spaces and the marks that names are made of stand for
// themselves; whatever could be a link, a mention, a reference or markup goes into a code span, where all of these are
// off in every dialect, while escapes are not safe from what is done after Markdown (mentions, autolinks).
func text1(s string) string {
	p := clip(plain(s))
	if harmless(p) {
		return p
	}
	return code(s)
}

// longest is how many letters of one text are shown.
const longest = 400

func clip(s string) string {
	if len(s) <= longest {
		return s
	}
	letters := []rune(s)
	if len(letters) <= longest {
		return s
	}
	return string(letters[:longest]) + fmt.Sprintf(" (%d letters more)", len(letters)-longest)
}

func harmless(s string) bool {
	for i, r := range s {
		switch {
		case unicode.IsLetter(r):
		case i == 0:
			return false
		case unicode.IsMark(r), r == ' ', r == '\'', r == '’', r == '-', r == ',':
		case r == '.' && (i == len(s)-1 || s[i+1] == ' '):
		default:
			return false
		}
	}
	return strings.TrimSpace(s) == s && !strings.Contains(s, "  ")
}

// code is a code span of whatever letters: longer fences than any run of backticks inside (CommonMark 0.31.2, 6.1).
func code(s string) string {
	s = clip(plain(s))
	if strings.TrimSpace(s) == "" {
		return "`-`"
	}
	ticks := "`"
	for strings.Contains(s, ticks) {
		ticks += "`"
	}
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' && s[len(s)-1] == ' ' {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// cellCode is a code span inside a table, where a bar ends the cell even there.
func cellCode(s string) string { return strings.ReplaceAll(code(s), "|", `\|`) }

// fence is a code block of at most so many letters, whole lines.
func fence(s string, limit int) string {
	ticks := "```"
	for strings.Contains(s, ticks) {
		ticks += "`"
	}
	all := strings.Split(s, "\n")
	var kept []string
	for i, line := range all {
		if limit -= length(line) + 1; limit < 0 {
			kept = append(kept, fmt.Sprintf("(%s left out)", count(len(all)-i, "line", "lines")))
			break
		}
		kept = append(kept, line)
	}
	return ticks + "\n" + strings.Join(kept, "\n") + "\n" + ticks + "\n"
}
