package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// subject is one person as policy works with them.
type subject struct {
	*access.Person                 // as the rosters have it at the instant that is decided
	employments    []access.Person // all of them, when there are several
	zone           *time.Location
	manager        int32 // index among the subjects, -1 when unknown
	managerID      string
	managerEmail   string
	chain          []string // person ids from the direct manager up; only when a condition asks for it
	stub           bool     // known by faulty records only: has a name, and is never decided on
}

func stub(p *access.Person) subject { return subject{Person: p, manager: -1, stub: true} }

// view is what a condition sees as `person`: a subject at an instant. One is reused for all evaluations of
// a worker, so that no rule costs a map or a copy of the person.
type view struct {
	*subject
	stage     string
	isManager bool
	read      [maxFields]ref.Val // fields that were read already: fifty rules look at the same few
}

// maxFields is room for personFields.
const maxFields = 32

// field is the value of the i-th field.
func (v *view) field(i int, get func(*view) ref.Val) ref.Val {
	if v.read[i] == nil {
		v.read[i] = get(v)
	}
	return v.read[i]
}

// field is one entry of the list that DESIGN and the documentation give as API.
type field struct {
	name string
	typ  *cel.Type
	get  func(*view) ref.Val
	set  func(*view) bool // whether the rosters know it: has(person.title)
}

// text declares a field where missing is "".
func text(name string, get func(*view) string) field {
	return field{
		name, cel.StringType,
		func(v *view) ref.Val { return types.String(get(v)) },
		func(v *view) bool { return get(v) != "" },
	}
}

// personFields is the list of what conditions can use, in the order of the documentation.
func personFields() []field {
	return []field{
		text("person_id", func(v *view) string { return v.PersonID }),
		text("employee_number", func(v *view) string { return v.EmployeeNumber }),
		text("given_name", givenName),
		text("family_name", familyName),
		text("display_name", displayName),
		text("work_email", func(v *view) string { return v.WorkEmail }),
		text("user_name", func(v *view) string { return v.UserName }),
		text("title", func(v *view) string { return v.Title }),
		text("department", func(v *view) string { return v.Department }),
		text("division", func(v *view) string { return v.Division }),
		text("organization", func(v *view) string { return v.Organization }),
		text("cost_center", func(v *view) string { return v.CostCenter }),
		text("team", func(v *view) string { return v.Team }),
		text("location", func(v *view) string { return v.Location }),
		text("country", func(v *view) string { return v.Country }),
		text("employment_type", func(v *view) string { return string(v.EmploymentType) }),
		{
			"full_time", cel.BoolType, // false where the roster does not say; has(person.full_time) tells
			func(v *view) ref.Val { return types.Bool(v.FullTime != nil && *v.FullTime) },
			func(v *view) bool { return v.FullTime != nil },
		},
		text("stage", func(v *view) string { return v.stage }),
		text("start_date", func(v *view) string { return v.StartDate.String() }),
		text("end_date", func(v *view) string { return v.EndDate.String() }),
		text("manager_id", func(v *view) string { return v.managerID }),
		text("manager_email", func(v *view) string { return v.managerEmail }),
		{
			"is_manager", cel.BoolType,
			func(v *view) ref.Val { return types.Bool(v.isManager) },
			func(*view) bool { return true },
		},
		{
			"manager_chain", cel.ListType(cel.StringType),
			func(v *view) ref.Val {
				ids := make([]ref.Val, len(v.chain))
				for i, id := range v.chain {
					ids[i] = types.String(id)
				}
				return types.NewRefValList(types.DefaultTypeAdapter, ids)
			},
			func(v *view) bool { return len(v.chain) > 0 },
		},
		{
			"custom", cel.MapType(cel.StringType, cel.StringType),
			func(v *view) ref.Val { return custom(v.Custom) },
			func(v *view) bool { return len(v.Custom) > 0 },
		},
	}
}

// Names as shown to others: the preferred one, else the legal one.
func givenName(v *view) string  { return firstOf(v.PreferredGivenName, v.GivenName) }
func familyName(v *view) string { return firstOf(v.PreferredFamilyName, v.FamilyName) }

func displayName(v *view) string {
	if v.DisplayName != "" {
		return v.DisplayName
	}
	g, f := givenName(v), familyName(v)
	if g == "" || f == "" { // one name is a whole name
		return g + f
	}
	return g + " " + f
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// custom is person.custom. A key that a person does not have reads as "", so that one blank cell neither
// grants nor stops anything; a key that nobody can have is refused beforehand. It has the traits of a
// CEL map except Find, which could not tell has(person.custom.x) from reading it.
type custom map[string]string

var (
	_ traits.Indexer     = custom(nil)
	_ traits.FieldTester = custom(nil)
	_ traits.Container   = custom(nil)
	_ traits.Sizer       = custom(nil)
	_ traits.Iterable    = custom(nil)
)

func (c custom) Type() ref.Type { return types.MapType }
func (c custom) Value() any     { return map[string]string(c) }
func (c custom) Size() ref.Val  { return types.Int(len(c)) }

func (c custom) Get(key ref.Val) ref.Val {
	k, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	return types.String(c[string(k)])
}

// IsSet is has(person.custom.x): the key is there and not blank.
func (c custom) IsSet(key ref.Val) ref.Val {
	k, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	return types.Bool(c[string(k)] != "")
}

// Contains is the operator in, with the same meaning as IsSet.
func (c custom) Contains(key ref.Val) ref.Val { return c.IsSet(key) }

// Iterator walks the keys in order, because Go's own order would make a result depend on chance.
func (c custom) Iterator() traits.Iterator {
	keys := slices.Sorted(maps.Keys(c))
	return types.NewStringList(types.DefaultTypeAdapter, keys).Iterator()
}

func (c custom) plain() traits.Mapper {
	return types.NewStringStringMap(types.DefaultTypeAdapter, c)
}

func (c custom) Equal(other ref.Val) ref.Val {
	if o, ok := other.(custom); ok {
		return types.Bool(maps.Equal(c, o))
	}
	return c.plain().Equal(other)
}

func (c custom) ConvertToType(t ref.Type) ref.Val { return c.plain().ConvertToType(t) }

func (c custom) ConvertToNative(t reflect.Type) (any, error) {
	v, err := c.plain().ConvertToNative(t)
	if err != nil {
		return nil, fmt.Errorf("convert person.custom: %w", err)
	}
	return v, nil
}
