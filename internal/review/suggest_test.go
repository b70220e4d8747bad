package review

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Names of people and apps get into HCL that somebody will copy: they must never be more than a text there.
func TestSuggestionsQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`ana@acme.com`:        `"ana@acme.com"`,
		`x" } evil {`:         `"x\" } evil {"`,
		"a\nb\tc\x07":         `"a\nb\tc\u0007"`,
		`${file("/etc/pw")}`:  `"$${file(\"/etc/pw\")}"`,
		`%{ if true }100%`:    `"%%{ if true }100%"`,
		`c:\dir`:              `"c:\\dir"`,
		`Łukasz "Ł" Wójcik €`: `"Łukasz \"Ł\" Wójcik €"`,
	} {
		if got := hclText(in); got != want {
			t.Errorf("%q is written %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{"gh": "gh", "9gh": `"9gh"`, "a.b": `"a.b"`, "a-1": "a-1", "": `""`, "-x": `"-x"`} {
		if got := hclKey(in); got != want {
			t.Errorf("key %q is written %s, want %s", in, got, want)
		}
	}
	if got := askHCL("Ana\nresource {}", "x\r\ny"); strings.ContainsAny(got, "\r\n") {
		t.Errorf("a name leaves its comment: %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "name")
		q := hclText(s)
		plain, err := strconv.Unquote(strings.NewReplacer("$${", "${", "%%{", "%{").Replace(q))
		if err != nil || plain != s {
			t.Fatalf("%q is written %s, which reads %q, %v", s, q, plain, err)
		}
	})
}
