package safeguard

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// approval is one line of approved_removals: "<app>/<collection> <count> <digest>" for a set, or
// "<app>/<collection> <count> until <date>" for single resources.
type approval struct {
	line    string
	address string
	count   int
	digest  string
	until   access.Date
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{16}$`)

func parseApproval(line string) (approval, error) {
	f := strings.Fields(line)
	a := approval{line: strings.Join(f, " ")}
	ok := len(f) == 3 || len(f) == 4 && f[2] == "until"
	if ok {
		var err error
		a.address = f[0]
		a.count, err = strconv.Atoi(f[1])
		ok = err == nil && a.count > 0 && strings.Contains(a.address, "/")
	}
	if ok && len(f) == 3 {
		a.digest = f[2]
		ok = hexDigest.MatchString(a.digest)
	}
	if ok && len(f) == 4 {
		var err error
		a.until, err = access.ParseDate(f[3])
		ok = err == nil
	}
	if !ok {
		return approval{}, &fault.Error{
			Kind: fault.Invalid, Op: "read", Subject: "the approval " + strconv.Quote(line),
			Cause: `an entry of approved_removals reads "<app>/<collection> <count> <digest>", or "<app>/<collection> <count> until <date>" for single resources`,
			Next:  "Copy the line from the error that asked for it.",
		}
	}
	return a, nil
}
