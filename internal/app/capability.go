package app

import "slices"

// Capability is one thing an app may be able to do, named as the documentation names it.
type Capability string

// The capabilities.
const (
	ReadAccounts      Capability = "read accounts"
	CreateAccounts    Capability = "create accounts"
	UpdateAccounts    Capability = "update accounts"
	DeactivateAccount Capability = "deactivate accounts"
	ReactivateAccount Capability = "reactivate accounts"
	DeleteAccounts    Capability = "delete accounts"
	ReadGroups        Capability = "read groups"
	WriteGroups       Capability = "create and delete groups"
	ReadMembers       Capability = "read group members"
	WriteMembers      Capability = "change group members"
	GroupRoles        Capability = "group roles"
	ReadLicenses      Capability = "read licenses"
	WriteLicenses     Capability = "assign licenses"
	EndSessions       Capability = "end sessions"
)

// AllCapabilities lists every capability in the order of the documentation.
func AllCapabilities() []Capability {
	return []Capability{
		ReadAccounts, CreateAccounts, UpdateAccounts, DeactivateAccount, ReactivateAccount, DeleteAccounts,
		ReadGroups, WriteGroups, ReadMembers, WriteMembers, GroupRoles, ReadLicenses, WriteLicenses, EndSessions,
	}
}

// Capabilities lists what a can do: what its type implements, less what its configuration lacks.
func Capabilities(a App) []Capability {
	info := a.Info()
	var caps []Capability
	add := func(ok bool, cs ...Capability) {
		for _, c := range cs {
			if _, lacks := info.Lacks[c]; ok && !lacks {
				caps = append(caps, c)
			}
		}
	}
	_, ok := a.(AccountReader)
	add(ok, ReadAccounts)
	_, ok = a.(AccountWriter)
	add(ok, CreateAccounts, UpdateAccounts, DeactivateAccount, ReactivateAccount, DeleteAccounts)
	_, ok = a.(GroupReader)
	add(ok, ReadGroups)
	gw, ok := a.(GroupWriter)
	add(ok, WriteGroups)
	_, canRead := a.(GroupReader)
	add(canRead, ReadMembers)
	add(gw != nil, WriteMembers)
	add(len(info.GroupRoles) > 0, GroupRoles)
	_, ok = a.(LicenseReader)
	add(ok, ReadLicenses)
	_, ok = a.(LicenseWriter)
	add(ok, WriteLicenses)
	_, ok = a.(SessionEnder)
	add(ok, EndSessions)
	return caps
}

// Supports reports whether a can do c, and if not, why not in words ("" when the kind simply has no such thing).
func Supports(a App, c Capability) (ok bool, why string) {
	if slices.Contains(Capabilities(a), c) {
		return true, ""
	}
	return false, a.Info().Lacks[c]
}
