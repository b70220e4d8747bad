package policy

import (
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

type window struct {
	stage             string
	from, until       time.Time
	fromWhy, untilWhy string
	zone              *time.Location
}

type lifecycle struct {
	before, endHour int
	def             *time.Location
	zones           *sync.Map
}

func newLifecycle(before, endHour int, def *time.Location) lifecycle {
	if def == nil {
		def = time.UTC
	}
	return lifecycle{before, endHour, def, &sync.Map{}}
}

func (l lifecycle) zone(p *access.Person) *time.Location {
	if p.TimeZone == "" {
		return l.def
	}
	if z, ok := l.zones.Load(p.TimeZone); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		z = l.def
	}
	l.zones.Store(p.TimeZone, z)
	return z
}

func (l lifecycle) window(p *access.Person, at time.Time) window {
	z := l.zone(p)
	w := window{zone: z, stage: string(p.Status)}
	if !p.StartDate.IsZero() {
		w.from = p.StartDate.AddDays(-l.before).In(z, 0)
		w.fromWhy = "start date " + p.StartDate.String()
	}
	end, why := p.LastWorkingDay, "last working day "
	if end.IsZero() {
		end, why = p.EndDate, "end date "
	}
	if end.IsZero() && (p.EmploymentType == access.TypeContractor || p.EmploymentType == access.TypeTemporary) {
		end, why = p.ContractEndDate, "contract end date "
	}
	if !end.IsZero() {
		w.until = end.In(z, l.endHour)
		w.untilWhy = why + end.String()
	}
	today := access.DateOf(at.In(z))
	switch {
	case p.Status == access.StatusTerminated || p.Status == access.StatusNeverStarted || !p.EndDate.IsZero() && p.EndDate.Before(today):
		w.stage = "terminated"
		if w.until.IsZero() || w.until.After(at) {
			w.until, w.untilWhy = at, "terminated"
		}
	case p.StartDate.After(today):
		w.stage = "pre_hire"
	case p.Status == access.StatusLeave:
		w.stage = "leave"
	case !end.IsZero():
		w.stage = "notice"
	}
	return w
}
