package apptest

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// harness tests the reference connector, with a flaw or without.
func harness(flaw string) Harness {
	return Harness{
		PageSize: 4, MemberPageSize: 4, Secret: secret, Retries: true, Sessions: true,
		Roles: []string{"user", "owner"}, Attributes: []string{"cost_center"},
		Licenses: &Licenses{Product: "Suite", License: "Full", Other: "Viewer", Limited: true},
		Open: func(t testing.TB, w World) Subject {
			r := &remote{pageSize: 4, counts: map[Op]int{}, deaf: flaw == "forgets that the run is over"}
			r.fill(w)
			c := &reference{r: r, flaw: flaw}
			c.flaw, c.limited = strings.CutPrefix(flaw, "limited, ")
			if w.Retry {
				c.retries = 1
			}
			return Subject{App: c, Look: r.look, Inject: r.inject, Count: r.count, Reset: r.reset}
		},
	}
}

func TestReferenceConforms(t *testing.T) {
	t.Parallel()
	Run(t, harness(""))
}

// recorder is a testing.TB that remembers what a check says instead of failing the test.
type recorder struct {
	testing.TB
	mu      sync.Mutex
	failed  []string
	skipped string
}

func (r *recorder) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, text)
}

func (r *recorder) Helper()                           {}
func (r *recorder) Error(args ...any)                 { r.say(fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.say(fmt.Sprintf(format, args...)) }
func (r *recorder) Fatal(args ...any)                 { r.say(fmt.Sprint(args...)); runtime.Goexit() }

func (r *recorder) Fatalf(format string, args ...any) {
	r.say(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (r *recorder) Skip(args ...any) { r.Skipf("%s", fmt.Sprint(args...)) }
func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// record runs a check to its end.
func record(t *testing.T, c Check, h Harness) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(r, h)
	}()
	<-done
	return r
}

// flaws are connectors that break a promise, each with the checks that must notice.
var flaws = map[string]string{
	"asks to describe itself":             `^info$`,
	"checks by listing everything":        `^check the credential$`,
	"checks nothing":                      `^(failure|ended run)/check($|/)`,
	"asks for pages too many":             `^list [a-z ]+/(no rows|one row|one page|one page and a row|ten pages)$`,
	"reads one page only":                 `^list [a-z ]+/(one page and a row|ten pages)$`,
	"drops the last row of a full page":   `^list [a-z ]+/(one page and a row|ten pages)$`,
	"gives rows twice":                    `^list [a-z ]+/(one row|one page|ten pages)$`,
	"reads every row":                     `^list (accounts|groups|groups with members)/(one row|one page|ten pages)$`,
	"hides the inactive":                  `^list accounts/ten pages$`,
	"loses a field":                       `^list accounts/one row$`,
	"loses ids":                           `^list accounts/one row$`,
	"brings half the members":             `^list groups with members/one row$`,
	"takes a repeated page":               `/a repeated page$`,
	"takes a truncated listing":           `/a truncated listing$`,
	"ends a listing at an error":          `/a page that fails$|^failure/list [a-z]+/(401|403|404|429|500|503)$`,
	"goes on after an error":              `/a page that fails$|^failure/list members/403$`,
	"reads on when nobody listens":        `^list accounts/stopped early$`,
	"misjudges the cost":                  `^list accounts/cost$`,
	"ignores filters":                     `^find accounts/`,
	"invents accounts":                    `^read account($|/)|^(failure|ended run)/read account($|/)`,
	"reads by listing":                    `^read account$`,
	"invents groups":                      `^read group$|^(failure|ended run)/read group($|/)`,
	"takes a gone group for an empty one": `^list members/of an unknown group$`,
	"has errors without a kind":           `^failure/.*/(half an answer|no answer|a closed connection|HTML as success)$`,
	"believes any answer":                 `^failure/.*/(HTML as success|garbage as success|nothing as success|half an answer|no answer|a closed connection)$`,
	"calls everything invalid":            `^failure/.*/(401|403|500|502 with HTML|503)$`,
	"calls everything unavailable":        `^failure/[a-z]+ (account|group|members|assignees)/409$|^failure/(read account|update account|read group|rename group|list members)/404$`,
	"takes forbidden for gone":            `^failure/.*/403$`,
	"forgets how long to wait":            `^failure/.*/429$`,
	"says the secret":                     `^failure/.*/(401|403|409|429|500|502 with HTML|503)$|^failure/(list|create|change) .*/404$`,
	"forgets that the run is over":        `^ended run/`,
	"says it created":                     `^create (account|group)/already there$|^failure/create (account|group)/`,
	"adopts on create":                    `^create (account|group)/already there$|^create account/twice$`,
	"creates and forgets the id":          `^create (account|group)$`,
	"forgets attributes":                  `^create account$|^update account/extra attributes$|^failure/429 passes$`,
	"ignores active":                      `^create account/inactive$|^reactivate account$|^deactivate account/by update$`,
	"takes unknown fields":                `^write account/a field it does not have$`,
	"writes nothing":                      `^update (account|group)/nothing$|^change members/none$|^licenses/none to change$`,
	"updates the gone":                    `^update (account|group)/unknown$|^rename group/to a name that is taken$`,
	"never changes titles":                `^update account/(several fields|title)$|^lost answer/update account$`,
	"answers with what was asked":         `^update account/(person_id|user_name|email|title|department|manager|role|extra attributes)$`,
	"resets what is not named":            `^update account/[a-z]+_name$|^used by many at once$|^clear (title|email)$`,
	"reads before it writes":              `^update account/[a-z]+_name$`,
	"cannot clear":                        `^clear `,
	"retires nobody":                      `^(deactivate account|delete account|delete group)$|^delete account/|^lost answer/(deactivate account|delete account|delete group)$`,
	"deletes to deactivate":               `^deactivate account$`,
	"deactivates to delete":               `^delete account$`,
	"fails on the gone":                   `^retire account/unknown$|^end sessions/unknown account$|^failure/(deactivate account|delete account|delete group|end sessions)/404$|^delete (account|group)$|^licenses/remove$`,
	"retires whom to keep":                `^retire account/keep$`,
	"ends no sessions":                    `^end sessions$|^end sessions/of an inactive|^lost answer/end sessions$`,
	"ends everybody's sessions":           `^end sessions($|/)`,
	"asks only the active to leave":       `^end sessions/of an inactive account$`,
	"keeps group names":                   `^(create|rename) group$|^lost answer/rename group$`,
	"forgets descriptions":                `^create group/description$`,
	"empties renamed groups":              `^rename group$`,
	"adds nobody":                         `^(add|add and remove) members?($|/(already in|twice in one call|inactive)$)|^used by many at once$|^lost answer/change members$`,
	"removes all":                         `^remove members?($|/(not in|unknown account)$)`,
	"replaces the list":                   `^(add|remove) members?($|/(already in|not in)$)`,
	"changes one at a time":               `^change members/in as few requests as possible$`,
	"ignores roles":                       `^change members/roles$`,
	"takes unknown roles":                 `^change members/a role it does not have$`,
	"fails with the neighbors":            `/one unknown among good ones$`,
	"forgets errors":                      `^change members/(all unknown|of an unknown group|the second request fails)$`,
	"answers once":                        `^change members/(all unknown|of an unknown group)$|^remove member/the last$`,
	"fails the first request too":         `^change members/one unknown among good ones$`,
	"miscounts seats":                     `^licenses/(pools and assignees|assign|remove)$`,
	"assigns nothing":                     `^licenses/(assign|remove|replace)$|^lost answer/change assignees$`,
	"hides an empty pool":                 `^licenses/an empty pool$`,
	"takes unknown products":              `^licenses/unknown product or license$`,
	"sends a creation again":              `^lost answer/create (account|group)/(closed|504|500|half|HTML)`,
	"calls a lost write undone":           `^lost answer/create (account|group)/(closed connection|504|half an answer|HTML|hanging)$|^change members/an answer that does not come$`,
	"limited, retires nobody":             `^deactivate account/where that is its end$`,
	"limited, deletes all the same":       `^retire account/delete where there is no deleting$`,
}

// Each flaw is noticed where it should be, and every check notices some flaw: a check that cannot
// fail proves nothing.
func TestFlawsAreNoticed(t *testing.T) {
	t.Parallel()
	checks := Checks()
	noticed := make([]bool, len(checks))
	var mu sync.Mutex
	t.Run("each", func(t *testing.T) {
		for flaw, names := range flaws {
			t.Run(flaw, func(t *testing.T) {
				t.Parallel()
				mustNotice := regexp.MustCompile(names)
				matched := false
				for i, c := range checks {
					if !mustNotice.MatchString(c.Name) {
						continue
					}
					matched = true
					r := record(t, c, harness(flaw))
					if len(r.failed) == 0 {
						t.Errorf("%q does not notice; skipped: %q", c.Name, r.skipped)
						continue
					}
					mu.Lock()
					noticed[i] = true
					mu.Unlock()
				}
				if !matched {
					t.Errorf("there is no check like %s", names)
				}
			})
		}
	})
	for i, c := range checks {
		if !noticed[i] {
			t.Errorf("nothing shows that %q can fail", c.Name)
		}
	}
}
