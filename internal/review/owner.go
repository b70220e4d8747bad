package review

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// standing is what somebody's place in working life means for an account.
type standing uint8

const (
	nobody     standing = iota // no person and no configuration
	works                      // or configuration asks for the account, whoever it is
	notYet                     // access has not begun
	left                       // access has ended
	dropped                    // bound to a person whom no roster has
	undecided                  // cannot be told: held as is
	notChecked                 // nobody, and no rosters were read to say so
)

// owner is whose an account is.
type owner struct {
	standing
	id   string // the person, or the key of configuration
	how  string // by what the account was matched
	why  string // of what is not simply working
	end  time.Time
	away bool // on leave of absence
	ext  bool // not on the payroll
}

// names are the user names of an app that configuration speaks of.
type names struct {
	desired    map[string]string // folded user name → key
	identities map[string]string // folded user name → person id
}

func (r *reviewer) namesOf(a *App) names {
	n := names{desired: map[string]string{}, identities: map[string]string{}}
	if a.Desired != nil {
		for key, w := range a.Desired.Accounts {
			k := a.fold(w.UserName)
			if other, taken := n.desired[k]; !taken || key < other {
				n.desired[k] = key
			}
		}
	}
	for id, name := range r.Register.Identities[a.Name] {
		r.claim(n.identities, a.fold(name), r.present(id))
	}
	return n
}

// claim enters whose a name is. A name that was given to somebody else after its owner had left is the newcomer's;
// of two who work here it is nobody's.
func (r *reviewer) claim(of map[string]string, name, id string) {
	other, taken := of[name]
	switch mine, theirs := r.gone(id), r.gone(other); {
	case !taken || other == id:
		of[name] = id
	case mine != theirs && theirs:
		of[name] = id
	case mine && theirs: // both have left: any of them says so
		of[name] = min(id, other)
	case !mine && !theirs:
		of[name] = ""
	}
}

// gone reports whether somebody has left. Nobody, who stands for a name that several have, has not.
func (r *reviewer) gone(id string) bool {
	p := r.index[id]
	return p != nil && p.At.Window == lifecycle.WindowClosed
}

func (a *App) fold(name string) string {
	if a.FoldCase {
		return strings.ToLower(name)
	}
	return name
}

func (a *App) protected(acc *access.Account) bool {
	return a.Protected != nil && a.Protected(acc.UserName)
}

func (a *App) ignored(acc *access.Account) bool { return a.Ignored != nil && a.Ignored(acc.UserName) }

// ownerOf says whose an account is: by the person id that the app keeps, by the user name that configuration asks
// for, and then by a work address that one person in the rosters has. Never by how somebody is called.
func (r *reviewer) ownerOf(a *App, n names, acc *access.Account) owner {
	id, how := r.match(a, n, acc)
	o := owner{id: id, how: how}
	p := r.index[id]
	wanted := false
	if a.Desired != nil {
		_, wanted = a.Desired.Accounts[id]
	}
	switch q, held := r.undone[id]; {
	case id == "" && acc.PersonID != "" && r.Rosters:
		o.standing, o.id, o.how = dropped, acc.PersonID, "person_id"
	case id == "" && r.Rosters:
		o.standing = nobody
	case id == "":
		o.standing = notChecked
	case held:
		o.standing, o.why = undecided, q.Why
	case wanted:
		o.standing = works
	case p == nil:
		o.standing = notChecked
	default:
		r.place(&o, p)
	}
	if p != nil {
		o.away = p.At.Stage == lifecycle.StageLeave
		o.ext = p.EmploymentType == access.TypeContractor || p.EmploymentType == access.TypeConsultantExternal
	}
	return o
}

// place says where somebody stands to whom configuration gives nothing here.
func (r *reviewer) place(o *owner, p *Person) {
	c, cut := r.cut[p.PersonID]
	switch {
	case p.Faulty != "":
		o.standing, o.why = undecided, p.Faulty
	case p.At.NeverStarted:
		o.standing, o.why = left, "the employment never started"
	case p.At.Window == lifecycle.WindowClosed:
		o.standing, o.end, o.why = left, p.At.End, "access ended"
		if !p.At.End.IsZero() {
			o.why += " on " + p.At.End.In(r.zone(p.PersonID)).Format("2006-01-02 15:04 MST")
		}
	case cut:
		o.standing, o.end, o.why = left, c.At, c.Why
	case p.At.Window == lifecycle.WindowUnknown:
		o.standing, o.why = undecided, p.At.Fault
	case p.At.Window == lifecycle.WindowBefore:
		o.standing, o.why = notYet, "access begins on "+p.At.Start.In(r.zone(p.PersonID)).Format(time.DateOnly)
	default:
		o.standing = works
	}
}

func (r *reviewer) match(a *App, n names, acc *access.Account) (id, how string) {
	if acc.PersonID != "" {
		id := r.present(acc.PersonID)
		if _, ok := r.index[id]; ok {
			return id, "person_id"
		}
		if a.Desired != nil {
			if _, ok := a.Desired.Accounts[id]; ok {
				return id, "person_id"
			}
		}
	}
	if key, ok := n.desired[a.fold(acc.UserName)]; ok && acc.UserName != "" {
		return key, "the user name that configuration asks for"
	}
	if acc.PersonID != "" { // it says whose it is, and that is nobody here
		return "", ""
	}
	if id, ok := n.identities[a.fold(acc.UserName)]; ok && acc.UserName != "" {
		return id, "the user name that policy gives"
	}
	for _, name := range []string{acc.UserName, acc.Email} {
		if id := r.byMail[strings.ToLower(strings.TrimSpace(name))]; id != "" {
			return id, fmt.Sprintf("%s in the roster", name)
		}
	}
	return "", ""
}
