package roster

import (
	"fmt"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// dateParser reads the calendar date that is written in s.
type dateParser func(s string) (access.Date, error)

// compileDate turns a format in formatdate's letters into a parser; "" is ISO 8601.
func compileDate(format string) (dateParser, error) {
	if strings.TrimSpace(format) == "" {
		return access.ParseDate, nil
	}
	return nil, fmt.Errorf("%q is not a date format", format)
}
