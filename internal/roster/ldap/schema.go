package ldap

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

const (
	manager        = "manager" // a DN, which read replaces by the id of that entry
	accountControl = "userAccountControl"
	accountExpires = "accountExpires"
	status         = "account status" // made, for directories that have none
)

func made() []string { return []string{status} }

// schema is how one family of directories writes people down.
type schema struct {
	title, filter string
	fields        map[string]string
	also          []string
	adjust        func(*hrapi.Record)
}

func schemas() map[string]schema {
	return map[string]schema{
		InetOrgPerson: {
			title: "the directory", filter: "(objectClass=inetOrgPerson)",
			fields: map[string]string{
				"source_id": "entryUUID", // RFC 4530: stays whatever the entry is renamed to
				"user_name": "uid", "employee_number": "employeeNumber", "given_name": "givenName", "family_name": "sn", "display_name": "cn",
				"work_email": "mail", "title": "title", "department": "departmentNumber", "location": "l", "employment_type": "employeeType",
				"manager_source_id": manager, "status": status,
			},
			also:   []string{lockedTime},
			adjust: adjustInetOrgPerson,
		},
		ActiveDirectory: {
			title: "Active Directory", filter: "(&(objectCategory=person)(objectClass=user))", // computers are users too
			fields: map[string]string{
				"source_id": "objectGUID", "user_name": "userPrincipalName", "employee_number": "employeeID", "given_name": "givenName",
				"family_name": "sn", "display_name": "displayName", "work_email": "mail", "title": "title", "department": "department",
				"organization": "company", "location": "physicalDeliveryOfficeName", "employment_type": "employeeType",
				"manager_source_id": manager, "status": accountControl, "end_date": accountExpires,
			},
			adjust: adjustActiveDirectory,
		},
	}
}

func (s schema) kind(d *directory) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "ldap", Terminated: roster.Depends, FutureHires: roster.Depends, Leave: roster.No, Totals: roster.No,
			Lacks: map[string]string{
				"status":            "whether the account is disabled, which is taken for having left: map an attribute of your own where there is one, or disabled with status_map",
				"start_date":        "is an attribute of your own where there is one: map it, or whenCreated (createTimestamp in OpenLDAP) where accounts are made on the first day",
				"end_date":          "Active Directory has the day on which the account expires; elsewhere it is an attribute of your own",
				"last_working_day":  "is an attribute of your own where there is one: map it",
				"contract_end_date": "is an attribute of your own where there is one; map accountExpires where contractors' accounts expire with the contract",
			},
		},
		Title: s.title, Noun: "entry", Fields: s.fields, Also: s.also, Made: made(), OmitsEmpty: true, // an entry lacks the attributes that have no value
		StatusMap: map[string]string{"enabled": "active", "disabled": "terminated"},
		Adjust:    s.adjust,
		Read:      func(ctx context.Context, want []string, p *hrapi.Pages) error { return d.read(ctx, want, p) },
	}
}

// lockedTime is where the password policy of OpenLDAP and others keeps that an account is locked
// (draft-behera-ldap-password-policy section 5.3.3); forever is its value for one that an administrator locked for good.
const (
	lockedTime = "pwdAccountLockedTime"
	forever    = "000001010000Z"
)

func adjustInetOrgPerson(r *hrapi.Record) {
	s := "enabled"
	if r.Get(lockedTime) == forever {
		s = "disabled"
	}
	r.Set(status, s)
}

// accountDisable is the bit of userAccountControl (learn.microsoft.com/windows/win32/adschema/a-useraccountcontrol).
const accountDisable = 0x2

// adjustActiveDirectory turns flags into a word. What is hidden or nonsense stays what it is: unknown, and nothing follows
// from it.
func adjustActiveDirectory(r *hrapi.Record) {
	flags, err := strconv.ParseInt(r.Get(accountControl), 10, 64)
	switch {
	case err != nil:
	case flags&accountDisable != 0:
		r.Set(accountControl, "disabled")
	default:
		r.Set(accountControl, "enabled")
	}
}

// dateAttributes are the attributes that date fields are read from and that are written as the directory writes times,
// not in a format of the configuration's own.
func dateAttributes(fields map[string]string, m roster.Mapping) map[string]bool {
	dates := map[string]bool{}
	for _, f := range []string{"start_date", "original_hire_date", "end_date", "last_working_day", "contract_end_date"} {
		attr := fields[f]
		if a, ok := m.FieldMap[f]; ok {
			attr = strings.TrimSpace(a)
		}
		if _, own := m.DateFormats[f]; attr != "" && (attr == accountExpires || m.DateFormat == "" && !own) {
			dates[strings.ToLower(attr)] = true
		}
	}
	return dates
}

// attributes are what a search asks for: nothing that is made here, and no "dn", which every entry has.
func attributes(want []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(path string) bool { return slices.Contains(made(), path) || path == "dn" })
}
