package scim

import (
	"cmp"
	"maps"
	"slices"
)

// profile is what is known about one vendor's SCIM server.
type profile struct {
	title     string // as people call it
	perSecond float64
	dialect   Dialect // what differs from generic
}

// Profiles lists the names that Config.Profile takes, sorted.
func Profiles() []string { return slices.Sorted(maps.Keys(profiles())) }

// everyField is what RFC 7643 has room for; the role has no fixed place.
var everyField = []string{"person_id", "user_name", "email", "given_name", "family_name", "display_name", "title", "department", "manager"}

// profiles is the table of vendors: each row names its source. Where a source is silent the row is
// silent too, and generic applies. What a server turns out to refuse is answered with an error that
// names the attribute of the override block.
func profiles() map[string]profile {
	yes, no := new(true), new(false)
	return map[string]profile{
		// RFC 7643 and 7644, read carefully: the portable subset.
		"generic": {title: "the app", dialect: Dialect{
			Paging: "index", PageSize: 100, BareCursor: no, ContentType: "application/scim+json",
			UserFilters: []string{"userName", "externalId"}, GroupFilters: []string{"displayName"},
			ReadMembers: "in_list", ExcludeMembers: yes, MemberRemoval: "path_filter", MaxMemberChanges: 100,
			GroupExternalID: no, Bulk: yes, UpdateWith: "patch", RetireWith: "deactivate", PersonIDIn: "external_id", RolePath: "none",
			Fields: everyField, UserNamesFoldCase: yes, Lacks: map[string]string{},
		}},
		// docs.slack.dev/reference/scim-api. DELETE and active=false are the same; a second POST conflicts.
		"slack": {title: "Slack", dialect: Dialect{
			PageSize: 1000, ContentType: "application/json", MemberRemoval: "value_array", MaxMemberChanges: 1000,
			Lacks: map[string]string{"delete accounts": "Slack keeps every account for ever: deleting one only deactivates it"},
		}},
		// docs.aws.amazon.com/singlesignon/latest/developerguide: limitations, listusers, listgroups, patchgroup.
		"aws_identity_center": {title: "AWS IAM Identity Center", dialect: Dialect{
			Paging: "cursor", BareCursor: yes, GroupFilters: []string{"displayName", "externalId"},
			ReadMembers: "by_user_filter", ExcludeMembers: no, MemberRemoval: "value_array", Bulk: no,
		}},
		// docs.github.com: provisioning users and groups with SCIM using the REST API; rest/enterprise-admin/scim.
		"github_emu": {title: "GitHub", dialect: Dialect{
			GroupFilters: []string{"displayName", "externalId"}, GroupExternalID: yes, MaxMemberChanges: 500,
			RolePath: `roles[primary eq true].value`,
			Fields:   []string{"person_id", "user_name", "email", "given_name", "family_name", "display_name"},
		}},
		// gitlab-org/gitlab: doc/development/internal_api. The id is the externalId that the user was created with.
		"gitlab": {title: "GitLab", dialect: Dialect{
			UserFilters: []string{}, PersonIDIn: "id", ReadMembers: "unavailable",
			Fields: []string{"person_id", "user_name", "email", "given_name", "family_name"},
			Lacks: map[string]string{
				"update accounts":          "GitLab takes name, e-mail and user name over SCIM only when it creates an account",
				"read groups":              "GitLab's SCIM has no groups",
				"create and delete groups": "GitLab's SCIM has no groups",
				"change group members":     "GitLab's SCIM has no groups",
			},
		}},
		// developer.atlassian.com/cloud/admin/user-provisioning.
		"atlassian": {title: "Atlassian", dialect: Dialect{
			Lacks: map[string]string{"delete accounts": "Atlassian only unlinks and deactivates a deleted account, and it cannot come back under its id"},
		}},
		// databricks-sdk-go service/iam; the account API lists groups without members since 2025-08-22.
		"databricks": {title: "Databricks", dialect: Dialect{
			PageSize: 1000, ReadMembers: "per_group",
			Fields: []string{"person_id", "user_name", "email", "given_name", "family_name", "display_name"},
		}},
		// getsentry/sentry src/sentry/core/endpoints/scim. Users are invitations or members, groups are teams.
		"sentry": {title: "Sentry", dialect: Dialect{
			ContentType: "application/json", UserFilters: []string{"userName"}, MemberRemoval: "single_value", MemberCap: 10000,
			UpdateWith: "put", RetireWith: "delete", PersonIDIn: "none", RolePath: "sentryOrgRole",
			Fields: []string{"user_name"},
			Lacks:  map[string]string{"reactivate accounts": "Sentry removes members instead of deactivating them: a rehire is a new invitation"},
		}},
		// hashicorp/web-unified-docs: cloud-docs/api-docs/scim.
		"hcp_terraform": {title: "HCP Terraform", perSecond: 30, dialect: Dialect{
			PageSize: 200, GroupFilters: []string{"displayName", "externalId"}, Fields: []string{"person_id", "user_name", "email"},
		}},
		// developers.zoom.us/docs/api/scim2.
		"zoom": {title: "Zoom", dialect: Dialect{
			UserFilters: []string{"userName"}, MaxMemberChanges: 50,
			Fields: []string{"user_name", "email", "given_name", "family_name", "display_name", "title", "department"}, PersonIDIn: "none",
		}},
		// developers.figma.com/docs/rest-api/scim. Seats are roles of the type seatType: configure them as licenses.
		"figma": {title: "Figma", dialect: Dialect{PageSize: 200, ContentType: "application/json", Bulk: no}},
		// notion.com/help/provision-users-and-groups-with-scim. Rate: the average that Notion's API allows.
		"notion": {title: "Notion", perSecond: 3, dialect: Dialect{
			UserFilters: []string{"userName", "emails.value"}, RetireWith: "delete", PersonIDIn: "none",
			Fields: []string{"user_name", "email", "given_name", "family_name"},
			Lacks:  map[string]string{"reactivate accounts": "Notion removes members instead of deactivating them: a rehire is a new member"},
		}},
	}
}

// over gives the fields of d, and where d says nothing, those of base.
func (d Dialect) over(base Dialect) Dialect {
	d.Paging = cmp.Or(d.Paging, base.Paging)
	d.PageSize = cmp.Or(d.PageSize, base.PageSize)
	d.BareCursor = cmp.Or(d.BareCursor, base.BareCursor)
	d.ContentType = cmp.Or(d.ContentType, base.ContentType)
	d.UserFilters = orList(d.UserFilters, base.UserFilters)
	d.GroupFilters = orList(d.GroupFilters, base.GroupFilters)
	d.ReadMembers = cmp.Or(d.ReadMembers, base.ReadMembers)
	d.ExcludeMembers = cmp.Or(d.ExcludeMembers, base.ExcludeMembers)
	d.MemberRemoval = cmp.Or(d.MemberRemoval, base.MemberRemoval)
	d.MaxMemberChanges = cmp.Or(d.MaxMemberChanges, base.MaxMemberChanges)
	d.MemberCap = cmp.Or(d.MemberCap, base.MemberCap)
	d.GroupExternalID = cmp.Or(d.GroupExternalID, base.GroupExternalID)
	d.UpdateWith = cmp.Or(d.UpdateWith, base.UpdateWith)
	d.RetireWith = cmp.Or(d.RetireWith, base.RetireWith)
	d.PersonIDIn = cmp.Or(d.PersonIDIn, base.PersonIDIn)
	d.Bulk = cmp.Or(d.Bulk, base.Bulk)
	d.RolePath = cmp.Or(d.RolePath, base.RolePath)
	d.Fields = orList(d.Fields, base.Fields)
	d.UserNamesFoldCase = cmp.Or(d.UserNamesFoldCase, base.UserNamesFoldCase)
	if d.Lacks == nil {
		d.Lacks = base.Lacks
	}
	return d
}

// orList tells an empty list, which is an answer, from none.
func orList(list, base []string) []string {
	if list == nil {
		return base
	}
	return list
}
