package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain makes a text harmless wherever letters are shown: control characters, which move a terminal's cursor or
// change its colors, and marks that turn the direction of writing or are not seen at all, are spelled out. Joiners
// stay: several scripts cannot be written without them.
func plain(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case unsafeRune(r):
			b.WriteString(`\u{` + strconv.FormatInt(int64(r), 16) + `}`)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafeRune reports whether a letter does something instead of being something.
func unsafeRune(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d': // joiners
		return false
	case r == '\u061c', r == '\u00ad', r == '\u180e', r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u3164', r == '\uffa0':
		return true
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f', r >= '\ufff0' && r <= '\ufffb':
		return true
	case r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return unicode.IsControl(r)
}

// lines is plain for a text of several lines.
func lines(s string) string {
	all := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range all {
		all[i] = plain(all[i])
	}
	return strings.Join(all, "\n")
}

// escapeJSON writes what plain would change as \u escapes: the JSON means the same and cannot do anything to a
// terminal or an editor. The input is valid JSON, in which such letters occur inside strings only.
func escapeJSON(b []byte) []byte {
	clean := true
	for i := 0; i < len(b) && clean; i++ {
		clean = b[i] < utf8.RuneSelf && b[i] != 0x7f
	}
	if clean {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r != '\n' && r != '\t' && unsafeRune(r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

func appendEscape(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	unit := func(u rune) {
		out = append(out, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	if r >= 0x10000 {
		r -= 0x10000
		unit(0xd800 + r>>10)
		unit(0xdc00 + r&0x3ff)
		return out
	}
	unit(r)
	return out
}
