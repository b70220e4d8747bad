package hrapi

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// privateWords are what access never depends on, by the words of a path: letters and digits only, joined by a space.
// A path is private when it has the words of one of them in a row.
var privateWords = []struct{ words, what string }{
	{"pay", "pay"},
	{"pay rate", "pay"},
	{"pay grade", "pay"},
	{"payrate", "pay"},
	{"salary", "pay"},
	{"salaries", "pay"},
	{"wage", "pay"},
	{"wages", "pay"},
	{"compensation", "pay"},
	{"compensations", "pay"},
	{"bonus", "pay"},
	{"remuneration", "pay"},
	{"earnings", "pay"},
	{"income", "pay"},
	{"equity", "pay"},
	{"bank", "bank details"},
	{"iban", "bank details"},
	{"account number", "bank details"},
	{"routing number", "bank details"},
	{"birth", "a birth date"},
	{"birthday", "a birth date"},
	{"birthdate", "a birth date"},
	{"dateofbirth", "a birth date"},
	{"dob", "a birth date"},
	{"age", "a birth date"},
	{"home address", "a home address"},
	{"homeaddress", "a home address"},
	{"private address", "a home address"},
	{"personal address", "a home address"},
	{"street", "a home address"},
	{"address line", "a home address"},
	{"address line1", "a home address"},
	{"address line2", "a home address"},
	{"address1", "a home address"},
	{"address2", "a home address"},
	{"zip", "a home address"},
	{"zipcode", "a home address"},
	{"postal code", "a home address"},
	{"postcode", "a home address"},
	{"home phone", "a private number"},
	{"ssn", "a national id"},
	{"social security", "a national id"},
	{"social insurance", "a national id"},
	{"national id", "a national id"},
	{"nationalid", "a national id"},
	{"national identifier", "a national id"},
	{"national insurance", "a national id"},
	{"nino", "a national id"},
	{"tax id", "a national id"},
	{"taxid", "a national id"},
	{"tin", "a national id"},
	{"passport", "a national id"},
	{"government id", "a national id"},
	{"identity card", "a national id"},
	{"visa", "a national id"},
	{"gender", "a gender"},
	{"sex", "a gender"},
	{"ethnicity", "an origin"},
	{"race", "an origin"},
	{"nationality", "an origin"},
	{"citizenship", "an origin"},
	{"religion", "a religion"},
	{"marital", "a family status"},
	{"marital status", "a family status"},
	{"disability", "health"},
	{"veteran", "an origin"},
}

// private says what a path tells that no roster may ask for, or is "".
func private(path string) string {
	text := " " + strings.Join(words(path), " ") + " "
	for _, p := range privateWords {
		if strings.Contains(text, " "+p.words+" ") {
			return p.what
		}
	}
	return ""
}

// words takes a path apart: at whatever is no letter or digit, and where capitals begin.
func words(path string) []string {
	var list []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(path)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return list
}

// checkPrivate refuses to ask for what access never depends on, also where configuration does.
func checkPrivate(m roster.Mapping) error {
	var errs []error
	for _, list := range []struct {
		name  string
		paths map[string]string
	}{{"field_map", m.FieldMap}, {"custom", m.Custom}} {
		for _, f := range slices.Sorted(maps.Keys(list.paths)) {
			if what := private(list.paths[f]); what != "" {
				errs = append(errs, invalid("Take it out: no access depends on it. If the name only looks like that, give the field another name in the HR system.",
					"%s: %s = %q would ask the HR system for %s, which is never read", list.name, f, list.paths[f], what))
			}
		}
	}
	return errors.Join(errs...)
}
